"""What crosses the seam: a request, header pairs, and the bytes of a message head."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

from brightline.errors import CallError

Header = tuple[bytes, bytes]
Refusal = Callable[[CallError, bytes], tuple[list[Header], bytes]]

METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"))

# RFC 9110 section 7.6.1, and the fields that frame or address a message: each side writes its own.
NEVER_CROSS = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
        b"expect",
        b"content-length",
        b"host",
    )
)

TARGET = re.compile(rb"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*(?:\?[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*)?")  # RFC 3986
AUTHORITY = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]+)(?::[0-9]{0,5})?")
_TOKEN = re.compile(rb"[a-z0-9!#$%&'*+\-.^_`|~]+")

_STATUS_LINES = {s.value: b"HTTP/1.1 %d %b\r\n" % (s.value, s.phrase.encode()) for s in HTTPStatus if s >= 200}
_TABLE_SIZE = 1_024  # names come from clients and upstreams: the tables of them must not grow for ever
_dates: dict[int, bytes] = {}  # this second -> its line; one entry


@dataclass(slots=True)
class Request:
    """One request, whole.

    `path` and `query` are the bytes that the client sent, percent-encoding left raw (`path` is `*` only
    with OPTIONS). Names in `headers` are lower-cased, values stripped of outer blanks, the order kept;
    hop-by-hop fields, those that `Connection` names, and the framing are gone, `host` stands exactly
    once (at most once under HTTP/1.0). `peer` is the address of the client, without its port.
    """

    method: bytes
    path: bytes
    query: bytes
    headers: list[Header]
    body: bytes
    peer: str
    _values: dict[bytes, bytes] | None = field(default=None, init=False, repr=False, compare=False)

    def header(self, name: bytes) -> bytes | None:
        """The value of the only header of that lower-case name; None where it is missing.

        Raises CallError where it stands twice: two readers of such a request could take either.
        """
        if self._values is None:
            self._values = dict(self.headers)
        value = self._values.get(name)
        # Only where some header stands twice is it asked which.
        if len(self._values) != len(self.headers) and sum(given == name for given, _ in self.headers) > 1:
            raise CallError("a header stands twice", place=name.decode("latin-1"), cure="send it once")
        return value


class _Crossing(dict[bytes, bytes]):
    """A header's name as it came -> its lower case; empty for a name that never crosses."""

    def __missing__(self, name: bytes) -> bytes:
        lower = name.lower()
        if lower in NEVER_CROSS:
            lower = b""
        if len(self) < _TABLE_SIZE:
            self[name] = lower
        return lower


class _Starts(dict[bytes, bytes]):
    """A header's name -> what its line begins with; empty for a name that never crosses."""

    def __missing__(self, name: bytes) -> bytes:
        if not _TOKEN.fullmatch(name.lower()):
            raise ValueError("a header name is not a token")
        lower = CROSSING[name]
        start = lower + b": " if lower else b""
        if len(self) < _TABLE_SIZE:
            self[name] = start
        return start


CROSSING = _Crossing()
_STARTS = _Starts()


def header_lines(headers: Iterable[Header]) -> bytes:
    """Header pairs as lines, each ended by CRLF; those that never cross are left out.

    Raises ValueError for a name that is no token (RFC 9110 section 5.6.2) and for a value with CR, LF or
    NUL, which would let whoever chose the value write headers, or a second message, of their own.
    """
    starts = _STARTS
    lines = [start + value for name, value in headers if (start := starts[name])]
    if not lines:
        return b""
    lines.append(b"")
    block = b"\r\n".join(lines)
    breaks = len(lines) - 1
    if block.count(b"\r") != breaks or block.count(b"\n") != breaks or block.find(b"\0") >= 0:
        raise ValueError("a header value holds CR, LF or NUL")
    return block


def answer_head(status: int, headers: Iterable[Header], framing: bytes) -> bytes:
    """The head of an answer: status line, `headers`, Date where missing (RFC 9110 section 6.6.1), `framing`.

    Raises ValueError for a status that is not a final one, 200 to 599, and as `header_lines` does.
    """
    line = _STATUS_LINES.get(status)
    if line is None:
        if not 200 <= status <= 599:
            raise ValueError("a final status lies between 200 and 599")
        line = b"HTTP/1.1 %d \r\n" % status
    block = header_lines(headers)
    if block.find(b"\r\ndate: ") < 0 and not block.startswith(b"date: "):
        block += _date_line()
    return b"%b%b%b\r\n" % (line, block, framing)


def _date_line() -> bytes:
    now = int(time.time())
    line = _dates.get(now)
    if line is None:
        line = b"date: %b\r\n" % formatdate(now, usegmt=True).encode("ascii")
        _dates.clear()
        _dates[now] = line
    return line


def plain_refusal(error: CallError, _path: bytes) -> tuple[list[Header], bytes]:
    """The body of an answer that is given before any handler runs. It says nothing of what was sent."""
    body = json.dumps({"error": {"message": str(error), "code": error.code}}).encode()
    return [(b"content-type", b"application/json")], body
