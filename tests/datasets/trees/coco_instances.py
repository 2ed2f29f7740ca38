import json
from pathlib import Path
from typing import Any

from tests.datasets.pictures import photo, save

SIZE = (60, 50)


def make(root: Path) -> Path:
    for split, count in (("train", 3), ("val", 2)):
        images = [picture(number) for number in range(count)]
        for number in range(count):
            save(root / f"{split}2017" / f"{number:012d}.jpg", photo(number, SIZE), quality=95)
        annotations = [box(number, 3, 5, 4, 40, 40) for number in range(count)]
        write(root / "annotations" / f"instances_{split}2017.json", images, annotations)
    return root


def picture(number: int, size: tuple[int, int] = SIZE) -> dict[str, Any]:
    return {"id": number, "file_name": f"{number:012d}.jpg", "height": size[0], "width": size[1]}


def box(image: int, category: int, x: float, y: float, width: float, height: float, **more: Any) -> dict[str, Any]:
    outline = [x, y, x + width, y, x + width, y + height, x, y + height]
    return {"image_id": image, "category_id": category, "iscrowd": 0, "segmentation": [outline]} | more


def write(path: Path, images: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": []}))
