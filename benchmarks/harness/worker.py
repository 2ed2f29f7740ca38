"""Run a part of a benchmark in a fresh Python process, so that what it imports and allocates stays its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FLAG = "--worker"


def ask(script: str, *arguments: str) -> Any:
    """What `answer` wrote in `python SCRIPT --worker FILE ARGUMENTS…`. Its standard error is shown when it fails."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answer.json"
        command = [sys.executable, script, FLAG, str(file), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not file.exists():
            sys.stderr.write(done.stderr)
            raise SystemExit(f"{Path(script).name} {' '.join(arguments)} failed with exit code {done.returncode}")
        return json.loads(file.read_text("utf-8"))


def is_worker() -> bool:
    """Whether this process was started by `ask`."""
    return sys.argv[1:2] == [FLAG]


def worker_arguments() -> list[str]:
    """The arguments that `ask` passed."""
    return sys.argv[3:]


def answer(result: Any) -> None:
    """Hand `result` (plain values) to the process that asked."""
    Path(sys.argv[2]).write_text(json.dumps(result), "utf-8")
