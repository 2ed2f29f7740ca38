"""COCO's annotation files and the folders of pictures that belong to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from archspec.datasets._folders import files_in, is_folder
from archspec.errors import Place, UserError, user_error
from archspec.files import read_bytes

_YEAR = re.compile(r"20\d\d$")


def annotation_files(root: Path, kind: str) -> dict[str, Path]:
    """`<kind>_<split><year>.json` in `annotations/` or in `root` itself, by split: `train`, `val` first."""
    folders = [folder for folder in (root, root / "annotations") if is_folder(folder)]
    files = [path for folder in folders for path in files_in(folder, (".json",)) if path.stem.startswith(f"{kind}_")]
    found = {_YEAR.sub("", path.stem.removeprefix(f"{kind}_")): path for path in files}
    return dict(sorted(found.items(), key=lambda item: (item[0] not in ("train", "val"), item[0])))


def image_folder(root: Path, annotations: Path, kind: str, others: Iterable[str] = ()) -> Path:
    """The folder of the pictures: named as the annotations end (`val2017`), in `root` or in `images/`, or one of
    `others`. Raises `UserError` when there is none."""
    name = annotations.stem.removeprefix(f"{kind}_")
    wanted = [name, f"images/{name}", *others]
    for folder in wanted:
        if is_folder(root / folder):
            return root / folder
    fact = f"no folder of images for {annotations.name}"
    raise user_error(fact, f"One of {', '.join(f'{folder}/' for folder in wanted)}", place=Place(str(root)))


def read_annotations(path: Path, keys: Iterable[str]) -> dict[str, Any]:
    """The file as an object whose `keys` are lists of objects. Raises `UserError`."""
    place = Place(str(path))
    remedy = "Was it cut short? Copy it again"
    try:
        document = json.loads(read_bytes(path))
    except json.JSONDecodeError as error:
        raise user_error(
            f"not JSON ({error.msg})", remedy, place=Place(str(path), error.lineno, error.colno)
        ) from error
    except (ValueError, RecursionError) as error:
        raise user_error(f"not JSON ({error})", remedy, place=place) from error
    for key in keys:
        rows = document.get(key) if isinstance(document, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise user_error(f"not a file of COCO annotations (no list '{key}')", remedy, path=key, place=place)
    return dict(document)


def lacks(path: Path, where: str, error: Exception) -> UserError:
    """What a row lacks or has wrong."""
    fact = f"no '{error.args[0]}'" if isinstance(error, KeyError) else str(error)
    return user_error(fact, "Is it a file of COCO annotations?", path=where, place=Place(str(path)))
