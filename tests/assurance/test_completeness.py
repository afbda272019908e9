"""C0 to C2: epochs judged, the hole that remains, and a bypass of 1 % caught within its epoch."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.agreement import USUAL_CONSEQUENCES
from brightline.assurance.verify.completeness import MAX_TOLERANCE, TOLERANCE, Recorded, Verdict, judge
from brightline.record.body import EngineBody, EpochBody
from brightline.record.entry import OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.record.log import Log as RecordLog
from tests.assurance.records import NOON, ORIGIN, TERMS, Evidence, decision, founding, outcome

STEP = 64


class Site:
    """A record that grows by epochs; what the engine counts is the test's to say."""

    def __init__(self) -> None:
        self.log, self.data, self.random = RecordLog(ORIGIN, Disclosure()), bytearray(), Random(3)
        self.batch, self.number, self.first = self.log.batch(NOON), 0, 0

    def epoch(self, calls: int = 600, bypassed: float = 0.0, **stated: Any) -> None:
        """One epoch of calls, `bypassed` of whose tokens went to the engine directly; and what is stated of it."""
        batch, inputs, outputs = self.batch, 0, 0
        for _ in range(calls):
            tokens = self.random.randrange(20, 900), self.random.randrange(1, 300)
            inputs, outputs = inputs + tokens[0], outputs + tokens[1]
            index = batch.add(decision(OutcomeCode.PERMIT), bytes(32))
            batch.add(outcome(index, tokens=tokens), bytes(32))
        self.number += 1
        epoch = batch.add(Draft(EpochBody(self.number, self.first, NOON, NOON), terms=TERMS), bytes(32))
        self.first = epoch + 1
        engine = int(inputs * (1 + bypassed)), int(outputs * (1 + bypassed))
        body = EngineBody(epoch, inputs, outputs, *engine, tolerance=TOLERANCE)
        if stated.pop("spoken", True):
            batch.add(Draft(body._replace(**stated), terms=TERMS), bytes(32))

    def verified(self) -> Any:
        data = self.batch.data()
        return Evidence(data, founding()).verified()

    def found(self) -> tuple[str | None, list[str]]:
        result = self.verified()
        assert result.verified, result.steps
        return result.grade, [f.code for f in result.findings if f.code != "agreement.no_signatory"]


def test_no_epochs_are_no_more_than_c0() -> None:
    site = Site()
    site.batch.add(decision(OutcomeCode.DENY), bytes(32))
    assert site.found() == ("C0", [])


def test_epochs_that_agree_are_c1_and_the_words_name_the_hole() -> None:
    site = Site()
    site.epoch()
    site.epoch()
    result = site.verified()
    assert (result.grade, [f.code for f in result.findings]) == ("C1", [])
    text = result.steps[10].text
    assert "In 2 of 2 epochs the figures agree" in text
    assert "could have passed unseen" in text
    assert "whose counters lie" in text
    assert "judged: 1; for them only C0" in text  # the statement itself
    assert "The agreement says: A note in the report. Reports say that the engine's counters agree" in text


def test_an_agreement_that_has_no_row_for_a_good_grade_says_nothing_of_it() -> None:
    site = Site()
    site.epoch()
    rows = {code: row for code, row in USUAL_CONSEQUENCES.items() if code != "grade.C1"}
    result = Evidence(site.batch.data(), founding(consequences=rows)).verified()
    assert result.grade == "C1"
    assert result.steps[10].text.endswith("The agreement says nothing of this grade.")


def test_one_per_cent_round_the_gateway_is_caught_in_its_epoch() -> None:
    site = Site()
    site.epoch()
    site.epoch(bypassed=0.01)
    site.epoch()
    result = site.verified()
    assert result.grade == "C0"
    (finding,) = [f for f in result.findings if f.code == "record.shortfall"]
    assert "In 1 epoch of 3" in finding.text
    assert "explains" in finding.follows  # what the agreement says follows


