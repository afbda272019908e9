"""The desk out of the record: after a crash it is what the entries say, and nothing else (DESIGN section 6).

Law: a grant that some durable entry used is used; one that none used may be used. What was erased grants nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import numpy as np

from brightline.approvals import FIELD, Desk, Event, Rejected, Rostered, Said, Unheeded, decode, identity
from brightline.errors import ApprovalError
from brightline.keys import Envelope, VerifyKey
from brightline.record.body import DTYPES
from brightline.record.entry import BODY_BYTES, ENTRY, ENTRY_BYTES, NO_DIGEST, Kind, OutcomeCode
from brightline.storage.journal import Journal
from brightline.storage.vault import Vault
from brightline.terms import Terms

_AT_ONCE = 1 << 14  # entries

logger = logging.getLogger("brightline.gateway")


def rebuilt(journal: Journal, vault: Vault, terms: Terms, customer: VerifyKey) -> tuple[Desk, set[str]]:
    """The desk as the record has it, and the digests of the messages that it took or refused.

    An entry that cannot stand did nothing then, and does nothing now: the log names it.
    """
    events = list(desk_fields(journal, vault))
    desk, void = Desk.rebuild(terms, customer, events)
    for index, error in void:
        logger.warning("entry %d does nothing at the desk: %s", index, error.fault)
    return desk, {seen for _, data in events for event in _decoded(data) if (seen := message_of(event))}


def desk_fields(journal: Journal, vault: Vault) -> Iterator[tuple[int, bytes]]:
    """What the entries say of the desk, in order. Only entries that can are opened: holds, and permits that name an
    approval, among the decisions; approvals, exceptions and changes."""
    for first in range(0, journal.log.size, _AT_ONCE):
        last = min(first + _AT_ONCE, journal.log.size)
        data = journal.read(first, last)
        rows, raw = np.frombuffer(data, ENTRY), np.frombuffer(data, np.uint8).reshape(-1, ENTRY_BYTES)
        bodies = np.ascontiguousarray(raw[:, ENTRY_BYTES - BODY_BYTES :]).view(DTYPES[Kind.DECISION]).reshape(-1)
        named = bodies.view(DTYPES[Kind.APPROVAL])["decision"].tolist()
        kinds, outcomes, spent = rows["kind"], rows["outcome"], bodies["approval"] > 0
        decisions = (kinds == Kind.DECISION) & ((outcomes == OutcomeCode.HOLD) | spent)
        wanted = decisions | np.isin(kinds, (Kind.APPROVAL, Kind.EXCEPTION, Kind.CHANGE))
        for i in np.flatnonzero(wanted).tolist():
            if rows["commitment"][i].tobytes() == NO_DIGEST:
                continue
            for name, value in vault.deciding(first + i):
                if name == FIELD:
                    lines = value.split(b"\n") if kinds[i] == Kind.APPROVAL else [value]
                    # A denial comes on the desk with its appeal: it is the hold of the decision that the entry names.
                    yield from ((named[i], line) for line in lines[:-1])
                    yield first + i, lines[-1]


def message_of(event: Event) -> str:
    """The digest of the message that the event took or refused; empty where none came in."""
    match event:
        case Said() | Rostered():
            return identity(Envelope.from_bytes(event.envelope, error=ApprovalError))
        case Rejected() | Unheeded():
            return event.message
        case _:
            return ""


def _decoded(data: bytes) -> list[Event]:
    try:
        return decode(data)
    except ApprovalError:
        return []  # named above
