"""Times of single operators: whose step is whose, what happens without a profiler, and that they add up."""

import json
import sys

import numpy as np
import pytest

from archspec.catalog import Catalog
from archspec.devices import Model, _litert_profiler, _operator_times, operator_times
from archspec.devices._operator_times import align, quiet
from archspec.errors import UserError
from archspec.export import run, take_census
from archspec.export.surgery import Isolation
from archspec.measures._in_turns import Subject, subjects
from tests.devices.tiny_model import INT32, tiny_tflite

CONV, GEMM, DEPTHWISE = (
    "Convolution (NHWC, F32) IGEMM",
    "Fully Connected (NC, F32) GEMM",
    "Convolution (NHWC, F32) DWConv",
)


@pytest.fixture(scope="module")
def network() -> Subject:
    (found,), _ = subjects(["shufflenetv2_dpc"], Catalog(), ["input.size=[64,64]"])
    return found


# --- whose step is whose ------------------------------------------------------------------------------------
ALIGNED = [
    ("one to one", [CONV, DEPTHWISE, GEMM], ["CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D"], [0, 1, 2], []),
    ("a constant unpacked at loading", [CONV, GEMM], ["DEQUANTIZE", "CONV_2D", "DEQUANTIZE", "CONV_2D"], [1, 3], []),
    ("a clamp behind", ["Add (ND)", "Clamp (NC)", GEMM], ["ADD", "CONV_2D"], [0, 0, 1], []),
    ("a conversion before", ["Convert (NC, F32, QDU8)", GEMM], ["SLICE", "CONV_2D"], [1, 1], []),
    ("an activation fused", [CONV, "Add (ND)"], ["CONV_2D", "RELU", "ADD"], [0, 2], []),
    ("unknown steps go to a neighbour", [CONV, "New Thing (NC)", GEMM], ["CONV_2D", "CONV_2D"], [0, 0, 1], [1]),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "operators", "owners", "loose"), [case[1:] for case in ALIGNED],
                         ids=[case[0] for case in ALIGNED])  # fmt: skip
def test_steps_find_their_operators(
    steps: list[str], operators: list[str], owners: list[int], loose: list[int]
) -> None:
    assert align(steps, operators) == (owners, loose)


def test_steps_without_any_operator_are_refused() -> None:
    with pytest.raises(ValueError, match="took no operator"):
        align([CONV], [])


def test_quiet_runs_are_the_fastest_quarter() -> None:
    assert quiet([5.0, 1.0, 9.0, 2.0, 8.0, 7.0, 6.0, 4.0]) == [1, 3]
    assert quiet([3.0]) == [0]


# --- LiteRT's profiler --------------------------------------------------------------------------------------
def test_every_operator_has_a_time(network: Subject) -> None:
    found = operator_times(Model.of(network.data), rounds=2, runs=2, method="runtime")
    assert (found.method, found.notes) == ("runtime", ())
    assert len(found.operators_ms) == len(network.census.nodes)
    assert len(found.whole_samples_ms) == 4
    slowest = max(network.census.nodes, key=lambda one: found.operators_ms[one.number])
    assert slowest.code in ("CONV_2D", "ARG_MAX", "RESIZE_BILINEAR")
    assert found.profiled_ms is not None and found.profiled_ms > 0


def test_operators_outside_the_delegate_have_their_own_times() -> None:
    found = operator_times(Model.of(tiny_tflite("ADD", dtype=INT32, shape=(1, 256, 256, 8), times=3)), rounds=2)
    assert found.method == "runtime"
    assert len(found.operators_ms) == 3
    assert all(time_ms > 0 for time_ms in found.operators_ms)


def test_an_untried_version_falls_back_and_says_so(monkeypatch: pytest.MonkeyPatch, network: Subject) -> None:
    def refused(*_: object) -> dict[str, object]:
        monkeypatch.setattr(_litert_profiler, "TRIED", ("0.0.1",))
        try:
            _litert_profiler.profile(network.data, 1, 1, 1)
        except _litert_profiler.ProfilerError as error:
            from archspec.errors import Problem

            raise Problem(str(error)) from error
        return {}

    monkeypatch.setattr(_operator_times, "_ask", refused)
    found = operator_times(Model.of(tiny_tflite()))
    assert found.method == "alone"
    assert "LiteRT's profiler was not used: LiteRT " in found.notes[0]
    assert "(0.0.1 is)" in found.notes[0]
    with pytest.raises(UserError, match=r"is not known here"):
        operator_times(Model.of(tiny_tflite()), method="runtime")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os; os.kill(os.getpid(), 11)", "its process died with code -11"),
        ("pass", "its process died with code 0"),
    ],
)
def test_a_dying_profiler_costs_only_its_own_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path, code: str, said: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{code}'\n")
    python.chmod(0o755)
    monkeypatch.setattr(_operator_times.sys, "executable", str(python))
    found = operator_times(Model.of(tiny_tflite()))
    assert found.method == "alone"
    assert found.notes == (f"LiteRT's profiler was not used: {said}",)


