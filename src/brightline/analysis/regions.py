"""Regions: the largest boxes around a use in which the terms of both sides say what they say of it.

Sound by construction: a region lies inside the blocks that make the outcome, and apart from every block that would
change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from brightline.analysis.boxes import Field, Kind, Space
from brightline.analysis.sides import Block, Side, Supply, labels, ways


@dataclass(frozen=True, slots=True)
class Region:
    """A box of uses, and for each side the minimal supplies that have any of them allowed."""

    box: int
    ways: tuple[tuple[Supply, ...], ...]


def region(space: Space, sides: Sequence[Side], use: int, favoured: Sequence[Block]) -> Region:
    """A prime region around a use (a box of one): no fact of it can take one value more, for the blocks chosen.

    `favoured`: blocks that the region should lie in where a side has a choice.
    """
    within, off, said = space.full, [], []
    for side in sides:
        found, inside, outside = _reasons(space, side, use, favoured)
        within &= inside
        off += outside
        said.append(found)
    return Region(_widest(space, use, within, [n for n in off if space.meets(n, within)]), tuple(said))


def _reasons(
    space: Space, side: Side, use: int, favoured: Sequence[Block]
) -> tuple[tuple[Supply, ...], int, list[int]]:
    """(ways, the box of the blocks that make them so, the boxes that would change them)."""
    permits, forbids = side.around(use)
    p, f = labels(permits), labels(forbids)
    found = ways(p, f)
    # 1. denied whatever is supplied: by one forbid, else for want of a permit
    if not found:
        finals = [x for x in forbids if not x.supply]
        if finals:
            return found, _best(space, finals, favoured).box, []
        return found, space.full, [x.box for x in side.permits]
    # 2. else by as few labels as say the same, with one block of each
    for label in sorted(f):
        if ways(p, f - {label}) == found:
            f -= {label}
    for label in sorted(p):
        if len(p) > 1 and ways(p - {label}, f) == found:
            p -= {label}
    within = space.full
    for some, which in ((permits, p), (forbids, f)):
        for label in sorted(which):
            within &= _best(space, [x for x in some if x.supply == label], favoured).box
    # 3. any other block of a label that says otherwise would change it
    off = [x.box for x in side.forbids if x.supply not in f and ways(p, f | {x.supply}) != found]
    off += [x.box for x in side.permits if x.supply not in p and ways(p | {x.supply}, f) != found]
    return found, within, off


def _best(space: Space, some: Sequence[Block], favoured: Sequence[Block]) -> Block:
    """A favoured one, else the one that asks the fewest facts, else the widest, else the first."""

    def asks(x: Block) -> tuple[bool, int, int, int, int]:
        return x not in favoured, space.outside(space.full, x.box).bit_count(), -x.box.bit_count(), x.rank, x.box

    return min(some, key=asks)


def _widest(space: Space, use: int, within: int, off: Sequence[int]) -> int:
    """A prime box inside `within`, around `use`, apart from all of `off`."""
    # 1. narrow the fact that keeps most of them away, and so on until all are
    box, left = within, list(off)
    while left:
        count: dict[int, int] = {}
        for n in left:
            guards = space.apart(use, n)
            while guards:
                low = guards & -guards
                count[low] = count.get(low, 0) + 1
                guards ^= low
        chosen = max(count, key=lambda g: (count[g], -g))
        f = space.by_guard[chosen]
        here = [n for n in left if space.apart(use, n) & chosen]
        for n in here:
            box &= ~(n & f.mask)
        box = _whole(f, box, use)
        left = [n for n in left if not space.apart(use, n) & chosen]
    # 2. widen again, fact by fact: whatever value is not the last thing that keeps one of them away
    for f in space.fields_in(space.outside(within, box)):
        barred = 0
        for n in off:
            if space.apart(box, n) == f.guard:
                barred |= n
        box |= within & f.mask & ~barred
        box = _whole(f, box, use)
    return box


def _whole(f: Field, box: int, use: int) -> int:
    """A range of numbers has no gap: what is cut off from the use's own falls away."""
    if f.kind is not Kind.NUMBER:
        return box
    bits, at = f.of(box), f.of(use)
    low = high = at.bit_length() - 1
    while low and bits >> (low - 1) & 1:
        low -= 1
    while bits >> (high + 1) & 1:
        high += 1
    return (box & ~f.mask) | (((1 << (high + 1)) - (1 << low)) << f.at)
