"""The three positions as shipped, opened once, and ways to change their words and their uses."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from brightline.storage.packs import open_pack
from brightline.terms import Pack, Scenario, Scope, Terms, read_pack, read_scenarios
from brightline.vocabulary import FactKind, FactValue, Source, Use, Vocabulary, claimed

NAMES = ("vendor", "customer", "compromise")
FIELD = ("openai-2026-02-28", "openai-2026-03-02", "google-2026-04", "s4113")
HEALTH = ("health-vendor", "health-hospital")
NORMAL = {  # what the gateway states of a plain model call
    "end_user": "identified",
    "integrity": "intact",
    "actuation": "none",
    "screen": "clear",
    "meter": "counted",
    "approval_tempo": "normal",
}


@cache
def shipped_pack(name: str) -> Pack:
    return open_pack(name)


@cache
def scenarios_of(name: str) -> tuple[Scenario, ...]:
    return tuple(read_scenarios(shipped_pack(name)))


def reworded(pack: Pack, old: str, new: str) -> Pack:
    """The pack with its clauses changed in one place."""
    assert pack.files["terms.cedar"].count(old) >= 1
    return read_pack(pack.name, {**pack.files, "terms.cedar": pack.files["terms.cedar"].replace(old, new)})


def without(terms: Terms, *clauses: str) -> Terms:
    """The terms without some clauses."""
    assert {c.id for c in terms.clauses} >= set(clauses)
    return replace(terms, clauses=tuple(c for c in terms.clauses if c.id not in clauses))


def any_uses(words: Vocabulary, count: int, seed: int, *, known: bool = False) -> Iterator[Use]:
    """Uses with any values of any facts; each leaves a share of them out, unless all must be `known`."""
    rng = random.Random(seed)
    for _ in range(count):
        stated = 1.0 if known else rng.random()
        facts: dict[str, FactValue] = {}
        for f in words.facts.values():
            if f.name == "claimed":
                continue
            if f.kind is FactKind.NUMBER:
                facts[f.name] = rng.choice([0, 1, 99, 100, 499, 500, 40_000])
            elif f.kind is FactKind.SET:
                facts[f.name] = frozenset(n for n in f.names if rng.random() < 0.3)
            elif rng.random() < stated:
                facts[f.name] = rng.choice([n for n in f.names if not known or n not in f.open])
        sources = {name: Source.ATTESTED for name in facts if rng.random() < 0.5}
        yield Use(rng.choice(list(words.activities)), facts, sources, component=rng.choice(["", "army/g2", "nsa"]))


def changed(use: Use, facts: Mapping[str, FactValue | None], source: Source = Source.DECLARED) -> Use:
    """The use with other values; None leaves the fact unsaid."""
    kept = {k: v for k, v in (use.facts | dict(facts)).items() if v is not None}
    sources = {k: s for k, s in (use.sources | dict.fromkeys(facts, source)).items() if k in kept}
    return Use(use.activity, kept, sources, use.alternatives, use.actor, use.component, use.model)


def lies_in(scope: Scope, use: Use, region: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a use lies in a region as `compare` writes it (DESIGN section 4)."""
    return all(_fits(scope, use, name, part) for name, part in region.items())


def _fits(scope: Scope, use: Use, name: str, part: Mapping[str, Any]) -> bool:
    if name == "activity":
        return use.activity in part["in"]
    if name == "component":
        around = [c for i, c in enumerate(scope.components) if scope.components_of(use.component) >> i & 1]
        return max(around, key=len, default="") in part["in"]
    if name == "model":
        return (use.model if use.model in scope.models else "") in part["in"]
    words = scope.vocabulary
    match words.facts[name].kind:
        case FactKind.ENUM:
            return use.facts.get(name, "unknown") in part["in"]
        case FactKind.NUMBER:
            number = use.facts.get(name, 0)
            return isinstance(number, int) and part.get("min", 0) <= number <= part.get("max", number)
        case FactKind.SET:
            stated = claimed(words, use.facts, use.sources) if name == "claimed" else use.facts.get(name, frozenset())
            assert isinstance(stated, frozenset)
            return stated >= set(part.get("has", ())) and not stated & set(part.get("lacks", ()))
