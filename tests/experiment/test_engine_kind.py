"""`engine:` in a study and an ablation: its forms, its faults with their places, and what `--engine` does to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archspec.ablation import parse_ablation
from archspec.ablation.ablation import chosen
from archspec.errors import UserError
from archspec.experiment import LOCAL, engine_named
from archspec.search.study import parse_study
from archspec.spec import Named
from tests.cli.runner import run

STUDY = """
name: small
spec: shufflenetv2_basic
choices: {width_multiplier: {choose: [0.5, 1.0]}}
objectives: {params: minimize, gflops: minimize}
budget: {evaluations: 2}
"""
ABLATION = """
base: camvid_shufflenetv2_05
variants: {wide: {width_multiplier: 1.0}}
metrics: [params]
"""
FORMS: dict[str, Named] = {
    "local": LOCAL,
    "{local: {}}": LOCAL,
    "{name: local}": LOCAL,
    "ray": Named("ray"),
    "{ray: }": Named("ray"),
    "{ray: {}}": Named("ray"),
    "{name: ray}": Named("ray"),
    "auto": Named("ray", {"address": "auto"}),
    "ray://h:10001": Named("ray", {"address": "ray://h:10001"}),
    "{ray: {address: auto, gpus: 0.25}}": Named("ray", {"address": "auto", "gpus": 0.25}),
    "{name: ray, gpus: 0.25}": Named("ray", {"gpus": 0.25}),
    "{ray: {cpus: 0, ahead: 3}}": Named("ray", {"cpus": 0.0, "ahead": 3}),
    "{ray: {resources: {big: 1, fast: 0.5}, data: {'camvid:/a': 'camvid:/b'}}}": Named(
        "ray", {"resources": {"big": 1.0, "fast": 0.5}, "data": {"camvid:/a": "camvid:/b"}}
    ),
    "{ray: {runtime_env: {pip: [x], env_vars: {A: b}}}}": Named(
        "ray", {"runtime_env": {"pip": ("x",), "env_vars": {"A": "b"}}}
    ),
}
FAULTS = {
    "locl": "7:9: engine: unknown engine 'locl'. Did you mean 'local'?",
    "{raay: {gpus: 1}}": "7:10: engine: unknown engine 'raay'. Did you mean 'ray'?",
    "{name: raay}": "7:10: engine: unknown engine 'raay'. Did you mean 'ray'?",
    "http://h:1": "7:9: engine: unknown engine 'http://h:1'. One of: local, ray",
    "{ray: {gpu: 1}}": "7:16: engine.ray.gpu: unknown argument 'gpu'. Did you mean 'gpus'?",
    "{name: ray, gpu: 1}": "7:21: engine.ray.gpu: unknown argument 'gpu'. Did you mean 'gpus'?",
    "{local: {gpus: 1}}": "7:18: engine.local.gpus: unknown argument 'gpus'. 'local' takes no arguments",
    "{name: ray, gpus: -1}": "7:27: engine.ray.gpus: must be at least 0 (-1). Allowed: at least 0",
    "{ray: {address: 3}}": "7:25: engine.ray.address: must be text (3). Put it in quotes: '3'",
    "{ray: {resources: {a: x}}}": "7:31: engine.ray.resources.a: must be a number ('x'). Write a number such as 0.5",
    "{ray: {resources: 3}}": "7:27: engine.ray.resources: must be a mapping or null (3). Write {name: 1} or null",
    "[ray]": "7:9: engine: must be an engine (['ray']). Write an engine such as local",
    "{ray: {}, local: {}}": "7:9: engine: must be an engine ({ray: {}, local: {}}). Write an engine such as local",
}


def engine_of(text: str) -> Named:
    return parse_study(f"{STUDY}engine: {text}\n").engine


# --- as it is written -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", FORMS)
def test_every_form_is_read_and_written_back(text: str) -> None:
    study = parse_study(f"{STUDY}engine: {text}\n")
    assert study.engine == FORMS[text]
    again = parse_study(study.text)
    assert again == study and again.text == study.text
    assert parse_ablation(f"{ABLATION}engine: {text}\n").engine == FORMS[text]


def test_options_that_say_nothing_lose_no_engine() -> None:
    study = parse_study(f"{STUDY}engine: {{ray: {{resources: {{}}}}}}\n")
    assert parse_study(study.text).engine == Named("ray")


def test_where_none_is_written_it_is_this_machine() -> None:
    assert parse_study(STUDY).engine == parse_ablation(ABLATION).engine == LOCAL
    assert "engine" not in parse_study(STUDY).text


def test_where_a_study_runs_is_no_other_study() -> None:
    assert parse_study(f"{STUDY}engine: auto\n").digest({}) == parse_study(STUDY).digest({})


@pytest.mark.parametrize("text", FAULTS)
def test_each_fault_has_its_place_and_the_nearest_name(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_study(f"{STUDY}engine: {text}\n", file="s.yaml")
    assert [str(one) for one in caught.value.faults] == [f"s.yaml:{FAULTS[text]}"]
    with pytest.raises(UserError) as caught:
        parse_ablation(f"\n\n{ABLATION}engine: {text}\n", file="s.yaml")
    assert [str(one) for one in caught.value.faults] == [f"s.yaml:{FAULTS[text]}"]


# --- on the command line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "written", "found"),
    [
        (None, "local", LOCAL),
        (None, "{ray: {gpus: 1}}", Named("ray", {"gpus": 1.0})),
        ("local", "{ray: {gpus: 1}}", LOCAL),
        ("ray", "{ray: {gpus: 1}}", Named("ray", {"gpus": 1.0})),
        ("auto", "{ray: {gpus: 1}}", Named("ray", {"gpus": 1.0, "address": "auto"})),
        ("ray://h:1", "{ray: {address: auto, ahead: 2}}", Named("ray", {"address": "ray://h:1", "ahead": 2})),
        ("ray://h:1", "local", Named("ray", {"address": "ray://h:1"})),
    ],
)
def test_the_option_keeps_the_options_of_the_file(given: str | None, written: str, found: Named) -> None:
    assert engine_named(given, engine_of(written)) == found
    assert chosen(parse_ablation(f"{ABLATION}engine: {written}\n"), engine=given).engine == found


@pytest.mark.parametrize(
    ("given", "remedy"),
    [("raay", "Did you mean 'ray'?"), ("autoo", "Did you mean 'auto'?"), ("ray:/h:1", "Did you mean")],
)
def test_an_unknown_option_is_told_with_the_nearest(given: str, remedy: str) -> None:
    with pytest.raises(UserError) as caught:
        engine_named(given, LOCAL)
    assert str(caught.value).startswith(f"no engine is called '{given}'. {remedy}")


def test_a_study_that_goes_on_keeps_its_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `--engine` said is in the study's folder; `--resume` reads it from there, and `--engine local` undoes it."""
    started: list[Named] = []
    monkeypatch.setattr("archspec.search.study.run.start_engine", recorded(started))
    file = tmp_path / "small.yaml"
    file.write_text(f"{STUDY}engine: {{ray: {{gpus: 0.25}}}}\n")
    root = tmp_path / "searches"
    assert run("search", str(file), "--output", str(root), "--engine", "ray://h:1").code == 0
    (folder,) = root.glob("small-*")
    assert run("search", "--resume", str(folder)).code == 0
    assert run("search", "--resume", str(folder), "--engine", "local").code == 0
    assert run("search", "--resume", str(folder)).code == 0
    cluster = Named("ray", {"gpus": 0.25, "address": "ray://h:1"})
    assert started == [cluster, cluster, LOCAL, LOCAL]
    told = run("search", "--resume", str(folder), "--engine", "loca")
    assert (told.code, told.err) == (2, "no engine is called 'loca'. Did you mean 'local'?\n")


def recorded(started: list[Named]) -> Any:
    """A `start_engine` that notes the engine and starts the local one."""
    from archspec.experiment.engines import start_engine

    def start(workers: int, evaluator: Any, engine: Named) -> Any:
        started.append(engine)
        return start_engine(0, evaluator)

    return start
