"""A Ray cluster: its nodes evaluate, phones and boards are timed on the node that they hang on."""

from __future__ import annotations

import hashlib
import logging
import pickle
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated, Any

from archspec.errors import UserError, first_line, user_error
from archspec.experiment.engines import AtWork, Engine, Evaluator, Work, WorkResult
from archspec.experiment.engines._parcels import Parcel
from archspec.experiment.engines._ray_job import HEAD, Demand, Job, News, Stretch
from archspec.experiment.engines._ray_node import Baggage, installation
from archspec.experiment.engines._trip import Leg, Trip, merged
from archspec.graph import Range
from archspec.measures import Settings

NAMESPACE = "archspec"
AUTO = "auto"
REACHED_S = 10.0
OPENED_TIMES = 10
ANSWER_S = 120.0  # what a call to the office may take beyond what it waits for
_START = "Start one (ray start --head), or name one: --engine ray://HOST:10001"


def ray(
    workers: int,  # noqa: ARG001 - a cluster has as many places as its nodes have room for
    evaluator: Evaluator,
    *,
    address: str = AUTO,
    cpus: Annotated[float, Range(ge=0)] = 1.0,
    gpus: Annotated[float, Range(ge=0)] = 0.0,
    resources: Mapping[str, float] | None = None,
    ahead: Annotated[int, Range(ge=0)] = 0,
    data: Mapping[str, str] | None = None,
    runtime_env: Mapping[str, Any] | None = None,
) -> Engine:
    """A Ray cluster.

    Args:
        address: `auto` for the cluster that this machine is a node of, else `ray://HOST:10001`.
        cpus: processors that an evaluation takes of a node.
        gpus: GPUs that it takes, or a part of one (0.25: four evaluations share it).
        resources: other resources of the cluster that it takes.
        ahead: how many more evaluations are begun than there is room for, so that an autoscaler adds nodes.
        data: where the nodes have data that lie elsewhere there, such as `camvid:/home/me/camvid: camvid:/data/camvid`.
        runtime_env: Ray's own: packages, environment variables or a container for the processes on the nodes.
    """
    connect(address)
    demand = Demand(cpus, gpus, dict(resources or {}))
    return RayEngine(evaluator, demand, ahead, dict(data or {}), dict(runtime_env or {}))


def connect(address: str) -> None:
    """Connect this process to a cluster, once. Raises `UserError`."""
    try:
        import ray as ray_core
    except ModuleNotFoundError as error:
        raise user_error("Ray is not installed", "pip install 'archspec-keras[ray]'") from error
    if ray_core.is_initialized():
        return
    try:
        _reach(address)
        try:
            _init(address)
        except ConnectionError:  # a head that is busy may take too long to make a server for this client
            ray_core.shutdown()
            _init(address)
    except Exception as error:
        fact = f"the Ray cluster cannot be reached ({address}: {first_line(error)})"
        raise user_error(fact, _START) from error


def _init(address: str) -> None:
    import ray as ray_core

    ray_core.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)


def _reach(address: str) -> None:
    """Raises `OSError` where nobody listens: Ray itself would try for minutes."""
    host, separator, port = address.rpartition("://")[2].rpartition(":")
    if separator and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), REACHED_S).close()


@dataclass
class _Running:
    """A work that the cluster has, and what was known of it before it left."""

    work: Work
    trip: Trip
    job: Job
    parcels: Mapping[str, Parcel]
    at_work: AtWork
    sent: Any = None  # the reference to the office's answer


