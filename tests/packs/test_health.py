"""The hospital and its vendor: where they differ, what could join them, and that no weapon is in sight."""

import json

import pytest

from brightline.analysis.brief import Brief
from brightline.analysis.compare import compare
from brightline.analysis.difference import Comparison
from brightline.analysis.propose import Proposals, propose
from brightline.storage.briefs import open_brief
from brightline.terms import Outcome, decide, lint
from tests.packs.positions import HEALTH, scenarios_of, shipped_pack
from tests.packs.test_gaps import agrees
from tests.vocabulary.test_health import DEFENCE

VENDOR, HOSPITAL = (shipped_pack(n) for n in HEALTH)


@pytest.fixture(scope="module")
def gap() -> Comparison:
    return compare(VENDOR.terms, HOSPITAL.terms, names=("the vendor", "the hospital"))


def briefs() -> list[Brief]:
    return [open_brief(n, VENDOR.terms.scope) for n in HEALTH]


@pytest.fixture(scope="module")
def found() -> Proposals:
    return propose(VENDOR, HOSPITAL, briefs())


def test_no_word_of_defence_in_any_sentence(gap: Comparison) -> None:
    assert gap.complete
    texts = [d.text for d in gap.differences] + [c.text for c in gap.cards]
    assert len(texts) > 50
    assert [t for t in texts if DEFENCE.search(t)] == []
    assert DEFENCE.findall(json.dumps(gap.to_json())) == []
    assert any("pump, ventilator" in t for t in texts)


def test_they_differ_on_treatment_records_learning_and_research(gap: Comparison) -> None:
    given = {"approvals", "duties"}
    some = [s for s in scenarios_of(HEALTH[0]) if not given & set(s.use.facts)]
    rows = agrees(gap, [VENDOR.terms, HOSPITAL.terms], some)
    assert {"T03", "T04", "T05", "P02", "P04-exception", "R02", "R10", "L01", "L04", "S04", "S08"} <= rows
    assert not {"O01", "O02", "O04", "T04-uncleared", "R01", "R07", "L06", "S01", "S05"} & rows


def test_their_proposals_meet_every_demand_and_choose_between_two_wishes(found: Proposals) -> None:
    assert found.complete
    assert len(found.proposals) == 2
    for p in found.proposals:
        for side, brief in ((p.a, briefs()[0]), (p.b, briefs()[1])):
            assert {r.id for r in brief.requirements if r.is_hard} <= {r.id for r in side.kept}
        assert [f for f in lint(p.pack) if f.severity == "error"] == []
    wishes = [{r.id for r in (*p.a.kept, *p.b.kept)} & {"HVR-10", "HHR-9"} for p in found.proposals]
    assert sorted(wishes, key=sorted) == [{"HHR-9"}, {"HVR-10"}]


def test_a_proposal_lets_the_pump_work_at_night_and_nothing_beyond_its_protocol(found: Proposals) -> None:
    terms = found.proposals[0].pack.terms
    said = {s.id: decide(terms, s.use) for s in scenarios_of(HEALTH[0])}
    assert said["T04"].outcome is Outcome.DENY  # nobody could stop it
    assert said["T05"].outcome is Outcome.HOLD  # a protocol, but the system is not cleared
    assert said["L01"].outcome is Outcome.HOLD
    assert {n.approvals for n in said["L01"].needs} == {("ethics_committee",)}
    assert said["S04"].outcome is Outcome.HOLD
    assert said["O04"].outcome is Outcome.PERMIT


def test_nothing_of_a_brief_is_in_a_proposal(found: Proposals) -> None:
    """Requirements stay home: their ids and titles are in no text that is sent."""
    for p in found.proposals:
        sent = "".join(p.pack.files.values())
        for brief in briefs():
            assert [r.id for r in brief.requirements if f'"{r.id}"' in sent] == []
            assert [r.title for r in brief.requirements if r.title in sent and len(r.title) > 30] == []


def test_no_word_of_defence_in_a_proposal(found: Proposals) -> None:
    assert DEFENCE.findall(json.dumps(found.to_json())) == []
    assert [n for p in found.proposals for n in p.pack.files if DEFENCE.search(p.pack.files[n])] == []
