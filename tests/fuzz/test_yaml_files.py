"""Damaged copies of every bundled YAML file end in a result, or in faults with their places."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.errors import Fault, Place, UserError
from tests.fuzz import yaml_files
from tests.fuzz.yaml_files import Fuzz, run_cases
from tests.fuzz.yaml_readers import Document, documents

CASES = 2000


@pytest.mark.slow
def test_no_traceback_no_hang_every_fault_with_its_place() -> None:
    ends, findings = run_cases(11, range(CASES))
    assert [(one.case, one.what, one.detail[-300:]) for one in findings] == []
    assert sum(ends.values()) == CASES
    assert min(ends["refused"], ends["read"]) > CASES / 10  # both ends are reached


def test_a_case_is_the_same_whatever_ran_before() -> None:
    first, second = Fuzz(3), Fuzz(3)
    first.text(1)
    assert first.text(7) == second.text(7)
    assert len({first.text(case)[1] for case in range(50)}) > 45
    assert {document.kind for document in documents()} == {
        "spec", "backbone", "neck", "head", "decoder", "recipe", "search", "ablation", "published",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("failure", "what"),
    [
        (ValueError("no"), "ValueError at"),
        (UserError(Fault("a fact", place=Place("x.yaml"))), "no place: a fact"),
        (UserError(Fault("a fact", place=Place("x.yaml", 3, 1))), ""),
        (yaml_files.Hang(), "hang"),
    ],
)
def test_what_is_wrong_is_found(
    failure: BaseException, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(document: Document) -> None:
        raise failure

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(yaml_files, "read", fails)
    _, findings = Fuzz(0).run(5)
    assert [one.what.startswith(what) for one in findings] == ([True] if what else [])
