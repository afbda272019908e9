"""Calls to an upstream: what is written, which connection carries it, what is tried again and what never is."""

from __future__ import annotations

import asyncio
import select

import pytest

from brightline.errors import BrightlineError, ConfigError, UpstreamError
from brightline.gateway.wire import Upstream, UpstreamLimits
from tests.gateway.wire.rig import Peer, Rig

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
POISON = b"HTTP/1.1 404 Gone\r\nX-Poison: p\r\nContent-Length: 6\r\n\r\npoison"
KEPT = UpstreamLimits(idle_seconds=1_000)  # no connection closes because it rests


def answering(peer: Peer) -> None:
    while peer.request():
        peer.send(ANSWER)


async def call(upstream: Upstream, path: bytes = b"/", body: bytes = b"") -> bytes:
    with await upstream.send(b"POST", path, [], body) as response:
        return await response.read()


def test_the_request_as_the_upstream_sees_it(rig: Rig) -> None:
    seen: list[bytes] = []

    def talk(peer: Peer) -> None:
        while request := peer.request():
            seen.append(request)
            peer.send(ANSWER)

    script = rig.script(talk)
    upstream = rig.upstream(f"http://127.0.0.1:{script.address[1]}/base/")

    async def calls() -> None:
        headers = [(b"Accept", b"a"), (b"Host", b"evil"), (b"Connection", b"x"), (b"Transfer-Encoding", b"chunked"),
                   (b"content-length", b"9"), (b"Expect", b"100-continue"), (b"x-b", b"")]  # fmt: skip
        (await upstream.send(b"POST", b"/v1/%2e?x=y", headers, b"body")).close()
        (await upstream.send(b"POST", b"/", [], b"")).close()
        (await upstream.send(b"GET", b"/", [], b"")).close()

    rig.do(calls())
    host = b"host: 127.0.0.1:%d\r\n" % script.address[1]
    assert seen == [
        b"POST /base/v1/%2e?x=y HTTP/1.1\r\n" + host + b"accept: a\r\nx-b: \r\ncontent-length: 4\r\n\r\nbody",
        b"POST /base/ HTTP/1.1\r\n" + host + b"content-length: 0\r\n\r\n",
        b"GET /base/ HTTP/1.1\r\n" + host + b"\r\n",
    ]


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        (b"GET", b"/ HTTP/1.1\r\nX: y", []),
        (b"GET", b"/a b", []),
        (b"GET", b"a", []),
        (b"GET", b"http://evil/", []),
        (b"GET\r\n", b"/", []),
        (b"CONNECT", b"/", []),
        (b"GET", b"/", [(b"x", b"a\r\nb: c")]),
        (b"GET", b"/", [(b"x y", b"a")]),
    ],
)
def test_what_would_break_out_of_the_request_is_refused(
    rig: Rig, method: bytes, path: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    upstream = rig.upstream("http://127.0.0.1:1")
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        rig.do(upstream.send(method, path, headers, b""))
    assert upstream.connections == (0, 0)


def test_a_connection_closed_while_it_rested_is_not_used(rig: Rig) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(ANSWER)

    script = rig.script(talk)
    upstream = rig.upstream(script.address)
    for turn in range(3):
        assert rig.do(call(upstream)) == b"ok"
        rig.until(lambda: upstream.connections == (0, 0))
        assert len(script.peers) == turn + 1


def test_a_close_that_the_loop_has_not_yet_read_is_found_before_anything_is_sent(rig: Rig) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(ANSWER)
        peer.request() if peer.number else peer.pause(0.05)

    script = rig.script(talk)
    upstream = rig.upstream(script.address)

    async def calls() -> bytes:
        await call(upstream)
        (connection,) = upstream._idle
        connection.idle_since -= 1.0  # so long ago that the other end may have closed
        end = connection.transport.get_extra_info("socket")
        poll = select.poll()
        poll.register(end.fileno(), select.POLLIN)
        poll.poll(20_000)  # the loop stands still; the close has arrived
        return await call(upstream, b"/again")

    assert rig.do(calls()) == b"ok"
    assert len(script.peers) == 2


def test_a_request_that_may_have_been_sent_is_never_sent_again(rig: Rig) -> None:
    seen: list[bytes] = []

    def talk(peer: Peer) -> None:
        while request := peer.request():
            seen.append(request)
            if b"/lost" in request:
                return
            peer.send(ANSWER)

    upstream = rig.upstream(rig.script(talk).address)
    rig.do(call(upstream))
    with pytest.raises(UpstreamError) as failure:
        rig.do(call(upstream, b"/lost"))
    assert failure.value.sent
    assert sum(b"/lost" in request for request in seen) == 1


def test_a_connection_that_rested_too_long_is_closed(rig: Rig) -> None:
    script = rig.script(answering)
    upstream = rig.upstream(script.address, UpstreamLimits(idle_seconds=0.05))
    rig.do(call(upstream))
    rig.until(lambda: upstream.connections == (0, 0))
    assert rig.do(call(upstream)) == b"ok"
    assert len(script.peers) == 2


def test_a_connection_that_rested_too_long_is_not_used_even_where_no_sweep_has_closed_it(rig: Rig) -> None:
    script = rig.script(answering)
    upstream = rig.upstream(script.address)

    async def calls() -> None:
        await call(upstream)
        upstream._idle[0].idle_since -= upstream.limits.idle_seconds + 1
        await call(upstream)

    rig.do(calls())
    assert len(script.peers) == 2


def test_bytes_that_nobody_asked_for_end_the_connection(rig: Rig) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.send(ANSWER)
            peer.pause(0.02)
            peer.send(POISON)

    upstream = rig.upstream(rig.script(talk).address, KEPT)
    assert rig.do(call(upstream)) == b"ok"
    rig.until(lambda: upstream.connections == (0, 0))
    assert rig.do(call(upstream)) == b"ok"


@pytest.mark.parametrize("tail", [POISON, POISON[:30], b"x"])
def test_a_second_answer_in_the_same_bytes_never_reaches_the_next_call(rig: Rig, tail: bytes) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.send(ANSWER + tail)

    script = rig.script(talk)
    upstream = rig.upstream(script.address, KEPT)

    async def whole() -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        with await upstream.send(b"GET", b"/", [], b"") as response:
            return response.status, response.headers, await response.read()

    for turn in range(3):
        assert rig.do(whole()) == (200, [], b"ok")
        rig.until(lambda: upstream.connections == (0, 0))
        assert len(script.peers) == turn + 1


@pytest.mark.parametrize(
    "answer", [ANSWER.replace(b"\r\n", b"\r\nConnection: close\r\n", 1), ANSWER.replace(b"1.1", b"1.0")]
)
def test_a_connection_that_the_other_end_does_not_keep_is_not_kept(rig: Rig, answer: bytes) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.send(answer)

    upstream = rig.upstream(rig.script(talk).address, KEPT)
    assert rig.do(call(upstream)) == b"ok"
    rig.until(lambda: upstream.connections == (0, 0))


def test_an_answer_before_the_whole_request_was_taken_ends_the_connection(rig: Rig) -> None:
    def talk(peer: Peer) -> None:
        peer.until(b"\r\n\r\n")
        peer.send(ANSWER)
        peer.rest()

    upstream = rig.upstream(rig.script(talk).address, KEPT)
    assert rig.do(call(upstream, body=b"x" * 50_000_000)) == b"ok"
    rig.until(lambda: upstream.connections == (0, 0))


@pytest.mark.parametrize("way", ["close", "forget", "cancel"])
def test_an_answer_that_is_not_read_whole_closes_its_connection(rig: Rig, way: str) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        assert peer.rest() == b""  # returns when the gateway has closed

    upstream = rig.upstream(rig.script(talk).address)

    async def part() -> None:
        response = await upstream.send(b"GET", b"/", [], b"")
        assert await anext(response) == b"x"
        if way == "close":
            with response:
                pass
            with pytest.raises(UpstreamError, match="given up"):
                await anext(response)
        elif way == "cancel":
            with response:
                await anext(response)

    async def run() -> None:
        task = asyncio.ensure_future(part())
        await asyncio.wait([task], timeout=0.05)
        task.cancel()
        await asyncio.wait([task])

    rig.do(run())
    rig.until(lambda: upstream.connections == (0, 0))


def test_a_call_cancelled_before_its_answer_closes_its_connection(rig: Rig) -> None:
    asked = rig.call(asyncio.Event)

    def talk(peer: Peer) -> None:
        peer.request()
        rig.loop.call_soon_threadsafe(asked.set)
        assert peer.request() == b""

    upstream = rig.upstream(rig.script(talk).address)

    async def run() -> None:
        task = asyncio.ensure_future(call(upstream))
        await asked.wait()
        task.cancel()
        await asyncio.wait([task])

    rig.do(run())
    rig.until(lambda: upstream.connections == (0, 0))


@pytest.mark.parametrize("url", ["", "ftp://h", "http://", "http://h:x", "http://u:p@h", "http://h?q", "http://h/a b"])
def test_urls_that_cannot_be_used(url: str) -> None:
    with pytest.raises(ConfigError) as failure:
        Upstream(url)
    assert "h:" not in failure.value.text


@pytest.mark.parametrize("field", ["connections", "idle_seconds"])
def test_a_bound_of_zero_is_refused(field: str) -> None:
    with pytest.raises(BrightlineError, match=field):
        UpstreamLimits(**{field: 0})
