"""`import archspec`: light, harmless, and one name deep."""

import inspect
import subprocess
import sys

import pytest

import archspec
from archspec.errors import UserError
from tests.cli.runner import environment, run

LIGHT_MS = 30


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=environment(), capture_output=True, text=True, timeout=60, check=True
    )


def test_importing_takes_little_time() -> None:
    def milliseconds() -> float:
        lines = python("-X", "importtime", "-c", "import pathlib, archspec").stderr.splitlines()
        line = next(line for line in lines if line.rpartition("|")[2].strip() == "archspec")
        return int(line.split("|")[1]) / 1000

    assert min(milliseconds() for _ in range(3)) <= LIGHT_MS


def test_names_are_imported_when_they_are_asked_for() -> None:
    heavy = ("tensorflow", "keras", "numpy", "optuna", "matplotlib", "pandas", "scipy", "sqlalchemy")
    for words in ("__version__", "load('shufflenetv2_basic').cost.params"):
        code = f"import sys, archspec; archspec.{words}; print(*set({heavy}) & sys.modules.keys())"
        assert python("-c", code).stdout.strip() == ""


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        _ = archspec.lode  # type: ignore[attr-defined]


def test_every_public_name_is_there_and_described() -> None:
    names = [name for name in dir(archspec) if name != "__version__"]
    assert {"Network", "UserError", "load", "space"} <= set(names)
    for name in names:
        assert inspect.getdoc(getattr(archspec, name)), name


@pytest.mark.parametrize("overrides", [["hed=1"], {"hed": 1}], ids=["as the command", "by path"])
def test_a_mistake_is_said_as_by_the_command(overrides: object) -> None:
    said = run("cost", "shufflenetv2_basic", "--set", "hed=1").err
    with pytest.raises(UserError) as found:
        archspec.load("shufflenetv2_basic", overrides)  # type: ignore[arg-type]
    assert f"{found.value}\n" == said
