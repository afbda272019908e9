"""Choosing among yes-or-no variables under rules and sums: the outer half of the search for a compromise.

Variables are 1, 2, 3, …; a literal is a variable or its negative, as in DIMACS. Answers are the solver's own: a caller
that wants the same answer whatever the solver's moods asks for the first in an order of its own (`search.first`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import z3

from brightline.analysis.smt.search import RLIMIT, UNKNOWN, Unknown


@dataclass(frozen=True, slots=True)
class Sum:
    """low <= the weights of the variables chosen, added up <= high."""

    weights: Mapping[int, int]
    low: int | None = None
    high: int | None = None


class Choosing:
    """`count` variables, and rules that stay. Has a Z3 context of its own."""

    def __init__(self, count: int, rlimit: int = RLIMIT) -> None:
        self._context = z3.Context()
        self._solver = z3.SolverFor("QF_FD", self._context)
        self._solver.set("random_seed", 0)
        self._solver.set("rlimit", rlimit)
        self._bits = [z3.Bool(f"x{i}", self._context) for i in range(1, count + 1)]
        self._nots = [z3.Not(b) for b in self._bits]

    def rule(self, literals: Iterable[int]) -> None:
        """At least one of `literals` is true; none at all can never be met."""
        self._solver.add(z3.Or([z3.BoolVal(False, self._context), *map(self._literal, literals)]))

    def exactly_one(self, variables: Sequence[int]) -> None:
        self.rule(variables)
        for i, a in enumerate(variables):
            for b in variables[:i]:
                self.rule([-a, -b])

    def pick(
        self, assumed: Iterable[int], sums: Sequence[Sum] = ()
    ) -> frozenset[int] | Literal[Unknown.UNKNOWN] | None:
        """The variables that are true in some choice within the rules, `assumed` and `sums`; None iff there is none."""
        self._solver.push()
        try:
            for s in sums:
                self._bound(s)
            answer = self._solver.check(*map(self._literal, assumed))
            if answer == z3.unknown:
                return UNKNOWN
            if answer == z3.unsat:
                return None
            model = self._solver.model()
            return frozenset(i for i, b in enumerate(self._bits, 1) if z3.is_true(model[b]))
        finally:
            self._solver.pop()

    def _bound(self, s: Sum) -> None:
        pairs = [(self._bits[i - 1], w) for i, w in s.weights.items() if w]
        total = sum(w for _, w in pairs)
        if s.low is not None and s.low > 0:
            self._solver.add(z3.PbGe(pairs, s.low) if pairs else z3.BoolVal(False, self._context))
        if s.high is not None and s.high < total:
            self._solver.add(z3.PbLe(pairs, s.high) if s.high >= 0 else z3.BoolVal(False, self._context))

    def _literal(self, literal: int) -> object:
        return self._bits[literal - 1] if literal > 0 else self._nots[-literal - 1]
