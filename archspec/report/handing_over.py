"""A folder to hand over: the `.tflite` with labels and metadata, its spec, every number as a record, a model card."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from archspec.catalog import Catalog
from archspec.errors import Place, user_error
from archspec.evaluate import Build, BuildOptions, build_records
from archspec.record import Record, TrainingRun, note_plugins, read_records, write_bytes, write_records, write_text
from archspec.report.model_card import model_card
from archspec.spec import Spec, dump_plain, load
from archspec.weights import save_weights

MODEL, SPEC, LABELS, RECORD, CARD = "model.tflite", "spec.yaml", "labels.txt", "record.json", "MODEL_CARD.md"
WEIGHTS = "weights.npz"


@dataclass(frozen=True)
class Source:
    """What is handed over: a spec, and for a training run its classes, data and scores."""

    spec: Spec
    classes: tuple[str, ...] = ()
    data: str = ""
    records: tuple[Record, ...] = ()


def source_of(what: str, overrides: tuple[str, ...], catalog: Catalog) -> Source:
    """A training run's folder, or a spec. Raises `UserError` for a run that is not finished."""
    run = TrainingRun(Path(what))
    if not (run.folder / "run.json").is_file():
        return Source(load(what, overrides, catalog=catalog))
    facts = run.facts()
    if facts.state != "finished" or run.missing:
        fact = f"this run is {facts.state}" if facts.state != "finished" else f"no {', '.join(run.missing)} in this run"
        raise user_error(fact, f"Finish it: archspec train --resume {what}", place=Place(what))
    file = run.folder / "record.json"
    records = read_records(file) if file.is_file() else ()
    return Source(load(run.spec, overrides, catalog=catalog), facts.classes, facts.data, records)


def hand_over(
    source: Source,
    folder: Path,
    catalog: Catalog,
    options: BuildOptions,
    *,
    prove: bool = True,
    force: bool = False,
    said: Callable[[str], None] = lambda text: None,
) -> Build:
    """Write the folder, whole or not at all; the build that it was made by.

    `prove`: the file's logits are held against the Keras model's, which takes TensorFlow. Raises `UserError` for a
    folder that is there without `force`, and for a file that is not equal.
    """
    if folder.exists() and not force:
        raise user_error(
            "there is something of that name already", "Take another, or --force", place=Place(str(folder))
        )
    with _beside(folder) as made:
        build = Build(source.spec, catalog, made / "build", options)
        _bring_weights(build, made)
        said("writing the .tflite")
        write_bytes(made / MODEL, build.exported.data)
        if options.latency != "none":
            said("measuring its latency")
            build.measure()
        if prove:
            said("comparing it with the Keras model")
            build.compare()
        shutil.rmtree(made / "build", ignore_errors=True)
        records = (*build_records(build), *source.records)
        note_plugins(made, catalog.plugins)
        write_text(made / SPEC, build.spec_text)
        if source.classes:
            write_text(made / LABELS, "\n".join(source.classes) + "\n")
        write_records(made / RECORD, records)
        write_text(made / CARD, model_card(build, source.classes, source.data, source.records))
    return build


def _bring_weights(build: Build, folder: Path) -> None:
    """Trained weights go into the folder, and the spec names them there: no path of this machine is handed over."""
    if build.imported is None:
        return
    save_weights(folder / WEIGHTS, build.weights, build.graph, source=build.imported.format)
    build.imported = replace(build.imported, file=Path(build.imported.file).name)
    build.spec_text = dump_plain({**build.spec.values, "weights": WEIGHTS})


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A new folder beside it that takes its place at the end, and goes where that does not come."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise user_error(f"cannot be made ({error.strerror})", "Name another", place=Place(str(folder))) from error
    try:
        yield made
        if folder.is_dir():
            shutil.rmtree(folder)
        elif folder.exists():
            folder.unlink()
        made.chmod(0o755)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
