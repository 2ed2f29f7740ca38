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
from tests.train.test_training import Crash, Watcher, arrays, same, trained
from tests.train.tiny import Blocks, recipe, spec

Array = np.ndarray[Any, Any]
HEADS = "auxiliary=[{from: stem, head: {conv_bn: {filters: 5, kernel: 3}}, weight: 0.5}, {from: low, weight: 2}]"


def order(*lines: str, more: str = "", name: str = "test") -> Order:
    return Order(spec(*lines), recipe(more, name), {"blocks": Blocks()}, 0)


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


def test_killed_and_resumed_bit_for_bit(whole: Training, tmp_path: Path) -> None:
    with pytest.raises(Crash):
        Training(order(HEADS), tmp_path, Watcher(crash_at=3)).train()
    same(trained(tmp_path, order(HEADS)), whole)


def test_heads_of_weight_0_change_nothing(tmp_path: Path) -> None:
    """The heads are drawn by their own names, and their gradients are 0."""
    lines = ["head.dropout=0", HEADS, "auxiliary[0].weight=0", "auxiliary[1].weight=0"]
    decay = ("weight_decay=none", "optimizer=adam")
    runs = [
        trained(tmp_path, Order(spec(*some), recipe("", "test", *decay), {"blocks": Blocks()}, 0))
        for some in (lines, lines[:1])
    ]
    assert runs[0].order.name != runs[1].order.name
    same(*runs)


def test_on_cached_features_of_a_frozen_backbone(tmp_path: Path) -> None:
    """Taps in the frozen part cross the cut; the heads themselves are trained."""
    one = order(HEADS, more="freeze: backbone\ncache_features: {views: 2}\n")
    start, finished = one.start_weights(), trained(tmp_path, one)
    with np.load(max(finished.run.checkpoints.iterdir())) as kept:
        assert "fixed/backbone.stem.conv/kernel" in kept.files
        for key in ("auxiliary.0.head.conv/kernel", "auxiliary.1.classifier.logits/kernel"):
            assert not np.array_equal(kept[f"model/{key}"], start[key])


def test_all_but_the_heads_frozen_is_nothing_to_train() -> None:
    more = "freeze: [backbone, head, classifier]\ncache_features: {views: 1}\n"
    with pytest.raises(UserError, match="all of the network is frozen"):
        check_order(order("head.dropout=0", HEADS, more=more))


@pytest.mark.slow
def test_keras_fit_takes_them_too(tmp_path: Path) -> None:
    one = order("head.dropout=0", HEADS)
    ours = Training(one, tmp_path).train().miou
    assert KerasFit(one, steps_per_epoch=6).fit(1).history["val_miou"][0] == pytest.approx(ours, abs=1e-6)
