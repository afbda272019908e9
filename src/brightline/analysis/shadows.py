"""Clauses that change nothing, found with the solver: each with the clauses that make it so (`terms lint`).

All that could be in hand is: approvals, duties and certificates are the use's own. So "forbids every use" means
whatever anyone approves. What the solver cannot settle is counted in `Reach.unsettled` and taken for neither answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from brightline.analysis.smt import UNKNOWN, Answer, Search, Space, Term, least_in
from brightline.terms import Clause, Terms
from brightline.vocabulary import Use


class Reach:
    """The clauses of `terms` that decide, as conditions over one space, and one search for all questions."""

    def __init__(self, terms: Terms, rlimit: int) -> None:
        self.terms, self.space, self.rlimit = terms, Space(terms.scope), rlimit
        self.search = Search(self.space, rlimit=rlimit)
        self.unsettled = 0

    @cached_property
    def applies(self) -> dict[str, Term]:
        """@id → that the clause applies."""
        return {c.id: self.space.condition(c) for c in self.terms.clauses if c.decides}

    @cached_property
    def permits(self) -> list[Clause]:
        return [c for c in self.terms.clauses if c.decides and c.permits]

    @cached_property
    def forbids(self) -> list[Clause]:
        return [c for c in self.terms.clauses if c.decides and not c.permits]

    def some(self, clauses: Sequence[Clause]) -> Term:
        """Any of `clauses` applies."""
        return self.space.logic.some([self.applies[c.id] for c in clauses])

    def none(self, clauses: Sequence[Clause]) -> Term:
        return self.space.logic.no(self.some(clauses))

    def ever(self, *parts: Term) -> bool:
        """Whether some use is known to satisfy all of `parts`."""
        return self._answer(*parts) is True

    def never(self, *parts: Term) -> bool:
        """Whether it is known that no use satisfies all of `parts`."""
        return self._answer(*parts) is False

    def least(self, *parts: Term) -> Use | None:
        """The least use that satisfies all of `parts`; None where there is none, or it could not be settled."""
        self.search.push()
        self.search.add(*parts)
        found = least_in(self.search)
        self.search.pop()
        if found is UNKNOWN:
            self.unsettled += 1
            return None
        return found

    def _answer(self, *parts: Term) -> Answer:
        answer = self.search.check(*parts)
        self.unsettled += answer is UNKNOWN
        return answer

    def covering(self, term: Term, clauses: Sequence[Clause]) -> list[Clause]:
        """As few of `clauses` as still leave no use of `term` on which none of them applies: no part of the answer
        would do. None of them where there is such a use, or it could not be settled."""
        logic = self.space.logic
        marks = {c.id: logic.bit(f"without {c.id}") for c in clauses}
        self.search.push()
        try:
            self.search.add(term, *(logic.some([logic.no(marks[c.id]), logic.no(self.applies[c.id])]) for c in clauses))
            if not self.never(*marks.values()):
                return []
            named = {str(t) for t in self.search.core()}
            kept = [c for c in clauses if str(marks[c.id]) in named]
            for c in list(kept):
                rest = [d for d in kept if d is not c]
                if self.never(*(marks[d.id] for d in rest)):
                    kept = rest
            return kept
        finally:
            self.search.pop()


@dataclass(frozen=True, slots=True)
class Shadow:
    """`clause` changes nothing on `term`, because of `by`: other clauses, or none where nothing permits it anyway."""

    clause: Clause
    by: Sequence[Clause]
    term: Term


def never(reach: Reach) -> Iterator[Clause]:
    """Clauses that no use can meet, as components, models and claims really are."""
    return (c for c in (*reach.permits, *reach.forbids) if reach.never(reach.applies[c.id]))


def shadows(reach: Reach) -> Iterator[Shadow]:
    """Clauses that some use meets but that change no decision."""
    logic = reach.space.logic
    for c in reach.permits:
        mine = reach.applies[c.id]
        yield from _shadow(reach, c, mine, reach.forbids)
        yield from _shadow(reach, c, logic.every([mine, reach.none(reach.forbids)]), _others(reach.permits, c))
    permitted = reach.some(reach.permits)
    for c in reach.forbids:
        mine = reach.applies[c.id]
        denied = logic.every([mine, permitted])
        if reach.never(denied):
            if reach.ever(mine):
                yield Shadow(c, (), mine)
        else:
            yield from _shadow(reach, c, denied, _others(reach.forbids, c))


def _shadow(reach: Reach, clause: Clause, term: Term, others: Sequence[Clause]) -> Iterator[Shadow]:
    if reach.never(term, reach.none(others)) and reach.ever(term) and (by := reach.covering(term, others)):
        yield Shadow(clause, by, term)


def _others(clauses: Sequence[Clause], clause: Clause) -> list[Clause]:
    return [c for c in clauses if c is not clause]
