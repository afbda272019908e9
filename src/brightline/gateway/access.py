"""Who calls, and what they say they do: API keys, purposes and declared facts become a use (steps 1 and 3).

An attestation settles only what the purpose names; everything else that a caller says is a claim.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from brightline.errors import CallError, ConfigError, UseError, nearest
from brightline.gateway.config import ActorConfig, Config, PurposeConfig
from brightline.gateway.stated import Stated, stated
from brightline.gateway.wire import Request
from brightline.terms import Scope
from brightline.vocabulary import Fact, FactKind, FactValue, Source, Use, Vocabulary, read_use

KEY_CURE = "send the key that your administrator gave you as `Authorization: Bearer …` or `x-api-key`"
MAX_FACTS_BYTES = 4096
MAX_KNOWN = 4096  # uses: whoever observes takes any model's name, so callers could make more without end
_OF_REGISTRY = (b"brightline-datasets", b"brightline-authorities", b"brightline-endpoints", b"brightline-end-user")
STATED_BY_GATEWAY: Mapping[str, FactValue] = {
    "actuation": "none",
    "approval_tempo": "normal",
    "integrity": "intact",
    "meter": "missing",
    "screen": "not_screened",
}
"""What this gateway observes of a model call before its content is looked at (`gateway.watch`)."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """A registered purpose checked against the vocabulary: `facts` attested by its owner."""

    name: str
    activity: str
    facts: Mapping[str, FactValue]
    sources: Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class Caller:
    """An actor with its purposes; the first is its default."""

    actor: ActorConfig
    purposes: Mapping[str, Purpose]


class Access(Protocol):
    """Who calls, and the use that a call of theirs is: by the settings alone (`ConfiguredAccess`), or by what owners
    have signed (`brightline.gateway.attested`)."""

    def caller(self, authorization: bytes | None, x_api_key: bytes | None) -> Caller:
        """Whose key this is. Raises CallError 401."""

    def said(self, caller: Caller, request: Request, model: str) -> Stated:
        """The use that a model call is, by what its headers name. Raises CallError naming header and cure."""


class Keys:
    """The actors of the settings, by the digests of their API keys."""

    def __init__(self, config: Config) -> None:
        self._actors = {bytes.fromhex(a.key_sha256): a for a in config.actors}
        if len(self._actors) != len(config.actors):
            raise ConfigError("two actors have one key", place=config.place, cure="give each actor a key of its own")

    def actor(self, authorization: bytes | None, x_api_key: bytes | None) -> ActorConfig:
        """Whose key this is. Raises CallError 401; keys are compared by digest, so time tells nothing of them."""
        key = x_api_key
        if authorization is not None:
            scheme, _, rest = authorization.partition(b" ")
            if scheme.lower() != b"bearer" or (x_api_key is not None and rest.strip() != x_api_key):
                raise CallError("not a bearer key", status=401, code="bad_key", place="Authorization", cure=KEY_CURE)
            key = rest.strip()
        if key is None:
            raise CallError("no API key", status=401, code="no_key", place="Authorization", cure=KEY_CURE)
        actor = self._actors.get(hashlib.sha256(key).digest())
        if actor is None:
            raise CallError("no such API key", status=401, code="bad_key", place="Authorization", cure=KEY_CURE)
        return actor


class ConfiguredAccess:
    """Finds the caller of a request and makes the use of it, where the settings hold the purposes."""

    def __init__(self, config: Config, scope: Scope) -> None:
        self._vocabulary, place = scope.vocabulary, config.place
        for a in config.actors:
            if cure := undeclared(a.component, scope.components):
                text = f"no component {a.component[:60]!r}"
                raise ConfigError(text, place=f"{place}: actors {a.name}", cure=cure)
        purposes = {n: self._purpose(p, f"{place}: purposes.{n}") for n, p in config.purposes.items()}
        self._keys = Keys(config)
        self._callers = {a.key_sha256: Caller(a, {n: purposes[n] for n in a.purposes}) for a in config.actors}
        self._undeclared: dict[tuple[str, str, str], Stated] = {}  # by actor, purpose and model

    def caller(self, authorization: bytes | None, x_api_key: bytes | None) -> Caller:
        """As `Access.caller`."""
        return self._callers[self._keys.actor(authorization, x_api_key).key_sha256]

    def said(self, caller: Caller, request: Request, model: str) -> Stated:
        """As `Access.said`."""
        for name in _OF_REGISTRY:
            if request.header(name) is not None:
                cure = "leave it out: this gateway has no signed registry that could attest what it names"
                place = name.decode().title()
                raise CallError("nothing is registered here", code="no_registry", place=place, cure=cure)
        return self.use(caller, request.header(b"brightline-purpose"), request.header(b"brightline-facts"), model)

    def use(self, caller: Caller, purpose: bytes | None, declared: bytes | None, model: str) -> Stated:
        """The use that a model call is. Raises CallError 400 naming header and cure."""
        # 1. the purpose, or the caller's default
        if purpose is None:
            chosen = next(iter(caller.purposes.values()))
        else:
            name = purpose.decode("latin-1").strip()
            if name not in caller.purposes:
                cure = f"your key may use: {', '.join(caller.purposes)}"
                raise CallError("no purpose of yours", code="unknown_purpose", place="Brightline-Purpose", cure=cure)
            chosen = caller.purposes[name]
        # A call that declares nothing is the same use each time.
        same = (caller.actor.name, chosen.name, model)
        if declared is None and (known := self._undeclared.get(same)) is not None:
            return known
        # 2. what the gateway sees, what the owner attests
        facts: dict[str, FactValue] = {**STATED_BY_GATEWAY, **chosen.facts}
        facts["end_user"] = "unidentified" if caller.actor.shared else "identified"
        sources = dict(chosen.sources)
        sources["end_user"] = Source.OBSERVED
        # 3. what the caller declares beside it
        if declared is not None:
            said = read_declared(self._vocabulary, declared)
            for name in said.keys() & chosen.facts.keys():
                raise attested_fact(name, f"the owner of {chosen.name} attests it")
            facts |= said
            sources |= dict.fromkeys(said, Source.DECLARED)
        use = Use(chosen.activity, facts, sources, (), caller.actor.name, caller.actor.component, model)
        found = stated(self._vocabulary, chosen.name, use)
        if declared is None and len(self._undeclared) < MAX_KNOWN:
            self._undeclared[same] = found
        return found

    def _purpose(self, config: PurposeConfig, place: str) -> Purpose:
        for name in config.facts:
            fact = self._vocabulary.facts.get(name)
            if fact is not None and fact.gateway:
                raise ConfigError(f"{name} cannot be attested", place=place, cure="only the gateway sets it")
        sources = dict.fromkeys(config.facts, "attested")
        obj = {"activity": config.activity, "facts": dict(config.facts), "sources": sources}
        try:
            use = read_use(self._vocabulary, obj, place)
        except UseError as e:
            raise ConfigError(e.text, place=e.place, cure=e.cure) from None
        return Purpose(config.name, use.activity, use.facts, use.sources)


def read_declared(words: Vocabulary, header: bytes) -> dict[str, FactValue]:
    """`Brightline-Facts: place=abroad, phase=plan, lanes=a+b`; sets are joined with plus signs. Raises CallError."""
    place = "Brightline-Facts"
    if len(header) > MAX_FACTS_BYTES:
        raise CallError("too long", status=431, place=place, cure=f"at most {MAX_FACTS_BYTES} bytes")
    said: dict[str, FactValue] = {}
    for part in header.decode("latin-1").split(","):
        name, equals, value = (t.strip() for t in part.partition("="))
        if not equals:
            raise CallError("a fact without a value", place=place, cure="write name=value, name=value")
        fact = words.facts.get(name)
        if fact is None:
            cure = nearest(name, words.facts)
            raise CallError(f"no fact is called {name[:60]!r}", code="unknown_fact", place=place, cure=cure)
        if fact.gateway or name == "end_user":
            cure = "leave it out: only the gateway sets it"
            raise CallError(f"{name} cannot be declared", code="gateway_fact", place=place, cure=cure)
        if name in said:
            raise CallError(f"{name} is declared twice", place=place, cure="say it once")
        said[name] = _value(fact, value, place)
    return said


def attested_fact(name: str, who: str) -> CallError:
    """For a fact that a caller declares and an owner attests."""
    cure = f"leave it out, or use another purpose: {who}"
    return CallError(f"{name} is attested", code="attested_fact", place="Brightline-Facts", cure=cure)


def undeclared(component: str, components: tuple[str, ...]) -> str:
    """The cure for a component that the terms do not declare; empty where they do, or declare none. Such a one would
    lie in nothing, and so outside every clause that names outsiders."""
    if not components or any(component == c or component.startswith(f"{c}/") for c in components):
        return ""
    return f"{nearest(component, components)} the terms declare components under [components]"


def _value(fact: Fact, text: str, place: str) -> FactValue:
    words = text.split("+") if fact.kind is FactKind.SET else [text]
    for word in words:
        if word not in fact.names:
            cure = nearest(word, fact.names)
            raise CallError(f"{fact.name} has no value {word[:60]!r}", code="unknown_value", place=place, cure=cure)
    return frozenset(words) if fact.kind is FactKind.SET else text
