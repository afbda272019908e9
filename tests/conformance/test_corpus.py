"""The corpus is what its generator makes, and our verifier gives every answer that the authors of the cases expect."""

from __future__ import annotations

import json
import runpy
from typing import Any

import pytest

from tools.conformance.__main__ import PATH, corpus
from tools.conformance.case import steps_of
from tools.conformance.ours import answer

RUN = runpy.run_path(str(PATH.parent / "run"))
MOST = 3 << 20


@pytest.fixture(scope="module")
def cases() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return list(RUN["expanded"]())


def test_the_corpus_is_what_the_generator_makes() -> None:
    """Line by line: pieces are packed by zlib, whose versions may pack alike things differently."""
    made, kept = corpus().splitlines(), PATH.read_text("utf-8").splitlines()
    assert len(made) == len(kept)
    for mine, theirs in zip(map(json.loads, made), map(json.loads, kept), strict=True):
        assert (mine.get("name"), mine.get("answer")) == (theirs.get("name"), theirs.get("answer"))
        for part in ("bundle", "agreement"):
            assert _unpacked(mine.get(part)) == _unpacked(theirs.get(part)), mine.get("name")
    assert PATH.stat().st_size < MOST


def _unpacked(part: Any) -> Any:
    if isinstance(part, list):
        return [(at, removed, RUN["piece"](put)) for at, removed, put in part]
    return RUN["piece"](f"~{part}") if part else part


def test_it_is_large_and_mostly_hostile(cases: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    hostile = [case["name"] for case, expected in cases if not expected["verified"]]
    assert len(cases) >= 500
    assert len(set(hostile)) >= 300
    failing = {expected["steps"].index(False) + 1 for _, expected in cases if not expected["verified"]}
    assert failing == {1, 2, 3, 4, 5, 6, 7, 8, 9}


def test_our_verifier_gives_every_answer(cases: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    wrong = {case["name"]: found for case, expected in cases if (found := answer(case)) != expected}
    assert not wrong


def test_the_runner_tells_a_wrong_answer(tmp_path: Any) -> None:
    """A program that always says yes is told apart."""
    program = tmp_path / "yes.py"
    yes = {"verified": True, "grade": "C0", "steps": [True] * 11, "findings": [], "totals": {}}
    program.write_text(f"import sys\nfor line in sys.stdin: print('''{json.dumps(yes)}''')\n", "utf-8")
    assert RUN["main"](["python3", str(program)]) == 1
    assert RUN["main"](["false"]) == 2


def test_what_stands_on_a_failed_step_is_not_checked() -> None:
    assert steps_of((3,)) == [True, True, False] + [None] * 8
    assert steps_of((6, 8)) == [True] * 5 + [False, True, False, True, True, None]
    assert steps_of(()) == [True] * 11
