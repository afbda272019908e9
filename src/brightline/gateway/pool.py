"""The model servers behind a gateway: which one a call goes to, in which API, and what happens when it fails.

Law: a call is sent to another server only where not one byte of it had been given to the first. What failed is asked
last for DOWN_SECONDS; it is never shut out, so that a pool of one behaves as a server alone. Nothing asks a server
unasked: its health is what calls met.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from brightline.errors import CallError, UpstreamError
from brightline.gateway.codec import Call, Family
from brightline.gateway.translate import Dialect
from brightline.gateway.wire import Header, Response, Upstream

DOWN_SECONDS = 5.0
_UNWELL = frozenset((502, 503, 504))
_VERSION: Header = (b"anthropic-version", b"2023-06-01")

logger = logging.getLogger("brightline.gateway")


@dataclass(slots=True)
class Server:
    """One model server. `key`: the gateway's own for it; `models`: those that it has by our names, all where empty."""

    upstream: Upstream
    key: bytes = b""
    dialect: Dialect = field(default_factory=Dialect)
    models: frozenset[str] = frozenset()
    down_until: float = 0.0  # on the loop's clock

    def headers(self, family: Family, given: Sequence[Header]) -> list[Header]:
        """The headers of a call in this family's API. The caller's key never leaves; other vendors' headers do not."""
        foreign = b"openai-" if family is Family.ANTHROPIC else b"anthropic-"
        sent = [(name, value) for name, value in given if not name.startswith(foreign)]
        if family is Family.ANTHROPIC and not any(name == _VERSION[0] for name, _ in sent):
            sent.append(_VERSION)
        if self.key and family is Family.ANTHROPIC:
            sent.append((b"x-api-key", self.key))
        return [*sent, (b"authorization", b"Bearer " + self.key)] if self.key else sent

    @property
    def under_way(self) -> int:
        """Connections in use."""
        every, idle = self.upstream.connections
        return every - idle


class Sent(NamedTuple):
    """An answer whose head has come, and how to read it in the client's API."""

    response: Response
    dialect: Dialect


class Pool:
    """The servers of one gateway, in the order of the settings."""

    def __init__(self, *servers: Server) -> None:
        self.servers = servers

    def refuse(self, call: Call) -> None:
        """Raise CallError where no server has the model, or none of those that have it can be told such a call."""
        refusal: CallError | None = None
        for server in self._with(call.model):
            try:
                server.dialect.refuse(call)
            except CallError as e:
                refusal = e
            else:
                return
        if refusal is None:
            cure = "call another model of GET /v1/models, or ask your administrator"
            text = f"no model server has {call.model!r}"
            raise CallError(text, status=404, code="model_not_found", place="model", cure=cure)
        raise refusal

    async def send(
        self,
        call: Call,
        model: str,
        headers: Sequence[Header],
        own: Mapping[str, Any] | None = None,
        seal: Callable[[bytes, bytes], list[Header]] | None = None,
    ) -> Sent:
        """Send a call to the first server that takes it. Raises UpstreamError of the last one tried, CallError where
        none can be told it. `seal` gives headers that vouch for path and body (grade C2)."""
        failed: UpstreamError | CallError | None = None
        for server in self._order(call.model):
            try:
                asked = server.dialect.asked(call, model, own)
            except CallError as e:
                failed = failed or e
                continue
            path = asked.api.encode()
            sealed = seal(path, asked.body) if seal is not None else []
            given = [*server.headers(asked.api.family, headers), *sealed]
            try:
                response = await server.upstream.send(b"POST", path, given, asked.body)
            except UpstreamError as e:
                self._down(server, e.text)
                if e.sent:
                    raise
                failed = e
                continue
            if response.status in _UNWELL:
                self._down(server, f"HTTP {response.status}")
            else:
                server.down_until = 0.0
            return Sent(response, server.dialect)
        raise failed or UpstreamError("no model server has this model", sent=False)

    async def reach(self) -> None:
        """Connect to each. Raises UpstreamError where none can be reached; those that cannot are asked last."""
        failed: UpstreamError | None = None
        reached = 0
        for server in self.servers:
            try:
                await server.upstream.reach()
                reached += 1
            except UpstreamError as e:
                failed = e
                self._down(server, str(e))
        if failed is not None and not reached:
            raise failed

    def states(self) -> dict[str, str]:
        """`up` or `down` of each by its origin, as the last calls met it."""
        now = asyncio.get_running_loop().time()
        return {s.upstream.origin: "down" if s.down_until > now else "up" for s in self.servers}

    def close(self) -> None:
        """Close every connection."""
        for server in self.servers:
            server.upstream.close()

    def _with(self, model: str) -> list[Server]:
        return [s for s in self.servers if not s.models or model in s.models]

    def _order(self, model: str) -> list[Server]:
        """Those that are up, least busy first; then the others, who failed longest ago first."""
        found = self._with(model)
        if len(found) == 1:
            return found
        now = asyncio.get_running_loop().time()
        return sorted(found, key=lambda s: (s.down_until if s.down_until > now else 0.0, s.under_way))

    def _down(self, server: Server, why: str) -> None:
        now = asyncio.get_running_loop().time()
        if server.down_until <= now and len(self.servers) > 1:
            logger.warning("step=6 %s is asked last for %d seconds: %s", server.upstream.origin, DOWN_SECONDS, why)
        server.down_until = now + DOWN_SECONDS
