"""What quantising each layer costs, beside its milliseconds: signal-to-noise of the logits, and mean IoU if asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from archspec.cost import block_named
from archspec.errors import Problem, UserError, user_error
from archspec.export.calibration import SYNTHETIC_NOTE
from archspec.export.exporter import Representative, representative_images
from archspec.export.sensitivity import PartSensitivity, Sensitivity, sensitivity
from archspec.measures._file_score import file_miou
from archspec.measures._profile import Profile, ProfileReport, profile_data
from archspec.network import FRESH
from archspec.reporters import Cell, Column, Table, Tabular

if TYPE_CHECKING:
    from archspec.datasets import Dataset, Example
    from archspec.devices import Method
    from archspec.export import Precision
    from archspec.network import Network

PARTS: Mapping[str, Callable[[str], str]] = {"layer": str, "block": block_named}
MOST_SCORED = 3
FLOAT: Precision = "float32"
INT8: Precision = "int8"
GAIN_NOTE = (
    "float32 regains: what the int8 network gains with this row alone in float32; int8 alone: the float32 network with "
    "this row alone at int8; ms and share: of the int8 network"
)
Progress = Callable[[str, int, int], None]
_HEADINGS = {"layer": "Layer", "block": "Block"}


@dataclass(frozen=True)
class SensitivityReport(Tabular):
    """One row for each layer or block, that whose quantisation costs most first. `miou` is by row, and of `float32` and
    `int8`, the whole network in each."""

    network: Network
    profile: Profile
    found: Sensitivity
    by: str
    calibrated: str
    miou: Mapping[str, float] = field(default_factory=dict)
    scored: str = ""

    @property
    def parts(self) -> list[PartSensitivity]:
        """The rows, that which regains most first."""
        return sorted(self.found.parts, key=lambda one: -one.regained_db)

    def to_table(self) -> Table:
        """The numbers of each row."""
        times = {share.name: share.ms for share in self.profile.shares_by(self.by)}
        columns = (
            Column("name", _HEADINGS[self.by]),
            Column("regained_db", "Float32 regains", "dB", "number", 2),
            Column("alone_snr_db", "Int8 alone", "dB", "number", 1),
            *([Column("miou", "mIoU", "", "number", 4)] if self.miou else []),
            Column("ms", "ms", "", "number", 3),
            Column("share", "Share", "%", "number", 1),
        )
        rows = tuple((*self._cells(part), *self._times(times.get(part.name))) for part in self.parts)
        return Table(f"{self.network.name}: what int8 costs", columns, rows, tuple(self.notes()))

    def _cells(self, part: PartSensitivity) -> tuple[Cell, ...]:
        miou = (self.miou.get(part.name),) if self.miou else ()
        return part.name, _finite(part.regained_db), _finite(part.alone_snr_db), *miou

    def _times(self, ms: float | None) -> tuple[Cell, Cell]:
        return ms, None if ms is None else 100 * ms / self.profile.whole_ms

    def notes(self) -> list[str]:
        """The whole network, what the columns mean, and how the numbers were taken."""
        network, how = self.network, self.network.expanded.quantization.describe()
        lines = [
            f"the logits of the whole network at int8: {self.found.snr_db:.2f} dB of signal to noise against float32, "
            f"over {self.found.images} images" + (f"; quantised as the spec says ({how})" if how else ""),
            GAIN_NOTE,
            f"weights: {network.describe_weights()}; {self.calibrated}",
        ]
        if network.weights_digest == FRESH:
            lines.append("untrained weights say little of a trained network: name the spec.yaml of a run, or weights")
        if self.miou:
            both = f"float32 {self.miou[FLOAT]:.4f}, int8 {self.miou[INT8]:.4f}"
            lines.append(
                f"mIoU of the whole network: {both}; in a row: at int8 with this row in float32; {self.scored}"
            )
        if self.parts:
            lines.append(f"to keep the first row in float32: --set quantization.keep_float=[{self.parts[0].name}]")
        return [*lines, *ProfileReport(self.profile, None, self.by).notes()]

    def to_json(self, command: str) -> dict[str, Any]:
        """Everything; `command` is the one that was run."""
        return {
            "name": self.network.name,
            "command": command,
            "by": self.by,
            "snr_db": _finite(self.found.snr_db),
            "images": self.found.images,
            "whole_ms": self.profile.whole_ms,
            "miou": {name: self.miou[name] for name in (FLOAT, INT8)} if self.miou else None,
            "rows": self.to_table().objects(),
            "notes": self.notes(),
        }


def profile_sensitivity(
    network: Network,
    *,
    by: str = "layer",
    threads: int = 1,
    method: Method | None = None,
    representative: Representative | None = None,
    scoring: Scoring | None = None,
    progress: Progress = lambda words, done, total: None,
) -> SensitivityReport:
    """Quantise a network layer by layer or block by block, and time it. `representative` as of `Network.to_tflite`.

    With `scoring` the mean IoU of the first few rows is taken too. Raises `UserError`.
    """
    if scoring is not None:
        scoring.check(network)
    entrance, expanded = network.graph.inputs[0], network.expanded
    try:
        found = sensitivity(
            network.graph,
            network.weights,
            representative_images(representative, entrance.size, entrance.channels, expanded.deep_range),
            part_of=PARTS[by],
            calibration=expanded.quantization.calibration,
            progress=lambda done, total: progress("quantising", done, total),
        )
    except Problem as problem:
        raise UserError(problem.at(network.place)) from problem
    calibrated = SYNTHETIC_NOTE if representative is None else "calibrated on representative images"
    data = network.to_tflite(precision=INT8, representative=representative).data
    profile = profile_data(network, data, threads=threads, method=method)
    report = SensitivityReport(network, profile, found, by, calibrated)
    if scoring is None:
        return report
    names = [part.name for part in report.parts[:MOST_SCORED]]
    return replace(report, miou=scoring.miou(network, names, representative, progress), scored=scoring.describe())


@dataclass(frozen=True, slots=True)
class Scoring:
    """The images that a network is scored on: of a data set's validation split, all or the first `limit`."""

    dataset: Dataset
    limit: int | None = None

    def check(self, network: Network) -> None:
        """Raises `UserError` for a network without trained weights, and for one of other classes."""
        if network.weights_digest == FRESH:
            fact = f"'{network.name}' has no trained weights, and its mean IoU says nothing"
            raise user_error(fact, "Name the spec.yaml of a run's folder, or leave out --data")
        classes = len(self.dataset.classes)
        if network.expanded.classes != classes:
            fact = f"'{network.name}' has {network.expanded.classes} classes, {self.dataset.name} has {classes}"
            raise user_error(fact, "Name the data set that it was trained on")

    def describe(self) -> str:
        """In words."""
        return f"{len(self._examples)} images of {self.dataset.name}, split val"

    @property
    def _examples(self) -> Sequence[Example]:
        return self.dataset.examples("val")[: self.limit]

    def miou(
        self, network: Network, names: Sequence[str], representative: Representative | None, progress: Progress
    ) -> dict[str, float]:
        """Mean IoU of the whole network in float32 and in int8, and at int8 with each part by itself in float32."""
        kept = network.expanded.quantization.keep_float
        files: dict[str, bytes] = {FLOAT: network.to_tflite().data}
        files[INT8] = network.to_tflite(precision=INT8, representative=representative).data
        for name in names:
            changed = network.changed({"quantization.keep_float": [*kept, name]})
            files[name] = changed.to_tflite(precision=INT8, representative=representative).data
        examples = self._examples
        found: dict[str, float] = {}
        for done, (name, data) in enumerate(files.items()):

            def step(images: int, done: int = done) -> None:
                progress("scoring", done * len(examples) + images, len(files) * len(examples))

            found[name] = file_miou(data, self.dataset, examples, step)
        return found


def _finite(decibels: float) -> float | None:
    """None without any noise."""
    return decibels if abs(decibels) != float("inf") else None
