"""A driver that works through evaluations on a Ray cluster and appends each result to a file, until it is killed.

`python -m tests.experiment.ray_driver ADDRESS FOLDER`: the works are the lines of `FOLDER/texts`, which may become more
until there is `FOLDER/enough`. While there is `FOLDER/deaf` it starts works and hears no results.
"""

from __future__ import annotations

import sys
import time
from itertools import count
from pathlib import Path

from archspec.experiment.engines import Work, start_engine
from archspec.measures import Settings
from archspec.spec import Named
from tests.experiment.traced import Traced, lines_of, write_line

LOST = ("lost", "crashed")


def drive(address: str, folder: Path) -> None:
    """Every text until its result is written: what was lost or crashed is begun again."""
    store = folder / "store"
    known = {line.text for line in lines_of(store)}
    running: dict[int, str] = {}
    waiting: list[str] = []
    numbers = count()
    engine = start_engine(4, Traced(str(folder)), Named("ray", {"address": address}))
    write_line(folder / "drivers", "ready")
    while True:
        new = [text for text in (folder / "texts").read_text().splitlines() if text not in known]
        known.update(new)
        waiting += new
        while waiting and engine.free:
            number = next(numbers)
            running[number] = waiting.pop(0)
            engine.start(Work(number, running[number], Settings(())))
        while (folder / "deaf").exists():
            time.sleep(0.1)
        for result in engine.wait(0.5):
            text = running.pop(result.number)
            if result.ended in LOST:
                write_line(folder / "again", f"{text}|{result.ended}: {result.reason}")
                waiting.append(text)
            else:
                pid = result.evaluation.values["pid"] if result.evaluation else None
                write_line(store, f"{text}|{int(pid or 0)}|{time.time()}")
        if not (waiting or running) and (folder / "enough").exists():
            return


if __name__ == "__main__":
    drive(sys.argv[1], Path(sys.argv[2]))
