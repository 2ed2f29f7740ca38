"""Each loss against a plain re-derivation in float64 NumPy, pixel by pixel; ignored pixels move nothing."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.lower.framework import tf
from archspec.train import parse_recipe
from archspec.train._losses import loss_names, total_loss
from archspec.train._recipe import LossTerm

Array = np.ndarray[Any, Any]
CLASSES = 4


def batch(seed: int = 0, ignored: float = 0.2) -> tuple[Array, Array]:
    """Logits `(2, 5, 6, 4)` and labels with some ignored; class 3 is never there."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (2, 5, 6, CLASSES)).astype(np.float32)
    labels = generator.integers(0, CLASSES - 1, (2, 5, 6)).astype(np.uint8)
    labels[generator.random(labels.shape) < ignored] = 255
    return logits, labels


def pixels(logits: Array, labels: Array) -> list[tuple[Array, int]]:
    """`(probabilities, label)` of each labelled pixel."""
    found = []
    for values, label in zip(logits.reshape(-1, CLASSES).astype(np.float64), labels.ravel(), strict=True):
        if label != 255:
            shares = np.exp(values - values.max())
            found.append((shares / shares.sum(), int(label)))
    return found


def ours(name: str, logits: Array, labels: Array, weights: tuple[float, ...] | None = None, **arguments: Any) -> float:
    loss = total_loss((LossTerm(name, arguments),), weights)
    return float(loss(tf.constant(logits), tf.constant(labels)))


def cross_entropies(logits: Array, labels: Array, weights: tuple[float, ...]) -> list[float]:
    return [-weights[label] * math.log(shares[label]) for shares, label in pixels(logits, labels)]


ONES = (1.0,) * CLASSES
WEIGHTS = (0.5, 2.0, 1.5, 3.0)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_cross_entropy(weights: tuple[float, ...] | None) -> None:
    logits, labels = batch()
    expected = np.mean(cross_entropies(logits, labels, weights or ONES))
    assert ours("cross_entropy", logits, labels, weights) == pytest.approx(expected, rel=1e-5)


def test_cross_entropy_with_label_smoothing() -> None:
    logits, labels = batch()
    expected = []
    for shares, label in pixels(logits, labels):
        target = np.full(CLASSES, 0.1 / CLASSES)
        target[label] += 0.9
        expected.append(-(target * np.log(shares)).sum())
    assert ours("cross_entropy", logits, labels, label_smoothing=0.1) == pytest.approx(np.mean(expected), rel=1e-5)


def hardest(logits: Array, labels: Array, weights: tuple[float, ...], fraction: float, threshold: float = 0.0) -> float:
    """By the definition: taken are the worst share by probability and all below the threshold; their weighted mean."""
    found = sorted((shares[label], label) for shares, label in pixels(logits, labels))
    worst = set(range(max(1, int(len(found) * fraction))))
    uncertain = {place for place, (probability, _) in enumerate(found) if probability < threshold}
    taken = [found[place] for place in worst | uncertain]
    return float(np.mean([-weights[label] * math.log(probability) for probability, label in taken]))


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("fraction", [0.25, 1.0, 0.001])
@pytest.mark.parametrize("threshold", [None, 0.3, 0.7])
def test_ohem_takes_the_hardest(fraction: float, threshold: float | None, weights: tuple[float, ...] | None) -> None:
    logits, labels = batch()
    expected = hardest(logits, labels, weights or ONES, fraction, threshold or 0.0)
    found = ours("ohem", logits, labels, weights, fraction=fraction, threshold=threshold)
    assert found == pytest.approx(expected, rel=1e-5)


def test_ohem_takes_every_uncertain_pixel_too() -> None:
    logits, labels = batch()
    uncertain = sum(shares[label] < 0.7 for shares, label in pixels(logits, labels))
    losses = sorted(cross_entropies(logits, labels, ONES), reverse=True)
    assert int(len(losses) * 0.1) < uncertain < len(losses)
    expected = np.mean(losses[:uncertain])
    assert ours("ohem", logits, labels, fraction=0.1, threshold=0.7) == pytest.approx(expected, rel=1e-5)


