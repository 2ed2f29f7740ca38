"""Damage every bundled YAML file in every way, and read it: no traceback, no hang, every fault with its place.

    python -m tests.fuzz.yaml_files --cases 100000 --seed 0

Case N of a seed is always the same, whatever ran before it: `--only N` repeats it and shows its text. Exits with 1 when
anything was found.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import os
import random
import re
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from archspec.errors import Fault, UserError
from tests.fuzz.mutations import loaded, mutated
from tests.fuzz.yaml_readers import Document, documents, read

LIMIT_S = 5
LONGEST_LINE = 1500
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")


class Hang(BaseException):
    """A case took longer than `LIMIT_S`; no `except Exception` may swallow it."""


@dataclass(frozen=True)
class Finding:
    """What went wrong in a case: `what` is the same for cases that fail alike."""

    case: int
    document: Document
    what: str
    detail: str


def words_of(files: list[Document]) -> list[str]:
    """Every key and every short text of the files: names that are good somewhere."""
    found: set[str] = set()

    def collect(value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                collect(key)
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)
        elif isinstance(value, str) and len(value) < 40:
            found.add(value)

    for document in files:
        collect(loaded(document.text))
    return sorted(found)


class Fuzz:
    """The cases of a seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.files = documents()
        self.words = words_of(self.files)

    def warm_up(self) -> None:
        """Read every file as it is: what is imported on the way takes longer than a case may."""
        for document in self.files:
            _written(document, document.text)
            read(document)

    def text(self, case: int) -> tuple[Document, bytes]:
        """Which file a case damages, and the damaged text."""
        generator = random.Random(f"{self.seed} {case}")
        document = generator.choice(self.files)
        return document, mutated(document.text, generator, self.words)

    def run(self, case: int) -> tuple[str, list[Finding]]:
        """Read a case in the current folder: `read` or `refused`, and what is wrong with that."""
        document, text = self.text(case)
        end, findings = self._read(case, document, text)
        if end == "hang":  # once more: the machine may have been busy with something else
            end, findings = self._read(case, document, text)
        return end, findings

    def _read(self, case: int, document: Document, text: bytes) -> tuple[str, list[Finding]]:
        path = _written(document, text)
        try:
            with _alarm():
                read(document)
        except UserError as error:
            return "refused", [Finding(case, document, *wrong) for fault in error.faults for wrong in _wrong(fault)]
        except Hang:
            return "hang", [Finding(case, document, "hang", traceback.format_exc())]
        except Exception as error:  # noqa: BLE001 (what is looked for)
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
            return "traceback", [Finding(case, document, where, traceback.format_exc())]
        finally:
            path.unlink()
        return "read", []


def _written(document: Document, text: bytes) -> Path:
    path = Path(document.place)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    return path


def _wrong(fault: Fault) -> Iterator[tuple[str, str]]:
    """What is wrong with a fault."""
    line = str(fault)
    if not (fault.place.file and fault.place.line and fault.place.column):
        yield f"no place: {fault.message[:40]}", line
    if UNSAFE.search(line):
        yield f"unsafe text: {fault.message[:40]!r}", repr(line)
    if len(line) > LONGEST_LINE:
        yield f"long line: {fault.message[:40]!r}", line


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def ring(signum: int, frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    faulthandler.dump_traceback_later(6 * LIMIT_S, exit=True)  # what holds the interpreter hears no signal
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


def run_cases(seed: int, cases: range, report: bool = True) -> tuple[Counter[str], list[Finding]]:
    """Run cases in a folder of their own: how they ended, and every finding."""
    fuzz = Fuzz(seed)
    ends: Counter[str] = Counter()
    findings: list[Finding] = []
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            fuzz.warm_up()
            for case in cases:
                end, found = fuzz.run(case)
                ends[end] += 1
                findings += found
                if report:
                    for one in found:
                        print(_described(one, seed), file=sys.stderr, flush=True)
        finally:
            os.chdir(here)
    return ends, findings


def _described(finding: Finding, seed: int) -> str:
    again = f"python -m tests.fuzz.yaml_files --seed {seed} --only {finding.case}"
    return f"{finding.what} [{finding.document.place}]\n    {again}\n    {finding.detail.strip()[-600:]}"


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="the first case, to share cases among processes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="repeat this case, and show its text")
    options = parser.parse_args()
    if options.only is not None:
        document, text = Fuzz(options.seed).text(options.only)
        print(f"{document.place}:\n{text.decode('utf-8', 'backslashreplace')}")
    cases = (
        range(options.first, options.first + options.cases)
        if options.only is None
        else range(options.only, options.only + 1)
    )
    start = time.monotonic()
    ends, findings = run_cases(options.seed, cases)
    kinds = Counter(one.what for one in findings)
    print(f"{len(cases):,} cases of seed {options.seed} in {time.monotonic() - start:.0f} s: {dict(ends)}")
    for what, count in kinds.most_common():
        print(f"{count:6} {what}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
