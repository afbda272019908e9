"""A client's connection over real sockets: order, keep-alive, limits, and refusals that arrive."""

from __future__ import annotations

import asyncio
import http.client
import json

import pytest

from brightline.errors import CallError
from brightline.gateway.wire import Limits, Reply, Request
from brightline.gateway.wire.reading import SLICE
from tests.gateway.wire.rig import Client, Rig, echo, get, post


def refusal_of(answer: tuple[int, dict[bytes, bytes], bytes]) -> tuple[int, str]:
    """Status and code of a refusal; its shape and its end of the connection are the same for all."""
    status, headers, body = answer
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"connection"] == b"close"
    assert set(json.loads(body)["error"]) == {"message", "code"}
    return status, json.loads(body)["error"]["code"]


def test_the_standard_library_client_is_served_on_one_connection(rig: Rig) -> None:
    server = rig.serve(echo)
    client = http.client.HTTPConnection(*server.address)
    for turn in range(3):
        client.request("POST", f"/a{turn}", body=b"b" * 100_000)
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (200, b"/a%d " % turn + b"b" * 100_000)
        assert answer.getheader("date")
    client.request("POST", "/chunks", body=iter([b"one", b"two"]), encode_chunked=True)
    assert client.getresponse().read() == b"/chunks onetwo"
    assert rig.call(lambda: server.clients) == 1
    client.close()
    rig.until(lambda: server.clients == 0)
    assert server.held == 0


def test_pipelined_requests_are_answered_in_order_and_one_at_a_time(rig: Rig) -> None:
    running = most = 0

    async def handle(request: Request, reply: Reply) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0 if request.path == b"/1" else 0.005)
        running -= 1
        await echo(request, reply)

    server = rig.serve(handle, Limits(pipelined=2))
    with Client(server.address) as client:
        client.send(b"".join(post(b"/%d" % n, b"x" * n * 100) for n in range(40)))
        for n in range(40):
            assert client.answer()[2] == b"/%d " % n + b"x" * n * 100
    assert most == 1


def test_reading_pauses_while_the_queue_is_full(rig: Rig) -> None:
    gate = rig.call(asyncio.Event)
    handled = 0

    async def handle(request: Request, reply: Reply) -> None:
        nonlocal handled
        handled += 1
        await gate.wait()
        await echo(request, reply)

    body = b"x" * 1_000
    server = rig.serve(handle, Limits(pipelined=2))
    with Client(server.address) as client:
        sent = client.fill(post(b"/", body) * 1_000, 50_000_000)
        assert sent < 50_000_000  # what the sockets' buffers hold, and no more
        rig.until(lambda: handled == 1)
        # one being answered, two waiting, and those that stood in the same slice of input
        assert rig.call(lambda: server.held) <= (1 + 2 + 4) * len(body)
        rig.call(gate.set)
        for _ in range(sent // len(post(b"/", body))):
            assert client.answer()[2] == b"/ " + body


def test_the_queue_is_bounded_however_small_the_requests_and_whatever_stands_before_them(rig: Rig) -> None:
    gate = rig.call(asyncio.Event)

    async def handle(request: Request, reply: Reply) -> None:
        await gate.wait()
        await echo(request, reply)

    server = rig.serve(handle, Limits(pipelined=2))
    tiny = b"GET / HTTP/1.1\r\nHost:h\r\n\r\n"
    with Client(server.address) as client:
        client.send(post(b"/big", b"x" * 60_000)[:-10])
        rig.until(lambda: server.held == 59_990)
        client.send(b"x" * 10 + tiny * 1_500)
        rig.until(lambda: any(one._held_back for one in server._clients))
        (connection,) = server._clients
        assert len(connection._queue) <= 2 + SLICE // len(tiny) + 1
        rig.call(gate.set)
        assert client.answer()[2] == b"/big " + b"x" * 60_000
        assert {client.answer()[2] for _ in range(1_500)} == {b"/ "}


def test_bytes_that_a_transport_hands_over_although_it_is_paused_keep_their_place(rig: Rig) -> None:
    gate = rig.call(asyncio.Event)

    async def handle(request: Request, reply: Reply) -> None:
        await gate.wait()
        await echo(request, reply)

    server = rig.serve(handle, Limits(pipelined=2))
    with Client(server.address) as client:
        first = b"".join(get(b"/%03d" % n) for n in range(200))
        client.send(first)
        rig.until(lambda: any(len(one._rest) == len(first) - SLICE for one in server._clients))
        (connection,) = server._clients
        rig.call(lambda: connection.data_received(get(b"/late")))
        rig.call(gate.set)
        assert [client.answer()[2] for _ in range(201)] == [*(b"/%03d " % n for n in range(200)), b"/late "]


def test_what_a_client_that_goes_had_sent_is_no_longer_held(rig: Rig) -> None:
    begun: list[bytes] = []

    async def handle(request: Request, _: Reply) -> None:
        begun.append(request.body)
        await asyncio.sleep(1_000)

    server = rig.serve(handle, Limits(pipelined=5))
    with Client(server.address) as client:
        client.send(post(b"/", b"x" * 1_000) * 3 + post(b"/", b"x" * 1_000)[:-1])
        rig.until(lambda: server.held == 3_999 and bool(begun))
    rig.until(lambda: server.clients == 0)
    assert server.held == 0
    assert len(begun) == 1


def test_a_refusal_waits_for_the_answers_before_it(rig: Rig) -> None:
    server = rig.serve(echo)
    with Client(server.address) as client:
        client.send(get(b"/1") + get(b"/2") + b"GET / HTTP/1.1\r\n\r\n" + get(b"/3"))
        assert [client.answer()[2] for _ in range(2)] == [b"/1 ", b"/2 "]
        assert refusal_of(client.answer()) == (400, "bad_host")
        assert client.rest() == b""


def test_a_client_that_sends_on_after_a_refusal_still_reads_it(rig: Rig) -> None:
    server = rig.serve(echo, Limits(body_bytes=1_000))
    with Client(server.address) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 3_000_000)
        assert refusal_of(client.answer()) == (413, "request_too_large")


