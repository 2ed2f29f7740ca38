"""A real wheel, from a clean copy of the checkout, unpacked elsewhere: what is in it, and that it works there."""

import os
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.packaging.metadata import MAPPED, lines, setup_cfg

# A stale build/ or egg-info would leak into the wheel, so only what belongs to the package is copied.
COPIED = ("archspec", "blocks", "search", "specs", "setup.cfg", "pyproject.toml", "LICENSE", "README.md")


@pytest.fixture(scope="session")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(root / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", source / "dist", source],
        check=True,
        capture_output=True,
        text=True,
    )
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked, as it would lie in site-packages."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def files_of_package(folder: Path, name: str) -> list[Path]:
    """YAML of the specs; of code also what a page is made of."""
    endings = (".yaml",) if name == "specs" else (".py", ".css", ".js")
    return [path for path in folder.rglob("*") if path.suffix in endings]


def test_wheel_holds_every_file_of_the_package_and_no_other(root: Path, wheel: Path) -> None:
    expected = {"archspec/py.typed"}
    for folder, package in MAPPED.items():
        for path in files_of_package(root / folder, folder):
            expected.add(f"{package.replace('.', '/')}/{path.relative_to(root / folder).as_posix()}")
    expected.add("archspec/specs/__init__.py")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert (sorted(expected - held), sorted(held - expected)) == ([], [])


def test_wheel_metadata(root: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode("utf-8"))
        held = archive.namelist()
    assert metadata["Name"] == "archspec-keras"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == "<3.14,>=3.11"
    assert set(metadata.get_all("Provides-Extra")) == set(setup_cfg(root)["options.extras_require"])
    assert metadata.get_payload().startswith("# ")
    assert any(name.endswith("LICENSE") for name in held)
    plain = [entry for entry in metadata.get_all("Requires-Dist") if "extra ==" not in entry]
    assert len(plain) == len(lines(setup_cfg(root)["options"]["install_requires"]))


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["cost", "shufflenetv2_dpc"], ["check", "mobilenetv2_basic"], ["schema"]],
    ids=" ".join,
)
def test_wheel_works_in_any_folder(installed: Path, tmp_path: Path, arguments: list[str]) -> None:
    """Also where the folder holds a blocks.py and a search.py of somebody else."""
    for name in ("blocks", "search", "specs"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    code = "import archspec, sys; print(archspec.__file__, file=sys.stderr); from archspec.cli import main; main()"
    process = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.fspath(installed)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr.splitlines()[0] == os.fspath(installed / "archspec" / "__init__.py")
    assert process.stdout
