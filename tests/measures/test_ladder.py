"""The ladder: cheapest first, stopped at the first limit that is broken, nothing measured twice."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from archspec.ledger import Ledger
from archspec.measures import Limit, Measure, Settings, evaluate, evaluate_text, measure_named, preload, screen
from archspec.measures._case import Case
from archspec.measures._evaluate import ladder
from archspec.spec import dump, load, override
from tests.measures.measured import Heard, Known, case, planted, refuse_tensorflow
from tests.train.tiny import spec

__all__ = ["planted"]
EVERY = ("miou", "latency_ms", "predicted_latency_ms", "tflite_mb", "gflops", "params", "synflow", "random_score")


def test_cheapest_first_and_limited_ones_before_the_rest() -> None:
    order = [one.measure.name for one in ladder(EVERY, (Limit("gflops", 1),))]
    assert order[0] == "gflops"
    rungs = [measure_named(name).rung for name in order]
    assert rungs == ["cost"] * 4 + ["predicted", "host", "proxy", "training"]


def test_it_stops_at_the_first_broken_limit(planted: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    take = Measure.take
    monkeypatch.setattr(Measure, "take", lambda one, case: (taken.append(one.name), take(one, case))[1])
    cost = load("shufflenetv2_dpc")
    found = evaluate(cost, Settings(EVERY, (Limit("params", 1e9), Limit("gflops", 0.5), Limit("miou", 0.1, False))))
    assert found.rejected is not None
    assert (found.rejected.metric, found.rejected.reason) == ("gflops", "gflops 0.6471 > 0.5")
    assert taken == ["gflops"]
    assert [record.metric for record in found.records] == ["gflops"]
    least = evaluate(cost, Settings((), (Limit("params", 1e7, at_most=False),)))
    assert least.rejected is not None
    assert least.rejected.reason == "params 1.506e+06 < 1e+07"


def test_a_range_is_two_limits() -> None:
    both = (Limit("gflops", 1.0), Limit("gflops", 0.5, at_most=False))
    assert screen(load("shufflenetv2_dpc"), Settings((), both)).rejected is None
    small = screen(load("shufflenetv2_dpc"), Settings((), (both[0], Limit("gflops", 0.7, at_most=False))))
    assert small.rejected is not None
    assert small.rejected.reason == "gflops 0.6471 < 0.7"


def test_the_screen_needs_no_tensorflow_and_looks_no_further(
    planted: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_tensorflow(monkeypatch)
    found = screen(case(planted), replace(planted, metrics=EVERY))
    assert found.values.keys() == {"gflops", "params", "tflite_mb", "random_score", "predicted_latency_ms"}
    assert (found.rejected, found.records, found.fault) == (None, (), "")


def test_what_is_given_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Case(spec(), Settings(()))
    _ = whole.network.cost
    given = Case(whole.network, Settings(()))
    monkeypatch.setattr("archspec.network.network.trace", lambda *_: pytest.fail("traced again"))
    assert screen(given, Settings(("params", "tflite_mb"))).values["params"] == whole.network.cost.params


def test_a_spec_that_cannot_be_built_is_rejected_without_a_metric() -> None:
    broken = override(load("shufflenetv2_dpc"), {"backbone": [{"conv_bn": {"filters": 4, "stride": 3}}]})
    for found in (screen(broken, Settings(("params",))), evaluate(broken, Settings(("params",)))):
        assert found.rejected is not None
        assert found.rejected.metric == ""
        assert "strides multiply to 3" in found.rejected.reason
    unread = evaluate_text("backbone: [", Settings(("params",)))
    assert unread.rejected is not None
    assert (unread.rejected.metric, unread.values) == ("", {})


@pytest.mark.slow
def test_what_the_ledger_has_is_not_measured_again(planted: Settings, tmp_path: Path) -> None:
    """Nor is it by another process with the same database, whatever the network is called; a new seed is new."""
    wanted = replace(planted, metrics=("params", "random_score", "latency_ms", "fps", "synflow", "short_miou"))
    first, second, third = Heard(), Heard(), Heard()
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        before = evaluate(spec(), wanted, ledger, first)
    assert first.of("measured") == ["params", "random_score", "fps", "latency_ms", "synflow", "short_miou"]
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        after = evaluate(spec("name=other"), wanted, ledger, second)
        assert (second.of("measured"), len(second.of("known"))) == ([], 6)
        assert after.values == before.values
        evaluate(spec(), replace(wanted, seed=1), ledger, third)
    assert third.of("measured") == ["random_score", "synflow", "short_miou"]


def test_each_number_is_kept_at_once(planted: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Known()

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("archspec.devices.measure_queue", interrupt)
    with pytest.raises(KeyboardInterrupt):
        evaluate(case(planted), replace(planted, metrics=("params", "latency_ms")), ledger)
    assert [record.metric for record in ledger.values()] == ["params"]
    assert next(iter(ledger.values())).spec == dump(spec())


def test_one_measurement_serves_all_that_is_read_off_it(planted: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from archspec import devices

    calls: list[int] = []
    queue = devices.measure_queue
    monkeypatch.setattr(devices, "measure_queue", lambda *rest, **more: calls.append(1) or queue(*rest, **more))
    names = ("latency_ms", "latency_mean_ms", "latency_variance_ms2", "fps", "latency_ratio")
    found = evaluate(case(planted), replace(planted, metrics=names))
    assert len(calls) == 1
    assert found.values["latency_mean_ms"] == pytest.approx(1000 / (found.values["fps"] or 0))
    record = next(one for one in found.records if one.metric == "latency_ms")
    assert record.conditions["device_fingerprint"] == "f00d"
    assert record.conditions["precision"] == "float32"
    assert record.conditions["threads"] == 1
    assert len(record.samples) == record.conditions["runs"]


def test_on_this_machine(planted: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    found = evaluate(spec(), replace(planted, device="host", metrics=("latency_ms", "latency_ratio")))
    values = [value for value in found.values.values() if value is not None]
    assert len(values) == 2
    assert min(values) > 0


def test_a_training_that_diverges_has_no_value_and_is_not_tried_again(planted: Settings, tmp_path: Path) -> None:
    recipe = tmp_path / "wild.yaml"
    recipe.write_text(Path(planted.recipes["miou"]).read_text().replace("0.01", "1.0e+30"))
    wild = replace(planted, metrics=("params", "miou"), recipes={"miou": str(recipe)})
    ledger, heard = Known(), Heard()
    found = evaluate(spec(), wild, ledger, heard)
    assert found.values["miou"] is None
    assert found.fault.startswith("the training diverged: ")
    assert found.rejected is None
    assert heard.of("failed") == ["miou"]
    again = Heard()
    known = evaluate(spec(), wild, ledger, again)
    assert (known.values["miou"], known.fault, again.of("known")) == (None, found.fault, ["params", "miou"])
    limited = evaluate(spec(), replace(wild, limits=(Limit("miou", 0.1, at_most=False),)), ledger)
    assert limited.rejected is not None
    assert limited.rejected.reason.startswith("miou could not be had: the training diverged")


def test_what_a_user_can_mend_is_a_fault_and_no_record(planted: Settings) -> None:
    ledger = Known()
    recipes = {"proxy_miou": str(Path(planted.output).parent / "none.yaml")}
    found = evaluate(spec(), replace(planted, metrics=("params", "proxy_miou"), recipes=recipes), ledger)
    assert found.values["proxy_miou"] is None
    assert "none.yaml" in found.fault
    assert [record.metric for record in ledger.values()] == ["params"]


def test_what_a_worker_is_given_and_gives_back(planted: Settings) -> None:
    asked = replace(planted, metrics=("params", "gflops"), limits=(Limit("params", 1e6),))
    found = pickle.loads(pickle.dumps(evaluate_text(dump(spec()), pickle.loads(pickle.dumps(asked)))))
    assert found.values.keys() == {"params", "gflops"}
    assert [record.metric for record in found.records] == ["params", "gflops"]
    json.dumps(dict(found.values))
    assert preload(asked) == ("archspec.measures._worker",)
    assert preload(replace(asked, metrics=("synflow",))) == (
        "archspec.measures._worker",
        "archspec.train._training",
    )
