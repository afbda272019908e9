"""Words of modules that both parties added after the terms were written (DESIGN section 2).

Law: an adopted word that no clause names is bound by every clause that binds its parent, until a clause names it.
A value stands for its parent wherever the text speaks of that parent. An activity is never freer than its parent: a
permit binds it only where it binds the parent; a forbid, also where it binds the group that the activity joined.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from brightline.vocabulary import Vocabulary


@dataclass(frozen=True)
class Adoption:
    """`activities`: adopted activity → its parent. `values`: fact → adopted value → the value that stands for it.
    Words that a clause names are in neither."""

    activities: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def standing_for(self, fact: str, value: str) -> list[str]:
        """`value` and the adopted values of `fact` for which it stands."""
        return [value, *(v for v, old in self.values.get(fact, {}).items() if old == value)]

    def bound(self, named: frozenset[str], *, permits: bool) -> frozenset[str]:
        """The activities that a clause binds, when its action scope covers `named`."""
        found = set(named) - set(self.activities) if permits else set(named)
        todo = dict(self.activities)
        while heirs := {a for a, parent in todo.items() if parent in found}:
            found |= heirs
            todo = {a: parent for a, parent in todo.items() if a not in heirs}
        return frozenset(found)


def adoption(vocabulary: Vocabulary, modules: Collection[str], policies: Iterable[Mapping[str, Any]]) -> Adoption:
    """What the words of `modules` stand for in `policies` (Cedar JSON), which were written without them."""
    # 1. what the text names: activities and groups in action scopes, values beside their facts
    scopes: set[str] = set()
    values: dict[str, set[str]] = {}
    for policy in policies:
        action = policy["action"]
        scopes.update(e["id"] for e in [action.get("entity"), *action.get("entities", [])] if e)
        for fact, value in _literals([c["body"] for c in policy.get("conditions", [])]):
            values.setdefault(fact, set()).add(value)
    # 2. activities that it names neither by themselves nor by a group that came with them
    new = {g for m in vocabulary.modules if m.name in modules for g in m.groups}
    activities = {
        a.name: a.parent
        for a in vocabulary.activities.values()
        if a.module in modules and a.name not in scopes and not (a.group in new and a.group in scopes)
    }
    # 3. values that it does not name, each with the nearest of its parents that is old or named
    facts = {
        f.name: {v.name: v.parent for v in f.values if v.module in modules and v.name not in values.get(f.name, ())}
        for f in vocabulary.facts.values()
        if f.module not in modules
    }
    return Adoption(activities, {fact: {v: _elder(v, parents) for v in parents} for fact, parents in facts.items()})


def _elder(word: str, parents: Mapping[str, str]) -> str:
    while word in parents:
        word = parents[word]
    return word


def _literals(node: object) -> Iterator[tuple[str, str]]:
    """(fact, word) wherever an expression holds a fact against words."""
    if isinstance(node, list):
        for item in node:
            yield from _literals(item)
    elif isinstance(node, dict):
        match node:
            case {"left": {".": {"attr": fact}}, "right": other} | {"left": other, "right": {".": {"attr": fact}}}:
                yield from ((fact, word) for word in _words(other))
            case _:
                for inner in node.values():
                    yield from _literals(inner)


def _words(side: Mapping[str, Any]) -> Iterator[str]:
    for item in side.get("Set", [side]):
        if isinstance(item.get("Value"), str):
            yield item["Value"]
