"""Images of any channels: a picture, the pages of a TIFF, an array (`.npy`), or several such files for one example.

A single picture is read as 1, 3 or 4 channels. Pages, arrays and several files have the channels that they have, one
behind another in the order of the files; all must be of one size.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec.arrays import Array
from archspec.datasets._contract import Size
from archspec.datasets._image_form import RGB, ImageForm, describe_channels
from archspec.datasets._images import (
    IMAGE_SUFFIXES,
    image_size,
    opened,
    orientation,
    photo_size,
    read_image,
    stored_samples,
    turned,
    unreadable,
)
from archspec.errors import Fault, Place, Problem, UserError, user_error
from archspec.files import is_folder

if TYPE_CHECKING:
    from PIL import Image

ARRAY_SUFFIX = ".npy"
ARRAY_START = b"\x93NUMPY"
STACK_SUFFIXES = (*IMAGE_SUFFIXES, ARRAY_SUFFIX)
STACK_KINDS = "PNG, JPEG, BMP, TIFF, WebP or .npy"
GREY_MODES = ("1", "L", "LA", "La", "I", "F")
PICTURE_CHANNELS = (1, 3, 4)
Source = Path | bytes
_ARRAY_FAULTS = (OSError, ValueError, EOFError, TypeError, SyntaxError, MemoryError, OverflowError)


def read_stack(sources: Sequence[Source], form: ImageForm, place: Place | None = None) -> Array:
    """The image of an example's files, `(H, W, channels)`: uint8, or float32 where `form.deep_range` is used.

    Raises `UserError` with the file's name: unreadable, of another size than the first, other channels than wanted.
    """
    first = sources[0]
    if len(sources) == 1 and form.channels in PICTURE_CHANNELS and _is_picture(first, form.channels, place):
        if form.deep_range is None:
            return read_image(first, form.channels, place)
        return _single_picture(first, form, place)
    parts = [_numbers(one, form, place) for one in sources]
    for source, part in zip(sources[1:], parts[1:], strict=True):
        if part.shape[:2] != parts[0].shape[:2]:
            sizes = [f"{one.shape[1]} × {one.shape[0]}" for one in (part, parts[0])]
            fact = f"{sizes[0]} pixels, and {first if isinstance(first, Path) else 'the first'} has {sizes[1]}"
            raise user_error(fact, "The files of one example must be of one size", place=_at(source, place))
    stack = np.concatenate(parts, -1) if len(parts) > 1 else parts[0]
    if not form.as_stored and stack.shape[-1] != form.channels:
        each = " + ".join(str(part.shape[-1]) for part in parts)
        has = f"has {each} channels" if len(parts) == 1 else f"has {each} channels with its further files"
        fact = f"the network reads {form.channels} channels, and this {has}"
        remedy = "Image files are read as 1 (grey), 3 (RGB) or 4 (RGBA); others are arrays, pages or several files"
        raise user_error(fact, remedy, place=_at(first, place))
    return np.ascontiguousarray(stack)


def stack_channels(sources: Sequence[Source], place: Place | None = None) -> tuple[int, ...]:
    """How many channels an example's files can be read as, their own number first, from their headers alone.

    A grey picture can be read as RGB too, and an RGBA one whose pixels are all opaque. Raises `UserError`.
    """
    if len(sources) > 1:
        return (sum(stack_channels([one], place)[0] for one in sources),)
    if _is_array(sources[0]):
        return (_array_shape(sources[0], place)[2],)
    with opened(sources[0], place) as image:
        pages = _pages(image)
        own = _own_channels(image)
        if pages > 1:
            return (pages * own,)
        return {1: (1, RGB), 4: (4, RGB)}.get(own, (own,))


def stack_size(source: Source, place: Place | None = None) -> Size:
    """The size of an image file or array, from its header alone. Raises `UserError`."""
    return _array_shape(source, place)[:2] if _is_array(source) else image_size(source, place)


def array_faults(path: Path) -> list[Fault]:
    """What is wrong with an array's file, from its header and its length."""
    try:
        _array(path, None)
    except UserError as error:
        return list(error.faults)
    return []


def read_array(source: Source, place: Place | None = None) -> Array:
    """A `.npy` file's array, of numbers. Raises `UserError` for objects, which are not read, and damaged files."""
    found = _array(source, place)
    return np.array(found)


