"""A frozen front computed once: the same network in two parts, and the same training."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec import lower
from archspec.catalog import Catalog
from archspec.datasets import training_batches
from archspec.errors import Problem, UserError
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.lower.framework import tf
from archspec.spec import expand, load
from archspec.train import Order, Training, _features
from archspec.train._features import Features, cached_features, feature_batches, features_key
from archspec.train._fit import Fit
from archspec.train._recipe import Stage
from archspec.train._stage_graph import cut_graph, graph_for
from tests.train.tiny import Blocks, recipe, spec

Array = np.ndarray[Any, Any]
CROP = (16, 24)
FROZEN = "freeze: backbone\ncache_features: {views: 2}\n"
NETWORKS = {
    "one tensor": ("shufflenetv2_dpc", ("input.size=[64,96]",)),
    "a tap": ("mobilenetv3_small_lraspp", ("input.size=[64,96]",)),
    "three taps": ("shuffleseg_unet", ("input.size=[64,96]",)),
    "indices of a pooling": ("segnet", ("input.size=[32,32]",)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_the_two_parts_are_the_whole(name: str) -> None:
    source, overrides = NETWORKS[name]
    graph = trace(expand(load(source, [*overrides, "output=logits"])), Catalog())
    cut = cut_graph(graph, ("backbone",))
    weights = initialise(graph, 0, "random")
    front, rear = cut.split(weights)
    assert front.keys().isdisjoint(rear)
    assert {**front, **rear}.keys() == weights.keys()
    assert {key.partition(".")[0] for key in front} == {"backbone"}
    image = tf.constant(np.random.default_rng(0).uniform(0, 255, (1, *graph.inputs[0].shape)).astype(np.float32))
    whole = lower.to_keras(graph, weights)(image)
    crossing = tf.nest.flatten(lower.to_keras(cut.front, front)(image))
    assert [tuple(one.shape[1:]) for one in crossing] == [tensor.shape for tensor in cut.rear.inputs]
    found = lower.to_keras(cut.rear, rear)(crossing if len(crossing) > 1 else crossing[0])
    np.testing.assert_array_equal(np.asarray(found), np.asarray(whole))


CUTS: list[tuple[tuple[str, ...], str]] = [
    (("backbon",), "nothing in backbon"),
    (("backbone", "head", "classifier"), "'head.dropout' is random in training"),
    (("head.aspp0",), "'backbone.stem.conv' is trained, and stands before"),
]


@pytest.mark.parametrize(("frozen", "said"), CUTS)
def test_cuts_that_cannot_be(frozen: tuple[str, ...], said: str) -> None:
    with pytest.raises(Problem, match=said):
        cut_graph(graph_for(spec(), 3, CROP), frozen)


def test_all_frozen_is_nothing_to_train() -> None:
    with pytest.raises(Problem, match="all of the network is frozen"):
        cut_graph(graph_for(spec("head.dropout=0.0"), 3, CROP), ("backbone", "head", "classifier"))


def stage(more: str = FROZEN, *overrides: str) -> Stage:
    return recipe(more, "test", *overrides).stages[0]


def test_training_on_features_is_end_to_end_training_with_a_frozen_backbone(tmp_path: Path) -> None:
    """The same batches, once as images and once as features: the same losses and weights, but for rounding."""
    graph, data, one = graph_for(spec("head.dropout=0.0"), 3, CROP), Blocks(), stage()
    weights = initialise(graph, 0, "random")
    cut = cut_graph(graph, one.freeze)
    front, rear = cut.split(weights)
    features = cached_features(tmp_path / "f", cut.front, front, data, one, 0, lambda _, __: None)
    images = views(data, one, 2 * 7)
    order = list(feature_batches(features, 2, 0, 5, 0))
    end_to_end = Fit(one, graph, weights, class_weights=None, seed=0)
    on_features = Fit(one, cut.rear, rear, class_weights=None, seed=0, fixed=front)
    for inputs, labels in order:
        numbers = [next(i for i, (_, truth) in enumerate(images) if same(truth, label)) for label in labels]
        batch = tf.constant(np.stack([images[number][0] for number in numbers]))
        loss = on_features.step(inputs, labels, 0.01)
        assert loss == pytest.approx(end_to_end.step(batch, labels, 0.01), rel=1e-5)
    ours, theirs = on_features.weights(), end_to_end.weights()
    assert ours.keys() == theirs.keys() == weights.keys()
    for key in ours:
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-3, atol=1e-4)
    assert any(not np.array_equal(ours[key], weights[key]) for key in rear)


def same(one: Any, other: Any) -> bool:
    return bool(np.array_equal(np.asarray(one), np.asarray(other)))


def views(data: Blocks, one: Stage, count: int) -> list[tuple[Array, Array]]:
    """The images and labels of the first epochs, one by one."""
    batches = training_batches(data, "train", augmentation=one.augmentation, batch_size=1, seed=0, steps=count)
    return [(np.asarray(image)[0], np.asarray(label)[0]) for image, label in batches]


def test_samples_are_the_first_epochs_and_each_epoch_takes_every_one_once(tmp_path: Path) -> None:
    graph, data, one = graph_for(spec(), 3, CROP), Blocks(), stage()
    cut = cut_graph(graph, one.freeze)
    front, _ = cut.split(initialise(graph, 0))
    features = cached_features(tmp_path / "f", cut.front, front, data, one, 0, lambda _, __: None)
    assert len(features.labels) == 14
    assert all(same(label, truth) for label, (_, truth) in zip(features.labels, views(data, one, 14), strict=True))
    seen = [np.asarray(labels).tobytes() for _, labels in feature_batches(features, 1, 0, 28, 0)]
    every = sorted(np.asarray(label).tobytes() for label in features.labels)
    assert sorted(seen[:14]) == sorted(seen[14:]) == every
    assert seen[:14] != seen[14:]
    assert [np.asarray(labels).tobytes() for _, labels in feature_batches(features, 1, 0, 28, 20)] == seen[20:]


def test_of_several_that_want_the_same_features_one_computes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a process that was killed has left behind."""
    graph, data, one = graph_for(spec(), 3, CROP), Blocks(), stage()
    cut = cut_graph(graph, one.freeze)
    front, _ = cut.split(initialise(graph, 0))
    (tmp_path / ".f.tmp").mkdir()
    (tmp_path / ".f.tmp" / "0.npy").write_bytes(b"half")
    fills: list[Path] = []
    fill = _features._fill
    monkeypatch.setattr(_features, "_fill", lambda folder, *rest: (fills.append(folder), fill(folder, *rest)))

    def ask() -> Features:
        return cached_features(tmp_path / "f", cut.front, front, data, one, 0, lambda _, __: None)

    with ThreadPoolExecutor(3) as pool:
        first, *others = [future.result() for future in [pool.submit(ask) for _ in range(3)]]
    assert len(fills) == 1
    assert all(same(first.arrays[0], other.arrays[0]) and same(first.labels, other.labels) for other in others)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".f.lock", "f"]


