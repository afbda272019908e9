"""A desk for gateways of tests: people with keys, a clock that tests turn, and statements as people sign them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from brightline.approvals import (
    Desk,
    Event,
    Grant,
    Hold,
    Person,
    Refuse,
    Roster,
    Rostered,
    Rule,
    State,
    Statement,
    draft,
    sign,
    sign_roster,
)
from brightline.gateway.desk import LiveDesk, act_key
from brightline.keys import Envelope, SigningKey
from brightline.terms import read_pack
from tests.gateway.calling import CLAUSES

CUSTOMER = SigningKey.new("customer.example", bytes([5]) * 32)
NAMES = ("ortiz", "lee", "poe", "quinn", "iris", "pell", "desk/agent")
KEYS = {name: SigningKey.new(f"{name}.example", bytes([10 + i]) * 32) for i, name in enumerate(NAMES)}
SECOND = 1000
AGREEMENT = bytes([1]) * 32


def person(name: str, *roles: str, actors: tuple[str, ...] = ()) -> Person:
    return Person(name=name, key=str(KEYS[name].public), roles=roles, actors=actors)


PERSONS = (
    person("ortiz", "operator", "operator_2", actors=("desk/agent",)),
    person("lee", "operator", "operator_2"),
    person("pell", "operator_2"),
    person("poe", "privacy_officer"),
    person("quinn", "official"),
    person("iris", "inspector"),
)


def roster(**changes: Any) -> Roster:
    usual: dict[str, Any] = {"desk": "army", "persons": PERSONS, "roles": {"operator": Rule(grant_seconds=30)}}
    return Roster(**{**usual, **changes})


class Posted:
    """A postman that keeps what he was given."""

    def __init__(self) -> None:
        self.events: list[tuple[Event, int, bytes]] = []
        self.something = asyncio.Event()

    def post(self, event: Event, entry: int, content: bytes = b"") -> None:
        self.events.append((event, entry, content))
        self.something.set()


class People:
    """The persons round one gateway's desk. `skip` turns the clock on; `recorder` is set once there is one."""

    def __init__(self, terms: str = CLAUSES, **changes: Any) -> None:
        self.skipped = 0.0
        made = Desk(read_pack("test.cedar", {"terms.cedar": terms}).terms, CUSTOMER.public)
        self.live = LiveDesk(made, act_key(bytes(32)), posted := Posted(), clock=self.clock)
        self.posted = posted
        envelope = sign_roster(roster(**changes), CUSTOMER)
        made.apply(Rostered(at=self.live.now, envelope=envelope.to_bytes()), 1)
        self.recorder: Any = None

    def clock(self) -> float:
        return time.time() + self.skipped

    def skip(self, seconds: float) -> None:
        self.skipped += seconds

    @property
    def holds(self) -> list[Hold]:
        return self.live.desk.holds(self.live.now)

    def waiting(self) -> list[Hold]:
        return [h for h in self.holds if h.state is State.WAITING]

    async def asked(self) -> Hold:
        """The first act that waits, once there is one."""
        async with asyncio.timeout(20):
            await self.posted.something.wait()
        return self.waiting()[0]

    def says(self, kind: type[Any], by: str, hold: Hold, **fields: Any) -> Envelope:
        now = self.live.now
        usual: dict[str, Any] = {"desk": "army", "person": by, "time": now, "hold": hold.id}
        usual["act"] = hold.held.act.digest
        if kind is Grant:
            usual |= {"role": min(hold.roles), "until": now + 30 * SECOND}
        if kind is Refuse:
            usual |= {"role": min(hold.roles), "reason": "not this one"}
        return self.signed(kind(**{**usual, **fields}), by)

    def signed(self, said: Statement, by: str) -> Envelope:
        return sign(said, KEYS[by])

    async def tell(self, envelope: Envelope) -> int:
        """As the gateway does: checked, made durable, applied. The entry's index."""
        event = self.live.desk.receive(envelope, self.live.now)
        made = draft(event, self.live.desk, AGREEMENT)
        receipt = await self.recorder.append(made)
        self.live.apply(event, receipt.index)
        return int(receipt.index)

    async def grant(self, by: str = "lee", hold: Hold | None = None, **fields: Any) -> int:
        return await self.tell(self.says(Grant, by, hold or self.waiting()[0], **fields))
