"""docs/api.md, the notebooks, and the block of the design run as they stand, on generated data."""

import json
from pathlib import Path

import pytest

import archspec
from tests.api.documents import DOCS, blocks_of, cells_of, run_cells

NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))


@pytest.mark.slow
def test_the_document_of_the_api_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values = run_cells(blocks_of(DOCS / "api.md"), "docs/api.md")
    assert isinstance(values[0], archspec.Network)
    assert (tmp_path / "page.html").stat().st_size > 10_000


def test_the_document_names_every_function() -> None:
    text = (DOCS / "api.md").read_text("utf-8")
    names = set(dir(archspec)) - {"__version__", "Network", "UserError"}
    assert {name for name in names if f"| `{name}(" not in text} == set()


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda one: one.stem)
def test_a_notebook_runs_from_end_to_end(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values = run_cells(cells_of(notebook), notebook.name)
    assert any(value is not None for value in values)


def test_there_are_three_notebooks_without_outputs() -> None:
    assert len(NOTEBOOKS) == 3
    for file in NOTEBOOKS:
        cells = json.loads(file.read_text("utf-8"))["cells"]
        assert not any(cell.get("outputs") for cell in cells)
        assert "takes" in "".join(cells[0]["source"])  # how long
