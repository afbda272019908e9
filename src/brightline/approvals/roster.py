"""The roster: which persons may decide in which roles, how many of them, and how long; signed by the customer.

DSSE over canonical JSON, payload type `ROSTER_TYPE`. A newer roster has a higher `number`: an older one put back is
refused. The roles are those of the terms; nothing here can give a role what the terms do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from brightline.approvals.reading import Fault, Name, Struct, payload, read_envelope, refuse
from brightline.approvals.tempo import Limits
from brightline.errors import KeyFileError, nearest
from brightline.keys import Envelope, SigningKey, VerifyKey
from brightline.terms import Terms

ROSTER_TYPE: Final = "application/vnd.brightline.roster+json"
MAX_PERSONS = 1024
MAX_QUORUM = 8
MAX_SECONDS = 31 * 86_400
"""Of any clock of a desk."""

Seconds: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_SECONDS)]


class Person(Struct, frozen=True, kw_only=True):
    """`actors`: the API actors that are this person, or that act for them: the person asks what these ask."""

    name: Name
    key: Name
    roles: tuple[Name, ...] = ()
    actors: tuple[Name, ...] = ()


class Rule(Struct, frozen=True, kw_only=True):
    """Of one role. `quorum`: so many persons of it make its approval; `grant_seconds`: a grant lives no longer."""

    quorum: Annotated[int, Meta(ge=1, le=MAX_QUORUM)] = 1
    grant_seconds: Seconds = 300


class Roster(Struct, frozen=True, kw_only=True):
    """`selects`: roles that the terms define as whoever chose what is acted on; these may approve what they asked.

    `hold_seconds`: from being held to expiry. `appeal_seconds`: to appeal in, and again to answer the appeal in.
    """

    type: Literal["brightline/roster/v1"] = "brightline/roster/v1"
    desk: Name
    number: Annotated[int, Meta(ge=0, le=1 << 32)] = 0
    persons: Annotated[tuple[Person, ...], Meta(max_length=MAX_PERSONS)]
    roles: dict[Name, Rule] = msgspec.field(default_factory=dict)
    selects: tuple[Name, ...] = ("operator",)
    hold_seconds: Seconds = 3600
    appeal_seconds: Seconds = 604_800
    appeal_role: Name = "official"
    exception_role: Name = "official"
    inspector_role: Name = "inspector"
    break_glass_seconds: Seconds = 14_400
    tempo: Limits = Limits()

    def person(self, name: str) -> Person | None:
        return next((p for p in self.persons if p.name == name), None)

    def rule(self, role: str) -> Rule:
        return self.roles.get(role, _USUAL)

    def holders(self, role: str) -> tuple[Person, ...]:
        return tuple(p for p in self.persons if role in p.roles)


_USUAL = Rule()


def verify_key(person: Person) -> VerifyKey:
    return VerifyKey.parse(person.key, person.name)


def sign_roster(roster: Roster, key: SigningKey) -> Envelope:
    """The roster as a file. Raises ApprovalError where it could not be read."""
    envelope = Envelope(ROSTER_TYPE, payload(roster))
    read_envelope(envelope, ROSTER_TYPE, Roster, "roster")
    return envelope.signed(key)


def read_roster(envelope: Envelope, terms: Terms, customer: VerifyKey, place: str = "") -> Roster:
    """The roster in an envelope that the customer signed. Raises ApprovalError naming what is wrong."""
    roster: Roster = read_envelope(envelope, ROSTER_TYPE, Roster, place)
    if not envelope.signed_by(customer):
        cure = f"let the customer sign it, with {customer}"
        refuse(Fault.FORGED, "the roster is not signed by the customer", cure, place)
    for text, cure in _faults(roster, terms):
        refuse(Fault.UNKNOWN_WORD, text, cure, place)
    return roster


def _faults(roster: Roster, terms: Terms) -> Iterator[tuple[str, str]]:
    known = terms.scope.vocabulary.names["roles"]
    named = [r for p in roster.persons for r in p.roles]
    named += [*roster.roles, roster.appeal_role, roster.exception_role, roster.inspector_role]
    if wrong := next((r for r in named if r not in known), None):
        yield f"the terms know no role {wrong!r}", nearest(wrong, known)
    for what in ("name", "key"):
        # The bytes of a key are compared, not its text: one key under two names would be two persons.
        values = [p.name if what == "name" else _public(p) for p in roster.persons]
        if twice := next((v for v in values if values.count(v) > 1), None):
            who = next(p.name for p, v in zip(roster.persons, values, strict=True) if v == twice)
            yield f"two persons have the {what} of {who!r}", "one person is not two: give each their own"


def _public(person: Person) -> bytes:
    try:
        return verify_key(person).public
    except KeyFileError as e:
        refuse(Fault.UNKNOWN_WORD, f"the key of {person.name!r}: {e.text}", e.cure)
