"""Files are named for what is in them, stay short, and every test can fail; and the guard guards."""

from pathlib import Path

import pytest

from archspec.catalog import KINDS
from tests.architecture.files import (
    LONG_FILES,
    PACKAGE,
    SHORT_FILES,
    idle_tests,
    length_faults,
    missing_doors,
    name_faults,
    short_faults,
)


def test_names_say_what_is_inside(root: Path) -> None:
    faults = name_faults(root, (*PACKAGE, "tests", "benchmarks"))
    assert faults == [], "\n".join(faults)


def test_files_and_functions_are_short(root: Path) -> None:
    faults = length_faults(root, LONG_FILES)
    assert faults == [], "\n".join(faults)


def test_files_are_not_split_too_far(root: Path) -> None:
    """A folder that is a registry holds one file for each thing, however short."""
    folders = {kind.folder for kind in KINDS.values() if kind.ending == ".py"}
    folders = {folder if folder.startswith("search") else f"archspec/{folder}" for folder in folders}
    faults = short_faults(root, SHORT_FILES, folders)
    assert faults == [], "\n".join(faults)


def test_guard_finds_what_is_split_too_far(tmp_path: Path) -> None:
    write(tmp_path, "archspec/cost/tiny.py", "x = 1\n")
    write(tmp_path, "archspec/measures/gmacs.py", "x = 1\n")
    write(tmp_path, "archspec/cost/whole.py", "x = 1\n" * 40)
    assert [one.partition(":")[0] for one in short_faults(tmp_path, {}, {"archspec/measures"})] == [
        "archspec/cost/tiny.py"
    ]
    assert short_faults(tmp_path, {"archspec/cost/tiny.py": "a reason", "archspec/cost/whole.py": ""}, set()) == [
        "archspec/measures/gmacs.py: under 40 lines; put it where it belongs, or give a reason",
        "archspec/cost/whole.py: in SHORT_FILES without need",
    ]


def test_every_test_can_fail(root: Path) -> None:
    faults = idle_tests(root, "tests")
    assert faults == [], "\n".join(faults)


def test_every_package_folder_has_a_door(root: Path) -> None:
    assert missing_doors(root) == []


# --- a test of the guard ----------------------------------------------------------------------------------------------


def write(root: Path, file: str, text: str) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text)


@pytest.mark.parametrize("file", ["archspec/utils.py", "archspec/cost/shape_utils.py", "blocks/common/x.py"])
def test_guard_finds_empty_names(tmp_path: Path, file: str) -> None:
    write(tmp_path, file, "")
    (fault,) = name_faults(tmp_path, PACKAGE)
    assert fault.startswith(f"{file}: ")


def test_guard_finds_empty_class_names(tmp_path: Path) -> None:
    write(tmp_path, "archspec/cost/plan.py", "x = 1\nclass MemoryManager:\n    pass\n")
    assert name_faults(tmp_path, PACKAGE) == [
        "archspec/cost/plan.py:2: class MemoryManager says nothing; name what it is"
    ]


def test_guard_lets_good_names_pass(tmp_path: Path) -> None:
    write(tmp_path, "archspec/database/baseline.py", "class Plan: ...\n")
    assert name_faults(tmp_path, PACKAGE) == []


def test_guard_measures_length(tmp_path: Path) -> None:
    body = "\n".join(["    x = 1"] * 60)
    write(tmp_path, "archspec/long.py", f"x = 1\ndef f():\n{body}\n")
    write(tmp_path, "archspec/full.py", "x = 1\n" * 350)
    write(tmp_path, "archspec/over.py", "x = 1\n" * 351)
    write(tmp_path, "archspec/known.py", "x = 1\n" * 351)
    faults = length_faults(tmp_path, {"archspec/known.py": "a table", "archspec/full.py": "no longer"})
    assert [fault.split(": ")[0] for fault in faults] == ["archspec/over.py", "archspec/full.py", "archspec/long.py:2"]
    assert "f has 61 lines" in faults[2]


def test_guard_finds_idle_tests(tmp_path: Path) -> None:
    idle = "def test_idle():\n    x = 1\n"
    busy = "def test_a():\n    assert 1\ndef test_b():\n    with raises(E):\n        f()\ndef test_c():\n    check(1)\n"
    write(tmp_path, "tests/test_x.py", idle + busy)
    assert idle_tests(tmp_path, "tests") == ["tests/test_x.py:1: test_idle cannot fail"]


def test_guard_finds_missing_doors(tmp_path: Path) -> None:
    write(tmp_path, "archspec/__init__.py", "")
    write(tmp_path, "archspec/cost/total.py", "")
    assert missing_doors(tmp_path) == ["archspec/cost"]
