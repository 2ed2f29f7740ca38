"""What each command shows on a terminal: calls of it, or its own tables of values made by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from archspec.cli._options import put_table
from archspec.record import Record
from tests.cli.runner import run
from tests.cli.test_search import STUDY
from tests.devices.tiny_model import tiny_tflite
from tests.scoring.cityscapes_trees import save
from tests.scoring.segmenters import write_tflite

Case = Sequence[str] | Callable[[Path], None]

SPEC = "extends: camvid_shufflenetv2_05\nname: a_network_with_a_long_name_%s\ninput: {size: [64, 96]}\n"
GRID = (
    "name: grid\nbase: shufflenetv2_dpc\nseeds: [0, 1, 2]\ndata: synthetic_streets\nrecipes: {miou: camvid_heads}\n"
    "grid: {width_multiplier: [0.5, 1.0], output_stride: [8, 16], head.filters: [128, 256]}\n"
    "compare_with: 'width_multiplier=1.0, output_stride=16, head.filters=256'\n"
    "metrics: [params, gflops, peak_memory_mb, latency_ms, miou]\n"
)
NO_TABLE = {
    "check",
    "schema",
    "report",
    "export",
    "worker",
    "data show",
    "ledger export",
    "ledger import",
    "ledger migrate",
}
FOUR = ("shufflenetv2_basic", "shufflenetv2_dpc", "mobilenetv2_basic", "mobilenetv2_dpc")


def workspace(folder: Path) -> Path:
    """Two tiny specs and their builds, `.tflite` files, a study, an ablation, ledgers, a data set, weights."""
    from archspec.ledger import Ledger

    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text(SPEC % name)
        built = run("build", str(folder / f"{name}.yaml"), "--no-keras", "--latency", "none",
                    "--output", str(folder / "runs"), "--format", "json")  # fmt: skip
        (folder / f"{name}.tflite").write_bytes(Path(built.json()["tflite_path"]).read_bytes())
    (folder / "add.tflite").write_bytes(tiny_tflite())
    (folder / "study.yaml").write_text(STUDY)
    (folder / "grid.yaml").write_text(GRID)
    for number in (1, 2):
        with Ledger.open(folder / f"ledger{number}.db") as ledger:
            ledger.add([
                Record(f"{number}{one}" * 12, metric, 1234.56789 * one, "ms", f"a_network_of_{one}", "",
                       {"device": "host", "data": "camvid", "image_sizes": "360x480", "seed": one},
                       time="2026-01-01T00:00:00Z")
                for one in range(6) for metric in ("latency_ms", "frequency_weighted_iou")
            ])  # fmt: skip
    generator = np.random.default_rng(0)
    for number in range(2):
        save(folder / "camvid" / "val" / f"{number}.png", generator.integers(0, 256, (24, 32, 3)).astype(np.uint8))
        save(folder / "camvid" / "valannot" / f"{number}.png", generator.integers(0, 12, (24, 32)).astype(np.uint8))
    write_tflite(folder / "scored.tflite")
    _write_weights(folder)
    return folder


def _write_weights(folder: Path) -> None:
    from archspec.catalog import Catalog
    from archspec.graph.weights import initialise
    from archspec.network import Network
    from archspec.weights import save_weights

    graph = Network.load(str(folder / "one.yaml"), (), catalog=Catalog()).graph
    save_weights(folder / "weights.npz", initialise(graph), graph, spec=str(folder / "one.yaml"))


def _ablation(folder: Path) -> None:
    from archspec.ablation import load_ablation
    from archspec.ablation.run import AblationResult
    from archspec.ablation.tables import people_table
    from archspec.experiment import Sample
    from archspec.measures import Ratio

    ablation = load_ablation(str(folder / "grid.yaml"))
    readings, ratios = {}, {}
    for number, row in enumerate(ablation.rows):
        for metric in ablation.metrics:
            seeds: Sequence[int | None] = (0, 1, 2) if metric == "miou" else (None,)
            value = 1234567 + number if metric == "params" else 0.5 + number / 7
            readings[row.name, metric] = Sample({seed: Record("h", metric, value + (seed or 0) / 90) for seed in seeds})
        ratios[row.name] = Ratio(1 + number / 10, 0.9 + number / 10, 1.1 + number / 10)
    put_table(people_table(AblationResult(ablation, readings, {}, {}, ratios)), "table", None)


def _build(folder: Path) -> None:
    """What it says when a device and Keras were asked too; before that it is a case of its own."""
    from archspec.cli.build import BuildReport
    from archspec.export import Equality
    from tests.devices.test_records import A

    equal = Equality(8, 1.2e-6, 123.4, 0.99987)
    agreement = SimpleNamespace(file=equal, trained_statistics=replace(equal, snr_db=float("inf")))
    build: Any = SimpleNamespace(latency=A, timed=None, agreement=agreement)
    report = BuildReport(build, "table", sys.stdout)
    report.latency()
    report.agreement()


def _calibration(folder: Path) -> None:
    from archspec.predictor import Accuracy, calibration_table

    conditions = SimpleNamespace(device="host", cpu="A processor of 64 cores", runtime="LiteRT", version="2.3.0",
                                 threads=1, precision="float32")  # fmt: skip
    factors = {f"OPERATOR_{number}": 1 + number / 7 for number in range(24)}
    table: Any = SimpleNamespace(conditions=conditions, entries=[1] * 900, accuracy=None, like="",
                                 correction=SimpleNamespace(factors=factors, networks=60))  # fmt: skip
    assert Accuracy
    put_table(calibration_table([(table, Path("latency.json"))]), "table", None)


def _prediction(folder: Path) -> None:
    from tests.cli.test_latency import _table_of_this_machine

    spec = str(folder / "one.yaml")
    table = _table_of_this_machine(folder / "table.json", spec)
    assert run_here("latency", "--predict", spec, spec, "--table", str(table)) == 0


def _explain(folder: Path) -> None:
    from archspec.explain.answer import Answer, Names
    from archspec.explain.explanation import Asked, ClassMap, Inside

    where = Inside(1234, 0.1234, 0.5678, True)
    maps = (ClassMap(0, None, -123.456, where, where), ClassMap(1, None, None, where, None, "no pixel is predicted"))
    rows: Any = [SimpleNamespace(picture=SimpleNamespace(name=f"a_street_{one}.png"), maps=maps) for one in range(3)]
    opened: Any = SimpleNamespace(name="a run", weights_said="its own", notes=())
    names = Names(("road", "pedestrian crossing"), ((0, 0, 0), (1, 1, 1)))
    answer = Answer("run", opened, Asked("gradcam", "head", (0, 1)), names, rows, Path("explain.png"))
    put_table(answer.table(for_people=True), "table", None)


def _shown(folder: Path) -> None:
    """A study that was searched before."""
    searched = run("search", "study.yaml", "--trials", "3", "--output", "shown", "--format", "json")
    assert searched.code == 0, searched.err
    (study,) = (folder / "shown").glob("small-*")
    assert run_here("search", "show", str(study)) == 0


def _front(folder: Path) -> None:
    """A front of which everything was measured afterwards."""
    from archspec.search.study import front_table

    searched = ("short_miou", "predicted_latency_ms", "params", "gflops", "peak_memory_mb")
    after = ("miou", "latency_ms")
    networks = [
        SimpleNamespace(
            name=str(number), beside=False, trial=number + 40, found=f"trial {number + 40}", ratio=None,
            values=dict.fromkeys(searched, 1234 + number),
            measured={one: SimpleNamespace(mean=0.6 + number, spread=0.01 * number, values=(1, 2), fault="")
                      for one in after},
        )
        for number in range(6)
    ]  # fmt: skip
    goals = [SimpleNamespace(name=name, direction="minimize") for name in searched[:2]]
    study = SimpleNamespace(searched=searched, front=SimpleNamespace(metrics=after, base=""), objectives=goals)
    still = {str(number): number % 2 == 0 for number in range(6)}
    outcome: Any = SimpleNamespace(study=study, networks=networks, still_on_front=lambda: still,
                                   front=networks, drawn=(), names={},
                                   result=SimpleNamespace(front=networks, trials=()))  # fmt: skip
    put_table(front_table(outcome), "table", None)


def _train(folder: Path) -> None:
    from archspec.cli.train import put_result
    from archspec.train import TrainingResult

    metrics = {"val_iou": {"road": 0.91234, "sign symbol": 0.1}, "val_miou": 0.5, "val_images": 101}
    run_of: Any = SimpleNamespace(folder=folder)
    put_result(TrainingResult(run_of, "finished", {"metrics": metrics}, fresh=True))


def _packed(folder: Path) -> None:
    from archspec.datasets import packed_table

    files = [folder / name for name in ("one.yaml", "one.tflite")]
    put_table(packed_table("camvid:camvid", folder, {"train": files}), "table", None)


def run_here(*arguments: str) -> int:
    """A command whose output goes to the streams as they are; its exit code."""
    from archspec.cli import main

    try:
        main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


CASES: dict[str, list[Case]] = {
    "list": [["list"], ["list", "specs"], ["list", "blocks", "recipes"]],
    "cost": [["cost", FOUR[0]], ["cost", *FOUR], ["cost", *FOUR, "enet", "bisenetv2"],
             *(["cost", FOUR[1], "--by", by] for by in ("section", "block", "layer")), ["cost", FOUR[1], "--by-line"],
             ["cost", "scored.tflite"], ["cost", "scored.tflite", FOUR[0]], ["cost", "scored.tflite", "--layers"]],
    "diff": [["diff", FOUR[0], FOUR[1]], ["diff", FOUR[0], "scored.tflite"],
             ["diff", FOUR[0], FOUR[0], "--set-b", "output_stride=8", "--all"]],
    "show": [["show", FOUR[1], "--as", "tree"], ["show", FOUR[1], "--as", "tree", "--layers"]],
    "build": [["build", "one.yaml", "--no-keras", "--latency", "none", "--output", "built"], _build],
    "latency": [["latency", "add.tflite", "one.tflite", "--procedure", "quick", "--threads", "1,2"],
                ["latency", "one.tflite", "--procedure", "quick"], _prediction, _calibration],
    "profile": [["profile", "one.tflite", "--by", "layer"], ["profile", "one.yaml"]],
    "delegates": [["delegates", "one.yaml"], ["delegates", "one.yaml", "two.yaml", "add.tflite"]],
    "devices": [["devices"]],
    "devices check": [["devices", "check", "host"]],
    "doctor": [["doctor"]],
    "data list": [["data", "list"]],
    "data check": [["data", "check", "camvid:camvid"]],
    "data pack": [_packed],
    "train": [_train],
    "evaluate": [["evaluate", "scored.tflite", "--data", "camvid:camvid", "--boundary"],
                 ["evaluate", *["scored.tflite"] * 5, "--data", "camvid:camvid"]],
    "predict": [["predict", "scored.tflite", "camvid/val", "--output", "predicted", "--data", "camvid"]],
    "explain": [_explain],
    "weights show": [["weights", "show"], ["weights", "show", "weights.npz"]],
    "weights import": [["weights", "import", "weights.npz", "two.yaml", "--only", "backbone", "--output", "new.npz"],
                       ["weights", "import", "weights.npz", "two.yaml", "--every", "--output", "new.npz"]],
    "space": [["space", "width_stride_head", "--limit", "gflops=0.5"]],
    "search": [["search", "study.yaml", "--output", "searches"]],
    "search show": [_shown, _front],
    "ablate": [["ablate", "grid.yaml", "--dry-run"], _ablation],
    "compare": [["compare", "runs/one", "runs/two"]],
    "reproduce": [["reproduce"]],
    "ledger info": [["ledger", "info", "--ledger", "ledger1.db"]],
    "ledger query": [["ledger", "query", "--ledger", "ledger1.db"]],
    "ledger prune": [["ledger", "prune", "--ledger", "ledger1.db", "--metric", "latency_ms"]],
    "ledger merge": [["ledger", "merge", "ledger1.db", "ledger2.db", "--into", "ledger3.db"]],
}  # fmt: skip
