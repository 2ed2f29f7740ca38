"""An initialiser that does not exist is refused where it is written, not when the first weight is drawn."""

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.graph.weights import bilinear_kernel, initialise
from tests.strategies import graph_of

SPEC = """
input: {size: 40}
output_stride: 8
backbone:
- conv_bn: {filters: 64, stride: 8, kernel: 8, initializer: WORD}
"""
UNKNOWN = [
    "nonsense",
    "truncated_normal",
    "truncated_normal(0)",
    "truncated_normal(-1)",
    "truncated_normal(1e999)",
    "constant",
]


@pytest.mark.parametrize("word", UNKNOWN)
def test_unknown_initializer(word: str) -> None:
    with pytest.raises(UserError) as caught:
        graph_of(SPEC.replace("WORD", word))
    assert str(caught.value) == (
        f"<text>:5:3: backbone[0]: unknown initializer '{word}'. "
        "One of: bilinear, constant(VALUE), glorot_uniform, he_normal, ones, truncated_normal(DEVIATION), zeros"
    )


# Standard deviations by the definitions; a normal cut at two deviations keeps 0.8796 of its own.
FAN_IN, FAN_OUT = 8 * 8 * 3, 8 * 8 * 64
KNOWN = [
    ("glorot_uniform", (2 / (FAN_IN + FAN_OUT)) ** 0.5),
    ("he_normal", (2 / FAN_IN) ** 0.5),
    ("truncated_normal(0.09)", 0.09 * 0.8796),
    ("truncated_normal(1e-2)", 0.01 * 0.8796),
    ("zeros", 0),
]


@pytest.mark.parametrize(("word", "deviation"), KNOWN)
def test_known_initializer(word: str, deviation: float) -> None:
    (kernel,) = (
        array
        for key, array in initialise(graph_of(SPEC.replace("WORD", word))).items()
        if "backbone" in key and "kernel" in key
    )
    assert kernel.std() == pytest.approx(deviation, rel=0.03)
    assert abs(kernel.mean()) <= deviation / 20
    assert np.isfinite(kernel).all()


def test_constant_initializer() -> None:
    arrays = initialise(graph_of(SPEC.replace("WORD", "constant(-0.25)")))
    (kernel,) = (array for key, array in arrays.items() if "backbone" in key and "kernel" in key)
    np.testing.assert_array_equal(kernel, np.float32(-0.25))


def test_bilinear_kernels_upsample_a_ramp_and_keep_channels_apart() -> None:
    """By hand: at stride 2 a 4-tap kernel weighs its two inputs 3 : 1, and the weights of each phase sum to one."""
    kernel = bilinear_kernel((4, 4, 3, 3))
    side = np.array([0.25, 0.75, 0.75, 0.25])
    for first in range(3):
        for second in range(3):
            wanted = np.outer(side, side) if first == second else np.zeros((4, 4))
            np.testing.assert_allclose(kernel[:, :, first, second], wanted)
    assert bilinear_kernel((16, 16, 1, 1))[::8, ::8, 0, 0].sum() == pytest.approx(1.0)