@pytest.mark.parametrize(
    ("lines", "version", "keeps"),
    [
        (b"", b"1.1", True),
        (b"Connection: keep-alive\r\n", b"1.1", True),
        (b"Connection: close\r\n", b"1.1", False),
        (b"Connection: x, CLOSE\r\n", b"1.1", False),
        (b"", b"1.0", False),
        (b"Connection: keep-alive\r\n", b"1.0", True),
    ],
)
def test_keep_alive(rig: Rig, lines: bytes, version: bytes, keeps: bool) -> None:
    server = rig.serve(echo)
    with Client(server.address) as client:
        client.send(b"GET /a HTTP/%b\r\nHost: h\r\n%b\r\n" % (version, lines))
        _, headers, body = client.answer()
        assert body == b"/a "
        said = {(True, b"1.1"): None, (True, b"1.0"): b"keep-alive"}.get((keeps, version), b"close")
        assert headers.get(b"connection") == said
        if keeps:
            assert client.send(get(b"/b")).answer()[2] == b"/b "
        else:
            assert client.send(b"\0garbage").rest() == b""


def test_a_stream_to_an_old_client_ends_with_the_connection(rig: Rig) -> None:
    async def handle(_: Request, reply: Reply) -> None:
        reply.start(200, [])
        await reply.write(b"one")
        await reply.write(b"two")
        reply.end()

    server = rig.serve(handle)
    with Client(server.address) as client:
        data = client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").rest()
    head, _, body = data.partition(b"\r\n\r\n")
    assert body == b"onetwo"
    assert b"transfer-encoding" not in head
    assert b"connection: close" in head


