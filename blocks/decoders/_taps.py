"""Which earlier step a decoder reads beside the features."""

from collections.abc import Mapping

from archspec.errors import Problem, nearest
from archspec.graph import Tensor


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
            raise Problem(f"no earlier step with an id is at stride {stride}", "Give one an id, or name another stride")
        return taps[fitting[-1]]
    if skip not in taps:
        raise Problem(f"no earlier step has the id '{skip}'", nearest(skip, taps))
    if taps[skip].stride != stride:
        raise Problem(
            f"'{skip}' is at stride {taps[skip].stride}, not {stride}",
            f"Steps at stride {stride}: {', '.join(fitting)}" if fitting else "Name another stride",
        )
    return taps[skip]
