"""The rules: what each class of Keras's layers and operations is in our graph, one file for each group of them.

A rule is a function from a `Call` to a tensor, or to several; a file's `LAYERS` and `OPERATIONS` say which classes of
`keras.layers` and of `keras.ops` it is for.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module

from archspec.errors import Problem
from archspec.keras_model.call import Call, Outputs

Rule = Callable[[Call], Outputs]
FILES = (
    "activations", "attention", "convolutions", "elementwise", "normalizations", "own_layers", "poolings", "shapes",
    "identities",
)  # fmt: skip
NO_RULE = "Leave it out, or cut the model in front of it; a rule is a function in archspec/keras_model/rules/"
OWN = "archspec."  # modules of the layers that we save ourselves
_KERAS = ("keras", "tf_keras", "tensorflow.keras")
_OPERATIONS = "keras.src.ops"


def rule_of(module: str, kind: str) -> Rule:
    """The rule of a class. Raises `Problem` where there is none, also for a class of somebody's own of any name."""
    found = None
    if module.startswith(OWN):
        found = table("own_layers", "LAYERS").get(kind)
    elif module.startswith(_OPERATIONS):
        found = _all("OPERATIONS").get(kind)
    elif module.split(".")[0] in _KERAS or module.startswith(_KERAS):
        found = _all("LAYERS").get(kind)
    if found is None:
        raise Problem(f"the layer {kind} has no rule", NO_RULE)
    return found


@cache
def _all(which: str) -> Mapping[str, Rule]:
    return {name: rule for file in FILES if file != "own_layers" for name, rule in table(file, which).items()}


def table(file: str, which: str) -> Mapping[str, Rule]:
    """`LAYERS` or `OPERATIONS` of one file of rules."""
    found: Mapping[str, Rule] = getattr(import_module(f"{__name__}.{file}"), which, {})
    return found
