"""Images as the world writes them: equal content gives an equal array, and what cannot be read rightly is refused."""

from __future__ import annotations

import os
import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from archspec.datasets import check_before_training, image_size, open_dataset, read_image, read_indices
from archspec.errors import UserError
from tests.datasets.encodings import encoded, png, tiff_grey, with_orientation, write
from tests.datasets.pictures import photo

Array = np.ndarray[Any, Any]

ALPHA = np.full((6, 9, 1), 255, np.uint8)
COLOURS = photo(0, (6, 9))
GREY = COLOURS[..., 0]
FLAT = np.repeat(GREY[..., None], 3, 2)


def paletted(pixels: Array) -> bytes:
    image = Image.fromarray(pixels).convert("P", palette=Image.Palette.ADAPTIVE, colors=256)
    assert np.array_equal(np.asarray(image.convert("RGB")), pixels)  # few enough colours
    stream = BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


# name: a file of COLOURS
OF_COLOURS = {
    "png": encoded(COLOURS, "PNG"),
    "bmp": encoded(COLOURS, "BMP"),
    "tiff": encoded(COLOURS, "TIFF"),
    "tiff lzw": encoded(COLOURS, "TIFF", compression="tiff_lzw"),
    "webp": encoded(COLOURS, "WEBP", lossless=True),
    "ppm": encoded(COLOURS, "PPM"),
    "opaque rgba png": encoded(np.concatenate([COLOURS, ALPHA], 2), "PNG"),
    "opaque rgba webp": encoded(np.concatenate([COLOURS, ALPHA], 2), "WEBP", lossless=True),
    "png of 16 bits": png(COLOURS.astype(np.uint16) * 257, 16, 2),
    "png of 16 bits, shifted": png(COLOURS.astype(np.uint16) * 256, 16, 2),
    "rgba png of 16 bits": png(np.concatenate([COLOURS, ALPHA], 2).astype(np.uint16) * 257, 16, 6),
}
# name: a file of GREY
OF_GREY = {
    "png": encoded(GREY, "PNG"),
    "rgb png": encoded(FLAT, "PNG"),
    "bmp": encoded(GREY, "BMP"),
    "tiff": encoded(GREY, "TIFF"),
    "pgm": encoded(GREY, "PPM"),
    "palette png": paletted(FLAT),
    "opaque grey and alpha": png(np.stack([GREY, ALPHA[..., 0]], 2), 8, 4),
    "grey and alpha of 16 bits": png(np.stack([GREY, ALPHA[..., 0]], 2).astype(np.uint16) * 257, 16, 4),
    "png of 16 bits": png(GREY.astype(np.uint16) * 257, 16, 0),
    "tiff of 16 bits": encoded(GREY.astype(np.uint16) * 257, "TIFF"),
    "tiff of 16 bits, white is zero": tiff_grey(65535 - GREY.astype(np.uint16) * 257, 16, photometric=0),
    "tiff of 12 bits": tiff_grey(GREY.astype(np.uint16) * 16, 12),
    "pgm of 16 bits": b"P5 9 6 65535\n" + (GREY.astype(np.uint16) * 257).astype(">u2").tobytes(),
}


@pytest.mark.parametrize("name", OF_COLOURS)
def test_equal_colours_in_another_encoding_are_an_equal_array(tmp_path: Path, name: str) -> None:
    assert np.array_equal(read_image(write(tmp_path / "x.png", OF_COLOURS[name])), COLOURS)


@pytest.mark.parametrize("name", OF_GREY)
def test_equal_grey_in_another_encoding_is_an_equal_array(tmp_path: Path, name: str) -> None:
    file = write(tmp_path / "x.png", OF_GREY[name])
    assert np.array_equal(read_image(file), FLAT)
    assert np.array_equal(read_image(file, channels=1), GREY[..., None])


@pytest.mark.parametrize("black_is", [0, 1])
def test_one_bit(tmp_path: Path, black_is: int) -> None:
    bits = np.eye(6, 9, dtype=np.uint8)
    data = png(bits, 1, 0) if black_is == 0 else encoded(bits.astype(bool), "BMP")
    assert np.array_equal(read_image(write(tmp_path / "x.png", data)), np.repeat(bits[..., None] * 255, 3, 2))