def test_an_answer_of_a_process_that_died_is_not_believed(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    python, answer = tmp_path / "python", {"plain_ms": [1.0], "profiled_ms": [1.0], "runs": [[["ADD", 8, 0, 5]]]}
    python.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}' > \"$5\"\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setattr(_operator_times.sys, "executable", str(python))
    found = operator_times(Model.of(tiny_tflite()))
    assert found.notes == ("LiteRT's profiler was not used: its process died with code 3",)


def test_a_hanging_profiler_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 60\n")
    python.chmod(0o755)
    monkeypatch.setattr(_operator_times.sys, "executable", str(python))
    monkeypatch.setattr(_operator_times, "LIMIT_S", 0.2)
    assert "did not answer within 0.2 s" in operator_times(Model.of(tiny_tflite())).notes[0]


def test_events_that_contradict_the_file_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    run_ = [["MUL", 2, 0, 5]]
    answer = {"plain_ms": [1.0], "profiled_ms": [1.0], "runs": [run_]}
    monkeypatch.setattr(_operator_times, "_ask", lambda *_: answer)
    found = operator_times(Model.of(tiny_tflite("ADD", dtype=INT32)))
    assert found.notes == ("LiteRT's profiler was not used: it calls operator 0 MUL",)


def test_the_program_answers_in_json(tmp_path) -> None:
    (tmp_path / "m.tflite").write_bytes(tiny_tflite(times=2))
    _litert_profiler.main([str(tmp_path / "m.tflite"), str(tmp_path / "a.json"), "1", "2", "3"])
    found = json.loads((tmp_path / "a.json").read_text())
    assert [len(found[key]) for key in ("plain_ms", "profiled_ms", "runs")] == [6, 6, 6]
    assert all(len(events) == 2 for events in found["runs"])


# --- each alone ---------------------------------------------------------------------------------------------
def test_operators_alone_are_the_operators_of_the_file(network: Subject) -> None:
    isolation = Isolation(network.data)
    nodes = network.census.nodes
    assert len(isolation) == len(nodes)
    for number in (0, 2, 9, len(nodes) - 2, len(nodes) - 1):
        content = isolation.alone(number)
        assert content is not None
        (one,) = take_census(content).nodes
        computed = [tensor.name for tensor in nodes[number].inputs if not tensor.buffer_bytes]
        assert [tensor.name for tensor in take_census(content).inputs] == computed
        assert (one.code, one.node) == (nodes[number].code, nodes[number].node)
        assert [tensor.shape for tensor in one.inputs] == [tensor.shape for tensor in nodes[number].inputs]


def test_an_operator_alone_computes_the_same(network: Subject) -> None:
    """The first operator scales the image by 2 / 255."""
    content = Isolation(network.data).alone(0)
    assert content is not None
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype(np.float32)
    (found,) = run(content, [image])
    np.testing.assert_allclose(found, image * (2 / 255), rtol=1e-6)


def test_alone_times_all_operators() -> None:
    found = operator_times(Model.of(tiny_tflite("ADD", shape=(1, 64, 64, 8), times=3)), method="alone")
    assert found.method == "alone"
    assert len(found.operators_ms) == 3
    assert all(time_ms > 0 for time_ms in found.operators_ms)


# --- on a real run ------------------------------------------------------------------------------------------
@pytest.mark.alone
@pytest.mark.slow
def test_operators_add_up_to_the_whole() -> None:
    """Within 10 %: the bar. A machine that is busy elsewhere may need another go."""
    (whole,), _ = subjects(["shufflenetv2_dpc"], Catalog())
    shares = []
    for _attempt in range(4):
        shares.append(operator_times(Model.of(whole.data), method="runtime").share)
        if abs(shares[-1] - 1) <= 0.1:
            return
    assert abs(shares[-1] - 1) <= 0.1, shares