def with_further_files(picture: Path, channels: int) -> tuple[Path, ...]:
    """A picture, and where it has fewer than `channels` the files of its further ones, as a `folder` data set has them.

    Of `F/x.png` they are `F_2/x.*`, `F_3/x.*`, and so on; of `F/sub/x.png` also `F_2/sub/x.*`. Raises `UserError`.
    """
    found = [picture]
    if stack_channels([picture])[0] >= channels:
        return (picture,)
    for folder in picture.absolute().parents[:2]:
        inside = picture.absolute().relative_to(folder).parent
        while is_folder(beside := folder.with_name(f"{folder.name}_{len(found) + 1}") / inside):
            of_name = beside.glob(f"{glob.escape(picture.stem)}.*")
            further = sorted(file for file in of_name if file.suffix.lower() in STACK_SUFFIXES)
            if len(further) != 1:
                fact = f"{len(further)} files of this name in {beside}, where its further channels are"
                raise user_error(fact, "Leave one there", place=Place(str(picture)))
            found += further
        if len(found) > 1:
            break
    return tuple(found)


def resized_pixels(image: Array, size: Size) -> Array:
    """An image `(H, W, C)` at another size: bilinear, averaging where it gets smaller (Pillow), each channel alike."""
    from PIL import Image

    if image.shape[:2] == size:
        return image
    if image.shape[2] == RGB and image.dtype == np.uint8:
        picture = Image.fromarray(np.ascontiguousarray(image))
        return np.asarray(picture.resize(size[::-1], Image.Resampling.BILINEAR))
    planes = (Image.fromarray(np.ascontiguousarray(plane)) for plane in np.moveaxis(image, -1, 0))
    return np.stack([np.asarray(one.resize(size[::-1], Image.Resampling.BILINEAR)) for one in planes], -1)


def _single_picture(source: Source, form: ImageForm, place: Place | None) -> Array:
    """A picture with all its bits, as 1, 3 or 4 channels: grey becomes RGB by repeating it."""
    pixels = _numbers(source, form, place)
    if pixels.shape[-1] == 1 and form.channels == RGB:
        pixels = np.repeat(pixels, RGB, -1)
    if pixels.shape[-1] != form.channels:
        if pixels.dtype == np.uint8:  # its own words of what does not fit
            return read_image(source, form.channels, place)
        fact = f"has {describe_channels((pixels.shape[-1],))}, and the network reads {form.channels} channels"
        raise user_error(fact, "Name other images", place=_at(source, place))
    return np.ascontiguousarray(pixels)


def _numbers(source: Source, form: ImageForm, place: Place | None) -> Array:
    """One file's channels `(H, W, C)`, as the form has them."""
    if _is_array(source):
        values = read_array(source, place)
        values = values[..., None] if values.ndim == 2 else values
        try:
            return form.numbers(values, 16)
        except Problem as problem:
            raise UserError(problem.at(_at(source, place))) from problem
    with opened(source, place) as image:
        parts = []
        turn, (height, width) = orientation(image), photo_size(image)
        for page in range(_pages(image)):
            if page:
                image.seek(page)
            deep = form.deep_range is not None
            values, bits = stored_samples(image, any_kind=deep or form.as_stored, exact=deep)
            parts.append(turned(form.numbers(values, bits), turn))
            if parts[-1].shape[:2] != (height, width):
                raise Problem(f"its page {page + 1} has another size than the first", "Save pages of one size")
        return np.concatenate(parts, -1)


def _pages(image: Image.Image) -> int:
    """The pages of a TIFF; 1 of everything else, whose further frames are no channels."""
    return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1


def _own_channels(image: Image.Image) -> int:
    if image.mode in GREY_MODES or image.mode.startswith("I;16"):
        return 1
    return 4 if image.mode == "RGBA" else RGB


def _is_picture(source: Source, channels: int, place: Place | None) -> bool:
    """Whether a file is one picture, or pages that do not make up the wanted channels (which is then refused so)."""
    if _is_array(source):
        return False
    with opened(source, place) as image:
        pages = _pages(image)
        return pages == 1 or pages * _own_channels(image) != channels


def _is_array(source: Source) -> bool:
    return source.startswith(ARRAY_START) if isinstance(source, bytes) else source.suffix.lower() == ARRAY_SUFFIX


def _array_shape(source: Source, place: Place | None) -> tuple[int, int, int]:
    shape = _array(source, place).shape
    return (*shape, 1) if len(shape) == 2 else shape


def _array(source: Source, place: Place | None) -> Any:
    """The array, not read yet where it is a file."""
    place = _at(source, place)
    try:
        if isinstance(source, bytes):
            found = np.load(BytesIO(source), allow_pickle=False)
        else:
            found = np.load(source, mmap_mode="r", allow_pickle=False)
    except _ARRAY_FAULTS as error:
        raise unreadable(place, error) from error
    if (
        not isinstance(found, np.ndarray)
        or found.ndim not in (2, 3)
        or not found.size
        or found.dtype.kind not in "buif"
    ):
        said = f"{list(found.shape)} {found.dtype}" if isinstance(found, np.ndarray) else "several arrays"
        raise user_error(f"an array {said}, not (H, W) or (H, W, channels) of numbers", "Save it so", place=place)
    return found


def _at(source: Source, place: Place | None) -> Place:
    return place or Place(str(source) if isinstance(source, Path) else "")
