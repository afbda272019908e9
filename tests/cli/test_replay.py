"""Stories of `brightline replay`: a year of uses in a file, and what is no use."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell

OLD = '@id("all") @title("Everything") permit (principal, action, resource);\n'
NEW = OLD + (
    '@id("far") @title("Nothing abroad") forbid (principal, action, resource) when { context.place == "abroad" }\n'
    '  unless { context.approvals.contains("operator") };\n'
    '@id("dark") @title("Places are told") forbid (principal, action in Action::"surv", resource)\n'
    '  when { context.place == "unknown" };\n'
)


@pytest.fixture
def office(shell: Shell) -> Shell:
    shell.write("old.cedar", OLD)
    shell.write("new.cedar", NEW)
    return shell


def lines(shell: Shell, *uses: dict[str, Any]) -> Path:
    shell.write("past.jsonl", "\n".join(map(json.dumps, uses)))
    return shell.folder / "past.jsonl"


def use(activity: str = "gen.office", **more: Any) -> dict[str, Any]:
    facts = {k: more.pop(k) for k in list(more) if k not in ("outcome", "clauses", "alternatives")}
    return {"activity": activity, "facts": facts, **more}


PAST = (
    use(outcome="permit", clauses=["all"]),
    use(outcome="permit", clauses=["all"], place="home"),
    use(outcome="permit", clauses=["all"], place="abroad", scale="bulk"),
    use(outcome="permit", clauses=["all"], place="abroad"),
    use("surv.profile", outcome="permit", clauses=["all"]),
    use(place="abroad", alternatives=[{"facts": {"scale": "group"}}]),
)


def test_counts_and_examples_as_a_document(office: Shell) -> None:
    lines(office, *PAST)
    said = office("replay", "new.cedar", "past.jsonl", "--json")
    assert said.status == 1
    document = said.document
    assert document["uses"] == 6
    assert document["before"] == {
        "outcomes": {"permit": 5, "hold": 0, "deny": 0, "not_recorded": 1},
        "clauses": {"all": {"permit": 5}},
    }
    assert document["after"] == {
        "outcomes": {"permit": 2, "hold": 3, "deny": 1},
        "clauses": {"all": {"permit": 2}, "dark": {"deny": 1}, "far": {"hold": 3}},
    }
    assert (document["changed_uses"], document["changed_kinds"], document["left_out"]) == (3, 2, {})
    held, asked = document["changed"]
    assert (held["count"], held["place"]) == (2, "past.jsonl:4")
    assert held["before"] == {"outcome": "permit", "clauses": ["all"]}
    assert (held["after"]["outcome"], held["after"]["needs"][0]["approvals"]) == ("hold", ["operator"])
    assert held["use"]["facts"] == {"place": "abroad"}
    assert "abroad" in held["text"]
    assert (asked["count"], asked["after"]["outcome"], asked["place"]) == (1, "ask", "past.jsonl:5")
    shown = office.write("again.jsonl", json.dumps(held["use"]))
    assert office("decide", "new.cedar", "again.jsonl", "--json").document == held["after"], shown


def test_the_same_for_people(office: Shell) -> None:
    lines(office, *PAST)
    said = office("replay", "new.cedar", "past.jsonl")
    assert said.status == 1
    for words in (
        "6 uses",
        "decided by",
        "2 × permit → hold  gen.office, as at past.jsonl:4",
        "Held under far (Nothing abroad) until approved by",
        "of 1 uses no outcome is recorded",
        "3 outcomes change",
    ):
        assert words in said.out, said.out
    assert max(map(len, said.out.splitlines())) <= 100


def test_nothing_changes_under_the_same_terms(office: Shell) -> None:
    lines(office, *PAST)
    said = office("replay", "old.cedar", "past.jsonl")
    assert said.status == 0
    assert said.out.endswith("no outcome changes\n")
    assert office("replay", "old.cedar", "past.jsonl", "--json").document["changed"] == []


def test_the_document_is_the_same_bytes_every_time(office: Shell) -> None:
    lines(office, *PAST * 3)
    first = office("replay", "new.cedar", "past.jsonl", "--json").out
    assert office("replay", "new.cedar", "past.jsonl", "--json").out == first


BAD = {
    "no JSON": ("{", "past.jsonl:2: "),
    "a list": ("[]", "past.jsonl:2: a use is a JSON object"),
    "no activity": ("{}", "past.jsonl:2: a use needs an activity"),
    "a word that is none": (json.dumps(use(place="hme")), "past.jsonl:2: facts.place: place has no value 'hme'"),
    "an outcome that is none": (
        json.dumps(use(outcome="allow")),
        "past.jsonl:2: outcome: no outcome is called 'allow'",
    ),
    "an outcome that is no word": (json.dumps(use(outcome=[1])), "past.jsonl:2: outcome: no outcome is called '[1]'"),
    "clauses that are no list": (json.dumps(use(clauses="all")), "past.jsonl:2: clauses: clauses is a list of ids"),
    "clauses that are no ids": (json.dumps(use(clauses=["a,b"])), "past.jsonl:2: clauses: clauses is a list of ids"),
    "a scenario": ('{"id": "x", "use": {}, "expect": {}}', "past.jsonl:2: a use has no field 'id'"),
    "a huge line": ('{"activity": "' + "x" * (1 << 20) + '"}', "past.jsonl:2: a line over 1 MiB"),
    "no UTF-8": (b"\xff\xfe", "past.jsonl:2: "),
    "twice the same key": ('{"activity": "gen.office", "activity": "gen.office"}', "past.jsonl:2: "),
}


@pytest.mark.parametrize(("line", "sentence"), BAD.values(), ids=BAD)
def test_a_line_that_is_no_use_is_named(office: Shell, line: str | bytes, sentence: str) -> None:
    bad = line if isinstance(line, bytes) else line.encode()
    (office.folder / "past.jsonl").write_bytes(json.dumps(PAST[0]).encode() + b"\n" + bad + b"\n")
    assert office.fails("replay", "new.cedar", "past.jsonl", "--json").startswith(sentence)


def test_records_that_are_none(office: Shell) -> None:
    office.write("empty.jsonl", "")
    os.mkfifo(office.folder / "pipe.jsonl")
    (office.folder / "loop.jsonl").symlink_to("loop.jsonl")
    (office.folder / "data").mkdir()
    assert "no use in it" in office.fails("replay", "new.cedar", "empty.jsonl")
    assert "not a plain file" in office.fails("replay", "new.cedar", "pipe.jsonl")
    assert "cannot be read" in office.fails("replay", "new.cedar", "loop.jsonl")
    assert "cannot be read" in office.fails("replay", "new.cedar", "missing.jsonl")
    assert "brightline.toml" in office.fails("replay", "new.cedar", "data")
    office.write("past.parquet", "no parquet")
    assert office.fails("replay", "new.cedar", "past.parquet").startswith("past.parquet: cannot be read as Parquet")


def test_only_blank_lines_are_no_uses(office: Shell) -> None:
    office.write("blank.jsonl", "\n\n")
    assert "no use in it" in office.fails("replay", "new.cedar", "blank.jsonl")


def test_lines_end_as_any_system_ends_them(office: Shell) -> None:
    (office.folder / "past.jsonl").write_bytes(b"\r\n".join(json.dumps(p).encode() for p in PAST) + b"\r\n\r\n")
    assert office("replay", "new.cedar", "past.jsonl", "--json").document["uses"] == 6
