"""What a training leaves behind in its process: memory after each of several trainings, one after the other.

Each trains the same spec with another seed, on the same data: once on batches of decoded images, once on the cached
features of a frozen part. The bar is on the memory after the last over that after the second: the first two load
libraries and fill their pools.
"""

from __future__ import annotations

import gc
import tempfile
import threading
from argparse import Namespace
from pathlib import Path
from typing import Any

from harness import worker
from harness.command import make_parser, run, tell
from harness.conditions import conditions
from harness.networks import CATALOG

from archspec.reporters import Column, Table

KINDS = {"images": "decoded images", "features": "cached features of a frozen backbone"}
RECIPES = {"images": "synthetic_quick", "features": "proxy_cached"}
BAR_MB = 100.0
FIRST = 2  # trainings before memory is compared
COLUMNS = (
    Column("what", "Trained on"),
    Column("second_mb", "After the second", "MB", "number", 0),
    Column("last_mb", "After the last", "MB", "number", 0),
    Column("more_mb", "More", "MB", "number", 0),
    Column("threads", "Threads of batches left", "", "integer"),
    Column("met", f"≤ {BAR_MB:g} MB more"),
)


def training_memory(arguments: Namespace) -> tuple[Table, bool]:
    """The table, and whether both kinds stay below the bar."""
    count = 3 if arguments.quick else arguments.trainings
    rows, passed = [], True
    for kind, what in KINDS.items():
        tell(f"{count} trainings on {what} …")
        found = worker.ask(__file__, kind, str(count), arguments.spec, arguments.data, str(arguments.steps))
        resident = found["resident_mb"]
        more = resident[-1] - resident[FIRST - 1]
        good = more <= BAR_MB and not found["threads"]
        passed = passed and good
        rows.append((what, resident[FIRST - 1], resident[-1], more, found["threads"], "yes" if good else "no"))
    notes = conditions(
        trainings=f"{count} of {arguments.spec} in one process, seeds 0 to {count - 1}, {arguments.steps} steps each",
        data=arguments.data,
        memory="resident set (VmRSS) after a garbage collection",
    )
    return Table("Memory that trainings leave behind", COLUMNS, tuple(rows), notes), passed


# --- in a process of its own ---------------------------------------------------------------------------------
def trained(kind: str, count: int, spec: str, data: str, steps: int) -> dict[str, Any]:
    """Resident megabytes after each training, and threads of batches that are left after the last."""
    from archspec.datasets import open_dataset
    from archspec.spec import load
    from archspec.train import Order, Training, load_recipe

    resident = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            recipe = load_recipe(RECIPES[kind], ["augmentation.crop=[96,128]", "validation.images=4"], steps=steps)
            order = Order(load(spec, catalog=CATALOG), recipe, {data: open_dataset(data)}, seed)
            Training(order, Path(folder)).train()
            del order
            gc.collect()
            resident.append(_resident_mb())
            tell(f"  {kind} {seed + 1}: {resident[-1]:.0f} MB")
    left = [one for one in threading.enumerate() if one.name.startswith("archspec-batches")]
    return {"resident_mb": resident, "threads": len(left)}


def _resident_mb() -> float:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    if worker.is_worker():
        kind, count, spec, data, steps = worker.worker_arguments()
        worker.answer(trained(kind, int(count), spec, data, int(steps)))
    else:
        parser = make_parser(__doc__)
        parser.add_argument("spec", nargs="?", default="camvid_shufflenetv2_05", help="a bundled name or a file")
        parser.add_argument("--data", default="synthetic_streets", help="NAME or NAME:DIR")
        parser.add_argument("--trainings", type=int, default=12, help="how many in one process")
        parser.add_argument("--steps", type=int, default=10, help="of each")
        run(training_memory, parser.parse_args())
