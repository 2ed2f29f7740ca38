import json
from pathlib import Path

import numpy as np

from tests.datasets.pictures import photo, save

# segment number: category; the numbers use all three channels
SEGMENTS = {1: 149, 300: 3, 70000: 184, 70001: 1, 9: 62}
SIZE = (6, 10)


def make(root: Path) -> Path:
    for split in ("train", "val"):
        rows = []
        for number in range(2):
            name = f"{number:012d}"
            save(root / f"{split}2017" / f"{name}.jpg", photo(number, SIZE), quality=95)
            ids = np.resize([*SEGMENTS, 0], SIZE)
            colours = np.stack([ids % 256, ids // 256 % 256, ids // 65536], -1).astype(np.uint8)
            save(root / "annotations" / f"panoptic_{split}2017" / f"{name}.png", colours)
            segments = [{"id": key, "category_id": category, "iscrowd": 0} for key, category in SEGMENTS.items()]
            rows.append({"image_id": number, "file_name": f"{name}.png", "segments_info": segments})
        (root / "annotations" / f"panoptic_{split}2017.json").write_text(json.dumps({"annotations": rows}))
    return root
