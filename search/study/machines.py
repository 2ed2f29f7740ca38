"""A study that machines share, joined from another than the one that began it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archspec.errors import nearest, user_error
from archspec.ledger import Ledger
from archspec.search.progress import SearchResult
from archspec.search.store import check_shared, open_store
from archspec.search.study.progress import StudyProgress
from archspec.search.study.run import StudyRun
from archspec.search.study.study_file import parse_study


def joined(
    storage: str,
    name: str | None,
    *,
    root: Path,
    ledger: str = "",
    data: tuple[str, ...] = (),
    plugins: tuple[Path, ...] = (),
) -> StudyRun:
    """The study `name` of a shared database, to be run here.

    Raises `UserError` for a database of one machine, for a study that is not there, and where data, specs or weights
    on this machine are others than those it was begun with.
    """
    from archspec.catalog import Catalog

    check_shared(storage)
    store = open_store(storage)
    try:
        known = {one.name: one for one in store.studies()}
    finally:
        store.close()
    if name is None and len(known) == 1:
        name = next(iter(known))
    if name is None or name not in known:
        fact = f"no study '{name}' in this database" if name else f"this database holds {len(known)} studies"
        listed = ", ".join(known) or "none: begin one with archspec search FILE --storage URL"
        raise user_error(fact, (nearest(name, known) if name else "") or f"Write --study NAME. There are: {listed}")
    study = parse_study(known[name].definition, file="study.yaml", catalog=Catalog(plugins))
    run = StudyRun(replace(study, data=data) if data else study, root, storage, ledger, plugins)
    if run.name != name:
        fact = f"here it is another study, {run.name}, not {name}: data or weights differ"
        raise user_error(fact, "Give this machine the same data (--data NAME:DIR) and files")
    return run


def join(run: StudyRun, progress: StudyProgress) -> SearchResult:
    """Evaluate candidates until the budget of the whole study is spent. Raises `UserError`, `KeyboardInterrupt`."""
    run.check()
    with run.opened() as store, Ledger.open(run.ledger_url) as ledger:
        settings = run.prepared(progress)
        return run.search(store, ledger, settings, progress, join=True).run()
