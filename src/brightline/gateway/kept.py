"""Answers that wait for a person: the model's whole answer is kept while one of its tool calls is held.

Law: the same request of the same actor gets the same answer, once its held calls are granted, without asking the model
again. What is kept is bounded in number, bytes and time; past a bound the oldest goes, and the model is asked anew.
It is in memory only: a restart forgets it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import NamedTuple

from brightline.gateway.codec import Call

MAX_KEPT = 1024
MAX_KEPT_BYTES = 64 << 20
MAX_KEPT_SECONDS = 3600


class Kept(NamedTuple):
    """An answer as the model server sent it: its type and its bytes."""

    content_type: str
    body: bytes


class KeptAnswers:
    """Answers by actor and request. `now` is in seconds of any clock that does not run back."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[float, Kept]] = OrderedDict()
        self._size = 0

    def keep(self, actor: str, call: Call, kept: Kept, now: float) -> None:
        """Keep the answer to this request; one that is larger than all room is not kept."""
        self.drop(actor, call)
        if len(kept.body) > MAX_KEPT_BYTES:
            return
        self._kept[_key(actor, call)] = (now + MAX_KEPT_SECONDS, kept)
        self._size += len(kept.body)
        while len(self._kept) > MAX_KEPT or self._size > MAX_KEPT_BYTES:
            self._pop(next(iter(self._kept)))

    def get(self, actor: str, call: Call, now: float) -> Kept | None:
        """The answer kept for this request, if it is still there."""
        while self._kept and (oldest := next(iter(self._kept.items())))[1][0] <= now:
            self._pop(oldest[0])
        found = self._kept.get(_key(actor, call)) if self._kept else None
        return found[1] if found is not None else None

    def drop(self, actor: str, call: Call) -> None:
        """Its calls have been released or denied: it is not given twice."""
        if self._kept:
            self._pop(_key(actor, call))

    def _pop(self, key: bytes) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._size -= len(found[1].body)


def _key(actor: str, call: Call) -> bytes:
    digest = hashlib.sha256(f"{actor}\0{call.api}\0".encode())
    digest.update(call.body)
    return digest.digest()
