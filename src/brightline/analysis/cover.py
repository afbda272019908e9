"""Exact questions about regions of uses, answered in plain Python: does any of it lie outside others?

A clause is a few cubes (`terms.cubes`) over the places of an encoded use, with the activity as one place more, and with
component and model as enumerations of what they can really be. Splitting a cube by those that cut it needs no solver:
tens of microseconds where building one question for the solver costs milliseconds. What comes of it is proven again by
the solver before anyone sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from brightline.analysis.smt import UNKNOWN, Unknown
from brightline.terms import DUTIES, Scope
from brightline.terms.clause import MAX_CUBES, Clause
from brightline.terms.cubes import Cube, Members, Part, cubes, meet
from brightline.terms.formula import MAX_NUMBER, Between, In
from brightline.vocabulary import FactKind, Source, Use

MAX_STEPS = 200_000


@dataclass(frozen=True, slots=True)
class Point:
    """One encoded use."""

    activity: str
    v: tuple[int, ...]


@dataclass(frozen=True)
class Ground:
    """The uses that there can be, over one scope."""

    scope: Scope

    @cached_property
    def activities(self) -> Sequence[str]:
        return tuple(self.scope.vocabulary.activities)

    @cached_property
    def activity_place(self) -> int:
        return self.scope.model_place + 1

    @cached_property
    def components(self) -> Sequence[int]:
        """The sets of declared components that a use can lie in; the first lies in none."""
        return tuple(dict.fromkeys([0, *(self.scope.components_of(c) for c in self.scope.components)]))

    @cached_property
    def models(self) -> Sequence[int]:
        return tuple(dict.fromkeys([0, *(self.scope.models_of(m) for m in self.scope.models)]))

    @cached_property
    def performed(self) -> int:
        """The duties that a whole gateway performs, as bits."""
        bits = self.scope.vocabulary.bits["duties"]
        return sum(bits.get(d, 0) for d in DUTIES)

    @cached_property
    def full(self) -> Sequence[int]:
        """The mask of all values of each place; of a set, of all its members; 0 for numbers."""
        own = ((1 << len(self.components)) - 1, (1 << len(self.models)) - 1, (1 << len(self.activities)) - 1)
        return (*self.scope.full[: self.scope.component_place], *own)

    @cached_property
    def _claims(self) -> Sequence[tuple[int, int, int]]:
        """(bit in `claimed`, place of the enumeration it is about, mask of what can be claimed of it)."""
        words = self.scope.vocabulary
        facts = ((bit, words.facts[name]) for name, bit in words.bits["claimed"].items())
        return [
            (bit, i, self.full[i] & ~words.bits[f.name]["unknown"])
            for bit, f in facts
            if f.kind is FactKind.ENUM and (i := words.index[f.name]) is not None
        ]

    def possible(self, box: Cube) -> Cube | None:
        """What of `box` uses can be: nothing is claimed of what is not known."""
        claimed = box.get(self.scope.vocabulary.index["claimed"])
        if not isinstance(claimed, Members) or not claimed.has:
            return box
        out = dict(box)
        for bit, i, known in self._claims:
            if bit & claimed.has:
                part = out.get(i)
                mask = part.mask & known if isinstance(part, In) else known
                if not mask:
                    return None
                out[i] = In(i, mask)
        return out

    @staticmethod
    def plain(clause: Clause) -> list[Cube]:
        """The cubes of the clause's condition as they stand."""
        return cubes(clause.condition, MAX_CUBES) or []

    def cubes(self, clause: Clause) -> tuple[Cube, ...]:
        """The clause's region; the profile bounds it to 64 cubes."""
        mask = sum(1 << i for i, a in enumerate(self.activities) if a in clause.activities)
        if not mask:
            return ()
        place = self.activity_place
        whole = mask == self.full[place]
        out = []
        for cube in self.plain(clause):
            real = self._real(cube)
            if real is not None:
                out.append(real if whole else {place: In(place, mask), **real})
        return tuple(out)

    def _real(self, cube: Cube) -> Cube | None:
        """`cube` with component and model as enumerations; None where they cannot be so."""
        out = dict(cube)
        for place, possible in ((self.scope.component_place, self.components), (self.scope.model_place, self.models)):
            part = out.get(place)
            if isinstance(part, Members):
                mask = sum(1 << i for i, m in enumerate(possible) if m & part.has == part.has and not m & part.lacks)
                if not mask:
                    return None
                out[place] = In(place, mask)
        return out

    def uncovered(
        self, box: Cube, obstacles: Iterable[Cube], steps: list[int]
    ) -> Cube | Literal[Unknown.UNKNOWN] | None:
        """A cube of uses inside `box` that no obstacle touches; None where they cover it; UNKNOWN past MAX_STEPS.

        Law: an answer other than UNKNOWN is exact. `steps[0]` counts over all questions that share it.
        """
        near = sorted((c for c in obstacles if touch(box, c)), key=len)
        stack: list[tuple[Cube, int]] = [(box, 0)]
        while stack:
            here, at = stack.pop()
            for j in range(at, len(near)):
                steps[0] += 1
                if touch(here, near[j]):
                    stack += [(piece, j + 1) for piece in reversed(self.outside(here, near[j]))]
                    break
            else:
                if (real := self.possible(here)) is not None:
                    return real
            if steps[0] > MAX_STEPS:
                return UNKNOWN
        return None

    def outside(self, box: Cube, cube: Cube) -> list[Cube]:
        """What of `box` is outside `cube`, as cubes without overlap. The two touch."""
        out: list[Cube] = []
        rest = dict(box)
        for i, part in cube.items():
            mine = rest.get(i) or self._whole(i, part)
            pieces, inside = _split(mine, part)
            out += [{**rest, i: piece} for piece in pieces]
            rest[i] = inside
        return out

    def _whole(self, i: int, like: Part) -> Part:
        match like:
            case In():
                return In(i, self.full[i])
            case Members():
                return Members(i, 0, 0)
            case Between():
                return Between(i, 0, MAX_NUMBER)

    def point(self, box: Cube) -> Point:
        """One use in `box`: of what it leaves open nothing is stated, else the first value in vocabulary order."""
        v = [*self.scope.vocabulary.blank, 0, 0]
        activity = self.activities[-1]
        for i, part in box.items():
            match part:
                case In(_, mask):
                    first = (mask & -mask).bit_length() - 1
                    if i == self.activity_place:
                        activity = self.activities[first]
                    elif i == self.scope.component_place:
                        v[i] = self.components[first]
                    elif i == self.scope.model_place:
                        v[i] = self.models[first]
                    else:
                        v[i] = 1 << first
                case Members(_, has, _):
                    v[i] = has
                case Between(_, low, _):
                    v[i] = low
        return Point(activity, tuple(v))

    def use(self, point: Point) -> Use:
        """The point as a use in the neutral form."""
        words, v = self.scope.vocabulary, point.v
        claims = v[words.index["claimed"]]
        facts: dict[str, str | int | frozenset[str]] = {}
        sources: dict[str, Source] = {}
        for f in words.facts.values():
            x, bits = v[words.index[f.name]], words.bits[f.name]
            claimed = bool(claims & words.bits["claimed"].get(f.name, 0))
            if f.name == "claimed" or (x == words.blank[words.index[f.name]] and not claimed):
                continue
            match f.kind:
                case FactKind.ENUM:
                    facts[f.name] = f.names[x.bit_length() - 1]
                case FactKind.SET:
                    facts[f.name] = frozenset(n for n, bit in bits.items() if x & bit)
                case FactKind.NUMBER:
                    facts[f.name] = x
            if not f.gateway and not claimed:
                sources[f.name] = Source.ATTESTED
        component = next((c for c in self.scope.components if self.scope.components_of(c) == v[-2]), "")
        model = next((m for m in self.scope.models if self.scope.models_of(m) == v[-1]), "")
        return Use(point.activity, facts, sources, component=component, model=model)


