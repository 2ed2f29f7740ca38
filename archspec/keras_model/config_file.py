"""The configuration in a `.keras` file, read within bounds and without Keras: nothing in it is run."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from typing import Any

from archspec.errors import Place, Problem, UserError, first_line, user_error
from archspec.files import TEXT_BYTES, check_archive, is_file, read_text

CONFIG = "config.json"
MODELS = ("Functional", "Model", "Sequential")  # the classes whose configuration says how layers are wired
REMEDY = "Name a .keras file that Keras 3 saved"


def read_config(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The configuration of the functional or Sequential model in a `.keras` file, or in JSON. Raises `UserError`."""
    place = Place(str(path))
    if not is_file(path):
        raise user_error("no such file", "Name a .keras file", place=place)
    try:
        if not zipfile.is_zipfile(path):
            found = json.loads(read_text(path))
        else:
            with zipfile.ZipFile(path) as archive:
                check_archive(archive)
                _check_size(archive.getinfo(CONFIG).file_size)
                found = json.loads(archive.read(CONFIG))
    except Problem as problem:
        raise UserError(problem.at(place)) from None
    except UserError:
        raise
    except KeyError:
        raise user_error(f"no {CONFIG} is in it", REMEDY, place=place) from None
    except Exception as error:  # a broken file raises anything
        raise user_error(f"cannot be read as a Keras model ({first_line(error)})", REMEDY, place=place) from error
    try:
        check_config(found)
    except Problem as problem:
        raise UserError(problem.at(place)) from None
    return dict(found)


def _check_size(size_bytes: int) -> None:
    if size_bytes > TEXT_BYTES:
        raise Problem(f"its {CONFIG} is of {size_bytes:,} bytes, at most {TEXT_BYTES:,} are read")


def check_config(config: Any) -> None:
    """Raises `Problem` for what is no configuration of a functional or Sequential model."""
    if not isinstance(config, Mapping) or not isinstance(config.get("config"), Mapping):
        raise Problem("its configuration is of no Keras model", REMEDY)
    inside = config["config"]
    if not isinstance(inside.get("layers"), list) or config.get("class_name") not in MODELS:
        if "layers" in inside and "input_layers" in inside:
            return  # a subclass of a functional model
        kind = str(config.get("class_name"))
        remedy = "Write it as a functional or Sequential model: those say how their layers are wired"
        raise Problem(f"a model of the class {kind}, whose wiring is Python code and not in the file", remedy)
