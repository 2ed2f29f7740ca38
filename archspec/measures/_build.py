"""One build, stage by stage, cheapest first: cost, `.tflite`, latency, Keras model, proof that they are equal; and its
numbers as records."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.arrays import Array
from archspec.errors import Place, Problem, UserError, user_error
from archspec.export import Equality, Exported, Precision, check_equality, logits_node
from archspec.files import is_file
from archspec.measures import measure_named
from archspec.measures._case import Case
from archspec.measures._evaluate import taken_record
from archspec.measures._latency import timed_case
from archspec.measures._settings import Settings
from archspec.measures._timing import TimedResult, Timing
from archspec.network import InputDtype, Network, Route, ShuffleMode
from archspec.record import (
    SAVED_MODEL,
    Plain,
    Record,
    foreign_in,
    make_folder,
    note_plugins,
    package_versions,
    timestamp,
    write_bytes,
)

if TYPE_CHECKING:
    from archspec.devices import Latency, Progress
    from archspec.ledger import KnownNumbers

COSTS = (
    "params", "params_total", "gmacs", "gflops", "peak_memory_mb", "memory_access_mb", "tflite_mb",
    "tflite_float16_mb", "tflite_int8_mb", "file_mb",
)  # fmt: skip
WRITTEN = "written_mb"
"""The size of the written file with labels and spec text, MB: only a build knows it. Also only known of a build:
`logits_relative_error`, `logits_snr_db` and `label_agreement`, how near the file is to the Keras model."""
PROOF_SEED = 1
TOLERANCE = 1e-5  # of float32 logits, relative
TRAINED_TOLERANCE = 1e-4  # of trained weights: two orders of summing alone can differ by 1e-5 behind steep batch norms


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near the `.tflite` is to the Keras model, by logits: the written file, and one of the same network with
    batch-norm statistics as after training (fresh ones would hide a fault in folding them)."""

    file: Equality
    trained_statistics: Equality


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What may be chosen about a build, beside the spec.

    `input_dtype` None is the spec's own; `representative` None is the stated synthetic default; `latency` names a
    procedure of archspec.devices, or `none`.
    """

    precision: Precision = "float32"
    input_dtype: InputDtype | None = None
    shuffle: ShuffleMode = "follow"
    via: Route = "direct"
    seed: int = 0
    representative: Path | None = None
    labels: tuple[str, ...] = ()
    latency: str = "default"
    threads: int = 1


@dataclass
class Build:
    """A network and the folder its files go to. Each property is worked out once, when it is first asked for.

    `ledger` is asked for the latency; `again`: it is timed whatever the ledger knows.
    """

    network: Network
    root: Path
    options: BuildOptions
    ledger: KnownNumbers | None = None
    again: bool = False
    timed: TimedResult | None = field(default=None, init=False)
    agreement: Agreement | None = field(default=None, init=False)

    @cached_property
    def folder(self) -> Path:
        """`<root>/<name>-<hash>`, made if it is not there."""
        folder = make_folder(self.root / f"{self.network.name}-{self.network.hash}", "Name another with --output")
        note_plugins(folder, self.network.catalog.plugins)
        return folder

    @cached_property
    def weights(self) -> dict[str, Array]:
        """Every array: those of the spec's `weights`, the others freshly initialised."""
        return self.network.weights_from(self.options.seed)

    @cached_property
    def exported(self) -> Exported:
        """The `.tflite`, its operators checked."""
        return self._export(self.weights)

    def export(self) -> None:
        """Write `model.tflite`. The Keras models of an earlier build go: their weights may be others."""
        data = self.exported.data
        self._remove_saved_model()
        self.keras_path.unlink(missing_ok=True)
        write_bytes(self.tflite_path, data)

    def _remove_saved_model(self) -> None:
        """Raises `UserError` where the folder holds anything else than a SavedModel."""
        folder = self.saved_model_path
        if not is_file(folder / "saved_model.pb"):
            return
        if folder.is_symlink() or foreign_in(folder, SAVED_MODEL):
            fact = "holds something else than the SavedModel of an earlier build, which is to go"
            raise user_error(fact, "Move it away", place=Place(str(folder)))
        shutil.rmtree(folder)

    @property
    def tflite_path(self) -> Path:
        """Where the `.tflite` goes."""
        return self.folder / "model.tflite"

    @property
    def keras_path(self) -> Path:
        """Where the Keras model goes."""
        return self.folder / "model.keras"

    @property
    def saved_model_path(self) -> Path:
        """Where the SavedModel goes."""
        return self.folder / "saved_model"

    @cached_property
    def case(self) -> Case:
        """The network under the build's settings: what its records hold under."""
        options = self.options
        procedure = "default" if options.latency == "none" else options.latency
        return Case(
            self.network, Settings((), threads=options.threads, precision=options.precision, procedure=procedure)
        )

    def measure(self, progress: Callable[[Progress], None] | None = None) -> Latency:
        """Host latency of the `.tflite`, in turns with the reference network; what the ledger knows is not timed."""
        timing = Timing(procedure=self.options.latency, ledger=self.ledger, again=self.again, progress=progress)
        usual = timed_case(self.case)
        conditions = {**usual.conditions, **self._unusual()}
        timed = replace(usual, content=lambda: self.exported.data, conditions=conditions)
        (self.timed,) = timing.run([timed])
        return self.timed.latency

    def _unusual(self) -> dict[str, Plain]:
        """What is not the default of exporting, and may change how fast the file is."""
        options, own = self.options, self.network.graph.inputs[0].dtype
        found: dict[str, Plain] = {} if options.shuffle == "follow" else {"shuffle": options.shuffle}
        found |= {} if options.via == "direct" else {"via": options.via}
        found |= {} if options.input_dtype in (None, own) else {"input_dtype": options.input_dtype}
        return found if options.representative is None else {**found, "calibration": str(options.representative)}

    @property
    def latency(self) -> Latency | None:
        """Its latency, where it was asked for."""
        return None if self.timed is None else self.timed.latency

    def keep(self, records: Iterable[Record]) -> None:
        """Add its records to the ledger; a number that is there stays."""
        if self.ledger is not None:
            self.ledger.add(records)

    @cached_property
    def keras_model(self) -> Any:
        """The Keras model with the build's weights. Imports TensorFlow."""
        return self.network.to_keras(output="spec", weights=self.weights)

    def build_keras(self, saved_model: bool = False) -> None:
        """Write `model.keras`, and the folder `saved_model` if wanted."""
        from archspec import lower

        lower.save_keras(self.keras_model, self.keras_path)
        if saved_model:
            lower.save_saved_model(self.keras_model, self.saved_model_path)

    def compare(self) -> Agreement:
        """The written file against the Keras model, and both again with trained-like statistics.

        Raises `UserError` when float32 logits differ by more than 1e-5, with imported weights 1e-4.
        """
        from archspec import lower

        tolerance = TOLERANCE if self.network.imported is None else TRAINED_TOLERANCE
        file = self._compare(self.exported, self.keras_model, tolerance)
        trained = self.network.fresh_weights(PROOF_SEED, "random")
        proof = self._export(trained)
        lower.set_weights(self.keras_model, trained)
        self.agreement = Agreement(file, self._compare(proof, self.keras_model, TOLERANCE))
        return self.agreement

    def _export(self, weights: dict[str, Array]) -> Exported:
        options = self.options
        return self.network.to_tflite(
            precision=options.precision,
            shuffle=options.shuffle,
            input_dtype=options.input_dtype,
            via=options.via,
            representative=options.representative,
            labels=options.labels,
            weights=weights,
            with_spec=True,
        )

    def _compare(self, exported: Exported, model: Any, tolerance: float) -> Equality:
        from archspec import lower

        reference = lower.function_to(model, logits_node(self.network.graph))
        limit = tolerance if exported.precision == "float32" else None
        try:
            return check_equality(exported.data, reference, tolerance=limit, places=lower.places_of(model))
        except Problem as problem:
            raise UserError(problem.at(self.network.place)) from problem