@pytest.mark.parametrize("form", ["TIFF", "JPEG"])
def test_cmyk(tmp_path: Path, form: str) -> None:
    """Blocks of one colour, which JPEG keeps; Adobe's inverted numbers are what Pillow writes into JPEG."""
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:, :16], pixels[:, 16:] = (200, 30, 90), (10, 240, 128)
    stream = BytesIO()
    Image.fromarray(pixels).convert("CMYK").save(stream, form, **({"quality": 100} if form == "JPEG" else {}))
    found = read_image(write(tmp_path / "x.jpg", stream.getvalue())).astype(int)
    assert np.abs(found - pixels).max() <= (2 if form == "JPEG" else 0)


# The pixels of the file, as each orientation says that they are to be shown. Source: EXIF 2.3, tag 274: where the 0th
# row and the 0th column of the file are in the scene.
SHOWN = {
    1: lambda a: a,  # row top, column left
    2: np.fliplr,  # top, right
    3: lambda a: np.rot90(a, 2),  # bottom, right
    4: np.flipud,  # bottom, left
    5: lambda a: a.transpose(1, 0, 2),  # left, top
    6: lambda a: np.rot90(a, -1),  # right, top
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),  # right, bottom
    8: lambda a: np.rot90(a, 1),  # left, bottom
}


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("number", SHOWN)
def test_a_photo_is_turned_as_its_camera_says(tmp_path: Path, number: int, form: str) -> None:
    how = {"WEBP": {"lossless": True}}.get(form, {})
    file = write(tmp_path / "x.jpg", encoded(COLOURS, form, exif=with_orientation(number), **how))
    with Image.open(write(tmp_path / "plain", encoded(COLOURS, form, **how))) as plain:
        expected = SHOWN[number](np.asarray(plain))
    found = read_image(file)
    assert np.array_equal(found, expected)
    assert image_size(file) == found.shape[:2] == expected.shape[:2]


def test_a_damaged_or_unknown_orientation_turns_nothing(tmp_path: Path) -> None:
    for number, exif in enumerate(
        (b"Exif\0\0nonsense", b"", b"Exif\0\0II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\x01\0")
    ):
        file = write(tmp_path / f"{number}.png", png(COLOURS, 8, 2, (b"eXIf", exif)))
        assert np.array_equal(read_image(file), COLOURS)
    file = write(tmp_path / "nine.png", encoded(COLOURS, "PNG", exif=with_orientation(9)))
    assert np.array_equal(read_image(file), COLOURS)


@given(
    seed=st.integers(0, 1000),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    number=st.integers(1, 8),
    form=st.sampled_from(["PNG", "TIFF", "WEBP", "BMP"]),
)
@settings(max_examples=60, deadline=None)
def test_any_lossless_encoding_of_any_size_is_read_alike(
    tmp_path_factory: pytest.TempPathFactory, seed: int, size: tuple[int, int], number: int, form: str
) -> None:
    pixels = photo(seed, size)
    how: dict[str, Any] = {"lossless": True} if form == "WEBP" else {}
    if form != "BMP":
        how["exif"] = with_orientation(number)
    file = write(tmp_path_factory.mktemp("any") / "x.png", encoded(pixels, form, **how))
    expected = pixels if form == "BMP" else SHOWN[number](pixels)
    assert np.array_equal(read_image(file), expected) and image_size(file) == expected.shape[:2]


def frames(form: str, **how: Any) -> bytes:
    first, second = Image.fromarray(COLOURS), Image.fromarray(COLOURS[::-1])
    stream = BytesIO()
    first.save(stream, form, save_all=True, append_images=[second], **how)
    return stream.getvalue()


