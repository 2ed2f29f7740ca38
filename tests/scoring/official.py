"""The organisers' own evaluation of Cityscapes (cityscapesScripts 2.3.0), in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.needs import needed

# Many trees in one process: importing the package takes longer than scoring one of them.
SCRIPT = """
import json, sys
import cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling as official
official.args.quiet, official.args.JSONOutput = True, False
found = []
for pairs in json.load(sys.stdin):
    found.append(official.evaluateImgLists([pair[1] for pair in pairs], [pair[0] for pair in pairs], official.args))
json.dump(found, sys.stdout, default=float)
"""


def official_python() -> str:
    """The python that has it; a skip where none is named."""
    found = needed("cityscapesScripts")
    version = "from importlib.metadata import version; print(version('cityscapesscripts'))"
    done = subprocess.run([found, "-c", version], capture_output=True, text=True)
    if done.stdout.strip() != "2.3.0":
        pytest.fail(f"{found} has no cityscapesscripts 2.3.0 ({done.stdout}{done.stderr})")
    return found


def official_scores(python: str, trees: Sequence[Sequence[tuple[Path, Path]]]) -> list[dict[str, Any]]:
    """The organisers' results of each list of `(truth, prediction)`."""
    asked = json.dumps([[(str(truth), str(prediction)) for truth, prediction in pairs] for pairs in trees])
    done = subprocess.run([python, "-c", SCRIPT], input=asked, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr + done.stdout
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def official_command(python: str, root: Path, predictions: Path, folder: Path) -> dict[str, Any]:
    """Their command, as a user runs it: it finds truth and predictions by itself."""
    folder.mkdir()
    where = {
        "CITYSCAPES_DATASET": str(root),
        "CITYSCAPES_RESULTS": str(predictions),
        "CITYSCAPES_EXPORT_DIR": str(folder),
    }
    command = Path(python).parent / "csEvalPixelLevelSemanticLabeling"
    done = subprocess.run([str(command)], env={**os.environ, **where}, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder / "resultPixelLevelSemanticLabeling.json").read_text())
    return found
