"""EfficientViT-B0 and SegNeXt-T: what is published of each, other sizes by formula, and their files."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from archspec.blocks.heads.hamburger import _factorised
from archspec.catalog import Catalog
from archspec.cost import CostSheet, price
from archspec.graph import layers
from archspec.graph.program import build_program
from archspec.graph.weights import initialise
from tests.cost.formulas import Count, Map
from tests.graph import nets
from tests.graph.interpreter import run as interpreted
from tests.graph.oracle import Array
from tests.networks import efficientvit_segnext_counts as by_hand

FORMULAS: dict[str, Callable[[Map, int], Count]] = {
    "efficientvit_b0": by_hand.efficientvit_b0,
    "segnext_tiny": by_hand.segnext_tiny,
}


def sheet(name: str, *overrides: str) -> CostSheet:
    return price(nets.of_bundled(name, *overrides), classes=19, output_stride=32)


@pytest.mark.parametrize("classes", [19, 150])
@pytest.mark.parametrize("size", [(512, 512), (360, 640), (1024, 2048)])
@pytest.mark.parametrize("name", FORMULAS)
def test_parameters_and_multiply_adds_by_formula(name: str, size: Map, classes: int) -> None:
    found = sheet(name, f"input.size={list(size)}", f"classes={classes}")
    expected = FORMULAS[name](size, classes)
    assert (found.params, found.params_total - found.params) == (expected.params, expected.statistics)
    assert found.macs == expected.macs


def test_published_of_efficientvit() -> None:
    """arXiv:2205.14756: 0.7 M parameters, 4.4 GMACs at 1024 × 2048; the authors' counter counts products too."""
    found = sheet("efficientvit_b0")
    assert found.params / 1e6 == pytest.approx(0.7, rel=0.01)
    assert found.gmacs == pytest.approx(4.4, rel=0.02)


def test_published_of_segnext() -> None:
    """4.3 M and 6.6 G at 512² with 150 classes, by a counter that has an operation a normalised and four a resized
    number; 51 G at 1024 × 2048."""
    graph = nets.of_bundled("segnext_tiny", "input.size=[512,512]", "classes=150")
    found = price(graph, classes=150, output_stride=32)
    assert found.params / 1e6 == pytest.approx(4.3, rel=0.01)
    operations = {"BatchNormalization": 1, "LayerNormalization": 1, "GroupNormalization": 1, "Resize": 4}
    more = sum(operations.get(nets.kind(node), 0) * node.output.elements for node in graph.nodes)
    assert round((found.macs + more) / 1e9, 1) == 6.6
    assert sheet("segnext_tiny").gmacs == pytest.approx(51, rel=0.02)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_header_tells_what_is_computed(name: str) -> None:
    text, found = Catalog().specs()[name].read_text("utf-8"), sheet(name)
    header = text[: text.index("\nname:")]
    assert f"{found.params:,}" in header
    assert f"{found.gmacs:.2f}" in header
    assert f"{found.matmul_macs / 1e9:.2f}" in header


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMULAS)
def test_the_file_is_the_keras_model_and_int8_is_near(name: str) -> None:
    from archspec.export import check_equality, export, run
    from archspec.lower import to_keras
    from archspec.lower.framework import keras

    keras.backend.clear_session()
    graph = nets.of_bundled(name, "input.size=[65,97]", "output=logits")
    weights = initialise(graph, statistics="random")
    image = np.random.default_rng(0).uniform(0, 255, (1, 65, 97, 3)).astype(np.float32)
    expected = to_keras(graph, weights)(image).numpy()
    exported = export(graph, weights)
    assert np.abs(run(exported.data, [image])[0] - expected).max() <= 1e-5 * np.abs(expected).max()
    assert exported.census.macs == price(graph, classes=19, output_stride=32).macs
    small = export(graph, weights, precision="int8", representative=[image])
    assert check_equality(small.data, lambda one: run(exported.data, [one])[0], [image], tolerance=None).snr_db > 20


def lee_and_seung(x: Array, bases: Array, steps: int) -> Array:
    """Multiplicative updates of shares `(places, rank)` and bases `(rank, channels)` in turns, in a loop."""
    powers = np.exp(x @ bases.T)
    shares = powers / powers.sum(1, keepdims=True)
    for step in range(2 * steps + 1):
        if step % 2 == 0:
            shares = shares * (x @ bases.T) / (shares @ bases @ bases.T + 1e-6)
        else:
            bases = bases * (shares.T @ x) / (shares.T @ shares @ bases + 1e-6)
    return shares @ bases


def test_the_unrolled_factorisation_is_the_loop_and_comes_nearer() -> None:
    generator = np.random.default_rng(3)
    image = (generator.uniform(0, 1, (20, 2)) ** 3 @ generator.uniform(0.1, 1, (2, 6))).reshape(4, 5, 6)
    errors = []
    for steps in (1, 7, 40):
        tokens = layers.Reshape((-1, 6), name="tokens")(nets.image(4, 5, 6))
        graph = nets.finish(layers.Reshape((4, 5, 6), name="whole")(_factorised(tokens, 2, steps, "it")))
        weights = initialise(graph, seed=1)
        found = interpreted(build_program(graph), weights, image)[0].reshape(20, 6)
        flat, bases = image.reshape(20, 6), weights["it.bases/bases"].astype(np.float64)
        assert np.linalg.norm(bases, axis=1) == pytest.approx(1)
        np.testing.assert_allclose(found, lee_and_seung(flat, bases, steps), rtol=1e-6)
        errors.append(np.linalg.norm(found - flat) / np.linalg.norm(flat))
    assert errors[0] > errors[1] > errors[2]
