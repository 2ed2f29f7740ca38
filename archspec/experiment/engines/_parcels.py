"""Files as they travel between machines: what a path names, by its content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from archspec.errors import Place, user_error
from archspec.files import reason_of
from archspec.record import temporary_folder, write_bytes

DIGEST_BYTES = 16


@dataclass(frozen=True)
class Parcel:
    """Files with their contents, by their paths below one folder (with `/`, whatever the system). `entry` is what in
    that folder stands for the path that the parcel is of."""

    files: Mapping[str, bytes]
    entry: str = ""

    @classmethod
    def of_path(cls, path: Path) -> Parcel:
        """A file, a folder with all below it, or the files whose names begin with that of a TensorFlow checkpoint.

        Raises `UserError` for what cannot be read.
        """
        if path.is_dir():
            return cls(cls.of_folders(path.parent, [path.name]).files, path.name)
        files = [path] if path.exists() else sorted(path.parent.glob(f"{path.name}.*"))
        if not files:
            raise user_error("no such file", "Name one that is there", place=Place(str(path)))
        return cls({one.name: _content(one) for one in files}, path.name)

    @classmethod
    def of_folders(cls, root: Path, folders: Iterable[str]) -> Parcel:
        """All files of these folders of `root` that are there. Locks and other hidden files stay behind."""
        found = {}
        for folder in folders:
            for path in sorted((root / folder).rglob("*")):
                if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts):
                    found[path.relative_to(root).as_posix()] = _content(path)
        return cls(found)

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal letters for names and contents."""
        found = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for name in sorted(self.files):
            found.update(f"{len(name)} {name} {len(self.files[name])} ".encode())
            found.update(self.files[name])
        return found.hexdigest()

    @cached_property
    def size(self) -> int:
        """Bytes in all."""
        return sum(map(len, self.files.values()))

    def unpack(self, store: Path) -> Path:
        """The folder of `store` that holds exactly these files; it is made the first time."""
        folder = store / self.digest
        if folder.is_dir():
            return folder
        store.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder) as made:
            self.put_into(made)
            try:
                made.rename(folder)
            except OSError:
                if not folder.is_dir():  # else another process was first
                    raise
        return folder

    def put_into(self, folder: Path) -> None:
        """Write every file below a folder, each whole or not at all; what else is there stays.

        JSON files come last: `run.json` says that a training is finished.
        """
        for name, content in sorted(self.files.items(), key=lambda one: (one[0].endswith(".json"), one[0])):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(target, content)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise user_error(f"cannot be read ({reason_of(error)})", "Make it readable", place=Place(str(path))) from error
