"""Damaged `.tflite` files given to every command that reads one: `python -m tests.fuzz.tflite_files --cases 2000`.

Each case is a file of our own, damaged in one way; the commands run in this process, as a shell would call them. A
traceback, an exit code that is neither 0 nor 2, and a call over `MOST_S` are faults; a signal would end the script.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import numpy as np
from PIL import Image

from archspec.devices import Procedure, _operator_times
from archspec.devices._latency import PRESETS
from archspec.export import interpreter, interpreter_process
from tests.cli.runner import run
from tests.fuzz.tflite_damage import CLASSES, damaged

COMMANDS = ("latency", "profile", "delegates", "evaluate", "predict")
PATIENCE_S, MOST_S = 5.0, 30.0
ONCE = Procedure("quick", 0.0, 1, 1)
RUNTIME_EACH = 25  # of so many cases one is given to LiteRT's own profiler, which is a process of its own each time


@dataclass
class Tally:
    """What came of the calls, and every fault with its case, so that it can be made again."""

    codes: Counter[tuple[str, int]] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0

    def call(self, case: str, command: str, arguments: tuple[str, ...]) -> None:
        """One command on one file."""
        start = time.monotonic()
        try:
            result = run(command, *arguments)
        except Exception:  # noqa: BLE001 (that is what is looked for)
            self.faults.append(f"{case}: {command}: {traceback.format_exc()}")
            return
        took_s = time.monotonic() - start
        self.slowest_s = max(self.slowest_s, took_s)
        self.codes[command, result.code] += 1
        for word in ("LiteRT dies of it", "LiteRT did not come back", "a damaged .tflite file"):
            self.deaths[word] += word in result.err
        if result.code not in (0, 2) or "Traceback" in result.err + result.out:
            self.faults.append(f"{case}: {command}: exit code {result.code}: {result.err[-2000:]}")
        if took_s > MOST_S:
            self.faults.append(f"{case}: {command}: {took_s:.1f} s")


def fuzz(cases: range, seed: int, folder: Path, commands: tuple[str, ...] = COMMANDS) -> Tally:
    """Every case given to every command; files are written into `folder`."""
    tally = Tally()
    data, photo = _data(folder)
    with _cheap():
        for case in cases:
            name, content = damaged(case, seed)
            file = folder / "case.tflite"
            file.write_bytes(content)
            method = "runtime" if case % RUNTIME_EACH == 0 else "alone"
            arguments = {
                "latency": (str(file), str(file), "--procedure", "quick"),
                "profile": (str(file), "--method", method),
                "delegates": (str(file),),
                "evaluate": (str(file), "--data", f"folder:{data}", "--split", "val"),
                "predict": (str(file), str(photo), "--output", str(folder / "predicted")),
            }
            for command in commands:
                size = ("--size", "16,24") if case % 2 and command != "delegates" else ()
                tally.call(f"case {case} of seed {seed} ({name})", command, (*arguments[command], *size))
    return tally


@contextmanager
def _cheap() -> Iterator[None]:
    """One run where users have fifty, and little patience."""
    with (
        patch.dict(PRESETS, {"quick": ONCE}),
        patch.object(_operator_times, "WHOLE", ONCE),
        patch.object(_operator_times, "ALONE", ONCE),
        patch.object(interpreter, "patience_s", lambda _: PATIENCE_S),
        patch.object(interpreter, "PATIENCE_OPEN_S", PATIENCE_S),
        patch.object(interpreter_process, "ENDING_S", 1.0),
    ):
        yield


def _data(folder: Path) -> tuple[Path, Path]:
    """A data set of one image, and that image."""
    root = folder / "data"
    random = np.random.default_rng(0)
    for name, shape, top in (("images", (16, 24, 3), 256), ("labels", (16, 24), CLASSES)):
        (root / name / "val").mkdir(parents=True)
        Image.fromarray(random.integers(0, top, shape, np.uint8)).save(root / name / "val" / "a.png")
    (root / "classes.txt").write_text("a\nb\nc\n")
    return root, root / "images" / "val" / "a.png"


def main() -> int:
    """The script: 0 where nothing was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=2000)
    options.add_argument("--start", type=int, default=0, help="The first case.")
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = fuzz(range(asked.start, asked.start + asked.cases), asked.seed, Path(folder))
    for fault in tally.faults:
        print(fault)
    print(f"{asked.cases} cases from {asked.start}, seed {asked.seed}: {len(tally.faults)} faults, "
          f"slowest call {tally.slowest_s:.1f} s, {time.monotonic() - start:.0f} s")  # fmt: skip
    print(", ".join(f"{command} {code}: {count}" for (command, code), count in sorted(tally.codes.items())))
    print(", ".join(f"'{word}' {count}" for word, count in tally.deaths.items()))
    return int(bool(tally.faults))


if __name__ == "__main__":
    sys.exit(main())
