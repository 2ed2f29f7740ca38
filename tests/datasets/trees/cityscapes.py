from pathlib import Path

import numpy as np

from tests.datasets.pictures import labels, photo, save

PARTS = (("train", "gtFine", "train"), ("val", "gtFine", "val"), ("train_extra", "gtCoarse", "train_extra"))


def make(root: Path) -> Path:
    for split, kind, folder in PARTS:
        for number, city in enumerate(("aachen", "bremen", "bremen")):
            name, size = f"{city}_{number:06d}_000019", (10, 20 + number)
            save(root / "leftImg8bit" / folder / city / f"{name}_leftImg8bit.png", photo(number + len(split), size))
            numbers = labels(number, size, tuple(range(34)))
            save(root / kind / folder / city / f"{name}_{kind}_labelIds.png", numbers)
            instances = np.where(numbers >= 24, numbers.astype(np.uint16) * 1000 + 2, numbers).astype(np.uint16)
            save(root / kind / folder / city / f"{name}_{kind}_instanceIds.png", instances)
    return root
