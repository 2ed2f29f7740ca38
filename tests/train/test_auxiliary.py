"""Auxiliary heads in training: their loss counts by their weights, and the network goes without them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec import lower
from archspec.errors import UserError
from archspec.lower.framework import tf
from archspec.network import Network
from archspec.record import read_records
from archspec.train import KerasFit, Order, Training, check_order
from archspec.train._fit import Fit
from tests.train.test_fit import batch
from tests.train.test_training import arrays, trained
from tests.train.tiny import Blocks, recipe, spec

Array = np.ndarray[Any, Any]
DATA = {"blocks": Blocks()}
HEADS = "auxiliary=[{from: stem, head: {conv_bn: {filters: 5, kernel: 3}}, weight: 0.5}, {from: low, weight: 2}]"


def order(*lines: str, more: str = "", name: str = "test") -> Order:
    return Order(spec(*lines), recipe(more, name), DATA, 0)


def cross_entropy(logits: Array, labels: Array) -> float:
    """Of the labelled pixels, with the softmax in double precision."""
    logits = logits.astype(np.float64)
    logits -= logits.max(-1, keepdims=True)
    log = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    kept = labels != 255
    return float(-np.take_along_axis(log, np.where(kept, labels, 0)[..., None], -1)[..., 0][kept].mean())


def test_the_loss_is_the_main_one_and_the_weighted_others() -> None:
    one = order("head.dropout=0", HEADS)
    stage = one.recipe.stages[0]
    graph, weights = one.graph(stage), one.start_weights()
    images, labels = batch()
    outputs = lower.to_keras(graph, weights)(images, training=True)
    full = [np.asarray(tf.compat.v1.image.resize(logits, (16, 24), align_corners=True)) for logits in outputs]
    losses = [cross_entropy(logits, np.asarray(labels)) for logits in full]
    fit = Fit(stage, graph, weights, class_weights=None, seed=0, auxiliary_weights=one.auxiliary_weights(stage))
    assert fit.step(images, labels, 0.01) == pytest.approx(losses[0] + 0.5 * losses[1] + 2 * losses[2], rel=1e-5)
    assert all(not np.array_equal(array, weights[key]) for key, array in fit.weights().items() if "kernel" in key)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Training:
    """A run with auxiliary heads that nobody interrupted."""
    return trained(tmp_path_factory.mktemp("whole"), order(HEADS))


def test_the_network_goes_without_them(whole: Training) -> None:
    network = Network.load(whole.run.folder / "spec.yaml")
    plain = order().trained_spec
    assert arrays(whole).keys() == Network(plain).weights.keys()
    assert network.hash == Network(plain).hash
    assert network.imported is not None
    assert not network.imported.fresh
    assert lower.load_keras(whole.run.model).count_params() == network.cost.params_total
    with np.load(max(whole.run.checkpoints.iterdir())) as kept:
        assert "model/auxiliary.0.head.conv/kernel" in kept.files


def test_they_are_part_of_what_was_trained(whole: Training) -> None:
    record, plain = read_records(whole.run.records)[0], order()
    assert record.hash == Network(plain.spec).hash
    conditions = plain.conditions(Network(plain.spec))
    assert "auxiliary" not in conditions
    assert {key: value for key, value in record.conditions.items() if key != "auxiliary"} == conditions
    names = {order(HEADS).name, plain.name, order(HEADS, "auxiliary[0].weight=0.4").name}
    assert len(names) == 3


def test_heads_of_weight_0_change_nothing() -> None:
    """The heads are drawn by their own names, and their gradients are 0."""
    found = []
    for lines in ((HEADS, "auxiliary[0].weight=0", "auxiliary[1].weight=0"), ()):
        one = Order(spec("head.dropout=0", *lines), recipe("", "test", "weight_decay=none", "optimizer=adam"), DATA, 0)
        stage, weights = one.recipe.stages[0], one.start_weights()
        heads = one.auxiliary_weights(stage)
        fit = Fit(stage, one.graph(stage), weights, class_weights=None, seed=0, auxiliary_weights=heads)
        fit.step(*batch(), 0.01)
        found.append(fit.weights())
    with_heads, plain = found
    assert with_heads.keys() > plain.keys()
    assert all(np.array_equal(with_heads[key], array) for key, array in plain.items())


def test_all_but_the_heads_frozen_is_nothing_to_train() -> None:
    more = "freeze: [backbone, head, classifier]\ncache_features: {views: 1}\n"
    with pytest.raises(UserError, match="all of the network is frozen"):
        check_order(order("head.dropout=0", HEADS, more=more))


@pytest.mark.slow
def test_keras_fit_takes_them_too(tmp_path: Path) -> None:
    one = order("head.dropout=0", HEADS)
    ours = Training(one, tmp_path).train().miou
    assert KerasFit(one, steps_per_epoch=6).fit(1).history["val_miou"][0] == pytest.approx(ours, abs=1e-6)
