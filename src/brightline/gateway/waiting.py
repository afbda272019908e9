"""`Prefer: wait=N` (RFC 7240 section 4.3): the connection stays open until somebody has decided, N seconds at most."""

from __future__ import annotations

import asyncio
import re
from typing import NamedTuple

from brightline.gateway.wire import Header, Request

WAIT_SECONDS = 60
"""The longest wait, where the settings say no other."""
_WAIT = re.compile(rb"""wait\s*=\s*"?([0-9]{1,6})"?\s*(?:;.*)?""", re.IGNORECASE)


class Patience(NamedTuple):
    """How long a client waits for a grant. `until`: loop time, 0 for not at all; `headers`: that it is so."""

    until: float = 0
    headers: tuple[Header, ...] = ()


NO_PATIENCE = Patience()


def patience(request: Request, most: int) -> Patience:
    """What a request prefers, at most `most` seconds. A preference that cannot be read is ignored, as RFC 7240 has it;
    of two the first counts."""
    if most <= 0:
        return NO_PATIENCE
    preferences = [p.strip() for n, value in request.headers if n == b"prefer" for p in value.split(b",")]
    waits = [found for p in preferences if (found := _WAIT.fullmatch(p))]
    seconds = min(int(waits[0][1]), most) if waits else 0
    if not seconds:
        return NO_PATIENCE
    return Patience(asyncio.get_running_loop().time() + seconds, ((b"preference-applied", b"wait=%d" % seconds),))
