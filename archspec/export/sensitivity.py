"""What quantising each part of a network costs its logits, in signal-to-noise: every part is tried, none is estimated.

Each part of the int8 network is left in float32 by itself, and each is quantised by itself in a network of float32. All
of them share one calibration and one run of the float32 network, so that a part takes two small exports and their runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
    program = build_program(without_labelling(graph), "follow", "float32")
    model = fill(program, weights)
    tried: list[Array] = []
    observed = calibrate(model, _keeping_first(images, tried), calibration)
    reference = _logits(model, tried)
    parts: dict[str, set[int]] = {}
    for number, operation in enumerate(program.operations):
        if not operation.keeps_float and operation.node:
            parts.setdefault(part_of(operation.node), set()).add(number)

    def snr_db(changed: Model) -> float:
        return compare(_logits(int8_of(changed, observed), tried), reference).snr_db

    whole, found = snr_db(model), []
    for done, (name, numbers) in enumerate(parts.items()):
        progress(done, len(parts))
        others = set(range(len(model.operations))) - numbers
        kept = snr_db(_keeping_float(model, numbers))
        found.append(PartSensitivity(name, kept, snr_db(_keeping_float(model, others)), kept - whole))
    progress(len(parts), len(parts))
    return Sensitivity(whole, tuple(found), len(tried))


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


def _logits(model: Model, images: Sequence[Array]) -> Array:
    """The first output for each image, stacked."""
    return np.stack(run_opened(open_here(encode(model)), images))