def build_records(build: Build) -> tuple[Record, ...]:
    """Everything that was worked out so far, cost first; what was not asked for is left out."""
    network, exported, options = build.network, build.exported, build.options
    time = timestamp()
    how: dict[str, Plain] = {
        **build.case.network_conditions,
        **package_versions(),
        "precision": exported.precision,
        "shuffle": exported.shuffle,
        "input_dtype": exported.input_dtype,
        "via": options.via,
        "seed": options.seed,
        "weights": network.describe_weights(options.seed),
        "weights_digest": None if network.imported is None else network.imported.digest,
        "calibration": str(options.representative or "synthetic") if exported.precision == "int8" else None,
        **build.case.conditions_at(exported.precision),
        "notes": "; ".join(exported.notes),
    }

    def row(metric: str, value: Plain, unit: str, conditions: dict[str, Plain]) -> Record:
        return Record(network.hash, metric, value, unit, network.name, network.text, {**how, **conditions}, time=time)

    rows = [taken_record(measure_named(name), build.case) for name in COSTS]
    rows.append(row(WRITTEN, exported.size_bytes / 1e6, "MB", {}))
    rows += [] if build.timed is None else build.timed.records.values()
    if build.agreement is not None:
        for weights, equality in (
            ("as written", build.agreement.file),
            ("trained statistics", build.agreement.trained_statistics),
        ):
            conditions: dict[str, Plain] = {"weights": weights, "images": equality.images, "against": "Keras, logits"}
            rows += [row(metric, value, unit, conditions) for metric, value, unit in equality_rows(equality)]
    return tuple(rows)


def equality_rows(equality: Equality) -> list[tuple[str, float | None, str]]:
    """`(metric, value, unit)`; a signal-to-noise ratio without any noise is None."""
    snr = equality.snr_db if equality.snr_db != float("inf") else None
    return [
        ("logits_relative_error", equality.relative_error, ""),
        ("logits_snr_db", snr, "dB"),
        ("label_agreement", equality.label_agreement, "share of pixels"),
    ]
