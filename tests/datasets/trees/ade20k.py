from pathlib import Path

from tests.datasets.pictures import labels, photo, save


def make(root: Path) -> Path:
    home = root / "ADEChallengeData2016"
    for folder, name in (("training", "train"), ("validation", "val")):
        for number in range(2):
            size = (20, 22 - number)
            save(home / "images" / folder / f"ADE_{name}_{number:08d}.jpg", photo(number, size), quality=95)
            save(
                home / "annotations" / folder / f"ADE_{name}_{number:08d}.png", labels(number, size, tuple(range(151)))
            )
    return root
