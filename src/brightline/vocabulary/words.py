"""The vocabulary in force: modules joined, with the names that a pack declares for itself.

Closed: whatever is not here is an error that suggests the nearest word, never silently false.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Never, Self

from brightline.canonical import digest
from brightline.errors import InputError, VocabularyError, nearest
from brightline.vocabulary.module import UNKNOWN, Activity, Fact, FactKind, Module, Value

TABLES = ("enclaves", "authorities", "lanes", "roles", "certificates")
ALWAYS = ("approvals", "duties", "exceptions", "claimed")  # sets that the outcome of a use is made of


@dataclass(frozen=True)
class Vocabulary:
    """`facts` and `activities` in vocabulary order; `names`: what the pack declares, by table of terms.toml."""

    modules: tuple[Module, ...]
    facts: Mapping[str, Fact]
    activities: Mapping[str, Activity]
    groups: Mapping[str, str]
    names: Mapping[str, Mapping[str, str]]

    @classmethod
    def join(cls, modules: Iterable[Module], names: Mapping[str, Mapping[str, str]] | None = None) -> Self:
        """Join `modules` in order. Raises VocabularyError where words clash or a parent is missing."""
        # 1. words of all modules, first come first ranked; a parent stands before its children, so none is in a circle
        modules = tuple(modules)
        activities: dict[str, Activity] = {}
        facts: dict[str, Fact] = {}
        groups: dict[str, str] = {}
        for m in modules:
            groups |= m.groups
            for a in m.activities:
                _absent(a.name, activities, m)
                if a.parent and a.parent not in activities:
                    _bad(f"{a.name}: no parent {a.parent!r} stands before it", m, nearest(a.parent, activities))
                if a.group not in groups:
                    _bad(f"{a.name}: no group {a.group!r}", m, nearest(a.group, groups))
                activities[a.name] = a
            for f in m.facts:
                _absent(f.name, facts, m)
                if f.declared_in not in ("", "facts", *TABLES):
                    _bad(f"{f.name}: no table {f.declared_in!r}", m, nearest(f.declared_in, TABLES))
                facts[f.name] = f
            for name, values in m.values.items():
                if name not in facts or facts[name].kind is FactKind.NUMBER or facts[name].declared_in:
                    _bad(f"values for {name!r}", m, nearest(name, (n for n, f in facts.items() if f.values)))
                for v in values:
                    facts[name] = _extended(facts[name], v, m)
        for name in ALWAYS:
            if name not in facts or facts[name].kind is not FactKind.SET:
                raise VocabularyError(f"no set of {name}", cure="every vocabulary starts from the core module")
        # 2. names that the pack declares
        roles = {k: v for m in modules for k, v in m.roles.items()}
        tables = {t: dict((names or {}).get(t, {})) for t in TABLES}
        tables["roles"] = roles | tables["roles"]
        tables["facts"] = {f.name: f.text for f in facts.values() if not f.gateway}
        facts = {k: _declared(f, tables) for k, f in facts.items()}
        return cls(modules, facts, activities, groups, tables)

    def with_names(self, names: Mapping[str, Mapping[str, str]]) -> Self:
        """The same modules with the names of a pack."""
        return type(self).join(self.modules, names)

    @cached_property
    def digest(self) -> str:
        """Digest over the modules and their digests: what both parties sign."""
        return digest({m.name: m.digest for m in self.modules})

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """Activity → rank from 1, in the order of the modules; 0 stands for no activity."""
        return {a: i for i, a in enumerate(self.activities, 1)}

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Fact → its place in an encoded use."""
        return {f: i for i, f in enumerate(self.facts)}

    @cached_property
    def bits(self) -> Mapping[str, Mapping[str, int]]:
        """Fact → value → its bit in an encoded use; empty for numbers."""
        return {f.name: {v: 1 << i for i, v in enumerate(f.names)} for f in self.facts.values()}

    @cached_property
    def blank(self) -> tuple[int, ...]:
        """An encoded use of which nothing is stated: `unknown`, empty, 0."""
        return tuple(self.bits[f.name].get(UNKNOWN, 0) for f in self.facts.values())

    @cached_property
    def code(self) -> Mapping[str, tuple[int, Mapping[str, int], int]]:
        """Fact → its place in an encoded use, its values' bits, and its own bit in `claimed` (0 for the gateway's)."""
        claims = self.bits.get("claimed", {})
        return {name: (i, self.bits[name], claims.get(name, 0)) for name, i in self.index.items()}

    def fact(self, name: str, place: str, error: type[InputError]) -> Fact:
        """The fact called `name`. Raises `error` with the nearest word."""
        try:
            return self.facts[name]
        except KeyError:
            raise error(f"no fact is called {name[:60]!r}", place=place, cure=nearest(name, self.facts)) from None

    def activity(self, name: str, place: str, error: type[InputError]) -> Activity:
        """The activity called `name`. Raises `error` with the nearest word."""
        try:
            return self.activities[name]
        except KeyError:
            cure = nearest(name, self.activities)
            raise error(f"no activity is called {name[:60]!r}", place=place, cure=cure) from None

    def value(self, fact: Fact, name: str, place: str, error: type[InputError]) -> str:
        """`name` if it is a value of `fact`. Raises `error` with the nearest word, or where to declare it."""
        if name in self.bits[fact.name]:
            return name
        cure = nearest(name, fact.names)
        if fact.declared_in and fact.declared_in != "facts":
            cure += f"; or declare it in terms.toml under [{fact.declared_in}]"
        raise error(f"{fact.name} has no value {name[:60]!r}", place=place, cure=cure)

    def in_group(self, name: str) -> tuple[str, ...]:
        """The activities of a group, or the one activity of that name; empty where there is neither."""
        if name in self.activities:
            return (name,)
        return tuple(a for a in self.activities if a.startswith(f"{name}."))


def _absent(name: str, words: Collection[str], module: Module) -> None:
    if name in words:
        _bad(f"{name!r} stands twice", module, "keep one of them")


def _extended(fact: Fact, value: Value, module: Module) -> Fact:
    """A new value goes before `unknown`, which stays last."""
    _absent(value.name, fact.names, module)
    if value.parent and value.parent not in fact.names:
        _bad(
            f"{fact.name}.{value.name}: no parent {value.parent!r} stands before it",
            module,
            nearest(value.parent, fact.names),
        )
    at = len(fact.values) - (fact.kind is FactKind.ENUM)
    return replace(fact, values=(*fact.values[:at], value, *fact.values[at:]))


def _declared(fact: Fact, tables: Mapping[str, Mapping[str, str]]) -> Fact:
    if not fact.declared_in:
        return fact
    words = tuple(Value(k, v, "") for k, v in tables[fact.declared_in].items() if k != UNKNOWN)
    return replace(fact, values=words + (fact.values[-1:] if fact.kind is FactKind.ENUM else ()))


def _bad(text: str, module: Module, cure: str) -> Never:
    raise VocabularyError(text, place=f"{module.name}.toml", cure=cure)
