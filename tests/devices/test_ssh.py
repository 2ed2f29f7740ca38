"""A board through a real `sshd` on loopback, with LiteRT in this machine's Python; and each of its faults."""

import os
import resource
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from archspec.devices import Model, Procedure, device, measure
from archspec.devices._faults import Cut, DeviceError, Full, Garbled, TimedOut, ToolMissing, Unauthorised, Unplugged
from archspec.devices._link import leftovers
from archspec.errors import UserError
from tests.devices.conftest import Board, descendants, free_port
from tests.devices.expecting import expect_within
from tests.devices.tiny_model import tiny_tflite

MODEL = Model("a", tiny_tflite())


def fake_python(board: Board, text: str) -> str:
    """A program that stands where the board's Python should."""
    path = board.folder.parent / "python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_measurement_by_the_boards_own_clock(board: Board) -> None:
    place = board.device(cpus=[0])
    (found,) = measure(MODEL, device=place, procedure=Procedure("own", 0.05, 3, 4))
    assert found.runs == 12
    assert all(0 < sample < 1000 for sample in found.samples_ms)
    assert len(found.cpu_samples_ms) == 12
    assert found.warmup_s >= 0.05
    assert found.system == device("host").open(MODEL, threads=1).system
    assert list(board.folder.glob("archspec-*")) == []


def test_it_is_the_same_machine_as_the_host(board: Board) -> None:
    there, here = board.device().machine(), device("host").machine()
    assert (there.fingerprint, there.cpu, there.cpus) == (here.fingerprint, here.cpu, here.cpus)
    assert (there.kernel, there.system, there.architecture) == (here.kernel, here.system, here.architecture)
    assert there.load_average is not None


def test_a_model_that_cannot_run_is_the_models_fault(board: Board) -> None:
    with pytest.raises(UserError, match=r"cannot be run on ssh .*custom op") as caught:
        board.device().open(Model("a", tiny_tflite("CUSTOM", custom="Foo")), threads=1)
    assert type(caught.value) is UserError
    assert list(board.folder.glob("archspec-*")) == []


def test_a_board_without_litert_is_told_what_to_install(board: Board) -> None:
    place = board.device(python=f"{sys.executable} -S -E")  # without site-packages
    with pytest.raises(ToolMissing, match=r"has no LiteRT .*pip install ai-edge-litert"):
        place.open(MODEL, threads=1)


def test_an_unknown_key(board: Board) -> None:
    stranger = board.key.with_name("stranger")
    expect_within(60, board.device(key=str(stranger)).machine, Unauthorised, "^ssh: does not accept the key")


def test_nobody_there(board: Board) -> None:
    expect_within(30, board.device(port=free_port(), tries=2).machine, Unplugged, "cannot be reached .*refused")


def test_the_board_goes_away_in_the_middle(board: Board) -> None:
    session = board.device(tries=1).open(MODEL, threads=1)
    for process in (board.process.pid, *descendants(board.process.pid)):
        os.kill(process, signal.SIGKILL)
    expect_within(30, lambda: session.run(1), Cut, "cut")
    expect_within(30, lambda: session.run(1), Cut, "has ended")
    session.close()


def test_a_hung_runner(board: Board) -> None:
    place = board.device(python=fake_python(board, "sleep 30"), timeout_s=2.0)
    expect_within(20, lambda: place.open(MODEL, threads=1), TimedOut, "no answer within 2 s")
    assert list(board.folder.glob("archspec-*")) == []


@pytest.mark.parametrize("said", ['{"init_ms": 1}', "no JSON", "[1]", '{"init_ms": "x", "first_ms": 1}'])
def test_garbage(board: Board, said: str) -> None:
    place = board.device(python=fake_python(board, f"echo 'archspec:{said}'; cat"))
    expect_within(20, lambda: place.open(MODEL, threads=1), Garbled, "means nothing|without")


def test_a_greeting_before_the_first_answer_is_no_garbage(board: Board) -> None:
    program = fake_python(board, f'echo "Welcome to the board"; exec {sys.executable} "$@"')
    session = board.device(python=program).open(MODEL, threads=1)
    assert len(session.run(2)) == 2
    session.close()


def test_what_a_lost_board_kept_is_found(board: Board) -> None:
    (board.folder / "archspec-0123abcd").mkdir()
    (board.folder / "archspec-mine").mkdir()
    found = leftovers(board.device().link)  # type: ignore[attr-defined]
    assert [Path(path).name for path in found] == ["archspec-0123abcd"]


def test_a_missing_host_is_said() -> None:
    with pytest.raises(UserError, match="no host to connect to"):
        device("ssh", host="-oProxyCommand=x")


def test_the_master_connection_is_shared(board: Board) -> None:
    place = board.device()
    place.machine()
    start = time.monotonic()
    place.machine()
    assert time.monotonic() - start < 10
    assert board.log.read_text().count("Accepted publickey") == 1


@pytest.mark.parametrize("samples", ["[[1, 1]]", "[[1], [2]]", "7", '[["x", 1], [2, 2]]'])
def test_no_sample_is_invented_for_one_that_did_not_come(board: Board, samples: str) -> None:
    answers = '{"init_ms": 1, "first_ms": 1}', f'{{"samples_ms": {samples}}}'
    program = fake_python(board, "\n".join(f"read question; echo 'archspec:{answer}'" for answer in answers) + "\ncat")
    session = board.device(python=program).open(MODEL, threads=1)
    expect_within(30, lambda: session.run(2), Garbled, "samples")
    session.close()


def test_a_file_that_does_not_arrive_whole(board: Board) -> None:
    link = board.device(tries=1).link  # type: ignore[attr-defined]
    odd = Path("/proc/version")  # says that it has 0 bytes, and has more
    expect_within(30, lambda: link.push(odd, f"{board.folder}/file"), DeviceError, "did not arrive whole")


def test_a_full_board(board: Board) -> None:
    link = board.device().link  # type: ignore[attr-defined]
    expect_within(30, lambda: link.push(Path(__file__), "/dev/full"), Full, "is full .*No space left")


def test_a_board_that_accepts_and_says_nothing(board: Board) -> None:
    place = board.device(connect_timeout_s=2, tries=1)
    os.kill(board.process.pid, signal.SIGSTOP)
    try:
        expect_within(20, place.machine, Unplugged, "cannot be reached")
    finally:
        os.kill(board.process.pid, signal.SIGCONT)


def test_many_open_files_are_no_trouble(board: Board) -> None:
    """A program that trains beside has hundreds; `select` would fail above 1023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    try:
        with ExitStack() as files:
            for _ in range(1100):
                files.enter_context(Path(os.devnull).open("rb"))
            session = board.device().open(MODEL, threads=1)
            assert len(session.run(2)) == 2
            session.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
