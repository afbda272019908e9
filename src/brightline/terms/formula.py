"""Conditions in negation normal form: the one shape from which decide, smt and sql are read.

A formula is And, Or, or a leaf over one fact of an encoded use (`vocabulary.encode`): `i` is the fact's place.
Negation lives in the leaves, so polarity is read off directly. Empty And is true, empty Or is false.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class In:
    """The enumeration at `i` is one of the values in `mask`."""

    i: int
    mask: int


@dataclass(frozen=True, slots=True)
class Has:
    """The set at `i` contains the member `bit`; with `absent`, does not contain it."""

    i: int
    bit: int
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """low <= the number at `i` <= high."""

    i: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Formula, ...]


Leaf: TypeAlias = In | Has | Between
Formula: TypeAlias = Leaf | And | Or

TRUE = And(())
FALSE = Or(())


def conjunction(parts: Iterable[Formula]) -> Formula:
    """All of `parts`, flattened; false as soon as one is."""
    out: list[Formula] = []
    for p in parts:
        if p == FALSE:
            return FALSE
        out.extend(p.parts if isinstance(p, And) else (p,))
    return out[0] if len(out) == 1 else And(tuple(dict.fromkeys(out)))


def disjunction(parts: Iterable[Formula]) -> Formula:
    """Any of `parts`, flattened; true as soon as one is."""
    out: list[Formula] = []
    for p in parts:
        if p == TRUE:
            return TRUE
        out.extend(p.parts if isinstance(p, Or) else (p,))
    return out[0] if len(out) == 1 else Or(tuple(dict.fromkeys(out)))


def negation(f: Formula, full: Sequence[int]) -> Formula:
    """Not `f`. `full[i]` is the mask of all values of the enumeration at `i`."""
    match f:
        case In(i, mask):
            return within(i, full[i] & ~mask, full[i])
        case Has(i, bit, absent):
            return Has(i, bit, not absent)
        case Between(i, low, high):
            return disjunction([between(i, 0, low - 1), between(i, high + 1, MAX_NUMBER)])
        case And(parts):
            return disjunction(negation(p, full) for p in parts)
        case Or(parts):
            return conjunction(negation(p, full) for p in parts)


def within(i: int, mask: int, full: int) -> Formula:
    """`In`, or TRUE or FALSE where the mask is full or empty."""
    return TRUE if mask == full else In(i, mask) if mask else FALSE


def between(i: int, low: int, high: int) -> Formula:
    """`Between`, or TRUE or FALSE where the range is everything or empty."""
    low, high = max(low, 0), min(high, MAX_NUMBER)
    if low > high:
        return FALSE
    return TRUE if (low, high) == (0, MAX_NUMBER) else Between(i, low, high)


def leaves(f: Formula) -> Iterator[Leaf]:
    """Every leaf of `f`, repeats included."""
    if isinstance(f, And | Or):
        for p in f.parts:
            yield from leaves(p)
    else:
        yield f


def holds(f: Formula, v: Sequence[int]) -> bool:
    """Whether `f` is true of the encoded use `v`: the meaning that compiled code must have."""
    match f:
        case In(i, mask):
            return bool(v[i] & mask)
        case Has(i, bit, absent):
            return bool(v[i] & bit) is not absent
        case Between(i, low, high):
            return low <= v[i] <= high
        case And(parts):
            return all(holds(p, v) for p in parts)
        case Or(parts):
            return any(holds(p, v) for p in parts)


def residual(f: Formula, v: Sequence[int], free: Mapping[int, int]) -> Formula:
    """What is left of `f` when all facts stand as in `v`, but those in `free` are not settled.

    `free[i]` of an enumeration is the mask of values still possible; of a set, the members that are not settled.
    """
    match f:
        case In(i, mask):
            domain = free.get(i)
            if domain is None:
                return TRUE if v[i] & mask else FALSE
            return within(i, mask & domain, domain)
        case And(parts):
            return conjunction(residual(p, v, free) for p in parts)
        case Or(parts):
            return disjunction(residual(p, v, free) for p in parts)
        case Has(i, bit) if bit & free.get(i, 0):
            return f
        case Has() | Between():
            return TRUE if holds(f, v) else FALSE
