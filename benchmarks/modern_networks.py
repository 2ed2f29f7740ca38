"""Networks of 2022 and later: published and computed parameters and multiply-adds, sizes of the .tflite, operators.

Exits with 1 when a published figure is missed without a stated reason (specs/published/), or a file has an operator
that is not built in.
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass

from harness.command import make_parser, run, tell
from harness.conditions import conditions
from harness.networks import CATALOG, read_graph, read_network

from archspec.cost import price
from archspec.export import Exported, export
from archspec.graph.weights import initialise
from archspec.network.published import Claim, Finding, bundled_claims, find, read_claims
from archspec.reporters import Column, Table

NETWORKS = (
    "topformer_tiny",
    "topformer_base",
    "seaformer_tiny",
    "seaformer_small",
    "pp_mobileseg_tiny",
    "efficientvit_b0",
    "segnext_tiny",
    "pidnet_s",
    "shufflenetv2_fpn",
)
QUICK_SIZE = "128 × 128"
QUICK = ("input.size=[128,128]",)
NOT_BUILT_IN = ("CUSTOM", "UNKNOWN")
PARAMS, MACS = ("params_m",), ("gmacs", "gmacs_and_batch_norm")

COLUMNS = (
    Column("network", "Network"),
    Column("input", "Input"),
    Column("classes", "Classes", "", "integer"),
    Column("params_published", "Published params", "M"),
    Column("params", "Params", "", "integer"),
    Column("gmacs_published", "Published MACs", "G"),
    Column("gmacs_batch_norm", "With batch norm", "G", "number", 3),
    Column("gmacs", "MACs", "G", "number", 3),
    Column("float32_mb", "float32 .tflite", "MB", "number", 2),
    Column("int8_mb", "int8 .tflite", "MB", "number", 2),
    Column("operators", "Operators", "", "integer"),
    Column("built_in", "All built in"),
)


@dataclass(frozen=True)
class Published:
    """What is published of one network at its own size."""

    params: str = ""
    gmacs: str = ""
    holds: bool = True


def published(network: str, input_size: tuple[int, int], findings: list[Finding]) -> Published:
    """The figures as they are printed; one that is not met has a star, since its reason is in its claim."""
    ours = [one for one in findings if one.claim.network == network and one.claim.input_size == input_size]

    def printed(metrics: tuple[str, ...]) -> str:
        found = [one for one in ours if one.claim.metric in metrics]
        return ", ".join(f"{_figure(one.claim)}{'' if one.reproduced else '*'}" for one in found)

    return Published(printed(PARAMS), printed(MACS), all(one.holds for one in ours))


def _figure(claim: Claim) -> str:
    return f"{claim.published:g}" if claim.decimals is None else f"{claim.published:.{claim.decimals}f}"


def modern_networks(arguments: Namespace) -> tuple[Table, bool]:
    """The table, and whether every figure holds and every operator is built in."""
    names = arguments.networks or NETWORKS
    claims = tuple(claim for path in bundled_claims() for claim in read_claims(path) if claim.network in names)
    findings = list(find(claims, CATALOG))
    rows, passed = [], True
    for name in names:
        tell(f"{name} …")
        row, good = _row(name, findings, arguments.quick)
        rows.append(row)
        passed &= good
    size = QUICK_SIZE if arguments.quick else "the input"
    notes = conditions(
        what="batch 1, 1 multiply-add = 1 MAC, products of two activations counted; MB = 10⁶ bytes of the whole file",
        files=f"written for {size}, freshly initialised, seed 0; int8 by synthetic images",
        published="as printed (archspec reproduce has places and conventions); * not met, the reason is in its claim",
        with_batch_norm="two operations an element of batch norm added, as PyTorch's counters (fvcore, mmcv) have it",
    )
    return Table("Networks of 2022 and later", COLUMNS, tuple(rows), notes), passed


def _row(name: str, findings: list[Finding], quick: bool) -> tuple[tuple[str | int | float, ...], bool]:
    network, graph = read_network(name), read_graph(name)
    sheet = price(graph, classes=network.classes, output_stride=network.output_stride)
    normed = sum(node.output.elements for node in graph.nodes if type(node.layer).__name__ == "BatchNormalization")
    written = read_graph(name, QUICK) if quick else graph
    weights = initialise(written)
    files: list[Exported] = [export(written, weights, precision=precision) for precision in ("float32", "int8")]
    codes = {code for one in files for code in one.census.operations}
    built_in = not any(code.startswith(NOT_BUILT_IN) for code in codes)
    figures = published(name, network.input_size, findings)
    height, width = network.input_size
    cells = (
        name,
        f"{height} × {width}",
        network.classes,
        figures.params,
        sheet.params,
        figures.gmacs,
        sheet.gmacs + 2 * normed / 1e9,
        sheet.gmacs,
        *(one.size_bytes / 1e6 for one in files),
        sum(files[0].census.operations.values()),
        "yes" if built_in else "no",
    )
    return cells, built_in and figures.holds


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("networks", nargs="*", metavar="SPEC", help=f"bundled names (default: {' '.join(NETWORKS)})")
    run(modern_networks, parser.parse_args())
