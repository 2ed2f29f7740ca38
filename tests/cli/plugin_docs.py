"""docs/plugins.md as a plugin folder: its files, its commands, and photographs of leaves for them."""

from __future__ import annotations

import re
import shlex
from glob import glob
from pathlib import Path

import numpy as np
from PIL import Image

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "plugins.md"
FOLDER = "my_plugins"


def files() -> dict[str, str]:
    """Every file that the document shows, by its path in the plugin folder."""
    found = {}
    for block in re.findall(r"^```(?:python|yaml)\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        first, _, text = block.partition("\n")
        path = first.removeprefix(f"# {FOLDER}/")
        assert path != first, f"the first line of a file must say where it goes ({first})"
        found[path] = text
    return found


def write_plugins(folder: Path) -> Path:
    """The plugin folder of the document in `folder`."""
    for path, text in files().items():
        (folder / FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / FOLDER / path).write_text(text, "utf-8")
    return folder / FOLDER


def write_leaves(folder: Path) -> Path:
    """Six photographs a split, each with its mask."""
    noise = np.random.default_rng(0)
    for split in ("train", "val"):
        (folder / "leaves" / split).mkdir(parents=True)
        for number in range(6):
            mask = np.zeros((60, 64), np.uint8)
            mask[10:40, 5 + number : 30 + number] = 255
            image = np.where(mask[..., None] > 0, (40, 160, 60), (110, 80, 50)) + noise.integers(-10, 10, (60, 64, 3))
            Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(folder / "leaves" / split / f"{number}.png")
            Image.fromarray(mask).save(folder / "leaves" / split / f"{number}_mask.png")
    return folder / "leaves"


def commands() -> list[str]:
    """Every command that the document shows, in its order."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


def words(command: str) -> list[str]:
    """A command's words after `archspec`, names with `*` as a shell fills them in."""
    first, *others = shlex.split(command)
    assert first == "archspec"
    return [found for word in others for found in (sorted(glob(word)) if "*" in word else [word])]  # noqa: PTH207
