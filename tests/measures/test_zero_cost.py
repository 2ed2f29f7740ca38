"""Scores of untrained networks, against NumPy on networks that are small enough to write down."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec import lower
from archspec.datasets._batches import Batches
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.measures import Settings, measure_named
from archspec.measures._case import Case
from archspec.measures._initial import scoring_graph
from archspec.measures.grad_norm import gradient_norms
from archspec.measures.naswot import agreement
from archspec.measures.random_score import measure as random_score
from archspec.spec import expand, load, parse
from archspec.train import load_recipe
from tests.measures.measured import case, planted
from tests.train.tiny import Blocks

__all__ = ["planted"]
Array = np.ndarray[Any, Any]
EPSILON = 1e-3
ONE = """
name: one
input: {size: [24, 32], preprocess: unit}
classes: 3
output_stride: 8
backbone: [{conv_bn: {filters: 4, kernel: 1, stride: 8, epsilon: 1.0e-3}}]
decoder: bilinear
"""
CHAIN = ONE.replace(
    "[{conv_bn: {filters: 4, kernel: 1, stride: 8, epsilon: 1.0e-3}}]",
    "[{conv_bn: {filters: 5, kernel: 1, stride: 2}}, {conv_bn: {filters: 4, kernel: 1, stride: 2}}, "
    "{conv_bn: {filters: 6, kernel: 1, stride: 2}}]",
)


def kernels(spec_text: str, seed: int) -> list[Array]:
    """The fresh kernels of a chain of 1 x 1 convolutions as matrices, in float64."""
    spec = parse(spec_text)
    weights = initialise(trace(expand(spec), spec.catalog), seed)
    return [array[0, 0].astype(np.float64) for key, array in weights.items() if key.endswith("/kernel")]


def test_synaptic_flow_of_a_chain_is_its_length_times_what_comes_out(planted: Settings) -> None:
    """Each layer's weights times gradients sum to the output (Euler: it is linear in each of them)."""
    for seed in (0, 1):
        matrices = [np.abs(matrix) for matrix in kernels(CHAIN, seed)]
        out = np.linalg.multi_dot([np.ones((1, 3)), *matrices, np.ones((3, 1))]).item()
        expected = np.log(len(matrices) * 3 * 4 * out)  # at 3 x 4 places
        found = measure_named("synflow").take(Case(parse(CHAIN), replace(planted, seed=seed)))
        assert len(matrices) == 4
        assert found.value == pytest.approx(expected, rel=1e-6)


def test_synaptic_flow_of_gates_and_of_deep_networks_is_a_number(planted: Settings) -> None:
    """Squeeze-and-excite would square the flow each time, and ENet's has 78 digits."""
    for name in ("mobilenetv3_small_lraspp", "enet"):
        spec = load(name, ["input.size=[64,64]"])
        assert (measure_named("synflow").take(Case(spec, planted)).value or 0) > 10


def before_relu(images: Array, first: Array) -> Array:
    """`(B, 3, 4, 4)`: every eighth pixel in 0..1 through a kernel, normalised by the batch."""
    values = images[:, ::8, ::8].astype(np.float64) / 255 @ first
    return (values - values.mean((0, 1, 2))) / np.sqrt(values.var((0, 1, 2)) + EPSILON)


def test_agreement_is_counted_unit_by_unit() -> None:
    generator = np.random.default_rng(0)
    maps = [generator.normal(size=(4, 3, 2)), generator.normal(size=(4, 5))]
    signs = np.concatenate([one.reshape(4, -1) > 0 for one in maps], 1)
    expected = [[sum(a == b for a, b in zip(one, other, strict=True)) for other in signs] for one in signs]
    assert agreement(maps).tolist() == expected


def recipe_batch(under: Settings, metric: str) -> tuple[Array, Array, Settings]:
    """The first batch, of whole crops 24 x 32."""
    recipe = load_recipe(under.recipes[metric], ["augmentation.crop=[24,32]", "batch_size=3"])
    path = Path(f"{under.output}-{metric}.yaml")
    path.write_text(recipe.text, "utf-8")
    stage = recipe.stages[0]
    images, labels = Batches(Blocks(), "train", stage.augmentation, stage.batch_size, under.seed).batch(0)
    return images, labels, replace(under, recipes={metric: str(path)})


def test_naswot_of_one_layer(planted: Settings) -> None:
    images, _, settings = recipe_batch(planted, "naswot")
    fires = (before_relu(images, kernels(ONE, 0)[0]) > 0).reshape(3, -1)
    kernel = [[float((one == other).sum()) for other in fires] for one in fires]
    found = measure_named("naswot").take(Case(parse(ONE), settings))
    assert found.value == pytest.approx(np.log(np.linalg.det(kernel)), rel=1e-5)


def test_images_that_fire_alike_have_no_naswot(planted: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Blocks, "read_image", lambda self, example: np.full((24, 32, 3), 9, np.uint8))
    monkeypatch.setattr(Blocks, "read_label", lambda self, example: np.zeros((24, 32), np.uint8))
    found = measure_named("naswot").take(case(planted))
    assert (found.value, found.fault) == (None, "two images of the batch fire alike")


def test_gradient_norms_of_two_layers_by_finite_differences(planted: Settings) -> None:
    images, _, settings = recipe_batch(planted, "grad_norm")
    labels = np.random.default_rng(3).integers(0, 3, (3, 3, 4)).astype(np.uint8)
    labels[0, 0] = 255

    def loss(first: Array, last: Array) -> float:
        scores = np.maximum(before_relu(images, first), 0) @ last
        total = np.log(np.exp(scores).sum(-1))
        there = labels != 255
        chosen = np.take_along_axis(scores, np.where(there, labels, 0)[..., None].astype(int), -1)[..., 0]
        return float((total - chosen)[there].mean())

    start = kernels(ONE, 0)
    expected = []
    for which in (0, 1):
        slopes = []
        for place in product(*map(range, start[which].shape)):
            ends = []
            for step in (1e-5, -1e-5):
                moved = [array.copy() for array in start]
                moved[which][place] += step
                ends.append(loss(*moved))
            slopes.append((ends[0] - ends[1]) / 2e-5)
        expected.append(float(np.linalg.norm(slopes)))
    graph = scoring_graph(Case(parse(ONE), settings), "grad_norm")
    found = gradient_norms(lower.to_keras(graph, initialise(graph, 0)), images, labels)
    assert found == pytest.approx(expected, rel=2e-3)
    assert (measure_named("grad_norm").take(Case(parse(ONE), settings)).value or 0) > 0


def test_a_random_score_is_of_the_network_and_the_seed(planted: Settings) -> None:
    draws = [random_score(case(planted, f"head.filters={filters}")) for filters in range(1, 41)]
    assert len(set(draws)) == 40
    assert 0.35 < sum(draws) / 40 < 0.65
    assert draws[4] == random_score(case(planted, "head.filters=5", "name=other"))
    assert draws[4] != random_score(case(planted, "head.filters=5", seed=1))
