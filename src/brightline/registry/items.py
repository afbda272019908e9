"""What a registry can hold: one frozen dataclass for each kind of item (docs/reference/registry.md lists the fields).

An item attests facts of what it names and of nothing else: a data set its data, an authority that it may be cited, a
tool what it does. Which facts are whose stands in `OF_OTHERS`; the vocabulary checks the values when they are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final

from brightline.agreement.reading import (
    Digest,
    Record,
    day,
    digest,
    fail,
    flag,
    integer,
    key,
    listing,
    money,
    one_of,
    optional,
    short,
    text,
    verify_key,
)
from brightline.keys import VerifyKey

MAX_LISTED: Final = 256
"""Names in one list of an item: who may use it, which data sets it works on."""
MAX_FACTS: Final = 32
"""Facts that one item attests."""


class Kind(StrEnum):
    """The kinds of items. `owners` is the root: the customer's key signs who may sign which of the others."""

    OWNERS = "owners"
    PURPOSES = "purposes"
    DATASETS = "datasets"
    AUTHORITIES = "authorities"
    TOOLS = "tools"
    ACTORS = "actors"
    MODELS = "models"
    PRICES = "prices"


APART: Final = (
    (Kind.ACTORS, Kind.TOOLS),  # who wires a tool does not name those who approve its calls
    (Kind.ACTORS, Kind.PURPOSES),  # nor does who wants to work
    (Kind.AUTHORITIES, Kind.PURPOSES),  # who wants to work does not say what the law allows
    (Kind.AUTHORITIES, Kind.DATASETS),
)
"""Kinds that no one owner may sign both of."""

OF_DATASETS: Final = frozenset(("data_origin", "dataset", "deidentified"))
OF_AUTHORITIES: Final = frozenset(("authorities", "legal_basis"))
OF_OTHERS: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.PURPOSES: OF_DATASETS | OF_AUTHORITIES,
    Kind.TOOLS: OF_DATASETS | OF_AUTHORITIES | {"effect", "actuation", "phase", "integrity", "purpose"},
}
"""Facts that an item of the kind may not attest: the data's own and the law's own are for their owners to say."""
_WHOSE: Final = {
    **dict.fromkeys(OF_DATASETS, "the owner of the data set attests it"),
    **dict.fromkeys(OF_AUTHORITIES, "the owner of the authority attests it"),
    **dict.fromkeys(("effect", "actuation", "phase"), "a tool has a field for it"),
    "integrity": "the gateway sees for itself",
    "purpose": "a purpose's owner attests it",
}
DATASETS_MAY: Final = frozenset(("place", "scale", "protected_activity"))
"""What a data set may attest beside its own fields."""

