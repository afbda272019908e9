"""What every clause must have (words, a source, a use that it decides), and what each position stands for."""

import hashlib

import pytest

from brightline.terms import Decision, Outcome, Pack, decide, lint
from tests.packs.positions import NAMES, any_uses, reworded, scenarios_of, shipped_pack, without

TWICE_SAID = {
    "vendor": {"V-W1", "V-W3", "V-W4"},  # the usage policy forbids the same weapons in several sentences
    "customer": {"C-2"},  # says outright of unmapped acts what C-1 says of all
}


def what(decision: Decision) -> tuple[object, ...]:
    return decision.outcome, decision.needs, decision.duties


def test_every_clause_decides_a_scenario(pack: Pack) -> None:
    deciding = {c for s in scenarios_of(pack.name) for c in decide(pack.terms, s.use).clauses}
    assert {c.id for c in pack.terms.clauses if c.decides} - deciding == set()


def test_no_clause_is_idle(pack: Pack) -> None:
    """Without it some scenario has another outcome, other needs or other duties."""
    decisions = [(s.use, decide(pack.terms, s.use)) for s in scenarios_of(pack.name)]
    idle = set()
    for clause in pack.terms.clauses:
        left = without(pack.terms, clause.id)
        turned = [(use, d) for use, d in decisions if clause.id in d.clauses]
        if not any(what(decide(left, use)) != what(d) for use, d in turned):
            idle.add(clause.id)
    literal = {c.id for c in pack.terms.clauses if not c.decides}
    assert idle - literal == TWICE_SAID.get(pack.name, set())


def test_every_clause_can_be_read_and_traced(pack: Pack) -> None:
    assert [f for f in lint(pack) if f.severity == "error" or f.code.startswith("no-")] == []


def test_the_compromise_uses_no_weak_words() -> None:
    assert [f.text for f in lint(shipped_pack("compromise")) if f.code == "weak-words"] == []


def test_the_packs_share_one_vocabulary_of_names() -> None:
    heads = [shipped_pack(n).files["terms.toml"].partition("[vocabulary]")[2] for n in NAMES]
    assert heads[0] == heads[1] == heads[2] != ""


def test_every_authority_is_pinned_to_its_fixture(pack: Pack) -> None:
    assert len(pack.terms.authorities) >= 5
    for entry in pack.terms.authorities.values():
        fixture = f"{entry['title']}\n{entry['date']}\n"
        assert entry["digest"] == "sha256:" + hashlib.sha256(fixture.encode()).hexdigest()


# ---- C: all lawful uses ----


def test_the_customer_forbids_only_by_its_law_and_each_law_names_the_authority_that_lifts_it() -> None:
    customer = shipped_pack("customer")
    laws = [c for c in customer.terms.clauses if not c.permits]
    assert len(laws) >= 5
    assert all(c.is_law for c in laws)
    words = customer.terms.scope.vocabulary
    everything = frozenset(words.facts["authorities"].names)
    for use in any_uses(words, 500, 5):
        lawful = type(use)(use.activity, {**use.facts, "authorities": everything}, use.sources, component=use.component)
        assert decide(customer.terms, lawful).outcome is Outcome.PERMIT


# ---- V: the red lines, the phrase, and the words taken at their word ----


def test_without_the_phrase_purchased_bulk_data_are_open_again_and_nothing_else() -> None:
    """F06: the single-phrase test."""
    vendor = shipped_pack("vendor")
    struck = without(vendor.terms, "V-R3")
    opened = {
        s.id
        for s in scenarios_of("vendor")
        if decide(vendor.terms, s.use).outcome is Outcome.DENY and decide(struck, s.use).outcome is Outcome.PERMIT
    }
    assert opened
    assert {i.partition("-")[0] for i in opened} == {"B04", "B07", "B18"}
    differ = 0
    for use in any_uses(vendor.terms.scope.vocabulary, 3000, 7, known=True):
        if decide(vendor.terms, use).outcome is not decide(struck, use).outcome:
            differ += 1
            assert (use.facts["data_origin"], use.facts["protected_persons"]) == ("commercial_purchase", "bulk")
            assert use.activity.startswith("surv.") or use.activity == "gen.unknown"
    assert differ > 5


@pytest.mark.parametrize(
    ("clause", "rows"),
    [
        ("V-W1-literal", {"A06"}),
        ("V-S1-literal", {"A03", "B01", "B14"}),
        ("V-X2-literal", {"C02"}),
    ],
)
def test_the_policy_at_its_word_forbids_what_the_vendor_says_it_allows(clause: str, rows: set[str]) -> None:
    vendor = shipped_pack("vendor")
    literal = reworded(vendor, f'@id("{clause}") @reading("literal")', f'@id("{clause}")')
    narrowed = {
        s.id
        for s in scenarios_of("vendor")
        if decide(vendor.terms, s.use).outcome is Outcome.PERMIT
        and decide(literal.terms, s.use).outcome is not Outcome.PERMIT
    }
    assert rows <= narrowed


def test_words_at_their_word_decide_nothing() -> None:
    vendor = shipped_pack("vendor")
    literal = [c.id for c in vendor.terms.clauses if not c.decides]
    meant = without(vendor.terms, *literal)
    assert len(literal) == 3
    for use in any_uses(vendor.terms.scope.vocabulary, 500, 11):
        assert decide(vendor.terms, use).clauses == decide(meant, use).clauses


# ---- K: what the compromise gives to each ----


def test_the_compromise_lets_no_tool_engage_without_an_operator_or_a_certificate() -> None:
    compromise = shipped_pack("compromise")
    for use in any_uses(compromise.terms.scope.vocabulary, 4000, 13):
        if use.activity != "weapon.engage" or use.facts.get("phase") == "simulate":
            continue
        certified = "supervised_defence" in use.facts["exceptions"] and use.facts.get("target") == "materiel"
        if decide(compromise.terms, use).outcome is Outcome.PERMIT and not certified:
            assert "operator" in use.facts["approvals"]
            assert use.facts["target_selected_by"] in ("operator", "operator_group")


def test_the_compromise_has_no_exception_for_nuclear_or_chemical_weapons() -> None:
    compromise = shipped_pack("compromise")
    absolute = ("weapon.engage", "weapon.target_nomination", "mil.command_decision", "mil.plan_ops")
    seen = 0
    for use in any_uses(compromise.terms.scope.vocabulary, 8000, 17):
        if use.activity == "weapon.cbrn" or (use.activity in absolute and use.facts.get("effect") == "nuclear"):
            decision = decide(compromise.terms, use)
            seen += 1
            assert (decision.outcome, decision.needs) == (Outcome.DENY, ())
    assert seen > 50
