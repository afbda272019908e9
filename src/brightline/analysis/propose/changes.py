"""Least change: how far a text is from what each party has now, by the written cases and by the clauses.

A case counts for a party where the text decides it otherwise than that party's own text: permit, hold or deny, an ask
being a deny. So of texts that are equal otherwise, the one is taken with which both go on most nearly as they do now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from brightline.analysis.cover import Point
from brightline.analysis.propose.cases import Written
from brightline.analysis.propose.menus import Table
from brightline.analysis.propose.refute import applies
from brightline.analysis.smt.choosing import Sum
from brightline.terms import Outcome


@dataclass(frozen=True, slots=True)
class Measure:
    """`offset` and the weights of the variables that are true, added up. What every text has is in the offset: a bound
    that no text can meet is then met by nothing, where a solver would count for hours."""

    weights: Mapping[int, int]
    offset: int

    def of(self, true: frozenset[int]) -> int:
        return self.offset + sum(w for x, w in self.weights.items() if x in true)

    def at_most(self, high: int) -> Sum:
        return Sum(self.weights, high=high - self.offset)


class Changes:
    """Variables from `first` on, five for each case: the text permits it, it permits or holds it, that is a change for
    A, for B, and for both. Options are variables 1, 2, 3, …"""

    def __init__(self, table: Table, written: Written, first: int) -> None:
        self._table, self._first = table, first
        self._cases = list(written.points())
        self.count = 5 * len(self._cases)
        self.measures: Sequence[tuple[Measure, Measure, Measure]] = (self._by_case(), self._by_clause())

    def _by_case(self) -> tuple[Measure, Measure, Measure]:
        """(changes for both parties together, for A, for B): where the parties differ there is always one."""
        at = [self._first + 5 * n for n in range(len(self._cases))]
        both = {x + 4: 2 if c.a is c.b else 1 for x, c in zip(at, self._cases, strict=True)}
        differ = sum(c.a is not c.b for c in self._cases)
        return Measure(both, differ), Measure({x + 2: 1 for x in at}, 0), Measure({x + 3: 1 for x in at}, 0)

    def _by_clause(self) -> tuple[Measure, Measure, Measure]:
        mine, other = self._table.changes
        return self._normal([a + b for a, b in zip(mine, other, strict=True)]), self._normal(mine), self._normal(other)

    def _normal(self, counts: Sequence[int]) -> Measure:
        """The counts of the options, with the least of each menu in the offset."""
        weights: dict[int, int] = {}
        offset = at = 0
        for options in self._table.menus.values():
            some = counts[at : at + len(options)]
            offset += min(some)
            weights |= {at + n + 1: count - min(some) for n, count in enumerate(some)}
            at += len(options)
        return Measure(weights, offset)

    def rules(self) -> Iterator[list[int]]:
        """What ties the variables to the options."""
        for n, case in enumerate(self._cases):
            at = self._first + 5 * n
            yield from self._allowed(at, case.permitted)
            yield from self._allowed(at + 1, case.held)
            for side, own in enumerate((case.a, case.b)):
                change = at + 2 + side
                yield [change, at if own is Outcome.PERMIT else -at]
                yield [change, at + 1 if own in (Outcome.PERMIT, Outcome.HOLD) else -(at + 1)]
            yield [at + 4, -(at + 2), -(at + 3)]

    def _allowed(self, variable: int, point: Point) -> Iterator[list[int]]:
        """The variable is true iff some permit applies at the point and no forbid does."""
        base = [c.permits for c in self._table.base if applies(c, point)]
        each = [[c.permits for c in o.clauses if applies(c, point)] for o in self._table.options]
        permits = [x for x, some in enumerate(each, 1) if True in some]
        forbids = [x for x, some in enumerate(each, 1) if False in some]
        if False in base:
            yield [-variable]
            return
        for x in forbids:
            yield [-variable, -x]
        if True in base:
            yield [variable, *forbids]
            return
        yield [-variable, *permits]
        for x in permits:
            yield [variable, -x, *forbids]
