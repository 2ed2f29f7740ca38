"""What quantising each part of a network costs its logits, in signal-to-noise: every part is tried, none is estimated.

Each part of the int8 network is left in float32 by itself, and each is quantised by itself in a network of float32. All
of them share one calibration and one run of the float32 network, so that a part takes two small exports and their runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from archspec.arrays import PLAIN_CALIBRATION, Array, Calibration, Weights
from archspec.export.calibration import calibrate
from archspec.export.equality import compare
from archspec.export.flatbuffer import encode
from archspec.export.interpreter import open_here, run_opened
from archspec.export.model import Model, fill
from archspec.export.precision import int8_of
from archspec.graph import Graph, without_labelling
from archspec.graph.program import build_program

MOST_IMAGES = 4
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PartSensitivity:
    """Signal-to-noise ratios of the logits in dB: `kept_snr_db` of the int8 network with this part left in float32,
    `alone_snr_db` of the float32 network with this part alone at int8. `regained_db`: over the whole int8 network."""

    name: str
    kept_snr_db: float
    alone_snr_db: float
    regained_db: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """`snr_db` is that of the int8 network as its spec makes it; the parts in the order in which they run."""

    snr_db: float
    parts: tuple[PartSensitivity, ...]
    images: int


def sensitivity(
    graph: Graph,
    weights: Weights,
    images: Iterable[Array],
    *,
    part_of: Callable[[str], str] = str,
    calibration: Calibration = PLAIN_CALIBRATION,
    progress: Progress = lambda done, total: None,
) -> Sensitivity:
    """Try each part of a network: ranges come from all images `(1, H, W, C)` in 0..255, ratios from the first four.

    `part_of` gives the part of a graph node by its name (itself, its block). Parts of which nothing is quantised, and
    those that the graph keeps in float32, are left out. Raises `Problem` as `archspec.export.export` does.
    """
    trial = _Trial(graph, weights, images, calibration)
    model = trial.model
    parts: dict[str, set[int]] = {}
    for number, operation in enumerate(trial.program.operations):
        if not operation.keeps_float and operation.node:
            parts.setdefault(part_of(operation.node), set()).add(number)

    whole, found = trial.snr_db(model), []
    for done, (name, numbers) in enumerate(parts.items()):
        progress(done, len(parts))
        others = set(range(len(model.operations))) - numbers
        kept, alone = (trial.snr_db(_keeping_float(model, some)) for some in (numbers, others))
        found.append(PartSensitivity(name, kept, alone, kept - whole))
    progress(len(parts), len(parts))
    return Sensitivity(whole, tuple(found), len(trial.images))


def int8_snr_db(
    graph: Graph, weights: Weights, images: Iterable[Array], calibration: Calibration = PLAIN_CALIBRATION
) -> float:
    """The signal-to-noise ratio of the whole int8 network alone, as of `sensitivity`."""
    trial = _Trial(graph, weights, images, calibration)
    return trial.snr_db(trial.model)


class _Trial:
    """A float32 network with its ranges and its logits on a few images, against which int8 ones of it are held."""

    def __init__(self, graph: Graph, weights: Weights, images: Iterable[Array], calibration: Calibration) -> None:
        self.program = build_program(without_labelling(graph), "follow", "float32")
        self.model = fill(self.program, weights)
        self.images: list[Array] = []
        self._observed = calibrate(self.model, _keeping_first(images, self.images), calibration)
        self._reference = self._logits(self.model)

    def snr_db(self, model: Model) -> float:
        """Of the int8 model of the network, some operators of which may keep float32."""
        return compare(self._logits(int8_of(model, self._observed)), self._reference).snr_db

    def _logits(self, model: Model) -> Array:
        """The first output for each image, stacked."""
        return np.stack(run_opened(open_here(encode(model)), self.images))


def _keeping_first(images: Iterable[Array], kept: list[Array]) -> Iterator[Array]:
    """The images, the first of which stay in `kept`."""
    for image in images:
        if len(kept) < MOST_IMAGES:
            kept.append(image)
        yield image


def _keeping_float(model: Model, numbers: set[int]) -> Model:
    operations = (
        replace(one, keeps_float=one.keeps_float or number in numbers) for number, one in enumerate(model.operations)
    )
    return replace(model, operations=tuple(operations))
