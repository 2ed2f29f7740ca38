"""An optimizer in a recipe: a class of `keras.optimizers` in small letters, with the arguments of its own."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable
from functools import cache
from typing import Any

from archspec.errors import nearest
from archspec.spec.kinds import INVALID, AnyKind, BoolKind, Kind, NumberKind, Reads
from archspec.spec.named_kind import NamedKind
from archspec.spec.nodes import Entry, Table, one_line

USUAL = ("adam", "adamw", "sgd")  # known without importing Keras
NOT_FOR_TRAINING = ("Optimizer", "LossScaleOptimizer", "TFOptimizer")
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


def optimizer_names() -> Iterable[str]:
    """Their names, the usual ones first."""
    return dict.fromkeys((*USUAL, *optimizer_classes()))


class OptimizerKind(NamedKind):
    """`adamw`, or `{sgd: {momentum: 0.9}}`."""

    def __init__(self) -> None:
        super().__init__("optimizer", optimizer_names, lambda name: optimizer_classes()[name])

    @property
    def example(self) -> str:  # type: ignore[override]
        return USUAL[0]

    def knows(self, name: str) -> bool:
        """Whether there is one of that name."""
        return name in USUAL or name in optimizer_classes()

    def arguments(self, name: str, written: Table, path: str, entry: Entry, reader: Reads) -> dict[str, Any]:
        """Keras has no annotations: names are checked here, values when the optimizer is made of them."""
        if not written.entries:
            return {}
        parameters = inspect.signature(self.function(name).__init__).parameters
        own = [one for one in parameters if one not in (*LEFT_OUT, *STAGE_HAS)]
        values = {}
        for key, one in written.entries.items():
            if key in STAGE_HAS:
                remedy = f"Write '{STAGE_HAS[key]}' in the stage, beside 'optimizer'"
                reader.fault(f"'{key}' is not an argument here", remedy, f"{path}.{key}", one.place)
            elif key not in own:
                reader.fault(f"unknown argument '{one_line(key)}'", nearest(key, own), f"{path}.{key}", one.place)
            else:
                values[key] = reader.read(_kind_of(parameters[key].default), one.node, f"{path}.{key}")
        if INVALID in values.values():
            return values
        try:
            self.function(name)(**copy.deepcopy(values))  # Keras puts what it tracks into lists that it is given
        except (TypeError, ValueError) as error:
            fact = next(iter(str(error).strip().splitlines()), type(error).__name__)
            reader.fault(f"Keras refuses the arguments of '{name}' ({fact})", "Change them", path, entry.place)
        return values


def _kind_of(default: object) -> Kind:
    """The kind of an argument by its default: a number, true or false, else whatever YAML can say."""
    if isinstance(default, bool):
        return BoolKind()
    return NumberKind(real=True) if isinstance(default, int | float) else AnyKind()
