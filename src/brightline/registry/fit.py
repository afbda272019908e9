"""Does an item fit the agreed terms? Their vocabulary must have its words, and pin the document that it is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from brightline.registry.items import Actor, Authority, Dataset, Item, Kind, Purpose, Tool
from brightline.registry.registry import Registry
from brightline.terms import Terms
from brightline.vocabulary import FactKind, FactValue, Vocabulary


class Why(StrEnum):
    """Why something that was named is not attested."""

    UNREGISTERED = "unregistered"  # no such item, or its files were refused
    NOT_YOURS = "not_yours"  # the item is for others
    EXPIRED = "expired"
    OUT_OF_SCOPE = "out_of_scope"  # the authority is for other activities
    NOT_AGREED = "not_agreed"  # the terms do not know it, or pin another document
    UNKNOWN_WORD = "unknown_word"  # a word that the agreed vocabulary does not have


def unfit(terms: Terms, name: str, item: Item) -> tuple[Why, str] | None:
    """Why an item attests nothing under these terms, whoever names it; None where it fits."""
    words = terms.scope.vocabulary
    word = ""
    match item:
        case Purpose():
            word = _no_activity(words, item.activity) or unknown_word(words, typed(item.facts))
        case Dataset():
            word = unknown_word(words, dataset_facts(item))
        case Tool():
            word = unknown_word(words, {"effect": item.effect, "phase": item.phase, **typed(item.facts)})
            if item.actuation not in words.facts["actuation"].names:
                word = f"actuation has no value {item.actuation}"
            if item.activity is not None:
                word = word or _no_activity(words, item.activity)
        case Actor():
            unknown = [r for r in item.roles if r not in words.facts["approvals"].names]
            word = f"the terms have no role {unknown[0]}" if unknown else ""
        case Authority():
            if name not in terms.authorities:
                return Why.NOT_AGREED, "the terms do not name it"
            if terms.authorities[name]["digest"] != item.digest:
                # K11: a newer issue changes nothing until both parties sign it into the terms
                return Why.NOT_AGREED, "the terms pin another document under this name"
            word = unknown_word(words, {"legal_basis": item.legal_basis} if item.legal_basis else {})
        case _:
            pass  # models, prices and owners say nothing in the vocabulary's words
    return (Why.UNKNOWN_WORD, word) if word else None


def all_unfit(terms: Terms, registry: Registry) -> list[tuple[Kind, str, Why, str]]:
    """(kind, name, why, what) of every registered item that attests nothing under these terms."""
    return [
        (kind, name, *found)
        for kind in Kind
        for name, item in registry.items(kind).items()
        if (found := unfit(terms, name, item)) is not None
    ]


def dataset_facts(item: Dataset) -> dict[str, FactValue]:
    """What a data set says of itself, beside that it is registered."""
    own: dict[str, FactValue] = {
        "data_origin": item.origin,
        "deidentified": item.deidentified,
        "protected_persons": item.protected_persons,
    }
    return own | typed(item.facts)


def typed(facts: Mapping[str, str | tuple[str, ...]]) -> dict[str, FactValue]:
    """An item's facts as a use has them."""
    return {name: frozenset(v) if isinstance(v, tuple) else v for name, v in facts.items()}


def unknown_word(words: Vocabulary, facts: Mapping[str, FactValue]) -> str:
    """What of these facts the agreed vocabulary cannot say, or nobody may attest; empty where nothing."""
    for name, value in facts.items():
        fact = words.facts.get(name)
        if fact is None:
            return f"the vocabulary has no fact {name}"
        if fact.gateway:
            return f"only the gateway sets {name}"
        if isinstance(value, frozenset) is not (fact.kind is FactKind.SET) or fact.kind is FactKind.NUMBER:
            return f"{name} is {'a set' if fact.kind is FactKind.SET else 'one value'}"
        for word in value if isinstance(value, frozenset) else [value]:
            if word not in fact.names:
                return f"{name} has no value {word}"
    return ""


def _no_activity(words: Vocabulary, activity: str) -> str:
    return "" if activity in words.activities else f"the vocabulary has no activity {activity}"
