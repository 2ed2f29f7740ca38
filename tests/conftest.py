"""What every test may rely on: a quiet, repeatable TensorFlow, the same examples each time, real data where given."""

import fcntl
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

# Before anything imports TensorFlow: without oneDNN its numbers do not depend on the thread count.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import hypothesis
import pytest

from archspec.catalog import plugins_of_call
from tests.needs import absent, needed_folder

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


_LOCKS = "ARCHSPEC_TESTS_LOCKS"  # the folder of the locks by which `alone` is kept
_GIB_A_PROCESS = 3  # what a test that trains may take


def pytest_configure(config: pytest.Config) -> None:
    """A run in the background starts with Ctrl-C ignored, and so would every process that a test interrupts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):  # worker processes inherit it
        os.environ[_LOCKS] = tempfile.mkdtemp(prefix="archspec-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """What `pytest_configure` made goes."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(_LOCKS), ignore_errors=True)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Before anything runs: what will be skipped on this machine, and what it lacks."""
    return absent()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One process a processor, as far as the memory reaches; PYTEST_XDIST_AUTO_NUM_WORKERS decides where it is set."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return max(1, min(len(os.sched_getaffinity(0)), int(gib / _GIB_A_PROCESS)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test marked `alone` measures wall time: it runs while no other process of this run has a test."""
    with ExitStack() as stack:
        if hasattr(item.config, "workerinput"):  # one of several processes
            folder = Path(os.environ[_LOCKS])
            room = stack.enter_context((folder / "room").open("a"))
            with (folder / "door").open("a") as door:  # who waits for an empty room lets nobody else in
                fcntl.flock(door, fcntl.LOCK_EX)
                fcntl.flock(room, fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH)
        return (yield)


_counter = itertools.count()


@pytest.fixture(autouse=True)
def own_ledger(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test finds what another one measured. Tests of where the ledger lies have a fixture of this name."""
    monkeypatch.setenv("ARCHSPEC_LEDGER", str(tmp_path_factory.getbasetemp() / f"ledger-{next(_counter)}.db"))


@pytest.fixture(autouse=True)
def _plugins_of_this_test() -> Iterator[None]:
    """The plugin folders of one test are not known to the next."""
    with plugins_of_call():
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Real images and labels ($ARCHSPEC_DATA: camvid/, voc/, weights/, …); skipped where there are none."""
    return needed_folder("real data")


@pytest.fixture(scope="session")
def tflite_folder() -> Path:
    """Real .tflite files that archspec did not write ($ARCHSPEC_TFLITE_DIR, else $ARCHSPEC_DATA/tflite), or a skip."""
    return needed_folder("real .tflite files")
