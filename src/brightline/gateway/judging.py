"""The judge: a bigger model behind an OpenAI-compatible server, asked about what the screen doubts.

Law: what the judge says only adds an alternative; that it says nothing in time, or nothing that can be read, is no
opinion, and then the use is `not_screened`. The content goes to the server that the settings name and nowhere else.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from brightline.errors import InputError, UpstreamError
from brightline.gateway.credentials import api_key, trusting
from brightline.gateway.watch_config import JudgeConfig
from brightline.gateway.wire import Header, Upstream, UpstreamLimits
from brightline.screen.judge import Opinion, judge_opinion, judge_request
from brightline.terms import Terms
from brightline.vocabulary import Use

MAX_OPINIONS = 4096
"""Opinions that are remembered, so that a call which is sent again after a grant is the same act."""
_PATH = b"/v1/chat/completions"
_JSON: Header = (b"content-type", b"application/json")

logger = logging.getLogger("brightline.gateway")


class Judge:
    """One judge. Belongs to one event loop. Raises ConfigError for files that cannot be used."""

    def __init__(self, config: JudgeConfig, terms: Terms) -> None:
        seconds = float(config.seconds)
        limits = UpstreamLimits(connections=8, first_byte_seconds=seconds, whole_seconds=seconds, body_bytes=1 << 20)
        tls = trusting(config.ca_file) if config.ca_file else None
        self._upstream = Upstream(config.url, tls=tls, limits=limits)
        self._headers = [_JSON, (b"accept-encoding", b"identity")]
        if config.api_key_file is not None:
            self._headers.append((b"authorization", b"Bearer " + api_key(config.api_key_file)))
        self._model, self._seconds, self._terms = config.model, seconds, terms
        self._clauses = {c.id: c.text for c in terms.clauses if c.decides}
        self._known: dict[bytes, Opinion] = {}
        self._key = os.urandom(32)

    async def opinion(self, use: Use, texts: Sequence[str]) -> Opinion | None:
        """What the judge holds of these texts under this use; None where it holds nothing that counts."""
        words = self._terms.scope.vocabulary
        key = self._named(use, texts)
        if (known := self._known.get(key)) is not None:
            return known
        nonce = os.urandom(16).hex()
        try:
            asked = judge_request(words, self._model, self._clauses, use.activity, use.facts, texts, nonce)
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(json.dumps(asked).encode())
        except (UpstreamError, InputError, TimeoutError, msgspec.MsgspecError, UnicodeDecodeError) as e:
            logger.warning("step=3 the judge gave no opinion: %s", type(e).__name__)
            return None
        found = judge_opinion(words, answer, nonce)
        if found is None:
            logger.warning("step=3 the judge gave no opinion that can be read")
            return None
        if len(self._known) >= MAX_OPINIONS:
            del self._known[next(iter(self._known))]
        self._known[key] = found
        return found

    def close(self) -> None:
        self._upstream.close()

    async def _ask(self, body: bytes) -> object:
        with await self._upstream.send(b"POST", _PATH, self._headers, body) as response:
            data = await response.read()
            if response.status != 200:
                raise UpstreamError("the judge refused", sent=True)
        return msgspec.json.decode(data)

    def _named(self, use: Use, texts: Sequence[str]) -> bytes:
        hasher = blake2b(use.activity.encode(), key=self._key, digest_size=16)
        for text in texts:
            data = text.encode("utf-8", "surrogatepass")
            hasher.update(b"%d\0" % len(data))
            hasher.update(data)
        return hasher.digest()
