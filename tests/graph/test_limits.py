"""No size without a bound: what no runtime could hold is refused at once, with its place."""

from __future__ import annotations

import time

import pytest

from archspec.errors import UserError
from archspec.graph.trace import trace
from archspec.spec import expand, parse


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("head: {basic: {filters: 1000000000000}}", "net.yaml:2:25: head.basic.filters: too large (1,000,000,000,000)"),
        ("head: {basic: {filters: 1000000000}}", "net.yaml:2:8: head.basic: 'head.image_pooling.conv' has an array of"),
        ("head: [depthwise_bn: {kernel: 1000000}]", "net.yaml:2:8: head[0]: 'head.dw' has an array of"),
        ("decoder: {deeplabv3plus: {convolutions: 100000000}}", "net.yaml:2:11: decoder.deeplabv3plus: more than"),
        ("classes: 65536\ninput: {size: 1024}\ndecoder: bilinear", "net.yaml:4:10: decoder.bilinear: 'decoder' makes"),
        ("input: {size: 100000}", "net.yaml:2:15: input.size: must be at most 16384 (100000)"),
        # 23,000² × 4 bytes are 2 GiB; no single array is beyond what an int32 counts
        ("head: [conv_bn: {filters: 20000, kernel: 1}, conv_bn: {filters: 30000, kernel: 1}]", "a .tflite holds 2 GiB"),
    ],
)  # fmt: skip
def test_too_large_is_told_at_once(text: str, said: str) -> None:
    start = time.monotonic()
    with pytest.raises(UserError) as caught:
        spec = parse(f"backbone: mobilenet_v2\n{text}\n", file="net.yaml")
        trace(expand(spec), spec.catalog)
    assert said in str(caught.value)
    assert time.monotonic() - start < 5


def test_what_a_runtime_holds_is_taken() -> None:
    spec = parse("backbone: mobilenet_v2\nwidth_multiplier: 4\ninput: {size: [1024, 2048]}\n")
    assert len(trace(expand(spec), spec.catalog).nodes) > 100
