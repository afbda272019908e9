"""Which approvals, duties and exceptions would turn a use into an allowed one: all minimal sets.

Sound and complete because having more never forbids (the profile's polarity), so "allowed" is monotone in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from brightline.terms.compiled import Match, Supply
from brightline.terms.terms import Terms


@dataclass(frozen=True, slots=True)
class Given:
    """Bits to add to a use: one way to have it allowed."""

    approvals: int = 0
    duties: int = 0
    exceptions: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One encoded use of one activity under terms, and the duties (bits) that this gateway can perform."""

    terms: Terms
    match: Match
    activity: str
    v: Sequence[int]
    performable: int

    def applying(self, given: Given, v: Sequence[int] | None = None) -> tuple[int, int]:
        """(permits, forbids) that apply with `given` added."""
        index = self.terms.scope.vocabulary.index
        full = list(self.v if v is None else v)
        full[index["approvals"]] |= given.approvals
        full[index["duties"]] |= given.duties
        full[index["exceptions"]] |= given.exceptions
        return self.match(full)

    def allows(self, given: Given) -> bool:
        permits, forbids = self.applying(given)
        return bool(permits) and not forbids

    def within_reach(self, permits: int, forbids: int) -> Supply:
        """What can matter: only clauses that stand in the way as the use is.

        A forbid that does not apply now never will with more; a permit that applies now always will.
        """
        ranks = [i for i in range(forbids.bit_length()) if forbids >> i & 1]
        if not permits:
            ranks += [i for i in self.terms.applicable(self.activity) if self.terms.clauses[i].permits]
        out = Supply(0, 0, 0)
        for i in ranks:
            out = out | self.terms.supplies[i]
        return Supply(out.approvals, out.duties & self.performable, out.exceptions)

    def minimal(self, reach: Supply, exceptions: int = 0) -> Iterator[Given]:
        """Every minimal set of approvals with its fewest duties, `exceptions` given; smallest first."""
        found: list[int] = []
        for approvals in subsets(reach.approvals):
            if any(f & approvals == f for f in found):
                continue
            if not self.allows(Given(approvals, reach.duties, exceptions)):
                continue
            for duties in subsets(reach.duties):
                given = Given(approvals, duties, exceptions)
                if self.allows(given):
                    found.append(approvals)
                    yield given
                    break


def subsets(bits: int) -> Iterator[int]:
    """All subsets of `bits`: fewest first, then in vocabulary order."""
    each = [1 << i for i in range(bits.bit_length()) if bits >> i & 1]
    for size in range(len(each) + 1):
        for chosen in combinations(each, size):
            yield sum(chosen)
