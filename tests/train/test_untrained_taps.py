"""Taps that only whole images reach: told before they spoil a score."""

from archspec.graph.trace import trace
from archspec.spec import expand, load, override
from archspec.train._checks import untrained_taps

CELL = load("shufflenetv2_dpc")


def names(crop: int, whole: int, **changes: object) -> set[str]:
    """Branches of the published cell (rates 1x6, 18x15, 6x3, 1x1, 6x21) at output stride 16."""
    small, large = (
        trace(expand(override(CELL, {"input.size": [size, size], **changes})), CELL.catalog) for size in (crop, whole)
    )
    return {name.split(".")[1] for name in untrained_taps(small, large)}


def test_rates_at_least_as_wide_as_the_crops_features_are_untrained() -> None:
    """Features of 12 x 12 have no row 15 or 18 away from any other, those of 32 x 32 have."""
    assert names(192, 512) == {"branch1", "branch4"}


def test_a_crop_as_wide_as_the_rates_trains_them_all() -> None:
    assert names(384, 512) == set()  # 24 x 24 features, the widest rate is 21


def test_both_too_small_read_the_same_taps() -> None:
    """Where the whole image does not reach them either, nothing that is read is untrained."""
    assert names(64, 96) == set()  # 4 x 4 and 6 x 6: rates of 6 and more see their centre in both


def test_at_half_the_stride_rates_double() -> None:
    assert names(96, 512, output_stride=8) == {"branch0", "branch1", "branch2", "branch4"}