def test_head_and_options(rig: Rig) -> None:
    async def handle(request: Request, reply: Reply) -> None:
        if request.path == b"/stream":
            reply.start(200, [])
            await reply.write(b"never sent")
            reply.end()
        else:
            reply.send(200, [(b"allow", b"GET")], b"%b %b" % (request.method, request.path))

    server = rig.serve(handle)
    with Client(server.address) as client:
        client.send(b"HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b"content-length: 7\r\n" in client.until(b"\r\n\r\n")
        client.send(b"HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b"transfer-encoding: chunked\r\n" in client.until(b"\r\n\r\n")
        client.send(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
        assert client.answer()[2] == b"OPTIONS *"
        client.send(b"HEAD /a#b HTTP/1.1\r\nHost: h\r\n\r\n")
        assert client.rest().endswith(b"\r\n\r\n")  # a refusal of HEAD has no body either


def test_expect_100_continue(rig: Rig) -> None:
    server = rig.serve(echo, Limits(body_bytes=100))
    head = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: %d\r\n\r\n"
    with Client(server.address) as client:
        assert client.send(head % 3).until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert client.send(b"abc").answer()[2] == b"/ abc"
        assert client.send(head % 3 + b"abc").answer()[2] == b"/ abc"  # it did not wait: nothing to tell
        assert client.send(head % 0).answer()[2] == b"/ "
        old = head.replace(b"1.1", b"1.0").replace(b"Host: h", b"Connection: keep-alive")
        assert client.send(old % 1 + b"x").answer()[0] == 200
        assert refusal_of(client.send(head % 101).answer()) == (413, "request_too_large")


def test_100_continue_waits_for_the_answers_before_it(rig: Rig) -> None:
    gate = rig.call(asyncio.Event)

    async def handle(request: Request, reply: Reply) -> None:
        await gate.wait()
        await echo(request, reply)

    server = rig.serve(handle)
    with Client(server.address) as client:
        client.send(get(b"/1") + b"POST /2 HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
        rig.until(lambda: server.clients == 1)
        rig.call(gate.set)
        assert client.answer()[2] == b"/1 "
        assert client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert client.send(b"x").answer()[2] == b"/2 x"


QUICK = Limits(idle_seconds=0.25, head_seconds=0.25, body_seconds=0.25, linger_seconds=0.05)


@pytest.mark.parametrize("start", [b"GET / HT", post(b"/", b"x" * 9)[:-1], post(b"/", b"x" * 9)[:-12]])
def test_a_request_that_does_not_arrive_is_given_up(rig: Rig, start: bytes) -> None:
    server = rig.serve(echo, QUICK)
    with Client(server.address) as client:
        assert refusal_of(client.send(start).answer()) == (408, "timeout")
        assert client.rest() == b""
    with Client(server.address) as client:  # after a good one, too
        client.send(get(b"/a") + start)
        assert client.answer()[2] == b"/a "
        assert refusal_of(client.answer()) == (408, "timeout")
    rig.until(lambda: server.clients == 0)
    assert server.held == 0


def test_an_idle_connection_is_closed_without_a_word(rig: Rig) -> None:
    server = rig.serve(echo, QUICK)
    with Client(server.address) as fresh, Client(server.address) as used:
        assert used.send(get(b"/a")).answer()[2] == b"/a "
        assert fresh.rest() == used.rest() == b""
        rig.until(lambda: server.clients == 0)  # even though neither client has closed its end


def test_a_handler_that_takes_its_time_is_not_timed_out(rig: Rig) -> None:
    async def handle(request: Request, reply: Reply) -> None:
        await asyncio.sleep(0.8)
        await echo(request, reply)

    server = rig.serve(handle, QUICK)
    with Client(server.address) as client:
        assert client.send(post(b"/a", b"b")).answer()[2] == b"/a b"


def test_connections_beyond_the_limit_are_turned_away(rig: Rig) -> None:
    server = rig.serve(echo, Limits(connections=2))
    with Client(server.address) as one, Client(server.address) as two:
        assert one.send(get(b"/")).answer()[0] == two.send(get(b"/")).answer()[0] == 200
        with Client(server.address) as three:
            assert refusal_of(three.answer()) == (503, "busy")
            assert three.rest() == b""
        assert one.send(get(b"/")).answer()[0] == 200
    rig.until(lambda: server.clients == 0)
    with Client(server.address) as four:
        assert four.send(get(b"/")).answer()[0] == 200


def test_refusals_take_the_shape_that_the_hook_gives_them(rig: Rig) -> None:
    def shape(error: CallError, path: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
        if path == b"/broken":
            raise KeyError("canary")
        return [(b"x-shape", b"mine")], b"%d %b" % (error.status, path)

    server = rig.serve(echo, refusal=shape)
    with Client(server.address) as client:
        status, headers, body = client.send(b"GET /v1/x?q HTTP/1.1\r\n\r\n").answer()
        assert (status, headers[b"x-shape"], body) == (400, b"mine", b"400 /v1/x")
    with Client(server.address) as client:
        assert refusal_of(client.send(b"GET /broken HTTP/1.1\r\n\r\n").answer()) == (400, "bad_host")


def test_a_half_closed_client_still_reads_a_refusal(rig: Rig) -> None:
    server = rig.serve(echo)
    with Client(server.address) as client:
        client.send(b"nonsense\r\n\r\n")
        client.socket.shutdown(1)
        assert client.rest().startswith(b"HTTP/1.1 400 ")
