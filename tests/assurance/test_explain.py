"""Every byte of a bundle is told, once; nothing in it is told that it cannot say."""

from __future__ import annotations

import json

import pytest

from brightline.assurance.explain import Explanation, Part, explain
from brightline.assurance.meanings import BODY, FILE, HEAD
from brightline.errors import RecordError
from brightline.record.body import DTYPES
from brightline.record.entry import ENTRY, ENTRY_BYTES, Flag, Kind, unpack
from brightline.vocabulary import shipped
from tests.agreement.founding import CUSTOMER, VENDOR, signed
from tests.assurance.records import Evidence, changed, first, founding, mixed, opened, split

ENTRIES = mixed(engine=True)
WHOLE = Evidence(ENTRIES, founding(), openings=opened("meters").to_bytes())


@pytest.fixture(scope="module")
def told() -> Explanation:
    return explain(WHOLE.bundle, WHOLE.file)


def by_section(told: Explanation) -> dict[str, list[Part]]:
    out: dict[str, list[Part]] = {}
    for part in told.parts:
        out.setdefault("file" if not part.section.startswith("entry:") else part.section, []).append(part)
    return out


def test_every_byte_is_in_exactly_one_part(told: Explanation) -> None:
    sections = by_section(told)
    assert set(sections) == {"file", *(f"entry: {k.name.lower()}" for k in Kind)}
    for section, parts in sections.items():
        size = len(WHOLE.bundle) if section == "file" else ENTRY_BYTES
        assert [p.start for p in parts] == [0, *(p.end for p in parts[:-1])]
        assert parts[-1].end == size
        assert all(p.start < p.end for p in parts)
    assert told.size == len(WHOLE.bundle)


def test_each_part_says_and_cannot_say_something_and_has_an_example(told: Explanation) -> None:
    for part in told.parts:
        assert part.says.endswith(".")
        assert part.cannot.endswith(".")
        assert part.example or part.name == "blank"
        assert part.example.isprintable()


def test_no_meaning_is_missing_or_left_over() -> None:
    assert {*HEAD, "body"} == set(ENTRY.names or ())
    assert {k: set(v) for k, v in BODY.items()} == {
        k: {n for n in d.names or () if d[n].itemsize} for k, d in DTYPES.items()
    }
    parts = explain(WHOLE.bundle, WHOLE.file).parts
    assert {p.name for p in parts if not p.section.startswith("entry:")} == set(FILE)


def test_the_examples_are_the_bundles_own(told: Explanation) -> None:
    found = {(p.section, p.name): p.example for p in told.parts}
    decided = unpack(split(ENTRIES)[first(ENTRIES, Kind.DECISION)])
    assert found["entry: decision", "activity"] == list(shipped().activities)[decided.activity - 1]
    assert found["entry: decision", "clauses"] == "K1"
    assert found["entry: decision", "flags"] == "not_screened"
    assert found["entry: decision", "api"] == "openai_chat"
    assert found["entry: decision", "act"] == "model_call"
    assert found["entry: decision", "terms"].endswith(", the agreed terms")
    assert found["entry: outcome", "status"] == "completed"
    assert found["entry: exception", "act"] == "granted"
    assert found["entry: exception", "until"] == "2026-12-01T14:30:00Z"
    assert found["entry: change", "subject"] == "terms"
    assert found["entry: counters", "spare"] == "zeros"
    assert found["checkpoint", "size"] == str(len(ENTRIES) // ENTRY_BYTES)
    assert found["entries", "entries"] == f"{len(ENTRIES) // ENTRY_BYTES} entries"
    assert told.entries == WHOLE.verified().totals["kinds"]


def test_values_that_no_calendar_or_word_has() -> None:
    index = first(ENTRIES, Kind.DECISION)
    entries = changed(ENTRIES, index, time=2**64 - 1, activity=999, clauses=1 << 511, flags=Flag.CLAIMED)
    evidence = Evidence(entries, founding())
    found = {(p.section, p.name): p.example for p in explain(evidence.bundle, evidence.file).parts}
    assert found["entry: decision", "time"] == str(2**64 - 1)
    assert found["entry: decision", "activity"] == "activity of rank 999"
    assert found["entry: decision", "clauses"] == "clause of rank 511"
    assert found["entry: decision", "flags"] == "claimed"


@pytest.mark.parametrize("fields", [{"kind": 9}, {"outcome": 7}, {"flags": 1 << 30}, {"body": b"\xff" * 72}])
def test_bytes_that_have_no_words_are_refused(fields: dict[str, object]) -> None:
    evidence = Evidence(changed(ENTRIES, first(ENTRIES, Kind.DECISION), **fields), founding())
    with pytest.raises(RecordError):
        explain(evidence.bundle, evidence.file)


def test_a_bundle_and_an_agreement_that_do_not_belong_together() -> None:
    with pytest.raises(RecordError, match="the bundle is about"):
        explain(WHOLE.bundle, signed(founding(title="Other"), VENDOR, CUSTOMER).to_bytes())
    with pytest.raises(RecordError, match="the file ends"):
        explain(WHOLE.bundle[:-1], WHOLE.file)


def test_for_programs_and_for_people(told: Explanation) -> None:
    document = json.loads(json.dumps(told.to_json()))
    assert set(document) == {"bytes", "entries", "parts"}
    assert set(document["parts"][0]) == {"section", "start", "end", "name", "says", "cannot", "example"}
    text = told.text()
    assert all(part.says in text and part.cannot in text for part in told.parts)
    assert "entry: erasure" in text
