"""Signals that are kept until a step ends."""

import os
import signal
import threading

import pytest

from archspec.record import interruption


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_check(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    steps = []
    with pytest.raises(KeyboardInterrupt), interruption(signal.SIGINT, signal.SIGTERM) as wanted:
        assert not wanted.is_set()
        send(number)
        steps.append("the rest of the step")
        assert wanted.is_set()
        wanted.check()
        steps.append("the next step")
    assert steps == ["the rest of the step"]
    assert signal.getsignal(number) is before


def test_the_second_one_raises_wherever_it_comes() -> None:
    with interruption() as wanted:
        send(signal.SIGINT)
        assert wanted.is_set()
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)


def test_at_once_while_something_long_is_waited_for() -> None:
    with interruption() as wanted:
        with pytest.raises(KeyboardInterrupt), wanted.at_once():
            send(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), wanted.at_once():  # it was asked for before this began
            pytest.fail("nothing long begins any more")


def test_a_thread_gets_no_signals_and_changes_no_handler() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with interruption() as wanted:
            seen.append(wanted.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
    assert signal.getsignal(signal.SIGINT) is before
