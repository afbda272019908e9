"""Which approvals, duties and exceptions would turn a use into an allowed one: all minimal sets.

Sound and complete because having more never forbids (the profile's polarity), so "allowed" is monotone in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from brightline.terms.compiled import Supply
from brightline.terms.formula import holds
from brightline.terms.terms import Terms


@dataclass(frozen=True, slots=True)
class Given:
    """Bits to add to a use: one way to have it allowed."""

    approvals: int = 0
    duties: int = 0
    exceptions: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One encoded use of one activity under terms, and the duties (bits) that this gateway can perform.

    `permits`, `forbids`: the clauses that apply to it as it is, as bits by rank.
    """

    terms: Terms
    activity: str
    v: Sequence[int]
    performable: int
    permits: int
    forbids: int
    standing: Sequence[int] = field(init=False)
    hopes: Sequence[int] = field(init=False)

    def __post_init__(self) -> None:
        """What can matter is what stands in the way: with more supplied, a forbid that does not apply never will, and a
        permit that applies always will."""
        hopes = [] if self.permits else [i for i in self.applicable if self.terms.clauses[i].permits]
        object.__setattr__(self, "standing", ranks(self.forbids))
        object.__setattr__(self, "hopes", hopes)

    @property
    def applicable(self) -> Sequence[int]:
        return self.terms.applicable(self.activity)

    @property
    def reach(self) -> Supply:
        """What to supply can matter to the use as it is."""
        out = self.terms.supply([*self.standing, *self.hopes])
        return Supply(out.approvals, out.duties & self.performable, out.exceptions)

    def supplied(self, given: Given) -> list[int]:
        """The encoded use with `given` added."""
        index = self.terms.scope.vocabulary.index
        v = list(self.v)
        v[index["approvals"]] |= given.approvals
        v[index["duties"]] |= given.duties
        v[index["exceptions"]] |= given.exceptions
        return v

    def stubborn(self, given: Given) -> int:
        """The forbids that still apply with `given` added, as bits by rank."""
        v, clauses = self.supplied(given), self.terms.clauses
        return sum(1 << i for i in self.standing if holds(clauses[i].condition, v))

    def permitting(self, given: Given) -> int:
        """The permits that apply as it is; where there are none, those that do with `given` added."""
        v, clauses = self.supplied(given), self.terms.clauses
        return self.permits or sum(1 << i for i in self.hopes if holds(clauses[i].condition, v))

    def allows(self, given: Given) -> bool:
        return not self.stubborn(given) and bool(self.permitting(given))

    def ways(self, exceptions: int = 0) -> Iterator[Given]:
        """Every minimal set of approvals with its fewest duties, `exceptions` given; smallest first."""
        reach = self.reach
        found: list[int] = []
        for approvals in subsets(reach.approvals):
            if any(f & approvals == f for f in found):
                continue
            if not self.allows(Given(approvals, reach.duties, exceptions)):
                continue
            found.append(approvals)
            each = (Given(approvals, duties, exceptions) for duties in subsets(reach.duties))
            yield next(given for given in each if self.allows(given))


def subsets(bits: int) -> Iterator[int]:
    """All subsets of `bits`: fewest first, then in vocabulary order."""
    each = [1 << i for i in ranks(bits)]
    for size in range(len(each) + 1):
        for chosen in combinations(each, size):
            yield sum(chosen)


def ranks(bits: int) -> list[int]:
    """The places of the bits set."""
    return [i for i in range(bits.bit_length()) if bits >> i & 1]
