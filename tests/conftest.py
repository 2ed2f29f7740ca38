"""What every test may rely on: a quiet, repeatable TensorFlow, the same examples each time, real data where given."""

import os
from pathlib import Path

# Before anything imports TensorFlow: without oneDNN its numbers do not depend on the thread count.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent

# `ci` is the default: the same examples every time. HYPOTHESIS_PROFILE=explore looks for new ones.
_SLOW_IS_FINE = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large]
hypothesis.settings.register_profile(
    "ci", derandomize=True, deadline=None, database=None, print_blob=True, suppress_health_check=_SLOW_IS_FINE
)
hypothesis.settings.register_profile(
    "explore", deadline=None, max_examples=1000, print_blob=True, suppress_health_check=_SLOW_IS_FINE
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def _folder_from(variable: str, holds: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        pytest.skip(f"set {variable} to a folder that holds {holds}")
    folder = Path(value)
    if not folder.is_dir():
        pytest.fail(f"{variable} is set, but is not a folder ({value})")
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Real images and labels ($ARCHSPEC_DATA: camvid/, voc/, weights/, …); skipped where there are none."""
    return _folder_from("ARCHSPEC_DATA", "camvid/, voc/, weights/")


@pytest.fixture(scope="session")
def tflite_folder() -> Path:
    """Real .tflite files that archspec did not write ($ARCHSPEC_TFLITE_DIR, else $ARCHSPEC_DATA/tflite), or a skip."""
    if "ARCHSPEC_TFLITE_DIR" not in os.environ and "ARCHSPEC_DATA" in os.environ:
        return _folder_from("ARCHSPEC_DATA", "tflite/") / "tflite"
    return _folder_from("ARCHSPEC_TFLITE_DIR", "*.tflite files")
