"""Withholding never pays, and ordinary work is never asked anything."""

import itertools
from collections.abc import Iterator

import pytest

from brightline.terms import Decision, Outcome, Pack, decide
from brightline.vocabulary import Fact, FactKind, Source, Use, Vocabulary
from tests.packs.positions import NORMAL, any_uses, changed, reworded, scenarios_of, shipped_pack


def ways(decision: Decision) -> list[set[str]]:
    """What each way to do the use asks for."""
    if decision.outcome is Outcome.HOLD:
        return [{*n.approvals, *n.duties} for n in decision.needs]
    return [set(decision.duties)]


def withheld(words: Vocabulary, use: Use) -> Iterator[tuple[Fact, Use]]:
    """The use with each fact that people state left unsaid."""
    for fact in words.facts.values():
        if fact.kind is FactKind.ENUM and not fact.gateway:
            yield fact, changed(use, {fact.name: None})


def paying(pack: Pack, fact: Fact, silent: Use) -> list[str]:
    """The values of `fact` at which the use is worse off than where it is left unsaid."""
    before = decide(pack.terms, silent)
    if before.outcome not in (Outcome.PERMIT, Outcome.HOLD):
        return []
    out = []
    for value, source in itertools.product(set(fact.names) - fact.open, (Source.DECLARED, Source.ATTESTED)):
        after = decide(pack.terms, changed(silent, {fact.name: value}, source))
        fits = after.outcome.strictness <= before.outcome.strictness and all(
            any(less <= more for less in ways(after)) for more in ways(before)
        )
        if not fits:
            out.append(value)
    return out


def cells(pack: Pack) -> Iterator[tuple[Fact, Use]]:
    words = pack.terms.scope.vocabulary
    for scenario in scenarios_of(pack.name):
        yield from withheld(words, scenario.use)
    for i, use in enumerate(any_uses(words, 800, 19)):
        facts = list(withheld(words, use))
        yield facts[i % len(facts)]


def test_withholding_a_fact_never_pays(pack: Pack) -> None:
    """What is permitted or held where a fact is unsaid is permitted or held no worse, with no more asked for, at
    every value of it, claimed or attested. `end_user = unidentified` says "not known" and is no value in this."""
    found = [(silent.activity, fact.name, v) for fact, silent in cells(pack) for v in paying(pack, fact, silent)]
    assert found == []


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        ('when { ["nuclear", "unknown"].contains(context.effect) }', 'when { context.effect == "nuclear" }', "effect"),
        ('["home", "unknown"].contains(context.audience)', 'context.audience == "home"', "audience"),
    ],
)
def test_a_clause_that_forgets_the_unknown_is_found(old: str, new: str, fact: str) -> None:
    forgetful = reworded(shipped_pack("compromise"), old, new)
    assert fact in {f.name for f, silent in cells(forgetful) if paying(forgetful, f, silent)}


def test_ordinary_work_is_asked_nothing(pack: Pack) -> None:
    for facts in ({}, NORMAL):
        decision = decide(pack.terms, Use("gen.office", facts))
        assert (decision.outcome, decision.duties) == (Outcome.PERMIT, ())


@pytest.mark.parametrize("activity", ["gen.office", "mil.support_admin", "weapon.legal_review", "intel.osint"])
def test_ordinary_work_stays_so_whatever_is_said_of_it(pack: Pack, activity: str) -> None:
    for use in any_uses(pack.terms.scope.vocabulary, 300, 23):
        office = changed(Use(activity, use.facts, use.sources), NORMAL)
        decision = decide(pack.terms, office)
        assert (decision.outcome, decision.duties) == (Outcome.PERMIT, ())


def test_an_act_that_fits_no_activity_is_asked_about_unless_all_lawful_uses_are_permitted() -> None:
    found = {n: decide(shipped_pack(n).terms, Use("gen.unknown")).outcome for n in ("vendor", "customer", "compromise")}
    assert found == {"vendor": Outcome.ASK, "customer": Outcome.PERMIT, "compromise": Outcome.ASK}
