"""`decide` against DESIGN section 3 by enumeration (tests/terms/design.py), on a vocabulary small enough for it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from brightline.errors import TermsError
from brightline.terms import Decision, Terms, alternate, confirm, decide, read_terms
from brightline.vocabulary import Use, claimed, read_use
from tests.terms.design import Judge, read
from tests.terms.generated import policies, random_alternative, random_use
from tests.terms.small import SMALL

WORDS = SMALL.vocabulary
STRICTNESS = ("permit", "hold", "ask", "deny")
ALL = ("note", "redact", "minimise")
seeds = st.integers(0, 2**32 - 1)


def repeatable(examples: int) -> settings:
    return settings(max_examples=examples, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def terms_of(text: str) -> Terms:
    try:
        return read_terms(SMALL, text, "generated.cedar")
    except TermsError as e:
        assume("cubes" not in e.text and "can matter" not in e.text)
        raise


def judge(text: str, use: Use, performable: tuple[str, ...]) -> Judge:
    """The use with every fact: what is not stated is unknown, empty or 0."""
    facts: dict[str, Any] = {}
    for f in WORDS.facts.values():
        blank = {"enum": "unknown", "set": frozenset(), "number": 0}[f.kind]
        facts[f.name] = use.facts.get(f.name, blank)
    facts["claimed"] = claimed(WORDS, use.facts, use.sources)
    return Judge(read(text, WORDS), WORDS, use.activity, facts, performable)


def named(decision: Decision) -> dict[frozenset[str], tuple[str, ...]]:
    return {frozenset(n.approvals): n.duties for n in decision.needs}


def check(j: Judge, decision: Decision) -> None:
    """All that DESIGN section 3 says of one reading."""
    s = j.facts
    assert decision.outcome == j.outcome(s)
    match decision.outcome:
        case "permit":
            assert decision.duties == j.duties(s)
            assert decision.needs == ()
        case "hold":
            assert named(decision) == j.holds(s)
        case "ask":
            for need in decision.needs:
                check_facts(j, need.facts, s)
                assert not need.approvals + need.duties + need.exceptions
        case "deny":
            found = {frozenset(n.exceptions) for n in decision.needs}
            assert found == j.certificates()
            for need in decision.needs:
                with_them = {**s, "exceptions": s["exceptions"] | set(need.exceptions)}
                if need.facts:
                    check_facts(j, need.facts, with_them)
                else:
                    assert j.holds(with_them)[frozenset(need.approvals)] == need.duties


def check_facts(j: Judge, told: Mapping[str, str], s: Mapping[str, Any]) -> None:
    """Each fact named is open or merely claimed; all of it together helps, and nothing less."""
    assert told
    strongest = j.strongest(s)
    assert set(told) <= set(strongest)
    assert j.helps(told, s)
    for name, source in told.items():
        assert not j.helps({n: x for n, x in told.items() if n != name}, s)
        assert source in ("declared", strongest[name])
        if source == "attested" and name in j.open():
            assert not j.helps({**told, name: "declared"}, s)


@repeatable(200)
@given(policies(SMALL, most=5), seeds)
def test_decisions_are_what_the_design_says(text: str, seed: int) -> None:
    terms, rng = terms_of(text), random.Random(seed)
    for _ in range(6):
        use = read_use(WORDS, random_use(rng, SMALL, stated=rng.choice([0.2, 0.5, 0.9])))
        performable = rng.choice([ALL, ALL, ("redact",), ()])
        decision = decide(terms, use, performable)
        check(judge(text, use, performable), decision)
        confirm(terms, use, decision, performable)


@repeatable(100)
@given(policies(SMALL, most=5), seeds)
def test_of_alternatives_the_strictest_stands_and_needs_are_joined(text: str, seed: int) -> None:
    terms, rng = terms_of(text), random.Random(seed)
    for _ in range(4):
        obj = random_use(rng, SMALL, stated=0.5)
        obj["alternatives"] = [random_alternative(rng, SMALL) for _ in range(rng.randint(1, 2))]
        use = read_use(WORDS, obj)
        decision = decide(terms, use, ALL)
        judges = [judge(text, u, ALL) for u in (use, *(alternate(use, a) for a in use.alternatives))]
        each = [j.outcome(j.facts) for j in judges]
        assert decision.outcome == max(each, key=STRICTNESS.index)
        confirm(terms, use, decision, ALL)
        if decision.outcome in ("permit", "hold"):
            assert (named(decision) if decision.needs else {frozenset(): decision.duties}) == jointly(judges)
        for need in decision.needs:
            for j, outcome in zip(judges, each, strict=True):
                s = {**j.facts, "exceptions": j.facts["exceptions"] | set(need.exceptions)}
                assert j.helps(need.facts, s) or j.holds(s) or outcome in ("permit", "hold")


def jointly(judges: list[Judge]) -> dict[frozenset[str], tuple[str, ...]]:
    """Minimal approvals, each with its fewest duties, with which every reading is allowed at once."""

    class Both(Judge):
        def allowed(self, s: Mapping[str, Any]) -> bool:
            return all(
                j.allowed({**j.facts, **{f: j.facts[f] | s[f] for f in ("approvals", "duties")}}) for j in judges
            )

    first = judges[0]
    nothing = {"approvals": frozenset[str](), "duties": frozenset[str]()}
    return Both(first.policies, WORDS, first.activity, first.facts, ALL).holds(nothing)


@pytest.mark.parametrize("performable", [ALL, ()])
def test_the_reference_reads_cedar_as_the_engine_does(performable: tuple[str, ...]) -> None:
    """The judge is judged: its own reading of Cedar JSON against the engine."""
    rng = random.Random(7)
    text = """
        permit (principal, action, resource)
            when { context.place != "abroad" || context.lanes.containsAll(["a", "b"]) };
        permit (principal, action == Action::"work.act", resource)
            when { 5 > context.persons && !(context.persons == 0) };
        forbid (principal, action in Action::"work", resource) when { ["none", "unknown"].contains(context.basis) }
            unless { context.approvals.containsAny(["chief", "clerk"]) && context.duties.contains("note") };
        forbid (principal, action, resource) unless { context.user == "named" || context.exceptions.contains("pass") };
    """
    terms = read_terms(SMALL, text, "t.cedar")
    for _ in range(500):
        use = read_use(WORDS, random_use(rng, SMALL))
        j = judge(text, use, performable)
        assert j.allowed(j.facts) is terms.oracle.allows(use.activity, SMALL.encode(use), "", "")
