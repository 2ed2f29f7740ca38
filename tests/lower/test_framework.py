"""The door itself, each case in a process of its own: another backend, no TensorFlow, nothing printed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def python(code: str, root: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TF_", "KERAS"))}
    return subprocess.run(
        [sys.executable, "-c", code], env={**kept, **environment}, cwd=root, capture_output=True, text=True, timeout=120
    )


HIDDEN = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name == '{missing}':
            raise ModuleNotFoundError("No module named '{missing}'", name=name)
sys.meta_path.insert(0, Hide())
"""

REFUSED = """
from archspec.errors import UserError
try:
    import archspec.lower
except UserError as error:
    print(error)
"""


def test_import_is_silent_and_brings_the_backend(root: Path) -> None:
    done = python("import archspec.lower, keras; print(keras.backend.backend())", root, KERAS_BACKEND="jax")
    assert (done.returncode, done.stdout, done.stderr) == (0, "tensorflow\n", "")


def test_keras_on_another_backend_is_refused(root: Path) -> None:
    active = "import sys, types; keras = sys.modules['keras'] = types.ModuleType('keras')\n"
    active += "keras.backend = types.SimpleNamespace(backend=lambda: 'jax')\n"
    done = python(active + REFUSED, root)
    assert done.stdout == (
        "Keras was imported with the backend 'jax', and archspec needs 'tensorflow'. "
        "Set the environment variable KERAS_BACKEND=tensorflow before anything imports keras\n"
    )


@pytest.mark.parametrize("missing", ["tensorflow", "keras"])
def test_what_is_missing_is_named_with_the_command_to_install_it(missing: str, root: Path) -> None:
    done = python(HIDDEN.format(missing=missing) + REFUSED, root)
    assert done.stdout.startswith(
        f"Keras models need TensorFlow, which cannot be imported (No module named '{missing}'). "
    )
    assert 'pip install "tensorflow>=' in done.stdout
    assert done.stdout.count("\n") == 1


def test_output_of_the_process_comes_back_after_silence(root: Path) -> None:
    code = """
import os, sys
from archspec.lower.framework import quiet
with quiet():
    print("hidden"); os.write(1, b"hidden"); os.write(2, b"hidden")
print("shown")
try:
    with quiet():
        os.write(2, b"why")
        raise ValueError("what")
except ValueError as error:
    print(error, error.__notes__)
os.close(2)
with quiet():
    print("hidden")
print("still shown")
"""
    done = python(code, root)
    assert done.stdout == "shown\nwhat ['why']\nstill shown\n"
    assert done.stderr == ""


LOUD = """
import os, sys, tempfile
from archspec import lower
from tests.strategies import graph_of
from tests.lower.test_model import SMALL
model = lower.to_keras(graph_of(SMALL))
os.write(2, b"<begin>")
lower.convert_with_tensorflow(model)
with tempfile.TemporaryDirectory() as folder:
    lower.save_saved_model(model, folder + "/saved")
os.write(2, b"<end>")
"""


def test_converting_and_exporting_are_silent_even_where_tensorflow_is_told_to_talk(root: Path) -> None:
    done = python(LOUD, root, TF_CPP_MIN_LOG_LEVEL="0")
    assert done.returncode == 0
    assert done.stdout == ""
    assert "<begin><end>" in done.stderr
