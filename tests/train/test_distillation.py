"""Distillation: the formula, what learns and what does not, the same bit for bit after a kill, and what is refused."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec import lower
from archspec.errors import UserError
from archspec.lower.framework import tf
from archspec.network import Network
from archspec.record import read_records
from archspec.spec import dump_plain, parse
from archspec.train import KerasFit, Order, Recipe, Training, check_order, load_recipe, parse_recipe
from archspec.train._distillation import Distillation, features_loss, logits_loss, masks_loss
from archspec.train._fit import Fit
from archspec.weights import save_weights
from tests.train.test_fit import batch
from tests.train.test_training import Crash, Watcher, arrays, same
from tests.train.tiny import NETWORK, RECIPE, Blocks, spec

Array = np.ndarray[Any, Any]
TEACHER = NETWORK.replace("unit", "symmetric").replace("filters: 8, kernel: 1", "filters: 10, kernel: 1")
FEATURES = {"on": "features", "student_tap": "low", "teacher_tap": "backbone"}


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A teacher of another width and preprocessing, with weights as a trained network has."""
    folder = tmp_path_factory.mktemp("teacher")
    network = Network(parse(TEACHER))
    save_weights(folder / "weights.npz", network.fresh_weights(3, "random"), network.graph)
    (folder / "teacher.yaml").write_text(TEACHER)
    return {"spec": str(folder / "teacher.yaml"), "weights": str(folder / "weights.npz")}


def recipe(teacher: Mapping[str, Any] | None, more: str = "", steps: int = 4) -> Recipe:
    written = "" if teacher is None else dump_plain({"teacher": dict(teacher)})
    return parse_recipe(RECIPE.replace("steps: 6", f"steps: {steps}") + written + more, "test")


def order(teacher: Mapping[str, Any] | None, more: str = "", *lines: str) -> Order:
    return Order(spec("head.dropout=0", *lines), recipe(teacher, more), {"blocks": Blocks()}, 0)


def softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_the_divergence_by_its_formula(temperature: float) -> None:
    """T² Σ p ln(p / q) of the softened distributions, the mean over labelled pixels."""
    generator = np.random.default_rng(0)
    ours, theirs = generator.normal(0, 3, (2, 2, 5, 6, 4))
    labels = generator.integers(0, 4, (2, 5, 6)).astype(np.int32)
    labels[:, :2] = 255
    p, q = softmax(theirs / temperature), softmax(ours / temperature)
    divergence = temperature**2 * (p * np.log(p / q)).sum(-1)
    scores, taught, truth = tf.constant(ours, tf.float32), tf.constant(theirs, tf.float32), tf.constant(labels)
    found = float(logits_loss(scores, taught, truth, temperature))
    assert found == pytest.approx(float(divergence[labels != 255].mean()), rel=1e-5)
    assert float(logits_loss(scores, scores, truth, temperature)) == pytest.approx(0, abs=1e-6)


def test_the_divergence_of_each_class_by_itself() -> None:
    """T² times that of a class and its absence, the mean over the labelled pixels and all classes."""
    generator = np.random.default_rng(2)
    ours, theirs = generator.normal(0, 3, (2, 2, 5, 6, 4))
    labels = generator.integers(0, 2, (2, 5, 6, 4)).astype(np.int32)
    labels[:, :2] = 255
    p, q = (1 / (1 + np.exp(-scores / 2)) for scores in (theirs, ours))
    divergence = 4 * (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))
    scores, taught = tf.constant(ours, tf.float32), tf.constant(theirs, tf.float32)
    found = float(masks_loss(scores, taught, tf.constant(labels), 2.0))
    assert found == pytest.approx(float(divergence[labels != 255].mean()), rel=1e-5)


def test_the_teachers_scores_are_brought_to_the_students_size() -> None:
    """Bilinearly, corners aligned: of a row 0 and 3, every third."""
    theirs = np.zeros((1, 2, 2, 2), np.float32)
    theirs[:, :, 1, 0] = 3.0
    full = np.zeros((1, 2, 4, 2), np.float32)
    full[..., 0] = [0, 1, 2, 3]
    ours, labels = np.zeros_like(full), np.zeros((1, 2, 4), np.int32)
    both = [float(logits_loss(tf.constant(ours), tf.constant(one), tf.constant(labels), 1.0)) for one in (theirs, full)]
    assert both[0] == pytest.approx(both[1], rel=1e-6)
    assert both[0] > 0


def test_the_distance_of_features_by_its_formula() -> None:
    generator = np.random.default_rng(1)
    ours, theirs = generator.normal(2, 3, (2, 2, 5, 6, 4))

    def standardised(one: Array) -> Array:
        return (one - one.mean((1, 2), keepdims=True)) / np.sqrt(one.var((1, 2), keepdims=True) + 1e-6)

    expected = float(((standardised(ours) - standardised(theirs)) ** 2).mean())
    assert float(features_loss(tf.constant(ours), tf.constant(theirs))) == pytest.approx(expected, rel=1e-5)
    assert float(features_loss(tf.constant(ours), tf.constant(5 * ours + 2))) == pytest.approx(0, abs=1e-6)


