"""Listening: accept clients within the limits, sweep the slow ones, drain on the way out."""

from __future__ import annotations

import asyncio
import ssl

from brightline.gateway.wire.inbound import Handler, House, Inbound
from brightline.gateway.wire.limits import Limits
from brightline.gateway.wire.message import Refusal, plain_refusal
from brightline.gateway.wire.reading import Held


class Server:
    """What `serve` returns. `address` is the host and port it listens on."""

    def __init__(self, handler: Handler, limits: Limits, refusal: Refusal) -> None:
        self.limits = limits
        self.address = ("", 0)
        self._loop = asyncio.get_running_loop()
        self._held = Held()
        self._house = House(self._loop, handler, limits, refusal, self._held, self._admit, self._depart)
        self._clients: set[Inbound] = set()
        self._draining: asyncio.Future[None] | None = None
        self._listener: asyncio.Server | None = None
        waits = (limits.idle_seconds, limits.head_seconds, limits.body_seconds, limits.write_seconds)
        self._tick = max(0.01, min(1.0, min(*waits, limits.linger_seconds) / 4))
        self._timer: asyncio.TimerHandle | None = None

    @property
    def clients(self) -> int:
        """Connections that are open, or whose handler still works."""
        return len(self._clients)

    @property
    def held(self) -> int:
        """Bytes of request bodies in memory: being read, waiting, or being answered."""
        return self._held.size

    @property
    def buffered(self) -> int:
        """Bytes of answers that clients have not yet taken."""
        return sum(client.buffered for client in self._clients)

    async def drain(self, seconds: float) -> int:
        """Stop accepting, finish the requests that have begun, close. How many connections were cut short.

        After `seconds` the handlers that still run are cancelled and their clients cut off. Returns when
        no connection and no handler is left, so a handler that swallows its cancellation delays it.
        """
        if self._listener is not None:
            self._listener.close()
        if self._draining is None:
            self._draining = self._loop.create_future()
        for client in list(self._clients):
            client.retire()
        cut = 0
        if self._clients:
            await asyncio.wait([self._draining], timeout=seconds)
            cut = len(self._clients)
            for client in list(self._clients):
                client.cut()
            if self._clients:
                await self._draining
        if self._timer is not None:
            self._timer.cancel()
        return cut

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Raises OSError where the address cannot be had."""
        handshake = self.limits.tls_seconds if tls is not None else None
        self._listener = await self._loop.create_server(
            lambda: Inbound(self._house), host, port, ssl=tls, ssl_handshake_timeout=handshake, backlog=1_024
        )
        self.address = self._listener.sockets[0].getsockname()[:2]
        self._timer = self._loop.call_later(self._tick, self._sweep)

    def _admit(self, client: Inbound) -> bool:
        admitted = len(self._clients) < self.limits.connections and self._draining is None
        self._clients.add(client)
        return admitted

    def _depart(self, client: Inbound) -> None:
        self._clients.discard(client)
        if self._draining is not None and not self._clients and not self._draining.done():
            self._draining.set_result(None)

    def _sweep(self) -> None:
        now = self._loop.time()
        for client in list(self._clients):
            client.sweep(now)
        self._timer = self._loop.call_later(self._tick, self._sweep)


async def serve(
    handler: Handler,
    host: str,
    port: int,
    limits: Limits | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    refusal: Refusal = plain_refusal,
) -> Server:
    """Listen on `host` and `port` (0 takes a free one) and answer each request with `handler`.

    `refusal(error, path)` gives headers and body for what is refused before a handler runs; it must not
    repeat anything of the request. Raises OSError where the address cannot be had.
    """
    server = Server(handler, limits or Limits(), refusal)
    await server.listen(host, port, tls)
    return server
