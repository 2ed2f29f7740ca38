"""One step of a model in training: what moves, by how much, and what does not."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from archspec import lower
from archspec.graph.weights import initialise
from archspec.lower.framework import keras, tf
from archspec.train import Recipe, Stage
from archspec.train._fit import Fit
from archspec.train._joined_variables import BY_NUMBER
from archspec.train._stage_graph import graph_for
from tests.train.tiny import SIZE, Blocks, recipe, spec

Array = np.ndarray[Any, Any]
CROP = (16, 24)
NO_DROPOUT = "head.dropout=0.0"


def stage_of(one: Recipe) -> Stage:
    return one.stages[0]


def start(momentum: float | None = None) -> tuple[Any, dict[str, Array]]:
    graph = graph_for(spec(NO_DROPOUT), 3, CROP, momentum)
    return graph, initialise(graph, 0)


def batch() -> tuple[Any, Any]:
    data = Blocks(size=CROP)
    examples = data.examples("train")[:4]
    images = np.stack([data.read_image(one) for one in examples]).astype(np.float32)
    return tf.constant(images), tf.constant(np.stack([data.read_label(one) for one in examples]))


def fit(one: Recipe, **more: Any) -> Fit:
    graph, weights = start()
    return Fit(stage_of(one), graph, weights, class_weights=None, seed=0, **more)


def plain_gradients(weights: Mapping[str, Array]) -> dict[str, Array]:
    """Of the cross-entropy alone, by Keras, in the training mode of batch norms."""
    model = lower.to_keras(start()[0], weights)
    images, labels = batch()
    kept = tf.not_equal(labels, 255)
    with tf.GradientTape() as tape:
        logits = model(images, training=True)
        truth = tf.cast(tf.where(kept, labels, 0), tf.int32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(truth, logits)
        loss = tf.reduce_mean(tf.boolean_mask(losses, kept))
    gradients = tape.gradient(loss, model.trainable_variables)
    names = [f"{layer.name}/{one.name}" for layer in model.layers for one in layer.trainable_variables]
    found = {id(one): gradient for one, gradient in zip(model.trainable_variables, gradients, strict=True)}
    variables = [one for layer in model.layers for one in layer.trainable_variables]
    return {name: np.asarray(found[id(one)]) for name, one in zip(names, variables, strict=True)}


SGD = ("optimizer=sgd", "schedule=constant")
OF_CONVOLUTIONS = {
    "backbone.stem.conv/kernel",
    "backbone.2_conv_bn.conv/kernel",
    "head.image_pooling.conv/kernel",
    "head.aspp0.conv/kernel",
    "head.concat_projection.conv/kernel",
    "classifier.logits/kernel",
}
DEPTHWISE = "backbone.low.dw/kernel"


def moved(one: Recipe, rate: float = 0.1) -> dict[str, Array]:
    """The change of each trained array by one step of plain gradient descent, over - rate."""
    before = start()[1]
    model = fit(one)
    model.step(*batch(), rate)
    after = model.weights()
    return {part.key: (before[part.key] - after[part.key]) / rate for part in model.trained}


def check_close(found: Array, expected: Array) -> None:
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-5)


def test_plain_gradient_descent() -> None:
    gradients = plain_gradients(start()[1])
    found = moved(recipe("", "test", *SGD, "weight_decay=none"))
    assert found.keys() == gradients.keys()
    for key, gradient in gradients.items():
        check_close(found[key], gradient)


@pytest.mark.parametrize(
    ("on", "which"), [("convolutions", OF_CONVOLUTIONS), ("kernels", {*OF_CONVOLUTIONS, DEPTHWISE})]
)
def test_l2_is_of_the_loss_and_not_of_depthwise_kernels_unless_asked(on: str, which: set[str]) -> None:
    """d/dw of value · ½ Σ w² is value · w."""
    before, gradients = start()[1], plain_gradients(start()[1])
    found = moved(recipe("", "test", *SGD, f"weight_decay={{l2: 0.3, on: {on}}}"))
    for key, gradient in gradients.items():
        check_close(found[key], gradient + (0.3 * before[key] if key in which else 0))


def test_the_loss_says_the_penalty() -> None:
    weights = start()[1]
    plain = fit(recipe("", "test", *SGD, "weight_decay=none")).step(*batch(), 0.0)
    with_l2 = fit(recipe("", "test", *SGD, "weight_decay={l2: 0.3}")).step(*batch(), 0.0)
    penalty = 0.3 * sum(0.5 * float((weights[key].astype(np.float64) ** 2).sum()) for key in OF_CONVOLUTIONS)
    assert with_l2 - plain == pytest.approx(penalty, rel=1e-5)


@pytest.mark.parametrize("on", ["convolutions", "kernels", "all"])
def test_decoupled_decay_shrinks_by_rate_and_value(on: str) -> None:
    """w ← w (1 - rate · value), then the step."""
    before, gradients = start()[1], plain_gradients(start()[1])
    which = {"convolutions": OF_CONVOLUTIONS, "kernels": {*OF_CONVOLUTIONS, DEPTHWISE}, "all": set(gradients)}[on]
    found = moved(recipe("", "test", *SGD, f"weight_decay={{decoupled: 0.3, on: {on}}}"))
    for key, gradient in gradients.items():
        check_close(found[key], gradient + (0.3 * before[key] if key in which else 0))


def test_adamw_is_keras_own() -> None:
    """Five steps of Keras's AdamW, its decay on everything, on the same batch."""
    graph, weights = start()
    model = lower.to_keras(graph, weights)
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.1)
    ours = fit(recipe("", "test", "weight_decay={decoupled: 0.1, on: all}"))
    images, labels = batch()
    kept = tf.not_equal(labels, 255)
    for _ in range(5):
        with tf.GradientTape() as tape:
            truth = tf.cast(tf.where(kept, labels, 0), tf.int32)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(truth, model(images, training=True))
            loss = tf.reduce_mean(tf.boolean_mask(losses, kept))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        assert ours.step(images, labels, 0.01) == pytest.approx(float(loss), rel=1e-3)


