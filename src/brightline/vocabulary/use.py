"""A use: one guarded act with typed facts about it, in the neutral form that CLI, tests and API share (DESIGN 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Never, TypeAlias

from brightline.errors import UseError, nearest
from brightline.vocabulary.module import UNKNOWN, Fact, FactKind
from brightline.vocabulary.words import ALWAYS, Vocabulary

FactValue: TypeAlias = str | int | frozenset[str]

_KEYS = ("activity", "actor", "component", "model", "facts", "sources", "alternatives")
MAX_NUMBER = 2**63 - 1
MAX_ALTERNATIVES = 64


class Source(StrEnum):
    """Who vouches for a fact."""

    DECLARED = "declared"
    INFERRED = "inferred"
    ATTESTED = "attested"
    OBSERVED = "observed"


@dataclass(frozen=True, slots=True)
class Alternative:
    """What the use may be instead, as far as the screen can tell; every alternative is decided."""

    facts: Mapping[str, FactValue]
    activity: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """`facts` holds only what was stated; the rest is `unknown`, empty or 0. `claimed` follows from the sources."""

    activity: str
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    alternatives: tuple[Alternative, ...] = ()
    actor: str = ""
    component: str = ""
    model: str = ""


def read_use(vocabulary: Vocabulary, obj: object, place: str = "use") -> Use:
    """The use in a parsed JSON object. Raises UseError naming the field and the nearest right word."""
    if not isinstance(obj, dict):
        _bad("a use is a JSON object", place, 'for example {"activity": "gen.office", "facts": {}}')
    for key in obj:
        if key not in _KEYS:
            _bad(f"a use has no field {key[:60]!r}", place, nearest(key, _KEYS))
    if "activity" not in obj:
        _bad("a use needs an activity", place, "where none is known, say gen.unknown")
    facts = _facts(vocabulary, obj.get("facts", {}), f"{place}: facts")
    sources = _sources(vocabulary, obj.get("sources", {}), facts, f"{place}: sources")
    stated = facts.pop("claimed", None)
    use = Use(
        activity=vocabulary.activity(_string(obj, "activity", place), f"{place}: activity", UseError).name,
        facts=facts,
        sources=sources,
        alternatives=_alternatives(vocabulary, obj.get("alternatives", []), f"{place}: alternatives"),
        actor=_string(obj, "actor", place),
        component=_string(obj, "component", place),
        model=_string(obj, "model", place),
    )
    if stated is not None and stated != claimed(vocabulary, use.facts, use.sources):
        _bad("claimed contradicts the sources", f"{place}: facts.claimed", "leave it out: it is derived from sources")
    return use


def claimed(vocabulary: Vocabulary, facts: Mapping[str, FactValue], sources: Mapping[str, Source]) -> frozenset[str]:
    """The facts that rest on a claim alone: declared (the default), known, and not the gateway's own."""
    return frozenset(
        name
        for name, value in facts.items()
        if not vocabulary.facts[name].gateway
        and value != UNKNOWN
        and sources.get(name, Source.DECLARED) is Source.DECLARED
    )


def encode(vocabulary: Vocabulary, facts: Mapping[str, FactValue], sources: Mapping[str, Source]) -> list[int]:
    """The facts as one integer each, in vocabulary order.

    An enumeration is the one bit of its value, a set the bits of its members, a number itself; what is not stated is
    `unknown`, empty, 0. Total on what `read_use` let through.
    """
    out, code, asserted = list(vocabulary.blank), vocabulary.code, 0
    for name, value in facts.items():
        i, bits, claim = code[name]
        if isinstance(value, str):
            out[i] = bits[value]
        elif isinstance(value, frozenset):
            out[i] = sum([bits[v] for v in value])
        else:
            out[i] = value
        if claim and value != UNKNOWN and sources.get(name, Source.DECLARED) is Source.DECLARED:
            asserted |= claim
    out[vocabulary.index["claimed"]] = asserted
    return out