def fit_of(one: Order) -> tuple[Fit, Distillation | None]:
    stage, teacher = one.recipe.stages[0], one.teacher(one.recipe.stages[0])
    distillation = None if stage.teacher is None or teacher is None else Distillation(stage.teacher, teacher)
    weights = one.start_weights()
    return Fit(stage, one.graph(stage), weights, class_weights=None, seed=0, distillation=distillation), distillation


@pytest.mark.parametrize("more", [{"temperature": 2.0, "weight": 0.5}, {**FEATURES, "weight": 3.0}])
def test_the_students_loss_and_who_learns(teacher: dict[str, Any], more: dict[str, Any]) -> None:
    """The loss is that of a training without teacher plus the weighted one; the teacher's weights stay."""
    images, labels = batch()
    plain = fit_of(order(None))[0].step(images, labels, 0.01)
    one = order({**teacher, **more})
    network = one.teacher(one.recipe.stages[0])
    assert network is not None
    fit, distillation = fit_of(one)
    assert distillation is not None
    before = fit.weights()
    outputs = lower.to_keras(one.graph(one.recipe.stages[0]), before)(images, training=True)
    taught = lower.to_keras(network.graph, network.weights)(images, training=False)
    if "on" in more:
        expected = more["weight"] * float(features_loss(outputs[1], taught))
    else:
        expected = more["weight"] * float(logits_loss(outputs, taught, tf.cast(labels, tf.int32), 2.0))
    assert fit.step(images, labels, 0.01) == pytest.approx(plain + expected, rel=1e-5)
    after = fit.weights()
    assert all(not np.array_equal(array, after[key]) for key, array in before.items() if key.endswith("kernel"))
    kept = lower.get_weights(distillation._model, network.graph)
    assert all(np.array_equal(array, kept[key]) for key, array in network.weights.items())
    assert not any("teacher" in key and "projection" not in key for key in fit.state())


def trained(folder: Path, one: Order) -> Training:
    training = Training(one, folder)
    assert training.train().state == "finished"
    return training


def test_a_teacher_of_weight_0_changes_nothing(teacher: dict[str, Any], tmp_path: Path) -> None:
    plain, silent = (trained(tmp_path, order(one)) for one in (None, {**teacher, "weight": 0}))
    assert plain.run.folder != silent.run.folder
    same(plain, silent)


@pytest.mark.parametrize(
    ("more", "further"),
    [(FEATURES, "ema: 0.9\n"), ({}, "freeze: backbone.stem\ncache_features: {views: 2, dtype: float16}\n")],
)
def test_killed_and_resumed_bit_for_bit(
    teacher: dict[str, Any], more: dict[str, Any], further: str, tmp_path: Path
) -> None:
    """And the network is without what only the training needed."""
    heads = "auxiliary=[{from: low, weight: 0.4}]"
    whole = trained(tmp_path / "whole", order({**teacher, **more}, further, heads))
    with pytest.raises(Crash):
        Training(order({**teacher, **more}, further, heads), tmp_path / "killed", Watcher(crash_at=3)).train()
    same(trained(tmp_path / "killed", order({**teacher, **more}, further, heads)), whole)
    assert arrays(whole).keys() == Network(spec()).weights.keys()
    one = order({**teacher, **more}, further, heads)
    digest = one.teacher(one.recipe.stages[0])
    assert digest is not None
    assert read_records(whole.run.records)[0].conditions["teacher"] == digest.digest
    if further.startswith("freeze"):
        folders = [path for path in (tmp_path / "whole" / "features").iterdir() if path.is_dir()]
        dtypes = {json.loads((path / "features.json").read_text())["dtype"] for path in folders}
        assert (len(folders), dtypes) == (2, {"float16"})


def test_who_teaches_is_part_of_what_was_trained(teacher: dict[str, Any], tmp_path: Path) -> None:
    """Not where the teacher lies."""
    other = Path(teacher["weights"]).read_bytes()
    (tmp_path / "copy.npz").write_bytes(other)
    network = Network(parse(TEACHER))
    save_weights(tmp_path / "other.npz", network.fresh_weights(4, "random"), network.graph)
    changes = [{}, {"weights": str(tmp_path / "copy.npz")}, {"weights": str(tmp_path / "other.npz")}, {"weight": 0.5}]
    names = [order({**teacher, **change}).name for change in changes]
    assert names[0] == names[1]
    assert len({*names, order(None).name}) == 4


