"""Answers that wait for a person: the model's whole answer is kept while one of its tool calls is held.

Law: the same request of the same actor, with the same purpose and facts, gets the same answer, once its held calls are
granted, without asking the model again: the decision that asked for it stands. What is kept is bounded in number, bytes
and time; past a bound the oldest goes, and the model is asked anew.
It is in memory only: a restart forgets it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import NamedTuple

from brightline.gateway.decided import Decided, Heard

MAX_KEPT = 1024
MAX_KEPT_BYTES = 64 << 20
MAX_KEPT_SECONDS = 3600


class Kept(NamedTuple):
    """An answer as the model server sent it: its type and its bytes."""

    content_type: str
    body: bytes


class KeptAnswers:
    """Answers by actor, request and what was said of it. `now` is in seconds of any clock that does not run back."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[float, Decided, Kept]] = OrderedDict()
        self._size = 0

    def keep(self, decided: Decided, kept: Kept, now: float) -> None:
        """Keep the answer to this call; one that is larger than all room is not kept."""
        self.drop(decided)
        if len(kept.body) > MAX_KEPT_BYTES:
            return
        self._kept[_key(decided)] = (now + MAX_KEPT_SECONDS, decided, kept)
        self._size += len(kept.body)
        while len(self._kept) > MAX_KEPT or self._size > MAX_KEPT_BYTES:
            self._pop(next(iter(self._kept)))

    def get(self, heard: Heard, now: float) -> tuple[Decided, Kept] | None:
        """The answer kept for this request and the decision that asked for it, if they are still there."""
        while self._kept and (oldest := next(iter(self._kept.items())))[1][0] <= now:
            self._pop(oldest[0])
        found = self._kept.get(_key(heard)) if self._kept else None
        if found is None:
            return None
        headers = [h for h in found[1].headers if h not in found[1].patience.headers]
        decided = found[1]._replace(patience=heard.patience, headers=[*headers, *heard.patience.headers])
        return decided, found[2]

    def drop(self, decided: Decided) -> None:
        """Its calls have been released or denied: it is not given twice."""
        if self._kept:
            self._pop(_key(decided))

    def clear(self) -> None:
        """Something was erased: what is kept may hold it too, so the model is asked anew."""
        self._kept.clear()
        self._size = 0

    def _pop(self, key: bytes) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._size -= len(found[2].body)


def _key(of: Decided | Heard) -> bytes:
    digest = hashlib.sha256(f"{of.caller.actor.name}\0{of.call.api}\0{of.said.use.activity}\0".encode())
    for name, value in of.said.fields:
        digest.update(b"%d %b=%d %b\0" % (len(name), name.encode(), len(value), value))
    digest.update(of.call.body)
    return digest.digest()