def all_duties(ground: Ground, region: Iterable[Cube]) -> tuple[Cube, ...]:
    """The uses of `region` for which the gateway performs every duty that it can."""
    place = ground.scope.vocabulary.index["duties"]
    given: Cube = {place: Members(place, ground.performed, 0)}
    return tuple(c for cube in region if (c := meet(cube, given)) is not None)


def touch(a: Cube, b: Cube) -> bool:
    """Whether some use lies in both."""
    if len(b) < len(a):
        a, b = b, a
    for i, x in a.items():
        y = b.get(i)
        if y is not None and not _touch(x, y):
            return False
    return True


def _touch(a: Part, b: Part) -> bool:
    match a, b:
        case In(_, x), In(_, y):
            return bool(x & y)
        case Members(_, x, u), Members(_, y, w):
            return not (x | y) & (u | w)
        case Between(_, x, u), Between(_, y, w):
            return max(x, y) <= min(u, w)
        case _:
            raise TypeError("one fact has one kind")


def _split(mine: Part, part: Part) -> tuple[list[Part], Part]:
    """(what of `mine` is outside `part`, what is inside)."""
    match mine, part:
        case In(i, x), In(_, y):
            return [In(i, x & ~y)] if x & ~y else [], In(i, x & y)
        case Members(i, x, u), Members(_, y, w):
            out: list[Part] = []
            for bit in _bits(y & ~x):
                out.append(Members(i, x, u | bit))
                x |= bit
            for bit in _bits(w & ~u):
                out.append(Members(i, x | bit, u))
                u |= bit
            return out, Members(i, x, u)
        case Between(i, x, u), Between(_, y, w):
            sides: list[Part] = []
            if x < y:
                sides.append(Between(i, x, y - 1))
            if w < u:
                sides.append(Between(i, w + 1, u))
            return sides, Between(i, max(x, y), min(u, w))
        case _:
            raise TypeError("one fact has one kind")


def _bits(mask: int) -> Iterable[int]:
    while mask:
        low = mask & -mask
        yield low
        mask ^= low
