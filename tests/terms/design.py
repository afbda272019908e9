"""DESIGN section 3 by enumeration, written from its text and sharing no code with brightline.terms.

`allowed` reads Cedar JSON directly; every set of supplies and every value of every open fact is tried.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product
from typing import Any

import cedarpy

from brightline.vocabulary import Vocabulary

State = Mapping[str, Any]
"""Every fact of a use, by name: a word, a whole number or a frozenset of words."""


def subsets(names: Iterable[str]) -> Iterator[frozenset[str]]:
    each = list(names)
    return map(frozenset, chain.from_iterable(combinations(each, n) for n in range(len(each) + 1)))


@dataclass(frozen=True)
class Policy:
    permits: bool
    activities: frozenset[str]
    facts: frozenset[str]
    applies: Callable[[State], bool]


def read(text: str, words: Vocabulary) -> list[Policy]:
    out = []
    for p in json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values():
        conditions = [(c["kind"] == "when", meaning(c["body"])) for c in p.get("conditions", [])]

        def applies(s: State, conditions: Any = tuple(conditions)) -> bool:
            return all(bool(f(s)) is wanted for wanted, f in conditions)

        mentioned = frozenset(f for f in words.facts if f'"attr": "{f}"' in json.dumps(p))
        out.append(Policy(p["effect"] == "permit", _activities(p["action"], words), mentioned, applies))
    return out


def _activities(action: Mapping[str, Any], words: Vocabulary) -> frozenset[str]:
    if action["op"] == "All":
        return frozenset(words.activities)
    named = {e["id"] for e in action.get("entities", [action.get("entity")])}
    return frozenset(a for a in words.activities if a in named or a.split(".")[0] in named)


def meaning(e: Mapping[str, Any]) -> Callable[[State], Any]:
    """Cedar's meaning of an expression, as its reference tells it."""
    ((op, arg),) = e.items()
    match op:
        case "Value":
            return lambda s: arg
        case ".":
            return lambda s: s[arg["attr"]]
        case "Set":
            items = frozenset(x["Value"] for x in arg)
            return lambda s: items
        case "!":
            inner = meaning(arg["arg"])
            return lambda s: not inner(s)
    left, right = meaning(arg["left"]), meaning(arg["right"])
    table: dict[str, Callable[[State], Any]] = {
        "&&": lambda s: left(s) and right(s),
        "||": lambda s: left(s) or right(s),
        "==": lambda s: left(s) == right(s),
        "!=": lambda s: left(s) != right(s),
        "<": lambda s: left(s) < right(s),
        "<=": lambda s: left(s) <= right(s),
        ">": lambda s: left(s) > right(s),
        ">=": lambda s: left(s) >= right(s),
        "contains": lambda s: right(s) in left(s),
        "containsAny": lambda s: bool(left(s) & right(s)),
        "containsAll": lambda s: left(s) >= right(s),
    }
    return table[op]


@dataclass(frozen=True)
class Judge:
    """The terms, read for one reading of a use: its activity, its facts, and what the gateway can perform."""

    policies: Sequence[Policy]
    words: Vocabulary
    activity: str
    facts: State
    performable: Sequence[str]

    def allowed(self, s: State) -> bool:
        here = [p for p in self.policies if self.activity in p.activities and p.applies(s)]
        return any(p.permits for p in here) and all(p.permits for p in here)

    def duties(self, s: State) -> tuple[str, ...] | None:
        """The fewest duties, then in vocabulary order, with which `s` is allowed."""
        order = [d for d in self.words.facts["duties"].names if d in self.performable]
        for some in combinations_by_size(order):
            if self.allowed({**s, "duties": s["duties"] | set(some)}):
                return some
        return None

    def holds(self, s: State) -> dict[frozenset[str], tuple[str, ...]]:
        """Every minimal set of approvals with its duties; {∅: duties} where the use is permitted."""
        out: dict[frozenset[str], tuple[str, ...]] = {}
        for some in subsets(self.words.facts["approvals"].names):
            if any(found <= some for found in out):
                continue
            duties = self.duties({**s, "approvals": s["approvals"] | some})
            if duties is not None:
                out[some] = duties
        return out

    def open(self) -> list[str]:
        """The open facts in the applicable clauses."""
        here = set().union(*(p.facts for p in self.policies if self.activity in p.activities))
        return [f.name for f in self.words.facts.values() if f.name in here and self.facts[f.name] in f.open]

    def helps(self, told: Mapping[str, str], s: State) -> bool:
        """Whether some values of the open facts in `told`, from the sources it gives, make `s` permit or hold."""
        claimed = (s["claimed"] - {f for f, source in told.items() if source == "attested"}) | {
            f for f, source in told.items() if source == "declared"
        }
        free = [f for f in told if s[f] in self.words.facts[f].open]
        for values in product(*(self.words.facts[f].names for f in free)):
            if self.holds({**s, **dict(zip(free, values, strict=True)), "claimed": claimed}):
                return True
        return False

    def strongest(self, s: State) -> dict[str, str]:
        """Everything that could be told, each from the best source it can have."""
        gateway = {f.name for f in self.words.facts.values() if f.gateway}
        told = dict.fromkeys([*self.open(), *s["claimed"]], "attested")
        return {f: "observed" if f in gateway else source for f, source in told.items()}

    def outcome(self, s: State) -> str:
        ways = self.holds(s)
        if frozenset() in ways:
            return "permit"
        if ways:
            return "hold"
        return "ask" if self.helps(self.strongest(s), s) else "deny"

    def certificates(self) -> set[frozenset[str]]:
        """Every minimal set of missing certificates with which the denial would be none."""
        out: set[frozenset[str]] = set()
        for some in subsets(self.words.facts["exceptions"].names):
            s = {**self.facts, "exceptions": self.facts["exceptions"] | some}
            if not any(found <= some for found in out) and self.outcome(s) != "deny":
                out.add(some)
        return out


def combinations_by_size(order: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(order, n) for n in range(len(order) + 1))
