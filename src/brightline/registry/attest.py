"""What the registry attests of one use: facts with the source `attested`, and all that it refused to attest.

Law: an attestation settles only what it names. A purpose says nothing of the data, a data set nothing of the law, and
where two attestations differ each is decided and the strictest outcome stands (they become alternatives, DESIGN
section 2). Nothing that was named is dropped: what does not stand is refused with its reason and leaves `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from brightline.errors import UseError
from brightline.registry.fit import Why, dataset_facts, typed, unfit
from brightline.registry.items import Actor, Authority, Dataset, Kind, Purpose, among, covers
from brightline.registry.registry import Registry
from brightline.registry.tools import Standing, ToolFound
from brightline.terms import Terms
from brightline.vocabulary import UNKNOWN, Alternative, FactValue, Source

MAX_NAMED: Final = 32
"""Data sets, and as many authorities, that one use may name: each may add an alternative, and a use has at most 64."""
NO_ACTIVITY: Final = "gen.unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Who says that they do what, by name. `component`: as the gateway knows it; the registry's word goes before."""

    actor: str
    component: str = ""
    purpose: str = ""
    datasets: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unattested:
    """What was named and is not attested."""

    kind: Kind
    name: str
    why: Why
    text: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name[:60]!r}: {self.text}"


@dataclass(frozen=True, slots=True)
class Attested:
    """`activity` is gen.unknown where no purpose stands; `roles`: those that the actor holds, for whoever approves.

    `alternatives`: what some attestation says otherwise than another; each is decided too.
    """

    actor: str
    component: str
    roles: tuple[str, ...]
    activity: str
    facts: Mapping[str, FactValue]
    sources: Mapping[str, Source]
    alternatives: tuple[Alternative, ...]
    refused: tuple[Unattested, ...]


def attest(registry: Registry, terms: Terms, claims: Claims, today: date, tool: ToolFound | None = None) -> Attested:
    """What the registry says of a use on `today`. Raises UseError where more is named than a use can hold."""
    for kind, named in ((Kind.DATASETS, claims.datasets), (Kind.AUTHORITIES, claims.authorities)):
        if len(named) > MAX_NAMED:
            raise UseError(f"{len(named)} {kind}", place=str(kind), cure=f"name at most {MAX_NAMED} in one use")
    # 1. the actor, and with it the component
    said = _Said(claims.actor, claims.component)
    _actor(registry, terms, said)
    # 2. the purpose: the activity, and what its owner attests of the doing
    purpose = _purpose(registry, terms, claims.purpose, said)
    # 3. the tool: what is done, where that differs from what the purpose says
    if tool is not None:
        _tool(terms, tool, said)
    # 4. each data set, by its own owner
    _datasets(registry, terms, _once(claims.datasets, purpose.datasets if purpose else ()), said)
    # 5. each authority, by its own
    names = _once(claims.authorities, purpose.authorities if purpose else ())
    _authorities(registry, terms, names, said, today)
    alternatives = tuple(Alternative(f, a) for a, f in said.otherwise)
    return Attested(
        said.actor,
        said.component,
        said.roles,
        said.activity,
        said.facts,
        said.sources,
        alternatives,
        tuple(said.refused),
    )


@dataclass(slots=True)
class _Said:
    """What has been attested so far. `otherwise`: (activity or "", facts) that differ from it."""

    actor: str
    component: str
    roles: tuple[str, ...] = ()
    activity: str = NO_ACTIVITY
    facts: dict[str, FactValue] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    otherwise: list[tuple[str, dict[str, FactValue]]] = field(default_factory=list)
    refused: list[Unattested] = field(default_factory=list)

    def settle(self, said: Mapping[str, FactValue], source: Source = Source.ATTESTED, activity: str = "") -> None:
        """Take over facts; those that were already said otherwise, and another activity, make an alternative."""
        other = activity if activity != self.activity else ""
        differing = {n: v for n, v in said.items() if n in self.facts and self.facts[n] != v}
        if (differing or other) and (other, differing) not in self.otherwise:
            self.otherwise.append((other, differing))
        for name, value in said.items():
            if name not in self.facts:
                self.facts[name], self.sources[name] = value, source

    def refuse(self, kind: Kind, name: str, why: Why, text: str) -> None:
        self.refused.append(Unattested(kind, name, why, text))

    def activities(self) -> list[str]:
        return [self.activity, *(a for a, _ in self.otherwise if a)]


def _actor(registry: Registry, terms: Terms, said: _Said) -> None:
    actor = registry.item(Kind.ACTORS, said.actor)
    if not isinstance(actor, Actor):
        said.refuse(Kind.ACTORS, said.actor, Why.UNREGISTERED, registry.why_not(Kind.ACTORS, said.actor))
        return
    said.component = actor.component
    if fault := unfit(terms, said.actor, actor):
        said.refuse(Kind.ACTORS, said.actor, *fault)
    else:
        said.roles = actor.roles


