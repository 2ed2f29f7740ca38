"""What happens on a node of a Ray cluster: files are unpacked, the work is evaluated, what it left goes home."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from archspec.datasets import open_dataset
from archspec.errors import UserError, user_error
from archspec.experiment.engines import AtWork, Evaluator, Work, WorkResult, evaluated, telling
from archspec.experiment.engines._parcels import Parcel
from archspec.experiment.engines._trip import Places
from archspec.files import cache_folder
from archspec.measures import prepare_worker
from archspec.record import package_versions

FOLDER_VARIABLE = "ARCHSPEC_NODE_FOLDER"
VERSIONS = ("keras", "numpy", "tensorflow", "ai-edge-litert")


@dataclass(frozen=True)
class Baggage:
    """What a work names by paths of the driver's machine: the digests of `files` and the entry in each, the digest of
    what is `sent` ('' for nothing), the fingerprints of `data`; `relocated` says where the nodes have data that lie
    elsewhere there. `travels`: the evaluator knows what that means. `shares_gpu`: others use the same GPU."""

    files: Mapping[str, tuple[str, str]]
    sent: str
    data: Mapping[str, Mapping[str, str]]
    relocated: Mapping[str, str]
    travels: bool
    shares_gpu: bool = False


@dataclass(frozen=True)
class Unfit:
    """A node cannot do such works, and why."""

    reason: str


@dataclass(frozen=True)
class Outcome:
    """What a task gives: `node` is the number of its node in the cluster, `left` are files that go home."""

    node: str
    found: WorkResult | Unfit
    left: Parcel | None = None


@cache
def installation() -> dict[str, str]:
    """What must be the same on the driver and on every node: the code and the versions that numbers depend on."""
    return {"code": code_digest(), **package_versions(VERSIONS)}


@cache
def code_digest() -> str:
    """16 hexadecimal letters for all Python files of archspec that are installed here."""
    import archspec
    from archspec.catalog import bundled_folder

    found = hashlib.blake2b(digest_size=8)
    for root in (Path(archspec.__file__).parent, bundled_folder("blocks"), bundled_folder("search")):
        for path in sorted(root.rglob("*.py")):
            found.update(path.relative_to(root).as_posix().encode())
            found.update(path.read_bytes())
    return found.hexdigest()


def node_folder() -> Path:
    """Where a node keeps files that were sent, runs and features: $ARCHSPEC_NODE_FOLDER, else in the user's cache."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else cache_folder("nodes")


def evaluation(
    content: bytes, baggage: Baggage, expected: Mapping[str, str], parcels: Mapping[str, Any], office: Any, name: str
) -> Outcome:
    """A task: says where it runs, evaluates, and gives the result with what it left.

    `content` is an evaluator with its work; `parcels` are references to what the baggage names, by digest.
    """
    import ray

    node = ray.get_runtime_context().get_node_id()
    office.begun.remote(name, node)
    differ = {key: found for key, found in installation().items() if expected.get(key) != found}
    if differ:
        return Outcome(node, Unfit(_describe_versions(differ, expected)))
    try:
        places = _places(baggage, parcels)
        evaluator, work = _unpacked(content, baggage, places)
    except UserError as error:
        return Outcome(node, Unfit(str(error)))
    if baggage.shares_gpu:  # else TensorFlow takes nearly all of its memory
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    prepare_worker(work.settings)
    tell: Callable[[AtWork], object] = lambda step: office.note.remote(name, step)  # noqa: E731
    with telling(work, tell):
        result = evaluated(evaluator, work)
    left = None
    if baggage.travels and result.evaluation is not None:
        left = Parcel.of_folders(Path(places.output), evaluator.folders(work.spec_text, work.settings))  # type: ignore[attr-defined]
    return Outcome(node, _at_home(result, places), left)


def _describe_versions(differ: Mapping[str, str], expected: Mapping[str, str]) -> str:
    parts = [
        "another version of archspec" if key == "code" else f"{key} {found} instead of {expected.get(key, 'none')}"
        for key, found in differ.items()
    ]
    return f"it has {', '.join(parts)}. Install what the driver has"


def _places(baggage: Baggage, parcels: Mapping[str, Any]) -> Places:
    """Unpack what was sent, and look at the data. Raises `UserError`."""
    root = node_folder()
    files = {}
    for path, (digest, entry) in baggage.files.items():
        folder = root / "parcels" / digest
        if not folder.is_dir():
            folder = _fetched(parcels[digest]).unpack(root / "parcels")
        files[path] = str(folder / entry)
    if baggage.sent:
        _fetched(parcels[baggage.sent]).put_into(root / "runs")
    data = {reference: baggage.relocated.get(reference, reference) for reference in baggage.data}
    for reference, fingerprints in baggage.data.items():
        _check_data(data[reference], fingerprints)
    return Places(files, data, str(root / "runs"))


def _fetched(reference: Any) -> Parcel:
    import ray

    parcel: Parcel = ray.get(reference)
    return parcel


def _check_data(reference: str, fingerprints: Mapping[str, str]) -> None:
    """Raises `UserError` for data that are not there, or are not the driver's."""
    for split, wanted in fingerprints.items():
        found = _fingerprint(reference, split)
        if found != wanted:
            fact = f"{reference}, split {split}, is not what the driver has (fingerprint {found}, not {wanted})"
            raise user_error(fact, "Copy the same files there, or name their place: engine: {ray: {data: …}}")


@cache
def _fingerprint(reference: str, split: str) -> str:
    return open_dataset(reference).fingerprint(split)


def _unpacked(content: bytes, baggage: Baggage, places: Places) -> tuple[Evaluator, Work]:
    evaluator, work = pickle.loads(content)
    if not baggage.travels:
        return evaluator, work
    settings = places.settings(work.settings)
    return evaluator.moved(places), replace(work, settings=settings, spec_text=places.spec_text(work.spec_text))


def _at_home(result: WorkResult, places: Places) -> WorkResult:
    """The result with the paths of the driver's machine in its specs."""
    evaluation = result.evaluation
    if evaluation is None or not places.files:
        return replace(result, reason=places.home_text(result.reason))
    records = tuple(replace(record, spec=places.home_text(record.spec)) for record in evaluation.records)
    return replace(result, evaluation=replace(evaluation, records=records))
