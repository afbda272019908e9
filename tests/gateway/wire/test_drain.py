"""Going out of service: what has begun is finished within the deadline, and nothing new is begun."""

from __future__ import annotations

import asyncio

import pytest

from brightline.gateway.wire import Limits, Reply, Request, Server
from tests.gateway.wire.rig import Client, Rig, echo, get, post

LIMITS = Limits(linger_seconds=0.05)


def gated(rig: Rig) -> tuple[asyncio.Event, list[bytes], Server]:
    """A server whose handlers wait for the gate; the list tells which requests were begun."""
    gate = rig.call(asyncio.Event)
    begun: list[bytes] = []

    async def handle(request: Request, reply: Reply) -> None:
        begun.append(request.path)
        await gate.wait()
        await echo(request, reply)

    return gate, begun, rig.serve(handle, LIMITS)


def draining(rig: Rig, server: Server, seconds: float = 10) -> asyncio.Future[int]:
    def start() -> asyncio.Future[int]:
        return asyncio.ensure_future(server.drain(seconds))

    drain = rig.call(start)
    rig.do(asyncio.sleep(0.02))
    return drain


async def result(drain: asyncio.Future[int]) -> int:
    return await drain


def test_nothing_new_is_accepted(rig: Rig) -> None:
    gate, begun, server = gated(rig)
    with Client(server.address) as client:
        client.send(get(b"/"))
        rig.until(lambda: begun == [b"/"])
        drain = draining(rig, server)
        with pytest.raises(OSError):  # noqa: PT011 - refused, or reset where the system had accepted it
            Client(server.address).send(get(b"/")).until(b"200 OK")
        rig.call(gate.set)
        assert client.answer()[0] == 200
    assert rig.do(result(drain)) == 0


def test_what_runs_and_what_waits_is_finished_and_then_the_connection_closes(rig: Rig) -> None:
    gate, begun, server = gated(rig)
    with Client(server.address) as client, Client(server.address) as idle, Client(server.address) as used:
        client.send(get(b"/1") + get(b"/2"))
        rig.until(lambda: begun == [b"/1"] and server.clients == 3)
        drain = draining(rig, server)
        assert idle.rest() == used.rest() == b""  # idle connections close at once
        client.send(get(b"/3"))  # too late
        rig.call(gate.set)
        first, second = client.answer(), client.answer()
        assert (first[2], second[2]) == (b"/1 ", b"/2 ")
        assert second[1][b"connection"] == b"close"
        assert client.rest() == b""
    assert rig.do(result(drain)) == 0
    assert begun == [b"/1", b"/2"]


def test_a_request_that_is_arriving_is_finished(rig: Rig) -> None:
    server = rig.serve(echo, LIMITS)
    data = post(b"/late", b"x" * 100)
    with Client(server.address) as client:
        client.send(data[:-50])
        rig.until(lambda: server.held > 0)
        drain = draining(rig, server)
        status, headers, body = client.send(data[-50:] + get(b"/never")).answer()
        assert (status, body, headers[b"connection"]) == (200, b"/late " + b"x" * 100, b"close")
        assert client.rest() == b""
    assert rig.do(result(drain)) == 0


def test_what_is_not_finished_in_time_is_cut_and_counted(rig: Rig) -> None:
    seen: list[str] = []

    async def handle(request: Request, reply: Reply) -> None:
        if request.path == b"/stream":
            reply.start(200, [])
            await reply.write(b"part")
        try:
            await asyncio.sleep(1_000)
        except asyncio.CancelledError:
            await asyncio.sleep(0.02)  # it may finish what it must; `drain` waits
            seen.append(request.path.decode())
            raise

    server = rig.serve(handle, LIMITS)
    with Client(server.address) as one, Client(server.address) as two:
        one.send(get(b"/stream")).until(b"part")
        two.send(get(b"/silent"))
        rig.until(lambda: server.clients == 2)
        assert rig.do(server.drain(0.05)) == 2
        assert sorted(seen) == ["/silent", "/stream"]
        for client in (one, two):
            with pytest.raises(ConnectionResetError):
                client.rest()
    assert server.clients == 0
    assert server.held == 0


def test_work_after_an_answer_is_waited_for(rig: Rig) -> None:
    gate = rig.call(asyncio.Event)
    finished: list[bool] = []

    async def handle(request: Request, reply: Reply) -> None:
        reply.send(200, [], b"done")
        await gate.wait()
        finished.append(True)

    server = rig.serve(handle, LIMITS)
    with Client(server.address) as client:
        assert client.send(get(b"/")).answer()[2] == b"done"
    drain = draining(rig, server)
    assert not drain.done()
    rig.call(gate.set)
    assert rig.do(result(drain)) == 0
    assert finished == [True]


def test_draining_twice_is_the_same_as_once(rig: Rig) -> None:
    server = rig.serve(echo, LIMITS)
    assert rig.do(server.drain(1)) == rig.do(server.drain(1)) == 0