_LOWER = text(64, pattern=r"[a-z0-9][a-z0-9._-]*", means="a name of lower-case letters, digits, '.', '_' and '-'")
_PATH = text(200, pattern=r"[A-Za-z0-9][A-Za-z0-9._@/-]*", means="a name of letters, digits, '.', '_', '@', '/', '-'")
# Exact bytes, and only such as one can see and tell apart: a look-alike beyond ASCII can never be registered.
_EXACT = text(200, pattern=r"[A-Za-z0-9_][A-Za-z0-9_.:/-]*", means="a name of letters, digits, '_', '.', ':', '/', '-'")
_WORD = text(64, pattern=r"[a-z][a-z0-9_]*", means="a word of the vocabulary")
_ACTIVITY = text(130, pattern=r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?", means="an activity, or a group of them")
_LINE = text(500)
_WORDS = listing(_WORD, 64)
_NAMES = listing(_LOWER, MAX_LISTED)
_WHO = listing(_PATH, MAX_LISTED)

NAMES: Final = {
    Kind.OWNERS: _PATH,
    Kind.PURPOSES: _LOWER,
    Kind.DATASETS: _LOWER,
    Kind.AUTHORITIES: _LOWER,
    Kind.TOOLS: _EXACT,
    Kind.ACTORS: _PATH,
    Kind.MODELS: _EXACT,
    Kind.PRICES: _EXACT,
}
"""What an item of each kind may be called."""


def facts(value: Any, place: str) -> Mapping[str, str | tuple[str, ...]]:
    """`{"phase": "plan", "lanes": ["a", "b"]}`: words, whose meaning the vocabulary gives later."""
    if not isinstance(value, dict) or len(value) > MAX_FACTS:
        fail(place, "expected an object of facts", f'write at most {MAX_FACTS}, like {{"phase": "plan"}}')
    read = {_WORD(k, place): (_WORDS if isinstance(v, list) else _WORD)(v, f"{place}.{k}") for k, v in value.items()}
    return MappingProxyType(read)


NO_FACTS: Final[Mapping[str, str | tuple[str, ...]]] = MappingProxyType({})
Facts = Annotated[Mapping[str, str | tuple[str, ...]], facts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner(Record):
    """Who may sign items of some kinds, and with which key."""

    name: Annotated[str, _PATH]
    key: Annotated[VerifyKey, verify_key]
    kinds: Annotated[tuple[Kind, ...], listing(one_of(Kind), 16)]

    def faults(self) -> Iterable[tuple[str, str, str]]:
        if not self.kinds or Kind.OWNERS in self.kinds:
            yield "kinds", "an owner signs some kinds, and never the owners", "name kinds; the customer signs owners"
        for a, b in APART:
            if a in self.kinds and b in self.kinds:
                yield "kinds", f"{a} and {b} in one hand", "give them to two owners, each with a key of their own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners(Record):
    """The root: owners and their keys. The statement that holds it is named as the registry, and the customer's."""

    owners: Annotated[tuple[Owner, ...], listing(Owner.read, MAX_LISTED, unique="name")]

    def faults(self) -> Iterable[tuple[str, str, str]]:
        # Bytes, not names: one key under two names would be two duties in one hand.
        if len({o.key.public for o in self.owners}) < len(self.owners):
            yield "owners", "two owners have one key", "give each owner a key of their own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset(Record):
    """A data set. `origin` and the like are words of the vocabulary, `unknown` included; `protected_share` in percent.

    `authority` names the registered authority under which it is held.
    """

    origin: Annotated[str, _WORD]
    acquisition: Annotated[str, _LINE]
    protected_persons: Annotated[str, _WORD]
    protected_share: Annotated[int | None, optional(integer(0, 100))] = None
    deidentified: Annotated[str, _WORD] = "no"
    authority: Annotated[str | None, optional(_LOWER)] = None
    facts: Facts = field(default_factory=lambda: NO_FACTS)

    def faults(self) -> Iterable[tuple[str, str, str]]:
        for name in sorted(set(self.facts) - DATASETS_MAY):
            yield f"facts.{name}", "no data set attests this", f"leave it out; beside its fields: {_few(DATASETS_MAY)}"
        if self.protected_share and self.protected_persons == "none":
            yield "protected_persons", "none, and yet a share of them", "write incidental, named or bulk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority(Record):
    """A document that allows something, pinned by title, date and digest. `until`: its last day.

    `activities`: what it is for, as activities or groups; `may_cite`: actors and components, with those below them.
    """

    title: Annotated[str, _LINE]
    dated: Annotated[date, key("date"), day]
    digest: Digest
    scope: Annotated[str, _LINE]
    activities: Annotated[tuple[str, ...], listing(_ACTIVITY, 64)]
    may_cite: Annotated[tuple[str, ...], _WHO]
    until: Annotated[date | None, optional(day)] = None
    legal_basis: Annotated[str | None, optional(_WORD)] = None

    def faults(self) -> Iterable[tuple[str, str, str]]:
        if not self.activities:
            yield "activities", "an authority for nothing", 'name activities or groups, like ["surv"]'
        if not self.may_cite:
            yield "may_cite", "nobody may cite it", "name actors or components"
        if self.until is not None and self.until < self.dated:
            yield "until", "it ends before its date", "write a later date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose(Record):
    """What some people do: an activity, facts of it, and the data sets and authorities that it always names.

    What those data sets and authorities are, their own owners attest.
    """

    activity: Annotated[str, _ACTIVITY]
    text: Annotated[str, _LINE]
    may_use: Annotated[tuple[str, ...], _WHO]
    facts: Facts = field(default_factory=lambda: NO_FACTS)
    datasets: Annotated[tuple[str, ...], _NAMES] = ()
    authorities: Annotated[tuple[str, ...], _NAMES] = ()

    def faults(self) -> Iterable[tuple[str, str, str]]:
        if "." not in self.activity:
            yield "activity", "a group is no activity", "name one, like gen.office"
        if not self.may_use:
            yield "may_use", "nobody may use it", "name actors or components"
        yield from _of_others(Kind.PURPOSES, self.facts)


class Nature(StrEnum):
    """What an actor is."""

    PERSON = "person"
    AGENT = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor(Record):
    """A person or an agent, in a component. `roles` are held by persons; whoever holds one signs with `key`."""

    nature: Annotated[Nature, one_of(Nature)]
    component: Annotated[str, _PATH]
    roles: Annotated[tuple[str, ...], _WORDS] = ()
    key: Annotated[VerifyKey | None, optional(verify_key)] = None

    def faults(self) -> Iterable[tuple[str, str, str]]:
        if self.roles and self.nature is Nature.AGENT:
            yield "roles", "an agent holds no role", "name a person: an approval is an act of a person"
        if self.roles and self.key is None:
            yield "key", "a role without a key", "add the verifier key with which this person signs approvals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool(Record):
    """A tool by its exact name. `definition`: digest of name, description and parameters; `endpoint`: of its wiring.

    `needs_person`: no call of it goes out without a person's approval, whatever else the terms say.
    """

    definition: Digest
    effect: Annotated[str, _WORD]
    actuation: Annotated[str, _WORD]
    phase: Annotated[str, _WORD]
    endpoint: Annotated[str | None, optional(digest)] = None
    activity: Annotated[str | None, optional(_ACTIVITY)] = None
    needs_person: Annotated[bool, flag] = False
    facts: Facts = field(default_factory=lambda: NO_FACTS)

    def faults(self) -> Iterable[tuple[str, str, str]]:
        if self.activity is not None and "." not in self.activity:
            yield "activity", "a group is no activity", "name one, or null for the purpose's own"
        # Only reading can do without: a simulator repointed to the live bus would go unseen (A10).
        if self.endpoint is None and self.actuation not in ("none", "read"):
            yield "endpoint", f"a tool that can {short(self.actuation)} without its wiring", "add the endpoint's digest"
        yield from _of_others(Kind.TOOLS, self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(Record):
    """A model by the digest of its weights; an adapted one names its `base` and the digest of its `adapter`."""

    digest: Digest
    family: Annotated[str, text(200)]
    variant: Annotated[str, text(200)] = "stock"
    base: Annotated[str | None, optional(_EXACT)] = None
    adapter: Annotated[str | None, optional(digest)] = None

    def faults(self) -> Iterable[tuple[str, str, str]]:
        if (self.base is None) != (self.adapter is None):
            yield "adapter", "base and adapter go together", "name both, or neither"
        if self.base is not None and self.variant == "stock":
            yield "variant", "an adapted model is not stock", "give the variant a name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price(Record):
    """What a million tokens of a model cost, in and out; named as the model."""

    currency: Annotated[str, text(3, pattern="[A-Z]{3}", means="a currency's three letters (ISO 4217)")]
    input: Annotated[Decimal, money]
    output: Annotated[Decimal, money]


ITEMS: Final[Mapping[Kind, type[Record]]] = {
    Kind.OWNERS: Owners,
    Kind.PURPOSES: Purpose,
    Kind.DATASETS: Dataset,
    Kind.AUTHORITIES: Authority,
    Kind.TOOLS: Tool,
    Kind.ACTORS: Actor,
    Kind.MODELS: Model,
    Kind.PRICES: Price,
}
Item = Owners | Purpose | Dataset | Authority | Tool | Actor | Model | Price


def among(who: Iterable[str], actor: str, component: str) -> bool:
    """Whether a list of actors and components names this actor, its component or one above it. Whole names only."""
    return any(name in (actor, component) or component.startswith(f"{name}/") for name in who)


def covers(activities: Iterable[str], activity: str) -> bool:
    """Whether a list of activities and groups names this activity or its group."""
    return activity in activities or activity.partition(".")[0] in activities


def _of_others(kind: Kind, given: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    for name in sorted(OF_OTHERS[kind] & set(given)):
        yield f"facts.{name}", f"none of the {kind} attests this among its facts", f"leave it out: {_WHOSE[name]}"


def _few(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