def test_a_section_at_its_own_pace() -> None:
    gradients = plain_gradients(start()[1])
    lines = ("weight_decay={decoupled: 0.3, on: all}", "learning_rate_multipliers={backbone: 0.5, backbone.low: 0.2}")
    found = moved(recipe("", "test", *SGD, *lines))
    before = start()[1]
    for key, gradient in gradients.items():
        pace = 0.1 if key.startswith("backbone.low") else 0.5 if key.startswith("backbone") else 1.0
        check_close(found[key], pace * (gradient + 0.3 * before[key]))


def test_frozen_sections_do_not_move_nor_do_their_statistics() -> None:
    model = fit(recipe("freeze: [backbone, head.aspp0]\n"))
    before = model.weights()
    for _ in range(2):
        model.step(*batch(), 0.1)
    after = model.weights()
    still = {key for key in before if np.array_equal(before[key], after[key])}
    assert still == {key for key in before if key.startswith(("backbone.", "head.aspp0."))}


def test_frozen_batch_norms_stay_and_everything_else_moves() -> None:
    model = fit(recipe("batch_norm: {frozen: true}\n"))
    before = model.weights()
    model.step(*batch(), 0.1)
    after = model.weights()
    still = {key for key in before if np.array_equal(before[key], after[key])}
    assert still == {key for key in before if ".bn/" in key}


def test_momentum_of_batch_norms() -> None:
    graph, weights = start(0.75)
    model = Fit(stage_of(recipe()), graph, weights, class_weights=None, seed=0)
    plain = Fit(stage_of(recipe()), start(0.0)[0], weights, class_weights=None, seed=0)  # the batch's own statistics
    for one in (model, plain):
        one.step(*batch(), 0.0)
    key = "backbone.stem.bn/moving_mean"
    np.testing.assert_allclose(model.weights()[key], 0.25 * plain.weights()[key], rtol=1e-5)


def test_a_recipes_momentum_is_not_the_next_networks() -> None:
    before = [dict(node.layer.config) for node in graph_for(spec(), 3, SIZE).nodes]
    graph_for(spec(), 3, SIZE, momentum=0.5)
    assert [dict(node.layer.config) for node in graph_for(spec(), 3, SIZE).nodes] == before


def test_clipping_is_of_the_norm_of_all_gradients_together() -> None:
    gradients = plain_gradients(start()[1])
    norm = float(np.sqrt(sum((gradient.astype(np.float64) ** 2).sum() for gradient in gradients.values())))
    found = moved(recipe(f"clip_norm: {norm / 4}\n", "test", *SGD, "weight_decay=none"))
    for key, gradient in gradients.items():
        check_close(found[key], gradient / 4)


