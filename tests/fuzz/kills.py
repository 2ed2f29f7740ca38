"""kill -9 at random moments, each followed by the same command again: nothing is lost, repeated or left behind.

python -m tests.fuzz.kills ablate --kills 100
python -m tests.fuzz.kills merge --kills 100
python -m tests.fuzz.kills train --kills 100
python -m tests.fuzz.kills search --kills 100     # driver and workers
python -m tests.fuzz.kills rungs --kills 100      # the same of searches by rungs only
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.killed_commands import COMMANDS, KilledCommand

ROOT = Path(__file__).resolve().parent.parent.parent
PER_STUDY = 3  # kills, one after the other, before a command may come to its end
LEFT = re.compile(r"\.tmp$|-journal$|-wal$|-shm$")


@dataclass
class Tally:
    """How often something was killed, and what was wrong afterwards."""

    kills: int = 0
    studies: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        words = f"{self.kills} kills in {self.studies} studies: {len(self.faults)} faults"
        return "\n".join((words, *self.faults))


class Campaign:
    """Kills of one command. Its processes are forked from one that has imported everything already."""

    def __init__(self, command: KilledCommand, folder: Path, seed: int) -> None:
        self.command, self.folder, self.random = command, folder, random.Random(seed)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([*command.preload])
        whole = self._prepared("whole")
        self.to_the_end(whole)  # the first one starts the server
        self.expected, self.names = command.result(whole), tree(whole)
        if not command.recorded(whole):
            raise AssertionError("nothing was recorded in the command's own folder: nothing could be lost")
        again = self._prepared("again")
        start = time.monotonic()
        self.to_the_end(again)
        self.seconds = time.monotonic() - start
        if command.result(again) != self.expected:
            raise AssertionError("two runs that nobody killed do not end alike")

    def run(self, kills: int) -> Tally:
        """At least so many kills."""
        tally = Tally()
        while tally.kills < kills:
            tally.studies += 1
            self._study(self._prepared(str(tally.studies)), min(PER_STUDY, kills - tally.kills), tally)
        return tally

    def _study(self, folder: Path, most: int, tally: Tally) -> None:
        killed, known = 0, self.command.recorded(folder)
        for _ in range(most):
            killed += self._killed(folder)
            here = self.command.recorded(folder)
            lost = [key for key, value in known.items() if here.get(key) != value]
            if lost and not folder_is_ahead(known, here):
                tally.faults.append(f"{folder.name}: {len(lost)} recorded numbers are gone or changed")
            known = here
        tally.kills += killed
        said = self.to_the_end(folder)
        faults = [self.command.repeated(known, self.command.recorded(folder), said)]
        if self.command.result(folder) != self.expected:
            faults.append("another result than of a run that nobody killed")
        left = sorted(set(tree(folder)) - set(self.names))
        faults.append(f"left behind: {', '.join(left)}" if left else "")
        tally.faults += [f"{folder.name}: {fault}" for fault in faults if fault]

    def _killed(self, folder: Path) -> int:
        """Start it and kill it, with all that it started; 0 where it was faster."""
        process = self._start(folder)
        process.join(self.random.uniform(0, self.seconds))
        if process.exitcode is not None:
            return 0
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        return 1

    def to_the_end(self, folder: Path) -> str:
        """What it says in a session that nobody kills."""
        process = self._start(folder)
        process.join()
        said = (folder / "said").read_text("utf-8", "replace")
        if process.exitcode:
            raise AssertionError(f"{folder}: exit code {process.exitcode}\n{said}")
        return said

    def _start(self, folder: Path) -> Any:
        process = self._context.Process(target=command_line, args=(str(folder), self.command.arguments))
        process.start()
        return process

    def _prepared(self, name: str) -> Path:
        folder = self.folder / name
        (folder / "tmp").mkdir(parents=True)
        self.command.prepare(folder)
        return folder


def command_line(folder: str, arguments: tuple[str, ...]) -> None:
    """One command in this process, which is its own from now on; what it says goes to a file."""
    os.setsid()
    os.chdir(folder)
    os.environ["TMPDIR"], tempfile.tempdir = f"{folder}/tmp", None
    os.environ.pop("ARCHSPEC_LEDGER", None)  # the server may be older than the test, with the ledger of another one
    with Path("said").open("wb") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    from archspec.cli import main

    main(arguments)


def folder_is_ahead(known: dict[str, Any], here: dict[str, Any]) -> bool:
    """Of checkpoints the newest counts: it may only go on."""
    numbers = [value for value in (*known.values(), *here.values()) if not isinstance(value, int)]
    return not numbers and max(here.values(), default=0) >= max(known.values(), default=0)


def tree(folder: Path) -> list[str]:
    """Every file, without what differs from run to run."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def search_kills(kills: int, folder: Path, seed: int, only_rungs: bool) -> Tally:
    """Drivers and workers, in the way of the search's own test."""
    from tests.search.killed import BOUND  # noqa: F401 - the program that is killed
    from tests.search.test_driver_killed import KINDS, check_study, searched, whole_searches

    tally, generator, killed = Tally(), random.Random(seed), Counter[str]()
    expected = whole_searches(folder)
    kinds = [kind for kind in KINDS if kind[3] or not only_rungs]
    while killed.total() < kills:
        kind = kinds[tally.studies % len(kinds)]
        tally.studies += 1
        one = folder / str(tally.studies)
        one.mkdir()
        found, _ = searched(one, ROOT, generator, kind)
        killed += found
        try:
            check_study(one, kind, expected[kind])
        except AssertionError as fault:
            tally.faults.append(f"{one.name}: {fault}")
        left = [name for name in tree(one) if LEFT.search(name)]
        tally.faults += [f"{one.name}: left behind: {', '.join(left)}"] if left else []
    tally.kills = killed.total()
    print(dict(killed))
    return tally


def main() -> None:
    """As the first lines say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=[*COMMANDS, "search", "rungs"])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as here:
        start = time.monotonic()
        if asked.command in ("search", "rungs"):
            tally = search_kills(asked.kills, Path(here), asked.seed, asked.command == "rungs")
        else:
            tally = Campaign(COMMANDS[asked.command], Path(here), asked.seed).run(asked.kills)
    print(f"{asked.command}: {tally} ({time.monotonic() - start:.0f} s)")
    sys.exit(bool(tally.faults))


if __name__ == "__main__":
    main()
