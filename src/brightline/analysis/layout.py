"""Encoded uses as columns of a table: the layout that `sql` reads and `replay` fills (docs/reference/replay.md).

A use is one row: `activity` as its rank in the vocabulary, then for every fact, then for component and model, the
integer of `Scope.encode`. Words beyond the 63rd of a fact stand in columns of their own (`lanes`, `lanes_2`, …), so
that every column is a non-negative signed 64-bit integer on every engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from brightline.errors import UseError
from brightline.terms import Scope
from brightline.vocabulary import FactKind, FactValue, Source, Use
from brightline.vocabulary.module import UNKNOWN

WORD_BITS = 63
ACTIVITY = "activity"
CLAIMED = "claimed"


class Kind(Enum):
    """What a column's integer is."""

    ENUM = "one bit, that of the value"
    SET = "the bits of the members"
    NUMBER = "the number itself"
    TREE = "the bits of what the use lies in"


@dataclass(frozen=True, slots=True)
class Column:
    """Bits `shift` to `shift + 62` of the integer at `place` of an encoded use; `full`: the bits that have a word."""

    name: str
    place: int
    shift: int
    full: int
    kind: Kind

    def of(self, bits: int) -> int:
        """The part of `bits` (at this column's place) that stands in this column."""
        return bits if self.kind is Kind.NUMBER else bits >> self.shift & (1 << WORD_BITS) - 1


@dataclass(frozen=True)
class Layout:
    """The columns of one scope. Law: `use(row(activity, encode(use)))` is encoded and decided as `use` is."""

    scope: Scope

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns but `activity`, in the order of an encoded use."""
        return tuple(c for columns in self.at for c in columns)

    @cached_property
    def at(self) -> Sequence[Sequence[Column]]:
        """By place of an encoded use: its columns."""
        kinds = {FactKind.ENUM: Kind.ENUM, FactKind.SET: Kind.SET, FactKind.NUMBER: Kind.NUMBER}
        named = [(f.name, kinds[f.kind]) for f in self.scope.vocabulary.facts.values()]
        named += [("component", Kind.TREE), ("model", Kind.TREE)]
        return [self._split(name, i, kind) for i, (name, kind) in enumerate(named)]

    def _split(self, name: str, place: int, kind: Kind) -> list[Column]:
        full, out = self.scope.full[place], list[Column]()
        for shift in range(0, max(full.bit_length(), 1), WORD_BITS):
            label = f"{name}_{shift // WORD_BITS + 1}" if shift else name
            out.append(Column(label, place, shift, full >> shift & (1 << WORD_BITS) - 1, kind))
        return out

    @cached_property
    def words(self) -> Mapping[str, Sequence[str]]:
        """What the ranks and bits of each column stand for, in their order. A table says this of itself: bits that were
        written with other words would be read as other facts."""
        words = self.scope.vocabulary
        facts = {f.name: list(f.names) for f in words.facts.values()}
        tree = {"component": list(self.scope.components), "model": list(self.scope.models)}
        return {ACTIVITY: list(words.activities), **facts, **tree}

    @property
    def blank(self) -> Sequence[int]:
        """An encoded use of which nothing is stated."""
        return (*self.scope.vocabulary.blank, 0, 0)

    def row(self, activity: str, v: Sequence[int]) -> tuple[int, ...]:
        """One use: the rank of its activity, then each column."""
        return (self.scope.vocabulary.ranks[activity], *(c.of(v[c.place]) for c in self.columns))

    def encoded(self, row: Sequence[int]) -> tuple[str, list[int]]:
        """Activity and encoded use of a row: `row` backwards."""
        v = [0] * len(self.at)
        for c, value in zip(self.columns, row[1:], strict=True):
            v[c.place] |= value << c.shift
        return list(self.scope.vocabulary.activities)[row[0] - 1], v

    def use(self, row: Sequence[int]) -> Use:
        """A use that is encoded as `row`. Raises UseError where none is: no component or model lies in what it says."""
        words = self.scope.vocabulary
        activity, v = self.encoded(row)
        claimed = v[words.index[CLAIMED]]
        facts: dict[str, FactValue] = {}
        sources: dict[str, Source] = {}
        for f in words.facts.values():
            i = words.index[f.name]
            claim = bool(claimed & words.bits[CLAIMED].get(f.name, 0))
            if f.name == CLAIMED or (v[i] == words.blank[i] and not claim):
                continue
            names = [name for name, bit in words.bits[f.name].items() if v[i] & bit]
            facts[f.name] = v[i] if f.kind is FactKind.NUMBER else frozenset(names)
            if f.kind is FactKind.ENUM:
                facts[f.name] = names[0]
            sources[f.name] = Source.DECLARED if claim else Source.OBSERVED if f.gateway else Source.ATTESTED
        scope = self.scope
        component = _deepest(scope.components, scope.components_of, v[scope.component_place], "component")
        model = _deepest(scope.models, scope.models_of, v[scope.model_place], "model")
        use = Use(activity, facts, sources, (), "", component, model)
        if scope.encode(use) != v:
            raise UseError("its facts contradict each other", cure=f"only a fact that is not {UNKNOWN!r} is claimed")
        return use


def _deepest(names: Iterable[str], above: Callable[[str], int], bits: int, what: str) -> str:
    """The name that lies in just `bits`; the empty one where that is nothing."""
    if not bits:
        return ""
    for name in names:
        if above(name) == bits:
            return name
    raise UseError(f"no {what} lies in just these", cure=f"write what one {what} lies in")
