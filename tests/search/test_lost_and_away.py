"""What an engine says of the machines, not of a candidate: a work that was lost, a device that does not answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from archspec.experiment.engines import AtWork, Evaluator, Work, WorkResult, evaluated
from archspec.measures import Settings
from archspec.search import session
from archspec.search.driver import Search
from archspec.search.progress import Silent
from archspec.search.store import TrialStore
from archspec.search.trials import Objective
from tests.search.fake_space import Analytic, all_feasible, grid_96, text_of


@dataclass
class Stumbling:
    """An engine of two places; `ends` gives how the first tries of a work end, by its number."""

    evaluator: Evaluator
    ends: dict[int, list[str]]
    waiting: list[Work] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    at_work: tuple[AtWork, ...] = ()
    lines: list[str] = field(default_factory=list)

    @property
    def free(self) -> int:
        return 2 - len(self.waiting)

    @property
    def busy(self) -> int:
        return len(self.waiting)

    @property
    def messages(self) -> list[str]:
        said, self.lines = self.lines, []
        return said

    def start(self, work: Work) -> None:
        self.started.append(work.number)
        self.waiting.append(work)

    def wait(self, seconds: float) -> Iterator[WorkResult]:
        work = self.waiting.pop(0)
        first = self.ends.get(work.number, [])
        ended: Any = first.pop(0) if first else ""
        self.at_work = tuple(AtWork(one.number, "miou", 1, 2, "node1") for one in self.waiting)
        yield WorkResult(work.number, ended=ended, reason="unplugged") if ended else evaluated(self.evaluator, work)

    def stop(self) -> None:
        self.waiting.clear()


class Heard(Silent):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.running: list[Mapping[str, AtWork]] = []

    def message(self, text: str) -> None:
        self.messages.append(text)

    def at_work(self, several: Mapping[str, AtWork]) -> None:
        self.running.append(several)


def run(store: TrialStore, engine: Stumbling, heard: Heard, budget: int = 8) -> Any:
    return Search(grid_96(), all_feasible, engine.evaluator, Settings(("miou", "cost")),
                  (Objective("miou", "maximize"), Objective("cost")), store, "study", budget, sampler="random",
                  workers=2, spec_text=text_of, progress=heard, engine=lambda workers, evaluator: engine).run()  # fmt: skip


def test_what_was_lost_is_begun_again_and_never_counted(store: TrialStore) -> None:
    """Five times, more often than a candidate may crash."""
    engine, heard = Stumbling(Analytic(), {2: ["lost"] * 5}), Heard()
    result = run(store, engine, heard)
    assert result.counts == {"done": 8} and engine.started.count(2) == 6
    assert result.trials[2].crashes == 0 and heard.messages == []


def test_what_needs_a_device_that_is_away_waits_and_nothing_new_is_begun(
    store: TrialStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "AGAIN_S", 1.0)
    engine, heard = Stumbling(Analytic(), {2: ["away", "away"]}), Heard()
    began = time.monotonic()
    result = run(store, engine, heard)
    assert result.counts == {"done": 8} and time.monotonic() - began > 2.0
    assert heard.messages == ["trial 2 waits: unplugged"]
    assert engine.started[:7] == [0, 1, 2, 3, 2, 4, 2]  # 4 while it is tried again, and it is not known that it fails


def test_how_far_works_are_is_told_by_trial(store: TrialStore) -> None:
    engine, heard = Stumbling(Analytic(), {}, lines=["node gpu3 is passed over"]), Heard()
    run(store, engine, heard)
    assert heard.messages == ["node gpu3 is passed over"]
    assert {"trial 1": AtWork(1, "miou", 1, 2, "node1")} in heard.running
