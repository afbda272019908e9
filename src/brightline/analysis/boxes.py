"""Sets of uses as boxes: for each fact the values that it may have, all of it in one Python integer.

Positional-cube notation (Espresso, Brayton et al. 1984). A field for each fact, a bit for each value that it can take:
both boxes' values are `a & b`, and one lies in the other iff `a & b == a`. A guard bit above each field tells in one
addition which fields are empty. Approvals and duties have no field: to compare, no use has any in hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from brightline.terms.cubes import Cube, Members
from brightline.terms.formula import MAX_NUMBER, Between, Formula, Has, In, Leaf, leaves
from brightline.terms.scope import Scope
from brightline.terms.terms import Terms
from brightline.vocabulary import FactKind
from brightline.vocabulary.module import UNKNOWN


class Kind(Enum):
    """What a field's bits stand for."""

    ACTIVITY = auto()  # the activities of the vocabulary
    VALUE = auto()  # the values of an enumeration
    MEMBER = auto()  # a member of a set: lacks it, has it
    NUMBER = auto()  # ranges of a number, ascending
    COMPONENT = auto()  # the deepest declared component that the use lies in; last: none
    MODEL = auto()  # the declared model; last: none


@dataclass(frozen=True, slots=True)
class Field:
    """`fact`: its name. `values`: what the bits from `at` on stand for. `place`: of the fact in an encoded use;
    `codes`: what stands there, by value (the least number of a range, the bit of a member or 0)."""

    kind: Kind
    fact: str
    values: tuple[str, ...]
    place: int
    codes: tuple[int, ...]
    at: int

    @property
    def width(self) -> int:
        return len(self.values)

    @property
    def mask(self) -> int:
        return ((1 << self.width) - 1) << self.at

    @property
    def guard(self) -> int:
        return 1 << (self.at + self.width)

    def of(self, box: int) -> int:
        """The values that `box` leaves, from bit 0 on."""
        return (box & self.mask) >> self.at

    def chosen(self, box: int) -> list[int]:
        """The places of those values."""
        bits = self.of(box)
        return [i for i in range(self.width) if bits >> i & 1]


class Space:
    """All uses that two or more terms of one scope can tell apart, without approvals and duties.

    Only facts that a deciding clause names have a field; every other fact is free in every box.
    `impossible`: boxes that hold no use, for nothing is claimed of what is unknown.
    """

    def __init__(self, scope: Scope, some: Iterable[Terms]) -> None:
        self.scope = scope
        named = [leaf for t in some for c in t.clauses if c.decides for leaf in leaves(c.condition)]
        self.fields: tuple[Field, ...] = tuple(_fields(scope, named))
        self.full = sum(f.mask for f in self.fields)
        self.ones = self.full
        self.guards = sum(f.guard for f in self.fields)
        self.by_guard = {f.guard: f for f in self.fields}
        self._by_fact: dict[str, list[Field]] = {}
        for f in self.fields:
            self._by_fact.setdefault(f.fact, []).append(f)
        self.impossible = tuple(self._impossible())

    # ---- between boxes ----

    def meets(self, a: int, b: int) -> bool:
        """Whether the boxes have a use in common."""
        return ((a & b) + self.ones) & self.guards == self.guards

    def apart(self, a: int, b: int) -> int:
        """The guards of the fields in which the boxes have no value in common."""
        return self.guards & ~((a & b) + self.ones)

    def outside(self, a: int, b: int) -> int:
        """The guards of the fields in which `a` has values that `b` has not."""
        return ((a & ~b) + self.ones) & self.guards

    def fields_in(self, guards: int) -> Iterator[Field]:
        """The fields of those guards, in order."""
        while guards:
            low = guards & -guards
            yield self.by_guard[low]
            guards ^= low

    # ---- of clauses, of uses ----

    def activities(self, names: Iterable[str]) -> int:
        """The box of the uses of those activities."""
        f = self.fields[0]
        wanted = set(names)
        some = sum(1 << (f.at + i) for i, v in enumerate(f.values) if v in wanted)
        return (self.full & ~f.mask) | some

    def box(self, cube: Cube) -> int:
        """The box of the uses in a cube, its approvals and duties left aside; 0 where there are none."""
        out = self.full
        index = self.scope.vocabulary.index
        for place, part in cube.items():
            if place in (index["approvals"], index["duties"]):
                continue
            for f in self.at_place(place):
                some = sum(1 << (f.at + i) for i, code in enumerate(f.codes) if _within(f, code, part))
                out &= some | ~f.mask
        return out if self.meets(out, out) else 0

    def at_place(self, place: int) -> Sequence[Field]:
        """The fields of the fact at a place of an encoded use: one, or one a member."""
        return [f for f in self.fields if f.place == place and f.kind is not Kind.ACTIVITY]

    def of_fact(self, fact: str) -> Sequence[Field]:
        """The fields of a fact; none where no clause names it."""
        return self._by_fact.get(fact, ())

    def _impossible(self) -> Iterator[int]:
        for f in self._by_fact.get("claimed", ()):
            about = f.values[1]
            if self.scope.vocabulary.facts[about].names == (UNKNOWN,):
                yield (self.full & ~f.mask) | (2 << f.at)
            for g in self._by_fact.get(about, ()):
                if g.kind is Kind.VALUE:
                    nothing = 1 << (g.at + g.values.index(UNKNOWN))
                    yield (self.full & ~f.mask & ~g.mask) | (2 << f.at) | nothing


