"""Choosing among yes-or-no variables under rules and sums: the outer half of the search for a compromise.

Variables are 1, 2, 3, …; a literal is a variable or its negative, as in DIMACS. Answers are the solver's own: a caller
that wants the same answer whatever the solver's moods asks for the first in an order of its own (`search.first`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import z3

from brightline.analysis.smt.search import UNKNOWN, Unknown

RLIMIT = 20_000_000
"""Z3's own count of work for one pick: a few seconds."""
QUICK = 200_000


Picked: TypeAlias = frozenset[int] | Literal[Unknown.UNKNOWN] | None


_Pairs: TypeAlias = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """low <= the weights of the variables chosen, added up <= high."""

    weights: Mapping[int, int]
    low: int | None = None
    high: int | None = None


class Choosing:
    """`count` variables, and rules that stay. Has a Z3 context of its own."""

    def __init__(self, count: int) -> None:
        self._context = z3.Context()
        self._ref = self._context.ref()
        self._solver = z3.SimpleSolver(ctx=self._context)
        self._solver.set("random_seed", 0)
        self._bits = [z3.Bool(f"x{i}", self._context) for i in range(1, count + 1)]
        self._nots = [z3.Not(b) for b in self._bits]
        self._decls = [b.decl().ast for b in self._bits]
        self._assumed: list[int] = []
        self._sums: dict[tuple[_Pairs, int], Any] = {}
        self._weights: dict[int, tuple[Mapping[int, int], tuple[_Pairs, _Pairs, int]]] = {}

    def rule(self, literals: Iterable[int]) -> None:
        """At least one of `literals` is true; none at all can never be met."""
        some = [self._literal(x) for x in literals]
        asts = (z3.Ast * len(some))(*[t.as_ast() for t in some])
        self._solver.add(z3.BoolRef(z3.Z3_mk_or(self._ref, len(some), asts), self._context))

    def exactly_one(self, variables: Sequence[int]) -> None:
        self.rule(variables)
        for i, a in enumerate(variables):
            for b in variables[:i]:
                self.rule([-a, -b])

    def pick(self, assumed: Iterable[int], sums: Sequence[Sum] = (), *, rlimit: int = RLIMIT) -> Picked:
        """The variables that are true in some choice within the rules, `assumed` and `sums`; None iff there is none."""
        self._solver.set("rlimit", rlimit)
        self._assumed = list(assumed)
        switches = [switch for s in sums for switch in self._switches(s)]
        if None in switches:
            self._assumed = []
            return None
        some = [*map(self._literal, self._assumed), *switches]
        asts = (z3.Ast * len(some))(*[t.as_ast() for t in some])
        answer = z3.Z3_solver_check_assumptions(self._ref, self._solver.solver, len(some), asts)
        if answer == z3.Z3_L_UNDEF:
            return UNKNOWN
        if answer == z3.Z3_L_FALSE:
            return None
        model = self._solver.model().model
        return frozenset(i for i, decl in enumerate(self._decls, 1) if self._is_true(model, decl))

    def core(self) -> frozenset[int]:
        """Those of the last pick's assumptions that cannot stand together; it found none. Not always the fewest."""
        found = {t.get_id() for t in self._solver.unsat_core()} if self._assumed else set()
        return frozenset(x for x in self._assumed if self._literal(x).get_id() in found)

    def _is_true(self, model: Any, decl: Any) -> bool:
        value = z3.Z3_model_get_const_interp(self._ref, model, decl)
        return bool(value) and z3.Z3_get_bool_value(self._ref, value) == z3.Z3_L_TRUE

    def _switches(self, s: Sum) -> Iterator[Any]:
        """Assumptions under which the sum is within its bounds; None where it never can be."""
        pairs, rest, total = self._weighed(s.weights)
        if s.high is not None and s.high < total:
            yield self._at_most(pairs, s.high, total)
        if s.low is not None and s.low > 0:
            # at least `low` chosen is at most the rest not chosen
            yield self._at_most(rest, total - s.low, total)

    def _weighed(self, weights: Mapping[int, int]) -> tuple[_Pairs, _Pairs, int]:
        """The literals with their weights, the same negated, and the sum of all; made once for each mapping."""
        known = self._weights.get(id(weights))
        if known is None:
            pairs = tuple((x, w) for x, w in weights.items() if w)
            weighed = pairs, tuple((-x, w) for x, w in pairs), sum(w for _, w in pairs)
            known = self._weights[id(weights)] = (weights, weighed)  # with the mapping, so that its id stays its own
        return known[1]

    def _at_most(self, pairs: _Pairs, high: int, total: int) -> Any:
        """A switch, made once: while it is on, the weights of the literals that are true add up to `high` at most."""
        if high < 0:
            return None
        switch = self._sums.get((pairs, high))
        if switch is None:
            switch = self._sums[pairs, high] = z3.Bool(f"s{len(self._sums)}", self._context)
            terms = [*(self._literal(x) for x, _ in pairs), switch]
            weights = [*(w for _, w in pairs), total - high]
            asts = (z3.Ast * len(terms))(*[t.as_ast() for t in terms])
            bound = z3.Z3_mk_pble(self._ref, len(terms), asts, (ctypes.c_int * len(terms))(*weights), total)
            self._solver.add(z3.BoolRef(bound, self._context))
        return switch

    def _literal(self, literal: int) -> Any:
        return self._bits[literal - 1] if literal > 0 else self._nots[-literal - 1]