def test_ohem_does_not_take_a_pixel_for_hard_because_its_class_weighs_much() -> None:
    """Two classes, four pixels: the last is the hardest, of a class that weighs a hundredth; the third is uncertain."""
    logits = np.zeros((1, 1, 4, 2), np.float32)
    logits[0, 0, :, 0] = [3, 3, 0, 3]
    loss = total_loss((LossTerm("ohem", {"fraction": 0.25, "threshold": 0.7}),), (1.0, 0.01))
    found = float(loss(tf.constant(logits), tf.constant(np.array([[[0, 0, 0, 1]]], np.uint8))))
    third, last = math.log(2), 0.01 * (3 + math.log1p(math.exp(-3)))
    assert found == pytest.approx((third + last) / 2, abs=1e-6)
    assert found == pytest.approx(0.3618, abs=5e-5)


def jaccard_loss(wrong: set[int], foreground: set[int]) -> float:
    """1 - IoU when just the pixels `wrong` are taken for the other side."""
    union = foreground | wrong
    return len(wrong) / len(union) if union else 0.0


def lovasz_of(errors: list[float], foreground: set[int]) -> float:
    """The Lovász extension by its definition: Σ errors · (loss of the i worst - loss of the i - 1 worst)."""
    order = sorted(range(len(errors)), key=lambda pixel: -errors[pixel])
    total, before = 0.0, 0.0
    for count, pixel in enumerate(order, 1):
        now = jaccard_loss(set(order[:count]), foreground)
        total += errors[pixel] * (now - before)
        before = now
    return total


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_lovasz_softmax(weights: tuple[float, ...] | None) -> None:
    logits, labels = batch()
    found = pixels(logits, labels)
    terms = []
    for number in range(CLASSES):
        foreground = {place for place, (_, label) in enumerate(found) if label == number}
        errors = [abs((label == number) - shares[number]) for shares, label in found]
        if foreground:
            terms.append((weights or ONES)[number] * lovasz_of(errors, foreground))
    assert len(terms) == CLASSES - 1  # an absent class does not count
    assert ours("lovasz_softmax", logits, labels, weights) == pytest.approx(np.mean(terms), rel=1e-5)


def test_lovasz_of_every_third_pixel() -> None:
    """Of 7 rows and columns the pixels 1 and 4."""
    random = np.random.default_rng(5)
    logits = random.normal(size=(2, 7, 7, CLASSES)).astype(np.float32)
    labels = random.integers(0, CLASSES, (2, 7, 7)).astype(np.uint8)
    few = ours("lovasz_softmax", logits[:, 1::3, 1::3], labels[:, 1::3, 1::3])
    assert ours("lovasz_softmax", logits, labels, pixel_stride=3) == pytest.approx(few, rel=1e-6)
    assert ours("lovasz_softmax", logits, labels) != pytest.approx(few, rel=1e-2)


def test_lovasz_of_a_map_smaller_than_half_a_stride_still_looks_at_a_pixel() -> None:
    logits, labels = batch(ignored=0.0)
    assert ours("lovasz_softmax", logits[:, :2, :2], labels[:, :2, :2], pixel_stride=8) > 0


def test_lovasz_of_perfect_and_wrong_predictions() -> None:
    labels = np.array([[[0, 1, 1, 2]]], np.uint8)
    right = 50 * np.eye(CLASSES, dtype=np.float32)[labels]
    assert ours("lovasz_softmax", right, labels) == pytest.approx(0, abs=1e-6)
    assert ours("lovasz_softmax", np.roll(right, 1, -1), labels) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_dice(weights: tuple[float, ...] | None, squared: bool) -> None:
    logits, labels = batch()
    found = pixels(logits, labels)
    terms = []
    for number in range(CLASSES - 1):
        overlap = sum(shares[number] for shares, label in found if label == number)
        predicted = sum(shares[number] ** (2 if squared else 1) for shares, _ in found)
        size = sum(label == number for _, label in found)
        terms.append((weights or ONES)[number] * (1 - (2 * overlap + 0.5) / (predicted + size + 0.5)))
    assert ours("dice", logits, labels, weights, smooth=0.5, squared=squared) == pytest.approx(np.mean(terms), rel=1e-5)


