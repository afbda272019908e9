"""Which approvals, duties and exceptions would turn a use into an allowed one: all minimal sets.

Sound and complete because having more never forbids (the profile's polarity), so "allowed" is monotone in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from brightline.terms.compiled import Supply, ranks
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
    reach: Supply = field(init=False)

    def __post_init__(self) -> None:
        """What can matter is what stands in the way: with more supplied, a forbid that does not apply never will, and a
        permit that applies always will. `reach`: what to supply to that can help."""
        standing = ranks(self.forbids)
        hopes = [] if self.permits else [i for i in self.applicable if self.terms.clauses[i].permits]
        supply = self.terms.supply([*standing, *hopes])
        object.__setattr__(self, "standing", standing)
        object.__setattr__(self, "hopes", hopes)
        object.__setattr__(self, "reach", replace(supply, duties=supply.duties & self.performable))

    @property
    def applicable(self) -> Sequence[int]:
        return self.terms.applicable(self.activity)

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
        v = self.supplied(given)
        return sum(1 << i for i in self.standing if self.terms.condition(i)(v))

    def permitting(self, given: Given) -> int:
        """The permits that apply as it is; where there are none, those that do with `given` added."""
        v = self.supplied(given)
        return self.permits or sum(1 << i for i in self.hopes if self.terms.condition(i)(v))

    def allows(self, given: Given) -> bool:
        v, condition = self.supplied(given), self.terms.condition
        for i in self.standing:
            if condition(i)(v):
                return False
        return bool(self.permits) or any(condition(i)(v) for i in self.hopes)

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
