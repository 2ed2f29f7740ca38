"""What benchmark_model prints, as found in public logs of several versions and phones."""

import pytest

from archspec.devices._benchmark import benchmark_command, parse
from archspec.devices._faults import Garbled

GPU_2024 = """\
INFO: STARTING!
INFO: Loaded model mobilenet_quant_v1_224.tflite
INFO: Created 1 GPU delegate kernels.
INFO: Explicitly applied GPU delegate, and the model graph will be completely executed by the delegate.
INFO: Initialized session in 1361.24ms.
INFO: Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
INFO: count=5 first=125113 curr=112537 min=111758 max=125113 avg=115344 std=4959 p5=111758 median=112912 p95=125113

INFO: Running benchmark for at least 50 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
INFO: count=50 first=119614 curr=115889 min=111842 max=119614 avg=115246 std=1329 p5=112107 median=115350 p95=116620

INFO: Inference timings in us: Init: 1361236, First inference: 125113, Warmup (avg): 115344, Inference (avg): 115246
"""
NNAPI_2023 = """\
INFO: Tensorflow Version : 2.15.0
VERBOSE: Replacing 31 out of 31 node(s) with delegate (TfLiteNnapiDelegate) node, yielding 1 partitions.
INFO: count=1 curr=637079

INFO: count=520 first=2531 curr=2793 min=1171 max=9925 avg=1885.74 std=870

INFO: Inference timings in us: Init: 66002, First inference: 637079, Warmup (avg): 637079, Inference (avg): 1885.74
"""
OLD_2019 = """\
count=2 first=9.5e+06 curr=42163 min=42163 max=9500000 avg=9.99242e+06 std=1219
count=3 curr=37653(all same)
Inference timings in us: Init: 5388, First inference: 9992420, Warmup (avg): 9.99242e+06, Inference (avg): 37653
"""


def test_percentiles_of_new_versions() -> None:
    found = parse(GPU_2024, "phone")
    assert (found.init_ms, found.first_ms) == (1361.236, 125.113)
    assert (found.warm.count, found.timed.count) == (5, 50)
    many = found.aggregate()
    assert (many.runs, many.mean_ms, many.std_ms, many.median_ms) == (50, 115.246, 1.329, 115.35)
    assert (many.p5_ms, many.p95_ms, many.min_ms, many.max_ms) == (112.107, 116.62, 111.842, 119.614)
    assert (found.system.delegate, found.system.version) == ("GPU", "")


def test_a_delegate_that_says_how_many_operations_it_took() -> None:
    system = parse(NNAPI_2023, "phone").system
    assert (system.delegate, system.operations, system.delegated) == ("NNAPI", 31, 31)
    assert (system.fully_delegated, system.version) == (True, "2.15.0")


def test_old_versions_and_equal_runs() -> None:
    found = parse(OLD_2019, "phone")
    assert found.warm.mean_ms == 9992.42
    assert (found.timed.mean_ms, found.timed.std_ms, found.timed.median_ms) == (37.653, 0.0, None)


def test_a_delegate_that_took_nothing() -> None:
    text = GPU_2024.replace(
        "Explicitly applied GPU delegate, and the model graph will be completely executed by the delegate",
        "Though GPU delegate is explicitly applied, the model graph will not be executed by the delegate",
    )
    assert parse(text, "phone").system.delegate == "none"


def test_samples_of_many_runs_are_not_known() -> None:
    with pytest.raises(ValueError, match="50 runs, of which only the first and the last are known"):
        parse(GPU_2024, "phone").samples()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Segmentation fault",
        GPU_2024[:300],
        GPU_2024.split("INFO: Inference")[0],
        GPU_2024.replace("count=50", "count=0"),
        GPU_2024.replace("avg=115246", "avg=?"),
        GPU_2024 + GPU_2024,
    ],
)
def test_what_means_nothing(text: str) -> None:
    with pytest.raises(Garbled, match=r"^phone: benchmark_model printed no timings"):
        parse(text, "phone")


def test_the_papers_call() -> None:
    words = benchmark_command("bm", "m", runs=300, warmup_s=30, limit_s=90, threads=1, flags=["--use_gpu=true"])
    assert {"--warmup_min_secs=30", "--num_runs=300", "--min_secs=0", "--num_threads=1", "--use_gpu=true"} <= set(words)
