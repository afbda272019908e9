"""Client bytes become requests. No socket, no clock: what is fed in comes out as requests or one refusal.

llhttp in its strict mode refuses bare CR and LF, folded lines, blanks before a colon, control characters,
a Content-Length that is doubled, signed, listed or beside a Transfer-Encoding, and malformed chunks. What
it lets through and RFC 9110 and 9112 do not, or what would make us hold too much, is refused here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import httptools

from brightline.errors import CallError
from brightline.gateway.wire.limits import Limits
from brightline.gateway.wire.message import AUTHORITY, CROSSING, METHODS, TARGET, Header, Request

SLICE = 4_096  # bytes given to the parser at a time, so that no count below is late by more


class Stage(IntEnum):
    IDLE = 0  # between requests
    HEAD = 1  # the first byte has come
    BODY = 2  # the headers are whole
    LAST = 3  # after a refusal, or a request after which the connection closes: nothing more is parsed


IDLE, HEAD, BODY, LAST = Stage  # on the hot path a name costs an eighth of an attribute of an enum (CPython 3.11)


@dataclass(slots=True)
class Held:
    """Bytes of request bodies in memory, over all connections."""

    size: int = 0


def refused(status: int, code: str, text: str, cure: str = "") -> CallError:
    return CallError(text, status=status, code=code, cure=cure)


class Reading:
    """Parses one connection's requests, strictly.

    `whole(request, old, keep)` is called for each: `old` is HTTP/1.0, `keep` says whether another request
    may follow. `feed` raises CallError for the first thing that cannot stand; nothing is parsed after it.
    """

    def __init__(self, limits: Limits, held: Held, peer: str, whole: Callable[[Request, bool, bool], None]) -> None:
        self.stage = IDLE
        self.due = 0  # bytes of a sized body still to come
        self.holding = 0  # bytes of the unfinished body, counted in `held`
        self.waits_for_100 = False  # the client asked to be told before it sends the body
        self.retiring = False  # no request after the one being read
        self._limits, self._held, self._peer, self._whole = limits, held, peer, whole
        self._parser = httptools.HttpRequestParser(self)
        self._refusal: CallError | None = None
        self._framing = 0  # bytes fed since the last request, or the head, was whole, less those of the body
        self._method = b""
        self._body: bytes | bytearray = b""
        self.on_message_begin()
        self.stage = IDLE

    @property
    def path(self) -> bytes:
        """The path of the request being read, as far as it is known."""
        return self._target.partition(b"?")[0]

    @property
    def head_only(self) -> bool:
        """The request being read is a HEAD."""
        return bool(self._target) and self._parser.get_method() == b"HEAD"

    def feed(self, piece: bytes | memoryview) -> None:
        """Parse at most SLICE bytes, or the `due` bytes of a body. Raises CallError; see the class."""
        self._framing += len(piece)
        try:
            self._parser.feed_data(piece)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if self._refusal is None and self.stage is LAST:
                return  # bytes after the last request: RFC 9112 section 9.6 has them ignored
            self.stage = LAST
            raise (self._refusal or refused(400, "bad_request", "the request is not well-formed HTTP/1.1")) from None
        if self.stage is BODY:
            if self._chunked and self._framing > self._limits.framing_bytes + 8 * self._size:
                raise self._refuse(400, "bad_framing", "chunk sizes, extensions and trailers are too long")
        elif self._framing > self._limits.head_bytes:
            raise self._refuse(431, "head_too_long", "the request line and headers are too long")

    def release(self) -> None:
        """Forget the unfinished request; the connection is gone."""
        self._held.size -= self.holding
        self.holding = 0
        self.stage = LAST
        del self._parser  # it and we hold each other
        self._body = b""

    # -- called by the parser ------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self.stage is LAST:
            raise RuntimeError("no request follows the last")  # ends the parsing; `feed` drops the rest
        self.stage = HEAD
        self._target = b""
        self._lines: list[Header] = []
        self._size = self.due = 0
        self._chunked = False

    def on_url(self, url: bytes) -> None:
        self._target = self._target + url if self._target else url
        if len(self._target) > self._limits.target_bytes:
            raise self._refuse(414, "target_too_long", "the request target is too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers come here too, and go nowhere: one could pass for a header. `_framing` bounds both.
        self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        """Judge the head as a whole: this is the hot path, so the usual headers cost one look-up each."""
        lines = self._lines
        if len(lines) > self._limits.header_count:
            raise self._refuse(431, "too_many_headers", "the request has too many headers")
        if self._framing > self._limits.head_bytes and self._head_size() > self._limits.head_bytes:
            raise self._refuse(431, "head_too_long", "the request line and headers are too long")
        old = self._request_line()
        headers: list[Header] = []
        framing: list[Header] = []
        for name, value in lines:
            # llhttp leaves the blanks that end a value
            text = value.rstrip(b" \t") if value and value[-1] <= 32 else value
            lower = CROSSING[name]
            if lower:
                headers.append((lower, text))
            else:
                framing.append((name.lower(), text))
        self._headers = headers
        self._frame(framing, old)
        self.stage = BODY
        self._framing = 0

    def _head_size(self) -> int:
        return len(self._target) + sum(len(name) + len(value) + 4 for name, value in self._lines)

    def _request_line(self) -> bool:
        """Whether the request is HTTP/1.0. llhttp knows more versions, methods and targets than are served."""
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise self._refuse(505, "unknown_version", "this is an HTTP/1.1 server")
        self._method = self._parser.get_method()
        if self._method not in METHODS:
            raise self._refuse(501, "unknown_method", "the method is not known here")
        if not TARGET.fullmatch(self._target) and not (self._target == b"*" and self._method == b"OPTIONS"):
            raise self._refuse(400, "bad_target", "the request target is not a path", "send a path that starts with /")
        return version == "1.0"

    def _frame(self, framing: list[Header], old: bool) -> None:
        """What concerns this connection or delimits this message; none of it crosses, but for Host."""
        hosts = length = 0
        expects = False
        for name, value in framing:
            match name:
                case b"host":
                    hosts += 1
                    self._headers.append((name, value))
                    if not AUTHORITY.fullmatch(value):
                        raise self._refuse(400, "bad_host", "the Host header is not a host")
                case b"content-length":
                    length = int(value)  # digits, once, and not beside a transfer coding: llhttp saw to it
                case b"connection":
                    self._connection(value)
                case b"transfer-encoding":
                    self._chunked = True
                    self._coding(value, old)
                case b"expect":
                    expects = True
                    if value.lower() != b"100-continue":
                        raise self._refuse(417, "unknown_expectation", "the only expectation known is 100-continue")
                case _:  # it concerns this connection alone, and asks for nothing that we do
                    pass
        if hosts != 1 and not (old and hosts == 0):
            raise self._refuse(400, "bad_host", "a request has one Host header")
        if length > self._limits.body_bytes:
            raise self._refuse(413, "request_too_large", "the body is too long")
        self._old = old
        self.due = length
        self.waits_for_100 = expects and not old and (self._chunked or length > 0)

    def _coding(self, value: bytes, old: bool) -> None:
        if value.lower() != b"chunked":
            raise self._refuse(501, "unknown_coding", "the only transfer coding known here is chunked")
        if old:  # RFC 9112 section 6.1: its framing is faulty, whoever sent it
            raise self._refuse(400, "bad_framing", "HTTP/1.0 has no transfer codings")

    def _connection(self, value: bytes) -> None:
        """Drop what `Connection` names (RFC 9110 section 7.6.1); refuse to switch protocols."""
        value = value.lower()
        if value in (b"keep-alive", b"close"):  # the usual ones name nothing
            return
        if self._parser.should_upgrade():
            raise self._refuse(501, "no_upgrade", "this server speaks HTTP/1.1 only", "send no Upgrade header")
        named = {token.strip(b" \t") for token in value.split(b",")} - {b"host"}
        self._headers = [pair for pair in self._headers if pair[0] not in named]

    def on_body(self, data: bytes) -> None:
        size = len(data)
        self._size += size
        self._framing -= size
        if self._size > self._limits.body_bytes:
            raise self._refuse(413, "request_too_large", "the body is too long")
        if self._held.size + size > self._limits.held_bytes:
            raise self._refuse(503, "busy", "the gateway holds all the request bodies it can")
        self._held.size += size
        self.holding += size
        self.waits_for_100 = False
        if not self._chunked:
            self.due -= size
        if not self._body:
            self._body = data  # the usual small body is one piece: no copy
            return
        if isinstance(self._body, bytes):
            self._body = bytearray(self._body)
        self._body += data

    def on_message_complete(self) -> None:
        keep = self._parser.should_keep_alive() and not self.retiring
        path, _, query = self._target.partition(b"?")
        request = Request(self._method, path, query, self._headers, bytes(self._body), self._peer)
        self.stage = IDLE if keep else LAST
        self.waits_for_100 = False
        self.holding = self._framing = 0
        self._body = b""
        self._whole(request, self._old, keep)

    def _refuse(self, status: int, code: str, text: str, cure: str = "") -> CallError:
        """Remembered, because the parser hides the error that a callback raises behind its own."""
        self.stage = LAST
        self._refusal = refused(status, code, text, cure)
        return self._refusal
