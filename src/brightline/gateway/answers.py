"""Facts that whoever asked declared afterwards, for a call about which the terms asked (`/brightline/asks`)."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from brightline.gateway.codec import Call
from brightline.gateway.desk import content_of
from brightline.gateway.wire import Request

MAX_ANSWERS = 4096
"""Answers that are kept in memory; past it the oldest is forgotten."""
_FACTS = b"brightline-facts"


@dataclass(frozen=True, slots=True)
class Answers:
    """Facts that actors declared for a call that was asked about, by actor and content; a restart forgets them."""

    kept: OrderedDict[bytes, bytes] = field(default_factory=OrderedDict)

    def give(self, actor: str, content: bytes, facts: bytes) -> None:
        self.kept[_key(actor, content)] = facts
        while len(self.kept) > MAX_ANSWERS:
            self.kept.popitem(last=False)

    def with_facts(self, actor: str, call: Call, request: Request) -> Request:
        """The request, declaring what was answered too; what the header itself says comes first."""
        facts = self.kept.get(_key(actor, content_of(call))) if self.kept else None
        if facts is None:
            return request
        said = request.header(_FACTS)
        others = [(n, v) for n, v in request.headers if n != _FACTS]
        return replace(request, headers=[*others, (_FACTS, facts if said is None else said + b", " + facts)])


def _key(actor: str, content: bytes) -> bytes:
    return hashlib.sha256(actor.encode() + b"\0" + content).digest()
