"""The bundled spaces of whole networks: known networks are points of them, and what is drawn can be built."""

from __future__ import annotations

import random

import pytest

from archspec.network import Network
from archspec.search.space import Space
from archspec.search.study import load_study
from archspec.spec import load

WHOLE = {"input.scale": 1.0, "auxiliary": "[]"}
UNTIL = "trunk.shufflenet_{}.backbone.shufflenet_v2.until"
CELL = {**WHOLE, "head": "dpc", "head.dpc.head.dpc.filters": 128, "output_stride": 16}
SHUFFLE_05 = (
    "backbone={shufflenet_v2: {padding: symmetric, layout: torchvision}}",
    "width_multiplier=0.5",
    "classes=11",
    "input={size: [360, 480], preprocess: unit}",
)
POINTS = {
    "published cell": (
        {
            **CELL,
            "trunk": "shufflenet_0.5",
            UNTIL.format("0.5"): "stage4",
            "neck": "none",
            "neck.none.decoder[1].bilinear.finest": 1,
        },
        ("shufflenetv2_dpc", "head.filters=128", *SHUFFLE_05),
    ),
    "cell with a skip": (
        {
            **CELL,
            "trunk": "shufflenet_0.5",
            UNTIL.format("0.5"): "stage4",
            "neck": "scores8",
            "neck.scores8.decoder[0].score_sums.filters": 64,
            "neck.scores8.decoder[1].bilinear.finest": 1,
        },
        ("camvid_shufflenetv2_05", "head={dpc: {filters: 128}}"),
    ),
    "camvid_mobilenetv2": (
        {
            **WHOLE,
            "trunk": "mobilenet_1.0",
            "backbone.mobilenet_v2.until": "stage7",
            "output_stride": 32,
            "head": "aspp",
            "head.aspp.filters": 128,
            "head.aspp.rates": "[4, 8, 12]",
            "neck": "lateral4",
            "neck.lateral4.decoder[0].lateral_sums.filters": "[128, 96, 64]",
            "neck.lateral4.decoder[0].lateral_sums.separable": "false",
            "neck.lateral4.decoder[2].bilinear.finest": 1,
        },
        ("camvid_mobilenetv2",),
    ),
}


@pytest.mark.parametrize("name", POINTS)
def test_known_networks_are_points_of_it(name: str) -> None:
    genome, (spec, *settings) = POINTS[name]
    candidate = Space.of(load("camvid_mobile")).candidate(genome)
    assert candidate.key == Network.load(spec, settings).equivalence_key
    assert candidate.network.spec.values["weights"]["format"]


@pytest.mark.parametrize("name", ["camvid_mobile", "cityscapes_mobile"])
def test_what_is_drawn_can_be_built(name: str) -> None:
    space = Space.of(load(name))
    assert space.size is not None
    assert space.size > 10**6
    draw = random.Random(7)
    candidates = [space.candidate(space.sample(draw)) for _ in range(25)]
    assert len({one.key for one in candidates}) == len(candidates)
    assert all(one.network.graph.outputs[0].shape == one.network.graph.inputs[0].size for one in candidates)


def test_the_studies_compare_with_networks_made_by_hand() -> None:
    study = load_study("camvid_mobile")
    keys = {name: Network(spec).equivalence_key for name, spec in study.beside.items()}
    assert keys["camvid_mobilenetv2"] == Network.load("camvid_mobilenetv2").equivalence_key
    assert keys["cell_0.5"] == Network.load("shufflenetv2_dpc", ["head.filters=128", *SHUFFLE_05]).equivalence_key
    assert {spec.values["weights"]["format"] for spec in study.beside.values()} == {
        "fastestdet_npz", "nanodet_npz", "keras_mobilenet_v2_npz",
    }  # fmt: skip
    assert set(load_study("cityscapes_mobile").beside) == {"cell_1.0", "basic_1.0"}
