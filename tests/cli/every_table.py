"""Every command that prints a table, on something tiny: what each `--format` test goes through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from archspec.cli import archspec_command
from tests.cli.runner import run
from tests.scoring.cityscapes_trees import save
from tests.scoring.segmenters import TINY, write_run, write_tflite

SPACE = TINY.replace("name: tiny", "name: open").replace("filters: 16", "filters: {choose: [8, 16]}")
STUDY = """
name: st
spec: open.yaml
objectives: {params: minimize, gflops: minimize}
sampler: random
budget: {evaluations: 2}
workers: 1
"""
ABLATION = """
name: strides
base: tiny.yaml
variants: {=1+1: {}, '"50 %" | ⌈α_β⌉ ≤ −√2 → ∞ & <b> \\input{x}': {classes: 5}}
metrics: [params, gflops, latency_ms]
procedure: quick
"""


def make_inputs(folder: Path) -> None:
    """What the commands below read, in `folder`."""
    (folder / "tiny.yaml").write_text(TINY)
    (folder / "open.yaml").write_text(SPACE)
    (folder / "study.yaml").write_text(STUDY)
    (folder / "ablation.yaml").write_text(ABLATION)
    write_tflite(folder / "tiny.tflite")
    write_run(folder / "run")
    generator = np.random.default_rng(5)
    for number in range(2):
        for split in ("train", "val"):
            image = generator.integers(0, 256, (24, 32, 3)).astype(np.uint8)
            save(folder / "camvid" / split / f"{number}.png", image)
            save(folder / "camvid" / f"{split}annot" / f"{number}.png", image[..., 0] % 12)
    assert run("evaluate", "tiny.tflite", "--data", "camvid:camvid", "--output", "scores").code == 0
    assert run("ledger", "import", "scores", "--ledger", "ledger.db").code == 0


# By a name of our own, what the command is called with.
COMMANDS: dict[str, tuple[str, ...]] = {
    "ablate": ("ablate", "ablation.yaml"),
    "ablate, dry": ("ablate", "ablation.yaml", "--dry-run"),
    "build": ("build", "tiny.yaml"),
    "compare": ("compare", "scores", "scores"),
    "cost": ("cost", "tiny.yaml"),
    "cost, several": ("cost", *["tiny.yaml"] * 6),
    "cost, layers": ("cost", "shufflenetv2_dpc", "--by", "layer"),
    "cost, blocks": ("cost", "shufflenetv2_dpc", "--by", "block"),
    "cost, sections": ("cost", "shufflenetv2_dpc", "--by", "section"),
    "cost, lines": ("cost", "tiny.yaml", "--by-line"),
    "data check": ("data", "check", "camvid:camvid"),
    "data list": ("data", "list"),
    "data pack": ("data", "pack", "camvid:camvid", "--output", "packed"),
    "delegates": ("delegates", "tiny.yaml"),
    "devices": ("devices",),
    "devices check": ("devices", "check", "host", "tiny.tflite"),
    "diff": ("diff", "tiny.yaml", "tiny.yaml", "--set-b", "classes=5"),
    "doctor": ("doctor",),
    "evaluate": ("evaluate", "tiny.tflite", "--data", "camvid:camvid"),
    "evaluate, several": ("evaluate", "tiny.tflite", "tiny.tflite", "--data", "camvid:camvid"),
    "explain": ("explain", "run", "camvid/val/0.png", "--classes", "3", "--method", "saliency"),
    "latency": ("latency", "tiny.yaml", "--preset", "quick"),
    "ledger info": ("ledger", "info", "--ledger", "ledger.db"),
    "ledger query": ("ledger", "query", "--ledger", "ledger.db"),
    "list": ("list",),
    "predict": ("predict", "tiny.tflite", "camvid/val", "--output", "predicted"),
    "profile": ("profile", "tiny.yaml"),
    "profile, op": ("profile", "tiny.tflite", "--by", "op"),
    "reproduce": ("reproduce",),
    "search": ("search", "study.yaml"),
    "search show": ("search", "show", "searches/FOUND"),
    "space": ("space", "open.yaml", "--limit", "gflops=0.5"),
    "weights import": ("weights", "import", "run/weights.npz", "tiny.yaml", "--output", "imported.npz"),
    "weights show": ("weights", "show", "run/weights.npz"),
    "weights show, formats": ("weights", "show"),
}  # fmt: skip
OTHER = {"ledger export"}  # writes a file, prints a sentence
SLOW = {"build"}  # starts TensorFlow; its JSON is read in test_build.py


def arguments(name: str) -> tuple[str, ...]:
    """Of a command, in the folder of the inputs; `searches/FOUND` is what `search` made there."""
    found = next(iter(sorted(Path("searches").glob("st-*"))), Path("searches"))
    return tuple(str(found) if one == "searches/FOUND" else one for one in COMMANDS[name])


def commands_with_a_format() -> Iterator[str]:
    """The names of all commands that have the option."""
    yield from _below(archspec_command, ())


def _below(command: click.Command, names: tuple[str, ...]) -> Iterator[str]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _below(found, (*names, name))
        own = [parameter for parameter in command.params if "--format" in parameter.opts]
        if own:
            yield " ".join(names)
    elif any("--format" in parameter.opts for parameter in command.params):
        yield " ".join(names)
