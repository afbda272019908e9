"""Formulas as cubes: a disjunction of conjunctions that name each fact at most once.

The profile bounds a clause to 64 of them (DESIGN section 3), which bounds everything that is read off clauses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from brightline.terms.formula import And, Between, Formula, Has, In, Or, leaves


@dataclass(frozen=True, slots=True)
class Members:
    """The set at `i` contains all of `has` and none of `lacks` (bits)."""

    i: int
    has: int
    lacks: int


MAX_TRIED = 8  # cubes tried, for each that a formula may have


Part: TypeAlias = In | Members | Between
Cube: TypeAlias = dict[int, Part]


def cubes(f: Formula, limit: int) -> list[Cube] | None:
    """`f` as at most `limit` cubes, none inside another; None where it takes more, or far more on the way."""
    found = _cubes(f, limit, [MAX_TRIED * limit], _narrowing(f))
    return None if found is None else [cube for cube, _ in found]


_Narrowed: TypeAlias = tuple[Cube, int]
"""A cube, and what it rules out, one bit each: a cube is inside another iff it rules out all that the other does."""


def _cubes(f: Formula, limit: int, left: list[int], bits: Callable[[Part], int]) -> list[_Narrowed] | None:
    """`left`: how many cubes may still be tried. Lists that absorb each other try thousands and keep few."""
    match f:
        case And(parts):
            out: list[_Narrowed] | None = [({}, 0)]
            for p in parts:
                more = _cubes(p, limit, left, bits)
                if more is None or out is None or not _spend(left, len(out), len(more)):
                    return None
                out = _absorbed(((a, b, x | y) for a, x in out for b, y in more), limit)
            return out
        case Or(parts):
            each: list[_Narrowed] = []
            for p in parts:
                more = _cubes(p, limit, left, bits)
                if more is None or not _spend(left, 1, len(more)):
                    return None
                each += more
            return _absorbed(((cube, {}, ruled) for cube, ruled in each), limit)
        case Has(i, bit, absent):
            part = Members(i, 0, bit) if absent else Members(i, bit, 0)
            return [({i: part}, bits(part))]
        case In() | Between():
            return [({f.i: f}, bits(f))]


def _spend(left: list[int], some: int, more: int) -> bool:
    """Whether so many cubes may still be tried; a single one beside others costs no more than it takes to write it."""
    left[0] -= some * more if more > 1 else 0
    return left[0] >= 0


def meet(a: Cube, b: Cube) -> Cube | None:
    """Both cubes at once; None where they contradict each other."""
    out = dict(a)
    for i, part in b.items():
        mine = out.get(i)
        both = part if mine is None else _both(mine, part)
        if both is None:
            return None
        out[i] = both
    return out


def _absorbed(many: Iterable[tuple[Cube, Cube, int]], limit: int) -> list[_Narrowed] | None:
    """The cubes where two meet, with what both rule out: without those inside another, of equal ones the first; None
    where that leaves more than `limit`.

    Gives up at four times as many on the way: two lists of 64 would otherwise keep a machine busy for a minute.
    """
    out: list[_Narrowed] = []
    for a, b, mine in many:
        if any(mine & other == other for _, other in out):
            continue  # asked first, for most end here: inside another, a contradiction need not be found out
        cube = meet(a, b)
        if cube is None:
            continue
        out = [kept for kept in out if mine & kept[1] != mine]
        out.append((cube, mine))
        if len(out) > 4 * limit:
            return None
    return out if len(out) <= limit else None


def _narrowing(f: Formula) -> Callable[[Part], int]:
    """What a part of any cube of `f` rules out, as bits: what two parts rule out together is the `or` of theirs.

    Inclusion is asked millions of times for 512 clauses at the limit; over bits it costs one comparison. Each fact has
    a stretch of bits: one for being named at all, and one for each value excluded, member demanded or barred, or bound
    of the formula passed.
    """
    width: dict[int, int] = {}
    bounds: dict[int, tuple[set[int], set[int]]] = {}
    for leaf in leaves(f):
        match leaf:
            case In(i, mask) | Has(i, mask):
                width[i] = max(width.get(i, 0), mask.bit_length())
            case Between(i, low, high):
                lows, highs = bounds.setdefault(i, (set(), set()))
                lows.add(low)
                highs.add(high)
    ranks = {
        i: (
            {low: (1 << n) - 1 for n, low in enumerate(sorted(lows))},
            {high: (1 << n) - 1 for n, high in enumerate(sorted(highs, reverse=True))},
        )
        for i, (lows, highs) in bounds.items()
    }
    width |= {i: max(len(lows), len(highs)) for i, (lows, highs) in bounds.items()}
    start: dict[int, int] = {}
    end = 0
    for i, size in width.items():
        start[i], end = end, end + 1 + 2 * size

    def bits_of(part: Part) -> int:
        i, size = part.i, width[part.i]
        match part:
            case In(_, mask):
                out = ~mask & ((1 << size) - 1)
            case Members(_, has, lacks):
                out = has | lacks << size
            case Between(_, low, high):
                lows, highs = ranks[i]
                out = lows[low] | highs[high] << size
            case _:
                assert_never(part)
        return (out << 1 | 1) << start[i]

    return bits_of


def _both(a: Part, b: Part) -> Part | None:
    match a, b:
        case In(i, x), In(_, y):
            return In(i, x & y) if x & y else None
        case Members(i, x, u), Members(_, y, w):
            return Members(i, x | y, u | w) if not (x | y) & (u | w) else None
        case Between(i, x, u), Between(_, y, w):
            return Between(i, max(x, y), min(u, w)) if max(x, y) <= min(u, w) else None
        case _:
            raise TypeError("one fact has one kind")
