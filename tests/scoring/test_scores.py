"""Every score against its definition, in sets of pixels; and the laws that all of them keep."""

import numpy as np
import pytest
from hypothesis import given

from archspec.scoring.metrics import Counts, Labels, metric_title, metrics, per_class, score, scores
from archspec.scoring.metrics._confusion import confusion
from tests.scoring.maps import IGNORED, Array, counts, pairs, patches, same

NAN = float("nan")


def definition(truth: Array, predicted: Array, classes: int) -> dict[str, float]:
    """The scores as the papers write them, one class at a time, over the pixels whose truth is known."""
    known = truth != IGNORED
    truth, predicted = truth[known], predicted[known]
    ious, recalls, weighted = [], [], 0.0
    for label in range(classes):
        there, said = truth == label, predicted == label
        union = np.count_nonzero(there | said)
        ious.append(np.count_nonzero(there & said) / union if union else NAN)
        recalls.append(np.count_nonzero(there & said) / np.count_nonzero(there) if there.any() else NAN)
        weighted += np.count_nonzero(there) * (ious[-1] if there.any() else 0.0)
    return {
        "miou": mean(ious),
        "pixel_accuracy": np.count_nonzero(truth == predicted) / truth.size if truth.size else NAN,
        "mean_accuracy": mean(recalls),
        "frequency_weighted_iou": weighted / truth.size if truth.size else NAN,
    }


def mean(values: list[float]) -> float:
    known = [value for value in values if value == value]
    return sum(known) / len(known) if known else NAN


@given(pairs())
def test_scores_are_their_definitions(pair: tuple[Array, Array]) -> None:
    found = scores(counts(pair))
    wanted = definition(*pair, 5)
    assert found.keys() == wanted.keys()
    assert all(same(found[name], wanted[name]) for name in wanted), (found, wanted)


@given(pairs(), pairs())
def test_counts_of_images_add_up(first: tuple[Array, Array], second: tuple[Array, Array]) -> None:
    """Scores are of the pixels of all images together, never a mean over images; the order does not matter."""
    together = counts((np.concatenate([a.ravel() for a in (first[0], second[0])])[None],
                       np.concatenate([a.ravel() for a in (first[1], second[1])])[None]))  # fmt: skip
    one_by_one, backwards = counts(first, second), counts(second, first)
    assert np.array_equal(together.matrix, one_by_one.matrix)
    for name, value in scores(together).items():
        assert same(value, score(name, one_by_one))
        assert same(value, score(name, backwards))
    assert (together.images, one_by_one.images) == (1, 2)


@given(pairs())
def test_the_size_of_a_pixel_does_not_matter(pair: tuple[Array, Array]) -> None:
    larger = tuple(np.kron(one, np.ones((2, 3), np.uint8)) for one in pair)
    wanted = scores(counts(pair))
    assert all(same(value, wanted[name]) for name, value in scores(counts((larger[0], larger[1]))).items())


@given(pairs())
def test_the_numbers_of_classes_do_not_matter(pair: tuple[Array, Array]) -> None:
    order = np.arange(256, dtype=np.uint8)
    order[:5] = [3, 0, 4, 1, 2]
    renamed = scores(counts((order[pair[0]], order[pair[1]])))
    assert all(same(value, renamed[name]) for name, value in scores(counts(pair)).items())


@given(pairs())
def test_the_truth_itself_scores_one_and_ignored_pixels_do_not_matter(pair: tuple[Array, Array]) -> None:
    truth, predicted = pair
    perfect = counts((truth, np.where(truth == IGNORED, predicted, truth)), boundaries=True)
    for name, value in scores(perfect).items():
        assert same(value, 1.0 if (truth != IGNORED).any() else NAN), name


