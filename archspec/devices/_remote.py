"""A device that runs our own small program: real samples, one by one, by the device's own clock."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archspec.devices import _board
from archspec.devices._contract import Model, Sample, System
from archspec.devices._faults import DeviceError, Garbled, ToolMissing
from archspec.devices._link import Folder, Link, read_link
from archspec.devices._litert import check_model, delegation, named_delegate
from archspec.devices._machine import Machine
from archspec.devices._talk import Talk
from archspec.errors import user_error

_SLOWEST = 10  # a run that takes this many times the first inference is hung


class Remote:
    """A `Device` behind a `Link` whose `python` (a command there) has LiteRT. Nothing is installed on it."""

    def __init__(self, link: Link, *, python: str, threads: int, timeout_s: float, prefix: str = "") -> None:
        self.name, self.threads, self.link = link.name, threads, link
        self._python, self._timeout_s, self._prefix = python, timeout_s, prefix

    def machine(self) -> Machine:
        """The device, and its state now."""
        return read_link(self.link)

    def open(self, model: Model, *, threads: int) -> RemoteSession:
        """Send model and runner to a folder of their own, start the runner there and run the model once."""
        check_model(model)
        folder = Folder(self.link)
        try:
            runner = folder.send_file(Path(_board.__file__), "board.py")
            sent = folder.send(model.content, "model.tflite")
            command = f"{self._prefix}{self._python} -u {shlex.quote(runner)}"
            talk = self.link.talk(command)
            try:
                return RemoteSession(talk, folder, model, sent, threads, self._timeout_s, self.name)
            except BaseException:
                talk.close()
                raise
        except BaseException:
            folder.remove()
            raise


class RemoteSession:
    """A `Session` that asks the runner."""

    def __init__(
        self, talk: Talk, folder: Folder, model: Model, path: str, threads: int, timeout_s: float, device: str
    ) -> None:
        self._talk, self._folder, self._model, self._device = talk, folder, model, device
        self._timeout_s = timeout_s
        self._closed = False
        answer = self._ask({"do": "open", "model": path, "threads": threads}, timeout_s)
        self.init_ms = self._number(answer, "init_ms")
        self.first_ms = self._number(answer, "first_ms")
        self.system = _system(answer)

    def warm(self, seconds: float) -> tuple[int, float]:
        """Run on the device until its clock says that `seconds` have passed."""
        self._check_open()
        answer = self._ask({"do": "warm", "seconds": seconds}, self._limit_s(1) + seconds)
        return int(self._number(answer, "runs")), self._number(answer, "seconds")

    def run(self, runs: int) -> Sequence[Sample]:
        """`runs` samples. Raises `Garbled` when the device answers with another number of them."""
        self._check_open()
        found = self._ask({"do": "run", "runs": runs}, self._limit_s(runs)).get("samples_ms")
        try:
            samples = [Sample(float(wall), None if cpu is None else float(cpu)) for wall, cpu in found or ()]
        except (TypeError, ValueError) as error:
            raise Garbled(f"samples that are none ({str(found)[:60]})", device=self._device) from error
        if len(samples) != runs:
            raise Garbled(f"{len(samples)} samples instead of {runs}", device=self._device)
        return samples

    def close(self) -> None:
        """End the runner and take the folder away."""
        if self._closed:
            return
        self._closed = True
        self._talk.close()
        self._folder.remove()

    def _limit_s(self, runs: int) -> float:
        return self._timeout_s + runs * _SLOWEST * self.first_ms / 1000

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this session is closed")

    def _ask(self, question: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        answer = self._talk.ask(question, timeout_s)
        fact = answer.get("error")
        if fact is None:
            return answer
        if answer.get("kind") == "runtime":
            raise ToolMissing(
                f"its Python has no LiteRT ({fact})",
                device=self._device,
                remedy="Run 'pip install ai-edge-litert' there, or name another python",
            )
        if answer.get("kind") == "model":
            raise user_error(f"cannot be run on {self._device} ({fact})", place=self._model.place)
        raise DeviceError(f"its runner gave up ({fact})", device=self._device)

    def _number(self, answer: Mapping[str, Any], key: str) -> float:
        try:
            return float(answer[key])
        except (KeyError, TypeError, ValueError) as error:
            raise Garbled(f"an answer without '{key}' ({str(answer)[:60]})", device=self._device) from error


def _system(answer: Mapping[str, Any]) -> System:
    operations, delegated = delegation(answer.get("nodes"))
    return System(
        runtime=str(answer.get("runtime", "")),
        version=str(answer.get("version", "")),
        delegate=named_delegate(delegated),
        operations=operations,
        delegated=delegated,
        inputs=tuple(map(str, answer.get("inputs", ()))),
    )
