"""Instance-weighted scores by hand, and their laws. tests/scoring compares them with the organisers' own code."""

import numpy as np
import pytest

from archspec.errors import Problem
from archspec.scoring.metrics import Counts, Labels, per_category, per_class, score
from tests.scoring.maps import Array, same

ROAD, CAR, TRUCK, TRAILER, SKY = range(5)
LABELS = Labels(
    ("road", "car", "truck", "trailer", "sky"),
    scored=(True, True, True, False, True),
    categories=("flat", "vehicle", "vehicle", "vehicle", "sky"),
    usual_sizes={CAR: 10.0, TRUCK: 20.0, TRAILER: 5.0},
)


def counted(*images: tuple[list[int], list[int], list[int]]) -> Counts:
    """Counts of images of one row: truth, instance numbers, prediction."""
    found = Counts.none(LABELS, instances=True)
    for truth, instances, predicted in images:
        rows = (np.array([truth], np.uint8), np.array([predicted], np.uint8), np.array([instances], np.uint16))
        found = found.plus(*rows)
    return found


# A car of 4 pixels, one of 1, a group of 2, a truck of 2, road of 2.
TRUTH = [CAR] * 4 + [CAR] + [CAR] * 2 + [TRUCK] * 2 + [ROAD] * 2
INSTANCES = [1001] * 4 + [1002] + [1] * 2 + [2001] * 2 + [0] * 2
PREDICTED = [CAR, CAR, CAR, TRUCK, ROAD, CAR, ROAD, TRUCK, TRAILER, CAR, ROAD]


def test_small_instances_weigh_as_much_as_large_ones() -> None:
    """Cars: hits 3 · 10/4, misses 1 · 10/4 + 1 · 10/1, one false pixel on the road. The group is not asked."""
    found = per_class(counted((TRUTH, INSTANCES, PREDICTED)))["iiou"]
    assert same(float(found[CAR]), 7.5 / (7.5 + 2.5 + 10 + 1))
    assert same(float(found[TRUCK]), 10 / (10 + 10 + 1))  # one of two pixels hit, and a false one on a car
    assert np.isnan(found[[ROAD, TRAILER, SKY]]).all()
    assert same(score("iiou", counted((TRUTH, INSTANCES, PREDICTED))), (7.5 / 21 + 10 / 21) / 2)


def test_a_group_counts_for_iou() -> None:
    """Car pixels 7, of them hit 4; one false one."""
    assert same(float(per_class(counted((TRUTH, INSTANCES, PREDICTED)))["miou"][CAR]), 4 / 8)


def test_the_category_takes_its_ignored_labels_for_hits() -> None:
    """Vehicle: cars hit 4 · 10/4 and missed 1 · 10; the truck hit 2 · 20/2, its trailer pixel included."""
    found = per_category(counted((TRUTH, INSTANCES, PREDICTED)))
    assert list(found["category_iiou"]) == ["vehicle"]
    assert same(found["category_iiou"]["vehicle"], 30 / (30 + 10 + 1))
    # For the plain score a trailer is a miss: hits 3+1+1+1, vehicle pixels 9, one false one.
    assert same(found["category_iou"]["vehicle"], 6 / 10)
    assert list(found["category_iou"]) == ["flat", "vehicle", "sky"]


def test_instances_of_a_label_that_does_not_count_are_not_asked() -> None:
    with_trailer = counted(([TRAILER, TRAILER, CAR], [3000, 3000, 1000], [CAR, ROAD, CAR]))
    # 1000 is no single car: the organisers' code asks for numbers above it. So nothing is left to score.
    assert np.isnan(per_class(with_trailer)["iiou"]).all()
    assert np.isnan(per_category(with_trailer)["category_iiou"]["vehicle"])


def test_images_add_up() -> None:
    image = (TRUTH, INSTANCES, PREDICTED)
    other = ([CAR, SKY], [1001, 4], [SKY, CAR])
    one, two, both = counted(image), counted(other), counted(image, other)
    assert one.instances and two.instances and both.instances
    summed = one.instances + two.instances
    for name in ("hits", "misses", "category_hits", "category_misses"):
        assert np.allclose(getattr(summed, name), getattr(both.instances, name), rtol=1e-15)


def test_a_label_without_instances_has_none() -> None:
    with pytest.raises(Problem, match="an instance of 'sky', which has none"):
        counted(([SKY], [4001], [SKY]))
    with pytest.raises(Problem, match="an instance of label 7, which does not exist"):
        counted(([SKY], [7001], [SKY]))


def test_without_instances_there_is_no_score() -> None:
    found: Array = np.zeros((2, 2), np.uint8)
    counts = Counts.none(LABELS).plus(found, found)
    assert score("iiou", counts) is None
    assert score("category_iiou", counts) is None
    assert score("category_iou", counts) == 1.0
