"""The writing half of a client's connection, and the answer to one request."""

from __future__ import annotations

import asyncio
import math
import socket
import struct
from collections.abc import Iterable
from typing import cast

from brightline.gateway.wire.message import Header, answer_head

_NO_BODY = frozenset((204, 205, 304))  # RFC 9110: no content, whatever the headers say


class Client(asyncio.Protocol):
    """Writes to one client, and waits where the client is slower than we are."""

    def __init__(self, loop: asyncio.AbstractEventLoop, write_seconds: float) -> None:
        self.loop = loop
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)  # set when the connection is made
        self.gone = False
        self.slow = False  # it has more than enough of what was written still to take
        self.stalled_until = math.inf  # loop time by which a slow client must have taken what waits
        self._write_seconds = write_seconds
        self._drained: asyncio.Future[None] | None = None

    def pause_writing(self) -> None:
        self.slow = True
        self.stalled_until = self.loop.time() + self._write_seconds

    def resume_writing(self) -> None:
        self.slow = False
        self._wake()

    def reset(self) -> None:
        """Close at once, so that the client sees a reset and never an orderly end of what it was reading."""
        end = self.transport.get_extra_info("socket")
        if end is not None and not self.transport.is_closing():
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    async def drained(self) -> None:
        """Return when the client has taken what waits. Raises ConnectionResetError where it has gone."""
        while self.slow and not self.gone:
            self._drained = self.loop.create_future()  # only the handler's own coroutine waits here
            await self._drained
        if self.gone:
            raise ConnectionResetError("the client has gone")

    def _wake(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)


class Reply:
    """The answer to one request: `send` at once, or `start`, `write` as often as needed, `end`.

    A method called out of that order raises RuntimeError. Once the client has gone, `start`, `send` and
    `write` raise ConnectionResetError. A reply that was started and not ended when its handler returns or
    fails is cut off, so that no client can take a part for the whole. Answers to HEAD, and statuses that
    have no body, send the head alone.
    """

    __slots__ = ("_chunked", "_client", "_head_only", "_old", "ended", "keep", "started")

    def __init__(self, client: Client, head_only: bool, old: bool, keep: bool) -> None:
        self._client = client
        self._head_only = head_only
        self._old = old  # HTTP/1.0: no chunks; a connection is kept only where the answer says so
        self.keep = keep  # whether another request may follow on this connection
        self._chunked = False
        self.started = False
        self.ended = False

    @property
    def gone(self) -> bool:
        """The client has closed its connection: nobody reads what is still written."""
        return self._client.gone

    @property
    def buffered(self) -> int:
        """Bytes written and not yet taken by the client's end of the connection."""
        return self._client.transport.get_write_buffer_size()

    def send(self, status: int, headers: Iterable[Header], body: bytes) -> None:
        """The whole answer; `content-length` is ours. The next request waits until a slow client took it."""
        self._open()
        if status in _NO_BODY:
            framing, body = (b"content-length: 0\r\n" if status == 205 else b""), b""
        else:
            framing = b"content-length: %d\r\n" % len(body)
        head = answer_head(status, headers, framing + self._fate())
        self.started = self.ended = True
        self._client.transport.write(head if self._head_only else head + body)

    def start(self, status: int, headers: Iterable[Header]) -> None:
        """Send the head now; the body follows in chunks (to HTTP/1.0, until the connection closes)."""
        self._open()
        self._head_only = self._head_only or status in _NO_BODY
        self._chunked = not self._old and status not in _NO_BODY
        framing = b"transfer-encoding: chunked\r\n" if self._chunked else b""
        if self._old and not self._head_only:
            self.keep = False
        head = answer_head(status, headers, framing + self._fate())
        self.started = True
        self._client.transport.write(head)

    async def write(self, chunk: bytes) -> None:
        """Send one chunk now. Waits while the client has more than `Limits.write_bytes` still to take."""
        if not self.started or self.ended:
            raise RuntimeError("write before start or after end")
        client = self._client
        if client.gone:
            raise ConnectionResetError("the client has gone")
        if chunk and not self._head_only:  # an empty chunk would end the body
            client.transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if self._chunked else chunk)
        if client.slow:
            await client.drained()

    def end(self) -> None:
        """The answer is whole. From here on the handler is no longer cancelled when the client goes."""
        if not self.started or self.ended:
            raise RuntimeError("end before start, or twice")
        self.ended = True
        if self._chunked and not self._head_only and not self._client.gone:
            self._client.transport.write(b"0\r\n\r\n")

    def _open(self) -> None:
        if self.started:
            raise RuntimeError("a request has one answer")
        if self._client.gone:
            raise ConnectionResetError("the client has gone")

    def _fate(self) -> bytes:
        if not self.keep:
            return b"connection: close\r\n"
        return b"connection: keep-alive\r\n" if self._old else b""
