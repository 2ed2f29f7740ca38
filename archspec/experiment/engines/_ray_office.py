"""The office of archspec on a Ray cluster: an actor on the head that holds works, whoever drives, until they are heard.

Works belong to it, not to the driver: a driver that is killed finds them again, running or finished.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import ray
from ray.exceptions import (
    ActorDiedError,
    LocalRayletDiedError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    OwnerDiedError,
    RayError,
    RayTaskError,
    TaskCancelledError,
    WorkerCrashedError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from archspec.errors import first_line
from archspec.experiment.engines import AtWork, WorkResult
from archspec.experiment.engines._parcels import Parcel
from archspec.experiment.engines._ray_job import HEAD, Demand, Job, News, Stretch
from archspec.experiment.engines._ray_node import Outcome, Unfit, evaluation
from archspec.experiment.engines._trip import is_over, merged
from archspec.measures import Evaluation

KEPT_BYTES = 2**30  # of parcels that no work holds any more
NODES_EACH_S = 1.0
SILENT_S = 3600.0  # after which nothing is kept for a driver alone that others have heard
A_BIT = 0.001  # of the resource that says which machine a device hangs on: it is a place, not an amount
_LOST = (NodeDiedError, LocalRayletDiedError, ObjectLostError, OwnerDiedError, ActorDiedError)


@dataclass
class _Held:
    """A job with who waits for it, who has its result, and how far it is."""

    job: Job
    drivers: set[str]
    known: set[str] = field(default_factory=set)
    task: asyncio.Task[None] | None = None
    ended: Any = None  # the reference to what its process gives
    late: asyncio.Future[None] | None = None  # done when its time is over
    host: str = ""
    at_work: AtWork | None = None
    result: WorkResult | None = None
    files: tuple[Parcel, ...] = ()
    on_device: bool = False


class Office:
    """The actor. All methods are called over the cluster, by drivers and by nodes."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._parcels: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._devices: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._unfit: defaultdict[str, dict[str, Unfit]] = defaultdict(dict)  # by what is needed, then by node
        self._fitted: set[str] = set()  # what is needed by works that a node has done
        self._refused: dict[str, list[str]] = {}  # jobs, by the driver that has to hear of it
        self._heard_of: dict[str, float] = {}  # when each driver asked for news
        self._changed = asyncio.Condition()
        self._here = ray.get_runtime_context().current_actor
        self._nodes: tuple[float, list[dict[str, Any]]] = (0.0, [])

    # --- parcels ------------------------------------------------------------------------------------------------------

    async def lacking(self, digests: Sequence[str]) -> list[str]:
        """Which parcels are not here."""
        return [digest for digest in digests if digest not in self._parcels]

    async def keep(self, parcel: Parcel) -> None:
        """Hold a parcel for the works that name it."""
        if parcel.digest not in self._parcels:
            self._parcels[parcel.digest] = ray.put(parcel), parcel.size
        self._parcels.move_to_end(parcel.digest)
        self._drop_old()

    def _drop_old(self) -> None:
        wanted = {digest for held in self._held.values() for digest in held.job.digests}
        newest = next(reversed(self._parcels))
        total = sum(size for _, size in self._parcels.values())
        for digest in list(self._parcels):
            if total > KEPT_BYTES and digest not in wanted and digest != newest:
                total -= self._parcels.pop(digest)[1]

    # --- works --------------------------------------------------------------------------------------------------------

    async def begin(self, job: Job, driver: str) -> None:
        """Start a work, or take it up where it is: `hear` says whether a parcel that it names is not here any more."""
        held = self._held.get(job.name)
        if held is not None and driver not in held.known:
            held.drivers.add(driver)
        elif all(digest in self._parcels for digest in job.digests):
            others = held.drivers if held is not None else set()  # whom the result of before did not reach
            held = self._held[job.name] = _Held(job, {driver, *others})
            held.task = asyncio.create_task(self._carried_out(held))
        else:
            self._refused.setdefault(driver, []).append(job.name)
            await self._tell()

    async def hear(self, driver: str, seconds: float, written: Sequence[str], demand: Demand, needs: str) -> News:
        """What is news to a driver that has written down the results of some jobs, at once or within `seconds`."""
        self._heard_of[driver] = time.monotonic()
        self._forget(driver, written)
        end = time.monotonic() + seconds
        while not (results := self._results(driver)) and (left := end - time.monotonic()) > 0:
            if driver in self._refused:
                break
            async with self._changed:
                try:
                    await asyncio.wait_for(self._changed.wait(), left)
                except TimeoutError:
                    break
        mine = {name: held for name, held in self._held.items() if driver in held.drivers and held.result is None}
        at_work = {name: held.at_work for name, held in mine.items() if held.at_work is not None}
        unfit = {self._host(node): one.reason for node, one in self._unfit[needs].items()}
        on_device = any(one.on_device for one in mine.values())  # it takes nothing of a node
        return News(results, at_work, self._refused.pop(driver, []), unfit, on_device + self._places(demand, needs))

    def _results(self, driver: str) -> dict[str, tuple[WorkResult, tuple[Parcel, ...]]]:
        return {
            name: (held.result, held.files)
            for name, held in self._held.items()
            if driver in held.drivers and held.result is not None
        }

    async def forget(self, driver: str, names: Sequence[str]) -> None:
        """A driver has written down the results of these jobs, or does not want them any more: what runs is ended."""
        self._forget(driver, names)

    def _forget(self, driver: str, names: Sequence[str]) -> None:
        for name in names:
            held = self._held.get(name)
            if held is None:
                continue
            held.drivers.discard(driver)
            held.known.add(driver)
            if any(self._lives(one) for one in held.drivers):
                continue
            del self._held[name]
            self._end(held)
            if held.task is not None:
                held.task.cancel()

    def _lives(self, driver: str) -> bool:
        """Whether a driver asked for news not too long ago; one that was killed does not say so."""
        return time.monotonic() - self._heard_of.get(driver, float("-inf")) < SILENT_S

    async def begun(self, name: str, node: str) -> None:
        """A node says that a job runs there now: its time is taken from here on."""
        held = self._held.get(name)
        if held is None or held.result is not None:
            return
        held.host = self._host(node)
        held.at_work = AtWork(-1, where=held.host)
        if held.job.timeout_s is not None and held.late is not None:
            asyncio.get_running_loop().call_later(held.job.timeout_s, _ring, held.late)

    async def note(self, name: str, step: AtWork) -> None:
        """A node says how far a job is."""
        held = self._held.get(name)
        if held is not None:
            held.at_work = replace(step, where=held.host)

    # --- carrying out -------------------------------------------------------------------------------------------------

    async def _carried_out(self, held: _Held) -> None:
        try:
            held.result = await self._result(held)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the driver has to hear of it
            held.result = WorkResult(-1, ended="raised", reason=f"{type(error).__name__}: {first_line(error)}")
        await self._tell()

    async def _tell(self) -> None:
        """There is news for somebody."""
        async with self._changed:
            self._changed.notify_all()

    async def _result(self, held: _Held) -> WorkResult:
        """One leg after the other, until one says that nothing more is to be taken."""
        whole, seconds = Evaluation({}), 0.0
        for stretch in held.job.stretches:
            held.on_device = bool(stretch.device)
            found = await self._on_device(held, stretch) if stretch.device else await self._anywhere(held, stretch)
            if found.evaluation is None:
                return found
            whole, seconds = merged(whole, found.evaluation), seconds + found.seconds
            if is_over(whole):
                break
        return WorkResult(-1, whole, seconds=seconds)

    async def _on_device(self, held: _Held, stretch: Stretch) -> WorkResult:
        """On the machine of a device, when no other work is on it."""
        held.at_work = AtWork(-1, f"waits for {stretch.device}")
        async with self._devices[stretch.device]:
            if stretch.node:
                if not any(stretch.node in node["Resources"] for node in self._alive()):
                    return WorkResult(-1, ended="away", reason=f"no node of the cluster has '{stretch.node}'")
                options: dict[str, Any] = {"num_cpus": 0, "resources": {stretch.node: A_BIT}}
            else:
                head = next(node["NodeID"] for node in self._alive() if HEAD in node["Resources"])
                options = {"num_cpus": 0, "scheduling_strategy": NodeAffinitySchedulingStrategy(head, soft=False)}
            found = await self._run(held, stretch, options)
        if isinstance(found, Unfit):
            return WorkResult(-1, ended="raised", reason=f"the node of {stretch.device}: {found.reason}")
        return found

    async def _anywhere(self, held: _Held, stretch: Stretch) -> WorkResult:
        """On a node that can do it: those that said that they cannot are passed over."""
        demand = held.job.demand
        held.at_work = AtWork(-1, "waits for a node")
        while True:
            unfit = self._unfit[held.job.needs]
            if unfit and not self._places(demand, held.job.needs):
                reason = "; ".join(f"{self._host(node)}: {one.reason}" for node, one in unfit.items())
                away = held.job.needs in self._fitted  # a node that could do it was there, and may come again
                reason = f"no node of the cluster can do it ({reason})"
                return WorkResult(-1, ended="away" if away else "raised", reason=reason)
            options: dict[str, Any] = {
                "num_cpus": demand.cpus,
                "num_gpus": demand.gpus,
                "resources": dict(demand.resources),
                "scheduling_strategy": "SPREAD",  # else one may be sent to a node that is not free yet
            }
            if unfit:
                options["label_selector"] = {"ray.io/node-id": f"!in({','.join(unfit)})"}
            found = await self._run(held, stretch, options)
            if not isinstance(found, Unfit):
                return found

    async def _run(self, held: _Held, stretch: Stretch, options: Mapping[str, Any]) -> WorkResult | Unfit:
        """One task, from its start to its end, whichever that is."""
        job = held.job
        parcels = {digest: self._parcels[digest][0] for digest in job.digests}
        task = _task(job.evaluations_per_process).options(**options)
        held.late = asyncio.get_running_loop().create_future()
        held.ended = task.remote(stretch.content, job.baggage, job.expected, parcels, self._here, job.name)
        ended = asyncio.ensure_future(_outcome(held.ended))
        await asyncio.wait((ended, held.late), return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            self._end(held)
            ended.cancel()
            return WorkResult(-1, ended="timeout", reason=f"took longer than {job.timeout_s:g} s, and was ended")
        outcome = ended.result()
        if isinstance(outcome, WorkResult):
            return outcome
        if isinstance(outcome.found, Unfit):
            self._unfit[job.needs][outcome.node] = outcome.found
        else:
            self._fitted.add(job.needs)
        if outcome.left is not None:
            held.files += (outcome.left,)
        return outcome.found

    def _end(self, held: _Held) -> None:
        """Kill the process of a job, where one runs."""
        if held.ended is not None and held.result is None:
            ray.cancel(held.ended, force=True)

    # --- nodes --------------------------------------------------------------------------------------------------------

    def _alive(self) -> list[dict[str, Any]]:
        """The nodes that live, asked at most once in a while."""
        asked, nodes = self._nodes
        if time.monotonic() - asked > NODES_EACH_S:
            nodes = [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
            self._nodes = time.monotonic(), nodes
        return nodes

    def _fit(self, needs: str) -> list[dict[str, Any]]:
        return [node for node in self._alive() if node["NodeID"] not in self._unfit[needs]]

    def _places(self, demand: Demand, needs: str) -> int:
        """How many works fit on the nodes."""
        return sum(demand.places(node["Resources"]) for node in self._fit(needs))

    def _host(self, node: str) -> str:
        """The name of a node: the one that it was given, else its machine's."""
        found = next((one for one in self._alive() if one["NodeID"] == node), None)
        if found is None:
            return node[:8]
        named = found["NodeName"] != found["NodeManagerAddress"]
        return str(found["NodeName"] if named else found["NodeManagerHostname"])


@cache
def _task(evaluations_per_process: int) -> Any:
    """The task, whose process is replaced after so many."""
    return ray.remote(max_retries=0, max_calls=evaluations_per_process)(evaluation)


def _ring(late: asyncio.Future[None]) -> None:
    if not late.done():
        late.set_result(None)


async def _outcome(ended: Any) -> Outcome | WorkResult:
    """What a task gave, or how it ended without that."""
    try:
        found: Outcome = await ended
    except RayError as error:
        return _death(error)
    return found


def _death(error: RayError) -> WorkResult:
    """How a task ended that gave no result."""
    reason = first_line(error)
    if isinstance(error, _LOST):
        return WorkResult(-1, ended="lost", reason=reason)
    if isinstance(error, OutOfMemoryError):
        return WorkResult(-1, ended="crashed", reason=f"its node had no memory left ({reason})")
    if isinstance(error, WorkerCrashedError | TaskCancelledError):
        return WorkResult(-1, ended="crashed", reason=f"its worker died ({reason})")
    if isinstance(error, RayTaskError):
        cause = error.cause if isinstance(error.cause, Exception) else error
        return WorkResult(-1, ended="raised", reason=f"{type(cause).__name__}: {first_line(cause)}")
    return WorkResult(-1, ended="lost", reason=reason)
