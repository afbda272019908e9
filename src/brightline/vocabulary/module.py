"""One module of the vocabulary: a TOML file of words, with a digest that both parties sign.

The neutral core stands alone; every activity and value of another module names the parent whose clauses bind it in
terms that were written before the module was added (DESIGN section 2).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Never

from brightline.canonical import digest
from brightline.errors import VocabularyError

UNKNOWN = "unknown"
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_KEYS = {
    "": {"title", "groups", "activities", "facts", "values", "roles"},
    "fact": {"kind", "text", "values", "from", "gateway", "open"},
}


class FactKind(StrEnum):
    ENUM = "enum"
    SET = "set"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Activity:
    """A word for what is done; `group` is the part of its name before the dot."""

    name: str
    text: str
    module: str
    parent: str = ""

    @property
    def group(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Value:
    name: str
    text: str
    module: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A typed fact about a use. `values` are in vocabulary order, `unknown` last where the fact is an enumeration.

    `declared_in` names the table of terms.toml (or "facts") whose names are the values; `gateway`: only the gateway
    sets it; `open`: the values that say "not known".
    """

    name: str
    kind: FactKind
    text: str
    module: str
    values: tuple[Value, ...] = ()
    declared_in: str = ""
    gateway: bool = False
    open: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(v.name for v in self.values)


@dataclass(frozen=True, slots=True)
class Module:
    """What one file says, not yet joined with others."""

    name: str
    title: str
    digest: str
    groups: Mapping[str, str]
    activities: tuple[Activity, ...]
    facts: tuple[Fact, ...]
    values: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)


def read_module(name: str, text: str) -> Module:
    """The module in `text` (TOML). Raises VocabularyError naming the table and the cure."""
    place = f"{name}.toml"
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise VocabularyError(f"not TOML: {e}", place=place, cure="write TOML 1.0") from None
    _only(data, _KEYS[""], place)
    outside_core = name != "core"
    return Module(
        name=name,
        title=str(data.get("title", name)),
        digest=digest(data),
        groups={_word(k, f"{place}: groups"): str(v) for k, v in data.get("groups", {}).items()},
        activities=tuple(
            Activity(_activity(k, place), *_text(v, name, outside_core, f"{place}: activities.{k}"))
            for k, v in data.get("activities", {}).items()
        ),
        facts=tuple(_fact(k, v, name, f"{place}: facts.{k}") for k, v in data.get("facts", {}).items()),
        values={
            fact: tuple(
                Value(_word(k, place), *_text(v, name, outside_core, f"{place}: values.{fact}.{k}"))
                for k, v in values.items()
            )
            for fact, values in data.get("values", {}).items()
        },
        roles={_word(k, f"{place}: roles"): str(v) for k, v in data.get("roles", {}).items()},
    )


def _fact(name: str, data: Mapping[str, Any], module: str, place: str) -> Fact:
    _only(data, _KEYS["fact"], place)
    try:
        kind = FactKind(data.get("kind", ""))
    except ValueError:
        _bad("a fact needs kind = enum, set or number", place)
    words = [Value(_word(k, place), str(v), module) for k, v in data.get("values", {}).items()]
    if kind is FactKind.ENUM:
        words.append(Value(UNKNOWN, f"{data.get('text', name)}: not known", module))
    return Fact(
        name=_word(name, place),
        kind=kind,
        text=str(data.get("text", name)),
        module=module,
        values=tuple(words),
        declared_in=str(data.get("from", "")),
        gateway=data.get("gateway") is True,
        open=frozenset([UNKNOWN, *data.get("open", [])]) if kind is FactKind.ENUM else frozenset(),
    )


def _text(value: object, module: str, parent_needed: bool, place: str) -> tuple[str, str, str]:
    """(text, module, parent) of an activity or value."""
    if isinstance(value, str) and not parent_needed:
        return value, module, ""
    if isinstance(value, Mapping) and isinstance(value.get("text"), str) and isinstance(value.get("parent"), str):
        return value["text"], module, value["parent"]
    _bad("outside the core every word names its parent: { parent = …, text = … }", place)


def _activity(name: str, place: str) -> str:
    group, dot, word = name.partition(".")
    if not dot:
        _bad(f"activity {name!r} has no group", place, 'write it as "group.name"')
    return f"{_word(group, place)}.{_word(word, place)}"


def _word(name: str, place: str) -> str:
    if not _WORD.fullmatch(name):
        _bad(f"{name[:60]!r} is no word of a vocabulary", place, "use lower-case letters, digits and underscores")
    return name


def _only(data: Mapping[str, Any], keys: set[str], place: str) -> None:
    for key in data:
        if key not in keys:
            _bad(f"unknown key {key!r}", place, f"known: {', '.join(sorted(keys))}")


def _bad(text: str, place: str, cure: str = "see docs/reference/vocabulary.md") -> Never:
    raise VocabularyError(text, place=place, cure=cure)
