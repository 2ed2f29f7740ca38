"""A session of the host in the process where files run that we did not write."""

from __future__ import annotations

from typing import Any

from archspec.devices._contract import Model, Sample, System
from archspec.errors import Problem, UserError

_SLOWEST = 10  # a run that takes this many times the first inference is hung


class HousedSession:
    """A `Session` that asks that process. Raises `UserError` that names the model when LiteRT fails, dies or hangs."""

    def __init__(self, model: Model, threads: int, delegate: str) -> None:
        from archspec.export.interpreter import patience_s
        from archspec.export.interpreter_process import Housed

        self._place = model.place
        self._limit_s = patience_s(model.content)
        arguments = (model.content, model.name, threads, delegate)
        try:
            self._bench: Housed | None = Housed("archspec.devices.host:Bench", *arguments, limit_s=self._limit_s)
            facts = self._bench.call("facts")
        except Problem as problem:
            raise UserError(problem.at(self._place)) from problem
        self.init_ms, self.first_ms = float(facts["init_ms"]), float(facts["first_ms"])
        self.system = System(**{**facts["system"], "inputs": tuple(facts["system"]["inputs"])})
        self._parts: list[list[int]] = facts["delegated_parts"]

    def delegated_parts(self) -> list[list[int]]:
        """The numbers of the operations of each part that the delegate took."""
        return self._parts

    def warm(self, seconds: float) -> tuple[int, float]:
        """Run there until `seconds` have passed; the number of runs, and the seconds that passed."""
        runs, passed = self._ask("warm", seconds, limit_s=self._limit_s + seconds)
        return runs, passed

    def run(self, runs: int) -> list[Sample]:
        """`runs` samples."""
        limit_s = self._limit_s + runs * _SLOWEST * self.first_ms / 1000
        return [Sample(wall_ms, cpu_ms) for wall_ms, cpu_ms in self._ask("run", runs, limit_s=limit_s)]

    def close(self) -> None:
        """Let go of the model's memory there."""
        self._bench = None

    def _ask(self, method: str, *arguments: Any, limit_s: float) -> Any:
        if self._bench is None:
            raise RuntimeError("this session is closed")
        try:
            return self._bench.call(method, *arguments, limit_s=limit_s)
        except Problem as problem:
            raise UserError(problem.at(self._place)) from problem
