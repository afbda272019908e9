"""`check`: a demand holds for every use, or the least use that breaks it is shown (docs/reference/check.md)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from brightline.analysis import check as checking
from brightline.analysis.check import check, read_property, verdict
from brightline.analysis.smt import UNKNOWN
from brightline.errors import OracleError, TermsError
from brightline.storage.packs import open_pack
from brightline.storage.properties import SHIPPED, open_property
from brightline.terms import Clause, Outcome, Terms, decide, read_scenarios, read_terms
from brightline.terms.formula import holds
from brightline.vocabulary import FactKind, Use, read_use, use_json
from tests.terms.generated import policies, random_use
from tests.terms.small import SMALL

ALL = "permit (principal, action, resource);"
ACT = 'action == Action::"work.act"'
HELD = f'{ALL} forbid (principal, {ACT}, resource) unless {{ context.approvals.containsAny(["chief", "judge"]) }};'
NOTED = f'{ALL} forbid (principal, {ACT}, resource) unless {{ context.duties.contains("note") }};'
HOME = f'{ALL} forbid (principal, {ACT}, resource) when {{ context.place != "home" }};'
WAIVED = f'{ALL} forbid (principal, {ACT}, resource) unless {{ context.exceptions.contains("waiver") }};'
COUNTED = f"{ALL} forbid (principal, {ACT}, resource) when {{ context.persons >= 100 }};"
SHOWN = f"""{ALL} forbid (principal, {ACT}, resource)
unless {{ context.basis == "good" && !(context.claimed.contains("basis")) }};"""

# terms, a demand that they keep, its twin that they break, and the facts of the least use that does
TWINS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "never": (HOME, 'forbid when context.place == "abroad"', "forbid", {"place": "home"}),
    "never, whatever is approved": (
        HELD,
        'forbid unless context.approvals.containsAny(["judge", "chief", "clerk"])',
        "forbid",
        {"approvals": ["chief"]},
    ),
    "before that very approval": (
        HELD,
        'forbid unless context.approvals.containsAny(["judge", "chief"])',
        'forbid unless context.approvals.contains("chief")',
        {"approvals": ["judge"]},
    ),
    "a certificate": (
        WAIVED,
        'forbid unless context.exceptions.contains("waiver")',
        'forbid unless context.exceptions.contains("pass")',
        {"exceptions": ["waiver"]},
    ),
    "always, and held is not permitted": (HELD, 'permit when context.approvals.contains("judge")', "permit", {}),
    "always, duties performed": (NOTED, "permit", "forbid", {"duties": ["note"]}),
    "never without a duty": (
        NOTED,
        'forbid unless context.duties.contains("note")',
        'forbid unless context.duties.contains("redact")',
        {"duties": ["note"]},
    ),
    "numbers to the last one": (
        COUNTED,
        "forbid when context.persons >= 100",
        "forbid when context.persons >= 99",
        {"persons": 99},
    ),
    "what is claimed": (
        SHOWN,
        'forbid when context.claimed.contains("basis")',
        'forbid when context.claimed.contains("basis") || context.basis == "good"',
        {"basis": "good"},
    ),
}


def demand(words: str) -> str:
    """`forbid when X` for the activity of these terms."""
    effect, _, tail = words.partition(" ")
    kind, _, condition = tail.partition(" ")
    return f"{effect} (principal, {ACT}, resource) {f'{kind} {{ {condition} }}' if tail else ''};"


def answers(terms: Terms, text: str, **limit: int) -> list[checking.Check]:
    return list(check(terms, read_property(terms.scope, text, "p.cedar"), **limit))


@pytest.mark.parametrize(("text", "kept", "broken", "facts"), TWINS.values(), ids=TWINS)
def test_a_demand_and_its_twin(text: str, kept: str, broken: str, facts: dict[str, Any]) -> None:
    terms = read_terms(SMALL, text, "t.cedar")
    (good,) = answers(terms, demand(kept))
    assert (good.holds, good.use, good.decision) == (True, None, None)
    (bad,) = answers(terms, demand(broken))
    assert bad.holds is False
    assert use_json(bad.use) | {"sources": {}} == {
        "activity": "work.act",
        "facts": facts,
        "sources": {},
        "alternatives": [],
    }
    assert (bad.decision == decide(terms, bad.use)) is True
    assert (decide(terms, bad.use).outcome is Outcome.PERMIT) is broken.startswith("forbid")


def breaks(terms: Terms, clause: Clause, use: Use) -> bool:
    """The definition, on one use, told from closures alone."""
    applies = use.activity in clause.activities and holds(clause.condition, terms.scope.encode(use))
    decision = decide(terms, use)
    permitted = decision.outcome is Outcome.PERMIT
    return applies and (not permitted if clause.permits else permitted and not decision.duties)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(policies(SMALL), policies(SMALL, most=2), st.integers(0, 2**32 - 1))
def test_holds_means_that_no_use_breaks_it(text: str, wanted: str, seed: int) -> None:
    try:
        terms, demands = read_terms(SMALL, text, "t.cedar"), read_property(SMALL, wanted, "p.cedar")
    except TermsError as e:
        assume("cubes" not in e.text and "can matter" not in e.text)
        raise
    rng = random.Random(seed)
    tried = [read_use(SMALL.vocabulary, random_use(rng, SMALL, stated=rng.random())) for _ in range(300)]
    for found in check(terms, demands):
        assert found.holds is (found.use is None)
        if found.use is None:
            assert not [u for u in tried if breaks(terms, found.clause, u)]
        else:
            assert breaks(terms, found.clause, found.use)
            assert read_use(SMALL.vocabulary, use_json(found.use)) == found.use
            assert not [u for u in fewer(found.use) if breaks(terms, found.clause, u)]


def fewer(use: Use) -> Iterator[Use]:
    """Every use of any activity that states one fact or none, where `use` states more; and `use` with one fact less."""
    words, count = SMALL.vocabulary, sum(len(v) if isinstance(v, frozenset) else 1 for v in use.facts.values())
    for name in use.facts:
        rest = {k: v for k, v in use.facts.items() if k != name}
        yield Use(use.activity, rest, {k: s for k, s in use.sources.items() if k in rest})
    for activity in words.activities:
        if count > 0:
            yield Use(activity)
        for f in words.facts.values() if count > 1 else ():
            values = f.names if f.kind is FactKind.ENUM else [1, 100, 101] if f.kind is FactKind.NUMBER else ()
            yield from (Use(activity, {f.name: v}) for v in values if v != "unknown")


# which of the founding positions give which assurance, as they are honestly stated
@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize(("pack", "gives"), [("vendor", True), ("compromise", True), ("customer", False)])
def test_the_founding_assurances(pack: str, gives: bool, name: str) -> None:
    terms = open_pack(pack).terms
    found = list(check(terms, demands := read_property(terms.scope, *open_property(name))))
    assert {c.holds for c in found} == {gives}
    # the pack's own scenarios agree
    broken = [s.id for s in read_scenarios(open_pack(pack)) for c in demands.clauses if breaks(terms, c, s.use)]
    assert bool(broken) is not gives


HOLES = {
    "an operator selects, nobody approves": (
        SHIPPED[0],
        "AW1",
        ' && context.approvals.contains("operator")) ||',
        ") ||",
    ),
    "an effector under another name": (
        SHIPPED[0],
        "AW3",
        'unless { context.target_selected_by == "operator" && context.approvals.contains("operator") };',
        'unless { context.target_selected_by == "operator" };',
    ),
    "people in bulk are forgotten": (
        SHIPPED[1],
        "SC1",
        'when { ["named", "bulk", "unknown"].contains(context.protected_persons) }\nunless {',
        'when { ["named", "unknown"].contains(context.protected_persons) }\nunless {',
    ),
    "bought aggregates": (
        SHIPPED[1],
        "SC2",
        '["own_records", "partner", "sensor", "classified_collection"].contains(context.data_origin)',
        '["own_records", "commercial_purchase"].contains(context.data_origin)',
    ),
}


@pytest.mark.parametrize(("name", "clause", "old", "new"), HOLES.values(), ids=HOLES)
def test_a_hole_made_in_the_compromise_is_found(name: str, clause: str, old: str, new: str) -> None:
    pack = open_pack("compromise")
    text = pack.files["terms.cedar"]
    assert old in text
    terms = read_terms(pack.terms.scope, text.replace(old, new, 1), "k.cedar")
    broken = [c for c in answers(terms, open_property(name)[0]) if c.holds is False]
    assert clause in [c.clause.id for c in broken]
    assert all(breaks(terms, c.clause, c.use) for c in broken)


def test_a_limit_that_is_reached_is_no_answer() -> None:
    terms = open_pack("customer").terms
    found = answers(terms, open_property(SHIPPED[0])[0], rlimit=1)
    assert {c.holds for c in found} == {UNKNOWN}
    assert verdict(found)["holds"] == "unknown"
    assert "not known" in verdict(found)["text"]
    with pytest.raises(TypeError, match="neither yes nor no"):
        bool(found[0].holds)


def test_a_use_that_does_not_bear_it_out_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    terms = read_terms(SMALL, HOME, "t.cedar")
    monkeypatch.setattr(checking, "least", lambda *_, **__: Use("work.act", {"place": "abroad"}))
    with pytest.raises(OracleError, match="is none"):
        answers(terms, demand("forbid"))


EVERY = "forbid (principal, action, resource)"


@pytest.mark.parametrize(
    ("text", "place", "cure"),
    [
        ("", "p.cedar: ", "no clause in it"),
        ("// nothing\n", "p.cedar: ", "no clause in it"),
        (f'\n{EVERY} when {{ context.place like "h*" }};', "p.cedar:2 ", "outside the profile"),
        (f'{EVERY} when {{ context.plac == "home" }};', "p.cedar:1 ", "did you mean 'place'"),
        (f'@reading("literal") {EVERY};', "p.cedar:1 ", "take @reading away"),
        (f'{EVERY} when {{ context.approvals.contains("chief") }};', "p.cedar:1 ", "unless"),
    ],
)
def test_what_is_no_property(text: str, place: str, cure: str) -> None:
    with pytest.raises(TermsError) as e:
        read_property(SMALL, text, "p.cedar")
    assert str(e.value).startswith(place)
    assert cure in str(e.value)
