from pathlib import Path

from PIL import Image

from tests.datasets.pictures import labels, photo, save


def make(root: Path) -> Path:
    home = root / "VOCdevkit" / "VOC2012"
    for split, count in (("train", 3), ("val", 2)):
        names = [f"2007_{len(split)}{number:05d}" for number in range(count)]
        for number, name in enumerate(names):
            size = (14, 12 + 2 * number)
            save(home / "JPEGImages" / f"{name}.jpg", photo(number, size), quality=95)
            palette(home / "SegmentationClass" / f"{name}.png", labels(number, size, (*range(21), 255)))
        listed = home / "ImageSets" / "Segmentation" / f"{split}.txt"
        listed.parent.mkdir(parents=True, exist_ok=True)
        listed.write_text("".join(f"{name}\n" for name in names))
    return root


def palette(path: Path, values: object) -> None:
    image = Image.fromarray(values).convert("P")  # type: ignore[call-overload]
    image.putdata(values.ravel().tolist())  # type: ignore[attr-defined]
    image.putpalette([7, 7, 7] * 256)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
