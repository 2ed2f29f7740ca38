from pathlib import Path

from tests.datasets.pictures import labels, photo, save


def make(root: Path) -> Path:
    for split, count in (("train", 3), ("val", 1)):
        for number in range(count):
            size = (9, 11 + number)
            suffix = "jpg" if number % 2 else "png"
            save(root / "images" / split / f"scene {number}.{suffix}", photo(number, size))
            save(root / "labels" / split / f"scene {number}.png", labels(number, size, (0, 1, 2, 255)))
    (root / "classes.txt").write_text("ground\nwall #ff0000\nsky\n")
    return root
