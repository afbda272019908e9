"""The solver's word on a text: it meets a requirement over all uses, a use breaks it, or that is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from brightline.analysis.brief import Requirement
from brightline.analysis.cover import Point
from brightline.analysis.smt import UNKNOWN, Search, Space, Term, Unknown, find
from brightline.terms import DUTIES, Scope
from brightline.terms.clause import Clause


class Proof:
    """One space for all texts of a scope."""

    def __init__(self, scope: Scope) -> None:
        self._space = Space(scope)

    def broken(
        self, text: Sequence[Clause], requirements: Sequence[Requirement]
    ) -> Requirement | Literal[Unknown.UNKNOWN] | None:
        """None iff every use meets every requirement; else the first that some use breaks."""
        allowed = self._allowed(text)
        search = Search(self._space)
        # 1. all at once: nothing breaks any
        each = [self._breaks(r, allowed) for r in requirements]
        answer = search.check(self._space.logic.some(each))
        if answer is UNKNOWN:
            return UNKNOWN
        # 2. or which it is
        return next((r for r, term in zip(requirements, each, strict=True) if answer and search.true(term)), None)

    def breach(self, text: Iterable[Clause], requirement: Requirement) -> Point | Literal[Unknown.UNKNOWN] | None:
        """A use that breaks `requirement`; None iff there is none."""
        use = find(self._space, self._breaks(requirement, self._allowed(text)))
        if use is None or use is UNKNOWN:
            return use
        return Point(use.activity, tuple(self._space.scope.encode(use)))

    def _allowed(self, text: Iterable[Clause]) -> Term:
        """`Space.allowed`, of clauses that are no terms yet."""
        logic, each = self._space.logic, [(c.permits, self._space.condition(c)) for c in text]
        return logic.every(
            [logic.some([t for permits, t in each if permits]), logic.no(logic.some([t for p, t in each if not p]))]
        )

    def _breaks(self, requirement: Requirement, allowed: Term) -> Term:
        """As `analysis.check` reads a property."""
        space, logic = self._space, self._space.logic
        inside = space.condition(requirement.clause)
        if not requirement.clause.permits:
            return logic.every([inside, allowed])
        index, names = space.scope.vocabulary.index, space.scope.vocabulary.facts["duties"].names
        duties = [t for d, t in zip(names, space.values[index["duties"]], strict=True) if d in DUTIES]
        return logic.every([inside, *duties, logic.no(allowed)])
