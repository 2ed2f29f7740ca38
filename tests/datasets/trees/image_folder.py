from pathlib import Path

from tests.datasets.pictures import photo, save


def make(root: Path) -> Path:
    for split, count in (("train", 2), ("val", 1)):
        for place, name in enumerate(("ant", "bee", "cat")):
            for number in range(count):
                suffix = "jpg" if number % 2 else "png"
                save(root / split / name / f"{number}.{suffix}", photo(10 * place + number, (9, 11 + number)))
    return root
