"""The command line, called in this process (fast) or in one of its own (true)."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from archspec.cli import main


class Result(NamedTuple):
    """What a call left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The output as JSON; only of a call that went well and said nothing else."""
        assert (self.code, self.err) == (0, "")
        return json.loads(self.out)


def run(*arguments: str) -> Result:
    """`archspec ARGUMENTS` in this process."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as end:
            assert end.code is None or isinstance(end.code, int)
            code = end.code or 0
    return Result(code, out.getvalue(), err.getvalue())


def environment(**more: str) -> dict[str, str]:
    """Where another process finds the same packages."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **more}


def run_process(*arguments: str, cwd: Path | None = None, **more: str) -> Result:
    """`python -m archspec ARGUMENTS`; keywords are environment variables."""
    process = subprocess.run(
        [sys.executable, "-m", "archspec", *arguments],
        cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return Result(process.returncode, process.stdout, process.stderr)
