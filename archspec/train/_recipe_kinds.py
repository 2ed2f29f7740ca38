"""What may stand in a recipe: the kind of each key."""

from __future__ import annotations

import typing
from typing import Any

from archspec.datasets import Augmentation
from archspec.errors import Problem
from archspec.graph import Range
from archspec.spec import (
    INVALID,
    BoolKind,
    Items,
    Kind,
    ListKind,
    LiteralKind,
    MadeKind,
    MappingKind,
    NamedKind,
    Node,
    NullKind,
    NumberKind,
    Reads,
    RecordKind,
    Table,
    TextKind,
    UnionKind,
    kind_of,
)
from archspec.train._losses import loss_function, loss_names
from archspec.train._optimizer import OptimizerKind, schedule_function, schedule_names
from archspec.train._recipe import (
    DECAYED,
    BatchNorm,
    CacheFeatures,
    ClassWeights,
    LossTerm,
    Quantization,
    Validation,
    WarmUp,
    WeightDecay,
)
from archspec.train._teacher_kind import TEACHER, TEACHER_KIND

COUNT = NumberKind(limits=Range(ge=1), sample="100")
BATCH = NumberKind(limits=Range(ge=1, le=4096), sample="8")
POSITIVE = NumberKind(real=True, limits=Range(gt=0), sample="0.001")
SHARE = NumberKind(real=True, limits=Range(gt=0, lt=1), sample="0.99")
BESIDE_LOSS: dict[str, Kind] = {"weight": POSITIVE, "class_weights": BoolKind()}


class LossKind(NamedKind):
    """A loss, or a list of them; each may have a `weight` and `class_weights: false` beside its name."""

    def __init__(self) -> None:
        super().__init__("loss", loss_names, loss_function)

    @property
    def example(self) -> str:  # type: ignore[override]
        return "cross_entropy"

    def fits(self, node: Node) -> bool:
        return super().fits(node) or isinstance(node, Items)

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        if isinstance(node, Items) and node.items:
            terms = [self.term(item, f"{path}[{number}]", reader) for number, item in enumerate(node.items)]
        else:
            terms = [self.term(node, path, reader)]
        return INVALID if INVALID in terms else tuple(terms)

    def term(self, node: Node, path: str, reader: Reads) -> Any:
        """One summand."""
        beside: dict[str, Any] = {}
        if isinstance(node, Table):
            for key, kind in BESIDE_LOSS.items():
                if key in node.entries:
                    beside[key] = reader.read(kind, node.entries[key].node, f"{path}.{key}")
            node = node.without(*BESIDE_LOSS)
        named = super().read(node, path, reader)
        if named is INVALID or INVALID in beside.values():
            return INVALID
        return LossTerm(named.name, named.arguments, **beside)


def _augmentation() -> Kind:
    hints = typing.get_type_hints(Augmentation)
    record = RecordKind({name: kind_of(hint) for name, hint in hints.items()})
    return MadeKind(record, lambda one: Augmentation(**one), "{crop: [180, 240]}")


def _decay(written: dict[str, Any]) -> WeightDecay:
    kinds: list[Any] = [kind for kind in ("l2", "decoupled") if kind in written]
    if len(kinds) != 1:
        raise Problem("a weight decay is either 'l2' or 'decoupled'", "Write {l2: 4.0e-5}, or {decoupled: 0.004}")
    usual: Any = "convolutions" if kinds == ["l2"] else "kernels"
    return WeightDecay(kinds[0], written[kinds[0]], written.get("on", usual))


_NAMES = ListKind(TextKind())
_OFF = LiteralKind(("none",))
_C = NumberKind(real=True, limits=Range(gt=1), sample="1.02")

STAGE_KINDS: dict[str, Kind] = {
    "name": TextKind(r"[A-Za-z0-9_][A-Za-z0-9_-]*", "letters, digits, '_' and '-'"),
    "data": TextKind(),
    "split": TextKind(),
    "augmentation": _augmentation(),
    "optimizer": OptimizerKind(),
    "batch_size": BATCH,
    "steps": COUNT,
    "epochs": POSITIVE,
    "learning_rate": POSITIVE,
    "schedule": NamedKind("schedule", schedule_names, schedule_function),
    "warm_up": MadeKind(
        RecordKind({"steps": COUNT, "learning_rate": POSITIVE}, required=("steps",)), lambda one: WarmUp(**one)
    ),
    "weight_decay": UnionKind(
        (MadeKind(RecordKind({"l2": POSITIVE, "decoupled": POSITIVE, "on": LiteralKind(DECAYED)}), _decay), _OFF)
    ),
    "loss": LossKind(),
    "class_weights": UnionKind(
        (
            MadeKind(RecordKind({"inverse_log": _C}, ("inverse_log",)), lambda one: ClassWeights((), **one)),
            MadeKind(ListKind(NumberKind(real=True, limits=Range(ge=0))), lambda many: ClassWeights(values=many)),
            _OFF,
        )
    ),
    "upsample_logits": BoolKind(),
    "ema": UnionKind((SHARE, _OFF)),
    "clip_norm": UnionKind((POSITIVE, _OFF)),
    "mixed_precision": LiteralKind(("none", "float16", "bfloat16")),
    "learning_rate_multipliers": MappingKind(POSITIVE, "a mapping of sections to factors", "{backbone: 0.1}"),
    "freeze": UnionKind((_NAMES, TextKind())),
    "cache_features": UnionKind(
        (
            MadeKind(
                RecordKind({"views": COUNT, "dtype": LiteralKind(("float32", "float16"))}),
                lambda one: CacheFeatures(**one),
            ),
            NullKind(),
        )
    ),
    TEACHER: UnionKind((TEACHER_KIND, _OFF)),
    "batch_norm": MadeKind(
        RecordKind({"momentum": NumberKind(real=True, limits=Range(ge=0, lt=1)), "frozen": BoolKind()}),
        lambda one: BatchNorm(**one),
    ),
    "quantization": UnionKind(
        (
            MadeKind(
                RecordKind(
                    {
                        "precision": LiteralKind(("int8",)),
                        "ranges": LiteralKind(("moving_average", "learned")),
                        "momentum": SHARE,
                        "freeze_batch_norm_after": NumberKind(real=True, limits=Range(ge=0, le=1), sample="0.5"),
                    }
                ),
                lambda one: Quantization(**one),
            ),
            MadeKind(LiteralKind(("int8", "none")), lambda one: Quantization() if one == "int8" else one),
        )
    ),
    "validation": MadeKind(
        RecordKind({"every": COUNT, "split": TextKind(), "images": COUNT}), lambda one: Validation(**one)
    ),
    "checkpoint_every": COUNT,
}
RECIPE_KINDS: dict[str, Kind] = {
    "summary": TextKind(),
    "source": TextKind(),
    "untrained_taps": LiteralKind(("refuse", "allow")),
}
REQUIRED = ("augmentation", "batch_size", "learning_rate")
