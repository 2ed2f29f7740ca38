"""How long a Cityscapes image with instances takes to score: ours and the organisers' code, in turns.

The organisers' package needs an environment of its own (`pip install cityscapesscripts==2.3.0 "numpy<2.4"`): its
python is named by --python, or by the environment variable ARCHSPEC_CITYSCAPES_PYTHON.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
from harness import worker
from harness.command import make_parser, run, tell
from harness.conditions import conditions, load_average
from PIL import Image

from archspec.devices import median
from archspec.errors import user_error
from archspec.reporters import Column, Table

BAR = 5.0
SIZE = (1024, 2048)
INSTANCES = 40
REGIONS = 150
WITH_INSTANCES = (24, 25, 26, 27, 28, 31, 32, 33)
VARIABLE = "ARCHSPEC_CITYSCAPES_PYTHON"
TASKS = {"ours": 0, "ours, one thread": 1}  # threads; 0 is one a processor

OFFICIAL = """
import json, sys, time
import cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling as official
official.args.quiet, official.args.JSONOutput = True, False
pairs = json.load(sys.stdin)
official.evaluateImgLists([pairs[0][1]], [pairs[0][0]], official.args)  # what is imported on the way is not counted
wall, cpu = time.perf_counter(), time.process_time()
found = official.evaluateImgLists([pair[1] for pair in pairs], [pair[0] for pair in pairs], official.args)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
names = ("averageScoreClasses", "averageScoreInstClasses", "averageScoreCategories", "averageScoreInstCategories")
json.dump({"wall_s": wall, "cpu_s": cpu, "scores": [found[name] for name in names]}, sys.stdout)
"""

COLUMNS = (
    Column("what", "What"),
    Column("wall_ms", "An image", "ms", "number", 1),
    Column("cpu_ms", "processor time", "ms", "number", 1),
    Column("ratio", "official / this", "", "number", 1),
    Column("cpu_ratio", "in processor time", "", "number", 1),
    Column("met", f"≥ {BAR:g}×"),
)


def score_speed(arguments: Namespace) -> tuple[Table, bool]:
    """The table; a bar that is missed shows in it, and is no failure of the command. Exits where scores differ."""
    if not arguments.python:
        raise user_error(f"no python with cityscapesscripts is named (--python, {VARIABLE})", "See --help")
    images, rounds = (4, 2) if arguments.quick else (20, 5)
    found: dict[str, list[dict[str, Any]]] = {"cityscapesScripts 2.3.0": [], **{task: [] for task in TASKS}}
    with tempfile.TemporaryDirectory() as folder:
        tell(f"writing {images} images …")
        pairs = write_tree(Path(folder), images)
        loads = []
        for number in range(rounds):
            tell(f"round {number + 1} of {rounds} …")
            loads.append(load_average())
            found["cityscapesScripts 2.3.0"].append(official(arguments.python, pairs))
            for task, threads in TASKS.items():
                found[task].append(worker.ask(__file__, folder, str(threads)))
    first = found["cityscapesScripts 2.3.0"]
    differs = max(
        abs(a - b) for task in TASKS for a, b in zip(found[task][0]["scores"], first[0]["scores"], strict=True)
    )
    if not differs <= 1e-9:
        raise SystemExit(f"the scores differ by {differs}")
    rows = tuple(_row(what, results, first, images) for what, results in found.items())
    notes = conditions(
        images=f"{images} of {SIZE[0]} x {SIZE[1]}, {INSTANCES} instances each, all of labels that are scored",
        how=f"medians over {rounds} rounds, in each a fresh process a row; its imports and first image are not counted",
        ratios="of the same round",
        scores=f"equal to {differs:.0e}",
        load=f"load averages meanwhile {loads}",
    )
    return Table("Scores of Cityscapes with instances", COLUMNS, rows, notes), True


def _row(what: str, results: list[dict[str, Any]], first: list[dict[str, Any]], images: int) -> tuple[Any, ...]:
    wall, cpu = (median([one[key] for one in results]) / images * 1000 for key in ("wall_s", "cpu_s"))
    ratios = [
        median([there[key] / here[key] for here, there in zip(results, first, strict=True)])
        for key in ("wall_s", "cpu_s")
    ]
    if results is first:
        return what, wall, cpu, None, None, ""
    return what, wall, cpu, *ratios, "yes" if ratios[0] >= BAR else "no"


def official(python: str, pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """One pass of theirs in a fresh process."""
    done = subprocess.run(
        [python, "-c", OFFICIAL], input=json.dumps(pairs), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise user_error(f"{python} cannot run cityscapesscripts ({done.stderr.strip()[-200:]})", "See --help")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


# --- the tree ------------------------------------------------------------------------------------------------
def write_tree(folder: Path, images: int) -> list[tuple[str, str]]:
    """Street-like scenes out of ellipses: truth and prediction of each."""
    generator = np.random.default_rng(0)
    pairs = []
    for number in range(images):
        name = f"aachen_{number:06d}_000019"
        truth, instances = _scene(generator)
        predicted = np.roll(truth, 7, axis=1)
        predicted[::97] = 26
        city = folder / "gtFine" / "val" / "aachen"
        files = city / f"{name}_gtFine_labelIds.png", folder / "predictions" / f"{name}.png"
        _save(files[0], truth)
        _save(city / f"{name}_gtFine_instanceIds.png", instances)
        _save(files[1], predicted)
        pairs.append((str(files[0]), str(files[1])))
    return pairs


def _scene(generator: np.random.Generator) -> tuple[Any, Any]:
    labels = np.full(SIZE, 23, np.uint8)
    labels[SIZE[0] // 2 :] = 7
    for _ in range(REGIONS):
        labels[_ellipse(generator, 10, 150)] = generator.integers(0, 34)
    labels[(labels >= 24)] = 21  # instances only where they are counted below
    numbers = labels.astype(np.uint16)
    for count in range(INSTANCES):
        label = int(generator.choice(WITH_INSTANCES))
        here = _ellipse(generator, 10, 100)
        labels[here], numbers[here] = label, label * 1000 + count
    return labels, numbers


def _ellipse(generator: np.random.Generator, smallest: int, largest: int) -> Any:
    top, left = generator.integers(0, SIZE[0]), generator.integers(0, SIZE[1])
    height, width = generator.integers(smallest, largest, 2)
    rows, columns = np.ogrid[: SIZE[0], : SIZE[1]]
    return ((rows - top) / height) ** 2 + ((columns - left) / width) ** 2 < 1


def _save(file: Path, values: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(file)


# --- in a process of its own ---------------------------------------------------------------------------------
def ours(folder: str, threads: int) -> dict[str, Any]:
    """One pass of ours."""
    from archspec.scoring.ground_truth import CityscapesGroundTruth
    from archspec.scoring.metrics import score
    from archspec.scoring.prediction_scores import keep_freed_memory, score_predictions

    keep_freed_memory()  # as the command does
    reference = CityscapesGroundTruth(Path(folder))
    score_predictions(reference, "val", Path(folder) / "predictions", limit=1)  # what is imported on the way
    wall, cpu = time.perf_counter(), time.process_time()
    counts = score_predictions(reference, "val", Path(folder) / "predictions", workers=threads or None).counts
    scores = [score(name, counts) for name in ("miou", "iiou", "category_iou", "category_iiou")]
    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu, "scores": scores}


if __name__ == "__main__":
    if worker.is_worker():
        tree, count_of_threads = worker.worker_arguments()
        worker.answer(ours(tree, int(count_of_threads)))
    else:
        parser = make_parser(__doc__)
        parser.add_argument("--python", default=os.environ.get(VARIABLE), help="one that has cityscapesscripts 2.3.0")
        run(score_speed, parser.parse_args())