def test_what_the_key_of_features_depends_on() -> None:
    graph = graph_for(spec(), 3, CROP)
    cut = cut_graph(graph, ("backbone",))
    weights, other = (cut.split(initialise(graph, seed))[0] for seed in (0, 1))
    wider = cut_graph(graph_for(spec(), 3, (24, 24)), ("backbone",))
    keys = [
        features_key(cut.front, weights, "data", stage(), 0),
        features_key(cut.front, weights, "data", stage(), 1),
        features_key(cut.front, weights, "other data", stage(), 0),
        features_key(cut.front, other, "data", stage(), 0),
        features_key(wider.front, weights, "data", stage(), 0),
        features_key(cut.front, weights, "data", stage("freeze: backbone\ncache_features: {views: 3}\n"), 0),
        features_key(cut.front, weights, "data", stage(FROZEN, "augmentation.flip_probability=0.0"), 0),
    ]
    assert len(set(keys)) == len(keys)
    assert features_key(cut.front, weights, "data", stage(FROZEN, "learning_rate=0.5", "batch_size=3"), 0) == keys[0]


class Quiet:
    def __init__(self) -> None:
        self.facts: list[str] = []

    def message(self, text: str) -> None:
        self.facts.append(text)

    def step(self, progress: object) -> None: ...

    def row(self, progress: object) -> None: ...

    def caching(self, done: int, samples: int) -> None: ...


@pytest.mark.slow
def test_a_run_on_features(tmp_path: Path) -> None:
    """The run has the whole network; another recipe for the rest finds the features."""
    first, second = Quiet(), Quiet()
    order = Order(spec(), recipe(FROZEN), {"blocks": Blocks()}, 0)
    training = Training(order, tmp_path, first)
    assert training.train().state == "finished"
    assert any(fact.startswith("features computed once: 14 samples") for fact in first.facts)
    other = Order(spec("head.filters=9"), recipe(FROZEN), {"blocks": Blocks()}, 0)
    assert Training(other, tmp_path, second).train().state == "finished"
    assert any(fact.startswith("features found: 14 samples") for fact in second.facts)
    with np.load(training.run.weights) as file:
        backbone = {key: file[key] for key in file.files if key.startswith("backbone")}
    graph = graph_for(spec(), 3, CROP)
    start = initialise(graph, 0)
    assert backbone
    assert all(np.array_equal(array, start[key]) for key, array in backbone.items())


def test_features_without_a_frozen_section_are_refused() -> None:
    with pytest.raises(UserError, match="only features of frozen sections can be cached"):
        recipe("cache_features: {views: 2}\n")
