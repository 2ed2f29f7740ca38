"""Taps that only whole images reach: told before they spoil a score."""

from pathlib import Path

from archspec.graph.trace import trace
from archspec.measures import Settings, evaluate
from archspec.network import Network
from archspec.spec import expand, load, override
from archspec.train import Order, describe_never_trained
from archspec.train._untrained_taps import untrained_taps
from tests.train.tiny import Blocks, recipe, spec

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


def test_a_crop_larger_than_whole_images_trains_more_than_is_read() -> None:
    assert names(512, 192) == set()


WIDE = "head={aspp: {filters: 8, rates: [1, 6]}}"  # rates are those at stride 16: 2 and 12 at the stride 8 of here
STAGES = "stages:\n- {steps: 2}\n- {augmentation: {crop: [24, 32]}, steps: 1}\n"


def never_trained(more: str = "", head: str = WIDE) -> str:
    """Features of whole images are 3 x 4, those of crops 2 x 3: no row of a crop is 2 away from any other."""
    return describe_never_trained(Order(spec(head), recipe(more), {"blocks": Blocks()}, 0))


def test_what_no_stage_trains_is_named_with_its_rate_and_the_crop() -> None:
    assert never_trained() == (
        "crops of 16 x 24 leave taps of head.aspp1.depthwise.dw (rate 2) untrained, and whole images of 24 x 32 read "
        "them, so recipe 'test' says little of this network. Crop larger, or write untrained_taps: allow in it"
    )
    assert "head.aspp1.depthwise.dw (rate 2)" in never_trained("freeze: backbone\n")


def test_what_a_stage_trains_or_a_user_allows_or_all_stages_leave_frozen_is_no_fault() -> None:
    assert never_trained(head="head={aspp: {filters: 8, rates: [6]}}") == ""
    assert never_trained(STAGES) == ""
    assert never_trained("untrained_taps: allow\n") == ""
    assert never_trained("freeze: head\n") == ""
    assert recipe("untrained_taps: allow\n").digest == recipe().digest  # the same training


def test_a_measure_that_trains_refuses_such_a_network_before_tensorflow(tmp_path: Path) -> None:
    """A rejection without a metric; what is cheap is known by then."""
    short = "augmentation: {crop: [64, 64]}\nbatch_size: 2\nsteps: 1\nlearning_rate: 0.1\nvalidation: {images: 1}\n"
    (tmp_path / "short.yaml").write_text(short)
    settings = Settings(("gflops", "short_miou"), data=("synthetic_streets",),
                        recipes={"short_miou": str(tmp_path / "short.yaml")}, output=str(tmp_path))  # fmt: skip
    found = evaluate(CELL, settings)
    assert found.values == {"gflops": Network(CELL).cost.gflops}
    assert found.rejected is not None
    assert found.rejected.metric == ""
    assert found.rejected.reason.startswith(
        "short_miou: crops of 64 x 64 leave taps of head.branch0.depthwise.dw (rate 1 x 6)"
    )
