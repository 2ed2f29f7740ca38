"""The light blocks of whole-network spaces against what they are made of: Lite R-ASPP, added scores, lateral sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.export.interpreter import run
from archspec.graph.weights import initialise
from archspec.network import Network

BASE = {"input.size": [64, 96], "classes": 5, "classifier": "none", "output": "logits"}


def network(changes: dict[str, Any], name: str = "mobilenetv2_basic") -> Network:
    return Network.load(name, {**BASE, **changes})


def test_lite_aspp_and_added_scores_are_lraspp() -> None:
    """Scores and bilinear resizing are linear, so scores of resized features are resized scores."""
    published = network(
        {"head": "none", "decoder": {"lraspp": {"filters": 16, "align_corners": False}}, "output_stride": 16}
    )
    pieces = network({
        "head": {"lite_aspp": {"filters": 16}},
        "decoder": [
            {"score_sums": {"skips": ["stage3"]}, "id": "sums"},
            {"bilinear": {"align_corners": False}, "id": "up"},
        ],
        "output_stride": 16,
    })  # fmt: skip
    assert published.cost.params == pieces.cost.params
    names = {
        "decoder.features": "head.features", "decoder.gate": "head.gate",
        "decoder.high_logits": "decoder.sums.scores16", "decoder.low_logits": "decoder.sums.scores8",
    }  # fmt: skip
    weights = initialise(published.graph, 0, "random")
    same = {}
    for key, array in weights.items():
        old = next((name for name in names if key.startswith((f"{name}.", f"{name}/"))), None)
        same[key if old is None else names[old] + key[len(old) :]] = array
    image = np.random.default_rng(1).uniform(0, 255, (1, 64, 96, 3)).astype(np.float32)
    one, other = (run(net.to_tflite(weights=w).data, [image])[0] for net, w in ((published, weights), (pieces, same)))
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3 * float(np.abs(one).max()))


def test_scores_are_added_at_each_stride_down_to_the_finest() -> None:
    """A classifier of 5 classes on 320, 96, 32 and 24 channels: weights and biases."""
    for finest, channels in ((16, (320, 96)), (8, (320, 96, 32)), (4, (320, 96, 32, 24))):
        changes = {"head": "none", "output_stride": 32, "decoder": {"score_sums": {"finest": finest}}}
        found = network(changes)
        without = network({"head": "none", "output_stride": 32, "decoder": "scores"})
        assert found.graph.outputs[0].shape == (64 // finest, 96 // finest, 5)
        assert found.cost.params - without.cost.params == sum(5 * (count + 1) for count in channels[1:])
    with pytest.raises(UserError, match="the map before the neck is at stride 8, which does not halve down to 16"):
        _ = network({"head": "none", "output_stride": 8, "decoder": {"score_sums": {"finest": 16}}}).graph


@pytest.mark.parametrize(("output_stride", "widths"), [(32, [12, 10, 8]), (16, [10, 8]), (8, [8])])
def test_lateral_sums_end_at_the_stride_that_is_named(output_stride: int, widths: list[int]) -> None:
    """The last widths are those of the sums that are left: the same network as with just these."""
    asked = network(
        {
            "output_stride": output_stride,
            "neck": {"lateral_sums": {"filters": [12, 10, 8], "finest": 4}},
            "head": "none",
            "decoder": "scores",
        }
    )
    by_hand = network(
        {
            "output_stride": output_stride,
            "neck": {"lateral_sums": {"filters": widths}},
            "head": "none",
            "decoder": "scores",
        }
    )
    assert asked.hash == by_hand.hash
    assert asked.graph.outputs[0].shape == (16, 24, 5)


def test_a_neck_whose_map_is_fine_enough_keeps_it() -> None:
    same = network({"output_stride": 8, "neck": {"lateral_sums": {"finest": 8}}, "head": "none", "decoder": "scores"})
    assert same.hash == network({"output_stride": 8, "head": "none", "decoder": "scores"}).hash
    one = network(
        {"output_stride": 8, "neck": {"fpn": {"filters": 8, "finest": 8}}, "head": "none", "decoder": "scores"}
    )
    assert one.graph.taps["neck"].size == (8, 12)
    with pytest.raises(UserError, match="2 filters for the 3 sums from stride 32 to 4"):
        _ = network({"output_stride": 32, "neck": {"lateral_sums": {"filters": [8, 8], "finest": 4}}}).graph
