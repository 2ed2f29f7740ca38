"""A file is the old one or the whole new one, and nothing else is left in its folder."""

import os
import stat
import threading
from pathlib import Path

import pytest

from archspec.errors import UserError
from archspec.record import write_bytes, write_text


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    write_bytes(path, b"\x00\xff\r\n")
    assert path.read_bytes() == b"\x00\xff\r\n"
    assert names(tmp_path) == ["model.tflite"]


def test_text_is_utf8_and_line_ends_stay(tmp_path: Path) -> None:
    write_text(tmp_path / "a.md", "µs\r\nms\n")
    assert (tmp_path / "a.md").read_bytes() == b"\xc2\xb5s\r\nms\n"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_keeps_the_old_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "record.json"
    path.write_text("old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(UserError) as caught:
        write_text(path, "new")
    assert str(caught.value) == (
        f"{path}: cannot be written (No space left on device). What was there before is unchanged"
    )
    assert path.read_text() == "old"
    assert names(tmp_path) == ["record.json"]


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "a", "b")
    assert names(tmp_path) == []


def test_the_data_is_synced_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def noted_replace(source: str, target: str) -> None:
        assert Path(source).parent == Path(target).parent == tmp_path
        calls.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    write_bytes(tmp_path / "a", b"x")
    assert calls == ["file", "rename", "folder"]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "big"
    contents = {b"a" * 300_000, b"b" * 300_000}
    write_bytes(path, b"a" * 300_000)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for content in contents:
                write_bytes(path, content)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = {path.read_bytes() for _ in range(200)}
    finally:
        stop.set()
        writer.join()
    assert seen <= contents


@pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")
class TestPosix:
    def test_a_replaced_file_keeps_its_permissions(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_text("old")
        path.chmod(0o640)
        write_text(path, "new")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    def test_a_new_file_has_those_of_the_umask(self, tmp_path: Path) -> None:
        before = os.umask(0o027)
        try:
            write_text(tmp_path / "a", "new")
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "real").write_text("old")
        (tmp_path / "link").symlink_to("real")
        write_text(tmp_path / "link", "new")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "real").read_text() == "new"

    def test_a_pipe_is_written_to_not_replaced(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        got: list[bytes] = []
        reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
        reader.start()
        write_bytes(pipe, b"through")
        reader.join(10)
        assert got == [b"through"]
        assert stat.S_ISFIFO(pipe.stat().st_mode)

    def test_a_name_as_long_as_the_system_allows(self, tmp_path: Path) -> None:
        path = tmp_path / ("é" * 127)
        write_text(path, "x")
        assert path.read_text() == "x"


def test_a_missing_folder_and_a_folder_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(UserError) as missing:
        write_text(tmp_path / "none" / "a.csv", "")
    expected = f"{tmp_path}/none/a.csv: cannot be written (no such folder: {tmp_path}/none). Create the folder first"
    assert str(missing.value) == expected
    with pytest.raises(UserError) as folder:
        write_text(tmp_path, "")
    assert str(folder.value) == f"{tmp_path}: cannot be written (it is a folder). Name a file"
    assert names(tmp_path) == []
