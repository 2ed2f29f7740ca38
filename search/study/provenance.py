"""Everything that is needed to repeat a study, as plain values for its `record.json`."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archspec.devices import read_machine
from archspec.files import is_folder
from archspec.measures import measure_named
from archspec.record import package_versions, timestamp
from archspec.search.study.agreement import agreements
from archspec.search.study.outcome import Finalist, StudyOutcome
from archspec.train import load_recipe

PACKAGES = ("ai-edge-litert", "keras", "numpy", "optuna", "sqlalchemy", "tensorflow", "tensorflow-cpu")
FORMAT, VERSION = "archspec-study", 1


def study_record(
    outcome: StudyOutcome, *, size: int | None, storage: str, ledger: str, fingerprints: Mapping[str, str]
) -> dict[str, Any]:
    """The study, its conditions and its results. `storage` and `ledger` are said without passwords."""
    study, result = outcome.study, outcome.result
    machine = read_machine()
    return {
        "format": FORMAT,
        "version": VERSION,
        "written": timestamp(),
        "study": study.to_plain(),
        "file": study.file,
        "git": git_state(Path(study.file)),
        "space_size": size,
        "storage": storage,
        "ledger": ledger,
        "data_fingerprints": dict(fingerprints),
        "recipes": {name: load_recipe(name).text for name in sorted(_recipes(outcome))},
        "versions": package_versions(PACKAGES),
        "machine": {"cpu": machine.cpu, "processors": machine.usable_cpus, "fingerprint": machine.fingerprint},
        "counts": dict(result.counts),
        "rejects": dict(result.rejects),
        "repeated": result.repeated,
        "folded": result.folded,
        "stopped": result.stopped,
        "search_s": result.elapsed_s,
        "hypervolume": result.hypervolume,
        "hypervolume_reference": None if result.reference is None else list(result.reference),
        "networks": [_network(one) for one in outcome.networks],
        "rank_correlations": [
            {
                "ranked_by": one.first,
                "against": one.second,
                "n": one.count,
                "spearman": one.spearman,
                "kendall": one.kendall,
            }
            for one in agreements(outcome)
        ],
    }


def _recipes(outcome: StudyOutcome) -> set[str]:
    study = outcome.study
    found = set(study.recipes.values())
    return found | ({study.pretrain.recipe} if study.pretrain is not None else set())


def _network(network: Finalist) -> dict[str, Any]:
    measured = {
        metric: {"values": list(one.values), "spread": one.spread, "ratio": one.ratio, "fault": one.fault,
                 "unit": measure_named(metric).unit}
        for metric, one in network.measured.items()
    }  # fmt: skip
    return {"name": network.name, "trial": network.trial, "hash": network.hash, "values": dict(network.values),
            "measured": measured, "spec": network.network.text}  # fmt: skip


def git_state(file: Path) -> str:
    """The commit of the folder a file is in, `-dirty` where the tree was changed; '' where there is none."""
    folder = file.resolve().parent
    if not is_folder(folder):
        return ""
    command = ("git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
