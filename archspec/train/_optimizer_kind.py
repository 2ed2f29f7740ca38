"""An optimizer in a recipe: a class of `keras.optimizers` in small letters, with the arguments of its own."""

from __future__ import annotations

import ast
import importlib.util
import inspect
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from archspec.errors import nearest, user_error
from archspec.spec.kinds import AnyKind, BoolKind, Kind, NumberKind, Reads
from archspec.spec.named_kind import Named, NamedKind
from archspec.spec.nodes import Entry, Table, one_line

USUAL = ("adam", "adamw", "sgd")  # known without importing Keras
NOT_FOR_TRAINING = ("Optimizer", "LossScaleOptimizer", "TFOptimizer", "MultiOptimizer")
STAGE_HAS = {  # what Keras takes as arguments and a stage says itself
    "learning_rate": "learning_rate",
    "weight_decay": "weight_decay",
    "clipnorm": "clip_norm",
    "clipvalue": "clip_norm",
    "global_clipnorm": "clip_norm",
    "use_ema": "ema",
    "ema_momentum": "ema",
    "ema_overwrite_frequency": "ema",
    "loss_scale_factor": "mixed_precision",
}
LEFT_OUT = ("self", "name", "kwargs", "gradient_accumulation_steps")


@cache
def optimizer_classes() -> dict[str, Any]:
    """Every optimizer of Keras by its name in small letters. Imports Keras."""
    from archspec.lower.framework import keras

    found = (getattr(keras.optimizers, name) for name in dir(keras.optimizers) if name not in NOT_FOR_TRAINING)
    return {
        one.__name__.lower(): one
        for one in found
        if inspect.isclass(one) and issubclass(one, keras.optimizers.Optimizer)
    }


@cache
def optimizer_arguments() -> dict[str, dict[str, Any]]:
    """Name of each optimizer in small letters -> its arguments and their defaults, read from Keras's source: nothing
    is imported, which takes seconds. Where Keras lies otherwise than we know, it is imported after all."""
    spec = importlib.util.find_spec("keras")
    folder = None if spec is None else Path(next(iter(spec.submodule_search_locations or [""])))
    found: dict[str, dict[str, Any]] = {}
    if folder is not None:
        for file in (folder / "src" / "optimizers").glob("*.py"):
            if not file.stem.endswith("_test"):
                found |= _classes_in(file)
    if all(name in found for name in USUAL):
        return found
    return {name: _parameters_of(one) for name, one in optimizer_classes().items()}


def _classes_in(file: Path) -> dict[str, dict[str, Any]]:
    """The optimizers that a file of Keras defines and exports."""
    found = {}
    classes = (one for one in ast.parse(file.read_text("utf-8")).body if isinstance(one, ast.ClassDef))
    for one in classes:
        if one.name.lower() == file.stem.replace("_", "") and one.name not in NOT_FOR_TRAINING:
            makers = (each for each in one.body if isinstance(each, ast.FunctionDef) and each.name == "__init__")
            arguments = next((maker.args for maker in makers), None)
            if arguments is not None:
                names = [each.arg for each in arguments.args]
                defaults = [None] * (len(names) - len(arguments.defaults)) + [_literal(x) for x in arguments.defaults]
                found[one.name.lower()] = dict(zip(names, defaults, strict=True))
    return found


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _parameters_of(optimizer: Any) -> dict[str, Any]:
    found = inspect.signature(optimizer.__init__).parameters.values()
    return {one.name: None if one.default is one.empty else one.default for one in found}


def optimizer_names() -> Iterable[str]:
    """Their names, the usual ones first."""
    return dict.fromkeys((*USUAL, *optimizer_arguments()))


def check_values(optimizer: Named) -> None:
    """Raise `UserError` for values that Keras refuses. Imports Keras: whoever reads a recipe does without."""
    try:
        optimizer_classes()[optimizer.name](**optimizer.arguments)
    except (TypeError, ValueError) as error:
        fact = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise user_error(
            f"Keras refuses the arguments of '{optimizer.name}' ({fact})", "Change them", "optimizer"
        ) from error


class OptimizerKind(NamedKind):
    """`adamw`, or `{sgd: {momentum: 0.9}}`."""

    def __init__(self) -> None:
        super().__init__("optimizer", optimizer_names, lambda name: optimizer_classes()[name])

    @property
    def example(self) -> str:  # type: ignore[override]
        return USUAL[0]

    def knows(self, name: str) -> bool:
        """Whether there is one of that name."""
        return name in USUAL or name in optimizer_arguments()

    def arguments(self, name: str, written: Table, path: str, entry: Entry, reader: Reads) -> dict[str, Any]:
        """Names, and the types of values as far as the defaults tell them; the rest Keras knows (`check_values`)."""
        if not written.entries:
            return {}
        own = {key: value for key, value in optimizer_arguments()[name].items() if key not in (*LEFT_OUT, *STAGE_HAS)}
        values = {}
        for key, one in written.entries.items():
            if key in STAGE_HAS:
                remedy = f"Write '{STAGE_HAS[key]}' in the stage, beside 'optimizer'"
                reader.fault(f"'{key}' is not an argument here", remedy, f"{path}.{key}", one.place)
            elif key not in own:
                reader.fault(f"unknown argument '{one_line(key)}'", nearest(key, own), f"{path}.{key}", one.place)
            else:
                values[key] = reader.read(_kind_like(own[key]), one.node, f"{path}.{key}")
        return values


def _kind_like(default: Any) -> Kind:
    """The kind of value that such a default stands for."""
    if isinstance(default, bool):
        return BoolKind()
    return NumberKind(real=True, sample="0.9") if isinstance(default, float) else AnyKind()
