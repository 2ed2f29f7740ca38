"""ENet and SegNet: every count from the papers' tables by a formula of its own, and what was published."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.cost import CostSheet, price
from archspec.errors import UserError
from archspec.graph.program import build_program
from archspec.graph.weights import initialise
from tests.graph import nets
from tests.graph.evaluation import evaluate
from tests.graph.interpreter import run

Size = tuple[int, int]
SIZES: list[Size] = [(360, 640), (224, 224), (512, 1024), (65, 97), (33, 41)]


def sheet(name: str, size: Size = (360, 640), classes: int = 20) -> CostSheet:
    overrides = (f"input.size=[{size[0]},{size[1]}]", f"classes={classes}")
    return price(nets.of_bundled(name, *overrides), classes=classes, output_stride=32 if name == "segnet" else 8)


class Counted:
    """Trainable parameters, moving statistics and multiply-adds, added up layer by layer on a map that is halved."""

    def __init__(self, size: Size) -> None:
        self.sizes = [size]
        self.params = self.statistics = self.macs = 0

    @property
    def positions(self) -> int:
        return self.sizes[-1][0] * self.sizes[-1][1]

    def halve(self) -> None:
        height, width = self.sizes[-1]
        self.sizes.append(((height + 1) // 2, (width + 1) // 2))

    def conv(self, taps: int, source: int, filters: int, bias: bool = False) -> None:
        self.params += taps * source * filters + (filters if bias else 0)
        self.macs += self.positions * taps * source * filters

    def norm(self, channels: int, slope: bool = False) -> None:
        self.params += 2 * channels + (channels if slope else 0)
        self.statistics += 2 * channels


def enet(size: Size, classes: int) -> Counted:
    """arXiv:1606.02147, Table 1, with the convolutions of the published Torch code."""
    net = Counted(size)
    net.halve()
    net.conv(9, 3, 13, bias=True)
    net.norm(16, slope=True)
    plan = [(16, 64, "down"), *[(64, 64, "regular")] * 4, (64, 128, "down")]
    stage = ["regular", "dilated", "asymmetric", "dilated"] * 2
    plan += [(128, 128, kind) for kind in stage * 2]
    for source, filters, kind in plan:
        _bottleneck(net, source, filters, kind, slope=True)
    for source, filters, others in ((128, 64, 2), (64, 16, 1)):
        _upsampling(net, source, filters)
        for _ in range(others):
            _bottleneck(net, filters, filters, "regular", slope=False)
    net.conv(4, 16, classes, bias=True)  # transposed: on the map before it
    return net


def _bottleneck(net: Counted, source: int, filters: int, kind: str, slope: bool) -> None:
    inside = filters // 4
    if kind == "down":
        net.halve()
    net.conv(4 if kind == "down" else 1, source, inside)
    net.norm(inside, slope)
    if kind == "asymmetric":
        net.conv(5, inside, inside)
        net.conv(5, inside, inside, bias=True)
    else:
        net.conv(9, inside, inside, bias=True)
    net.norm(inside, slope)
    net.conv(1, inside, filters)
    net.norm(filters)
    net.params += filters if slope else 0  # behind the sum


def _upsampling(net: Counted, source: int, filters: int) -> None:
    inside = filters // 4
    net.conv(1, source, filters)
    net.norm(filters)
    net.conv(1, source, inside)
    net.norm(inside)
    net.conv(9, inside, inside, bias=True)  # transposed: on the map before it
    net.sizes.pop()
    net.norm(inside)
    net.conv(1, inside, filters)
    net.norm(filters)


def segnet(size: Size, classes: int) -> Counted:
    """arXiv:1511.00561: VGG16's convolutions, and the same turned round; poolings rounded up."""
    net = Counted(size)
    channels = 3
    for widths in ([64] * 2, [128] * 2, [256] * 3, [512] * 3, [512] * 3):
        for width in widths:
            net.conv(9, channels, width, bias=True)
            net.norm(width)
            channels = width
        net.halve()
    for widths in ([512] * 3, [512, 512, 256], [256, 256, 128], [128, 64], [64]):
        net.sizes.pop()
        for width in widths:
            net.conv(9, channels, width, bias=True)
            net.norm(width)
            channels = width
    net.conv(9, channels, classes, bias=True)
    return net


FORMULAS = {"enet": enet, "segnet": segnet}


@pytest.mark.parametrize("classes", [19, 20, 21])
@pytest.mark.parametrize("name", FORMULAS)
def test_parameters(name: str, classes: int) -> None:
    found, wanted = sheet(name, classes=classes), FORMULAS[name]((360, 640), classes)
    assert (found.params, found.params_total - found.params) == (wanted.params, wanted.statistics)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", FORMULAS)
def test_multiply_adds(name: str, size: Size) -> None:
    assert sheet(name, size).macs == FORMULAS[name](size, 20).macs


