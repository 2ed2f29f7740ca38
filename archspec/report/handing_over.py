"""A folder to hand over: the `.tflite` with labels and metadata, its spec, every number as a record, a model card."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from archspec.catalog import Catalog
from archspec.errors import Place, UserError, user_error
from archspec.files import is_file, read_bytes
from archspec.ledger import KnownNumbers, read_records_today
from archspec.measures import Build, BuildOptions, build_records
from archspec.network import Network
from archspec.record import (
    Record,
    TrainingRun,
    check_folder,
    note_plugins,
    read_digests,
    read_records,
    records_text,
    replacing_folder,
    shell_command,
    write_bytes,
    write_records,
    write_text,
)
from archspec.record.destination import make_folder
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
    if not is_file(run.folder / "run.json"):
        return Source(load(what, overrides, catalog=catalog))
    facts = run.facts()
    if facts.state != "finished" or run.missing:
        fact = f"this run is {facts.state}" if facts.state != "finished" else f"no {', '.join(run.missing)} in this run"
        raise user_error(fact, f"Finish it: {shell_command('train', '--resume', what)}", place=Place(what))
    file = run.folder / "record.json"
    records = read_records_today(file) if is_file(file) else ()
    return Source(load(run.spec, overrides, catalog=catalog), facts.classes, facts.data, records)


def hand_over(
    source: Source,
    folder: Path,
    catalog: Catalog,
    options: BuildOptions,
    *,
    prove: bool = True,
    force: bool = False,
    ledger: KnownNumbers | None = None,
    said: Callable[[str], None] = lambda text: None,
) -> Build:
    """Write the folder, whole or not at all; the build that it was made by.

    `prove`: the file's logits are held against the Keras model's, which takes TensorFlow. Raises `UserError` for a
    folder that is there without `force`, and for a file that is not equal.
    """
    if os.path.lexists(folder) and not force:
        raise user_error(
            "there is something of that name already", "Take another, or --force", place=Place(str(folder))
        )
    check_folder(folder)
    make_folder(folder.parent)
    with replacing_folder(folder, _check_ours) as here:
        network = _with_weights_in(here, Network(source.spec), options.seed)
        build = Build(network, here / "build", options, ledger)
        said("writing the .tflite")
        write_bytes(here / MODEL, build.exported.data)
        if options.latency != "none":
            said("measuring its latency")
            build.measure()
        if prove:
            said("comparing it with the Keras model")
            build.compare()
        shutil.rmtree(here / "build", ignore_errors=True)
        records = (*build_records(build), *source.records)
        note_plugins(here, catalog.plugins)
        write_text(here / SPEC, network.text)
        if source.classes:
            write_text(here / LABELS, "\n".join(source.classes) + "\n")
        write_text(here / CARD, model_card(build, source.classes, source.data, source.records))
        build.keep(records)
        write_records(here / RECORD, records, {file.name: _digest(file) for file in sorted(here.iterdir())})
    return build


def _with_weights_in(folder: Path, network: Network, seed: int) -> Network:
    """Trained weights go into the folder, and the spec names them there: no path of this machine is handed over."""
    imported = network.imported
    if imported is None:
        return network
    save_weights(folder / WEIGHTS, network.weights_from(seed), network.graph, source=imported.format)
    renamed = replace(imported, file=Path(imported.file).name)
    return network.with_weights(renamed, text=dump_plain({**network.spec.values, "weights": WEIGHTS}))


def _check_ours(folder: Path) -> None:
    """Raise `UserError` unless every file in the folder was written by `hand_over`, and is as it was written."""
    here = sorted(entry.name for entry in folder.iterdir())
    known = _known_files(folder) if here else {}
    wrong = next((name for name in here if name not in known), "")
    fact = f"holds '{wrong}', which archspec export did not write"
    if not wrong:
        wrong = next((name for name in here if known[name] not in ("", _digest(folder / name))), "")
        fact = f"'{wrong}' was changed after archspec export wrote it"
    if wrong:
        raise user_error(fact, "Name another folder, or move this one away", place=Place(str(folder)))


def _known_files(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file that the folder's record lists, and of the record '', if it is unchanged."""
    record = folder / RECORD
    if not is_file(record) or record.is_symlink():
        return {}
    try:
        records, files = read_records(record), read_digests(record)
    except UserError:
        return {}
    unchanged = records_text(records, files).encode() == read_bytes(record)
    return {**files, RECORD: ""} if files and unchanged else {}


def _digest(file: Path) -> str:
    """SHA-256 of a regular file; of anything else a word that no record has."""
    return hashlib.sha256(read_bytes(file)).hexdigest() if is_file(file) and not file.is_symlink() else "no file"
