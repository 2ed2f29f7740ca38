"""What a user sees for every broken spec: exact lines, with file, line, column, path, fact and remedy."""

import re
from pathlib import Path

import pytest

from archspec.catalog import Catalog
from archspec.errors import UserError
from archspec.spec import expand, load
from tests.spec.broken_specs import BROKEN, Broken

_LINE = re.compile(r"(?:--set .+?|[\w./-]+\.(?:yaml|py)(?::\d+:\d+)?): .+\. .+")


def write(case: Broken, folder: Path) -> Catalog:
    """The files of a case in a folder; what its names are looked up in."""
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Catalog((Path("plugin"),) if (folder / "plugin").is_dir() else ())


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name.replace(" ", "_"))
def test_broken_spec(case: Broken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    catalog = write(case, tmp_path)
    with pytest.raises(UserError) as error:
        expand(load("spec.yaml", case.overrides, catalog=catalog))
    assert str(error.value).splitlines() == list(case.expected)
    assert len(error.value.faults) == len(case.expected)


def test_the_table_is_long_and_every_line_has_place_fact_and_remedy() -> None:
    assert len(BROKEN) >= 60
    assert len({case.name for case in BROKEN}) == len(BROKEN)
    odd = [line for case in BROKEN for line in case.expected if not _LINE.fullmatch(line)]
    assert odd == []