class RayEngine:
    """An `Engine` whose works are held by the office of the cluster."""

    def __init__(
        self,
        evaluator: Evaluator,
        demand: Demand,
        ahead: int,
        relocated: Mapping[str, str],
        runtime_env: Mapping[str, Any],
    ) -> None:
        self._evaluator, self._demand, self._ahead = evaluator, demand, ahead
        self._relocated, self._runtime_env = relocated, runtime_env
        self._driver = uuid.uuid4().hex
        self._running: dict[str, _Running] = {}  # by job
        self._ready: list[WorkResult] = []  # what needed no node
        self._heard: list[str] = []  # jobs whose results whoever drives has, and writes down
        self._kept: set[str] = set()  # digests of parcels that the office was given
        self._messages: list[str] = []
        self._unfit: dict[str, str] = {}
        self._needs = ""
        self._places, self._no_room = 0, False
        self._office = self._opened()
        self._hear_first()

    @property
    def free(self) -> int:
        """How many more there is room for."""
        return max(0, self._places + self._ahead - self.busy)

    @property
    def busy(self) -> int:
        """How many the cluster has, those that wait for a device among them."""
        return len(self._running) + len(self._ready)

    @property
    def at_work(self) -> Sequence[AtWork]:
        """How far each is, and on which node."""
        return [one.at_work for one in self._running.values()]

    @property
    def messages(self) -> Sequence[str]:
        """Which nodes cannot do the work, and why."""
        found, self._messages = self._messages, []
        return found

    def start(self, work: Work) -> None:
        """Send it, or take it up where a driver before this one left it."""
        travels = hasattr(self._evaluator, "trip")
        try:
            trip = _trip(self._evaluator, work)
        except UserError as error:
            self._ready.append(WorkResult(work.number, ended="raised", reason=str(error)))
            return
        if not trip.legs:
            self._ready.append(WorkResult(work.number, trip.done))
            return
        self._send(work, trip, travels)

    def _send(self, work: Work, trip: Trip, travels: bool) -> None:
        files = {path: (parcel.digest, parcel.entry) for path, parcel in trip.files.items()}
        sent = trip.sent.digest if trip.sent else ""
        shared = 0 < self._demand.gpus < 1
        baggage = Baggage(files, sent, trip.data, self._relocated, travels, shared)
        needs = _digest(trip.data, self._relocated, [path for path in files if path in work.settings.plugins])
        if needs != self._needs:
            self._needs, self._unfit = needs, {}
        name = _digest(trip.evaluator, work.spec_text, sorted(work.genome.items()), trip.legs, files, self._demand)
        name = next(one for one in (f"{name}{'' if not count else f'-{count}'}" for count in range(10**6))
                    if one not in self._running)  # fmt: skip
        stretches = tuple(Stretch(_content(trip, work, leg), leg.device, leg.node) for leg in trip.legs)
        evaluator = self._evaluator
        limit = 1 if self._demand.gpus else evaluator.evaluations_per_process  # a process keeps the memory of its GPU
        job = Job(name, needs, stretches, baggage, self._demand, installation(), evaluator.timeout_s, limit)
        parcels = {one.digest: one for one in (*trip.files.values(), *([trip.sent] if trip.sent else []))}
        running = self._running[name] = _Running(work, trip, job, parcels, AtWork(work.number, "is sent"))
        with suppress(_OfficeLostError):  # `wait` finds that out
            if name in self._heard:
                self._ask("forget", self._driver, self._written())
            self._begin(running)

    def _begin(self, running: _Running) -> None:
        """Hand a job over with what it names. Whether the office took it, or forgot a parcel, comes with the news."""
        parcels = running.parcels
        new = [digest for digest in parcels if digest not in self._kept]
        for digest in self._ask("lacking", new) if new else ():
            self._ask("keep", parcels[digest])
        self._kept.update(new)
        running.sent = self._office.begin.remote(running.job, self._driver)

    def wait(self, seconds: float) -> Iterator[WorkResult]:
        """What has ended: with the files that it left in the output folder before it is said."""
        while self._ready:
            yield self._ready.pop()
            seconds = 0.0
        try:
            news = self._hear(seconds)  # also where nothing runs: how much room there is may change
        except _OfficeLostError as error:
            yield from self._all_lost(str(error))
            return
        with suppress(_OfficeLostError):
            for running in (self._running[name] for name in news.refused if name in self._running):
                self._kept.difference_update(running.parcels)
                self._begin(running)
        for name, (result, files) in news.results.items():
            running = self._running.pop(name)
            self._heard.append(name)
            for parcel in files:
                parcel.put_into(_output(running.work))
            yield _whole(running, result)

    def stop(self) -> None:
        """End what runs; what is finished and was not heard is lost, too."""
        sent = [one.sent for one in self._running.values()]
        names = [*self._written(), *self._running]
        self._running.clear()
        self._ready.clear()
        with suppress(_OfficeLostError):  # with the office, all of it is gone already
            self._answer(sent)  # calls may overtake each other
            self._ask("forget", self._driver, names)

    # --- the office ---------------------------------------------------------------------------------------------------

    def _opened(self) -> Any:
        """The office of this code on the cluster; it is made where there is none."""
        import ray as ray_core
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        from archspec.experiment.engines._ray_office import Office

        head = next(one["NodeID"] for one in ray_core.nodes() if one["Alive"] and HEAD in one["Resources"])  # type: ignore[no-untyped-call]
        name = f"office-{_digest(installation(), self._runtime_env)[:16]}"
        options: dict[str, Any] = {"runtime_env": dict(self._runtime_env)} if self._runtime_env else {}
        actor = ray_core.remote(num_cpus=0)(Office)
        return actor.options(
            name=name, namespace=NAMESPACE, lifetime="detached", get_if_exists=True,
            scheduling_strategy=NodeAffinitySchedulingStrategy(head, soft=False), **options,
        ).remote()  # fmt: skip

    def _ask(self, method: str, *arguments: Any, seconds: float = 0.0) -> Any:
        return self._answer(getattr(self._office, method).remote(*arguments), seconds)

    def _answer(self, reference: Any, seconds: float = 0.0) -> Any:
        import ray as ray_core
        from ray.exceptions import GetTimeoutError, RayActorError

        try:
            return ray_core.get(reference, timeout=ANSWER_S + seconds)
        except RayActorError as error:
            raise _OfficeLostError(first_line(error)) from error
        except (ConnectionError, GetTimeoutError) as error:
            fact = f"the Ray cluster does not answer any more ({first_line(error)})"
            raise user_error(fact, "Run the same command again: what the cluster finishes is taken up") from error

    def _hear(self, seconds: float) -> News:
        written = self._written()
        news: News = self._ask("hear", self._driver, seconds, written, self._demand, self._needs, seconds=seconds)
        self._places = news.places
        for name, step in news.at_work.items():
            if name in self._running:
                running = self._running[name]
                running.at_work = replace(step, number=running.work.number)
        for node, reason in news.unfit.items():
            if node not in self._unfit:
                self._messages.append(f"node {node} is passed over: {reason}")
        self._unfit = dict(news.unfit)
        if news.places or self._running:
            self._no_room = False
        elif not self._no_room:
            self._no_room = True
            self._messages.append(
                f"waits: no node of the cluster has room for an evaluation ({self._demand.describe()})"
            )
        return news

    def _hear_first(self) -> None:
        """News of an office that lives: one that has just died is known by its name for a while."""
        for _ in range(OPENED_TIMES):
            try:
                self._hear(0.0)
                return
            except _OfficeLostError as error:
                reason = str(error)
                time.sleep(1.0)
                self._office = self._opened()
        raise user_error(f"the office of archspec does not stay on the head of the cluster ({reason})", "Look there")

    def _written(self) -> list[str]:
        """Whoever drives came back, so the results that it was given are written down: the office forgets them."""
        written, self._heard = self._heard, []
        return written

    def _all_lost(self, reason: str) -> Iterator[WorkResult]:
        lost, self._running = list(self._running.values()), {}
        self._kept.clear()
        self._office = self._opened()
        for running in lost:
            yield WorkResult(running.work.number, ended="lost", reason=reason)


class _OfficeLostError(Exception):
    """The office died, and all that it held."""


def _trip(evaluator: Evaluator, work: Work) -> Trip:
    """What a work needs elsewhere: nothing, where its evaluator does not say."""
    trip: Callable[[str, Settings], Trip] | None = getattr(evaluator, "trip", None)
    return Trip(evaluator, legs=(Leg(work.settings),)) if trip is None else trip(work.spec_text, work.settings)


def _content(trip: Trip, work: Work, leg: Leg) -> bytes:
    return pickle.dumps((trip.evaluator, replace(work, settings=leg.settings)))


def _output(work: Work) -> Any:
    from pathlib import Path

    return Path(work.settings.output)


def _whole(running: _Running, result: WorkResult) -> WorkResult:
    """The result under the number of its work, with what was known before it left."""
    found = result.evaluation
    return replace(
        result,
        number=running.work.number,
        evaluation=None if found is None else merged(running.trip.done, found),
    )


def _digest(*parts: Any) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()
