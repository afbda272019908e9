"""What clauses ask for and nobody can use: approvals, certificates and duties that open nothing (`terms lint`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from brightline.analysis.shadows import Reach
from brightline.analysis.smt import Term
from brightline.terms import DUTIES, Clause

SUPPLIES = ("approvals", "duties", "exceptions")


@dataclass(frozen=True, slots=True)
class Idle:
    """`clause` names `word` of the set `fact`, and no use turns on it; `lifted`: uses on which the clause does."""

    clause: Clause
    fact: str
    word: str
    lifted: Term


def idle(reach: Reach) -> Iterator[Idle]:
    """Every word that a clause names in vain: with it the clause gives way, or applies, and the use is denied still."""
    logic, words = reach.space.logic, reach.space.scope.vocabulary
    allowed = reach.space.allowed(reach.terms)
    for rank, clause in enumerate(reach.terms.clauses):
        if not clause.decides:
            continue
        supply, applies = reach.terms.supplies[rank], reach.applies[clause.id]
        named = zip(SUPPLIES, (supply.approvals, supply.duties, supply.exceptions), strict=True)
        for fact, bits in named:
            for k, word in enumerate(words.facts[fact].names):
                if not bits >> k & 1:
                    continue
                term = reach.space.values[words.index[fact]][k]
                without, with_it = (logic.put(applies, {term: to}) for to in (logic.false, logic.true))
                moved = logic.every(
                    [without, logic.no(with_it)] if not clause.permits else [with_it, logic.no(without)]
                )
                opened = logic.put(allowed, {term: logic.true})
                if reach.never(moved, opened) and reach.ever(moved):
                    yield Idle(clause, fact, word, moved)


def unperformed(reach: Reach) -> Iterator[tuple[Clause, str]]:
    """(clause, duty) where no gateway performs the duty that the clause asks for."""
    for rank, clause in enumerate(reach.terms.clauses):
        for duty, bit in reach.space.scope.vocabulary.bits["duties"].items():
            if clause.decides and reach.terms.supplies[rank].duties & bit and duty not in DUTIES:
                yield clause, duty
