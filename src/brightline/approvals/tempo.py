"""Approval tempo: whether grants come faster than a person can read what they grant (SCENARIOS A16; POSITIONS K16).

Times are those at which the desk received the grants, never those that the signers wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Annotated, NamedTuple

from msgspec import Meta

from brightline.approvals.reading import Millis, Struct

NORMAL, HURRIED = "normal", "hurried"
"""The values of the fact `approval_tempo`."""

MAX_HISTORY = 10_000
"""Grants that are looked back on; the newest count."""


class Limits(Struct, frozen=True, kw_only=True):
    """Hurried: at least `grants` in the window, of which half or more took less than `median_milliseconds`.

    POSITIONS gives no number. Ten in six minutes leaves 36 seconds for each; three seconds is what it takes to read
    one sentence. A customer sets its own.
    """

    window_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 360
    grants: Annotated[int, Meta(ge=2, le=MAX_HISTORY)] = 10
    median_milliseconds: Annotated[int, Meta(ge=1, le=3_600_000)] = 3000


class Given(NamedTuple):
    """One grant. `took`: milliseconds since it could be read, and since the same person's grant before it."""

    at: Millis
    person: str
    role: str
    took: int


def took(history: Sequence[Given], person: str, shown: int, now: int) -> int:
    """What a grant at `now` of a hold that was shown at `shown` takes its person."""
    last = next((g.at for g in reversed(history) if g.person == person), 0)
    return max(0, now - max(shown, last))


def tempo(history: Sequence[Given], now: int, limits: Limits) -> str:
    """`hurried` or `normal`: of the grants of one person, or of one role."""
    since = now - 1000 * limits.window_seconds
    recent = [g.took for g in history if since < g.at <= now]
    if len(recent) < limits.grants:
        return NORMAL
    return HURRIED if median(recent) < limits.median_milliseconds else NORMAL
