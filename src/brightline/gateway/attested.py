"""Who calls, and what they do, by what owners have signed: steps 1 and 3 where the settings name a registry.

Law: an attestation settles only what it names; everything else that a caller says is a claim. Purposes, data sets and
authorities are named in headers and attested by the registry in force at that moment; a text that calls itself an
authority is none. An actor whom no owner has registered, or whom one has removed, is not served.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

from brightline.errors import CallError, ConfigError, UseError, nearest
from brightline.gateway.access import (
    MAX_FACTS_BYTES,
    MAX_KNOWN,
    STATED_BY_GATEWAY,
    Caller,
    Keys,
    attested_fact,
    read_declared,
    undeclared,
)
from brightline.gateway.config import ActorConfig, Config
from brightline.gateway.registered import Registered
from brightline.gateway.signed_tools import read_endpoints
from brightline.gateway.stated import Stated, stated
from brightline.gateway.users import HEADER, NOBODY, Users
from brightline.gateway.wire import Request
from brightline.registry import Actor, Attested, Claims, Kind, Purpose, attest, unfit, use_of
from brightline.registry.items import among
from brightline.vocabulary import FactValue, Source, Use

DAY = 86_400
MAX_NAME = 200


class Named(NamedTuple):
    """What a call names: a purpose (empty for the key's default), data sets, authorities, and facts it declares."""

    purpose: str = ""
    datasets: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    declared: Mapping[str, FactValue] | None = None


class Resolved(NamedTuple):
    """The use that a call is. `datasets`: those of the purpose too; `attested.refused`: what was named in vain."""

    use: Use
    purpose: str
    datasets: tuple[str, ...]
    attested: Attested


class SignedAccess:
    """`gateway.access.Access` by the registry in force."""

    def __init__(self, config: Config, registered: Registered, users: Users) -> None:
        _refuse_both(config)
        self._users = users
        self._registered, self._terms = registered, registered.terms
        self._keys = Keys(config)
        self._callers = {a.key_sha256: Caller(a, {}) for a in config.actors}
        self._known: dict[tuple[str, bytes | None, str, str], Stated] = {}  # calls that declare nothing
        self._of: tuple[object, int] = (None, 0)  # the registry and day of which they are known
        for a in config.actors:
            self._check(a, f"{config.place}: actors {a.name}")

    def caller(self, authorization: bytes | None, x_api_key: bytes | None) -> Caller:
        """As `Access.caller`."""
        return self._callers[self._keys.actor(authorization, x_api_key).key_sha256]

    def said(self, caller: Caller, request: Request, model: str) -> Stated:
        """As `Access.said`."""
        purpose, declared = request.header(b"brightline-purpose"), request.header(b"brightline-facts")
        datasets, authorities = request.header(b"brightline-datasets"), request.header(b"brightline-authorities")
        endpoints, user = request.header(b"brightline-endpoints"), NOBODY
        if caller.actor.shared or request.header(HEADER) is not None:
            who = self._registered.registry.item(Kind.ACTORS, caller.actor.name)
            user = self._users.of(caller.actor, who.key if isinstance(who, Actor) else None, request)
        fact = user.fact if caller.actor.shared else "identified"
        # A call that declares nothing is the same use each time, as long as the registry and the day are the same.
        plain = declared is None and datasets is None and authorities is None
        same = (caller.actor.key_sha256, purpose, model, fact)
        now = (self._registered.registry, int(time.time()) // DAY)
        if now[0] is not self._of[0] or now[1] != self._of[1]:
            self._known, self._of = {}, now
        if plain and (known := self._known.get(same)) is not None:
            return self._of_this_call(known, user.name, endpoints)
        named = Named(
            (purpose or b"").decode("latin-1").strip(),
            _names(datasets, "Brightline-Datasets"),
            _names(authorities, "Brightline-Authorities"),
            read_declared(self._terms.scope.vocabulary, declared) if declared is not None else None,
        )
        found = self.stated(self.resolve(caller.actor, named, model, fact))
        if plain and len(self._known) < MAX_KNOWN:
            self._known[same] = found
        return self._of_this_call(found, user.name, endpoints)

    def _of_this_call(self, said: Stated, user: str, endpoints: bytes | None) -> Stated:
        if user:
            said = said._replace(fields=(*said.fields, ("end_user", user.encode())))
        return said if endpoints is None else said._replace(endpoints=read_endpoints(endpoints))

    def stated(self, resolved: Resolved) -> Stated:
        """What the entry of a decision on it says."""
        made = stated(self._terms.scope.vocabulary, resolved.purpose, resolved.use)
        unattested = tuple(str(r) for r in resolved.attested.refused)
        fields = (("datasets", "+".join(resolved.datasets).encode("utf-8", "replace")),) if resolved.datasets else ()
        return made._replace(fields=(*made.fields, *fields), unattested=unattested)

    def resolve(self, actor: ActorConfig, named: Named, model: str, user: str) -> Resolved:
        """The use of what a call names; `user`: the fact `end_user`. Raises CallError naming header and cure."""
        registry = self._registered.registry
        # 1. the actor, as its owner registered it
        who = registry.item(Kind.ACTORS, actor.name)
        if not isinstance(who, Actor) or undeclared(who.component, self._terms.scope.components):
            why = "its component is none of those agreed" if isinstance(who, Actor) else "it is not registered"
            cure = "ask the owner of the registry's actors"
            raise CallError(
                f"no actor of this key: {why}", status=403, code="no_actor", place="Authorization", cure=cure
            )
        # 2. its purpose
        purpose = self._purpose(actor, who, named.purpose)
        # 3. what owners attest, and what the caller declares beside it
        claims = Claims(
            actor=actor.name,
            component=who.component,
            purpose=purpose,
            datasets=named.datasets,
            authorities=named.authorities,
        )
        observed: dict[str, FactValue] = {**STATED_BY_GATEWAY, "end_user": user}
        try:
            attested = attest(registry, self._terms, claims, _day(self._of[1] or int(time.time()) // DAY))
            use, overruled = use_of(self._terms.scope.vocabulary, attested, named.declared or {}, observed, model)
        except UseError as e:
            raise CallError(e.text, place=f"Brightline-{(e.place or 'facts').title()}", cure=e.cure) from None
        for name in overruled:
            if use.sources.get(name) is Source.OBSERVED:
                raise attested_fact(name, "of data that nobody registered, nothing is taken from a caller")
            raise attested_fact(name, "its owner attests it")
        item = registry.item(Kind.PURPOSES, purpose)
        datasets = dict.fromkeys((*named.datasets, *(item.datasets if isinstance(item, Purpose) else ())))
        return Resolved(use, purpose, tuple(datasets), attested)

    def purposes(self, actor: ActorConfig, who: Actor) -> list[str]:
        """What an actor may name as its purpose: by its registration and by the settings of its key; sorted."""
        return [
            name
            for name, item in sorted(self._registered.registry.items(Kind.PURPOSES).items())
            if isinstance(item, Purpose)
            and (not actor.purposes or name in actor.purposes)
            and among(item.may_use, actor.name, who.component)
            and unfit(self._terms, name, item) is None
        ]

    def _purpose(self, actor: ActorConfig, who: Actor, name: str) -> str:
        place, theirs = "Brightline-Purpose", self.purposes(actor, who)
        known = ", ".join(theirs) or "none: ask the owner of the registry's purposes"
        if not name:
            name = actor.purposes[0] if actor.purposes else theirs[0] if len(theirs) == 1 else ""
        if not name:
            raise CallError("no purpose", code="no_purpose", place=place, cure=f"name one; your key may use: {known}")
        if name not in theirs:
            cure = f"your key may use: {known}"
            raise CallError("no purpose of yours", code="unknown_purpose", place=place, cure=cure)
        return name

    def _check(self, actor: ActorConfig, place: str) -> None:
        """What can be seen of an actor of the settings at the start; one that its owner removed is refused when it
        calls. Raises ConfigError."""
        registry = self._registered.registry
        who = registry.item(Kind.ACTORS, actor.name)
        if not isinstance(who, Actor):
            if actor.name not in registry.heads[Kind.ACTORS]:
                cure = nearest(actor.name, registry.items(Kind.ACTORS))
                raise ConfigError(f"{actor.name[:60]!r} is not registered", place=place, cure=cure)
            return
        if cure := undeclared(who.component, self._terms.scope.components):
            raise ConfigError(f"no component {who.component[:60]!r}", place=place, cure=cure)
        for name in actor.purposes:
            if name not in registry.heads[Kind.PURPOSES]:
                cure = nearest(name, registry.items(Kind.PURPOSES))
                raise ConfigError(f"no purpose is called {name[:60]!r}", place=place, cure=cure)


def _refuse_both(config: Config) -> None:
    """One place for each thing: what the registry says, the settings do not say too. Raises ConfigError."""
    twice = [name for name, table in (("purposes", config.purposes), ("tools", config.tools)) if table]
    twice += [f"actors {a.name}: component" for a in config.actors if a.component]
    if twice:
        cure = "take it out of the settings: with `registry` set, the registry says it"
        raise ConfigError("said twice", place=f"{config.place}: {twice[0]}", cure=cure)


def _names(header: bytes | None, place: str) -> tuple[str, ...]:
    """`Brightline-Datasets: personnel, wire-taps`: names as they are registered."""
    if header is None:
        return ()
    if len(header) > MAX_FACTS_BYTES:
        raise CallError("too long", status=431, place=place, cure=f"at most {MAX_FACTS_BYTES} bytes")
    names = [n.strip() for n in header.decode("latin-1").split(",")]
    if not all(0 < len(n) <= MAX_NAME for n in names):
        raise CallError("an empty or overlong name", place=place, cure="write NAME, NAME as they are registered")
    return tuple(dict.fromkeys(names))


def _day(number: int) -> date:
    return datetime.fromtimestamp(number * DAY, UTC).date()
