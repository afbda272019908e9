"""The outcome of every use as formulas: permit, hold and deny, with the needs and duties that `decide` gives.

Law: on a use without approvals and duties in hand, `decide` gives a permit with duties D iff `need(Given(0, D))` holds;
a hold one of whose needs is (A, D) iff `need(Given(A, D))` holds; and an ask or a deny iff `denied` holds. So two texts
decide a use alike iff they have the same needs on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from brightline.analysis.smt.logic import Term
from brightline.analysis.smt.space import Space
from brightline.terms.decide import DUTIES
from brightline.terms.supplying import Given, subsets
from brightline.terms.terms import Terms


class Outcomes:
    """The outcomes of `terms` over `space`. `performable`: duties that the gateway can perform, as `decide` takes them.

    Having more never forbids, so the clauses that no approval or duty can matter to are built once for all.
    """

    def __init__(self, space: Space, terms: Terms, performable: Sequence[str] = DUTIES) -> None:
        self.space, self.terms = space, terms
        bits = terms.scope.vocabulary.bits["duties"]
        self.performable = sum(bits.get(d, 0) for d in set(performable))
        self._deciding = [(c, terms.supplies[r]) for r, c in enumerate(terms.clauses) if c.decides]
        self._allowed: dict[tuple[int, int], Term] = {}
        self._needs: dict[tuple[int, int], Term] = {}

    @cached_property
    def candidates(self) -> Sequence[Given]:
        """Every need that a use can have, that of nothing first; each can matter to some activity."""
        found: dict[Given, None] = {Given(): None}
        for activity in self.terms.scope.vocabulary.activities:
            supply = self.terms.supply(self.terms.applicable(activity))
            for approvals in subsets(supply.approvals):
                for duties in subsets(supply.duties & self.performable):
                    found[Given(approvals, duties)] = None
        return list(found)

    def allowed(self, given: Given) -> Term:
        """`Space.allowed(terms, given)`, with what clauses share built once."""
        supply = self.terms.supply(range(len(self.terms.clauses)))
        key = (given.approvals & supply.approvals, given.duties & supply.duties)
        found = self._allowed.get(key)
        if found is None:
            permits, forbids = self._plain
            for c, s in self._deciding:
                if s.approvals or s.duties:
                    (permits if c.permits else forbids).append(self.space.condition(c, given))
            logic = self.space.logic
            found = self._allowed[key] = logic.every([logic.some(permits), logic.no(logic.some(forbids))])
        return found

    def need(self, given: Given) -> Term:
        """The use is allowed with `given`, no fewer approvals would do with all duties, and no fewer duties, nor as few
        that come before them, with these approvals."""
        key = (given.approvals, given.duties)
        found = self._needs.get(key)
        if found is None:
            found = self._needs[key] = self.space.logic.every(self._need(given))
        return found

    def _need(self, given: Given) -> list[Term]:
        logic = self.space.logic
        out = [self.allowed(given)]
        rest = given.approvals
        while rest:
            one = rest & -rest
            rest ^= one
            out.append(logic.no(self.allowed(Given(given.approvals & ~one, self.performable))))
        reach = self.terms.supply(range(len(self.terms.clauses))).duties & self.performable
        for duties in subsets(reach):
            if duties == given.duties:
                break
            out.append(logic.no(self.allowed(Given(given.approvals, duties))))
        return out

    @property
    def permitted(self) -> Term:
        """Allowed without any approval, given duties that the gateway performs."""
        return self.allowed(Given(0, self.performable))

    @property
    def denied(self) -> Term:
        """Not allowed whatever is approved and performed; `ask` is part of it."""
        roles = self.terms.supply(range(len(self.terms.clauses))).approvals
        return self.space.logic.no(self.allowed(Given(roles, self.performable)))

    @property
    def held(self) -> Term:
        """Neither: allowed once some approvals are given."""
        logic = self.space.logic
        return logic.every([logic.no(self.permitted), logic.no(self.denied)])

    @cached_property
    def _shared(self) -> tuple[Term, Term]:
        plain = [c for c, s in self._deciding if not (s.approvals or s.duties)]
        logic, condition = self.space.logic, self.space.condition
        # `given` of nothing: what no approval or duty can matter to reads the same under any
        permits = logic.some([condition(c, Given()) for c in plain if c.permits])
        return permits, logic.some([condition(c, Given()) for c in plain if not c.permits])

    @property
    def _plain(self) -> tuple[list[Term], list[Term]]:
        permits, forbids = self._shared
        return [permits], [forbids]