def test_one_false_pixel_of_an_absent_class_is_a_class_of_score_0() -> None:
    """Three classes are there and right but for one pixel of 300, which is said to be a fourth."""
    truth = np.repeat(np.arange(3, dtype=np.uint8), 100)[None]
    predicted = truth.copy()
    predicted[0, 0] = 3
    found = counts((truth, predicted))
    assert same(score("miou", found), (99 / 100 + 1 + 1 + 0) / 4)
    assert np.isnan(per_class(found)["miou"][4])
    assert same(score("mean_accuracy", found), (99 / 100 + 1 + 1) / 3)


def test_scores_of_nothing_are_not_known() -> None:
    found = scores(counts((np.full((3, 3), IGNORED, np.uint8), np.zeros((3, 3), np.uint8)), boundaries=True))
    assert len(found) == 5
    assert all(np.isnan(value) for value in found.values())


def test_a_label_that_does_not_count() -> None:
    """Its pixels are nobody's false positive; a pixel that is predicted as it is a miss."""
    truth, predicted = np.array([[0, 0, 1, 2, 2, 2]]), np.array([[0, 2, 1, 0, 0, 2]])
    labels = Labels(("a", "b", "void"), scored=(True, True, False))
    found = Counts.none(labels).plus(truth, predicted)
    assert per_class(found)["miou"][:2].tolist() == [1 / 2, 1.0]
    assert np.isnan(per_class(found)["miou"][2])
    assert same(score("pixel_accuracy", found), 2 / 3)
    assert same(score("mean_accuracy", found), (1 / 2 + 1) / 2)
    assert same(score("frequency_weighted_iou", found), (2 * 1 / 2 + 1 * 1) / 3)


def test_categories() -> None:
    """Car for truck is right in its category; `other` does not count, in whatever category it is."""
    labels = Labels(
        ("car", "truck", "sky", "other"),
        scored=(True, True, True, False),
        categories=("vehicle", "vehicle", "sky", "vehicle"),
    )
    truth, predicted = np.array([[0, 0, 1, 2, 2, 3, 0]]), np.array([[1, 2, 1, 2, 0, 0, 3]])
    found = Counts.none(labels).plus(truth, predicted)
    # vehicle: hits 0>1, 1>1; misses 0>2, 0>3; false positive 2>0 (3>0 is of no true class). sky: hit 2>2.
    assert same(score("category_iou", found), (2 / (2 + 2 + 1) + 1 / (1 + 1 + 1)) / 2)
    assert score("category_iou", counts((truth, predicted))) is None


@pytest.mark.parametrize("classes", [2, 5, 40, 200, 255, 300])
def test_confusion_counts_pairs(classes: int) -> None:
    generator = np.random.default_rng(classes)
    kind = np.uint8 if classes <= 255 else np.uint16
    truth, predicted = generator.integers(0, classes, (2, 50, 40)).astype(kind)
    truth[generator.random(truth.shape) < 0.2] = np.iinfo(kind).max
    predicted[truth == np.iinfo(kind).max] = np.iinfo(kind).max  # of no interest where the truth is ignored
    wanted = np.zeros((classes, classes), int)
    for one, other in zip(truth.ravel(), predicted.ravel(), strict=True):
        if one < classes:
            wanted[one, other] += 1
    found = confusion(truth, predicted, classes)
    assert found.dtype == np.int64
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("value", [5, 200, 255])
def test_a_prediction_that_is_no_class_is_refused(value: int) -> None:
    truth, predicted = patches(np.random.default_rng(0), (9, 9), [0, 4]), np.zeros((9, 9), np.uint8)
    predicted[4, 4] = value
    with pytest.raises(ValueError, match=f"must be 0 to 4 .*{value} found"):
        counts((truth, predicted))


def test_metrics_are_the_files() -> None:
    assert metrics()[:5] == ("miou", "iiou", "category_iou", "category_iiou", "pixel_accuracy")
    assert set(metrics()[5:]) == {"binary_iou", "boundary_iou", "frequency_weighted_iou", "mean_accuracy"}
    assert [metric_title(name) for name in ("miou", "iiou")] == ["mIoU", "iIoU"]
    with pytest.raises(KeyError):
        score("no_such_metric", counts())
