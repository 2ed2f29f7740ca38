from pathlib import Path

from tests.datasets.pictures import labels, photo, save


def make(root: Path) -> Path:
    for split, count in (("train", 3), ("val", 2)):
        for number in range(count):
            size = (12 + number, 16)
            save(root / split / f"0001TP_{number:06d}.png", photo(number, size))
            save(root / f"{split}annot" / f"0001TP_{number:06d}.png", labels(number, size, tuple(range(12))))
    return root