def test_enet_is_the_published_one() -> None:
    """0.37 M parameters and 0.7 MB in half precision; of its 3.83 GFLOPs a tenth depends on what is counted."""
    found = sheet("enet")
    assert (found.params, found.params_total) == (364_376, 372_728)
    assert round(found.params_total / 1e6, 2) == 0.37
    assert round(2 * found.params / 1e6, 1) == 0.7
    assert round(found.gflops, 4) == 3.4545
    around = sum(found.other_operations[kind] for kind in ("bias", "batch_norm", "activation", "elementwise")) / 1e9
    assert 3.5 < found.gflops + around < 3.83
    assert round(sheet("enet", (224, 224)).gmacs, 3) == 0.376
    assert round(sheet("enet", (512, 1024)).gmacs, 3) == 3.930
    assert round(sheet("enet", (1024, 2048)).gmacs, 2) == 15.72


def test_segnet_is_the_published_one() -> None:
    """29.46 M parameters, 286.03 GFLOPs at 3 × 640 × 360."""
    found = sheet("segnet")
    assert found.params == 29_454_548
    assert round(found.gflops, 3) == 286.955
    assert found.gflops == pytest.approx(286.03, rel=0.004)
    assert round(sheet("segnet", (224, 224)).gmacs, 2) == 31.18
    assert round(sheet("segnet", (512, 1024)).gmacs, 1) == 325.8
    assert round(sheet("segnet", (1024, 2048)).gmacs, 1) == 1303.4


@pytest.mark.parametrize("size", [(33, 41), (40, 64)])
@pytest.mark.parametrize("name", FORMULAS)
def test_logits_are_of_the_image_s_size(name: str, size: Size) -> None:
    graph = nets.of_bundled(name, f"input.size=[{size[0]},{size[1]}]", "output=logits")
    assert graph.outputs[0].shape == (*size, 20)
    assert graph.outputs[0].stride == 1


def test_enet_has_the_published_layers() -> None:
    graph = nets.of_bundled("enet")
    rates = nets.settings(graph, "Conv2D", "dilation_rate")
    assert sorted(rate[0] for rate in rates.values() if rate != (1, 1)) == [2, 2, 4, 4, 8, 8, 16, 16]
    kernels = list(nets.settings(graph, "Conv2D", "kernel_size").values())
    assert (kernels.count((1, 5)), kernels.count((5, 1)), kernels.count((2, 2))) == (4, 4, 2)
    dropped = list(nets.settings(graph, "SpatialDropout2D", "rate").values())
    assert (dropped.count(0.01), dropped.count(0.1), len(dropped)) == (5, 17, 22)
    assert len([node for node in graph.nodes if nets.kind(node) == "PReLU"]) == 1 + 3 * 22


@pytest.mark.parametrize("name", FORMULAS)
def test_the_indices_go_from_each_pooling_to_its_unpooling(name: str) -> None:
    """The last pooling is undone first, at the size before it."""
    graph = nets.of_bundled(name, "input.size=[45,70]")
    pools = [node for node in graph.nodes if nets.kind(node) == "MaxPoolingWithIndices"]
    unpools = [node for node in graph.nodes if nets.kind(node) == "MaxUnpooling"]
    assert len(pools) == {"enet": 2, "segnet": 5}[name]
    for pool, unpool in zip(pools, reversed(unpools), strict=True):
        assert unpool.inputs[1] is pool.outputs[1]
        assert unpool.output.shape == pool.inputs[0].shape


@pytest.mark.parametrize("shuffle", ["follow", "transpose"])
@pytest.mark.parametrize("name", FORMULAS)
def test_the_program_means_what_the_graph_means(name: str, shuffle: str) -> None:
    """Both in NumPy and float64, with odd sizes at every pooling."""
    size = "[21,35]" if name == "enet" else "[33,37]"
    graph = nets.of_bundled(name, f"input.size={size}", "output=logits")
    weights = initialise(graph, 1, "random")
    pixels = np.random.default_rng(0).integers(0, 256, graph.inputs[0].shape).astype(np.float64)
    (wanted,) = evaluate(graph, weights, pixels)
    (found,) = run(build_program(graph, shuffle), weights, pixels)  # type: ignore[arg-type]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6 * np.abs(wanted).max())
    assert wanted.std() > 1e-3 * np.abs(wanted).max()


@pytest.mark.parametrize(
    ("name", "overrides", "words"),
    [
        ("enet", ["decoder.enet_decoder=null", "backbone=mobilenet_v2"], "needs the indices of max poolings"),
        ("enet", ["output_stride=16"], "multiply to 8, less than output_stride 16"),
        ("segnet", ["output_stride=16"], "cannot keep its input's size"),
        ("segnet", ["backbone=enet_encoder", "output_stride=8"], "no earlier step with the id 'pool5'"),
    ],
)
def test_what_does_not_fit_is_told(name: str, overrides: list[str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        nets.of_bundled(name, *overrides)


def test_the_encoders_are_backbones_like_others() -> None:
    """With another head and decoder nobody reads the indices, and no operator is made for them."""
    graph = nets.of_bundled(
        "enet", "input.size=64", "head=basic", "classifier=classifier", "decoder=bilinear", "output=argmax"
    )
    assert graph.outputs[0].shape == (64, 64)
    codes = {operation.code for operation in build_program(graph).operations}
    assert "MAX_POOL_2D" in codes
    assert "SPACE_TO_DEPTH" not in codes
