"""From pictures to numbers: what is asked of a class, what is said when there is nothing to ask, regions, labels."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from archspec.catalog import Catalog
from archspec.errors import UserError
from archspec.explain import LogitsModel, Picture, Region, explain, open_network, parse_region, predict
from archspec.explain.explanation import ClassMap, Inside, inside, most_predicted, score_weights
from archspec.explain.logits_model import last_features
from archspec.explain.methods import attribute, methods
from archspec.explain.pictures import network_input, resized_labels
from tests.explain.networks import CLASSES, asked, picture, red_image, red_network, tiny


def red() -> tuple[LogitsModel, Picture]:
    return LogitsModel("red", red_network(), None, ""), Picture("red", red_image()[0].astype(np.uint8))


def only(opened: LogitsModel, one: Picture, method: str = "gradcam", **more: object) -> tuple[ClassMap, ...]:
    (found,) = explain(opened, [one], asked(method, (0, 1), "features", **more))
    return found.maps


@cache
def shufflenet() -> LogitsModel:
    settings = ("width_multiplier=0.5", "input.size=[64,96]", "classes=5")
    return open_network("shufflenetv2_basic", settings, Catalog())


@pytest.mark.parametrize("method", methods())
def test_every_method_explains_a_small_shufflenet(method: str) -> None:
    opened, one = shufflenet(), picture((120, 180), label=True)
    predicted = most_predicted([predict(opened, one)], 2)
    (found,) = explain(opened, [one], asked(method, predicted, last_features(opened.model), samples=2, channels=8))
    assert found.prediction.shape == (64, 96)
    assert found.label is not None
    assert found.label.shape == (64, 96)
    for single in found.maps:
        assert single.values is not None
        assert single.values.shape == (64, 96)
        assert np.ptp(single.values) > 0
        share = single.predicted.attribution_share
        assert share is not None
        region = (found.prediction == single.number) & (found.label != 255)
        total = single.values[found.label != 255].sum(dtype=float)
        assert share == pytest.approx(single.values[region].sum(dtype=float) / total)


def test_score_is_the_mean_logit_where_it_is_predicted_or_everywhere() -> None:
    opened, one = red()
    rows, everywhere = slice(0, 5), one.image[..., 0].mean()
    assert only(opened, one)[0].score == pytest.approx(3 / 255 * one.image[rows, :, 0].mean(), rel=1e-5)
    assert only(opened, one, score_of="map")[0].score == pytest.approx(3 / 255 * everywhere, rel=1e-5)
    region = Region(2, 1, 4, 3)
    assert only(opened, one, region=region)[0].score == pytest.approx(3 / 255 * one.image[1:3, 2:4, 0].mean(), rel=1e-5)


def test_a_class_that_is_not_predicted_is_said() -> None:
    opened, one = red()
    in_the_sky = only(opened, one, region=Region(0, 0, 8, 3))
    assert [(single.note, single.values is None, single.score is None) for single in in_the_sky] == [
        ("", False, False),
        ("not predicted in the region", True, True),
    ]
    assert in_the_sky[1].predicted == Inside(8, 8 / 48, None, None)  # it is predicted, but elsewhere
    only_red = Picture("red", np.full((6, 8, 3), (200, 10, 0), np.uint8))
    assert [single.note for single in only(opened, only_red)] == ["", "not predicted"]
    assert [single.note for single in only(opened, only_red, score_of="map")] == ["", ""]


def test_a_map_of_zeros_is_said_too() -> None:
    opened, one = red()
    kernel, bias = opened.model.get_layer("logits").get_weights()
    opened.model.get_layer("logits").set_weights([kernel * np.array([1, -1]), bias])
    against = only(opened, one, score_of="map")[1]
    assert (against.note, against.values) == ("nothing speaks for it", None)
    assert against.score is not None


def test_score_weights_are_means_over_pixels() -> None:
    labels = np.array([[0, 0, 1, 1], [0, 0, 1, 3]])
    found = score_weights(labels, (20, 40), asked("gradcam", (0, 1, 2)))
    assert list(found) == [0, 1]
    np.testing.assert_array_equal(found[0], [[0.25, 0.25, 0, 0], [0.25, 0.25, 0, 0]])
    region = Region(10, 0, 30, 10)  # the upper row's middle
    found = score_weights(labels, (20, 40), asked("gradcam", (0, 1, 3), region=region))
    assert list(found) == [0, 1]
    np.testing.assert_array_equal(found[1], [[0, 0, 1, 0], [0, 0, 0, 0]])


def test_many_pixels_go_through_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = tuple(range(CLASSES))
    (whole,) = explain(tiny(), [picture()], asked("layercam", classes))
    monkeypatch.setattr("archspec.explain.explanation.PIXELS_AT_ONCE", 1)
    sizes = []
    monkeypatch.setattr(
        "archspec.explain.explanation.attribute",
        lambda name, question: (sizes.append(len(question.classes)), attribute(name, question))[1],
    )
    (parts,) = explain(tiny(), [picture()], asked("layercam", classes))
    assert set(sizes) == {1}
    for one, other in zip(whole.maps, parts.maps, strict=True):
        assert (one.number, one.note) == (other.number, other.note)
        if one.values is not None and other.values is not None:
            np.testing.assert_allclose(one.values, other.values, atol=1e-6 * one.values.max())


def test_classes_that_are_most_predicted() -> None:
    first, second = np.array([[2, 2, 0]]), np.array([[0, 0], [5, 2]])
    assert most_predicted([first, second], 2) == (0, 2)
    assert most_predicted([first, second], 9) == (0, 2, 5)


def test_what_cannot_be_explained() -> None:
    one = picture()
    assert one.label is not None
    wrong = Picture("wrong", one.image, np.full_like(one.label, 9))
    with pytest.raises(UserError, match=r"wrong: the label has class 9, and the network has 4 classes \(from 0\)"):
        list(explain(tiny(), [wrong], asked("gradcam", (0,))))
    opened, image = red()
    opened.model.get_layer("logits").set_weights([np.full((1, 1, 2, 2), np.nan), np.zeros(2)])
    with pytest.raises(UserError, match="red: the network's logits are not finite"):
        predict(opened, image)


def test_a_map_that_is_not_finite_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, one = red()
    monkeypatch.setattr("archspec.explain.explanation.attribute", lambda *_: np.full((2, 6, 8), np.inf))
    with pytest.raises(UserError, match="gradcam gives numbers that are not finite for class 0 at layer 'features'"):
        only(opened, one)


# --- regions and pictures ---------------------------------------------------------------------------------------------


def test_region() -> None:
    region = parse_region("10, 20,30,21")
    assert region == (10, 20, 30, 21)
    region.check("x", (21, 30))
    for size in ((20, 30), (21, 29)):
        with pytest.raises(UserError, match=r"x: the region 10,20,30,21 reaches out of the image"):
            region.check("x", size)
    mask = Region(10, 0, 30, 15).mask((20, 40), (2, 4))
    np.testing.assert_array_equal(mask, [[False, True, True, False]] * 2)
    assert Region(7, 7, 8, 8).mask((100, 100), (3, 3)).sum() == 1  # smaller than a pixel of the map


@pytest.mark.parametrize("text", ["1,2,3", "1,2,3,x", "5,0,5,9", "-1,0,5,9", "0,9,5,3", ""])
def test_no_region(text: str) -> None:
    with pytest.raises(UserError, match="--region: a region"):
        parse_region(text)


def test_labels_are_resized_by_the_nearest_pixel() -> None:
    labels = np.array([[1, 2], [3, 255]], np.uint8)
    np.testing.assert_array_equal(resized_labels(labels, (4, 4)), np.kron(labels, np.ones((2, 2), np.uint8)))
    np.testing.assert_array_equal(resized_labels(np.arange(9)[None], (1, 3)), [[1, 4, 7]])
    assert resized_labels(labels, (7, 5)).dtype == np.uint8


def test_network_input() -> None:
    one = picture((6, 8))
    np.testing.assert_array_equal(network_input(one, (6, 8), 3)[0], one.image)
    grey = network_input(one, (6, 8), 1)
    assert grey.shape == (1, 6, 8, 1)
    np.testing.assert_allclose(grey[0, ..., 0], one.image @ np.array([0.299, 0.587, 0.114]), atol=1)
    half = network_input(one, (3, 4), 3)
    assert half.shape == (1, 3, 4, 3)
    assert half.dtype == np.float32


# --- where a map points -----------------------------------------------------------------------------------------------


def test_inside() -> None:
    values = np.array([[0, 1, 2], [3, 0, 4]], np.float32)
    region = np.array([[True, True, False], [True, False, False]])
    assert inside(values, region) == Inside(3, 0.5, 0.4, False)
    assert inside(values, ~region) == Inside(3, 0.5, 0.6, True)
    counted = np.array([[True, True, True], [True, True, False]])  # the largest is ignored
    assert inside(values, region, counted) == Inside(3, 0.6, pytest.approx(4 / 6), True)
    assert inside(values, region & False) == Inside(0, 0.0, None, None)
    assert inside(values * 0, region) == Inside(3, 0.5, None, None)
    assert inside(None, region) == Inside(3, 0.5, None, None)
    assert inside(values, region, counted & False) == Inside(0, 0.0, None, None)


def test_a_flat_map_scores_the_area() -> None:
    region = np.zeros((10, 10), bool)
    region[:3] = True
    found = inside(np.full((10, 10), 0.7, np.float32), region)
    assert found.attribution_share == pytest.approx(found.area_share) == pytest.approx(0.3)
