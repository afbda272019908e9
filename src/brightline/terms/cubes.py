"""Formulas as cubes: a disjunction of conjunctions that name each fact at most once.

The profile bounds a clause to 64 of them (DESIGN section 3), which bounds everything that is read off clauses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from brightline.terms.formula import And, Between, Formula, Has, In, Or


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
    return _cubes(f, limit, [MAX_TRIED * limit])


def _cubes(f: Formula, limit: int, left: list[int]) -> list[Cube] | None:
    """`left`: how many cubes may still be tried. Lists that absorb each other try thousands and keep few."""
    match f:
        case And(parts):
            out: list[Cube] | None = [{}]
            for p in parts:
                more = _cubes(p, limit, left)
                if more is None or out is None or not _spend(left, len(out), len(more)):
                    return None
                out = absorbed((c for a in out for b in more if (c := meet(a, b)) is not None), limit)
            return out
        case Or(parts):
            each: list[Cube] = []
            for p in parts:
                more = _cubes(p, limit, left)
                if more is None or not _spend(left, 1, len(more)):
                    return None
                each += more
            return absorbed(each, limit)
        case Has(i, bit, absent):
            return [{i: Members(i, 0, bit) if absent else Members(i, bit, 0)}]
        case In() | Between():
            return [{f.i: f}]


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


def inside(a: Cube, b: Cube) -> bool:
    """Whether every use in `a` is in `b`."""
    return all(i in a and _inside(a[i], part) for i, part in b.items())


def absorbed(many: Iterable[Cube], limit: int) -> list[Cube] | None:
    """`many` without those inside another, of equal ones the first; None where that leaves more than `limit`.

    Gives up at four times as many on the way: two lists of 64 would otherwise keep a machine busy for a minute.
    """
    out: list[Cube] = []
    for c in many:
        if any(inside(c, d) for d in out):
            continue
        out = [d for d in out if not inside(d, c)]
        out.append(c)
        if len(out) > 4 * limit:
            return None
    return out if len(out) <= limit else None


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


def _inside(a: Part, b: Part) -> bool:
    match a, b:
        case In(_, x), In(_, y):
            return not x & ~y
        case Members(_, x, u), Members(_, y, w):
            return not y & ~x and not w & ~u
        case Between(_, x, u), Between(_, y, w):
            return y <= x and u <= w
        case _:
            raise TypeError("one fact has one kind")
