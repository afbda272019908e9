"""Server-sent events, cut from a stream of bytes without changing one.

Law: for any cutting of the same bytes into chunks, `feed` gives the same events, and the events joined with `rest`
are the bytes fed. Source: WHATWG HTML, "server-sent events", as the two SDKs read it: lines end in LF or CRLF. A
lone CR is a line end to browsers and to no server that we know: refused, so that client and gateway see the same lines.
"""

from __future__ import annotations

from brightline.errors import UpstreamError

_BOM = b"\xef\xbb\xbf"


class Events:
    """Cuts chunks into events, each with the blank line that ends it; holds at most `limit` bytes.

    `too_large` is set at the first event past the limit; it and what follows are not given out.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = bytearray()
        self.too_large = False

    @property
    def rest(self) -> bytes:
        """What was fed and has not become an event yet."""
        return bytes(self._rest)

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events that `chunk` completes, in order."""
        data, scan = chunk, 0
        if self._rest:
            scan = max(0, len(self._rest) - 2)  # a blank line may have begun in what was kept: "\n\r"
            self._rest += chunk
            if _end(self._rest, scan) == 0:  # still no event: bytes that come one by one are not copied each time
                self.too_large = len(self._rest) > self._limit
                return []
            data = bytes(self._rest)
            self._rest.clear()
        events: list[bytes] = []
        start = 0
        while end := _end(data, scan):
            if end - start > self._limit:
                self.too_large = True
                return events
            events.append(data[start:end])
            start = scan = end
        if start < len(data):
            self._rest += data[start:]
            self.too_large = len(self._rest) > self._limit
        return events


def parse(event: bytes) -> tuple[bytes, bytes | None]:
    """An event's name (`b""` where it has none) and data, None where it carries none (a comment, a blank line)."""
    if event.startswith(b"data: ") and event.find(b"\n") == len(event) - 2 and b"\r" not in event:  # the usual case
        return b"", event[6:-2]
    if event.startswith(_BOM):  # some clients drop it and read the line behind it, to others that line says nothing
        raise UpstreamError("a byte-order mark in the model server's stream", sent=True)
    name = b""
    data: list[bytes] = []
    for line in event.split(b"\n"):
        line = line.removesuffix(b"\r")  # noqa: PLW2901
        if b"\r" in line:
            raise UpstreamError("a lone carriage return in the model server's stream", sent=True)
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    return name, b"\n".join(data) if data else None


def _end(data: bytes | bytearray, scan: int) -> int:
    """Where the first event ends whose blank line begins at or after `scan`; 0 where none does."""
    at = data.find(b"\n", scan)
    while at >= 0:
        after = data[at + 1 : at + 3]
        if after[:1] == b"\n":
            return at + 2
        if after == b"\r\n":
            return at + 3
        at = data.find(b"\n", at + 1)
    return 0
