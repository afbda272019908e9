"""A desk on the compromise's terms: two operators, a commander, officials, an inspector, an agent that asks."""

from __future__ import annotations

from typing import Any

from brightline.approvals import (
    Act,
    Appeal,
    Call,
    Desk,
    Grant,
    Hold,
    Limits,
    Look,
    Overturn,
    Person,
    Refuse,
    Roster,
    Rostered,
    Rule,
    Uphold,
    Withdraw,
    sign,
    sign_roster,
)
from brightline.keys import Envelope, SigningKey
from brightline.storage.packs import open_pack
from brightline.terms import Decision, decide
from brightline.vocabulary import Use, read_use

NOON = 1_795_000_000_000
SECOND = 1000
TERMS = open_pack("compromise").terms
CUSTOMER = SigningKey.new("customer.example", bytes([5]) * 32)
SITE = bytes([9]) * 32
NAMES = ("ortiz", "lee", "may", "quinn", "rao", "iris", "asker")
KEYS = {name: SigningKey.new(f"{name}.example", bytes([10 + i]) * 32) for i, name in enumerate(NAMES)}


def person(name: str, *roles: str, actors: tuple[str, ...] = ()) -> Person:
    return Person(name=name, key=str(KEYS[name].public), roles=roles, actors=actors)


PERSONS = (
    person("ortiz", "operator", "operator_2", actors=("army/ortiz",)),
    person("lee", "operator", "operator_2"),
    person("may", "commander", "privacy_officer"),
    person("quinn", "official"),
    person("rao", "official", "operator"),
    person("iris", "inspector"),
    person("asker", actors=("army/agent-1",)),
)


def roster(**changes: Any) -> Roster:
    usual = {
        "desk": "army",
        "persons": PERSONS,
        "roles": {"operator": Rule(grant_seconds=30), "operator_2": Rule(grant_seconds=30)},
        "tempo": Limits(),
    }
    return Roster(**{**usual, **changes})


def rostered(at: int = NOON - SECOND, **changes: Any) -> Rostered:
    return Rostered(at=at, envelope=sign_roster(roster(**changes), CUSTOMER).to_bytes())


def desk(**changes: Any) -> Desk:
    made = Desk(TERMS, CUSTOMER.public)
    made.apply(rostered(**changes), 1)
    return made


ENGAGE: dict[str, Any] = {
    "activity": "weapon.engage",
    "actor": "army/agent-1",
    "component": "army",
    "model": "smollm2-135m-instruct",
    "facts": {
        "end_user": "identified",
        "integrity": "intact",
        "actuation": "act",
        "screen": "clear",
        "meter": "counted",
        "approval_tempo": "normal",
        "distinct_persons": 0,
        "phase": "execute",
        "effect": "kinetic",
        "autonomy": "semi_autonomous",
        "target": "materiel",
        "target_selected_by": "operator",
    },
    "sources": {"target_selected_by": "attested"},
}


def use(**facts: Any) -> Use:
    """The use of scenario A06, with some facts otherwise."""
    return read_use(TERMS.scope.vocabulary, {**ENGAGE, "facts": {**ENGAGE["facts"], **facts}})


def act(content: bytes = b"track 41", of: Use | None = None, **fields: Any) -> Act:
    usual = {"call": Call.TOOL, "tool": "effector.engage", "agent": True}
    return Act.of(of or use(), TERMS.digest, content, SITE, **{**usual, **fields})


def decided(of: Use) -> Decision:
    return decide(TERMS, of)


def put(on: Desk, what: Act, now: int = NOON, nonce: bytes = bytes(16)) -> Hold:
    """The act on the desk, as the terms have it."""
    return on.hold(what, decided(what.use), now, nonce).hold


def says(kind: type[Any], by: str, hold: Hold, now: int = NOON, key: str = "", **fields: Any) -> Envelope:
    """A statement of a hold, signed by `by` or with the key of another."""
    usual: dict[str, Any] = {"desk": "army", "person": by, "time": now, "hold": hold.id, "act": hold.held.act.digest}
    if kind is Grant:
        usual |= {"role": "operator", "until": now + 30 * SECOND}
    elif kind in (Refuse, Look):
        usual |= {"role": "operator"}
    elif kind in (Overturn, Uphold):
        usual |= {"role": "official"}
    if kind in (Refuse, Overturn, Uphold, Appeal):
        usual |= {"reason": "because"}
    assert kind is not Withdraw or not fields
    return sign(kind(**{**usual, **fields}), KEYS[key or by])


def tell(on: Desk, envelope: Envelope, now: int = NOON, index: int = 7) -> None:
    """As the gateway does: checked, made durable, applied."""
    on.apply(on.receive(envelope, now), index)
