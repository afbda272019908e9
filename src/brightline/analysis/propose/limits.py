"""The profile's limit on what can matter to one use: a text past it is no text that terms can be (DESIGN section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from brightline.analysis.propose.menus import Table
from brightline.terms.clause import Clause
from brightline.terms.compiled import Supply, supply
from brightline.terms.terms import MAX_SUPPLIED

NOTHING = Supply(0, 0, 0)


class Limits:
    """What approvals, duties and certificates the clauses of each option name, activity by activity."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._base = self._named(table.base)
        self._options = [self._named(o.clauses) for o in table.options]

    @cached_property
    def never(self) -> bool:
        """Whether no text is past the limit: not even all options together."""
        return self.past(frozenset(range(len(self._options)))) is None

    def past(self, chosen: frozenset[int]) -> frozenset[int] | None:
        """Options of a text that are together past the limit on some activity; None where it is within."""
        for activity in self._table.ground.activities:
            whole = self._base.get(activity, NOTHING)
            for o in chosen:
                whole = whole | self._options[o].get(activity, NOTHING)
            both = whole.approvals.bit_count() + whole.duties.bit_count()
            if max(both, whole.exceptions.bit_count()) > MAX_SUPPLIED:
                return frozenset(o for o in chosen if self._options[o].get(activity, NOTHING) != NOTHING)
        return None

    def _named(self, clauses: Sequence[Clause]) -> dict[str, Supply]:
        out: dict[str, Supply] = {}
        for c in clauses:
            named = supply(self._table.ground.scope, c)
            if named != NOTHING:
                for activity in c.activities:
                    out[activity] = out.get(activity, NOTHING) | named
        return out
