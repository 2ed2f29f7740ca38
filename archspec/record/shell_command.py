"""An archspec command as it is shown to people: pasted into a shell, it runs."""

from __future__ import annotations

import re
import shlex

_PASSWORD = re.compile(r"(?<=://)([^/@:\s]*):[^@\s]*(?=@)")


def shell_command(*words: object) -> str:
    """`archspec WORDS`, each word quoted where a shell would take it apart; passwords of URLs are `***`."""
    return shlex.join(["archspec", *(_PASSWORD.sub(r"\1:***", str(word)) for word in words)])
