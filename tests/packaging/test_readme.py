"""README's two commands are the ones that .ci/run runs; CONTRIBUTING's table points at what there is."""

import re
from pathlib import Path

import pytest

INSTALL_AND_BUILD = (
    "python3 -m venv .venv && . .venv/bin/activate && pip install . && archspec build specs/shufflenetv2_dpc.yaml"
)
INSTALL_AND_TEST = 'pip install -e ".[dev]" && pytest'


@pytest.mark.parametrize("command", [INSTALL_AND_BUILD, INSTALL_AND_TEST])
def test_readme_gives_the_command_on_a_line_of_its_own(root: Path, command: str) -> None:
    readme = (root / "README.md").read_text("utf-8").splitlines()
    assert readme.count(command) == 1


def test_ci_takes_its_commands_from_the_readme(root: Path) -> None:
    """The patterns with which .ci/run reads README.md find exactly the two commands."""
    script = (root / ".ci" / "run").read_text("utf-8")
    patterns = re.findall(r"readme_command '(\^[^']+)'", script)
    readme = (root / "README.md").read_text("utf-8").splitlines()
    found = [[line for line in readme if re.match(pattern, line)] for pattern in patterns]
    assert found == [[INSTALL_AND_BUILD], [INSTALL_AND_TEST]]


def test_table_of_contributing_names_real_folders(root: Path) -> None:
    """CONTRIBUTING.md's table points at folders that exist, or says that they arrive later."""
    rows = [line for line in (root / "CONTRIBUTING.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    folders = {folder for row in rows if "(later)" not in row for folder in re.findall(r"`([\w/]+)/<", row)}
    assert folders
    assert {folder for folder in folders if not (root / folder).is_dir()} == set()