HALF_CLEAR = np.concatenate([COLOURS, np.where(np.eye(6, 9)[..., None], 128, 255).astype(np.uint8)], 2)
REFUSED = {
    "animated gif": (frames("GIF"), "holds 2 images"),
    "animated png": (frames("PNG"), "holds 2 images"),
    "animated webp": (frames("WEBP", lossless=True), "holds 2 images"),
    "tiff of two pages": (frames("TIFF"), "holds 2 images"),
    "transparent rgba": (encoded(HALF_CLEAR, "PNG"), "has transparent pixels"),
    "transparent webp": (encoded(HALF_CLEAR, "WEBP", lossless=True), "has transparent pixels"),
    "grey with a transparent value": (png(GREY, 8, 0, (b"tRNS", struct.pack(">H", int(GREY[0, 0])))), "transparent"),
    "16 bits with a transparent value": (
        png(GREY.astype(np.uint16) * 257, 16, 0, (b"tRNS", struct.pack(">H", int(GREY[0, 0]) * 257))), "transparent",
    ),
    "float tiff": (encoded(GREY.astype(np.float32), "TIFF"), "32-bit float numbers, whose black and white"),
    "32-bit tiff": (encoded(GREY.astype(np.int32), "TIFF"), "32-bit or signed numbers"),
    "no image": (b"no pixels at all", "not an image that can be read (PNG, JPEG, BMP, TIFF or WebP)"),
    "cut png": (encoded(COLOURS, "PNG")[:-40], "cannot be read"),
    "cut jpeg": (encoded(photo(0, (64, 64)), "JPEG")[:-900], "cannot be read"),
    "empty": (b"", "not an image that can be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_rightly_is_refused_by_name(tmp_path: Path, name: str) -> None:
    data, words = REFUSED[name]
    file = write(tmp_path / "x.png", data)
    with pytest.raises(UserError) as caught:
        read_image(file)
    (fault,) = caught.value.faults
    assert str(fault).startswith(f"{file}: ") and words in str(fault) and fault.remedy


def test_a_transparent_palette_entry_counts_where_it_is_used(tmp_path: Path) -> None:
    palette = (b"PLTE", bytes(range(12)))
    clear = (b"tRNS", b"\xff\xff\xff\x00")  # entry 3
    used = png(np.array([[0, 1, 2, 3]]), 8, 3, palette, clear)
    unused = png(np.array([[0, 1, 2, 2]]), 8, 3, palette, clear)
    assert read_image(write(tmp_path / "a.png", unused)).tolist() == [[[0, 1, 2], [3, 4, 5], [6, 7, 8], [6, 7, 8]]]
    with pytest.raises(UserError, match="has transparent pixels"):
        read_image(write(tmp_path / "b.png", used))


def test_the_first_picture_of_a_phones_file(tmp_path: Path) -> None:
    """Phones write a JPEG with a second, smaller picture behind the first (MPO)."""
    file = write(tmp_path / "x.jpg", frames("MPO"))
    with Image.open(BytesIO(encoded(COLOURS, "JPEG"))) as plain:
        assert np.array_equal(read_image(file), np.asarray(plain))


def test_channels_are_never_lost_or_made_up(tmp_path: Path) -> None:
    rgba, rgb = write(tmp_path / "a.png", encoded(HALF_CLEAR, "PNG")), write(tmp_path / "b.png", OF_COLOURS["png"])
    assert np.array_equal(read_image(rgba, channels=4), HALF_CLEAR)
    for file, channels, words in (
        (rgb, 4, "has 3 channel(s), and the network reads 4"),
        (rgb, 1, "has colours, and the network reads 1 channel"),
        (rgb, 5, "the network reads 5 channels"),
    ):
        with pytest.raises(UserError) as caught:
            read_image(file, channels)
        assert f"{file}: {words}" in str(caught.value)


def test_the_limit_of_pixels_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between Pillow's warning and its limit an image is read without a word; above, it is refused."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
    assert read_image(write(tmp_path / "a.png", OF_COLOURS["png"])).shape == (6, 9, 3)  # 54 pixels
    file = write(tmp_path / "b.png", png(np.zeros((9, 9)), 8, 0))
    for read in (read_image, image_size, read_indices):
        with pytest.raises(UserError) as caught:
            read(file)
        assert str(caught.value) == (
            f"{file}: too large: 81 pixels, and at most 80 are read. Cut it into tiles, or make it smaller"
        )


def test_a_pipe_and_a_missing_file_are_no_images(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UserError, match="not a file"):
        read_image(tmp_path / "pipe.png")
    with pytest.raises(UserError, match="cannot be read"):
        read_image(tmp_path / f"{'x' * 300}.png")
    with pytest.raises(UserError, match="No such file"):
        read_image(tmp_path / "none.png")


# --- labels -----------------------------------------------------------------------------------------------------------

NUMBERS = np.arange(54, dtype=np.uint8).reshape(6, 9) % 3
OF_NUMBERS = {
    "png": encoded(NUMBERS, "PNG"),
    "bmp": encoded(NUMBERS, "BMP"),
    "tiff": encoded(NUMBERS, "TIFF", compression="tiff_lzw"),
    "palette": png(NUMBERS, 8, 3, (b"PLTE", bytes(range(9)))),
    "palette of 2 bits": png(NUMBERS, 2, 3, (b"PLTE", bytes(range(9)))),
    "grey of 2 bits": png(NUMBERS, 2, 0),
    "grey of 4 bits": png(NUMBERS, 4, 0),
    "16 bits": png(NUMBERS.astype(np.uint16), 16, 0),
    "32 bits": encoded(NUMBERS.astype(np.int32), "TIFF"),
    "never turned": encoded(NUMBERS, "PNG", exif=with_orientation(3)),
}


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_a_label_is_its_own_numbers(tmp_path: Path, name: str) -> None:
    assert np.array_equal(read_indices(write(tmp_path / "x.png", OF_NUMBERS[name])), NUMBERS)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (encoded(NUMBERS, "JPEG"), "compressed with loss (JPEG)"),
        (encoded(NUMBERS, "TIFF", compression="jpeg"), "compressed with loss (JPEG)"),
        (encoded(NUMBERS, "TIFF", exif=with_orientation(3)), "a label with an orientation tag"),
        (encoded(NUMBERS.astype(np.float32), "TIFF"), "a label of numbers with fractions"),
        (encoded(COLOURS, "PNG"), "a label must have one channel, this has 3"),
        (encoded(COLOURS, "WEBP", lossless=True), "a label must have one channel, this has 3"),
        (frames("TIFF"), "holds 2 images"),
    ],
)
def test_a_label_whose_numbers_are_not_known_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    file = write(tmp_path / "x.png", data)
    with pytest.raises(UserError) as caught:
        read_indices(file)
    assert str(caught.value).startswith(f"{file}: ") and words in str(caught.value)


