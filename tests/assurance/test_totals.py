"""The totals are those of the entries, counted again one by one; findings say what is to be read beside them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from brightline.agreement import Disclosure
from brightline.assurance.verify import verify
from brightline.record import body as bodies
from brightline.record import entry
from brightline.record.body import Counters, ErasureBody, ErasureReason, ExceptionAct, ExceptionBody, OutcomeBody
from brightline.record.entry import ENTRY_BYTES, Flag, Kind, OutcomeCode, clause_ranks
from brightline.record.log import Disclosure as Buckets
from brightline.record.log import Draft, Log
from brightline.vocabulary import shipped
from tests.assurance.records import (
    NOON,
    ORIGIN,
    OTHER_TERMS,
    RANKS,
    TERMS,
    Evidence,
    busy,
    changed,
    decision,
    founding,
    good,
    outcome,
    split,
)

WORDS = {c: c.name.lower() for c in OutcomeCode}


def made(*drafts: Draft, buckets: Buckets | None = None, now: float = NOON) -> bytes:
    batch = Log(ORIGIN, buckets or Buckets()).batch(now)
    for draft in drafts:
        batch.add(draft, bytes(32))
    return batch.data()


def nonzero(table: dict[str, dict[str, int]]) -> Counter[tuple[str, str]]:
    return Counter({(name, code): n for name, row in table.items() for code, n in row.items() if n})


def test_totals_are_those_of_a_count_by_hand() -> None:
    # Over the border of a chunk: 20,000 entries.
    entries = busy(Log(ORIGIN, Buckets()), 11_000, seed=3)
    assert len(entries) > 20_000 * ENTRY_BYTES
    evidence = Evidence(entries, founding())
    totals = evidence.verified().totals
    rows = [entry.unpack(row) for row in split(entries)]
    decided = [e for e in rows if e.kind == Kind.DECISION]
    names = list(shipped().activities)
    clauses = [RANKS[r] for e in decided for r in clause_ranks(e.clauses)]
    assert totals["entries"] == len(rows)
    assert totals["kinds"] == Counter(Kind(e.kind).name.lower() for e in rows)
    assert totals["outcomes"] == Counter(WORDS[OutcomeCode(e.outcome)] for e in decided)
    assert {c for c in totals["clauses"] if c != "default-deny"} == set(clauses) == set(RANKS)
    by_clause = Counter(
        (RANKS[r], WORDS[OutcomeCode(e.outcome)]) for e in decided for r in clause_ranks(e.clauses)
    ) + Counter(("default-deny", WORDS[OutcomeCode(e.outcome)]) for e in decided if not e.clauses)
    assert nonzero(totals["clauses"]) == by_clause
    assert nonzero(totals["activities"]) == Counter(
        (names[e.activity - 1], WORDS[OutcomeCode(e.outcome)]) for e in decided
    )
    assert nonzero(totals["flags"]) == Counter(
        (f.name.lower(), WORDS[OutcomeCode(e.outcome)]) for e in decided for f in Flag if e.flags & f and f.name
    )
    ends = [bodies.unpack(Kind.OUTCOME, e.body) for e in rows if e.kind == Kind.OUTCOME]
    assert all(isinstance(end, OutcomeBody) for end in ends)
    assert totals["statuses"] == Counter(bodies.OutcomeStatus(e.status).name.lower() for e in ends)  # type: ignore[union-attr]
    assert totals["tokens"]["input"] == sum(e.input_tokens for e in ends)  # type: ignore[union-attr]
    assert totals["tokens"]["output"] == sum(e.output_tokens for e in ends)  # type: ignore[union-attr]
    log = Log(ORIGIN, Buckets())
    log.replay(entries)
    assert log.totals[:5] == (totals["decisions"], *totals["outcomes"].values())


def test_an_empty_log_is_verified_and_shows_nothing() -> None:
    result = Evidence(b"", founding()).verified()
    assert result.verified
    assert result.totals["entries"] == 0
    assert result.totals["from"] is None
    assert result.findings == ()


def test_the_document_has_the_keys_of_the_contract() -> None:
    result = good().verified().to_json()
    assert list(result) == ["verified", "grade", "totals", "steps", "findings"]
    assert result["verified"] is True
    assert result["grade"] == "C0"
    assert [s["n"] for s in result["steps"]] == list(range(1, 12))
    assert all(list(s) == ["n", "name", "ok", "text"] for s in result["steps"])
    assert result == good().verified().to_json()


def test_grade_c0_says_what_it_does_not_show_and_what_follows() -> None:
    text = good().verified().steps[10].text
    assert "Not shown: calls that never passed the gateway" in text
    assert "not shown" not in text.split("Not shown")[0].lower()
    assert "Reports say that only what passed the gateway is shown." in text


def codes(entries: bytes, **changes: object) -> dict[str, str]:
    result = Evidence(entries, founding(**changes)).verified()
    assert result.verified, result.steps
    return {f.code: f.text for f in result.findings}


class TestFindings:
    def test_a_call_without_an_end(self) -> None:
        permit = decision(OutcomeCode.PERMIT)
        found = codes(made(permit, outcome(1), permit, permit, outcome(3)))
        assert found == {"outcome.missing": "1 call let through without a recorded end, the first at entry 4."}

    def test_the_first_of_many_without_an_end_is_named_whatever_its_place(self) -> None:
        for at in (1, 7, 8, 9, 255, 300):
            drafts = [decision(OutcomeCode.PERMIT if i == at else OutcomeCode.DENY) for i in range(310)]
            place = next(e.sequence for e in map(entry.unpack, split(made(*drafts))) if e.outcome == OutcomeCode.PERMIT)
            assert codes(made(*drafts))["outcome.missing"].endswith(f"at entry {place}.")

    @pytest.mark.parametrize(
        ("flag", "code", "permitted"),
        [
            (Flag.OBSERVED, "observed", False),
            (Flag.DRIFTED, "integrity.drifted", True),
            (Flag.METER_MISSING, "meter.missing", True),
            (Flag.HURRIED, "approvals.hurried", True),
            (Flag.DISAGREED, "decide.disagreed", False),
            (Flag.FAILED, "decide.failed", False),
            (Flag.BREAK_GLASS, "break_glass", False),
        ],
    )
    def test_a_flag_that_is_to_be_read(self, flag: Flag, code: str, permitted: bool) -> None:
        denied = codes(made(decision(OutcomeCode.DENY, flag)))
        assert (code in denied) is not permitted
        if flag not in (Flag.DISAGREED, Flag.FAILED):
            found = codes(made(decision(OutcomeCode.PERMIT, flag), outcome(1)))
            assert "1 use" in found[code]
        assert code not in codes(made(decision(OutcomeCode.DENY, Flag.STREAMED)))

    def test_break_glass_is_counted(self) -> None:
        start = Draft(ExceptionBody(0, NOON, NOON + 60, 0, 1, ExceptionAct.BREAK_GLASS_STARTED), terms=TERMS)
        assert "started 1 and ended 0 times; 0 uses" in codes(made(start))["break_glass"]

    def test_more_erasures_than_agreed(self) -> None:
        erased = [Draft(ErasureBody(1, 1, ErasureReason.SPILL), terms=TERMS)] * 5
        entries = made(decision(OutcomeCode.DENY), *erased)
        profile = Disclosure(erasures=4, erasures_per_10000=0)
        assert codes(entries, disclosure=profile)["erasures.exceeded"] == (
            "5 erasures, where 4 of 7 entries may be erased."
        )
        assert codes(entries, disclosure=replace(profile, erasures=5)) == {}

    def test_what_says_more_than_the_disclosure_profile(self) -> None:
        exact = Buckets(1, 1)
        entries = made(decision(OutcomeCode.PERMIT), outcome(1, tokens=(64, 65)), buckets=exact, now=NOON)
        text = "Times or token counts that are finer than the disclosure profile allows: 1."
        assert codes(entries) == {"disclosure.finer": text}
        assert codes(entries, disclosure=Disclosure(time_seconds=1, tokens=1)) == {}
        late = made(decision(OutcomeCode.DENY), buckets=exact, now=NOON + 1)
        assert codes(late)["disclosure.finer"].endswith(" 2.")  # the counters entry has one too
        until = made(Draft(ExceptionBody(0, NOON + 1, NOON, 0, 0, 1), terms=TERMS), buckets=exact)
        assert codes(until)["disclosure.finer"].endswith(" 1.")

    def test_the_most_tokens_are_no_step_and_lawful(self) -> None:
        entries = made(decision(OutcomeCode.PERMIT), outcome(1, tokens=(1 << 30, 0)), buckets=Buckets(60, 1000))
        assert codes(entries, disclosure=Disclosure(tokens=1000)) == {}


def test_a_clause_that_never_decided_is_shown_all_the_same() -> None:
    totals = Evidence(made(decision(OutcomeCode.DENY, clauses=2)), founding()).verified().totals
    assert list(totals["clauses"]) == [*RANKS, "default-deny"]
    assert totals["clauses"]["K4"] == {"permit": 0, "hold": 0, "ask": 0, "deny": 0}


def test_clauses_of_other_terms_are_not_counted_under_these_names() -> None:
    entries = made(decision(OutcomeCode.DENY, clauses=2), decision(OutcomeCode.DENY, clauses=2, terms=OTHER_TERMS))
    totals = Evidence(entries, founding()).verified().totals
    assert totals["clauses"]["K10"]["deny"] == 1
    assert totals["other_terms"]["deny"] == 1


def test_a_denial_of_no_activity_is_told_as_such() -> None:
    totals = Evidence(made(decision(OutcomeCode.DENY, activity=0)), founding()).verified().totals
    assert totals["activities"] == {"none": {"permit": 0, "hold": 0, "ask": 0, "deny": 1}}


def test_totals_of_a_log_whose_counters_lie_are_told_and_not_graded() -> None:
    """Step 9 counts entries, not counters: it says the truth where step 6 has failed."""
    lie = bodies.pack(Counters(decisions=99))
    result = good().verified(entries=changed(good().entries, 256, body=lie))
    assert result.steps[5].ok is False
    assert result.steps[9].ok is True
    assert result.totals["decisions"] == 300
    assert result.grade is None


def test_a_file_is_read_as_bytes_are(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "evidence.bundle"
    path.write_bytes(good().bundle)
    with path.open("rb") as file:
        assert verify(file, good().file, good().keys) == good().verified()
