"""One module of the vocabulary: a TOML file of words, with a digest that both parties sign.

The neutral core stands alone; every activity and value of another module names the parent whose clauses bind it in
terms that were written before the module was added (DESIGN section 2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Never

from brightline.canonical import digest, parse_toml
from brightline.errors import InputError, VocabularyError

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
    data = parse_toml(text, place, error=VocabularyError)
    try:
        fingerprint = digest(_in_order(data))
    except InputError as e:
        raise VocabularyError(e.text, place=place, cure="write texts, tables and true or false") from None
    _only(data, _KEYS[""], place)
    outside_core = name != "core"

    def words(data: Mapping[str, Any], place: str) -> tuple[Value, ...]:
        return tuple(Value(_word(k, place), *_text(v, name, outside_core, f"{place}.{k}")) for k, v in data.items())

    return Module(
        name=name,
        title=str(data.get("title", name)),
        digest=fingerprint,
        groups=_texts(data, "groups", place),
        activities=tuple(
            Activity(_activity(k, place), *_text(v, name, outside_core, f"{place}: activities.{k}"))
            for k, v in _table(data, "activities", place).items()
        ),
        facts=tuple(_fact(k, v, name, f"{place}: facts.{k}") for k, v in _table(data, "facts", place).items()),
        values={
            fact: words(_table(data["values"], fact, place), f"{place}: values.{fact}")
            for fact in _table(data, "values", place)
        },
        roles=_texts(data, "roles", place),
    )


def _in_order(value: Any) -> Any:
    """Tables as lists of pairs, as written: an entry names an activity by its rank, so the digest must fix the order.

    Else a customer could swap two words, keep the signed digest, and so swap what old entries are taken to say.
    """
    return [[k, _in_order(v)] for k, v in value.items()] if isinstance(value, Mapping) else value


def _fact(name: str, data: Any, module: str, place: str) -> Fact:
    if not isinstance(data, Mapping):
        _bad("a fact is a table", place)
    _only(data, _KEYS["fact"], place)
    try:
        kind = FactKind(data.get("kind", ""))
    except ValueError:
        _bad("a fact needs kind = enum, set or number", place)
    words = [Value(k, v, module) for k, v in _texts(data, "values", place).items()]
    if kind is FactKind.NUMBER and (words or "from" in data):
        _bad("a number has no values", place)
    if kind is FactKind.ENUM:
        words.append(Value(UNKNOWN, f"{data.get('text', name)}: not known", module))
    known = {w.name for w in words}
    also_open = data.get("open", [])
    if not isinstance(also_open, list) or not all(isinstance(w, str) and w in known for w in also_open):
        _bad("open names words that are not all of them values", place, "write a list of the fact's own values")
    return Fact(
        name=_word(name, place),
        kind=kind,
        text=str(data.get("text", name)),
        module=module,
        values=tuple(words),
        declared_in=str(data.get("from", "")),
        gateway=data.get("gateway") is True,
        open=frozenset(also_open) | {UNKNOWN} if kind is FactKind.ENUM else frozenset(),
    )


def _table(data: Mapping[str, Any], key: str, place: str) -> Mapping[str, Any]:
    table = data.get(key, {})
    if not isinstance(table, Mapping):
        _bad(f"{key} is a table", place)
    return table


def _texts(data: Mapping[str, Any], key: str, place: str) -> dict[str, str]:
    """The table `key` of words, each with its meaning."""
    return {_word(k, f"{place}: {key}"): str(v) for k, v in _table(data, key, place).items()}


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
        _bad(f"activity {name[:60]!r} has no group", place, 'write it as "group.name"')
    return f"{_word(group, place)}.{word if word == UNKNOWN else _word(word, place)}"


def _word(name: str, place: str) -> str:
    if not _WORD.fullmatch(name) or name == UNKNOWN:
        cure = f"use lower-case letters, digits and underscores; every enumeration has {UNKNOWN!r} of itself"
        _bad(f"{name[:60]!r} is no word to give", place, cure)
    return name


def _only(data: Mapping[str, Any], keys: set[str], place: str) -> None:
    for key in data:
        if key not in keys:
            _bad(f"unknown key {key[:60]!r}", place, f"known: {', '.join(sorted(keys))}")


def _bad(text: str, place: str, cure: str = "see docs/reference/vocabulary.md") -> Never:
    raise VocabularyError(text, place=place, cure=cure)
