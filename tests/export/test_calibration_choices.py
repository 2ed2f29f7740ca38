"""Ranges by percentile or least error, and bias correction: against NumPy and against what the runtime computes."""

import numpy as np
import pytest

from archspec.arrays import Calibration
from archspec.export import export, run
from archspec.export.ranges import BINS, Histogram
from archspec.graph import layers
from archspec.graph.tensor import Graph
from archspec.graph.weights import initialise
from tests.export.networks import bundled, weights_of


def histogram_of(*arrays: np.ndarray) -> Histogram:
    found = Histogram()
    for one in arrays:
        found.add(one)
    return found


def outliers() -> tuple[np.ndarray, np.ndarray]:
    """Normal numbers, and the same with a few that are twenty times as large."""
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=200_000)
    return numbers, np.concatenate([generator.normal(size=200_000), [-25.0, 40.0]])


def rounded(numbers: np.ndarray, low: float, high: float) -> np.ndarray:
    """To 256 steps from `low` to `high`, both of which have 0 between them."""
    step = (high - low) / 255
    zero = np.rint(-low / step)
    return (np.clip(np.rint(numbers / step) + zero, 0, 255) - zero) * step


def test_a_histogram_that_widens_loses_no_number() -> None:
    small, large = outliers()
    found = histogram_of(small, large)
    assert found.counts.sum() == pytest.approx(len(small) + len(large))
    assert (found.low, found.high) == (-25.0, 40.0)
    everything = np.concatenate([small, large])
    assert found.centres @ found.counts / found.counts.sum() == pytest.approx(everything.mean(), abs=65 / BINS)


def test_a_percentile_leaves_out_as_many_as_it_says() -> None:
    small, large = outliers()
    low, high = histogram_of(small, large).range_by("percentile")
    everything = np.concatenate([small, large])
    assert (low, high) == pytest.approx(np.percentile(everything, [0.005, 99.995]), abs=2 * 65 / BINS)


def test_the_least_error_is_less_than_others() -> None:
    small, large = outliers()
    everything = np.concatenate([small, large])

    def error(low: float, high: float) -> float:
        return float(np.mean((rounded(everything, low, high) - everything) ** 2))

    low, high = histogram_of(small, large).range_by("mse")
    tried = [error(-25 * share, 40 * other) for share in np.linspace(0.1, 1, 12) for other in np.linspace(0.1, 1, 12)]
    assert error(low, high) < 0.75 * error(-25, 40)
    assert error(low, high) < 1.6 * min(tried)  # the ends that are tried are as coarse as 0.3 of what was seen


def test_ranges_of_one_value_stay() -> None:
    assert histogram_of(np.full(10, 3.0)).range_by("mse") == (3.0, 3.0)


def small_graph(*made, channels: int = 6) -> Graph:
    graph = Graph("small")
    x = layers.Input((9, 12, channels), name="image").enter(graph)
    for layer in made:
        x = layer(x)
    graph.finish([x])
    return graph


KINDS = {
    "conv": (layers.Conv2D(8, 3, padding="same", name="one"),),
    "strided": (layers.Conv2D(8, 3, strides=2, padding="same", name="one"),),
    "wide dilation": (layers.Conv2D(8, 3, dilation_rate=5, padding="same", name="one"),),
    "valid": (layers.Conv2D(8, 3, padding="valid", name="one"),),
    "grouped": (layers.Conv2D(8, 3, groups=2, padding="same", name="one"),),
    "depthwise": (layers.DepthwiseConv2D(3, padding="same", name="one"),),
    "transposed": (
        layers.MaxPooling2D(2, name="pool"),
        layers.Conv2DTranspose(8, 2, strides=2, padding="same", name="one"),
    ),
    "dense": (layers.GlobalAveragePooling2D(name="pool"), layers.Dense(8, name="one")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_bias_correction_takes_the_mean_error_of_each_channel_away(kind: str) -> None:
    """Of one layer whose kernel is rounded badly: each channel has one weight that dwarfs the others."""
    graph = small_graph(*KINDS[kind])
    weights = {name: np.array(array) for name, array in initialise(graph, 1).items()}
    kernel = weights["one/kernel"]
    kernel *= 0.03
    kernel[(0,) * (kernel.ndim - 2)] += 1.5
    generator = np.random.default_rng(2)
    pictures = [generator.uniform(0, 255, (1, 9, 12, 6)).round().astype(np.float32) for _ in range(4)]
    axes = (0, 1, 2) if kind != "dense" else (0,)

    def mean_error(corrects: bool) -> float:
        made = export(
            graph, weights, precision="int8", representative=pictures, calibration=Calibration(bias_correction=corrects)
        )
        wanted, found = (np.concatenate(run(data, pictures)) for data in (export(graph, weights).data, made.data))
        return float(np.abs((found - wanted).mean(axis=axes)).mean())

    share = {"dense": 0.5, "transposed": 0.7}.get(kind, 0.3)  # of these two other roundings remain
    assert mean_error(True) < share * mean_error(False)


def test_bias_correction_helps_a_whole_network() -> None:
    from archspec.export import check_equality

    graph = bundled("mobilenetv2_basic", "output=logits")
    weights = weights_of(graph)
    reference = export(graph, weights).data

    def snr_db(calibration: Calibration) -> float:
        data = export(graph, weights, precision="int8", calibration=calibration).data
        return check_equality(data, lambda image: run(reference, [image])[0], tolerance=None).snr_db

    assert snr_db(Calibration(bias_correction=True)) > snr_db(Calibration()) + 1.5


def test_the_usual_way_needs_no_words() -> None:
    graph = bundled("shufflenetv2_basic")
    usual, said = (
        export(graph, weights_of(graph), precision="int8", **options)
        for options in ({}, {"calibration": Calibration("minmax", bias_correction=False)})
    )
    assert usual.data == said.data
    assert len(usual.notes) == 1
    other = export(graph, weights_of(graph), precision="int8", calibration=Calibration("mse", bias_correction=True))
    assert other.notes[1] == "calibration: mse, bias correction"
    assert other.size_bytes == usual.size_bytes
    assert other.data != usual.data