def use_json(use: Use) -> dict[str, Any]:
    """The neutral JSON form; `read_use` of it gives the same use."""
    out: dict[str, Any] = {"activity": use.activity}
    for key, text in (("actor", use.actor), ("component", use.component), ("model", use.model)):
        if text:
            out[key] = text
    out["facts"] = _plain(use.facts)
    out["sources"] = {k: str(v) for k, v in use.sources.items()}
    out["alternatives"] = [
        ({"activity": a.activity} if a.activity else {}) | {"facts": _plain(a.facts)} for a in use.alternatives
    ]
    return out


def read_value(vocabulary: Vocabulary, fact: Fact, value: object, place: str) -> FactValue:
    """`value` as the type of `fact`. Raises UseError. True is no number."""
    match fact.kind:
        case FactKind.ENUM:
            if isinstance(value, str):
                return vocabulary.value(fact, value, place, UseError)
            _bad(f"{fact.name} is one of its words", place, f"known: {', '.join(fact.names)}")
        case FactKind.SET:
            if isinstance(value, list | tuple | set | frozenset) and all(isinstance(v, str) for v in value):
                return frozenset(vocabulary.value(fact, v, place, UseError) for v in value)
            _bad(f"{fact.name} is a list of words", place, f'for example ["{(fact.names or ("name",))[0]}"]')
        case FactKind.NUMBER:
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER:
                return value
            _bad(f"{fact.name} is a whole number", place, "from 0 to 2^63 - 1")


def _facts(vocabulary: Vocabulary, obj: object, place: str) -> dict[str, FactValue]:
    if not isinstance(obj, dict):
        _bad("facts are a JSON object", place, 'for example {"place": "home"}')
    out: dict[str, FactValue] = {}
    for name, value in obj.items():
        fact = vocabulary.fact(name, place, UseError)
        out[name] = read_value(vocabulary, fact, value, f"{place}.{name}")
    return out


def _sources(vocabulary: Vocabulary, obj: object, facts: Mapping[str, FactValue], place: str) -> dict[str, Source]:
    if not isinstance(obj, dict):
        _bad("sources are a JSON object", place, 'for example {"place": "attested"}')
    for name, value in obj.items():
        vocabulary.fact(name, place, UseError)
        if name not in facts:
            _bad(f"a source for {name}, which is not stated", place, f"state facts.{name} or drop its source")
        if value not in tuple(Source):
            _bad(f"{str(value)[:60]!r} is no source", f"{place}.{name}", nearest(str(value), map(str, Source)))
    return {k: Source(v) for k, v in obj.items()}


def _alternatives(vocabulary: Vocabulary, obj: object, place: str) -> tuple[Alternative, ...]:
    if not isinstance(obj, list) or len(obj) > MAX_ALTERNATIVES:
        _bad("alternatives are a list", place, f"at most {MAX_ALTERNATIVES}, each {{activity?, facts}}")
    out = []
    for i, item in enumerate(obj):
        here = f"{place}[{i}]"
        if not isinstance(item, dict) or not set(item) <= {"activity", "facts"}:
            _bad("an alternative has activity and facts", here, 'for example {"facts": {"scale": "bulk"}}')
        name = _string(item, "activity", here)
        if "activity" in item:
            vocabulary.activity(name, f"{here}.activity", UseError)
        facts = _facts(vocabulary, item.get("facts", {}), f"{here}.facts")
        for own in facts:
            if own in ALWAYS:
                _bad(f"an alternative cannot change {own}", here, "the screen infers what was done, not who agreed")
        out.append(Alternative(facts, name))
    return tuple(out)


def _string(obj: Mapping[str, Any], key: str, place: str) -> str:
    value = obj.get(key, "")
    if not isinstance(value, str) or len(value) > 256:
        _bad(f"{key} is a text of at most 256 characters", f"{place}: {key}", "write it in quotes")
    return value


def _plain(facts: Mapping[str, FactValue]) -> dict[str, Any]:
    return {k: sorted(v) if isinstance(v, frozenset) else v for k, v in facts.items()}


def _bad(text: str, place: str, cure: str) -> Never:
    raise UseError(text, place=place, cure=cure)
