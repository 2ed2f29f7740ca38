"""Commands that are to be killed at any moment, small enough that a kill costs a second: what each begins with, what
it has recorded so far, and what it must end with."""

from __future__ import annotations

import json
import random
import re
import shutil
import sqlite3
import tempfile
from abc import ABC, abstractmethod
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from archspec.ledger import Ledger
from archspec.record import Record, read_records
from tests.train.tiny import NETWORK

Recorded = dict[str, Any]


class KilledCommand(ABC):
    """A command of `archspec` in a folder of its own."""

    arguments: tuple[str, ...]
    preload: tuple[str, ...] = ()

    @abstractmethod
    def prepare(self, folder: Path) -> None:
        """Write what it reads."""

    @abstractmethod
    def recorded(self, folder: Path) -> Recorded:
        """What is known already, by key; a later session must leave it as it is."""

    @abstractmethod
    def result(self, folder: Path) -> object:
        """What it ends with, without times."""

    @abstractmethod
    def repeated(self, before: Recorded, after: Recorded, said: str) -> str:
        """What the last session did again that was recorded `before`, in words; '' for nothing."""


class Ablate(KilledCommand):
    """Twelve rows, exact costs and the sizes of exported files."""

    arguments = ("ablate", "rows.yaml")
    preload = ("archspec.cli.ablate", "archspec.ablation.run", "archspec.measures", "archspec.export", "sqlalchemy")

    def prepare(self, folder: Path) -> None:
        (folder / "tiny.yaml").write_text(NETWORK)
        (folder / "rows.yaml").write_text(
            "base: tiny.yaml\ngrid: {head.basic.filters: [4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26]}\n"
            "metrics: [params, gflops, peak_memory_mb, tflite_mb, tflite_int8_mb]\n"
        )

    def recorded(self, folder: Path) -> Recorded:
        return ledger_rows(folder / "runs" / "ledger.db")

    def result(self, folder: Path) -> object:
        return {key: row["value"] for key, row in self.recorded(folder).items()}

    def repeated(self, before: Recorded, after: Recorded, said: str) -> str:
        measured, new = number_in(r"(\d+) numbers measured", said), len(after) - len(before)
        return "" if measured == new else f"{measured} numbers were measured, and {new} were lacking"


class LedgerMerge(KilledCommand):
    """Two ledgers of some thousand records into a third."""

    arguments = ("ledger", "merge", "one.db", "two.db", "--into", "all.db")
    preload = ("archspec.cli.ledger", "archspec.ledger.ledger", "sqlalchemy")
    records = 6_000

    def __init__(self) -> None:
        self._made: Path | None = None

    def prepare(self, folder: Path) -> None:
        for first, name in ((0, "one.db"), (self.records // 2, "two.db")):
            if self._made is not None:
                shutil.copy(self._made / name, folder)
                continue
            with Ledger.open(folder / name) as ledger:
                ledger.add(self._record(number) for number in range(first, first + self.records))
        self._made = self._made or folder

    def _record(self, number: int) -> Record:
        values = random.Random(number)
        return Record(
            f"{values.getrandbits(64):016x}", "miou", values.random(), name=f"n{number % 50}",
            conditions={"seed": number}, spec=NETWORK, time=f"2026-01-01T00:{number % 60:02}:00Z",
        )  # fmt: skip

    def recorded(self, folder: Path) -> Recorded:
        return self.result(folder)

    def result(self, folder: Path) -> Recorded:
        return ledger_rows(folder / "all.db")

    def repeated(self, before: Recorded, after: Recorded, said: str) -> str:
        added = sum(int(row.split()[1].replace(",", "")) for row in said.splitlines() if row.startswith(("one", "two")))
        new = len(after) - len(before)
        return "" if added == new else f"{added} records were added, and {new} were lacking"


class Train(KilledCommand):
    """Thirty steps of a network of a thousand parameters, a checkpoint every three."""

    arguments = ("train", "tiny.yaml", "--recipe", "short.yaml", "--data", "synthetic_streets")
    preload = ("archspec.lower.framework", "archspec.train", "archspec.train._training", "archspec.cli.train")

    def prepare(self, folder: Path) -> None:
        (folder / "tiny.yaml").write_text(NETWORK)
        (folder / "short.yaml").write_text(
            "augmentation: {crop: [24, 32]}\nbatch_size: 1\nsteps: 30\nlearning_rate: 0.01\noptimizer: adamw\n"
            "weight_decay: {decoupled: 0.004}\n"
            "ema: 0.9\ncheckpoint_every: 3\nvalidation: {every: 15, images: 1}\n"
        )

    def recorded(self, folder: Path) -> Recorded:
        """The steps of the checkpoints that are whole."""
        return {str(step): step for step in checkpoint_steps(folder)[-1:]}

    def result(self, folder: Path) -> object:
        (run,) = run_folders(folder)
        with np.load(run / "weights.npz") as file:
            weights = {name: file[name].tobytes() for name in file.files}
        rows = [line.split(",") for line in (run / "log.csv").read_text().splitlines()]
        loss = [rows[0].index(name) for name in ("stage", "step", "learning_rate", "val_miou")]
        about = json.loads((run / "run.json").read_text())
        values = [(one.key, one.value) for one in read_records(run / "record.json")]
        names = sorted(path.name for path in run.iterdir())
        return weights, [[row[column] for column in loss] for row in rows], about["metrics"], values, names

    def repeated(self, before: Recorded, after: Recorded, said: str) -> str:
        newest = max(before.values(), default=0)
        resumed = number_in(r"resumed after step (\d+)", said)
        if newest == 0 or ("is damaged" not in said and resumed == newest):
            return ""
        return f"it went on after step {resumed}, and a checkpoint of step {newest} was there" if resumed else ""


COMMANDS: dict[str, KilledCommand] = {"ablate": Ablate(), "merge": LedgerMerge(), "train": Train()}


def ledger_rows(file: Path) -> dict[str, dict[str, Any]]:
    """What each record of a ledger says, by its key; none of one that was killed before it had its tables.

    A copy is read: whoever opens the ledger itself puts right what a killed process left.
    """
    if not file.is_file():
        return {}
    with tempfile.TemporaryDirectory() as folder:
        for one in (file, Path(f"{file}-wal")):
            if one.is_file():
                shutil.copy(one, folder)
        with closing(sqlite3.connect(Path(folder, file.name))) as connection:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            if "archspec_records" not in names:
                return {}
            rows = connection.execute("SELECT key, body FROM archspec_records").fetchall()
    return {key: json.loads(body) for key, body in rows}


def run_folders(folder: Path) -> list[Path]:
    """The folders of trainings, one at most."""
    return [path.parent for path in folder.glob("runs/*/run.json")]


def checkpoint_steps(folder: Path) -> list[int]:
    """Of the run's checkpoints, in order."""
    files = (path for run in run_folders(folder) for path in (run / "checkpoints").glob("stage1-step*.npz"))
    return sorted(int(re.findall(r"\d+", path.stem)[1]) for path in files)


def number_in(pattern: str, text: str) -> int:
    """The number that a line says; 0 where none says it."""
    found = re.search(pattern, text)
    return int(found.group(1)) if found else 0
