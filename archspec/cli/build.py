"""`archspec build`: from a spec to cost sheet, `.tflite`, latency, Keras model, and proof that they are equal."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from archspec.cli._options import (
    DATA_FORMATS,
    catalog,
    check_representative,
    class_labels,
    format_option,
    ledger_option,
    plugins_option,
    precision_option,
    procedure_option,
    representative_option,
    set_option,
    this_command,
    update_option,
    wide,
)
from archspec.cli._paths import InputPath, OutputFolder
from archspec.cli._terminal import latency_bar, say, say_cautions, spinner

if TYPE_CHECKING:
    from archspec.export import Precision
    from archspec.graph.program.program import ShuffleMode
    from archspec.measures import Build, BuildOptions
    from archspec.network import InputDtype, Route
    from archspec.reporters import Table


@click.command()
@click.argument("spec")
@set_option
@plugins_option
@precision_option("Numeric precision of the .tflite; `dynamic` stores the weights of convolutions as int8.")
@click.option("--input-dtype", type=click.Choice(("float32", "uint8")),
              help="Type of the image that the .tflite reads. Without it, the type that the spec says.")  # fmt: skip
@click.option("--shuffle", type=click.Choice(("follow", "transpose")), default="follow", show_default=True,
              help="Fold channel shuffles into the weights of the next convolution, or keep them as "
                   "operators.")  # fmt: skip
@click.option("--via", type=click.Choice(("direct", "tensorflow")), default="direct", show_default=True,
              help="Write the .tflite with archspec's own exporter, or with TensorFlow's converter.")  # fmt: skip
@representative_option
@click.option("--labels", type=InputPath(), metavar="FILE",
              help="Text file of class names, one a line, for the metadata of the .tflite.")  # fmt: skip
@procedure_option("default", none=True)
@click.option("--threads", type=click.IntRange(1, 64), default=1, show_default=True,
              help="Threads that the .tflite runs on.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Seed of freshly initialised weights.")  # fmt: skip
@click.option("--keras/--no-keras", default=True, show_default=True,
              help="Build the Keras model and compare it with the .tflite. --no-keras does neither and "
                   "needs no TensorFlow.")  # fmt: skip
@click.option("--saved-model", is_flag=True, help="Write a TensorFlow SavedModel too, beside model.keras.")
@click.option("--output", "root", type=OutputFolder(), default=Path("runs"), show_default=True, metavar="FOLDER",
              help="Write the files to FOLDER/<name>-<hash>/.")  # fmt: skip
@ledger_option("the folder of --output")
@update_option
@format_option
def build(
    spec: str,
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
    precision: Precision,
    input_dtype: InputDtype | None,
    shuffle: ShuffleMode,
    via: Route,
    representative: Path | None,
    labels: Path | None,
    procedure: str,
    threads: int,
    seed: int,
    keras: bool,
    saved_model: bool,
    root: Path,
    ledger: str,
    update: bool,
    reporter: str,
) -> None:
    """Build SPEC (a path, or a bundled name): first its costs, then the .tflite and its latency, then the Keras model.

    The weights are those that the spec names, else fresh ones made from --seed. The logits of the .tflite are compared
    with those of the Keras model, with batch-norm statistics like those of a trained network.
    """
    from archspec.measures import Build, BuildOptions
    from archspec.network import Network
    from archspec.record import check_folder

    if via == "tensorflow" and not keras:
        raise click.UsageError("--via tensorflow needs the Keras model. Leave out --no-keras")
    if saved_model and not keras:
        raise click.UsageError("--saved-model needs the Keras model. Leave out --no-keras")
    check_representative(representative, precision)
    if labels and via == "tensorflow":
        raise click.UsageError("--labels goes into metadata, which TensorFlow's converter writes none of. Leave it out")
    options = BuildOptions(
        precision=precision,
        input_dtype=input_dtype,
        shuffle=shuffle,
        via=via,
        seed=seed,
        representative=representative,
        labels=class_labels(labels) if labels else (),
        latency=procedure,
        threads=threads,
    )
    one = Build(Network.load(spec, overrides, catalog=catalog(plugins)), root, options)
    if labels:
        _check_labels(one, labels)
    check_folder(root)
    say_cautions([one.network])
    from archspec.ledger import shared_ledger

    with shared_ledger(ledger, root, message=say) as one.ledger:
        one.again = update
        _run(one, options, keras, saved_model, reporter)


def _run(one: Build, options: BuildOptions, keras: bool, saved_model: bool, reporter: str) -> None:
    """Every stage in order; people see each as soon as it is done, data formats come whole at the end."""
    report = BuildReport(one, reporter, sys.stdout)
    report.cost()
    with spinner("writing the .tflite"):
        one.export()
    report.file()
    try:
        if options.latency != "none":
            with latency_bar("latency") as progress:
                one.measure(progress)
            report.latency()
        if keras:
            with spinner("building the Keras model"):
                one.build_keras(saved_model)
            with spinner("comparing the .tflite with the Keras model"):
                one.compare()
            report.agreement()
    finally:  # also when interrupted, or when the two differ: what is known is kept
        report.write_files()
    report.finish()


def _check_labels(one: Build, path: Path) -> None:
    """Before anything is written: one label a class."""
    from archspec.errors import Place, Problem, UserError
    from archspec.export import check_labels

    try:
        check_labels(one.network.graph, one.options.labels)
    except Problem as problem:
        raise UserError(problem.at(Place(str(path)))) from None


class BuildReport:
    """People see each table as soon as it is known; JSON, CSV and Markdown come whole at the end."""

    def __init__(self, build: Build, reporter: str, stream: TextIO) -> None:
        self._build = build
        self._reporter = reporter
        self._stream = stream
        self._tables: list[Table] = []

    def cost(self) -> None:
        """The cost sheet."""
        from archspec.cost import sheets_table
        from archspec.reporters import transposed

        self._put(transposed(sheets_table([self._build.network.cost])))

    def file(self) -> None:
        """The `.tflite`."""
        from archspec.measures._tables import file_table

        self._put(file_table(self._build))

    def latency(self) -> None:
        """Its latency."""
        from archspec.devices import latency_table
        from archspec.measures._tables import known_latency
        from archspec.reporters import transposed

        if self._build.latency is not None:
            table = latency_table([self._build.latency], "")
            self._put(transposed(replace(table, notes=(*table.notes, *known_latency(self._build)))))

    def agreement(self) -> None:
        """How near it is to the Keras model."""
        from archspec.measures._tables import agreement_table

        self._put(agreement_table(self._build))

    def write_files(self) -> None:
        """Everything known so far, beside the models."""
        from archspec.cost import detail_table
        from archspec.measures import build_records
        from archspec.record import write_records, write_text
        from archspec.reporters import render

        build, records = self._build, build_records(self._build)
        build.keep(records)
        write_records(build.folder / "record.json", records, command=this_command())
        write_text(build.folder / "layers.csv", render(detail_table(build.network.graph, "layer"), "csv"))
        write_text(build.folder / "summary.md", self._summary())

    def finish(self) -> None:
        """Give the data formats what they wait for."""
        from archspec.measures._tables import build_json, build_table
        from archspec.reporters import render

        build = self._build
        if self._reporter == "json":
            self._stream.write(json.dumps(build_json(build), indent=2) + "\n")
        elif self._reporter == "table":
            self._stream.write(f"\nfiles in {build.folder}\n")
        else:
            self._stream.write(render(build_table(build, rounded=self._reporter not in DATA_FORMATS), self._reporter))

    def _put(self, table: Table) -> None:
        from archspec.reporters import report

        self._tables.append(table)
        if self._reporter == "table":
            report(table, self._stream, wide=wide())
            self._stream.write("\n")
            self._stream.flush()

    def _summary(self) -> str:
        from archspec.reporters import render

        build = self._build
        parts = [f"# {build.network.graph.name}\n", *(render(table, "markdown") for table in self._tables)]
        parts.append(f"### Spec\n\n```yaml\n{build.network.text.rstrip()}\n```\n")
        return "\n".join(parts)