def test_the_moving_average_of_weights() -> None:
    """a ← 0.9 a + 0.1 w, from the weights after the first step; training itself goes on with w."""
    averaged, plain = fit(recipe("ema: 0.9\n")), fit(recipe())
    expected: dict[str, Array] = {}
    for _ in range(3):
        assert averaged.step(*batch(), 0.01) == pytest.approx(plain.step(*batch(), 0.01), rel=1e-5)
        now = plain.weights()
        averaged.weights()  # a look at them, as validation takes, changes nothing
        expected = {key: 0.9 * expected[key] + 0.1 * now[key] if expected else now[key] for key in now}
    found, trained = averaged.weights(), {part.key for part in plain.trained}
    for key in found:
        check_close(found[key], expected[key] if key in trained else plain.weights()[key])
    assert any(not np.allclose(found[key], plain.weights()[key], rtol=1e-3) for key in trained)


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "tolerance", "of_weights"), [("float16", 0.02, 0.05), ("bfloat16", 0.1, 0.1)])
def test_mixed_precision(precision: str, tolerance: float, of_weights: float) -> None:
    """Variables stay float32; the loss is nearly the same; float16 scales the loss by 2^15 and undoes it.

    bfloat16 has 8 bits: moving variances behind a few layers differ by up to 8 per cent.
    """
    half, plain = fit(recipe(f"mixed_precision: {precision}\n")), fit(recipe())
    assert {variable.dtype for variable in half.model.trainable_variables} == {"float32"}
    assert half.model.get_layer("backbone.stem.conv").compute_dtype == precision
    for _ in range(2):
        assert half.step(*batch(), 0.01) == pytest.approx(plain.step(*batch(), 0.01), rel=tolerance)
    for key, array in plain.weights().items():
        np.testing.assert_allclose(half.weights()[key], array, atol=of_weights)
    scales = [float(one.numpy()) for one in half.optimizer.variables if one.name == "dynamic_scale"]
    assert scales == ([2.0**15] if precision == "float16" else [])


def test_without_upsampling_the_graph_ends_at_the_scores() -> None:
    from archspec.train import Order

    one = recipe("upsample_logits: false\n")
    order = Order(spec(NO_DROPOUT), one, {"blocks": Blocks()}, 0)
    graph = order.graph(stage_of(one))
    assert graph.outputs[0].node.name == "classifier.logits"
    assert graph.outputs[0].shape == (2, 3, 3)
    assert initialise(graph, 0).keys() == start()[1].keys()
    model = Fit(stage_of(one), graph, start()[1], class_weights=None, seed=0)
    images, labels = batch()
    logits = np.asarray(model.model(images, training=True))
    rows, columns = (np.round(np.linspace(0, size - 1, count)).astype(int) for size, count in ((16, 2), (24, 3)))
    picked = np.asarray(labels)[:, rows][:, :, columns]
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    shares = shifted / shifted.sum(-1, keepdims=True)
    kept = picked != 255
    chosen = np.take_along_axis(shares, np.where(kept, picked, 0)[..., None].astype(int), -1)[..., 0]
    assert model.step(images, labels, 0.0) == pytest.approx(-np.log(chosen[kept]).mean(), rel=1e-4)


def test_dropout_follows_the_seed_and_the_layers_name() -> None:
    graph = graph_for(spec(), 3, CROP)
    weights = initialise(graph, 0)

    def losses(seed: int) -> list[float]:
        one = Fit(stage_of(recipe()), graph, weights, class_weights=None, seed=seed)
        return [one.step(*batch(), 0.0) for _ in range(2)]

    first = losses(0)
    assert first == losses(0)
    assert first != losses(1)
    assert first[0] != first[1]


@pytest.mark.parametrize("optimizer", BY_NUMBER)
def test_joined_variables_move_as_each_would_by_itself(optimizer: str) -> None:
    """Three steps with rates and decays of their own, clipping and moving averages."""
    one = recipe(
        "", "test", f"optimizer={optimizer}", "weight_decay={decoupled: 0.1, on: kernels}", "clip_norm=0.5", "ema=0.8",
        "learning_rate_multipliers={backbone: 0.5, classifier: 0.25}",
    )  # fmt: skip
    both = [fit(one, joined=joined) for joined in (True, False)]
    assert len(both[0].optimizer.variables) < len(both[1].optimizer.variables)
    images, labels = batch()
    for _ in range(3):
        losses = [each.step(images, labels, 0.01) for each in both]
        assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    before = [each.state() for each in both]
    for found in (each.weights() for each in both):
        for key, array in found.items():
            np.testing.assert_allclose(array, both[1].weights()[key], rtol=1e-3, atol=1e-4, err_msg=key)
    assert all(np.array_equal(before[0][key], array) for key, array in both[0].state().items())
