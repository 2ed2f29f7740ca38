"""What a network makes of an image before its first convolution, and folding the difference of two into a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from archspec.errors import Problem
from archspec.weights._readings import Part, image_readers

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

CLOSE = 1e-5  # of numbers about 1


class ImageScale(NamedTuple):
    """Channel `c` of what the network reads is `scale[c] · image[channels[c]] + offset[c]`, the image 0..255 RGB."""

    channels: tuple[int, ...]
    scale: tuple[float, ...]
    offset: tuple[float, ...]

    def is_close(self, other: ImageScale) -> bool:
        """Whether both see the same numbers."""
        pairs = zip((*self.scale, *self.offset), (*other.scale, *other.offset), strict=True)
        return self.channels == other.channels and all(abs(a - b) <= CLOSE * max(abs(a), abs(b)) for a, b in pairs)


def image_scale(parts: Mapping[str, Part]) -> ImageScale | None:
    """Of a network whose first layers rescale and reorder channels; None where they do something else."""
    found: dict[str, ImageScale | None] = {}
    for name, part in parts.items():
        if not part.inputs:
            count = int((part.config.get("shape") or part.config.get("batch_shape"))[-1])  # type: ignore[index]
            found[name] = ImageScale(tuple(range(count)), (1.0,) * count, (0.0,) * count)
        elif part.inputs[0][0] in found:
            before = found[part.inputs[0][0]]
            if part.kind == "ZeroPadding2D":
                found[name] = before
            elif part.kind == "ChannelReverse" and before is not None:
                found[name] = ImageScale(before.channels[::-1], before.scale[::-1], before.offset[::-1])
            elif part.kind == "Rescaling" and before is not None:
                found[name] = _rescaled(before, part.config)
    readers = image_readers(parts)
    read = {found[source] for name in readers for source, _ in parts[name].inputs if source in found}
    return read.pop() if len(read) == 1 else None


def _rescaled(before: ImageScale, config: Mapping[str, Any]) -> ImageScale:
    count = len(before.channels)
    factors, terms = (_of_each(config[key], count) for key in ("scale", "offset"))
    scale = tuple(old * factor for old, factor in zip(before.scale, factors, strict=True))
    offset = tuple(old * a + b for old, a, b in zip(before.offset, factors, terms, strict=True))
    return ImageScale(before.channels, scale, offset)


def _of_each(value: Any, count: int) -> tuple[float, ...]:
    return (float(value),) * count if isinstance(value, int | float) else tuple(map(float, value))


def fold_image_scale(
    arrays: dict[str, Array], given: ImageScale, wanted: ImageScale, parts: Mapping[str, Part]
) -> tuple[str, ...]:
    """Change the first convolutions, trained on `given`, so that they compute the same from `wanted`.

    Gives back what was done, a line each. A shift folds into the batch norm or the bias behind a convolution that
    pads nothing; where zeros are padded they would no longer stand for the same colour: `Problem`.
    """
    import numpy as np

    if given.is_close(wanted):
        return ()
    readers = [name for name in image_readers(parts) if f"{name}/kernel" in arrays]
    if len(readers) < len(image_readers(parts)) or any(parts[name].kind != "Conv2D" for name in readers):
        raise _refusal(given, "not only convolutions read the image")
    order = [given.channels.index(channel) for channel in wanted.channels]
    factor = np.array([given.scale[old] / new for old, new in zip(order, wanted.scale, strict=True)])
    shift = np.array([given.offset[old] for old in order]) - factor * np.array(wanted.offset)
    shifted = bool(np.abs(shift).max() > CLOSE)
    for name in readers:
        kernel = arrays[f"{name}/kernel"].astype(np.float64)[:, :, order, :]
        if shifted:
            _fold_shift(arrays, name, (kernel * shift[:, None]).sum((0, 1, 2)), parts, given)
        arrays[f"{name}/kernel"] = (kernel * factor[:, None]).astype(np.float32)
    what = [text for told, text in ((given.channels != wanted.channels, "channel order"), (True, "scale")) if told]
    return (f"{' and '.join(what)} of the image folded into the kernel of {', '.join(readers)}",)


def _fold_shift(
    arrays: dict[str, Array], name: str, constant: Array, parts: Mapping[str, Part], given: ImageScale
) -> None:
    part = parts[name]
    if part.config["padding"] != "valid" or parts[part.inputs[0][0]].kind == "ZeroPadding2D":
        raise _refusal(given, f"'{name}' pads its input with zeros, which then mean another colour")
    behind = [key for key, other in parts.items() if other.inputs and other.inputs[0][0] == name]
    if f"{name}/bias" in arrays:
        arrays[f"{name}/bias"] = (arrays[f"{name}/bias"] + constant).astype("float32")
    elif len(behind) == 1 and f"{behind[0]}/moving_mean" in arrays:
        key = f"{behind[0]}/moving_mean"
        arrays[key] = (arrays[key] - constant).astype("float32")
    else:
        raise _refusal(given, f"'{name}' has neither a bias nor a batch norm to take the shift")


def _refusal(given: ImageScale, why: str) -> Problem:
    order = "".join("RGB"[channel] if len(given.channels) == 3 else str(channel) for channel in given.channels)
    scale, offset = (", ".join(f"{number:.6g}" for number in numbers) for numbers in (given.scale, given.offset))
    return Problem(
        f"input.preprocess is not what the weights were trained with ({order}, scale {scale}, offset {offset}), "
        f"and the difference cannot be folded into the first convolution: {why}"
    )
