"""What comes back from an upstream: whole, or an error; never a part that passes for the whole."""

from __future__ import annotations

import asyncio

import pytest

from brightline.errors import UpstreamError, UpstreamFault
from brightline.gateway.wire import UpstreamLimits
from tests.gateway.wire.rig import Peer, Rig

OK = b"HTTP/1.1 200 OK\r\n"
LIMITS = UpstreamLimits(head_bytes=2_048, header_count=8, body_bytes=1_000, framing_bytes=256)
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


class Call:
    """One call to an upstream that sends `pieces` and then stays, closes or resets."""

    def __init__(
        self, rig: Rig, *pieces: bytes, end: str = "stay", method: bytes = b"GET", limits: UpstreamLimits = LIMITS
    ) -> None:
        def talk(peer: Peer) -> None:
            while peer.request():
                for piece in pieces:
                    peer.send(piece)
                if end == "reset":
                    peer.reset()
                if end != "stay":
                    return

        self.rig, self.method = rig, method
        self.upstream = rig.upstream(rig.script(talk).address, limits)
        self.came = b""

    async def run(self) -> Answer:
        with await self.upstream.send(self.method, b"/v1/x?y=z", [(b"x-a", b"b")], b"") as response:
            async for chunk in response:
                self.came += chunk
            return response.status, response.headers, self.came

    def answer(self) -> Answer:
        answer = self.rig.do(self.run())
        self.rig.until(lambda: self.upstream.connections[0] == self.upstream.connections[1])  # all idle, or closed
        return answer

    def failure(self, match: str = ".") -> str:
        with pytest.raises(UpstreamError, match=match) as failure:
            self.rig.do(self.run())
        self.rig.until(lambda: self.upstream.connections == (0, 0))
        assert failure.value.sent
        assert failure.value.place == self.upstream.origin
        faults = {"ended before": UpstreamFault.BROKE_OFF, "in time": UpstreamFault.TIMED_OUT}
        expected = [fault for words, fault in faults.items() if words in failure.value.text]
        assert failure.value.fault is (*expected, UpstreamFault.BAD_ANSWER)[0]
        return failure.value.text


