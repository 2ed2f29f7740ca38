"""A hundred damaged `.tflite` files, each given to the five commands that read one."""

from pathlib import Path

from tests.fuzz.tflite_files import COMMANDS, fuzz


def test_no_damaged_file_ends_in_a_traceback(tmp_path: Path) -> None:
    tally = fuzz(range(100), 0, tmp_path)
    assert tally.faults == [], "\n\n".join(tally.faults)
    accepted = {command for (command, code) in tally.codes if code == 0}
    assert accepted == set(COMMANDS)  # harmless damage must still be read: else nothing behind the check was tried
    assert tally.deaths["a damaged .tflite file"] > 50
