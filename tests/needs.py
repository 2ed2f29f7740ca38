"""What some tests need beside the packages of the `dev` extra: looked for in this one place.

`needed(name)` is where it is. A machine without it skips the test, and a run says so before it begins; `.ci/run`
installs what a machine can install and sets ARCHSPEC_CI, under which a missing one is a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Need:
    """Something that a machine may lack: how it is looked for, what is not tested without it, how it is had."""

    find: Callable[[], str | None]
    tests: str
    remedy: str
    in_ci: bool = True


def _program(*names: str) -> Callable[[], str | None]:
    def find() -> str | None:
        places = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/openssh"
        return next((found for name in names if (found := shutil.which(name, path=places))), None)

    return find


def _named(variable: str, *otherwise: str) -> Callable[[], str | None]:
    """What an environment variable names, else one of these programs."""
    return lambda: os.environ.get(variable) or _program(*otherwise)()


def _package(name: str) -> Callable[[], str | None]:
    return lambda: name if find_spec(name) else None


def _initdb() -> str | None:
    """Debian keeps each version of PostgreSQL in a folder of its own that is not on the path: the newest one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return str(found[-1]) if found else shutil.which("initdb")


def _tflite_folder() -> str | None:
    folder, data = os.environ.get("ARCHSPEC_TFLITE_DIR"), os.environ.get("ARCHSPEC_DATA")
    return folder or (f"{data}/tflite" if data else None)


NEEDS = {
    "adb": Need(_program("adb"), "phones", "install adb"),
    "ssh": Need(_program("ssh"), "boards over ssh", "install an OpenSSH client"),
    "sshd": Need(_program("sshd"), "boards over ssh", "install an OpenSSH server"),
    "ssh-keygen": Need(_program("ssh-keygen"), "boards over ssh", "install an OpenSSH client"),
    "initdb": Need(_initdb, "ledgers on a database server", "install PostgreSQL"),
    "chromium": Need(
        _named("ARCHSPEC_CHROMIUM", "chromium", "google-chrome"), "pages in a browser",
        "install Chromium, or set ARCHSPEC_CHROMIUM to its program",
    ),
    "axe-core": Need(
        _named("ARCHSPEC_AXE"), "whether pages are accessible",
        "set ARCHSPEC_AXE to the axe.min.js of axe-core (`npm pack axe-core`)",
    ),
    "pdflatex": Need(_program("pdflatex"), "whether LaTeX tables compile", "install TeX Live with booktabs"),
    "unzip": Need(_program("unzip"), "the metadata of a .tflite with another program", "install unzip", in_ci=False),
    "cityscapesScripts": Need(
        _named("ARCHSPEC_CITYSCAPES_PYTHON"), "equality with the organisers' scores of Cityscapes",
        "set ARCHSPEC_CITYSCAPES_PYTHON to a python that has `pip install cityscapesscripts==2.3.0 'numpy<2.4'`",
    ),
    "real data": Need(
        _named("ARCHSPEC_DATA"), "real images, labels and weights",
        "set ARCHSPEC_DATA to a folder that holds camvid/, voc/, weights/", in_ci=False,
    ),
    "real .tflite files": Need(
        _tflite_folder, "models that archspec did not write",
        "set ARCHSPEC_TFLITE_DIR to a folder of *.tflite files", in_ci=False,
    ),
    "ray": Need(_package("ray"), "clusters", "pip install 'ray[client]>=2.50,<3'"),
    "torch": Need(_package("torch"), "the sampler gp", "pip install torch", in_ci=False),
}  # fmt: skip


def needed(name: str) -> str:
    """Where it is (a path, or a package's name); without it the test is skipped, under ARCHSPEC_CI it fails."""
    need = NEEDS[name]
    found = need.find()
    if found is None:
        text = f"no {name}: {need.remedy}"
        if need.in_ci and os.environ.get("ARCHSPEC_CI"):
            pytest.fail(text)
        pytest.skip(text)
    return found


def needed_folder(name: str) -> Path:
    """As `needed`, of what must be a folder: a variable that names something else is a failure."""
    folder = Path(needed(name))
    if not folder.is_dir():
        pytest.fail(f"{name}: not a folder ({folder})")
    return folder


def real_tflite_files() -> list[Path]:
    """Every .tflite of "real .tflite files", for tests with one case a file; none where there is no such folder."""
    found = _tflite_folder()
    return sorted(Path(found).glob("*.tflite")) if found else []


def absent() -> list[str]:
    """One line for each need that this machine lacks: what will be skipped, and the remedy."""
    return [
        f"not tested here: {need.tests} (no {name}: {need.remedy})"
        for name, need in NEEDS.items()
        if need.find() is None
    ]
