"""Least change: how far a text is from what each party has now, by the written cases and by the clauses.

A case counts for a party where the text decides it otherwise than that party's own text: permit, hold or deny, an ask
being a deny. So of texts that are equal otherwise, the one is taken with which both go on most nearly as they do now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from brightline.analysis.cover import Point
from brightline.analysis.propose.cases import Written
from brightline.analysis.propose.menus import Table
from brightline.analysis.propose.refute import applies
from brightline.terms import Outcome


class Changes:
    """Variables from `first` on, four for each case: the text permits it, it permits or holds it, that is a change for
    A, and for B. Options are variables 1, 2, 3, …"""

    def __init__(self, table: Table, written: Written, first: int) -> None:
        self._table, self._first = table, first
        self._cases = list(written.points())
        self.count = 4 * len(self._cases)
        by_case: list[Mapping[int, int]] = [
            {first + 4 * n + 2 + side: 1 for n in range(len(self._cases))} for side in (0, 1)
        ]
        by_clause: list[Mapping[int, int]] = [dict(enumerate(some, 1)) for some in table.changes]
        self.measures: Sequence[Sequence[Mapping[int, int]]] = (by_case, by_clause)

    def rules(self) -> Iterator[list[int]]:
        """What ties the variables to the options."""
        for n, case in enumerate(self._cases):
            at = self._first + 4 * n
            yield from self._allowed(at, case.permitted)
            yield from self._allowed(at + 1, case.held)
            for side, own in enumerate((case.a, case.b)):
                change = at + 2 + side
                yield [change, at if own is Outcome.PERMIT else -at]
                yield [change, at + 1 if own in (Outcome.PERMIT, Outcome.HOLD) else -(at + 1)]

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
