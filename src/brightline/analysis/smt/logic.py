"""Z3's Boolean terms, built without the checks and copies of its Python layer, which would cost most of the time.

Each Logic has a Z3 context of its own: what one problem's terms are numbered never depends on what was built before, so
answers are the same on every run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import z3

Term: TypeAlias = Any
"""A Z3 term (`z3.BoolRef`, or `z3.ArithRef` of a number); z3 has no types for mypy."""


FEW = 48  # more than the activities of all modules; a pack may declare a thousand components


class Logic:
    """A Z3 context with true, false, and, or, not. Terms of two of them do not mix."""

    def __init__(self) -> None:
        self.context = z3.Context()
        self._ref = self.context.ref()
        self.true: Term = z3.BoolVal(True, self.context)
        self.false: Term = z3.BoolVal(False, self.context)

    def bit(self, name: str) -> Term:
        """A Boolean constant."""
        return z3.Bool(name, self.context)

    def number(self, name: str) -> Term:
        """An integer constant."""
        return z3.Int(name, self.context)

    def every(self, parts: Sequence[Term]) -> Term:
        """All of `parts`; true of none."""
        if len(parts) < 2:
            return parts[0] if parts else self.true
        return z3.BoolRef(z3.Z3_mk_and(self._ref, len(parts), _array(parts)), self.context)

    def some(self, parts: Sequence[Term]) -> Term:
        """Any of `parts`; false of none."""
        if len(parts) < 2:
            return parts[0] if parts else self.false
        return z3.BoolRef(z3.Z3_mk_or(self._ref, len(parts), _array(parts)), self.context)

    def no(self, part: Term) -> Term:
        """Not `part`."""
        return z3.BoolRef(z3.Z3_mk_not(self._ref, part.as_ast()), self.context)

    def same(self, a: Term, b: Term) -> Term:
        """`a` iff `b`."""
        return z3.BoolRef(z3.Z3_mk_eq(self._ref, a.as_ast(), b.as_ast()), self.context)

    def one(self, parts: Sequence[Term]) -> Term:
        """Exactly one of `parts`: pair by pair where they are few, so that unit propagation sees it all."""
        if len(parts) > FEW:
            return self.every([self.some(parts), self.at_most(parts, 1)])
        pairs = [self.some([self.no(a), self.no(b)]) for i, a in enumerate(parts) for b in parts[:i]]
        return self.every([self.some(parts), *pairs])

    def at_most(self, parts: Sequence[Term], most: int) -> Term:
        """No more than `most` of `parts`."""
        return z3.BoolRef(z3.Z3_mk_atmost(self._ref, len(parts), _array(parts), most), self.context)

    def true_in(self, model: Term, term: Term) -> bool:
        """Whether `term` is true in a Z3 model, in which what nothing turns on is false."""
        out = (z3.Ast * 1)()
        z3.Z3_model_eval(self._ref, model.model, term.as_ast(), True, out)
        return bool(out[0].value == self.true.as_ast().value)  # terms are unique in their context

    def put(self, term: Term, values: Mapping[Term, Term]) -> Term:
        """`term` with each constant of `values` replaced by its value."""
        return z3.substitute(term, *values.items()) if values else term


def _array(parts: Sequence[Term]) -> Any:
    return (z3.Ast * len(parts))(*[p.as_ast() for p in parts])
