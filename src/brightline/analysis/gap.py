"""Where two terms differ: every use on which they do, in regions (DESIGN section 4, `compare`).

Law: the regions found are sound (everywhere in one, either side says what is listed), and, unless the search was
stopped, complete: they hold every use on which the outcome, the needs or the duties differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from brightline.analysis.boxes import Kind, Space
from brightline.analysis.covering import Exhausted, Steps, covers, uncovered
from brightline.analysis.regions import Region, region
from brightline.analysis.sides import Block, Side
from brightline.vocabulary.module import UNKNOWN

MAX_REGIONS = 10_000  # more than anyone can read; each is put to closures and engine before it is shown
Stop = Callable[[str], bool]
"""Told how far the work is; true if it is to stop."""


@dataclass(frozen=True, slots=True)
class Gap:
    """`regions`: on which the two differ, in the order found. `same`: regions in which they are content with other
    supplies, of which the outcome, needs and duties do not show any. `complete`: nothing was left unsearched."""

    regions: tuple[Region, ...]
    same: tuple[Region, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """Uses that one side may allow while a block of the other stands in the way: `box` without `holes`."""

    box: int
    holes: Sequence[int]
    blocks: tuple[Block, ...]


def gap(space: Space, sides: Sequence[Side], most: int, stop: Stop) -> Gap:
    """All regions on which `sides` do not all say the same, none of them covered by the others. `most`: steps."""
    found: list[Region] = []
    holes: list[int] = list(space.impossible)
    every = list(pieces(space, sides))
    done, complete = 0, True

    def halted() -> bool:
        return stop(f"{done} of {len(every)} pairs of clauses, {len(found)} kinds of use")

    steps = Steps(most, halted)
    try:
        for n, piece in enumerate(every):
            done = n
            if halted():
                raise Exhausted
            inside = [h for h in piece.holes if space.meets(h, piece.box)]
            inside += [h for h in holes if space.meets(h, piece.box)]
            for free in uncovered(space, piece.box, inside, steps):
                if len(found) == MAX_REGIONS:
                    raise Exhausted
                new = region(space, sides, natural(space, free), piece.blocks)
                found.append(new)
                holes.append(new.box)
                inside.append(new.box)
    except Exhausted:
        complete = False
    differing = [r for r in found if not _agree(sides, r)]
    same = [r for r in found if _agree(sides, r)]
    return Gap(tuple(irredundant(space, differing, steps)), tuple(same), complete)


def _agree(sides: Sequence[Side], r: Region) -> bool:
    """Whether outcome, needs and duties are the same to all."""
    if all(w == r.ways[0] for w in r.ways):
        return True
    first, *others = (s.signature(w) for s, w in zip(sides, r.ways, strict=True))
    return all(o == first for o in others)


def pieces(space: Space, sides: Sequence[Side]) -> Iterator[Piece]:
    """Where one side may allow what another does not; empty ones left out."""
    for x, y in permutations(sides, 2):
        off: dict[int, list[int]] = {}

        def avoided(supply: int, x: Side = x, off: dict[int, list[int]] = off) -> list[int]:
            """The forbids of `x` that this supply does not lift."""
            if supply not in off:
                off[supply] = [f.box for f in x.forbids if not f.supply & supply]
            return off[supply]

        # 1. a forbid stands in the way: of all supplies, those that do not lift it are most of use to the other side
        for f in y.forbids:
            supply = y.everything & ~f.supply
            yield from _between(space, x, f.box, supply, avoided(supply), (f,))
        # 2. or no permit is whole
        for lacking, activities in y.silences(space).items():
            supply = y.everything & ~lacking
            permits = [p.box for p in y.permits if not p.supply & ~supply]
            yield from _between(space, x, activities, supply, [*avoided(supply), *permits], ())


def _between(
    space: Space, x: Side, box: int, supply: int, off: Sequence[int], blocks: tuple[Block, ...]
) -> Iterator[Piece]:
    for p in x.permits:
        both = p.box & box
        if p.supply & ~supply or not space.meets(both, both) or any(h & both == both for h in off):
            continue
        yield Piece(both, off, (*blocks, p))


def natural(space: Space, box: int) -> int:
    """The use of a box of which the least is stated: `unknown`, nothing in a set, the least number."""
    out = 0
    for f in space.fields:
        chosen = f.chosen(box)
        best = chosen[0]
        if (f.kind is Kind.VALUE and f.values[chosen[-1]] == UNKNOWN) or f.kind in (Kind.COMPONENT, Kind.MODEL):
            best = chosen[-1]
        out |= 1 << (f.at + best)
    return out


def irredundant(space: Space, regions: Sequence[Region], steps: Steps) -> list[Region]:
    """`regions` without those that the others cover; the narrowest are tried first.

    Where steps run out, only without those that lie in another: what is left is still sound and as complete as before.
    """
    # regions on which something else is said have no use in common
    alike: dict[object, dict[int, None]] = {}
    for r in regions:
        alike.setdefault(r.ways, {})[r.box] = None
    ones, guards = space.ones, space.guards
    for boxes in alike.values():
        for box in sorted(boxes, key=lambda b: (-space.outside(space.full, b).bit_count(), b.bit_count(), b)):
            try:
                others = [o for o in boxes if ((o & box) + ones) & guards == guards and o != box]
                covered = covers(space, others, box, steps) if others else False
            except Exhausted:
                covered = any(o & box == box for o in boxes if o != box)
            if covered:
                del boxes[box]
    return [r for r in regions if r.box in alike[r.ways]]
