"""A device whose calls are made again where that can help: first as they are, then in a new session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from archspec.devices._contract import Device, Model, Sample, Session, System
from archspec.devices._faults import DeviceError
from archspec.devices._link import PAUSE_S, Before, again
from archspec.devices._machine import Machine

_Found = TypeVar("_Found")


class Steady:
    """A `Device` over one that fails now and then. The samples of a call that failed are thrown away, never mixed."""

    def __init__(self, device: Device, tries: int, pause_s: float = PAUSE_S) -> None:
        self.name, self.device, self.tries, self.pause_s = device.name, device, tries, pause_s
        self.threads: int = getattr(device, "threads", 1)

    def machine(self) -> Machine:
        """The device's."""
        return self.again(self.device.machine)

    def open(self, model: Model, *, threads: int) -> SteadySession:
        """A session that outlives its connection."""
        return SteadySession(self, model, threads)

    def again(self, call: Callable[[], _Found], before: Before = lambda _: None) -> _Found:
        """The call, made again where that can help; not one that hung, for the device itself has tried that again."""
        return again(call, self.tries, before, self.pause_s, hung_tries=1)


class SteadySession:
    """A `Session`. One that was opened anew is warmed up as long as the first was, before it goes on."""

    def __init__(self, place: Steady, model: Model, threads: int) -> None:
        self._place, self._model, self._threads = place, model, threads
        self._warm_s = 0.0
        self._closed = False
        self._session = self._opened()

    @property
    def system(self) -> System:
        return self._session.system

    @property
    def init_ms(self) -> float:
        return self._session.init_ms

    @property
    def first_ms(self) -> float:
        return self._session.first_ms

    def warm(self, seconds: float) -> tuple[int, float]:
        """Warm up; remembered for a session that has to be opened anew."""
        found = self._call(lambda: self._session.warm(seconds))
        self._warm_s = seconds
        return found

    def run(self, runs: int) -> Sequence[Sample]:
        """`runs` samples of one call that went well."""
        return self._call(lambda: self._session.run(runs))

    def close(self) -> None:
        """Close the session there is."""
        self._closed = True
        self._session.close()

    def _opened(self) -> Session:
        place = self._place
        return place.again(lambda: place.device.open(self._model, threads=self._threads))

    def _call(self, call: Callable[[], _Found]) -> _Found:
        if self._closed:
            raise RuntimeError("this session is closed")
        faults = 0

        def renew(_: DeviceError) -> None:
            nonlocal faults
            faults += 1
            if faults > 1:  # the first further try is made in the session there is
                self._renew()

        return self._place.again(call, renew)

    def _renew(self) -> None:
        self._session.close()
        self._session = self._opened()
        if self._warm_s:
            self._place.again(lambda: self._session.warm(self._warm_s))
