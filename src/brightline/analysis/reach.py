"""What terms say with each set of approvals and duties supplied: the plan from which `sql` writes its expression.

The supplies that matter to one activity are at most eight (DESIGN section 3), so every set of them is one of at most
256, and the sets with which a clause applies are bits. Activities whose supplies together are eight share a `Part`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from brightline.terms import Terms
from brightline.terms.formula import FALSE, TRUE, And, Formula, Has, In, Or, conjunction, disjunction, leaves
from brightline.terms.supplying import subsets
from brightline.terms.terms import MAX_SUPPLIED
from brightline.vocabulary import FactKind

Supply = tuple[int, int]
"""Place of the fact (approvals or duties) and the bit of one of its members."""


@dataclass(frozen=True, slots=True)
class Case:
    """One clause's condition with certain sets of its own supplies added: `given` lists those sets."""

    condition: Formula
    given: tuple[frozenset[Supply], ...]


@dataclass(frozen=True)
class Bound:
    """One deciding clause. `cases`: its condition with each set of its own supplies, equal ones together.
    `firm`: where a forbid bites whatever the open facts turn out to be, and with all supplied."""

    rank: int
    permits: bool
    activities: frozenset[str]
    supplies: frozenset[Supply]
    cases: tuple[Case, ...]
    firm: Formula

    def given(self, some: frozenset[Supply]) -> Formula:
        """The condition with `some` of its supplies added."""
        return next(c.condition for c in self.cases if some in c.given)


@dataclass(frozen=True)
class Part:
    """Activities, and the supplies that matter to them: duties first, then approvals, each in vocabulary order."""

    activities: tuple[str, ...]
    duties: tuple[Supply, ...]
    approvals: tuple[Supply, ...]

    @cached_property
    def slots(self) -> Mapping[Supply, int]:
        """Supply → its bit in the number of a set."""
        return {s: 1 << i for i, s in enumerate((*self.duties, *self.approvals))}

    @property
    def all_duties(self) -> int:
        return (1 << len(self.duties)) - 1

    @property
    def everything(self) -> int:
        return (1 << len(self.slots)) - 1

    def number(self, some: frozenset[Supply]) -> int:
        return sum(self.slots[s] for s in some)

    def sets(self, bound: Bound, case: Case) -> Iterator[int]:
        """The numbers of all sets with which `bound` is in `case`."""
        own = self.number(bound.supplies)
        wanted = {self.number(g) for g in case.given}
        return (s for s in range(self.everything + 1) if s & own in wanted)

    @cached_property
    def duty_sets(self) -> Sequence[int]:
        """The numbers of all sets of duties: fewest first, then in vocabulary order."""
        return list(subsets(self.all_duties))

    @cached_property
    def approval_sets(self) -> Sequence[int]:
        """Likewise of approvals, the empty one left out."""
        return [s << len(self.duties) for s in subsets((1 << len(self.approvals)) - 1) if s]

    def bits(self, number: int) -> tuple[int, int]:
        """(approvals, duties) of a set, as the bits of the vocabulary."""
        return (
            sum(bit for (_, bit) in self.approvals if number & self.slots[_, bit]),
            sum(bit for (_, bit) in self.duties if number & self.slots[_, bit]),
        )


def bounds(terms: Terms, performable: int) -> list[Bound]:
    """Every deciding clause by rank. `performable`: bits of the duties that can be performed."""
    index, full = terms.scope.vocabulary.index, {}
    for f in terms.scope.vocabulary.facts.values():
        if f.kind is FactKind.ENUM:
            full[index[f.name]] = sum(terms.scope.vocabulary.bits[f.name][v] for v in f.open)
    out = []
    for rank, c in enumerate(terms.clauses):
        if not c.decides:
            continue
        mine = frozenset(
            (leaf.i, leaf.bit)
            for leaf in leaves(c.condition)
            if isinstance(leaf, Has)
            and (leaf.i == index["approvals"] or (leaf.i == index["duties"] and leaf.bit & performable))
        )
        cases: dict[Formula, list[frozenset[Supply]]] = {}
        for chosen in product((False, True), repeat=len(mine)):
            some = frozenset(s for s, yes in zip(sorted(mine), chosen, strict=True) if yes)
            cases.setdefault(_added(c.condition, some), []).append(some)
        firm = FALSE if c.permits else _firm(_added(c.condition, mine), full, index["claimed"])
        found = tuple(Case(f, tuple(given)) for f, given in cases.items())
        out.append(Bound(rank, c.permits, c.activities, mine, found, firm))
    return out


def parts(terms: Terms, each: Sequence[Bound]) -> list[Part]:
    """All activities, in as few parts as come of taking them in order; nearly always one."""
    index = terms.scope.vocabulary.index
    wanted = {a: frozenset[Supply]() for a in terms.scope.vocabulary.activities}
    for b in each:
        for a in b.activities:
            wanted[a] |= b.supplies
    found: list[tuple[list[str], set[Supply]]] = []
    for a, supplies in wanted.items():
        room = next((p for p in found if len(p[1] | supplies) <= MAX_SUPPLIED), None)
        if room is None:
            found.append(([a], set(supplies)))
        else:
            room[0].append(a)
            room[1].update(supplies)

    def of(fact: str, some: set[Supply]) -> tuple[Supply, ...]:
        return tuple(sorted(s for s in some if s[0] == index[fact]))

    return [Part(tuple(names), of("duties", some), of("approvals", some)) for names, some in found]


def _added(f: Formula, some: frozenset[Supply]) -> Formula:
    """What is left of `f` once `some` supplies are there."""
    match f:
        case Has(i, bit, absent) if (i, bit) in some:
            return FALSE if absent else TRUE
        case And(inner):
            return conjunction(_added(p, some) for p in inner)
        case Or(inner):
            return disjunction(_added(p, some) for p in inner)
        case _:
            return f


def _firm(f: Formula, open_values: Mapping[int, int], claimed: int) -> Formula:
    """Where `residual(f)` is TRUE with all open facts and claims left open (`terms.asking`, `regardless`)."""
    match f:
        case In(i, mask):
            known = mask & ~open_values[i]
            return In(i, known) if known else FALSE
        case Has(i, _, False) if i == claimed:
            return FALSE
        case And(inner):
            return conjunction(_firm(p, open_values, claimed) for p in inner)
        case Or(inner):
            return disjunction(_firm(p, open_values, claimed) for p in inner)
        case _:
            return f
