"""One connection to an upstream: writes a request, fills its Response with the bytes that come back."""

from __future__ import annotations

import asyncio
import math
import select
import weakref
from collections.abc import Callable
from typing import cast

import httptools

from brightline.errors import UpstreamError, UpstreamFault
from brightline.gateway.wire.limits import UpstreamLimits
from brightline.gateway.wire.message import NEVER_CROSS, Header
from brightline.gateway.wire.response import Response


class Outbound(asyncio.Protocol):
    """Carries one exchange at a time.

    `free(self)` is called when a whole answer left the connection fit for another exchange, `lost(self)`
    once, when it is closed. It is fit only where the other end keeps it, it has taken the whole request,
    and not a byte stands after the answer. An answer with neither length nor chunks ends with the
    connection (RFC 9112 section 6.3), and is whole only where the other end closed it in order.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limits: UpstreamLimits,
        origin: str,
        free: Callable[[Outbound], None],
        lost: Callable[[Outbound], None],
    ) -> None:
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)  # set when the connection is made
        self.until = math.inf  # loop time by which something must come
        self.idle_since = 0.0
        self.closed = self._used = False
        self._loop, self._limits, self._origin, self._free, self._lost = loop, limits, origin, free, lost
        self._poll = select.poll()
        self._parser = httptools.HttpResponseParser(self)
        self._answer: weakref.ref[Response] | None = None  # weak, so that one which nobody holds is noticed
        self._filling: Response | None = None  # the same, while the parser runs
        self._whole_by = math.inf
        self._paused = self._eof = self._head_only = False
        self._refusal: str | None = None
        self._reset()

    def _reset(self) -> None:
        self._final = False  # the head of the answer itself has come, not only a 1xx before it
        self._done = False  # the answer is whole
        self._kept = False  # the other end keeps the connection after it
        self._endless = False  # it ends with the connection
        self._count = self._head = self._size = self._raw = 0

    # -- for the pool --------------------------------------------------------------------------------

    def begin(self, head: bytes, body: bytes, *, head_only: bool) -> Response:
        """Write one request. Before this call nothing of it was sent; after it, something may have been."""
        now = self._loop.time()
        response = Response(self._loop, self)
        self._answer = weakref.ref(response, self._forgotten)
        self._head_only, self._used = head_only, True
        self._reset()
        self._whole_by = now + self._limits.whole_seconds
        self.until = min(self._whole_by, now + self._limits.first_byte_seconds)
        if len(body) < 65_536:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            self.transport.write(body)
        return response

    def usable(self) -> bool:
        """Nobody has closed it or written on it, as far as one can know without writing.

        It is asked through `poll`, for the loop may not have read yet what arrived. After an end of stream a request
        would be neither answered nor safe to repeat; and bytes that follow the last answer would pass for the answer
        to this request, which is another caller's. (A new TLS connection may have tickets to read; nobody asks it.)
        """
        idle = self._loop.time() - self.idle_since
        if self.transport.is_closing() or idle > self._limits.idle_seconds:
            return False
        return not ((self._used or idle > 0.5) and self._poll.poll(0))

    def sweep(self, now: float) -> None:
        """Called a few times a second: give up on an answer that is late, or a connection unused for long."""
        if self._answer is None:
            if now - self.idle_since > self._limits.idle_seconds:
                self.transport.abort()
        elif now > self.until:
            late = "the answer took too long" if now > self._whole_by else "no part of the answer came in time"
            self._fail(late, UpstreamFault.TIMED_OUT)

    def pulled(self) -> None:
        """The consumer took what waited: read on."""
        if self._paused:
            self._paused = False
            self.until = min(self._whole_by, self._loop.time() + self._limits.chunk_seconds)
            self.transport.resume_reading()

    def abort(self) -> None:
        """Close at once, whatever was going on."""
        self._answer = None
        self.transport.abort()

    # -- what the loop tells us ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.idle_since = self._loop.time()
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        response = self._answer() if self._answer is not None else None
        if response is None:
            self.abort()  # bytes that nobody asked for could pass for the next answer
            return
        self._raw += len(data)
        self._filling, failed = response, False
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            failed = True
        self._filling = None
        if self._done:
            self._complete(response, fit=not failed)
        elif failed:
            self._fail(self._refusal or "the answer is not well-formed HTTP/1.1")
        elif self._raw - self._size > self._limits.head_bytes + self._limits.framing_bytes + 8 * self._size:
            self._fail("the headers or the chunk framing of the answer are too long")
        else:
            self._went_on(response)

    def _went_on(self, response: Response) -> None:
        if response.buffered > self._limits.buffer_bytes:
            self._paused = True
            self.until = self._whole_by  # it is the consumer who is slow
            self.transport.pause_reading()
        else:
            self.until = min(self._whole_by, self._loop.time() + self._limits.chunk_seconds)
        if self._final:
            response.wake()

    def eof_received(self) -> None:
        self._eof = True

    def connection_lost(self, exc: Exception | None) -> None:
        response = self._answer() if self._answer is not None else None
        self._answer = None
        self.closed = True
        if response is not None:
            if self._endless and self._eof and exc is None:
                response.finish()
            else:
                response.finish(
                    self._error("the connection ended before the answer was whole", UpstreamFault.BROKE_OFF)
                )
        self._lost(self)

    def _complete(self, response: Response, *, fit: bool) -> None:
        self._answer = None
        self.until = math.inf
        self.idle_since = self._loop.time()
        response.finish()
        taken = self.transport.get_write_buffer_size() == 0  # else it answered before it had the whole request
        if fit and self._kept and taken:
            self._free(self)
        else:
            self.transport.abort()

    def _fail(self, text: str, fault: UpstreamFault = UpstreamFault.BAD_ANSWER) -> None:
        response = self._answer() if self._answer is not None else None
        self.abort()
        if response is not None:
            response.finish(self._error(text, fault))

    def _error(self, text: str, fault: UpstreamFault) -> UpstreamError:
        return UpstreamError(text, fault, sent=True, place=self._origin)

    def _forgotten(self, answer: weakref.ref[Response]) -> None:
        if self._answer is answer:
            self.abort()

    # -- called by the parser ------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._done:
            raise RuntimeError("bytes after a whole answer")  # ends the parsing; the connection is not fit
        self._headers: list[Header] = []
        self._nominated: set[bytes] = set()
        self._coding: bytes | None = None
        self._length = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value) + 4
        self._count += 1
        if self._head > self._limits.head_bytes or self._count > self._limits.header_count:
            self._refuse("the headers of the answer are too long or too many")
        if self._final:
            return  # a trailer
        name = name.lower()
        if value[-1:] <= b" ":
            value = value.rstrip(b" \t")
        if name not in NEVER_CROSS:
            self._headers.append((name, value))
        elif name == b"connection":
            self._nominated.update(token.strip(b" \t").lower() for token in value.split(b","))
        elif name == b"transfer-encoding":
            self._coding = value.lower() if self._coding is None else b"twice"
        elif name == b"content-length":
            self._length = True

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        version = self._parser.get_http_version()
        if not 100 <= status <= 599 or version not in ("1.1", "1.0"):
            self._refuse("the answer has an unknown status or HTTP version")
        if status < 200:
            return  # an interim answer; the one that counts follows (after a 101 the parser stops)
        if self._coding is not None and (self._coding != b"chunked" or version == "1.0"):
            self._refuse("the answer has an unknown transfer coding")
        self._final = True
        self._endless = self._coding is None and not self._length and status not in (204, 304)
        headers = self._headers
        if self._nominated:
            headers = [pair for pair in headers if pair[0] not in self._nominated]
        if self._filling is not None:
            self._filling.status, self._filling.headers = status, headers
        if self._head_only:
            self._done = True  # the parser cannot know that no body follows; the connection is not kept

    def on_body(self, piece: bytes) -> None:
        if self._done:
            return
        self._size += len(piece)
        if self._size > self._limits.body_bytes:
            self._refuse("the answer is too long")
        if self._filling is not None:
            self._filling.put(piece)

    def on_message_complete(self) -> None:
        self._done = self._final
        self._kept = self._parser.should_keep_alive()  # asked later, the parser has forgotten

    def _refuse(self, text: str) -> None:
        """Stop the parser, which hides the error that a callback raises behind its own."""
        self._refusal = text
        raise RuntimeError(text)
