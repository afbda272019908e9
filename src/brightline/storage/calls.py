"""Which entries belong to one call: its decision, its outcome, and the tool calls in its answer with theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from brightline.record.body import DTYPES
from brightline.record.entry import BODY_BYTES, ENTRY, Kind


def whole_calls(chunks: Iterable[bytes], entries: Sequence[int]) -> list[int]:
    """All entries of the calls that `entries` belong to, ascending. `chunks`: the whole log in order."""
    up: dict[int, int] = {}  # entry → what it hangs on: an outcome on its decision, a tool call on the model call
    at = 0
    for chunk in chunks:
        rows = np.frombuffer(chunk, ENTRY)
        for kind, name in ((Kind.DECISION, "parent"), (Kind.OUTCOME, "decision")):
            places = np.flatnonzero(rows["kind"] == kind)
            bodies = np.frombuffer(rows["body"][places].tobytes(), DTYPES[kind])
            assert DTYPES[kind].itemsize == BODY_BYTES  # noqa: S101 - a body is read whole
            up |= zip((places + at).tolist(), bodies[name].tolist(), strict=True)
        at += len(rows)

    def top(entry: int) -> int:
        while up.get(entry):
            entry = up[entry]
        return entry

    tops = {top(e) for e in entries}
    return [e for e in up if top(e) in tops] if tops else []