@pytest.mark.parametrize("name", loss_names())
def test_nothing_labelled_is_no_loss_and_no_gradient(name: str) -> None:
    logits, labels = batch(ignored=2.0)
    gradient = gradient_of(name, logits, labels)
    assert ours(name, logits, labels) == 0
    assert np.array_equal(gradient, np.zeros_like(logits))


@pytest.mark.parametrize("name", loss_names())
def test_gradients_are_those_of_finite_differences_and_ignored_pixels_have_none(name: str) -> None:
    logits, labels = batch(3)
    gradient = gradient_of(name, logits, labels)
    assert np.isfinite(gradient).all()
    assert not gradient[labels == 255].any()
    generator = np.random.default_rng(1)
    direction = generator.normal(size=logits.shape).astype(np.float32)
    step = 1e-3
    slope = (ours(name, logits + step * direction, labels) - ours(name, logits - step * direction, labels)) / (2 * step)
    assert float((gradient * direction).sum()) == pytest.approx(slope, rel=2e-2, abs=1e-4)


def gradient_of(name: str, logits: Array, labels: Array) -> Array:
    loss, variable = total_loss((LossTerm(name),), None), tf.Variable(logits)
    with tf.GradientTape() as tape:
        value = loss(variable, tf.constant(labels))
    return np.asarray(tape.gradient(value, variable))


def test_a_sum_of_losses() -> None:
    logits, labels = batch()
    both = total_loss((LossTerm("cross_entropy"), LossTerm("lovasz_softmax", {}, 0.5)), None)
    expected = ours("cross_entropy", logits, labels) + 0.5 * ours("lovasz_softmax", logits, labels)
    assert float(both(tf.constant(logits), tf.constant(labels))) == pytest.approx(expected, rel=1e-6)


def test_a_term_may_do_without_the_class_weights() -> None:
    logits, labels = batch()
    both = total_loss((LossTerm("cross_entropy"), LossTerm("dice", {}, 2.0, class_weights=False)), WEIGHTS)
    expected = ours("cross_entropy", logits, labels, WEIGHTS) + 2 * ours("dice", logits, labels)
    assert float(both(tf.constant(logits), tf.constant(labels))) == pytest.approx(expected, rel=1e-6)


def test_small_logits_are_resized_with_corners_aligned() -> None:
    """(1, 2, 2) logits of two classes at (1, 3, 3): the middle is the mean of all four."""
    logits = np.array([[[[0.0, 1.0], [0.0, 2.0]], [[0.0, 3.0], [0.0, 6.0]]]], np.float32)
    labels = np.full((1, 3, 3), 255, np.uint8)
    labels[0, 1, 1] = 1
    assert ours("cross_entropy", logits, labels) == pytest.approx(math.log(1 + math.exp(-3.0)), rel=1e-5)


def test_or_the_nearest_labels_are_taken_with_corners_aligned() -> None:
    """(5, 7) labels at (3, 4) logits: every second row and column."""
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(2, 3, 4, CLASSES)).astype(np.float32)
    labels = generator.integers(0, CLASSES, (2, 5, 7)).astype(np.uint8)
    loss = total_loss((LossTerm("cross_entropy"),), None, upsample_logits=False)
    found = float(loss(tf.constant(logits), tf.constant(labels)))
    assert found == pytest.approx(ours("cross_entropy", logits, labels[:, ::2, ::2]), rel=1e-6)


def test_half_precision_logits_are_summed_in_float32() -> None:
    logits, labels = batch()
    half = total_loss((LossTerm("cross_entropy"),), None)(tf.constant(logits, tf.float16), tf.constant(labels))
    assert half.dtype == tf.float32
    assert float(half) == pytest.approx(ours("cross_entropy", logits, labels), rel=2e-3)


def stage_of(loss: str) -> Any:
    text = f"augmentation: {{crop: [8, 8]}}\nbatch_size: 1\nsteps: 1\nlearning_rate: 0.1\nloss: {loss}\n"
    return parse_recipe(text, "test").stages[0]