GOOD = {
    "sized": (OK + b"Content-Length: 5\r\nX-B: c \r\n\r\nhello", (200, [(b"x-b", b"c")], b"hello")),
    "chunks": (OK + b"Transfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\nX-T: t\r\n\r\n",
               (200, [], b"hello")),
    "no body": (b"HTTP/1.1 204 None\r\nX-B: c\r\n\r\n", (204, [(b"x-b", b"c")], b"")),
    "not modified": (b"HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n", (304, [], b"")),
    "no reason": (b"HTTP/1.1 503\r\nContent-Length: 1\r\n\r\nx", (503, [], b"x")),
    "interim answers": (b"HTTP/1.1 100 Continue\r\nX-I: 1\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n" + OK +
                        b"Content-Length: 1\r\n\r\nx", (200, [], b"x")),
    "hop-by-hop fields": (OK + b"Connection: x-hop, close\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nUpgrade: h2\r\nX-B: c\r\n"
                          b"Content-Length: 0\r\n\r\n", (200, [(b"x-b", b"c")], b"")),
    "bytes after the answer": (OK + b"Connection: close\r\nContent-Length: 1\r\n\r\nxjunk", (200, [], b"x")),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_good_answers(rig: Rig, case: str, step: int) -> None:
    data, expected = GOOD[case]
    assert Call(rig, *(data[at : at + step] for at in range(0, len(data), step))).answer() == expected


def test_a_head_has_no_body_whatever_its_length_says(rig: Rig) -> None:
    for sent in (b"", b"hello"):
        assert Call(rig, OK + b"Content-Length: 5\r\n\r\n" + sent, method=b"HEAD").answer() == (200, [], b"")


@pytest.mark.parametrize("old", [OK, b"HTTP/1.0 200 OK\r\n"])
def test_an_answer_without_length_ends_with_an_orderly_close(rig: Rig, old: bytes) -> None:
    assert Call(rig, old + b"\r\nhello", end="close").answer() == (200, [], b"hello")
    Call(rig, old + b"\r\nhello", end="reset").failure("before the answer was whole")


BAD = {
    "not HTTP": b"SSH-2.0-OpenSSH_9\r\n",
    "two lengths": OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "length and chunks": OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "folded line": OK + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "bare LF": OK + b"Content-Length: 0\n\n",
    "NUL in a value": OK + b"X: a\0b\r\nContent-Length: 0\r\n\r\n",
    "gzip": OK + b"Transfer-Encoding: gzip\r\n\r\nxyz",
    "gzip, chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked, gzip": OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk size": OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "status 99": b"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
    "status 999": b"HTTP/1.1 999 High\r\nContent-Length: 0\r\n\r\n",
    "HTTP/2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "switching protocols": b"HTTP/1.1 101 Switch\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "switching nothing": b"HTTP/1.1 101 Switch\r\n\r\n",
    "head too long": OK + b"X: " + b"y" * 3_000 + b"\r\nContent-Length: 0\r\n\r\n",
    "head without end": OK + b"X: " + b"y" * 3_000,
    "too many headers": OK + b"X: y\r\n" * 9 + b"Content-Length: 0\r\n\r\n",
    "interim answers without end": b"HTTP/1.1 100 Continue\r\n\r\n" * 200,
    "body too long": OK + b"Content-Length: 1001\r\n\r\n" + b"x" * 1_001,
    "chunked body too long": OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"ff\r\n" + b"x" * 255 + b"\r\n" +
                             (b"ff\r\n" + b"x" * 255 + b"\r\n") * 4,
    "chunk extension without end": OK + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"e" * 5_000,
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_answers(rig: Rig, case: str) -> None:
    said = Call(rig, BAD[case]).failure()
    assert "before the answer was whole" not in said  # it is the answer that is at fault


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("kind", ["sized", "chunked"])
def test_an_upstream_that_dies_at_any_byte_is_an_error(rig: Rig, kind: str, end: str) -> None:
    body = b"data: one\n\ndata: two\n\n"
    framed = (
        b"Transfer-Encoding: chunked\r\n\r\nb\r\n" + body[:11] + b"\r\nb\r\n" + body[11:] + b"\r\n0\r\n\r\n"
        if kind == "chunked"
        else b"Content-Length: 22\r\n\r\n" + body
    )
    answer = OK + b"Content-Type: text/event-stream\r\n" + framed
    assert Call(rig, answer, end="close").answer()[2] == body
    for cut in range(len(answer)):
        call = Call(rig, answer[:cut], end=end)
        call.failure("before the answer was whole")
        assert body.startswith(call.came)  # what came stands, and nothing else does


def test_what_came_before_the_end_is_given_first(rig: Rig) -> None:
    call = Call(rig, OK + b"Content-Length: 100\r\n\r\nabc", b"def", end="close")
    call.failure("before the answer was whole")
    assert call.came == b"abcdef"


QUICK = UpstreamLimits(first_byte_seconds=0.05, chunk_seconds=0.05)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200", OK + b"Content-Length: 5\r\n\r\nab", OK + b"\r\n"])
def test_an_upstream_that_falls_silent_is_given_up(rig: Rig, start: bytes) -> None:
    Call(rig, start, limits=QUICK).failure("no part of the answer came in time")


def test_an_answer_that_never_ends_is_given_up(rig: Rig) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            peer.send(b"1\r\nx\r\n")
            peer.pause(0.005)

    limits = UpstreamLimits(whole_seconds=0.1, chunk_seconds=10)
    upstream = rig.upstream(rig.script(talk).address, limits)

    async def call() -> bytes:
        with await upstream.send(b"GET", b"/", [], b"") as response:
            return await response.read()

    with pytest.raises(UpstreamError, match="took too long") as failure:
        rig.do(call())
    assert failure.value.fault is UpstreamFault.TIMED_OUT
    rig.until(lambda: upstream.connections == (0, 0))


def test_a_consumer_that_is_slow_is_not_the_upstreams_fault(rig: Rig) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(OK + b"Content-Length: 20000001\r\n\r\nx")
        peer.pause(0.01)  # the time between chunks is counted from here, until too much waits
        peer.send(b"x" * 20_000_000)
        peer.request()

    limits = UpstreamLimits(chunk_seconds=0.3)
    upstream = rig.upstream(rig.script(talk).address, limits)

    async def call() -> int:
        with await upstream.send(b"GET", b"/", [], b"") as response:
            await asyncio.sleep(0.8)  # reading has paused: nothing can come
            assert response.buffered <= limits.buffer_bytes + 262_144  # and one segment
            return len(await response.read())

    assert rig.do(call()) == 20_000_001
