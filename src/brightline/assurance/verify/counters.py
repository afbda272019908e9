"""Step 6: the counters entry that opens each 256 entries holds the totals of all entries before it.

So nobody can sign for totals that the entries do not have. A total grows by at most 255 between two of them, and
tokens by at most 255 * 2**24 (step 5 bounds each call): no false jump has room (FINDINGS, "Counters").
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from brightline.assurance.verify.columns import Columns, Numbers, bodies
from brightline.record.body import Counters
from brightline.record.entry import BUNDLE, Kind, OutcomeCode


class Running:
    """The eight running totals, and how many counters entries were found equal to them."""

    __slots__ = ("entries", "totals")

    def __init__(self) -> None:
        self.entries = 0
        self.totals: Numbers = np.zeros(len(Counters._fields), np.uint64)

    def read(self, c: Columns) -> None:
        """Raises RecordError naming the first counters entry that says something else."""
        rows = np.arange(0, len(c.kind), BUNDLE)
        body = bodies(Kind.COUNTERS, c.raw, rows)
        for i, step in enumerate(_steps(c)):
            after = self.totals[i] + np.add.reduceat(step, rows).cumsum(dtype=np.uint64)
            before = np.concatenate([self.totals[i : i + 1], after[:-1]])
            name = Counters._fields[i]
            c.none(body[name] != before, f"its total of {name} is not that of the entries before it", rows)
            self.totals[i] = after[-1]
        self.entries += len(rows)


def _steps(c: Columns) -> list[npt.NDArray[np.uint64]]:
    """What each entry adds to each of the eight totals, in the order of `Counters`."""
    steps = [np.zeros(len(c.kind), np.uint64) for _ in Counters._fields]
    steps[0][c.decisions] = 1
    for code in (OutcomeCode.PERMIT, OutcomeCode.HOLD, OutcomeCode.ASK, OutcomeCode.DENY):
        steps[code][c.outcome == code] = 1
    steps[5][c.outcomes] = 1
    steps[6][c.outcomes] = c.settled["input_tokens"]
    steps[7][c.outcomes] = c.settled["output_tokens"]
    return steps
