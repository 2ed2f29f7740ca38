"""What a recipe says, as plain frozen values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from archspec.datasets import Augmentation
from archspec.errors import NOWHERE, Place
from archspec.spec import Named

DecayedWeights = Literal["kernels", "convolutions", "all"]
ADAM, CONSTANT = Named("adam"), Named("constant")
DECAYED: tuple[DecayedWeights, ...] = ("kernels", "convolutions", "all")


@dataclass(frozen=True, slots=True)
class LossTerm:
    """One summand of a loss; `class_weights` says whether the stage's are for it too."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 1.0
    class_weights: bool = True


@dataclass(frozen=True, slots=True)
class WarmUp:
    """The first `steps`: at the constant `learning_rate` (DeepLab's slow start), or rising to the schedule's (None)."""

    steps: int
    learning_rate: float | None = None


@dataclass(frozen=True, slots=True)
class WeightDecay:
    """`l2`: value · ½ Σ w² is part of the loss. `decoupled`: weights shrink by rate · value a step, as in AdamW.

    `on`: `convolutions` are kernels of convolutions without the depthwise ones (DeepLab), `kernels` all kernels,
    `all` whatever is trained.
    """

    kind: Literal["l2", "decoupled"]
    value: float
    on: DecayedWeights = "convolutions"


@dataclass(frozen=True, slots=True)
class ClassWeights:
    """The weight of each class, or `inverse_log`: 1 / ln(c + p), p its share of the labelled training pixels."""

    values: tuple[float, ...] = ()
    inverse_log: float | None = None


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """`momentum` for every batch norm, None as the network has it; `frozen` ones stay as they were at the start."""

    momentum: float | None = None
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class CacheFeatures:
    """What the frozen sections make is computed once for `views` augmented views an image, and kept on disk."""

    views: int = 1
    dtype: Literal["float32", "float16"] = "float32"


@dataclass(frozen=True, slots=True)
class Quantization:
    """Training through the arithmetic of the int8 file. Ranges are `moving_average`s of those of the batches, by
    `momentum`, or `learned` by the optimizer; batch norms are frozen after that share of the steps."""

    precision: Literal["int8"] = "int8"
    ranges: Literal["moving_average", "learned"] = "moving_average"
    momentum: float = 0.99
    freeze_batch_norm_after: float = 0.5


@dataclass(frozen=True, slots=True)
class Validation:
    """`every` so many steps, and at the end; `images` is how many of the split, None for all."""

    every: int | None = None
    split: str = "val"
    images: int | None = None


@dataclass(frozen=True, slots=True)
class Teacher:
    """A trained network that the stage's network learns from beside the labels: of a `run`, or a `spec` with `weights`.

    Paths are whole; `spec` is a name, a path, or a text of several lines. On features, the student's at `student_tap`
    (an id of its spec) are compared with the teacher's at `teacher_tap`.
    """

    run: str = ""
    spec: str = ""
    weights: Any = ""
    on: Literal["logits", "features"] = "logits"
    weight: float = 1.0
    temperature: float = 1.0
    student_tap: str = ""
    teacher_tap: str = ""
    place: Place = field(default=NOWHERE, compare=False)


ELSEWHERE = ("run", "spec", "weights", "place")  # of a teacher: where it lies, not what it is
NEWER = ("teacher", "quantization")  # keys of a stage that a digest has only where they are written


@dataclass(frozen=True, slots=True)
class Stage:
    """One training: its data, length and everything that moves weights. `data` '' is the only data set there is.

    Without `upsample_logits` the loss is taken where the network makes its scores, before they are brought to the
    image's size, against the nearest labels (DeepLab has the same switch).
    """

    name: str
    augmentation: Augmentation
    batch_size: int
    learning_rate: float
    steps: int | None = None
    epochs: float | None = None
    data: str = ""
    split: str = "train"
    optimizer: Named = ADAM
    schedule: Named = CONSTANT
    warm_up: WarmUp | None = None
    weight_decay: WeightDecay | None = None
    loss: tuple[LossTerm, ...] = (LossTerm("cross_entropy"),)
    class_weights: ClassWeights | None = None
    upsample_logits: bool = True
    ema: float | None = None
    clip_norm: float | None = None
    mixed_precision: Literal["none", "float16", "bfloat16"] = "none"
    learning_rate_multipliers: Mapping[str, float] = field(default_factory=dict)
    freeze: tuple[str, ...] = ()
    cache_features: CacheFeatures | None = None
    teacher: Teacher | None = None
    batch_norm: BatchNorm = BatchNorm()
    quantization: Quantization | None = None
    validation: Validation = Validation()
    checkpoint_every: int = 100


@dataclass(frozen=True, slots=True)
class Recipe:
    """Stages one after the other: the weights that one ends with are those that the next begins with.

    `untrained_taps`: whether a measure may be of a network that has kernels with taps which no crop reaches. `text` is
    the YAML of it, with overrides merged.
    """

    name: str
    stages: tuple[Stage, ...]
    summary: str = ""
    source: str = ""
    untrained_taps: Literal["refuse", "allow"] = "refuse"
    text: str = field(default="", compare=False)

    def to_json(self) -> dict[str, Any]:
        """Everything in it as plain dicts, lists and scalars."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @property
    def digest(self) -> str:
        """16 hexadecimal letters for what it does, whatever it is called, and wherever its teachers lie: which they are
        is known when they are opened."""
        what = {"stages": [lasting_stage(stage) for stage in self.to_json()["stages"]]}
        return hashlib.blake2b(json.dumps(what, sort_keys=True).encode(), digest_size=8).hexdigest()


def lasting_stage(stage: dict[str, Any]) -> dict[str, Any]:
    """A stage as digests see it. Keys that came later are left out where they ask for nothing, so that digests in
    ledgers and in the names of runs stay as they were."""
    found = {key: value for key, value in stage.items() if key not in NEWER or value}
    if "teacher" in found:
        found["teacher"] = {key: value for key, value in found["teacher"].items() if key not in ELSEWHERE}
    if not found["augmentation"]["area_from"]:
        left_out = ("area_from", "aspect_to")
        found["augmentation"] = {key: one for key, one in found["augmentation"].items() if key not in left_out}
    return found
