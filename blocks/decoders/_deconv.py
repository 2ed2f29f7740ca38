"""Upsampling by transposed convolution to a map of a given size, as TensorFlow 1's `conv2d_transpose` does it."""

from collections.abc import Mapping

from archspec.blocks.decoders._taps import missing_tap
from archspec.blocks.units._biased import EPSILON, MOMENTUM
from archspec.errors import Problem
from archspec.graph import Tensor, layers

INITIALIZER = "bilinear"  # the published code begins with bilinear kernels on the diagonal
Size = tuple[int, int]


def tap(taps: Mapping[str, Tensor], name: str) -> Tensor:
    """The earlier step of that id. Raises `Problem` with those there are."""
    if name not in taps:
        raise missing_tap(taps, name)
    return taps[name]


def finer_tap(taps: Mapping[str, Tensor], name: str, x: Tensor, what: str) -> Tensor:
    """The earlier step of that id, to whose stride `x` is to be upsampled by `what`.

    Raises `Problem` with the steps that would do.
    """
    found = tap(taps, name)
    if x.stride % found.stride or x.stride == found.stride:
        finer = [f"{key} ({one.stride})" for key, one in taps.items() if 1 < one.stride < x.stride]
        raise Problem(
            f"{what}: a map at stride {x.stride} cannot be upsampled to stride {found.stride}, that of '{name}'",
            f"Name steps of finer stride: {', '.join(finer)}" if finer else "Use a larger output_stride",
        )
    return found


def deconv_to(
    x: Tensor, size: Size, stride: int, *, filters: int, input_size: Size, batch_norm: bool = True, name: str
) -> Tensor:
    """`x` at `size` and `stride`: a kernel of twice the factor, a bias, a batch norm if wanted; what is too much is
    cut off. Raises `Problem` for a size that TensorFlow's SAME padding would not give.
    """
    what = name.rpartition("/")[2]
    if x.stride % stride or x.stride == stride:
        raise Problem(
            f"{what}: a map at stride {x.stride} cannot be upsampled to stride {stride}", "Name steps of finer stride"
        )
    factor = x.stride // stride
    spare = [length * factor - wanted for length, wanted in zip(x.size, size, strict=True)]
    if any(not 0 <= one < factor for one in spare):
        raise _unfit(what, x, factor, size, input_size)
    x = layers.Conv2DTranspose(
        filters, 2 * factor, strides=factor, kernel_initializer=INITIALIZER, name=f"{name}/deconv"
    )(x)
    if batch_norm:
        x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/bn")(x)
    if any(spare):  # last, so that nothing stands between the convolution and its batch norm
        (rows, columns) = [(one // 2, one - one // 2) for one in spare]
        x = layers.Cropping2D((rows, columns), name=f"{name}/crop")(x)
    return x


def _unfit(what: str, x: Tensor, factor: int, size: Size, input_size: Size) -> Problem:
    least, most = ([(length - less) * factor + less for length in x.size] for less in (1, 0))
    fitting = [max(round(length / x.stride), 1) * x.stride for length in input_size]
    return Problem(
        f"{what}: a map of {_by(x.size)} at stride {x.stride} can become {_by(least)} to {_by(most)}, not {_by(size)}",
        f"Multiples of the stride fit: set input.size to {fitting}"
        if fitting != list(input_size)
        else "Use steps of other sizes",
    )


def _by(size: Size | list[int]) -> str:
    return " × ".join(map(str, size))
