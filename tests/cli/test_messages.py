"""What is said on the terminal: control characters escaped, long words shortened, the nearest name for a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.errors import Fault, Place, escaped, nearest
from tests.cli.runner import run

ESC = "\x1b[31mRED\x1b]0;owned\x07"


def test_what_is_escaped() -> None:
    assert escaped("a\x1b\x00\x9b\u202e\u2066\u2028\n\t\x7f\udc80z") == (
        r"a\x1b\x00\x9b\u202e\u2066\u2028\n\t\x7f\udc80z"
    )
    assert escaped("größe × α … 🦆\u00a0x") == "größe × α … 🦆\u00a0x"


def test_a_fault_is_one_short_safe_line() -> None:
    fault = Fault(f"unknown '{ESC}' {'a' * 5000}", "b\nc", f"x.{'y' * 900}", Place("z" * 5000 + "\x1b", 3, 4))
    line = str(fault)
    assert line.isprintable() and len(line) < 1500
    assert line.count("…") == 3
    assert r"unknown '\x1b[31mRED\x1b]0;owned\x07' aaa" in line


@pytest.mark.parametrize("command", ["check", "cost", "show"])
def test_control_characters_of_a_spec(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    skip = r'"a\e[31mRED\e]0;owned\a"'
    Path("net.yaml").write_text(f'backbone: mobilenet_v2\ndecoder: {{lraspp: {{skip: {skip}}}}}\n"\\e[2J\\0": 1\n')
    result = run(command, "net.yaml")
    assert result.code == 2
    assert r"net.yaml:3:1: \x1b[2J\x00: unknown key '\x1b[2J\x00'" in result.err
    Path("net.yaml").write_text(f"backbone: mobilenet_v2\ndecoder: {{lraspp: {{skip: {skip}}}}}\n")
    result = run(command, "net.yaml")
    assert r"net.yaml:2:11: decoder.lraspp: no earlier step has the id 'a\x1b[31mRED\x1b]0;owned\x07'" in result.err
    assert "\x1b" not in result.err + result.out


def test_names_on_the_command_line_are_escaped_too() -> None:
    for arguments in (["cost", ESC], [ESC], ["cost", "x", f"--{ESC}"], ["cost", "x", "--format", ESC]):
        result = run(*arguments)
        assert result.code == 2
        assert "\x1b" not in result.err and "\\x1b" in result.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cost", "x", "--gpus"], "archspec: no option '--gpus'. Did you mean '--plugins'?"),
        (["check", "x", "--zzz"], "archspec: no option '--zzz'. One of: --help, --plugins, --set"),
        (["list", "spec"], "Did you mean 'specs'?"),
        (["cost", "x", "--format", "jsn"], "'html'. Did you mean 'json'?"),
        (["ledger", "inf"], "archspec: no command 'inf'. Did you mean 'info'?"),
        (["data", "check", "voc:/x"], "unknown data set 'voc'. Did you mean 'pascal_voc'?"),
        (["data", "check", "coco:/x"], "Did you mean 'coco_instances' or 'coco_panoptic'?"),
        (["train"], "archspec: SPEC, --recipe and --data are missing. Write archspec train"),
        (["train", "x", "--recipe", "y"], "archspec: --data is missing. Write archspec train"),
    ],
)
def test_wrong_words_get_the_nearest(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_a_part_of_a_name_is_near() -> None:
    names = ("cityscapes", "coco_instances", "coco_panoptic", "pascal_voc")
    assert nearest("voc", names) == "Did you mean 'pascal_voc'?"
    assert nearest("cityscapes_fine_annotations_of_2016", names) == "Did you mean 'cityscapes'?"
    assert nearest("zz", names).startswith("One of: ")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\x1c\0\0\0TFL3" + bytes(50), "this is a .tflite model, not a YAML file. archspec latency, profile"),
        (b"PK\x03\x04" + bytes(26) + b"metadata.json" + bytes(2_000_000), "this is a Keras model, not a YAML file"),
        (
            b"PK\x03\x04" + bytes(26) + b"conv/kernel.npy",
            "this is a file of weights, not a YAML file. Name it in a spec",
        ),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "this is an image, not a YAML file. archspec predict and explain take it"),
        (b"SQLite format 3\0" + bytes(20), "this is a database, not a YAML file. archspec ledger"),
        (bytes(range(256)), "this is a binary file, not a YAML file"),
        ("backbone: x".encode("utf-16"), "this is UTF-16 text, not a YAML file. Save the file as UTF-8"),
    ],
)
@pytest.mark.parametrize("command", [("cost",), ("check",), ("space",), ("ablate",), ("search",)])
def test_other_files_are_told_what_they_are(
    content: bytes, what: str, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.bin").write_bytes(content)
    result = run(*command, "model.bin")
    assert result.code == 2
    if command == ("cost",) and b"TFL3" in content:  # which it takes, whole ones
        assert "a damaged .tflite file" in result.err
        return
    if command in (("cost",), ("check",), ("space",)) and b"metadata.json" in content:  # so do these
        assert result.err.startswith("model.bin: cannot be read as a Keras model")
        return
    assert result.err.startswith(f"model.bin:1:1: {what}")


def test_a_part_in_a_list_of_steps_is_named_as_one() -> None:
    result = run("cost", "shufflenetv2_dpc", "--set", "backbone=[shufflenet_v2]")
    assert "'shufflenet_v2' is a backbone, not a block. Write backbone: shufflenet_v2" in result.err
    assert "shuffleseg" not in result.err


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("backbon: mobilenet_v2\nhead: [conv_bn: {filters: 4}]\n", "net.yaml:1:1: backbon: unknown key 'backbon'."),
        (
            "backbone: mobilenet_v22\nhead:\n- conv_bn: {filters: 4}\n  from: stage2\n",
            "net.yaml:1:11: backbone: unknown",
        ),
        ("backbone: mobilenet_v2\nhead: [conv_bn: {filter: 4}]\n", "net.yaml:2:18: head[0].conv_bn.filter: unknown"),
        ("backbone: mobilenet_v2\nhead: {chose: [basic, aspp]}\n", "net.yaml:2:8: head: unknown head 'chose'."),
    ],
)
def test_one_typo_is_told_once(text: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(text)
    result = run("cost", "net.yaml")
    assert result.err.startswith(line)
    assert "Did you mean" in result.err
    assert len(result.err.splitlines()) == 1
