"""What became of the last tool calls, out of the record: a conversation that waited for a result goes on after a
restart.

Law: a call counts as released iff its decision permits it and its outcome says that its answer left; as denied iff its
decision was no permit and no hold. Of what was erased nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from brightline.gateway.codec import ToolCall
from brightline.gateway.released import Released
from brightline.record.body import DTYPES, Act, OutcomeStatus
from brightline.record.entry import BODY_BYTES, ENTRY, ENTRY_BYTES, Kind, OutcomeCode
from brightline.storage.journal import Journal
from brightline.storage.vault import Vault

MAX_LOOKED = 1 << 17
"""Entries, the newest, that a start looks through for tool calls."""
MAX_OPENED = 1 << 15
"""Tool calls, the newest, that a start opens."""


def remember(journal: Journal, vault: Vault, released: Released) -> int:
    """Tell `released` of the newest tool calls; how many."""
    found = list(_calls(journal))[-MAX_OPENED:]
    for index, left in found:
        opened = vault.opened(index)
        fields = dict(opened[1]) if opened is not None else {}
        if "call" in fields:
            of, name, arguments = (fields[n].decode("utf-8", "replace") for n in ("call", "tool", "content"))
            released.note(fields["actor"].decode(), ToolCall(of, name, arguments), left)
    return len(found)


def _calls(journal: Journal) -> Iterator[tuple[int, bool]]:
    """The places of decided tool calls, and whether each left; none that waits or whose answer never left."""
    first = max(0, journal.log.size - MAX_LOOKED)
    data = journal.read(first, journal.log.size)
    rows, raw = np.frombuffer(data, ENTRY), np.frombuffer(data, np.uint8).reshape(-1, ENTRY_BYTES)
    tails = np.ascontiguousarray(raw[:, ENTRY_BYTES - BODY_BYTES :])
    ends = tails[rows["kind"] == Kind.OUTCOME].view(DTYPES[Kind.OUTCOME]).reshape(-1)
    left = set(ends["decision"][ends["status"] == OutcomeStatus.COMPLETED].tolist())
    acts = tails.view(DTYPES[Kind.DECISION]).reshape(-1)["act"]
    for i in np.flatnonzero((rows["kind"] == Kind.DECISION) & (acts == Act.TOOL_CALL)).tolist():
        outcome = rows["outcome"][i]
        if outcome == OutcomeCode.PERMIT and first + i in left:
            yield first + i, True
        elif outcome in (OutcomeCode.DENY, OutcomeCode.ASK):
            yield first + i, False
