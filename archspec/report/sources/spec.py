"""A spec, a file, a Keras model or a bundled name: what it would cost, before anything was built of it."""

from __future__ import annotations

import re
from pathlib import Path

from archspec.catalog import Catalog
from archspec.file_kinds import KERAS, kind_of_file
from archspec.files import is_file
from archspec.report._subject import Subject
from archspec.spec import dump, load

ENDINGS = (".yaml", ".yml")
MOST_BYTES = 2**20
_NETWORK = re.compile(rb"^(backbone|extends|input)\s*:", re.MULTILINE)


def recognises(path: Path) -> bool:
    """A bundled name, a YAML file with the keys of a spec, or a Keras model."""
    if not is_file(path):
        return str(path) in Catalog().specs()
    if kind_of_file(path) is KERAS:
        return True
    if path.suffix not in ENDINGS:
        return False
    with path.open("rb") as stream:
        return _NETWORK.search(stream.read(MOST_BYTES)) is not None


def read(path: Path, plugins: tuple[Path, ...]) -> Subject:
    """Its text, of which the costs are worked out. Raises `UserError` for what cannot be a spec."""
    spec = load(str(path), catalog=Catalog(plugins))
    return Subject(name=spec.name, kind="spec", path=path, plugins=plugins, spec=dump(spec))
