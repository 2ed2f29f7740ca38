"""A mistake raises `UserError` with the text that the command prints."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import archspec
from tests.cli.runner import run

SPEC, DATA = "shufflenetv2_basic", "synthetic_streets"
MISTAKES: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "load": (lambda: archspec.load("shufflenetv2_basc"), ("cost", "shufflenetv2_basc")),
    "load, overrides": (lambda: archspec.load(SPEC, {"hed": 1}), ("cost", SPEC, "--set", "hed=1")),
    "file_cost": (lambda: archspec.file_cost("missing.tflite"), ("cost", "missing.tflite")),
    "from_keras": (lambda: archspec.from_keras("missing.keras"), ("cost", "missing.keras")),
    "space": (lambda: archspec.space(SPEC), ("space", SPEC)),
    "train, recipe": (
        lambda: archspec.train(SPEC, "synthetic_quik", data=DATA),
        ("train", SPEC, "--recipe", "synthetic_quik", "--data", DATA),
    ),
    "train, data": (
        lambda: archspec.train(SPEC, "synthetic_quick", data="synthetic_street"),
        ("train", SPEC, "--recipe", "synthetic_quick", "--data", "synthetic_street"),
    ),
    "evaluate": (lambda: archspec.evaluate(SPEC, DATA), ("evaluate", SPEC, "--data", DATA)),
    "search": (lambda: archspec.search("defalt"), ("search", "defalt")),
    "search, sampler": (lambda: archspec.search(sampler="tpee"), ("search", "--sampler", "tpee")),
    "ablate": (lambda: archspec.ablate("paper_table"), ("ablate", "paper_table")),
    "ablate, rows": (lambda: archspec.ablate("paper_table5", rows=["x"]), ("ablate", "paper_table5", "--only", "x")),
    "latency": (lambda: archspec.latency(SPEC, device="hots"), ("latency", SPEC, "--device", "hots")),
    "profile": (lambda: archspec.profile("missing.tflite"), ("profile", "missing.tflite")),
    "predict_latency": (
        lambda: archspec.predict_latency(SPEC, table="t.json"),
        ("latency", SPEC, "--predict", "--table", "t.json"),
    ),
    "sensitivity": (
        lambda: archspec.sensitivity("shuflenetv2_dpc"),
        ("profile", "shuflenetv2_dpc", "--precision", "int8", "--sensitivity"),
    ),
    "report": (lambda: archspec.report("missing"), ("report", "missing")),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_said_as_by_the_command(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    call, words = MISTAKES[name]
    said = run(*words)
    assert said.code == 2
    with pytest.raises(archspec.UserError) as found:
        call()
    assert f"{found.value}\n" == said.err


WRONG_WORDS: dict[str, tuple[Callable[[], Any], str]] = {
    "precision": (lambda: archspec.latency(SPEC, precision="int4"), "unknown precision 'int4'. Did you mean 'int8'?"),  # type: ignore[arg-type]
    "tail": (lambda: archspec.latency(SPEC, tail="withot"), "unknown tail 'withot'. Did you mean 'without'?"),  # type: ignore[arg-type]
    "by": (lambda: archspec.profile(SPEC, by="blok"), "unknown kind of row 'blok'. Did you mean 'block'?"),  # type: ignore[arg-type]
    "fit": (lambda: archspec.evaluate(SPEC, DATA, fit="whol"), "unknown fit 'whol'. Did you mean 'whole'?"),
    "no network": (
        lambda: archspec.evaluate([], DATA),
        "nothing to score. Name a network, or what archspec.train gave",
    ),
    "no model": (
        lambda: archspec.from_keras(3),
        "not a Keras model (int). Give a functional or Sequential keras.Model, or a .keras file",
    ),
    "no result": (lambda: archspec.report([]), "nothing to report. Name a result, or the folder of one"),
}


@pytest.mark.parametrize("name", WRONG_WORDS)
def test_a_wrong_word_is_told_with_the_nearest(name: str) -> None:
    call, words = WRONG_WORDS[name]
    with pytest.raises(archspec.UserError) as found:
        call()
    assert str(found.value) == words


def test_every_function_has_a_mistake() -> None:
    functions = set(dir(archspec)) - {"__version__", "Network", "UserError"}
    assert {name.partition(",")[0] for name in MISTAKES} == functions


def test_rooms_of_the_same_names_are_still_rooms() -> None:
    """`archspec.train` is called as a function, and stays the room that others import from."""
    import inspect

    from archspec.train import Order

    assert archspec.train.Order is Order  # type: ignore[attr-defined]
    for name in ("train", "search", "report"):
        assert "plugins" in inspect.signature(getattr(archspec, name)).parameters
