"""One party's terms as boxes, and what they say of a use as the supplies that would have it allowed.

A forbid's box is *lifted* by any one of some approvals and duties; a permit's box *needs* all of some. So a supply has
a use allowed iff it lifts every forbid's box that the use lies in and is all that some permit's box around it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from brightline.analysis.boxes import Space
from brightline.terms.clause import MAX_CUBES
from brightline.terms.compiled import ranks
from brightline.terms.cubes import Members, cubes
from brightline.terms.outcome import Need, Outcome
from brightline.terms.terms import Terms

Supply: TypeAlias = int
"""Approvals, then duties, as the bits of one integer."""


@dataclass(frozen=True, slots=True)
class Block:
    """One cube of a clause. `supply`: what lifts a forbid, any of it; what a permit needs, all of it."""

    box: int
    supply: Supply
    rank: int


@dataclass(frozen=True, slots=True)
class Signature:
    """What terms say of a use: outcome, needs and duties, and nothing else. An `ask` is a deny."""

    outcome: Outcome
    needs: tuple[Need, ...] = ()
    duties: tuple[str, ...] = ()


@dataclass(frozen=True)
class Side:
    """The clauses of `terms` that decide, as boxes. `performable`: the duties that the gateway can perform."""

    terms: Terms
    permits: tuple[Block, ...]
    forbids: tuple[Block, ...]
    everything: Supply

    def silences(self, space: Space) -> dict[Supply, int]:
        """What must be lacking so that no permit is whole: each such set of supplies that can matter, to the box of
        the activities for which it can. At most 256 for one activity, for the profile lets eight supplies matter."""
        out: dict[Supply, int] = {}
        for activity in self.terms.scope.vocabulary.activities:
            only = space.activities([activity])
            lacking = {0}
            for needed in sorted(labels(p for p in self.permits if space.meets(p.box, only)), key=_order):
                lacking |= {h | 1 << i for h in lacking if not h & needed for i in ranks(needed)}
            for h in sorted(lacking, key=_order):
                out[h] = out.get(h, 0) | only
        return out

    def around(self, use: int) -> tuple[list[Block], list[Block]]:
        """The permits and forbids that a use (a box of one) lies in."""
        return [b for b in self.permits if b.box & use == use], [b for b in self.forbids if b.box & use == use]

    def signature(self, ways: tuple[Supply, ...]) -> Signature:
        """Outcome, needs and duties as `decide` gives them where these are the ways to have a use allowed."""
        words = self.terms.scope.vocabulary
        roles = words.facts["approvals"].names
        duties = words.facts["duties"].names
        found: list[tuple[int, int]] = []
        for approvals in sorted({w & ((1 << len(roles)) - 1) for w in ways}, key=_order):
            if not any(a & approvals == a for a, _ in found):
                some = [w >> len(roles) for w in ways if w & ((1 << len(roles)) - 1) == approvals]
                found.append((approvals, min(some, key=_order)))
        if not found:
            return Signature(Outcome.DENY)
        each = [(tuple(roles[i] for i in ranks(a)), tuple(duties[i] for i in ranks(d))) for a, d in found]
        if not found[0][0]:
            return Signature(Outcome.PERMIT, duties=each[0][1])
        return Signature(Outcome.HOLD, tuple(Need(approvals=a, duties=d) for a, d in each))


def side(space: Space, terms: Terms, performable: Sequence[str]) -> Side:
    """`terms` in the boxes of `space`."""
    words = space.scope.vocabulary
    index, shift = words.index, len(words.facts["approvals"].values)
    able = sum(words.bits["duties"].get(d, 0) for d in set(performable))
    found: dict[bool, list[Block]] = {True: [], False: []}
    for rank, clause in enumerate(terms.clauses):
        if not clause.decides:
            continue
        bound = space.activities(clause.activities)
        for cube in cubes(clause.condition, MAX_CUBES) or ():
            box = space.box(cube) & bound
            asked = [cube.get(index[fact]) for fact in ("approvals", "duties")]
            approvals, duties = [(p.has if clause.permits else p.lacks) if isinstance(p, Members) else 0 for p in asked]
            if clause.permits and duties & ~able:
                continue  # no gateway of this sort can do what it needs
            if space.meets(box, box):
                found[clause.permits].append(Block(box, approvals | (duties & able) << shift, rank))
    return Side(terms, tuple(found[True]), tuple(found[False]), ((1 << shift) - 1) | able << shift)


def labels(blocks: Iterable[Block]) -> frozenset[Supply]:
    """The supplies of blocks, none twice."""
    return frozenset(b.supply for b in blocks)


@cache
def ways(permits: frozenset[Supply], forbids: frozenset[Supply]) -> tuple[Supply, ...]:
    """The minimal supplies that are all of one of `permits` and some of each of `forbids`; fewest first."""
    if 0 in forbids:
        return ()
    found = set(_least(permits))
    for lifts in sorted(_least(forbids), key=_order):
        found = set(_least([w if w & lifts else w | 1 << i for w in found for i in ranks(lifts)]))
    return tuple(sorted(found, key=_order))


def _least(supplies: Iterable[Supply]) -> list[Supply]:
    """Those that hold no other."""
    out: list[Supply] = []
    for s in sorted(set(supplies), key=_order):
        if not any(o & s == o for o in out):
            out.append(s)
    return out


@cache
def _order(supply: Supply) -> tuple[int, tuple[int, ...]]:
    """Fewest first, then in vocabulary order: the order of `terms.supplying.subsets`."""
    return supply.bit_count(), tuple(ranks(supply))
