"""Table 5 of the paper (arXiv:1902.07476) beside what we export: GFLOPs, size of the .tflite, and with --latency ms.

Exits with 1 when a GFLOPs figure is more than 0.02 off, or a size more than 1.5 %.
"""

from __future__ import annotations

from argparse import SUPPRESS, Namespace
from dataclasses import dataclass

from harness.command import make_parser, run, tell
from harness.conditions import conditions
from harness.networks import read_graph, read_network

from archspec.cost import price
from archspec.devices import PRESETS, Latency, Model, measure
from archspec.export import export
from archspec.graph.weights import initialise
from archspec.reporters import Column, Table

GFLOPS_TOLERANCE = 0.02
SIZE_TOLERANCE = 0.015
OVERRIDES = ("input.size=[224,224]", "output_stride=16", "classes=19", "width_multiplier=1.0")


@dataclass(frozen=True)
class Published:
    """One row of the paper's table: phone CPU (Snapdragon 845), one thread, 224 × 224."""

    spec: str
    gflops: float
    megabytes: float
    latency_ms: float


PUBLISHED = (
    Published("shufflenetv2_basic", 0.47, 4.6, 50.9),
    Published("shufflenetv2_dpc", 0.65, 6.0, 64.9),
    Published("mobilenetv2_basic", 1.00, 8.4, 101.5),
    Published("mobilenetv2_dpc", 1.18, 9.9, 116.2),
)

COLUMNS = (
    Column("network", "Network"),
    Column("gflops", "GFLOPs", "", "number", 3),
    Column("gflops_published", "Published", "", "number", 2),
    Column("gflops_ratio", "Ratio", "", "number", 3),
    Column("mb_fresh", "Fresh .tflite", "MB", "number", 3),
    Column("mb_trained", "Trained .tflite", "MB", "number", 3),
    Column("mb_published", "Published", "MB", "number", 1),
    Column("mb_ratio", "Ratio", "", "number", 3),
    Column("within", "Within"),
)
LATENCY_COLUMNS = (
    Column("latency_ms", "Host median", "ms", "number", 2),
    Column("latency_ratio", "To the first row", "", "number", 2),
    Column("latency_published", "Phone", "ms", "number", 1),
    Column("latency_ratio_published", "To the first row", "", "number", 2),
)


@dataclass(frozen=True)
class Ours:
    """What we make of one row."""

    gflops: float
    fresh: bytes
    trained: bytes


def build(spec: str) -> Ours:
    """Cost and two float32 exports: fresh weights, and batch-norm statistics as after training."""
    network, graph = read_network(spec, OVERRIDES), read_graph(spec, OVERRIDES)
    gflops = price(graph, classes=network.classes, output_stride=network.output_stride).gflops
    fresh, trained = (export(graph, initialise(graph, 0, one)).data for one in ("fresh", "random"))
    return Ours(gflops, fresh, trained)


def table5(arguments: Namespace) -> tuple[Table, bool]:
    """The table, and whether every row is within its tolerances."""
    rows = []
    ours = [build(published.spec) for published in PUBLISHED]
    latencies = host_latencies(ours, arguments) if arguments.latency else ()
    for number, (published, made) in enumerate(zip(PUBLISHED, ours, strict=True)):
        row = _row(published, made)
        rows.append((*row, *_latency_cells(published, latencies[number])) if latencies else row)
    notes = conditions(
        what="224 × 224, output stride 16, 19 classes, float32, seed 0; MB = 10⁶ bytes of the whole file",
        weights="fresh: as initialised; trained: random batch-norm statistics, so that no folded bias is zero",
        within=f"GFLOPs ± {GFLOPS_TOLERANCE}, both sizes ± {SIZE_TOLERANCE:.1%} of the published figure",
        published="arXiv:1902.07476, Table 5: GFLOPs, MB, and ms of one thread of a Snapdragon 845",
    )
    if latencies:
        notes += (f"latency: {_latency_note(latencies[0])}",)
    columns = COLUMNS + (LATENCY_COLUMNS if latencies else ())
    passed = all(row[len(COLUMNS) - 1] == "yes" for row in rows)
    return Table("Table 5, ours beside the published", columns, tuple(rows), notes), passed


def _row(published: Published, made: Ours) -> tuple[str | float, ...]:
    sizes = [len(data) / 1e6 for data in (made.fresh, made.trained)]
    faults = []
    if abs(made.gflops - published.gflops) > GFLOPS_TOLERANCE:
        faults.append("GFLOPs")
    if any(abs(size / published.megabytes - 1) > SIZE_TOLERANCE for size in sizes):
        faults.append("MB")
    return (
        published.spec,
        made.gflops,
        published.gflops,
        made.gflops / published.gflops,
        *sizes,
        published.megabytes,
        sizes[1] / published.megabytes,
        f"no: {', '.join(faults)}" if faults else "yes",
    )


def host_latencies(ours: list[Ours], arguments: Namespace) -> tuple[Latency, ...]:
    """All four in turns on this machine, one thread."""
    procedure = "quick" if arguments.quick else arguments.procedure
    tell(f"measuring latency ({procedure}) …")
    models = [Model.of(made.trained, published.spec) for published, made in zip(PUBLISHED, ours, strict=True)]
    return measure(models, procedure=procedure, reference=0)


def _latency_cells(published: Published, latency: Latency) -> tuple[float, ...]:
    return (
        latency.median_ms,
        latency.paired_ratio,
        published.latency_ms,
        published.latency_ms / PUBLISHED[0].latency_ms,
    )


def _latency_note(latency: Latency) -> str:
    steps = latency.procedure
    runtime = f"host, LiteRT {latency.system.version}, {latency.system.delegate}, {latency.threads} thread"
    turns = f"{steps.rounds} rounds of {steps.runs_per_round} runs in turns"
    return f"{runtime}; {steps.name}: warm-up {steps.warmup_s:g} s, {turns}; ratios are paired, round by round"


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--latency", action="store_true", help="also measure all four on this machine, in turns")
    parser.add_argument("--procedure", choices=sorted(PRESETS), default="default", help="how latency is measured")
    parser.add_argument("--preset", dest="procedure", choices=sorted(PRESETS), help=SUPPRESS)
    run(table5, parser.parse_args())
