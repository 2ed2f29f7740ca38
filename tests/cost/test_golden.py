"""The published networks to the last digit, and any other size, width and stride against the papers' own tables."""

from __future__ import annotations

import pytest

from archspec.cost import CostSheet, price
from tests.cost.formulas import WIDTHS, basic, logits, network, shufflenet
from tests.graph import nets

# Trainable parameters, all variables and multiply-adds at 224 × 224, output stride 16, 19 classes; counted on the
# published code's own graphs.
GOLDEN = {
    "shufflenetv2_basic": (1_148_249, 1_163_781, 231_133_008),
    "shufflenetv2_dpc": (1_506_121, 1_526_165, 323_554_448),
    "mobilenetv2_basic": (2_113_043, 2_146_131, 498_379_776),
    "mobilenetv2_dpc": (2_506_195, 2_543_507, 590_584_064),
}
TABLE_5 = {"shufflenetv2_basic": 0.47, "shufflenetv2_dpc": 0.65, "mobilenetv2_basic": 1.00, "mobilenetv2_dpc": 1.18}
SIZES = [(224, 224), (360, 640), (512, 1024), (769, 769), (1024, 2048), (1025, 2049)]
GMACS = {
    "shufflenetv2_basic": (0.2311, 1.0804, 2.4140, 2.8184, 9.6556, 9.8598),
    "shufflenetv2_dpc": (0.3236, 1.5146, 3.3808, 3.9519, 13.5233, 13.8186),
    "mobilenetv2_basic": (0.4984, 2.3270, 5.2068, 6.0617, 20.8269, 21.2331),
    "mobilenetv2_dpc": (0.5906, 2.7601, 6.1710, 7.1921, 24.6840, 25.1810),
}


def sheet(name: str, *overrides: str) -> CostSheet:
    return price(nets.of_bundled(name, *overrides), classes=19, output_stride=16)


@pytest.mark.parametrize("name", nets.BUNDLED)
def test_the_papers_networks(name: str) -> None:
    found = sheet(name)
    assert (found.params, found.params_total, found.macs) == GOLDEN[name]
    assert (found.gmacs, found.gflops) == (found.macs / 1e9, 2 * found.macs / 1e9)
    assert abs(found.gflops - TABLE_5[name]) <= 0.02


@pytest.mark.parametrize("classes", [2, 20, 21])
@pytest.mark.parametrize("name", nets.BUNDLED)
def test_a_class_more_is_257_parameters_more(name: str, classes: int) -> None:
    found = sheet(name, f"classes={classes}")
    more = (classes - 19) * 257
    assert (found.params, found.params_total) == (GOLDEN[name][0] + more, GOLDEN[name][1] + more)
    assert found.macs == GOLDEN[name][2] + (classes - 19) * 256 * 14 * 14


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("name", nets.BUNDLED)
def test_other_sizes(name: str, height: int, width: int) -> None:
    found = sheet(name, f"input.size=[{height},{width}]")
    assert round(found.gmacs, 4) == GMACS[name][SIZES.index((height, width))]
    assert found.macs == network(name, (height, width)).macs
    assert (found.params, found.params_total) == GOLDEN[name][:2]


@pytest.mark.parametrize("output_stride", [8, 16, 32])
@pytest.mark.parametrize("size", [(224, 224), (225, 225), (97, 130)])
@pytest.mark.parametrize("name", nets.BUNDLED)
def test_output_strides(name: str, size: tuple[int, int], output_stride: int) -> None:
    found = sheet(name, f"output_stride={output_stride}", f"input.size=[{size[0]},{size[1]}]")
    expected = network(name, size, output_stride)
    assert (found.params, found.params_total - found.params) == (expected.params, expected.statistics)
    assert found.macs == expected.macs


@pytest.mark.parametrize("width", sorted(WIDTHS))
@pytest.mark.parametrize("head", ["basic", "dpc"])
def test_widths_of_shufflenet(head: str, width: float) -> None:
    found, expected = (
        sheet(f"shufflenetv2_{head}", f"width_multiplier={width}"),
        network(f"shufflenetv2_{head}", width=width),
    )
    assert (found.params, found.params_total - found.params, found.macs) == (
        expected.params,
        expected.statistics,
        expected.macs,
    )


@pytest.mark.parametrize("width", [0.35, 0.5, 0.75, 1.0, 1.3, 1.4])
@pytest.mark.parametrize("head", ["basic", "dpc"])
def test_widths_of_mobilenet(head: str, width: float) -> None:
    found, expected = (
        sheet(f"mobilenetv2_{head}", f"width_multiplier={width}"),
        network(f"mobilenetv2_{head}", width=width),
    )
    assert (found.params, found.params_total - found.params, found.macs) == (
        expected.params,
        expected.statistics,
        expected.macs,
    )


def test_the_published_double_width_is_narrower() -> None:
    """224, 448, 896 channels where the paper of the backbone has 244, 488, 976."""
    published = sheet("shufflenetv2_basic", "width_multiplier=2.0", "variant=reference")
    backbone, at = shufflenet((224, 224), 16, (224, 448, 896))
    expected = backbone + basic(896, at) + logits(19, at)
    assert (published.params, published.macs) == (expected.params, expected.macs)
    assert sheet("shufflenetv2_basic", "variant=reference").params == sheet("shufflenetv2_basic").params


@pytest.mark.parametrize(
    ("overrides", "gflops"),
    # Counted by TensorFlow's profiler on the published code's exported graphs: biases, pooling and argmax too.
    [
        (("input.size=[360,640]",), (2.1778, 3.0512, 4.6860, 5.5572)),
        (("input.size=225",), (0.527, 0.741, 1.127, 1.340)),
        (("output_stride=8",), (1.615, 2.363, 3.290, 4.036)),
    ],
)
def test_the_profiler_agrees_within_two_per_cent(overrides: tuple[str, ...], gflops: tuple[float, ...]) -> None:
    for name, counted in zip(nets.BUNDLED, gflops, strict=True):
        assert sheet(name, *overrides).gflops == pytest.approx(counted, rel=0.02)


def test_the_model_zoos_count() -> None:
    """MobileNetV2 with this head in DeepLab's model zoo, in multiply-adds; 513² is with 21 classes."""
    assert sheet("mobilenetv2_basic", "input.size=[1025,2049]").gmacs == pytest.approx(21.27, rel=0.005)
    assert sheet("mobilenetv2_basic", "input.size=513", "classes=21").gmacs == pytest.approx(2.75, rel=0.005)
