"""What the steps hand on to each other: a decided call, and what makes its entries durable."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from brightline.gateway.access import Caller
from brightline.gateway.codec import Call
from brightline.gateway.codec import reply as encoding
from brightline.gateway.stated import Stated
from brightline.gateway.waiting import NO_PATIENCE, Patience
from brightline.gateway.watch import Seen
from brightline.gateway.wire import Header, Reply
from brightline.record.body import OutcomeStatus
from brightline.record.log import Draft
from brightline.terms import Decision


class Receipt(Protocol):
    """Where an entry stands: enough to ask the log for a proof of it."""

    @property
    def origin(self) -> str: ...
    @property
    def index(self) -> int: ...


class Recorder(Protocol):
    """Makes entries durable: done when the entry is, StorageError where it cannot be.

    What `append` returns cannot be cancelled: a task cancelled while it waits learns so when the entry is durable.
    """

    def append(self, draft: Draft) -> asyncio.Future[Any]:  # of a Receipt: a future's type is invariant
        ...


class Heard(NamedTuple):
    """A call after step 3, before the desk's facts."""

    caller: Caller
    call: Call
    said: Stated
    model: bytes
    patience: Patience


class Decided(NamedTuple):
    """A call after step 5. `permits`: it may go upstream. `seen`: what is reserved for it. `hold`: where it waits on
    the desk; `why_not`: why it does not; `patience`: how long its client waits.
    """

    caller: Caller
    call: Call
    said: Stated
    decision: Decision
    receipt: Receipt
    model: bytes
    permits: bool
    headers: list[Header]
    seen: Seen
    hold: str = ""
    why_not: str = ""
    patience: Patience = NO_PATIENCE


def cut_off(reply: Reply) -> OutcomeStatus:
    """Who cut the call off: its client by going, or this gateway at the end of its drain."""
    return OutcomeStatus.CLIENT_GONE if reply.gone else OutcomeStatus.INTERRUPTED


def send(reply: Reply, said: encoding.Reply, headers: Sequence[Header] = ()) -> None:
    """An answer of our own, whole."""
    reply.send(said.status, [*said.headers, *headers], said.body)
