"""Both sides together: what is held while one end is slow, and what ends when one end goes."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from brightline.errors import UpstreamError
from brightline.gateway.wire import Handler, Limits, Reply, Request, Response, Upstream, UpstreamLimits
from tests.gateway.wire.rig import Client, Peer, Rig, get, post


def forwarding(upstream: Upstream, responses: list[Response] | None = None) -> Handler:
    async def forward(request: Request, reply: Reply) -> None:
        path = request.path + (b"?" + request.query if request.query else b"")
        try:
            with await upstream.send(request.method, path, request.headers, request.body) as response:
                if responses is not None:
                    responses.append(response)
                reply.start(response.status, response.headers)
                async for chunk in response:
                    await reply.write(chunk)
                reply.end()
        except UpstreamError:
            if reply.started:
                raise
            reply.send(502, [], b"upstream")

    return forward


def endless(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    event = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    while True:
        peer.send(event)


def test_what_crosses_and_what_does_not(rig: Rig) -> None:
    seen: list[bytes] = []

    def talk(peer: Peer) -> None:
        while request := peer.request():
            seen.append(request)
            peer.send(b"HTTP/1.1 201 Made\r\nKeep-Alive: 1\r\nX-Up: u\r\nContent-Length: 2\r\nDate: then\r\n\r\nok")

    server = rig.serve(forwarding(rig.upstream(rig.script(talk).address)))
    with Client(server.address) as client:
        client.send(post(b"/a/%2E%2e//b?c=%00", b"body", b"TE: trailers", b"Connection: x-hop", b"X-Hop: 1", b"X-A: a"))
        answer = client.until(b"0\r\n\r\n")
    (request,) = seen
    assert request.startswith(b"POST /a/%2E%2e//b?c=%00 HTTP/1.1\r\nhost: 127.0.0.1:")
    assert request.endswith(b"\r\nx-a: a\r\ncontent-length: 4\r\n\r\nbody")
    assert b"hop" not in request.lower()
    assert answer == (
        b"HTTP/1.1 201 Created\r\nx-up: u\r\ndate: then\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    )


def test_a_slow_client_stops_the_reading_of_an_endless_answer(rig: Rig) -> None:
    responses: list[Response] = []
    limits = UpstreamLimits(body_bytes=1_000_000_000, buffer_bytes=50_000)
    upstream = rig.upstream(rig.script(endless).address, limits)
    server = rig.serve(forwarding(upstream, responses), Limits(write_bytes=50_000))
    with Client(server.address) as client:
        client.send(get(b"/"))
        rig.until(lambda: server.buffered > 50_000 and responses[0].buffered > 50_000)
        for _ in range(10):  # nothing grows, however long the client sleeps
            rig.do(asyncio.sleep(0.01))
            pulled = 50_000 + 262_144 + 16  # the most that one pull gives: the buffer, one segment over it
            assert rig.call(lambda: responses[0].buffered) <= 50_000 + 262_144
            assert rig.call(lambda: server.buffered) <= 50_000 + pulled
        assert len(client.exactly(60_000_000)) == 60_000_000  # and it goes on when the client does
    rig.until(lambda: upstream.connections == (0, 0))
    rig.until(lambda: server.clients == 0)


@pytest.mark.parametrize("when", ["before the head", "in the middle"])
def test_a_client_that_goes_ends_the_call_upstream(rig: Rig, when: str) -> None:
    closed = rig.call(asyncio.Event)
    asked = rig.call(asyncio.Event)

    def talk(peer: Peer) -> None:
        peer.request()
        rig.loop.call_soon_threadsafe(asked.set)
        if when == "in the middle":
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert peer.rest() == b""  # the gateway closes; nothing else is sent
        rig.loop.call_soon_threadsafe(closed.set)

    upstream = rig.upstream(rig.script(talk).address)
    server = rig.serve(forwarding(upstream))
    with Client(server.address) as client:
        client.send(get(b"/"))
        rig.do(asked.wait())
        if when == "in the middle":
            client.until(b"1\r\nx\r\n")
    rig.do(closed.wait())
    rig.until(lambda: upstream.connections == (0, 0) and server.clients == 0)


@pytest.mark.parametrize("cut", [0, 20, 60, 80, 90])
def test_an_upstream_that_dies_never_gives_the_client_a_whole_answer(rig: Rig, cut: int) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = head + b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"

    def talk(peer: Peer) -> None:
        peer.request()
        peer.send(answer[:cut])

    server = rig.serve(forwarding(rig.upstream(rig.script(talk).address)))
    with Client(server.address) as client:
        client.send(get(b"/"))
        if cut < len(head):
            assert client.answer()[0] == 502
        else:
            with pytest.raises(ConnectionResetError):
                assert not client.rest().endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("path", [b"/a", b"/" + b"a" * 3_000])
def test_many_clients_share_few_connections(rig: Rig, path: bytes) -> None:
    def talk(peer: Peer) -> None:
        while request := peer.request():
            target = request.split()[1]
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(target), target))

    script = rig.script(talk)
    upstream = rig.upstream(script.address, UpstreamLimits(connections=4))
    server = rig.serve(forwarding(upstream))
    clients = [Client(server.address) for _ in range(24)]
    for turn in range(4):
        for number, client in enumerate(clients):
            client.send(get(path + b"/%d/%d" % (turn, number)))
        for number, client in enumerate(clients):
            target = path + b"/%d/%d" % (turn, number)  # each gets its own answer and nobody else's
            assert client.until(b"\r\n0\r\n\r\n").endswith(b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(target), target))
    for client in clients:
        client.socket.close()
    assert len(script.peers) <= 4
