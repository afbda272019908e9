"""The packs mean what their scenarios say, by decide and by the Cedar engine, on every row of the founding case."""

import pytest

from brightline.terms import Outcome, Pack, confirm, decide, run_scenarios
from brightline.vocabulary import use_json
from tests.packs.positions import NAMES, NORMAL, any_uses, changed, reworded, scenarios_of, shipped_pack

P, H, A, D = Outcome.PERMIT, Outcome.HOLD, Outcome.ASK, Outcome.DENY
MEANT = {  # row: what vendor, customer and compromise must say; a set where the row leaves it open
    "A01": (P, P, P), "A02": (P, P, P), "A03": (P, P, P), "A05": (D, D, D), "A05-reviewed": (D, P, D),
    "A06": (P, P, H), "A07-materiel": (D, P, {H, A}), "A07-person": (D, P, D), "A08": (D, P, D), "A10": (D, D, D),
    "A11": (D, P, D), "A12": (P, P, P), "A14": (D, {P, D}, D), "A16": ({P, H, A, D}, P, H), "A18": (D, {P, D}, D),
    "B01": (P, P, P), "B03": (A, P, H), "B03-no-basis": ({A, D}, {P, D}, D), "B04": (D, P, D), "B07": (D, {P, D}, D),
    "B08": (D, {P, D}, D), "B10": (A, P, P), "B10-adverse": (A, P, H), "B12": (D, P, D), "B13": (P, P, P),
    "B14": (P, P, P), "B15": (A, P, A), "B18": (D, P, D), "C01": (P, P, P), "C02": ({P, D}, P, H), "C04": (D, D, D),
    "C06": (P, P, P), "C07": ({P, H, A, D}, P, D), "C08": (A, P, A), "D01": (P, P, P), "D02": (P, P, P),
    "D04": ({D, A}, P, H), "D05": (P, P, P),
}  # fmt: skip
NOTED = {"A03", "B10", "B14", "D02"}


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_is_decided_as_meant_and_confirmed_by_the_engine(name: str) -> None:
    results = list(run_scenarios(shipped_pack(name)))
    assert len(results) == len(scenarios_of(name)) > 100
    assert [(r.scenario.id, r.wrong) for r in results if r.wrong] == []


def test_a_scenario_that_is_decided_otherwise_is_found() -> None:
    careless = reworded(
        shipped_pack("compromise"), 'context.approvals.contains("operator"))', "context.distinct_persons >= 0)"
    )
    wrong = {r.scenario.id for r in run_scenarios(careless) if r.wrong}
    assert {"A06", "A07-materiel"} <= wrong


@pytest.mark.parametrize("row", MEANT)
def test_every_row_has_the_outcome_it_must_have(row: str) -> None:
    for name, meant in zip(NAMES, MEANT[row], strict=True):
        scenario = next(s for s in scenarios_of(name) if s.id == row)
        found = decide(shipped_pack(name).terms, scenario.use).outcome
        assert found in (meant if isinstance(meant, set) else {meant}), f"{name} {row}"


@pytest.mark.parametrize("row", sorted(NOTED))
def test_the_compromise_notes_what_is_to_be_noted(row: str) -> None:
    scenario = next(s for s in scenarios_of("compromise") if s.id == row)
    assert decide(shipped_pack("compromise").terms, scenario.use).duties == ("note",)


def test_the_packs_are_asked_the_same() -> None:
    def uses(name: str) -> list[object]:
        return [(s.id, s.text, use_json(s.use)) for s in scenarios_of(name)]

    assert uses("vendor") == uses("customer") == uses("compromise")
    assert len({s.id for s in scenarios_of("vendor")}) == len(scenarios_of("vendor"))


def test_the_gateways_normal_readings_change_nothing(pack: Pack) -> None:
    """A use typed by hand, without them, is decided like the same use at the gateway."""
    for scenario in scenarios_of(pack.name):
        normal = {k: None for k, v in NORMAL.items() if scenario.use.facts.get(k) == v}
        bare = changed(scenario.use, normal)
        assert decide(pack.terms, bare).outcome is decide(pack.terms, scenario.use).outcome, scenario.id


def test_the_engine_confirms_any_use(pack: Pack) -> None:
    for use in any_uses(pack.terms.scope.vocabulary, 150, 3):
        confirm(pack.terms, use, decide(pack.terms, use))