def test_a_record_of_more_than_the_engine_counted_is_not_that_engine_s() -> None:
    site = Site()
    site.epoch(bypassed=-0.02)
    assert site.found() == ("C0", ["completeness.excess"])


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ({"resets": 1}, "completeness.uncertain"),
        ({"tolerance": MAX_TOLERANCE + 1}, "completeness.uncertain"),
        ({"doubt_output_tokens": 5000}, "completeness.uncertain"),
        ({"input_tokens": 0, "engine_input_tokens": 0}, "completeness.contradicts"),
        ({"input_tokens": 10**9, "engine_input_tokens": 10**9}, "completeness.contradicts"),
        ({"epoch": 0}, "completeness.contradicts"),
    ],
)
def test_what_keeps_an_epoch_from_c1(stated: dict[str, Any], code: str) -> None:
    site = Site()
    site.epoch()
    site.epoch(**stated)
    grade, codes = site.found()
    assert (grade, codes[0]) == ("C0", code)


def test_a_reset_does_not_hide_a_shortfall() -> None:
    site = Site()
    site.epoch(bypassed=0.05, resets=1)
    assert site.found() == ("C0", ["record.shortfall"])


def test_an_epoch_without_a_statement_lowers_the_grade_and_the_latest_waits_for_its_own() -> None:
    site = Site()
    site.epoch()
    site.epoch(spoken=False)
    assert site.found() == ("C1", [])  # nobody has had time to speak of the latest
    site.epoch()
    assert site.found() == ("C0", ["completeness.silent"])


class TestReceipts:
    def test_one_receipt_for_each_call_is_c2(self) -> None:
        site = Site()
        site.epoch(guarded=1, answered=600, accepted=600, refused=3)
        assert site.found() == ("C2", ["engine.refused"])

    @pytest.mark.parametrize("figures", [{"answered": 600, "accepted": 590}, {"answered": 590, "accepted": 600}])
    def test_receipts_that_do_not_match_are_c1(self, figures: dict[str, int]) -> None:
        site = Site()
        site.epoch(guarded=1, **figures)
        assert site.found()[0] == "C1"
        site = Site()
        site.epoch(guarded=1, under_way=10, **figures)
        assert site.found()[0] == "C2"

    def test_one_epoch_without_a_guard_is_c1(self) -> None:
        site = Site()
        site.epoch(guarded=1, answered=600, accepted=600)
        site.epoch()
        assert site.found()[0] == "C1"


sums = st.integers(0, 10**7)


@given(engine=sums, logged=sums, doubt=st.integers(0, 10**5), tolerance=st.integers(0, 60_000))
def test_what_agrees_leaves_a_hole_of_twice_the_tolerance_and_no_more(
    engine: int, logged: int, doubt: int, tolerance: int
) -> None:
    stated = EngineBody(1, logged, 0, engine, 0, doubt, tolerance=tolerance)
    judged = judge(stated, Recorded(10, logged, 0), STEP)
    if judged.verdict is Verdict.AGREES:
        most = engine * min(tolerance, MAX_TOLERANCE) // 1_000_000 + STEP
        assert abs(engine - logged) <= judged.hole <= 2 * most + STEP
        assert doubt <= most


@given(engine=st.integers(70_000, 10**8))
def test_no_doubt_hides_one_per_cent(engine: int) -> None:
    """Whatever a gateway states of its doubts, at the usual tolerance an epoch that agrees lacks less than 1 %."""
    logged = engine - engine // 100 - 1
    for doubt in (0, engine * TOLERANCE // 1_000_000 + STEP):
        stated = EngineBody(1, logged, 0, engine, 0, doubt, tolerance=TOLERANCE)
        assert judge(stated, Recorded(10**6, logged, 0), STEP).verdict is not Verdict.AGREES


def test_the_log_rounds_sums_once() -> None:
    site = Site()
    site.epoch(calls=3)
    assert replace(Evidence(site.batch.data(), founding())).verified().totals["entries"] == 9
