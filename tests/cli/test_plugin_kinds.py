"""A plugin folder of every kind of file: each is listed and used, and what it was used for remembers the folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from archspec.catalog import KINDS, Catalog, members
from archspec.cli import archspec_command
from tests.blocks.contract import check_block
from tests.cli.plugin_docs import FOLDER, commands, files, words, write_leaves, write_plugins
from tests.cli.runner import run, run_process

PYTHON = ("measures", "metrics", "losses", "schedules", "devices", "datasets", "samplers", "generators", "reporters")
NOT_YET = {"engines", "trackers"}  # kinds that no command uses
LIKE_OTHERS = {"decoders", "necks", "spaces"}  # written as heads are, and as specs
LISTED = {"reporters": "formats", "device_files": "devices"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the document's plugin folder in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARCHSPEC_PLUGINS", raising=False)
    write_plugins(tmp_path)
    return tmp_path


def ok(*arguments: str) -> str:
    """What a command that goes well prints."""
    result = run(*arguments)
    assert result.code == 0, result.err
    return result.out


def error(*arguments: str) -> str:
    """What a command says that is refused."""
    result = run(*arguments)
    assert result.code == 2 and "Traceback" not in result.err, result.err
    return result.err


# --- the document -----------------------------------------------------------------------------------------------------


def test_the_document_shows_every_kind(here: Path) -> None:
    catalog = Catalog((here / FOLDER,))
    shown = {kind for kind, one in KINDS.items() if one.plugins and len(catalog.members(kind)) > len(members(kind, ()))}
    assert shown == {kind for kind, one in KINDS.items() if one.plugins} - NOT_YET - LIKE_OTHERS
    assert sum(len(catalog.members(kind)) - len(members(kind, ())) for kind in KINDS) == len(files())


def test_every_file_is_listed_under_its_kind(here: Path) -> None:
    rows = run("list", "--plugins", FOLDER, "--format", "json").json()["rows"]
    own = {(row["kind"], row["name"]): row for row in rows if row["origin"] != "archspec"}
    catalog = Catalog((here / FOLDER,))
    wanted = {
        (LISTED.get(kind, kind), name)
        for kind, one in KINDS.items()
        if one.plugins and kind != "layers"
        for name, path in catalog.members(kind).items()
        if path.is_relative_to(here)
    }
    assert own.keys() == wanted
    assert {row["origin"] for row in own.values()} == {FOLDER}
    assert all(row["summary"] and row["file"].startswith(FOLDER) for row in own.values())
    assert not {row["name"] for row in run("list", "--format", "json").json()["rows"]} & {name for _, name in wanted}


@pytest.mark.parametrize("name", ["gated_sum", "contrast"])
def test_its_blocks_keep_the_contract(name: str, here: Path) -> None:
    check_block(Catalog((here / FOLDER,)), name)


def test_what_its_block_refuses_stands_at_the_line_of_the_spec(here: Path) -> None:
    Path("x.yaml").write_text("extends: leafy\nname: x\nhead:\n- gated_sum: {filters: 4}\n  from: [late, early]\n")
    told = error("check", "x.yaml", "--plugins", FOLDER)
    assert told.startswith("x.yaml:4:3: head[0]: the second map of gated_sum is finer than the first. Write from:")


@pytest.mark.slow
def test_its_commands_work(here: Path) -> None:
    write_leaves(here)
    out = {command: ok(*words(command)) for command in commands()}
    printed = {command.split()[1]: text for command, text in out.items()}
    assert "Photographs of leaves" in out["archspec data list --plugins my_plugins"]
    assert "greenhouse" in printed["devices"] and "without XNNPACK" in printed["devices"]
    assert '{| class="wikitable"' in printed["cost"]
    assert "widest_map_channels" in printed["search"] and "plain_host" in printed["latency"]
    assert {row["widest_map_channels"] for row in json.loads(Path("gates.json").read_text())["rows"]} == {24, 32}
    assert "worst IoU" in printed["evaluate"]
    (study,) = Path("searches").glob("leaf_search-*")
    for later in (("search", "show", str(study)), ("search", "--resume", str(study), "--trials", "5")):
        assert "widest_map_channels" in ok(*later)
    (trained,) = Path("runs").glob("leafy-*")
    assert json.loads((trained / "plugins.json").read_text())["folders"] == [str(here / FOLDER)]
    ok("profile", str(trained / "spec.yaml"))
    ok("explain", str(trained), "--data", "leaves:leaves", "--count", "1")
    ok("train", "--resume", str(trained))
    assert "72f4b00f" in ok("cost", "handed/spec.yaml", "--format", "json")


# --- the processes of a search, the folder of a package, every --format --------------------------------------------


def test_workers_know_the_folder(here: Path) -> None:
    ok("search", "leaf_search", "--plugins", FOLDER, "--workers", "2")
    (study,) = Path("searches").glob("leaf_search-*")
    networks = json.loads((study / "record.json").read_text())["networks"]
    assert {one["values"]["widest_map_channels"] for one in networks} <= {8, 16, 24}


def test_a_measure_that_was_changed_is_taken_again(here: Path) -> None:
    ablate = ("ablate", "leaf_gates", "--plugins", FOLDER, "--format", "json")
    assert "4 numbers measured" in run(*ablate).err
    assert "0 numbers measured" in run(*ablate).err
    file = Path(FOLDER, "measures", "widest_map_channels.py")
    file.write_text(file.read_text().replace("return float(", "return 2 * float("))
    changed = run_process(*ablate, cwd=here)  # a process imports a file once
    assert "2 numbers measured" in changed.err
    assert {row["widest_map_channels"] for row in json.loads(changed.out)["rows"]} == {48, 64}


def test_an_installed_package_brings_a_folder(here: Path) -> None:
    site = here / "site"
    (site / "leaf_project-1.0.dist-info").mkdir(parents=True)
    (site / "leaf_project-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: leaf-project\n")
    entry_points = site / "leaf_project-1.0.dist-info" / "entry_points.txt"
    entry_points.write_text("[archspec.plugins]\nleaves = leaf_project.plugins\n")
    (site / "leaf_project").mkdir()
    (site / "leaf_project" / "__init__.py").touch()
    (here / FOLDER / "__init__.py").touch()
    (here / FOLDER).rename(site / "leaf_project" / "plugins")
    path = os.pathsep.join([str(site), str(Path(__file__).resolve().parents[2])])
    found = run_process("list", "losses", "specs", "--format", "json", PYTHONPATH=path).json()["rows"]
    assert {row["name"] for row in found if "leaf_project" in row["origin"]} == {"softmax_focal", "leafy"}
    assert "leafy" in run_process("cost", "leafy", PYTHONPATH=path).out
    entry_points.write_text("[archspec.plugins]\nleaves = leaf_project.gone\n")
    told = run_process("cost", "enet", PYTHONPATH=path).err
    assert told.startswith("the entry point archspec.plugins of leaf-project names no package (leaf_project.gone). ")


def _commands(group: click.Command, names: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None
            yield from _commands(found, (*names, name))
    yield " ".join(names), group


def test_every_format_is_one_of_a_plugin_too() -> None:
    every = dict(_commands(archspec_command))
    tables = {name: one for name, one in every.items() if any(option.name == "reporter" for option in one.params)}
    assert len(tables) > 20
    for name, command in tables.items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--plugins" in options, name


def test_the_help_names_a_reporter_of_a_plugin(here: Path) -> None:
    assert "wiki" in ok("devices", "--plugins", FOLDER, "--help")
    assert "wiki" not in ok("devices", "--help")
    assert "'wiki'" in error("devices", "--plugins", FOLDER, "--format", "wik")


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind, one in KINDS.items() if one.plugins and members(kind, ())])
def test_the_name_of_a_bundled_file_is_a_fault(kind: str, here: Path) -> None:
    name, bundled = next(iter(members(kind, ()).items()))
    folder = bundled.parent.name if kind != "blocks" else "any"
    path = Path("other", folder, bundled.name)
    path.parent.mkdir(parents=True)
    path.write_text("backbone: x\n" if kind == "specs" else "")
    with pytest.raises(Exception, match=f"{path}:1:1: {name}: this is the name of a bundled {KINDS[kind].word}"):
        Catalog((Path("other"),)).members(kind)


USES = {
    "blocks": ("cost", "leafy"),
    "generators": ("space", "leaf_search.yaml", "--sample", "1"),
    "samplers": ("search", "leaf_search"),
    "measures": ("search", "leaf_search"),
    "metrics": ("evaluate", "--predictions", "leaves/val", "--data", "leaves:leaves"),
    "losses": ("train", "leafy", "--recipe", "leaf_quick", "--data", "leaves:leaves"),
    "schedules": ("train", "leafy", "--recipe", "leaf_quick", "--data", "leaves:leaves"),
    "devices": ("latency", "leafy", "--device", "plain_host"),
    "datasets": ("data", "check", "leaves:leaves"),
    "reporters": ("cost", "enet", "--format", "wiki"),
}
BROKEN = {
    "blocks": "contrast", "generators": "pyramid", "samplers": "hill_climb", "measures": "widest_map_channels",
    "metrics": "worst_iou", "losses": "softmax_focal", "schedules": "exponential", "devices": "plain_host",
    "datasets": "leaves", "reporters": "wiki",
}  # fmt: skip


@pytest.mark.parametrize("kind", USES)
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('"""It."""\n\nimport nothing_of_that_name\n', ":3:1: this file cannot be imported (ModuleNotFoundError: "),
        ('"""It."""\nx = (\n', ":2:5: this file cannot be imported (SyntaxError: "),
        ('"""It."""\n', ":1:1: a "),
    ],
    ids=["import", "syntax", "empty"],
)
def test_a_file_that_is_no_good_is_named_with_its_line(kind: str, text: str, fault: str, here: Path) -> None:
    write_leaves(here)
    Path("leaf_search.yaml").write_text("extends: leafy\nbackbone: {pyramid: {filters: [8, 16]}}\n")
    file = Path(FOLDER, kind, f"{BROKEN[kind]}.py")
    file.write_text(text)
    called = run_process if kind == "devices" else run  # a process opens a device once
    result = called(*USES[kind], "--plugins", FOLDER)
    assert (result.code, result.out) == (2, "") and "Traceback" not in result.err
    assert f"{file}{fault}" in result.err


def test_unknown_names_say_where_others_come_from(here: Path) -> None:
    Path("x.yaml").write_text("output_stride: 8\nbackbone:\n- my_own_thing\n")
    assert told_of(error("check", "x.yaml")).endswith(". For a block of your own: --plugins FOLDER")
    block = Path(FOLDER, "blocks", "contrast.py")
    block.write_text(block.read_text().replace("UnitNormalization", "UnitNormalisation"))
    told = error("check", "leafy", "--plugins", FOLDER)
    line = 1 + block.read_text().splitlines().index('    return layers.UnitNormalisation(name=f"{name}/unit")(x)')
    assert "no layer 'UnitNormalisation'; layers, the nearest first: UnitNormalization, " in told  # a plugin's
    assert f"{block}:{line})" in told and "LayerNormalization" in told


def told_of(text: str) -> str:
    """The line about the block."""
    return next(line for line in text.splitlines() if "unknown block" in line)
