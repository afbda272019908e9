"""What is taken for a request and what is refused, however the bytes are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import CallError
from brightline.gateway.wire import Limits, Request
from brightline.gateway.wire.reading import SLICE, Held, Reading, Stage

LIMITS = Limits(target_bytes=64, head_bytes=2_048, header_count=8, body_bytes=64, framing_bytes=64, held_bytes=1_024)
LINE = b"GET / HTTP/1.1\r\n"
HOST = b"Host: h\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


def read(*pieces: bytes, limits: Limits = LIMITS) -> tuple[list[Request], CallError | None, Reading]:
    """The requests in the bytes, and the refusal that ends them."""
    found: list[Request] = []
    reading = Reading(limits, Held(), "192.0.2.1", lambda request, _old, _keep: found.append(request))
    try:
        for piece in pieces:
            reading.feed(piece)
    except CallError as error:
        return found, error, reading
    return found, None, reading


def test_a_request_is_read_whole() -> None:
    (request,), error, _ = read(
        b"POST /v1/%2e%2e/chat?a=b%20c HTTP/1.1\r\nHOST: api.example:8080\r\nX-Two:  b  \t\r\nX-One: a\r\nX-One: \r\n"
        b"Content-Length: 5\r\n\r\nhello"
    )
    assert error is None
    assert (request.method, request.path, request.query) == (b"POST", b"/v1/%2e%2e/chat", b"a=b%20c")
    ends = [(b"x-two", b"b"), (b"x-one", b"a"), (b"x-one", b"")]
    assert [pair for pair in request.headers if pair[0] != b"host"] == ends
    assert request.header(b"host") == b"api.example:8080"
    assert request.header(b"x-three") is None
    assert (request.body, request.peer) == (b"hello", "192.0.2.1")
    with pytest.raises(CallError, match="twice"):
        request.header(b"x-one")


GOOD = {
    "no body": (LINE + HOST + b"\r\n", [b""]),
    "sized body": (b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 003 \r\n\r\nabc", [b"abc"]),
    "chunks": (CHUNKED + b"3\r\nabc\r\n02;x=y\r\nde\r\n0\r\nX-Trailer: t\r\nHost: evil\r\n\r\n", [b"abcde"]),
    "empty chunked body": (CHUNKED + b"0\r\n\r\n", [b""]),
    "blank lines before": (b"\r\n\r\n" + LINE + HOST + b"\r\n", [b""]),
    "two on one connection": (CHUNKED + b"1\r\na\r\n0\r\nT: t\r\n\r\n" + LINE + HOST + b"\r\n", [b"a", b""]),
    "HTTP/1.0 without Host": (b"GET / HTTP/1.0\r\n\r\n", [b""]),
    "garbage after a last request": (LINE + HOST + b"Connection: close\r\n\r\n\0\xffGARBAGE\r\n\r\n", [b""]),
    "a request after a last request": (LINE + HOST + b"Connection: close\r\n\r\n" + LINE + HOST + b"\r\n", [b""]),
    "Upgrade that Connection does not name": (LINE + HOST + b"Upgrade: h2c\r\n\r\n", [b""]),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", [b""]),
    "IPv6 host": (LINE + b"Host: [::1]:80\r\n\r\n", [b""]),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD)
def test_good_requests(case: str) -> None:
    data, bodies = GOOD[case]
    requests, error, _ = read(data)
    assert error is None
    assert [request.body for request in requests] == bodies


@pytest.mark.parametrize("case", GOOD)
@given(cuts=st.sets(st.integers(1, 300), max_size=8))
def test_where_the_bytes_are_cut_changes_nothing(case: str, cuts: set[int]) -> None:
    data, _ = GOOD[case]
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    whole, _, _ = read(data)
    parts, error, _ = read(*(data[a:b] for a, b in pairwise(edges)))
    assert error is None
    assert parts == whole


def test_a_trailer_never_becomes_a_header() -> None:
    trailers = b"0\r\nAuthorization: Bearer x\r\nX: y\r\n\r\n"
    requests, error, _ = read(CHUNKED + trailers + LINE + HOST + b"\r\n")
    assert error is None
    assert [request.headers for request in requests] == [[(b"host", b"h")], [(b"host", b"h")]]


def test_hop_by_hop_fields_and_those_that_connection_names_are_gone() -> None:
    (request,), error, _ = read(
        LINE + HOST + b"Connection: X-Secret, close, Host\r\nX-Secret: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
        b"Proxy-Connection: x\r\nX-Kept: 2\r\n\r\n"
    )
    assert error is None
    assert sorted(request.headers) == [(b"host", b"h"), (b"x-kept", b"2")]


BAD = {
    "bare LF after the request line": (b"GET / HTTP/1.1\nHost: h\r\n\r\n", 400),
    "bare LF after a header": (LINE + b"Host: h\nX: y\r\n\r\n", 400),
    "bare LF at the end of the headers": (LINE + HOST + b"\n", 400),
    "bare CR in a value": (LINE + HOST + b"X: a\rb\r\n\r\n", 400),
    "NUL in a value": (LINE + HOST + b"X: a\0b\r\n\r\n", 400),
    "control character in a value": (LINE + HOST + b"X: a\x01\r\n\r\n", 400),
    "folded line": (LINE + HOST + b"X: a\r\n b\r\n\r\n", 400),
    "folded first line": (LINE + b" X: a\r\n" + HOST + b"\r\n", 400),
    "blank before the colon": (LINE + b"Host : h\r\n\r\n", 400),
    "no colon": (LINE + HOST + b"nonsense\r\n\r\n", 400),
    "no name": (LINE + HOST + b": x\r\n\r\n", 400),
    "no Host": (LINE + b"\r\n", 400),
    "two Hosts": (LINE + HOST + HOST + b"\r\n", 400),
    "two Hosts, HTTP/1.0": (b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n", 400),
    "empty Host": (LINE + b"Host:\r\n\r\n", 400),
    "Host with a path": (LINE + b"Host: h/x\r\n\r\n", 400),
    "Host with a user": (LINE + b"Host: u@h\r\n\r\n", 400),
    "two different lengths": (LINE + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "two equal lengths": (LINE + HOST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
    "a list of lengths": (LINE + HOST + b"Content-Length: 1, 1\r\n\r\na", 400),
    "signed length": (LINE + HOST + b"Content-Length: +1\r\n\r\na", 400),
    "negative length": (LINE + HOST + b"Content-Length: -1\r\n\r\na", 400),
    "hexadecimal length": (LINE + HOST + b"Content-Length: 0x1\r\n\r\na", 400),
    "empty length": (LINE + HOST + b"Content-Length:\r\n\r\n", 400),
    "length past 64 bits": (LINE + HOST + b"Content-Length: 18446744073709551617\r\n\r\na", 400),
    "length and chunks": (LINE + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunks and length": (LINE + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", 400),
    "length in a trailer": (CHUNKED + b"0\r\nContent-Length: 1\r\n\r\n", 400),
    "gzip": (LINE + HOST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    "gzip, chunked": (LINE + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "identity": (LINE + HOST + b"Transfer-Encoding: identity\r\n\r\n", 501),
    "xchunked": (LINE + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "chunked with a parameter": (LINE + HOST + b"Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n", 501),
    "chunked not last": (LINE + HOST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    "chunked twice": (LINE + HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "empty coding": (LINE + HOST + b"Transfer-Encoding:\r\n\r\n", 400),
    "chunks in HTTP/1.0": (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunk size not hexadecimal": (CHUNKED + b"g\r\n", 400),
    "chunk size with 0x": (CHUNKED + b"0x1\r\na\r\n0\r\n\r\n", 400),
    "negative chunk size": (CHUNKED + b"-1\r\n", 400),
    "chunk size past 64 bits": (CHUNKED + b"1FFFFFFFFFFFFFFFF\r\na", 400),
    "blank after a chunk size": (CHUNKED + b"1 \r\na\r\n0\r\n\r\n", 400),
    "bare LF after a chunk size": (CHUNKED + b"1\na\r\n0\r\n\r\n", 400),
    "LF in a chunk extension": (CHUNKED + b"1;a=\"\n\"\r\na\r\n0\r\n\r\n", 400),
    "no line end after a chunk": (CHUNKED + b"1\r\na0\r\n\r\n", 400),
    "chunk longer than its size": (CHUNKED + b"1\r\nab\r\n0\r\n\r\n", 400),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\nHost: h\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "lower-case version": (b"GET / http/1.1\r\nHost: h\r\n\r\n", 400),
    "RTSP": (b"DESCRIBE / RTSP/1.0\r\n\r\n", 501),
    "unknown method": (b"BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", 501),
    "CONNECT": (b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 501),
    "absolute form": (b"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "authority form": (b"GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "asterisk with GET": (b"GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "fragment": (b"GET /#x HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "byte above 127 in the target": (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "backslash in the target": (b"GET /a\\..\\b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "websocket": (LINE + HOST + b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n", 501),
    "h2c": (LINE + HOST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n", 501),
    "unknown expectation": (LINE + HOST + b"Expect: magic\r\n\r\n", 417),
    "target too long": (b"GET /" + b"a" * 64 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
    "too many headers": (LINE + HOST + b"X: y\r\n" * 8 + b"\r\n", 431),
    "a header too long": (LINE + HOST + b"X: " + b"y" * 2_048 + b"\r\n\r\n", 431),
    "a header too long, unfinished": (LINE + HOST + b"X: " + b"y" * 2_048, 431),
    "blank lines without end": (b"\r\n" * 1_025, 431),
    "sized body too long": (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65\r\n\r\n", 413),
    "chunked body too long": (CHUNKED + b"20\r\n" + b"x" * 32 + b"\r\n21\r\n" + b"x" * 33, 413),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_refused(case: str) -> None:
    data, status = BAD[case]
    requests, error, reading = read(data)
    assert error is not None
    assert (error.status, requests) == (status, [])
    assert reading.stage is Stage.LAST


@pytest.mark.parametrize("case", BAD)
@given(cut=st.integers(1, 60))
def test_what_is_refused_whole_is_refused_in_pieces(case: str, cut: int) -> None:
    data, status = BAD[case]
    requests, error, _ = read(*(data[at : at + cut] for at in range(0, len(data), cut)))
    assert error is not None
    assert (error.status, requests) == (status, [])


@pytest.mark.parametrize("case", BAD)
def test_a_refusal_says_nothing_of_the_request(case: str) -> None:
    data = BAD[case][0].replace(b"Host: h\r\n", b"Host: h\r\nX-S: canary\r\n", 1)
    _, error, _ = read(data, limits=Limits())
    assert "canary" not in str(error)


def test_what_came_before_a_refusal_stands() -> None:
    requests, error, _ = read(LINE + HOST + b"\r\n" + LINE + b"\r\n")
    assert [request.path for request in requests] == [b"/"]
    assert error is not None


@pytest.mark.parametrize(
    "noise", [b"1;" + b"e" * 200 + b"\r\nx\r\n", b"0" * 200 + b"1\r\nx\r\n", b"0\r\nT: " + b"t" * 200]
)
def test_chunk_extensions_sizes_and_trailers_are_bounded(noise: bytes) -> None:
    _, error, _ = read(CHUNKED, noise)
    assert error is not None
    assert (error.status, error.code) == (400, "bad_framing")


def test_a_body_in_chunks_of_one_byte_is_not_taken_for_an_attack() -> None:
    body = b"1\r\nx\r\n" * 5_000
    (request,), error, _ = read(CHUNKED, *(body[at : at + SLICE] for at in range(0, len(body), SLICE)), b"0\r\n\r\n",
                                limits=Limits())  # fmt: skip
    assert error is None
    assert request.body == b"x" * 5_000


def test_bodies_of_all_connections_together_are_bounded() -> None:
    held, found = Held(), list[Request]()
    limits = Limits(body_bytes=60, held_bytes=100)
    one, two = (Reading(limits, held, "", lambda request, _old, _keep: found.append(request)) for _ in range(2))
    head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 60\r\n\r\n"
    one.feed(head + b"x" * 60)
    assert (held.size, len(found)) == (60, 1)  # until it is answered
    with pytest.raises(CallError) as refusal:
        two.feed(head + b"x" * 41)
    assert refusal.value.status == 503
    two.release()
    assert held.size == 60


def test_an_unfinished_body_that_is_given_up_is_no_longer_held() -> None:
    held = Held()
    reading = Reading(LIMITS, held, "", lambda *_: None)
    reading.feed(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 60\r\n\r\n" + b"x" * 40)
    assert held.size == 40
    reading.release()
    assert held.size == 0
