"""What may I do? A use made of names and the registry's word on them, decided and recorded nowhere.

Law: `may` decides the use that the gateway would make of the same names, facts and readings for a model's call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from brightline.errors import UseError
from brightline.registry.attest import Attested, Claims, Unattested, attest
from brightline.registry.items import OF_AUTHORITIES
from brightline.registry.registry import Registry
from brightline.registry.tools import ToolFound
from brightline.terms import Decision, Terms, decide
from brightline.vocabulary import FactValue, Source, Use, Vocabulary


@dataclass(frozen=True, slots=True)
class May:
    """`overruled`: declared facts of which an owner says something else, which stands."""

    decision: Decision
    use: Use
    refused: tuple[Unattested, ...]
    overruled: tuple[str, ...]


def may(
    terms: Terms,
    registry: Registry,
    claims: Claims,
    today: date,
    *,
    declared: Mapping[str, FactValue] | None = None,
    observed: Mapping[str, FactValue] | None = None,
    model: str = "",
    tool: ToolFound | None = None,
    performable: Sequence[str] = ("note",),
) -> May:
    """Decide a use without doing it. `declared`: the caller's word; `observed`: what the gateway would see.

    Raises UseError where a declared fact is not the caller's to declare.
    """
    attested = attest(registry, terms, claims, today, tool)
    use, overruled = use_of(terms.scope.vocabulary, attested, declared or {}, observed or {}, model)
    return May(decide(terms, use, performable), use, attested.refused, overruled)


def use_of(
    words: Vocabulary,
    attested: Attested,
    declared: Mapping[str, FactValue],
    observed: Mapping[str, FactValue],
    model: str = "",
) -> tuple[Use, tuple[str, ...]]:
    """The use, and the names of declared facts that gave way. What is attested stands, whatever a caller declares."""
    facts: dict[str, FactValue] = dict(observed)
    sources = dict.fromkeys(observed, Source.OBSERVED)
    # 1. what the caller says: never what only the gateway sees, and never in an owner's place
    for name, value in declared.items():
        fact = words.fact(name, "facts", UseError)
        if fact.gateway:
            raise UseError(f"{name} cannot be declared", place="facts", cure="leave it out: only the gateway sets it")
        if name in OF_AUTHORITIES - {"legal_basis"} or (name == "dataset" and value == "registered"):
            cure = "name what is registered, and its owner will attest it"
            raise UseError(f"{name} cannot be declared", place="facts", cure=cure)
        facts[name], sources[name] = value, Source.DECLARED
    # 2. what owners attest
    overruled = tuple(sorted(n for n in declared if n in attested.facts and attested.facts[n] != declared[n]))
    facts |= attested.facts
    sources |= attested.sources
    use = Use(attested.activity, facts, sources, attested.alternatives, attested.actor, attested.component, model)
    return use, overruled
