"""The procedure: turns, pairs, progress, limits and conditions, with fake models on the host."""

from itertools import count

import pytest

from archspec.devices import PRESETS, Procedure, Progress, measure
from archspec.errors import UserError
from tests.devices.fakes import FakeClock, FakeRunner, fake_host, forever, models

TWO = Procedure("own", 0.0, 2, 2)


def test_models_take_turns_and_every_second_round_goes_backwards() -> None:
    clock, calls = FakeClock(), list[str]()
    runners = {name: FakeRunner(clock, forever(1), calls=calls, name=name) for name in "abc"}
    measure(models(*"abc"), device=fake_host(clock, runners), procedure=Procedure("own", 0.0, 3, 2))
    assert calls[:6] == ["fill a", "a", "fill b", "b", "fill c", "c"]
    assert "".join(calls[6:]) == "aabbcc" + "ccbbaa" + "aabbcc"


def test_each_model_is_warmed_for_the_whole_time() -> None:
    clock = FakeClock()
    runners = {"a": FakeRunner(clock, forever(10)), "b": FakeRunner(clock, forever(40))}
    a, b = measure(models("a", "b"), device=fake_host(clock, runners), procedure=Procedure("own", 0.1, 1, 1))
    assert (a.warmup_runs, b.warmup_runs) == (10, 3)
    assert a.warmup_s == pytest.approx(0.1)
    assert b.warmup_s == pytest.approx(0.12)


def test_paired_ratio_is_the_median_of_the_rounds() -> None:
    clock = FakeClock()
    # after the first inference: rounds of one run; the machine is three times slower in the second
    runners = {"a": FakeRunner(clock, [0, 10, 30, 10]), "b": FakeRunner(clock, [0, 5, 15, 8])}
    procedure = Procedure("own", 0.0, 3, 1)
    a, b = measure(models("a", "b"), device=fake_host(clock, runners), procedure=procedure)
    assert a.round_ratios == (1, 1, 1)
    assert b.round_ratios == (0.5, 0.5, 0.8)
    assert (a.paired_ratio, b.paired_ratio) == (1, 0.5)
    assert b.paired_ratio_iqr == pytest.approx(0.15)
    assert (a.reference, b.reference) == ("a", "a")


def test_any_model_can_be_the_reference() -> None:
    clock = FakeClock()
    runners = {"a": FakeRunner(clock, forever(10)), "b": FakeRunner(clock, forever(5))}
    a, b = measure(models("a", "b"), device=fake_host(clock, runners), procedure=TWO, reference=1)
    assert (a.paired_ratio, b.paired_ratio, a.reference) == (2, 1, "b")


@pytest.mark.parametrize("reference", [2, -1])
def test_a_reference_that_is_not_there(reference: int) -> None:
    with pytest.raises(UserError, match=f"no model number {reference} to compare with. There are 0 to 1"):
        measure(models("a", "b"), procedure=TWO, reference=reference)


def test_processor_time_is_kept_with_one_thread_and_not_with_more() -> None:
    clock = FakeClock()
    place = fake_host(clock, {"a": FakeRunner(clock, forever(8), cpu_share=0.75)})
    (one,) = measure(models("a"), device=place, procedure=TWO, threads=1)
    (two,) = measure(models("a"), device=place, procedure=TWO, threads=2)
    assert one.cpu_samples_ms == (6,) * 4
    assert one.cpu is not None
    assert one.cpu.median == 6
    assert (two.cpu_samples_ms, two.cpu) == ((), None)
    assert two.median_ms == 8


def test_loading_is_timed_apart_from_the_first_inference() -> None:
    clock = FakeClock()
    (found,) = measure(
        models("a"), device=fake_host(clock, {"a": FakeRunner(clock, forever(50, 7))}, load_ms=20), procedure=TWO
    )
    assert (found.init_ms, found.first_ms, found.median_ms) == (20, 50, 7)


def test_a_time_limit_stops_after_a_whole_round_and_says_so() -> None:
    clock = FakeClock()
    place = fake_host(clock, {"a": FakeRunner(clock, forever(400)), "b": FakeRunner(clock, forever(400))})
    procedure = Procedure("own", 0.0, 100, 1, limit_s=2.0)
    a, b = measure(models("a", "b"), device=place, procedure=procedure, clock=lambda: clock.wall / 1e9)
    # 0.8 s a round: 0.8 and 1.6 are within 2 s, 2.4 is not; a third round had begun by then
    assert (a.runs, b.runs) == (3, 3)
    assert "stopped after 3 of 100 runs" in a.cautions


def test_at_least_one_round_whatever_the_limit() -> None:
    clock = FakeClock()
    place = fake_host(clock, {"a": FakeRunner(clock, forever(400))})
    (a,) = measure(models("a"), device=place, procedure=Procedure("own", 0, 9, 1, 0.1), clock=lambda: clock.wall / 1e9)
    assert a.runs == 1
    (b,) = measure(models("a"), device=place, procedure=Procedure("own", 0, 9, 1, 0.1), clock=count().__next__)
    assert b.runs == 1


def test_progress_is_told_between_runs_and_ends_at_the_total() -> None:
    clock = FakeClock()
    told: list[Progress] = []
    place = fake_host(clock, {"a": FakeRunner(clock, forever(1)), "b": FakeRunner(clock, forever(1))})
    measure(models("a", "b"), device=place, procedure=TWO, progress=told.append)
    assert [(step.stage, step.model, step.done, step.total) for step in told] == [
        ("open", "a", 0, 2),
        ("open", "b", 1, 2),
        ("warm-up", "a", 0, 2),
        ("warm-up", "b", 1, 2),
        ("round", "", 0, 2),
        ("round", "", 1, 2),
        ("round", "", 2, 2),
    ]


def test_noise_and_few_runs_are_cautioned() -> None:
    clock = FakeClock()
    wild = [0.0, *([10.0, 20.0] * 25)]
    procedure = Procedure("own", 0.0, 50, 1)
    place = fake_host(clock, {"calm": FakeRunner(clock, forever(10)), "wild": FakeRunner(clock, wild)})
    calm, noisy = measure(models("calm", "wild"), device=place, procedure=procedure)
    assert (calm.noisy, calm.cautions) == (False, ())
    assert noisy.noisy
    assert noisy.cautions == ("noisy: interquartile range is 67% of the median",)
    (few,) = measure(
        models("calm"), device=fake_host(clock, {"calm": FakeRunner(clock, forever(1))}), procedure="quick"
    )
    assert few.cautions == (f"{PRESETS['quick'].runs} runs: fewer than the 50 a published number needs",)


def test_nothing_to_measure_and_no_threads() -> None:
    with pytest.raises(UserError, match="no model to measure"):
        measure([])
    with pytest.raises(UserError, match=r"there must be at least one thread \(0\)"):
        measure(models("a"), threads=0)
