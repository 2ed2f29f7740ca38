"""`ablate`: what each change of a network costs and brings, as a table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.ablation import chosen, load_ablation
from archspec.ablation.run import AblationResult, AblationRun
from archspec.api.networks import Plugins, changes_of, names, unguarded, written
from archspec.catalog import Catalog
from archspec.ledger import default_ledger
from archspec.record import check_folder
from archspec.spec import Changes, Written

if TYPE_CHECKING:
    from archspec.devices import Progress as Rounds
    from archspec.experiment import AtWork, ExperimentProgress


class SilentExperiment:
    """Hears how far an experiment is, and is silent."""

    def message(self, text: str) -> None:
        """Nothing."""

    def measuring(self, what: str, done: int, total: int) -> None:
        """Nothing."""

    def at_work(self, several: Mapping[str, AtWork]) -> None:
        """Nothing."""

    def timing(self, progress: Rounds) -> None:
        """Nothing."""


def ablate(
    ablation: Written,
    overrides: Changes = (),
    *,
    rows: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    data: str | Sequence[str] = (),
    weights: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    workers: int | None = None,
    engine: str | None = None,
    procedure: str | None = None,
    correct: str | None = None,
    update: bool = False,
    output: str | os.PathLike[str] = "runs",
    ledger: str = "",
    plugins: Plugins = (),
    progress: ExperimentProgress | None = None,
) -> AblationResult:
    """Compare changes of a network with the network itself; only what the ledger does not have is measured.

    Args:
        ablation: a path, the name of a bundled ablation, YAML text, or a mapping with its keys (`base`, `variants`,
            `grid`, `one_at_a_time`, `leave_one_out`, `metrics`, …), in which the base may be a `Network`.
        overrides: changes of every row's spec, as of `archspec.load`.
        rows, seeds, data: only these rows, and the base; other seeds; what to train on, `"NAME:FOLDER"`.
        weights: what every row starts from: a file, or `{"file": FILE, "format": FORMAT}`.
        workers, engine: trainings at a time on this machine; or a Ray cluster (`"auto"`, `"ray://HOST:10001"`).
        procedure: how latency is measured (`"quick"`, `"default"` or `"paper"`).
        correct: how p is corrected for the number of rows: `"none"` or `"holm"`.
        update: measure again what the ledger has.
        output, ledger: where trainings go, and where measured numbers are kept; else `ledger.db` in `output`.
        plugins, progress: folders of your own blocks, measures, …; what is called back while it works.

    Returns:
        The table: `to_frame()` (one column for each number, nothing rounded), `to_markdown()`, `to_latex()`. Printed
        and in a notebook it has one cell for each metric, with spread, difference and whether that is noise.

    Raises:
        UserError: with every fault of the ablation, before anything slow. KeyboardInterrupt: what was done is kept.

    Example:
        >>> import archspec
        >>> result = archspec.ablate({
        ...     "name": "heads", "base": "shufflenetv2_dpc", "variants": {"basic": {"head": "basic"}},
        ...     "metrics": ["params", "gflops"],
        ... })
        >>> result.to_frame()[["row", "params"]].values.tolist()
        [['shufflenetv2_dpc', ...], ['basic', ...]]
    """
    changes = changes_of(overrides, weights)
    catalog = Catalog(tuple(map(Path, plugins)))
    found = chosen(
        load_ablation(written(ablation), overrides=changes, catalog=catalog),
        rows=rows, seeds=None if seeds is None else tuple(seeds), data=names(data), workers=workers,
        engine=engine, procedure=procedure, correct=correct,
    )  # fmt: skip
    check_folder(Path(output))
    run = AblationRun(found, ledger or default_ledger(output), Path(output), catalog.plugins)
    with unguarded():
        return run.run(progress or SilentExperiment(), update=update)
