"""Top-1, top-5 and the accuracy of each class against counting by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from archspec.scoring.class_scores import ClassCounts

NAMES = tuple("abcdefgh")


def test_against_counting_one_by_one() -> None:
    generator = np.random.default_rng(0)
    scores, labels = generator.normal(size=(60, 8)), generator.integers(0, 7, 60)  # h has no image
    counts = ClassCounts.none(NAMES)
    for part in (slice(0, 13), slice(13, 60)):  # in whatever batches
        counts = counts.plus(labels[part], scores[part])
    ranks = [sorted(range(8), key=lambda one, row=row: -row[one]) for row in scores]
    first = [order[0] == label for order, label in zip(ranks, labels, strict=True)]
    five = [label in order[:5] for order, label in zip(ranks, labels, strict=True)]
    assert counts.images == 60
    assert counts.top1 == pytest.approx(sum(first) / 60)
    assert counts.top5 == pytest.approx(sum(five) / 60)
    each = [np.mean([right for right, label in zip(first, labels, strict=True) if label == one]) for one in range(7)]
    np.testing.assert_allclose(counts.accuracy[:7], each)
    assert math.isnan(counts.accuracy[7])
    assert counts.mean_class_accuracy == pytest.approx(np.mean(each))


def test_equal_scores_go_to_the_lower_number() -> None:
    counts = ClassCounts.none(NAMES).plus(np.array([0, 1, 5]), np.zeros((3, 8)))
    assert (counts.top1, counts.top5) == (pytest.approx(1 / 3), pytest.approx(2 / 3))


def test_of_no_image_there_is_no_score() -> None:
    assert all(math.isnan(value) for value in ClassCounts.none(NAMES).scores().values())
