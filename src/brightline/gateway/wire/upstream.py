"""A model server, reached over a bounded pool of kept connections."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Iterable
from urllib.parse import urlsplit

from brightline.errors import ConfigError, UpstreamError, UpstreamFault
from brightline.gateway.wire.limits import UpstreamLimits
from brightline.gateway.wire.message import METHODS, TARGET, Header, header_lines
from brightline.gateway.wire.outbound import Outbound
from brightline.gateway.wire.response import Response


class Upstream:
    """One origin, `http://host[:port][/prefix]` or `https://…`; the prefix stands before every path sent.

    `tls` is used with https; without it the upstream's certificate must verify against the system's
    authorities (`ssl.create_default_context(cafile=…)` gives one that trusts a CA of your own).
    Belongs to the event loop in which `send` is first called. Raises ConfigError for a URL it cannot use.
    """

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None, limits: UpstreamLimits | None = None) -> None:
        self.limits = limits or UpstreamLimits()
        self._host, self._port, self._prefix, secure = _parse(url)
        scheme = "https" if secure else "http"
        shown = f"[{self._host}]" if ":" in self._host else self._host
        self.origin = f"{scheme}://{shown}:{self._port}"
        self._tls = (tls or ssl.create_default_context()) if secure else None
        default_port = 443 if secure else 80
        host = shown if self._port == default_port else f"{shown}:{self._port}"
        self._host_line = f" HTTP/1.1\r\nhost: {host}\r\n".encode("ascii")
        self._idle: list[Outbound] = []
        self._open: set[Outbound] = set()
        self._slots = 0  # connections open or being opened
        self._waiting: deque[asyncio.Future[Outbound | None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def connections(self) -> tuple[int, int]:
        """Connections in all (open or being opened), and those of them that wait idle."""
        return self._slots, len(self._idle)

    async def send(self, method: bytes, path: bytes, headers: Iterable[Header], body: bytes) -> Response:
        """Send one request; return when the head of the answer has come.

        `path` may hold a query. Framing, `host` and hop-by-hop fields are ours: those in `headers` are
        left out. Raises UpstreamError; its `sent` is False only where not one byte of the request had been
        given to a connection, and only then is the call tried again here, once, when the kept connection
        chosen turns out to be closed. Raises ValueError for a method, path or header that would break out
        of its place.
        """
        head = self._head(method, path, headers, body)
        connection = self._kept() or await self._handed()
        response = connection.begin(head, body, head_only=method == b"HEAD")
        try:
            while not response.status:
                await response.changed()
        except BaseException:  # cancelled, too: the upstream must not go on generating for nobody
            response.close()
            raise
        return response

    async def reach(self) -> None:
        """Open a connection, or find one kept. Raises UpstreamError as `send` would; nothing is sent."""
        self._free(self._kept() or await self._handed())

    def close(self) -> None:
        """Close every connection; answers still on their way end with UpstreamError."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(self._error("the gateway is closing", UpstreamFault.BUSY))
        self._waiting.clear()
        for connection in list(self._open):
            connection.transport.abort()

    def _head(self, method: bytes, path: bytes, headers: Iterable[Header], body: bytes) -> bytes:
        if method not in METHODS or not TARGET.fullmatch(path):
            raise ValueError("unknown method, or a path that is not one")
        length = b"content-length: %d\r\n" % len(body) if body or method in (b"POST", b"PUT", b"PATCH") else b""
        return b"%b %b%b%b%b%b\r\n" % (method, self._prefix, path, self._host_line, header_lines(headers), length)

    # -- the pool ------------------------------------------------------------------------------------

    def _kept(self) -> Outbound | None:
        """The kept connection used last; those that are no longer fit are closed on the way."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable():
                return connection
            connection.abort()
        return None

    async def _handed(self) -> Outbound:
        """The next connection; another one, once, where it closed or spoke unasked on its way to us."""
        connection = await self._next()
        if connection.usable():
            return connection
        connection.abort()
        connection = self._kept() or await self._next()
        if not connection.usable():
            connection.abort()
            raise self._error("the upstream closes its connections, or speaks on them, before it is asked")
        return connection

    async def _next(self) -> Outbound:
        """A new connection where there is room, else the next that comes free."""
        if self._closed:
            raise self._error("the gateway is closing", UpstreamFault.BUSY)
        if self._slots < self.limits.connections:
            self._slots += 1
            return await self._connect()
        return await self._turn() or await self._connect()

    async def _turn(self) -> Outbound | None:
        """Wait in line. None where a slot came free instead of a connection; the slot is then ours."""
        if len(self._waiting) >= self.limits.waiting:
            raise self._error("too many calls wait for this upstream", UpstreamFault.BUSY)
        turn: asyncio.Future[Outbound | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self.limits.wait_seconds):
                return await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._pass_on(turn.result())  # given to us while we gave up
            elif turn in self._waiting:
                self._waiting.remove(turn)
            if isinstance(error, TimeoutError):
                raise self._error("no connection came free in time", UpstreamFault.BUSY) from None
            raise

    async def _connect(self) -> Outbound:
        """Open a connection in a slot that is already counted."""
        loop = asyncio.get_running_loop()
        if self._timer is None:
            self._sweep(loop)
        name = self._host if self._tls is not None else None
        try:
            async with asyncio.timeout(self.limits.connect_seconds):
                _, connection = await loop.create_connection(
                    lambda: Outbound(loop, self.limits, self.origin, self._free, self._lost),
                    self._host,
                    self._port,
                    ssl=self._tls,
                    server_hostname=name,
                )
        except BaseException as error:  # noqa: BLE001 - cancelled, too: the slot goes on
            self._pass_on(None)
            raise self._why(error) from None
        if connection.closed:  # before this coroutine was resumed; `_lost` did not know it
            self._pass_on(None)
            raise self._error("the upstream closed the connection as soon as it was open")
        self._open.add(connection)
        if self._closed:
            connection.abort()
        return connection

    def _free(self, connection: Outbound) -> None:
        if self._closed:
            connection.abort()
        else:
            self._pass_on(connection)

    def _lost(self, connection: Outbound) -> None:
        if connection not in self._open:
            return  # the handshake failed: `_connect` gives its slot on
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._pass_on(None)

    def _pass_on(self, connection: Outbound | None) -> None:
        """A connection, or with None a slot, goes to whoever waits longest; else it rests, or the slot ends."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        if connection is None:
            self._slots -= 1
        else:
            self._idle.append(connection)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in list(self._open):
            connection.sweep(now)
        bounds = self.limits
        tick = min(bounds.idle_seconds, bounds.first_byte_seconds, bounds.chunk_seconds, bounds.whole_seconds) / 4
        self._timer = loop.call_later(max(0.01, min(1.0, tick)), self._sweep, loop)

    def _why(self, error: BaseException) -> BaseException:
        if isinstance(error, ssl.SSLCertVerificationError):
            cure = "give the file of the authority that signed it, or mend its name and dates"
            return self._error(f"the upstream's certificate does not verify ({error.verify_message})", cure=cure)
        running = "is the model server running there?"
        if isinstance(error, TimeoutError):
            return self._error("no connection in time", UpstreamFault.TIMED_OUT, running)
        if isinstance(error, OSError):
            return self._error(f"cannot connect ({type(error).__name__})", cure=running)
        return error

    def _error(self, text: str, fault: UpstreamFault = UpstreamFault.UNREACHABLE, cure: str = "") -> UpstreamError:
        return UpstreamError(text, fault, sent=False, place=self.origin, cure=cure)


def _parse(url: str) -> tuple[str, int, bytes, bool]:
    """Host, port, path prefix, and whether it is https."""
    cure = "write http://host:port or https://host:port"
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        raise ConfigError("the URL of an upstream cannot be read", place="upstream", cure=cure) from None
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError("the URL of an upstream names no http or https host", place="upstream", cure=cure)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ConfigError("the URL of an upstream holds more than host, port and path", place="upstream", cure=cure)
    prefix = parts.path.rstrip("/").encode("ascii", "replace")
    if prefix and not TARGET.fullmatch(prefix):
        raise ConfigError("the path in the URL of an upstream is not one", place="upstream", cure=cure)
    secure = parts.scheme == "https"
    return host, port or (443 if secure else 80), prefix, secure
