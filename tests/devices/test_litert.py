"""Real runs: tiny files written here, and real files from the folder that ARCHSPEC_TFLITE_DIR names."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archspec.devices import Latency, Model, Procedure, measure
from archspec.devices._litert import loader
from archspec.devices.host import HousedSession, host
from archspec.errors import UserError
from archspec.export.flatbuffer_walk import REMEDY
from archspec.export.tflite_file import wrote
from tests.devices.tiny_model import FLOAT32, INT32, STRING, UINT8, tiny_tflite

MISSING = "It needs an operator that LiteRT does not have"
SHORT = Procedure("short", 0.01, 3, 2)


def one(model: bytes | Path, **options: object) -> Latency:
    (found,) = measure(model, **{"procedure": SHORT, **options})  # type: ignore[arg-type]
    return found


def test_a_file_and_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "add.tflite"
    path.write_bytes(tiny_tflite())
    by_path, by_bytes = one(path), one(tiny_tflite())
    assert (by_path.name, by_bytes.name) == ("add", "model")
    assert by_path.model_hash == by_bytes.model_hash
    assert by_path.model_bytes == path.stat().st_size
    assert len(by_path.samples_ms) == len(by_path.cpu_samples_ms) == 6
    assert all(sample > 0 for sample in by_path.samples_ms)
    assert by_path.init_ms > 0
    assert by_path.first_ms > 0
    assert by_path.warmup_s >= 0.01


def test_a_model_in_a_run_folder_goes_by_the_folders_name(tmp_path: Path) -> None:
    (tmp_path / "net-ab12").mkdir()
    (tmp_path / "net-ab12" / "model.tflite").write_bytes(tiny_tflite())
    assert one(tmp_path / "net-ab12" / "model.tflite").name == "net-ab12"


def test_models_of_one_name_are_told_apart() -> None:
    found = measure([tiny_tflite(), tiny_tflite(shape=(1, 2)), tiny_tflite()], procedure=SHORT, reference=1)
    assert [latency.name for latency in found] == ["model", "model (2)", "model (3)"]
    assert found[0].reference == "model (2)"


def test_what_runs_it_is_named() -> None:
    from importlib.metadata import version

    system = one(tiny_tflite(shape=(1, 3, 5, 2))).system
    assert (system.runtime, system.version) == ("LiteRT", version("ai-edge-litert"))
    assert system.inputs == ("1x3x5x2 float32",)


def test_delegation_is_counted() -> None:
    taken = one(tiny_tflite("ADD")).system
    assert (taken.delegate, taken.operations, taken.delegated, taken.fully_delegated) == ("XNNPACK", 1, 1, True)
    chain = one(tiny_tflite("ADD", times=5)).system
    assert (chain.operations, chain.delegated) == (5, 5)
    left = one(tiny_tflite("ADD", dtype=INT32)).system
    assert (left.delegate, left.operations, left.delegated, left.fully_delegated) == ("none", 1, 0, False)


def test_when_the_runtime_does_not_tell_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    from ai_edge_litert.interpreter import Interpreter

    monkeypatch.delattr(Interpreter, "_get_ops_details")
    system = one(wrote(tiny_tflite(times=2))).system  # as our own, so that it runs in this process
    assert (system.delegate, system.operations, system.delegated, system.fully_delegated) == (None, None, None, None)


def test_a_batch_left_open_is_run_as_one_and_said() -> None:
    found = one(tiny_tflite(shape=(1, 4, 4, 3), signature=(-1, 4, 4, 3)))
    assert found.system.inputs == ("1x4x4x3 float32 (batch open in the file)",)
    assert found.batch == 1


def test_a_size_left_open_is_not_run_at_one_pixel() -> None:
    with pytest.raises(UserError) as caught:
        one(tiny_tflite(shape=(1, 1, 1, 3), signature=(1, -1, -1, 3)))
    fact = "<bytes>: leaves the size of its input open ([1, -1, -1, 3])"
    assert str(caught.value) == f"{fact}. Say which it is to be run at: --size H,W"


def test_frames_of_a_batch_are_counted_as_images() -> None:
    found = one(tiny_tflite(shape=(4, 8, 8, 3)))
    assert found.batch == 4
    assert found.fps == pytest.approx(4 * 1000 / found.wall.mean)
    assert "a batch of 4: milliseconds are of 4 images, FPS counts images" in found.cautions


@pytest.mark.parametrize(
    ("dtype", "name", "lowest", "highest", "spread"),
    [(FLOAT32, "float32", 0, 1, 0.2), (UINT8, "uint8", 0, 255, 50), (INT32, "int32", 0, 0, 0)],
)
def test_inputs_are_random_where_any_value_is_valid(
    dtype: int, name: str, lowest: float, highest: float, spread: float
) -> None:
    runner = loader()(Model.of(tiny_tflite("MAXIMUM", dtype=dtype, shape=(1, 16, 16, 3))), 1)
    runner.fill()
    runner.invoke()
    output = runner._interpreter.get_tensor(1)  # max(x, x) is x
    assert runner.system.inputs == (f"1x16x16x3 {name}",)
    assert lowest <= output.min() <= output.max() <= highest
    assert output.std() >= spread


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "<bytes>: is empty. Export it again"),
        (b"version https://git-lfs", "<bytes>: is not a .tflite file. Its bytes 5 to 8 should read TFL3"),
        (
            tiny_tflite()[:100],
            f"<bytes>: a damaged .tflite file: its Model points outside the file. {REMEDY}",
        ),
        (
            tiny_tflite(custom="NoSuchOp"),
            f"<bytes>: cannot be run by LiteRT (Encountered unresolved custom op: NoSuchOp). {MISSING}",
        ),
    ],
    ids=["empty", "pointer", "cut", "custom"],
)
def test_what_is_no_model(content: bytes, message: str) -> None:
    with pytest.raises(UserError) as caught:
        one(content)
    assert str(caught.value) == message


def test_an_input_that_cannot_be_filled() -> None:
    with pytest.raises(UserError, match="<bytes>: cannot be run by LiteRT"):
        one(tiny_tflite(dtype=STRING))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        one(tmp_path / "none.tflite")
    assert str(caught.value) == (
        f"{tmp_path}/none.tflite: cannot be read (No such file or directory). Name a .tflite file"
    )
    with pytest.raises(UserError, match="a folder, not a file"):
        one(tmp_path)


def test_one_bad_model_stops_before_any_warm_up(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(UserError, match=r"is not a \.tflite file"):
        measure([tiny_tflite(), b"something else"], procedure="paper")
    assert time.monotonic() - start < 10


def test_nothing_is_printed_and_no_tensorflow(tmp_path: Path) -> None:
    path = tmp_path / "add.tflite"
    path.write_bytes(tiny_tflite())
    code = (
        "import sys\n"
        "from archspec.devices import Procedure, measure\n"
        "light = sorted({'numpy', 'ai_edge_litert', 'rich'} & sys.modules.keys())\n"
        f"measure({str(path)!r}, procedure=Procedure('short', 0.0, 1, 1))\n"
        "print(light, 'tensorflow' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("[] False\n", "")


def test_standard_error_still_works_after_a_measurement(capfd: pytest.CaptureFixture[str]) -> None:
    one(tiny_tflite())
    os.write(2, b"still here\n")
    assert capfd.readouterr().err == "still here\n"


def test_without_litert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(UserError, match=r"LiteRT cannot be imported .* pip install ai-edge-litert"):
        one(wrote(tiny_tflite(times=3)))


def test_models_that_are_compared_run_in_one_process() -> None:
    own, foreign = Model.of(wrote(tiny_tflite(times=6))), Model.of(tiny_tflite(times=7))
    for models, housed in (([own], False), ([own, foreign], True)):
        session = host().beside(models).open(own, threads=1)
        assert isinstance(session, HousedSession) == housed
        session.close()


# --- real files -------------------------------------------------------------------------------------------------------


def test_a_custom_operator_that_is_missing_is_one_line(tflite_folder: Path) -> None:
    path = tflite_folder / "bodypix_mobilenet_v1_075_512_512_16_quant_decoder.tflite"
    with pytest.raises(UserError) as caught:
        one(path)
    assert str(caught.value) == (
        f"{path}: cannot be run by LiteRT (Encountered unresolved custom op: PosenetDecoderOp). {MISSING}"
    )


@pytest.mark.parametrize(
    ("name", "operations"),
    [
        ("deeplabv3_257_mnv2_dm05_float", 70),
        ("deeplabv3_mnv2_dm05_pascal_quant", 72),
        ("mobilenet_v1_0.25_128_quant", 31),
        ("selfie_segmentation", 246),
    ],
)
def test_delegation_agrees_with_the_runtimes_own_benchmark(
    name: str, operations: int, tflite_folder: Path, tmp_path: Path
) -> None:
    path = tflite_folder / f"{name}.tflite"
    found = one(path)
    assert found.system.operations == operations
    command = [sys.executable, "-m", "ai_edge_litert.tools.benchmark_litert_model", "--num_threads", "1"]
    command += ["--num_runs", "1", "--warmup_runs", "1", "--model", str(path), "--result_json", str(tmp_path / "r")]
    subprocess.run(command, capture_output=True, check=True, timeout=120)
    assert found.system.fully_delegated == json.loads((tmp_path / "r").read_text())["fully_accelerated"]


def test_real_models_in_turns(tflite_folder: Path) -> None:
    names = ["deeplabv3_257_mnv2_dm05_float", "selfie_segmentation"]
    big, small = measure([tflite_folder / f"{name}.tflite" for name in names], procedure="quick")
    assert big.paired_ratio == 1
    assert 0.1 < small.paired_ratio < 0.5
    assert small.paired_ratio == pytest.approx(small.median_ms / big.median_ms, rel=0.3)
    assert big.cpu is not None
    assert big.cpu.min <= big.wall.median
