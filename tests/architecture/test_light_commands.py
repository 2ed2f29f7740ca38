"""Commands that need no TensorFlow neither import it nor miss it; nor anything else that is slow to import."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("tensorflow", "keras", "optuna", "pandas", "matplotlib", "sqlalchemy", "keras_tuner", "tf_keras_vis", "torch",
         "ray")  # fmt: skip

# Runs one command with the heavy libraries missing, and writes down what was asked for and what was imported.
PROBE = """
import json, sys
report, heavy, arguments = sys.argv[1], set(sys.argv[2].split(",")), sys.argv[3:]
asked = []

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in heavy:
            asked.append(name)
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)

sys.meta_path.insert(0, Missing())
sys.argv = ["archspec", *arguments]
code = "crashed"
try:
    from archspec.cli import main
    code = main() or 0
except SystemExit as end:
    code = end.code or 0
finally:
    roots = sorted({name.split(".")[0] for name in sys.modules})
    with open(report, "w") as file:
        json.dump({"code": code, "asked": asked, "roots": roots}, file)
"""

COMMANDS = [
    ["--help"],
    ["--version"],
    ["cost", "--help"],
    ["build", "--help"],
    ["cost", "shufflenetv2_dpc"],
    ["cost", "shufflenetv2_dpc", "--format", "json"],
    ["cost", "shufflenetv2_dpc", "--layers", "--format", "csv"],
    ["cost", "shufflenetv2_dpc", "--by-line"],
    ["check", "shufflenetv2_dpc"],
    ["show", "mobilenetv2_dpc"],
    ["space", "--help"],
    ["space", "dpc_cell", "--sample", "5"],
    ["diff", "shufflenetv2_basic", "shufflenetv2_dpc"],
    ["list"],
    ["list", "blocks"],
    ["schema"],
    ["weights", "--help"],
    ["weights", "show"],
    ["explain", "--help"],
    ["train", "--help"],
    ["evaluate", "--help"],
    ["predict", "--help"],
    ["data", "list"],
    ["latency", "--help"],
    ["profile", "--help"],
    ["delegates", "shufflenetv2_dpc"],
    ["latency", "shufflenetv2_basic", "--procedure", "quick"],
    ["profile", "shufflenetv2_basic", "--by", "block"],
]
# These answer in half a second from cold: NumPy (0.2 s) is too much for them.
WITHOUT_NUMPY = ("--help", "--version", "cost", "check", "list")


def run(arguments: list[str], folder: Path, heavy: tuple[str, ...]) -> dict[str, object]:
    report = folder / "report.json"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.run(
        [sys.executable, "-c", PROBE, str(report), ",".join(heavy), *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert report.is_file(), process.stderr
    return {**json.loads(report.read_text()), "stderr": process.stderr}


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_command_works_without_heavy_libraries(tmp_path: Path, arguments: list[str]) -> None:
    result = run(arguments, tmp_path, HEAVY)
    assert result["code"] == 0, result["stderr"]
    assert result["asked"] == []
    if arguments[0] in WITHOUT_NUMPY:
        assert "numpy" not in result["roots"]


def test_engines_are_named_without_ray(tmp_path: Path) -> None:
    code = "import sys, archspec.experiment.engines.ray; print('ray' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert process.stdout.split() == ["False"]


def test_importing_the_package_imports_nothing_else(tmp_path: Path) -> None:
    """conda runs whatever `archspec` it finds at start-up: ours must be harmless."""
    code = "import sys; before = set(sys.modules); import archspec; print(*sorted(set(sys.modules) - before))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    allowed = sys.stdlib_module_names | {"archspec"}
    assert {name for name in process.stdout.split() if name.split(".")[0] not in allowed} == set()


def test_the_probe_sees_a_heavy_import(tmp_path: Path) -> None:
    """The guard's guard: a stand-in command that imports a heavy library is caught."""
    package = tmp_path / "elsewhere" / "archspec" / "cli"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").write_text("def main():\n    import tensorflow.lite\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "elsewhere")}
    report = tmp_path / "report.json"
    process = subprocess.run(
        [sys.executable, "-c", PROBE, str(report), "tensorflow", "cost"],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert process.returncode == 1
    seen = json.loads(report.read_text())
    assert (seen["code"], seen["asked"]) == ("crashed", ["tensorflow"])
