"""`archspec reproduce`: every published cost of the bundled networks beside ours."""

from __future__ import annotations

from pathlib import Path

import click

from archspec.cli._options import catalog, format_option, output_option, plugins_option, put_table


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@plugins_option
@format_option
@output_option
def reproduce(files: tuple[Path, ...], plugins: tuple[Path, ...], reporter: str, output: Path | None) -> None:
    """Print published costs of networks beside those computed here, each with its image size, classes and convention.

    FILEs hold claims as specs/published/*.yaml do, which are the default. The command exits with 1 when a figure
    differs by more than 2 %, and in the decimals it is printed with, without a stated reason.
    """
    from archspec.network.published import TOLERANCE, bundled_claims, find, read_claims
    from archspec.reporters import Column, Table

    folder = catalog(plugins)
    claims = tuple(claim for path in (files or bundled_claims()) for claim in read_claims(path))
    findings = list(find(claims, folder))
    columns = (
        Column("paper", "paper", detail=True),
        Column("where", "where", wraps=True, detail=True),
        Column("network", "network"),
        Column("input", "input", detail=True),
        Column("classes", "classes", kind="integer", detail=True),
        Column("metric", "metric"),
        Column("published", "published", kind="number"),
        Column("computed", "computed", kind="number", digits=3),
        Column("difference", "difference", "%", "number", 1, detail=True),
        Column("verdict", "verdict"),
        Column("reason", "why it differs", wraps=True, detail=True),
        Column("convention", "published convention", wraps=True, detail=True),
    )
    rows = tuple(
        (
            finding.claim.paper,
            finding.claim.where,
            finding.claim.network,
            f"{finding.claim.input_size[0]} x {finding.claim.input_size[1]}",
            finding.claim.classes,
            finding.claim.metric,
            finding.claim.published,
            finding.computed,
            None if finding.difference is None else 100 * finding.difference,
            finding.verdict,
            None if finding.reproduced else finding.claim.reason or None,
            finding.claim.convention,
        )
        for finding in findings
    )
    notes = (
        "ours: gflops = 2 x GMACs; tflite_mb predicted, float32; params trainable",
        "gflops_unread_too: with layers that published code makes and nothing reads; params_float16_mib: 2 bytes each",
        "gmacs_and_batch_norm: two operations an element of batch norm as well, as PyTorch's counters have it",
        f"reproduced: within {TOLERANCE:.0%} of the published figure, or equal to the decimals it is printed with",
        "explained: why it cannot be is known (--wide)",
    )
    put_table(Table("", columns, rows, notes), reporter, output)
    if not all(finding.holds for finding in findings):
        raise click.exceptions.Exit(1)