def tiny(root: Path, image: bytes, label: bytes, image_name: str = "x.jpg", label_name: str = "x.png") -> Path:
    write(root / "images" / "train" / image_name, image)
    write(root / "labels" / "train" / label_name, label)
    (root / "classes.txt").write_text("a\nb\nc\n")
    return root


@pytest.mark.parametrize("values", [(-1, 0), (70_000, 1), (2**31 - 1, 2)])
def test_numbers_outside_of_16_bits_belong_to_no_class(tmp_path: Path, values: tuple[int, int]) -> None:
    numbers = np.full((6, 9), values[1], np.int32)
    numbers[0, 0] = values[0]
    root = tiny(tmp_path, encoded(COLOURS, "PNG"), encoded(numbers, "TIFF"), label_name="x.tif")
    dataset = open_dataset(f"folder:{root}")
    with pytest.raises(UserError, match=f"label value {values[0]} that no class has. Known are 0 to 2, 255"):
        dataset.read_label(dataset.examples("train")[0])


def test_a_label_must_match_the_turned_photo(tmp_path: Path) -> None:
    jpeg = encoded(COLOURS, "JPEG", exif=with_orientation(6))
    dataset = open_dataset(f"folder:{tiny(tmp_path / 'a', jpeg, encoded(NUMBERS.T.copy(), 'PNG'))}")
    (example,) = dataset.examples("train")
    assert dataset.image_size(example) == dataset.label_size(example) == (9, 6)
    assert dataset.read_image(example).shape == (9, 6, 3)
    dataset = open_dataset(f"folder:{tiny(tmp_path / 'b', jpeg, encoded(NUMBERS, 'PNG'))}")
    with pytest.raises(UserError) as caught:
        check_before_training(dataset, "train")
    assert "the label is 9 × 6 pixels and its image 6 × 9" in str(caught.value)
    assert "of one size, the image as its EXIF orientation turns it: turn the label too" in str(caught.value)
