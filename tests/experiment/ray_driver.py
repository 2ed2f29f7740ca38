"""A driver that works through evaluations on a Ray cluster and appends each result to a file, until it is killed.

`python -m tests.experiment.ray_driver ADDRESS FOLDER TEXT...`; with the file `FOLDER/deaf` it starts works and hears no
results.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from archspec.experiment.engines import Work, start_engine
from archspec.measures import Settings
from archspec.spec import Named
from tests.experiment.traced import Traced, lines_of, write_line

LOST = ("lost", "crashed")


def drive(address: str, folder: Path, texts: list[str]) -> None:
    """Every text until its result is written: what was lost or crashed is begun again."""
    store = folder / "store"
    written = {line.text for line in lines_of(store)}
    waiting = [number for number, text in enumerate(texts) if text not in written]
    running: set[int] = set()
    engine = start_engine(4, Traced(str(folder)), Named("ray", {"address": address}))
    write_line(folder / "drivers", "ready")
    while waiting or running:
        while waiting and engine.free:
            number = waiting.pop(0)
            engine.start(Work(number, texts[number], Settings(())))
            running.add(number)
        while (folder / "deaf").exists():
            time.sleep(0.1)
        for result in engine.wait(0.5):
            running.discard(result.number)
            if result.ended in LOST:
                write_line(folder / "again", f"{texts[result.number]}|{result.ended}: {result.reason}")
                waiting.append(result.number)
            else:
                pid = result.evaluation.values["pid"] if result.evaluation else None
                write_line(store, f"{texts[result.number]}|{int(pid or 0)}|{time.time()}")


if __name__ == "__main__":
    drive(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
