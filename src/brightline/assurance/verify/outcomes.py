"""Step 8: every outcome settles an earlier decision that let a call through, each at most once.

A decision lets a call through if it permits it, or if the gateway only observed. One bit an entry is kept, so memory
grows by 12.5 MB per 100 million entries, whatever a hostile log says.
"""

from __future__ import annotations

import numpy as np

from brightline.assurance.verify.columns import Bytes, Columns, refuse
from brightline.record.entry import Flag, Kind, OutcomeCode


class Outcomes:
    """`through`: calls let through; `settled`: outcomes. The bit of a decision is set while it lacks its outcome."""

    __slots__ = ("_open", "settled", "through")

    def __init__(self) -> None:
        self._open = bytearray()
        self.through = self.settled = 0

    @property
    def unsettled(self) -> int:
        """Calls that were let through and have no outcome."""
        return self.through - self.settled

    def first_unsettled(self) -> int:
        """The index of the first of them, where there is one."""
        place = int(np.flatnonzero(np.frombuffer(self._open, np.uint8))[0])
        byte = self._open[place]
        return place * 8 + (byte & -byte).bit_length() - 1

    def read(self, c: Columns) -> None:
        """Raises RecordError naming the first outcome that belongs to no decision of its own."""
        # 1. what this chunk lets through
        observed = (c.kind == Kind.DECISION) & (c.flags & np.uint32(Flag.OBSERVED) != 0)
        through = (c.outcome == OutcomeCode.PERMIT) | observed
        self.through += int(through.sum())
        self._open += np.packbits(through, bitorder="little").tobytes()
        # 2. what its outcomes settle: each an open decision, no two the same
        decision = c.settled["decision"].astype(np.int64)
        bits: Bytes = np.frombuffer(self._open, np.uint8)
        place, mask = decision >> 3, (1 << (decision & 7)).astype(np.uint8)
        open_ = bits[place] & mask != 0
        repeated = np.ones(len(decision), np.bool_)
        repeated[np.unique(decision, return_index=True)[1]] = False
        wrong = np.flatnonzero(~open_ | repeated)
        if len(wrong):
            row = int(wrong[0])
            text = f"it settles entry {decision[row]}, which let no call through or has its outcome already"
            refuse(c.first + int(c.outcomes[row]), text)
        np.bitwise_and.at(bits, place, ~mask)
        self.settled += len(decision)
