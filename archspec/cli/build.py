"""`archspec build`: from a spec to cost sheet, `.tflite`, latency, Keras model, and proof that they are equal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import (
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
    update_option,
)
from archspec.cli._paths import InputPath, OutputFolder
from archspec.cli._terminal import latency_bar, say, spinner

if TYPE_CHECKING:
    from archspec.export import Precision
    from archspec.graph.program.program import ShuffleMode
    from archspec.measures import Build, BuildOptions
    from archspec.network import InputDtype, Route


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
    from archspec.ledger import shared_ledger

    with shared_ledger(ledger, root, message=say) as one.ledger:
        one.again = update
        _run(one, options, keras, saved_model, reporter)


def _run(one: Build, options: BuildOptions, keras: bool, saved_model: bool, reporter: str) -> None:
    """Every stage in order; people see each as soon as it is done, data formats come whole at the end."""
    from archspec.cli._build_report import BuildReport

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
