"""What an experiment hands to an engine: one measure a work, and never two works of one training at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from archspec.experiment import Experiment
from archspec.experiment import experiment as room
from archspec.experiment.engines import AtWork, Work, WorkResult
from archspec.ledger import Ledger
from archspec.measures import Evaluation, Settings
from archspec.network import Network
from tests.measures.measured import planted
from tests.train.tiny import spec

__all__ = ["planted"]
METRICS = ("synflow", "naswot")


@dataclass
class Failing:
    """An engine of many places, where every evaluation fails with the names of what it was asked."""

    running: list[Work] = field(default_factory=list)
    started: list[Work] = field(default_factory=list)
    free: int = 9
    at_work: tuple[AtWork, ...] = ()
    messages: tuple[str, ...] = ()

    def start(self, work: Work) -> None:
        alike = (work.spec_text, work.settings.seed)
        assert alike not in [(one.spec_text, one.settings.seed) for one in self.running]
        self.running.append(work)
        self.started.append(work)

    def wait(self, seconds: float) -> Iterator[WorkResult]:
        work = self.running.pop(0)
        yield WorkResult(work.number, Evaluation({}, fault=f"no {', '.join(work.settings.metrics)}"))

    def stop(self) -> None: ...


def test_a_measure_that_fails_takes_no_other_along(
    planted: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Failing()
    monkeypatch.setattr(room, "start_engine", lambda *_: engine)
    entries: Any = tuple(
        SimpleNamespace(name=name, network=Network(spec(f"head.filters={filters}")), precision="float32")
        for name, filters in (("one", 5), ("two", 6))
    )
    progress: Any = SimpleNamespace(measuring=lambda *_: None, timing=lambda *_: None, at_work=lambda *_: None)
    experiment = Experiment(entries, METRICS, planted, seeds=(0, 1))
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        samples = experiment.run(ledger, progress).samples
    assert {where: one.fault for where, one in samples.items()} == {
        (name, metric): f"no {metric}" for name in ("one", "two") for metric in METRICS
    }
    assert len(engine.started) == 8
