"""Processes of this machine, forked from a small server that has imported what evaluators need."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from archspec.experiment.engines import AtWork, Engine, Evaluator, Work, WorkResult, evaluated
from archspec.experiment.engines._process import worker

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess


def local(workers: int, evaluator: Evaluator) -> Engine:
    """So many worker processes; with 0, evaluations in this process, for those that cost little and cannot crash."""
    return WorkerPool(workers, evaluator) if workers else SameProcess(evaluator)


class SameProcess:
    """One place, without isolation and without a time limit."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._work: list[Work] = []

    @property
    def free(self) -> int:
        """One, or none."""
        return 1 - len(self._work)

    @property
    def busy(self) -> int:
        """None, or one."""
        return len(self._work)

    @property
    def at_work(self) -> Sequence[AtWork]:
        """Nothing is to be seen of it: whoever would look is busy with it."""
        return ()

    @property
    def messages(self) -> Sequence[str]:
        """None."""
        return ()

    def start(self, work: Work) -> None:
        """Keep it until `wait`."""
        self._work.append(work)

    def wait(self, seconds: float) -> Iterator[WorkResult]:
        """Evaluate what was started."""
        while self._work:
            yield evaluated(self._evaluator, self._work.pop())

    def stop(self) -> None:
        """Forget what was started."""
        self._work.clear()


@dataclass
class _Place:
    """A worker process and what it is at."""

    process: ForkServerProcess
    tasks: Connection
    life: Connection
    done: int = 0
    ready: bool = False
    work: Work | None = None
    started: float = 0.0
    at_work: AtWork | None = None


class WorkerPool:
    """`count` processes; each is started when it is first needed. Use it as a context, or `stop` it."""

    def __init__(self, count: int, evaluator: Evaluator) -> None:
        self._count, self._evaluator = count, evaluator
        self._threads = max(1, (os.cpu_count() or 1) // count)
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload([__name__, *evaluator.preload])
        self._places: list[_Place] = []

    @property
    def free(self) -> int:
        """How many more can be started now."""
        return self._count - self.busy

    @property
    def busy(self) -> int:
        """How many are at work."""
        return sum(place.work is not None for place in self._places)

    @property
    def at_work(self) -> Sequence[AtWork]:
        """How far each worker is."""
        begun = sorted((place for place in self._places if place.work is not None), key=lambda place: place.started)
        return [place.at_work for place in begun if place.at_work is not None]

    @property
    def messages(self) -> Sequence[str]:
        """None: nothing changes on one machine."""
        return ()

    def start(self, work: Work) -> None:
        """Give work to an idle process, or to a new one."""
        place = next((place for place in self._places if place.work is None), None)
        if place is None:
            place = self._opened()
            self._places.append(place)
        place.work, place.started, place.at_work = work, time.monotonic(), AtWork(work.number)
        with suppress(BrokenPipeError, ConnectionResetError):  # it died idle: `wait` finds that out
            place.tasks.send(work)

    def wait(self, seconds: float) -> Iterator[WorkResult]:
        """What has ended: results, deaths, and what took too long."""
        ears: dict[Any, _Place] = {place.tasks: place for place in self._places if place.work is not None}
        for ear in connection.wait(list(ears), timeout=max(0.0, min(seconds, self._next_timeout()))):
            outcome = self._heard(ears[ear])
            if outcome is not None:
                yield outcome
        yield from self._late()

    def stop(self) -> None:
        """Kill every process and wait for its end."""
        for place in self._places:
            _kill(place)
        self._places.clear()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _opened(self) -> _Place:
        tasks, its_tasks = self._context.Pipe()
        its_life, life = self._context.Pipe(duplex=False)
        arguments = (its_tasks, its_life, self._evaluator, self._threads)
        process = self._context.Process(target=worker, args=arguments, daemon=True)
        process.start()
        its_tasks.close()
        its_life.close()
        return _Place(process, tasks, life)

    def _heard(self, place: _Place) -> WorkResult | None:
        """One message of a process, or its death."""
        work = place.work
        assert work is not None  # noqa: S101 - only those at work are listened to
        try:
            message = place.tasks.recv()
        except (EOFError, OSError):
            self._drop(place)
            return WorkResult(work.number, ended="crashed", reason=_death(place.process.exitcode))
        except Exception as error:  # noqa: BLE001 - what it sent cannot be read here
            self._drop(place)
            reason = f"its result cannot be read ({type(error).__name__}: {error})"
            return WorkResult(work.number, ended="raised", reason=reason)
        if isinstance(message, AtWork):
            place.at_work = message
            return None
        if not isinstance(message, WorkResult):  # it says that it is ready: the clock starts now
            place.ready, place.started = True, time.monotonic()
            return None
        place.work, place.done = None, place.done + 1
        limit = self._evaluator.evaluations_per_process
        if limit and place.done >= limit:
            self._drop(place)
        return message

    def _late(self) -> Iterator[WorkResult]:
        limit = self._evaluator.timeout_s
        for place in list(self._places):
            if limit is None or not place.ready or place.work is None:
                continue
            if time.monotonic() - place.started > limit:
                number = place.work.number
                self._drop(place)
                yield WorkResult(number, ended="timeout", reason=f"took longer than {limit:g} s, and was ended")

    def _next_timeout(self) -> float:
        limit = self._evaluator.timeout_s
        running = [place.started for place in self._places if place.work is not None and place.ready]
        return (
            float("inf") if limit is None or not running else max(0.0, min(running) + limit - time.monotonic() + 0.01)
        )

    def _drop(self, place: _Place) -> None:
        _kill(place)
        self._places.remove(place)


def _kill(place: _Place) -> None:
    """End a process and all that it started, and wait for it."""
    pid = place.process.pid
    if pid is not None and place.ready:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    place.process.kill()
    place.process.join()
    place.tasks.close()  # not before: a process that is still starting would complain of the closed pipe
    place.life.close()


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else str(-code)
        memory = ", out of memory?" if -code == signal.SIGKILL else ""
        return f"its worker was killed ({name}{memory})"
    return f"its worker ended with code {code}"
