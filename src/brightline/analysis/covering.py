"""What of a box other boxes leave uncovered: the disjoint sharp of positional cubes, depth first, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from brightline.analysis.boxes import Space


class Exhausted(Exception):  # noqa: N818 - not an error: an answer that was not found within bounds
    """More steps than were allowed, or somebody asked to stop."""


@dataclass(slots=True)
class Steps:
    """How many steps may still be made: a bound that is the same on every machine, as time is not. `halted`: asked now
    and then whether to stop before."""

    left: int
    halted: Callable[[], bool] = lambda: False

    def take(self) -> None:
        """Raises Exhausted when none is left, or when it is to stop."""
        self.left -= 1
        if self.left < 0 or (not self.left % OFTEN and self.halted()):
            raise Exhausted


OFTEN = 512


def uncovered(space: Space, box: int, holes: list[int], steps: Steps) -> Iterator[int]:
    """Boxes that together hold every use of `box` outside `holes`, one after the other, each free of holes.

    `holes` may grow while this runs: what was added since is left out of what follows, and a box that was given is
    looked at again, for its reader may have filled but a part of it. Raises Exhausted.
    """
    todo: list[tuple[int, Sequence[int], int]] = [(box, (), 0)]
    while todo:
        piece, some, seen = todo.pop()
        steps.take()
        # 1. what holes meet it, those added since included
        facing = _facing(space, piece, [*some, *holes[seen:]])
        seen = len(holes)
        if facing is None:
            continue
        piece, meeting, best = facing
        # 2. split beside the hole that leaves the fewest parts
        if meeting:
            todo += reversed([(part, meeting, seen) for part in _beside(space, piece, best)])
            continue
        # 3. free of holes: given away, and looked at again for what its reader did not fill
        yield piece
        if len(holes) > seen:
            todo.append((piece, (), seen))


def _facing(space: Space, piece: int, holes: Sequence[int]) -> tuple[int, list[int], int] | None:
    """(`piece` without what single facts cut off, holes that meet it, of them the one that leaves the fewest parts);
    None where the holes leave nothing. A hole that leaves a part in one fact only cuts there and is done with."""
    ones, guards, by_guard = space.ones, space.guards, space.by_guard
    while True:
        meeting: list[int] = []
        best, fewest, before = 0, 1 << 30, piece
        for h in holes:
            if ((piece & h) + ones) & guards != guards:
                continue
            out = ((piece & ~h) + ones) & guards
            count = out.bit_count()
            if not count:
                return None
            if count == 1:
                piece &= ~(h & by_guard[out].mask)
                continue
            meeting.append(h)
            if count < fewest:
                best, fewest = h, count
        if piece == before:
            return piece, meeting, best
        holes = meeting


def _beside(space: Space, piece: int, hole: int) -> Iterator[int]:
    """Disjoint boxes that hold what of `piece` is not in `hole`."""
    for f in space.fields_in(space.outside(piece, hole)):
        yield piece & ~(hole & f.mask)
        piece &= hole | ~f.mask


def covers(space: Space, boxes: Sequence[int], box: int, steps: Steps) -> bool:
    """Whether every use of `box` lies in one of `boxes`. Raises Exhausted."""
    return next(uncovered(space, box, [*boxes, *space.impossible], steps), None) is None