def _purpose(registry: Registry, terms: Terms, name: str, found: _Said) -> Purpose | None:
    if not name:
        return None
    purpose = registry.item(Kind.PURPOSES, name)
    if not isinstance(purpose, Purpose):
        found.refuse(Kind.PURPOSES, name, Why.UNREGISTERED, registry.why_not(Kind.PURPOSES, name))
        return None
    if not among(purpose.may_use, found.actor, found.component):
        found.refuse(Kind.PURPOSES, name, Why.NOT_YOURS, f"{found.actor} may not use it")
        return None
    if fault := unfit(terms, name, purpose):
        found.refuse(Kind.PURPOSES, name, *fault)
        return None
    found.activity = purpose.activity
    found.settle(typed(purpose.facts))
    return purpose


def _tool(terms: Terms, tool: ToolFound, found: _Said) -> None:
    """A tool that the terms have no words for is as good as unknown: it attests nothing."""
    fault = unfit(terms, tool.name, tool.item) if tool.item is not None else None
    if fault is not None:
        found.refuse(Kind.TOOLS, tool.name, *fault)
        unsettled: dict[str, FactValue] = {"actuation": UNKNOWN, "effect": UNKNOWN, "phase": UNKNOWN}
        found.settle(unsettled | {"integrity": tool.facts["integrity"]}, Source.OBSERVED)
        return
    if tool.standing is Standing.UNLISTED:
        found.refuse(Kind.TOOLS, tool.name, Why.UNREGISTERED, tool.text)
    attested = {n: v for n, v in tool.facts.items() if tool.sources[n] is Source.ATTESTED}
    found.settle(attested, activity=tool.activity or "")
    found.settle({n: v for n, v in tool.facts.items() if n not in attested}, Source.OBSERVED)


def _datasets(registry: Registry, terms: Terms, names: list[str], found: _Said) -> None:
    """K5, B15: what is not registered is `unregistered`, and nothing of it is known, whatever anyone claims."""
    nothing: dict[str, FactValue] = {"data_origin": UNKNOWN, "deidentified": UNKNOWN, "protected_persons": UNKNOWN}
    each: list[tuple[dict[str, FactValue], Source]] = []
    for name in names:
        item = registry.item(Kind.DATASETS, name)
        if not isinstance(item, Dataset):
            found.refuse(Kind.DATASETS, name, Why.UNREGISTERED, registry.why_not(Kind.DATASETS, name))
            each.append(({"dataset": "unregistered", **nothing}, Source.OBSERVED))
            continue
        if fault := unfit(terms, name, item):
            found.refuse(Kind.DATASETS, name, *fault)
            each.append(({"dataset": "registered", **nothing}, Source.OBSERVED))
        else:
            each.append(({"dataset": "registered", **dataset_facts(item)}, Source.ATTESTED))
    # What one data set attests says nothing of the next: where that is silent, it is unknown.
    said_by_any: dict[str, FactValue] = dict.fromkeys((n for facts, _ in each for n in facts), UNKNOWN)
    for facts, source in each:
        found.settle(said_by_any | facts, source)


def _authorities(registry: Registry, terms: Terms, names: Iterable[str], found: _Said, today: date) -> None:
    """The authorities that may be cited for this activity by this actor today, as one set; and their legal bases."""
    standing: set[str] = set()
    named = False
    for name in names:
        named = True
        item = registry.item(Kind.AUTHORITIES, name)
        if not isinstance(item, Authority):
            found.refuse(Kind.AUTHORITIES, name, Why.UNREGISTERED, registry.why_not(Kind.AUTHORITIES, name))
        elif item.until is not None and today > item.until:
            found.refuse(Kind.AUTHORITIES, name, Why.EXPIRED, f"it could be cited until {item.until}")
        elif today < item.dated:
            found.refuse(Kind.AUTHORITIES, name, Why.EXPIRED, f"it is dated {item.dated}, which is still to come")
        elif not among(item.may_cite, found.actor, found.component):
            found.refuse(Kind.AUTHORITIES, name, Why.NOT_YOURS, f"{found.actor} may not cite it")
        elif away := [a for a in found.activities() if not covers(item.activities, a)]:
            found.refuse(Kind.AUTHORITIES, name, Why.OUT_OF_SCOPE, f"it is not for {away[0]}")
        elif fault := unfit(terms, name, item):
            found.refuse(Kind.AUTHORITIES, name, *fault)
        else:
            standing.add(name)
            if item.legal_basis is not None:
                found.settle({"legal_basis": item.legal_basis})
    if named:
        found.settle({"authorities": frozenset(standing)})


def _once(*names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(n for some in names for n in some))