def _within(f: Field, code: int, part: object) -> bool:
    """Whether a value of a field, by its code, lies in a part of a cube."""
    match part:
        case In(_, mask):
            return bool(code & mask)
        case Between(_, low, high):
            return low <= code <= high  # ranges are cut at every constant: their least number stands for all of it
        case Members(_, has, lacks) if f.kind is Kind.MEMBER:
            bit = f.codes[1]
            return bool(code) if bit & has else not code if bit & lacks else True
        case Members(_, has, lacks):
            return code & has == has and not code & lacks
        case _:
            pass
    raise TypeError("a cube is made of In, Members and Between")


def _fields(scope: Scope, named: Sequence[Leaf | Formula]) -> Iterator[Field]:
    """Fields in vocabulary order, activity first, component and model last."""
    words, at = scope.vocabulary, 0
    places = {leaf.i for leaf in named if isinstance(leaf, In | Has | Between)}
    for kind, fact, values, place, codes in [
        (Kind.ACTIVITY, "activity", tuple(words.activities), -1, (0,) * len(words.activities)),
        *(of for i, f in enumerate(words.facts) if i in places for of in _of_fact(scope, f, i, named)),
        *_of_scope(scope, places),
    ]:
        yield Field(kind, fact, values, place, codes, at)
        at += len(values) + 1  # its guard


_Raw = tuple[Kind, str, tuple[str, ...], int, tuple[int, ...]]


def _of_fact(scope: Scope, name: str, place: int, named: Sequence[Leaf | Formula]) -> Iterator[_Raw]:
    fact = scope.vocabulary.facts[name]
    bits = scope.vocabulary.bits[name]
    match fact.kind:
        case FactKind.ENUM:
            yield Kind.VALUE, name, fact.names, place, tuple(bits.values())
        case FactKind.NUMBER:
            ranges = [leaf for leaf in named if isinstance(leaf, Between) and leaf.i == place]
            lows = sorted({0, *(r.low for r in ranges), *(r.high + 1 for r in ranges if r.high < MAX_NUMBER)})
            highs = [n - 1 for n in lows[1:]] + [MAX_NUMBER]
            yield Kind.NUMBER, name, tuple(f"{a}..{b}" for a, b in zip(lows, highs, strict=True)), place, tuple(lows)
        case FactKind.SET if name not in ("approvals", "duties"):
            tested = {leaf.bit for leaf in named if isinstance(leaf, Has) and leaf.i == place}
            for member, bit in bits.items():
                if bit in tested:
                    yield Kind.MEMBER, name, ("", member), place, (0, bit)


def _of_scope(scope: Scope, places: set[int]) -> Iterator[_Raw]:
    if scope.component_place in places:
        codes = {c: scope.components_of(c) for c in scope.components}
        yield Kind.COMPONENT, "component", (*codes, ""), scope.component_place, (*codes.values(), 0)
    if scope.model_place in places:
        codes = {m: scope.models_of(m) for m in scope.models}
        yield Kind.MODEL, "model", (*codes, ""), scope.model_place, (*codes.values(), 0)
