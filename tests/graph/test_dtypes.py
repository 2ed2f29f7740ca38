"""A layer that cannot read what it is given says so, where Keras would fail on the first image."""

import pytest

from archspec.errors import Problem, UserError
from archspec.graph import layers
from tests.graph import nets
from tests.strategies import graph_of

SPEC = """
input: {size: 40, dtype: uint8, preprocess: PREPROCESS, channels: CHANNELS}
output_stride: 8
backbone: [{conv_bn: {filters: 8, stride: 8}}]
"""


def test_bytes_need_a_preprocess() -> None:
    with pytest.raises(UserError) as caught:
        graph_of(SPEC.replace("PREPROCESS", "none").replace("CHANNELS", "3"))
    assert str(caught.value) == (
        "<text>:4:13: backbone[0]: Conv2D reads float32, not the uint8 of 'image'. "
        "Give input.preprocess, such as symmetric"
    )
    assert graph_of(SPEC.replace("PREPROCESS", "unit").replace("CHANNELS", "1")).outputs[0].shape == (5, 5)


def test_labels_are_not_numbers_to_add() -> None:
    with pytest.raises(Problem, match="ReLU reads float32, not the int32 of 'labels'"):
        layers.ReLU()(layers.ArgMax(name="labels")(nets.image()))


def test_numbers_a_channel_must_be_as_many_as_channels() -> None:
    with pytest.raises(UserError, match=r"the means of imagenet are of 3 channels \(RGB\), and the image has 4"):
        graph_of(SPEC.replace("PREPROCESS", "imagenet").replace("CHANNELS", "4"))
    with pytest.raises(Problem, match="scale has 3 numbers for 4 channels"):
        layers.Rescaling((1.0, 2.0, 3.0))(nets.image(channels=4))
    with pytest.raises(Problem, match="offset has 2 numbers for 3 channels"):
        layers.Rescaling(1.0, (1.0, 2.0))(nets.image(channels=3))