def test_a_recipe_says_a_sum() -> None:
    lovasz, ohem = "{lovasz_softmax: {}, weight: 0.5}", "{ohem: {fraction: 0.1}, weight: 2, class_weights: false}"
    stage = stage_of(f"[cross_entropy, {lovasz}, {ohem}]")
    assert stage.loss == (
        LossTerm("cross_entropy"),
        LossTerm("lovasz_softmax", {}, 0.5),
        LossTerm("ohem", {"fraction": 0.1}, 2.0, class_weights=False),
    )


CASES: list[tuple[str, str]] = [
    ("{ohem: {fraction: 0}}", "must be greater than 0"),
    ("lovasz", "Did you mean 'lovasz_softmax'?"),
    ("{dice: {smoth: 1}}", "Did you mean 'smooth'?"),
    ("[]", "must be a loss"),
]


@pytest.mark.parametrize(("loss", "said"), CASES)
def test_faults_of_a_loss(loss: str, said: str, check: Callable[[Any], None] = lambda _: None) -> None:
    with pytest.raises(UserError, match=said.replace("?", r"\?")):
        stage_of(loss)


# --- losses of masks, each class by itself ----------------------------------------------------------------------------


def masks_of(labels: Array, classes: int) -> Array:
    """`(N, H, W, classes)` of 0, 1 and 255: of one class that of label 1."""
    numbers = [1] if classes == 1 else range(classes)
    return np.stack([np.where(labels == 255, 255, labels == number) for number in numbers], -1).astype(np.uint8)


def by_pixel(logits: Array, masks: Array) -> list[tuple[float, int, int]]:
    """`(probability, target, class)` of each labelled pixel of each class."""
    found = []
    for place in np.ndindex(*masks.shape):
        if masks[place] != 255:
            found.append((1 / (1 + math.exp(-float(logits[place]))), int(masks[place]), place[-1]))
    return found


@pytest.mark.parametrize("classes", [1, CLASSES])
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_of_masks(classes: int, weighted: bool) -> None:
    logits, labels = batch()
    logits = logits[..., :classes]
    masks = masks_of(labels, classes)
    weights = WEIGHTS[:classes] if weighted else ONES[:classes]
    pairs = by_pixel(logits, masks)
    entropy = np.mean([-weights[c] * math.log(p if y else 1 - p) * (3 if y else 1) for p, y, c in pairs])
    focal = np.mean(
        [
            -weights[c] * ((0.25 * (1 - p) ** 2 * math.log(p)) if y else (0.75 * p**2 * math.log(1 - p)))
            for p, y, c in pairs
        ]
    )
    dice = []
    for number in range(classes):
        own = [(p, y) for p, y, c in pairs if c == number]
        overlap, sizes = sum(p * y for p, y in own), sum(p + y for p, y in own)
        dice.append(weights[number] * (1 - (2 * overlap + 1) / (sizes + 1)))
    given = weights if weighted else None
    for truth in (labels, masks):  # classes, or the same as masks
        assert ours("binary_cross_entropy", logits, truth, given, positive_weight=3.0) == pytest.approx(
            entropy, rel=1e-5
        )
        assert ours("focal", logits, truth, given) == pytest.approx(focal, rel=1e-5)
        assert ours("binary_dice", logits, truth, given) == pytest.approx(np.mean(dice), rel=1e-5)


def test_masks_at_another_size_are_the_nearest() -> None:
    logits, labels = batch()
    masks = masks_of(labels, CLASSES)
    loss = total_loss((LossTerm("binary_cross_entropy"),), None, upsample_logits=False)
    found = float(loss(tf.constant(logits), tf.constant(np.repeat(np.repeat(masks, 2, 1), 2, 2)[:, ::1])))
    wide = total_loss((LossTerm("binary_cross_entropy"),), None, upsample_logits=False)
    assert found == pytest.approx(
        float(wide(tf.constant(logits), tf.constant(np.repeat(np.repeat(labels, 2, 1), 2, 2))))
    )
