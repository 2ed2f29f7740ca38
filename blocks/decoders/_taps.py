"""Which earlier steps a decoder or a neck reads beside the features."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from archspec.errors import Problem, nearest
from archspec.graph import Tensor

_NO_SKIPS = ("input", "preprocess", "backbone", "neck", "head", "classifier")  # taps that every network has


def offered(taps: Mapping[str, Tensor]) -> str:
    """The remedy that lists the ids that steps have in this network, with their strides."""
    found = [f"{key} ({one.stride})" for key, one in taps.items() if key not in _NO_SKIPS and one.dtype == "float32"]
    return f"Steps with an id, and their strides: {', '.join(found)}" if found else "Give the steps that it reads an id"


def missing_tap(taps: Mapping[str, Tensor], name: str) -> Problem:
    """The fault of an id that no earlier step has: the nearest one, else all that there are."""
    found = nearest(name, [key for key in taps if key not in _NO_SKIPS])
    return Problem(f"no earlier step has the id '{name}'", found if found.startswith("Did") else offered(taps))


def check_usual_skips(skips: Sequence[str], usual: Sequence[str], taps: Mapping[str, Tensor], x: Tensor) -> None:
    """Raises `Problem` where the `usual` skips of a decoder, which no spec wrote, are not steps of this backbone."""
    strides = [x.stride, *(taps[skip].stride if skip in taps else 0 for skip in skips)]
    if tuple(skips) != tuple(usual) or all(fine and coarse > fine for coarse, fine in pairwise(strides)):
        return
    finer = {one.stride: key for key, one in taps.items() if key not in _NO_SKIPS and 1 < one.stride < x.stride}
    named = ", ".join(finer[stride] for stride in sorted(finer, reverse=True))
    remedy = f"Name steps of its own, coarse to fine: skips: [{named}]" if finer else offered(taps)
    raise Problem("this backbone does not have the steps that the decoder reads when no skips are written", remedy)


def find_tap(taps: Mapping[str, Tensor], skip: str | None, stride: int, before: Tensor) -> Tensor:
    """The step named `skip`, which must be at `stride`; without a name the last one at that stride.

    `before` is the decoder's own input, which is no skip. Raises `Problem` with the steps that would do.
    """
    fitting = [
        key
        for key, tensor in taps.items()
        if tensor.stride == stride and tensor.dtype == "float32" and tensor is not before
    ]
    if skip is None:
        if not fitting:
            raise Problem(f"no earlier step with an id is at stride {stride}", offered(taps))
        return taps[fitting[-1]]
    if skip not in taps:
        raise missing_tap(taps, skip)
    if taps[skip].stride != stride:
        raise Problem(
            f"'{skip}' is at stride {taps[skip].stride}, not {stride}",
            f"Steps at stride {stride}: {', '.join(fitting)}" if fitting else offered(taps),
        )
    return taps[skip]