def test_a_run_teaches(teacher: dict[str, Any], tmp_path: Path) -> None:
    """And paths in a recipe are relative to it."""
    run = trained(tmp_path, order(None)).run.folder
    (tmp_path / "recipe.yaml").write_text(RECIPE + dump_plain({"teacher": {"run": run.name}}))
    one = load_recipe(tmp_path / "recipe.yaml")
    assert one.stages[0].teacher is not None
    assert Path(one.stages[0].teacher.run) == run
    assert parse_recipe(one.text, "test").stages == one.stages
    check_order(Order(spec(), one, {"blocks": Blocks()}, 0))
    with pytest.raises(UserError, match="the teacher's classes are others, or in another order"):
        others = Blocks()
        others.classes = type(others.classes)(("a", "b", "c"), others.classes.colours)
        check_order(Order(spec(), one, {"blocks": others}, 0))
    about = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**about, "state": "running"}))
    with pytest.raises(UserError, match="this run is not finished"):
        check_order(Order(spec(), one, {"blocks": Blocks()}, 0))


WRITTEN = [
    ("{}", "a teacher is either a 'run' or a 'spec'"),
    ("{run: a, spec: b}", "a teacher is either a 'run' or a 'spec'"),
    ("{run: a, weights: b}", "a run has weights of its own"),
    ("{run: a, on: features}", "features are those of a tap of each network"),
    ("{run: a, student_tap: x}", "'student_tap' is a tap of features"),
    ("{run: a, on: features, student_tap: x, teacher_tap: y, temperature: 2}", "a temperature softens scores"),
    ("{run: a, on: scores}", "teacher.on: not allowed ('scores')"),
    ("{run: a, weigth: 1}", "unknown key 'weigth'. Did you mean 'weight'?"),
    ("{run: a, temperature: 0}", "teacher.temperature: "),
]


def test_a_stage_may_do_without_the_teacher_at_the_top() -> None:
    text = RECIPE + "teacher: {run: /a}\nstages: [{name: one}, {name: two, teacher: none}]\n"
    stages = parse_recipe(text, "test").stages
    assert [stage.teacher is None for stage in stages] == [False, True]


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_what_may_be_written(written: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_recipe(f"{RECIPE}teacher: {written}\n", "test", file="recipe.yaml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("recipe.yaml:10:")


POOLED = "pooled_classifier\nclassifier: none"
MISFITS: list[tuple[dict[str, Any], str, str]] = [
    ({"spec": "no_such"}, "", "the teacher cannot be opened: no_such"),
    ({"weights": "none"}, "", "the teacher has no trained weights"),
    ({"weights": "missing.npz"}, "", "the teacher cannot be opened: "),
    ({**FEATURES, "student_tap": "lwo"}, "", "the student has no step with the id 'lwo'. Did you mean 'low'?"),
    ({**FEATURES, "teacher_tap": "no_such"}, "", "the teacher has no step with the id 'no_such'"),
    (FEATURES, "freeze: backbone\n", "what makes the features of student_tap is all frozen"),
    ({"pooled": True}, "", "the teacher gives one class for each image"),
    ({"sigmoid": True}, "", "only one gives each class by itself"),
    ({"classes": 4}, "", "the teacher tells 4 classes apart, and blocks has 3"),
    ({"channels": 4}, "", "the teacher reads images of 4 channels, and the student of 3"),
]


@pytest.mark.parametrize(("changes", "more", "said"), MISFITS)
def test_what_does_not_fit_is_refused_before_anything_is_built(
    teacher: dict[str, Any], changes: dict[str, Any], more: str, said: str, tmp_path: Path
) -> None:
    text = TEACHER
    if "classes" in changes:
        text = text.replace("classes: 3", "classes: 4")
    if "channels" in changes:
        text = text.replace("size: [24, 32],", "size: [24, 32], channels: 4,")
    if "sigmoid" in changes:
        text += "output: sigmoid\n"
    if "pooled" in changes:
        text = text.replace("decoder: bilinear", "decoder: none").replace(
            "{basic: {filters: 8, dropout: 0.25}}", POOLED
        )
        network = Network(parse(text))
        save_weights(tmp_path / "pooled.npz", network.weights, network.graph)
        teacher = {"weights": str(tmp_path / "pooled.npz")}
    (tmp_path / "other.yaml").write_text(text)
    changes = {key: one for key, one in changes.items() if key not in ("classes", "channels", "pooled", "sigmoid")}
    written = {**teacher, "spec": str(tmp_path / "other.yaml"), **changes}
    with pytest.raises(UserError) as caught:
        check_order(order(written, more))
    assert said in str(caught.value)
    (fault,) = caught.value.faults
    assert fault.path == "teacher"
    assert fault.place.line in (10, 11)  # of a long mapping the next


def test_keras_fit_refuses_a_teacher(teacher: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="has a teacher, which Keras's fit knows nothing of"):
        KerasFit(order(teacher), steps_per_epoch=2)
