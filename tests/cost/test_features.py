"""Features of a graph against numbers that are counted by hand."""

import math

import pytest

from archspec.cost import graph_features
from archspec.network import Network
from archspec.spec import parse

# Three convolutions of 3 × 3 with stride 2, then a dilated one; a 1 × 1 classifier at stride 8.
SMALL = """
name: small
input: {size: [32, 64]}
classes: 3
output_stride: 8
backbone:
- conv_bn: {filters: 4, kernel: 3, stride: 2}
- conv_bn: {filters: 6, kernel: 3, stride: 2}
  id: fine
- conv_bn: {filters: 8, kernel: 3, stride: 2}
head:
- conv_bn: {filters: 5, kernel: 3, dilation_rate: 2}
decoder: bilinear
"""


def spec_of(unit: str, halvings: int) -> str:
    """A 3 × 3 convolution of 8 filters and stride 2, so many 1 × 1 ones like it, a unit to stride 8, the classifier."""
    first = (
        "- conv_bn: {filters: 8, kernel: 3, stride: 2}\n" + "- conv_bn: {filters: 8, kernel: 1, stride: 2}\n" * halvings
    )
    start = "name: small\ninput: {size: [32, 64]}\nclasses: 3\noutput_stride: 8\n"
    return f"{start}backbone:\n{first}{unit}\ndecoder: bilinear\n"


def features(text: str) -> dict[str, float]:
    return graph_features(Network(parse(text, file="small.yaml")).graph)


def test_sums_are_of_each_section_and_of_the_whole() -> None:
    found = features(SMALL)
    backbone = [(3, 4, 16 * 32), (4, 6, 8 * 16), (6, 8, 4 * 8)]  # channels in and out, positions
    macs = sum(9 * before * after * positions for before, after, positions in backbone)
    params = sum(9 * before * after + 2 * after for before, after, _ in backbone)  # scale and shift of each norm
    assert found["macs.backbone"] == pytest.approx(math.log10(1 + macs))
    assert found["params.backbone"] == pytest.approx(math.log10(1 + params))
    assert found["macs.head"] == pytest.approx(math.log10(1 + 9 * 8 * 5 * 4 * 8))
    assert found["macs.classifier"] == pytest.approx(math.log10(1 + 5 * 3 * 4 * 8))
    whole = macs + 9 * 8 * 5 * 32 + 5 * 3 * 32
    assert found["macs"] == pytest.approx(math.log10(1 + whole))


def test_the_receptive_field_is_that_of_the_formula() -> None:
    """r = 1 + sum (k - 1) · d · (strides before): 1 + 2 + 4 + 8 + 2 · 2 · 8 = 47, wider than the image is high."""
    found = features(SMALL)
    assert found["receptive_field"] == pytest.approx(math.log2(47))
    assert found["sees"] == pytest.approx(47 / 64)  # 47 of 64 columns
    near = features(SMALL.replace(", dilation_rate: 2", ""))
    assert near["receptive_field"] == pytest.approx(math.log2(31))
    assert near["sees"] == pytest.approx(31 / 64)


def test_strides_and_widths() -> None:
    found = features(SMALL)
    assert found["score_stride"] == 3 and found["pixels"] == 11
    assert {name: value for name, value in found.items() if name.startswith("width")} == pytest.approx(
        {"width.2": 2, "width.4": math.log2(6), "width.8": 3}
    )
    assert (found["finest_tap"], found["coarsest_tap"]) == (3, 3)


def test_a_skip_shows_as_a_finer_tap() -> None:
    found = graph_features(Network.load("camvid_shufflenetv2_05").graph)  # scores of stage 2 and of stage 4 are added
    assert (found["finest_tap"], found["coarsest_tap"]) == (3, 4)


def test_the_entropy_is_the_logarithm_of_the_variance() -> None:
    """Each output of a convolution is a sum of kernel² × channels products; these are those of SMALL."""
    found = features(SMALL)
    assert found["entropy"] == pytest.approx(math.log((9 * 3) * (9 * 4) * (9 * 6) * (9 * 8) * 5))


def test_variances_add_where_maps_are_added() -> None:
    """The unit's input has the variance 27 · 8²; what is added to it went through 1 × 1, 3 × 3 depthwise and 1 × 1."""
    found = features(spec_of("- inverted_residual: {filters: 8, expansion: 2}", 2))
    before = 27 * 8**2
    assert found["entropy"] == pytest.approx(math.log((before + before * 8 * 9 * 16) * 8))


def test_joined_maps_have_their_mean_variance() -> None:
    """A unit with a stride joins two branches of 8 filters: depthwise and 1 × 1; 1 × 1, depthwise and 1 × 1."""
    found = features(spec_of("- shuffle_unit: {filters: 16, stride: 2}", 1))
    before = 27 * 8
    assert found["entropy"] == pytest.approx(math.log((before * 9 * 8 + before * 8 * 9 * 8) / 2 * 16))
