"""What a handler may say, what becomes of a handler that fails, and of one whose client goes."""

from __future__ import annotations

import asyncio
import logging

import pytest

from brightline.gateway.wire import Limits, Reply, Request
from brightline.gateway.wire.message import answer_head, header_lines
from tests.gateway.wire.rig import Client, Rig, echo, get


@pytest.mark.parametrize("value", [b"a\r\nX: y", b"a\nX: y", b"a\rb", b"a\0b", b"\n", b"a\r\n"])
def test_a_value_that_would_write_headers_of_its_own_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        header_lines([(b"x-a", b"fine"), (b"x-b", value), (b"x-c", b"fine")])


@pytest.mark.parametrize("name", [b"", b"a b", b"a:", b"a\r\nb", b"\xc3\xa9", b"a\n"])
def test_a_name_that_is_no_token_is_refused_each_time(name: bytes) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="not a token"):
            header_lines([(name, b"x")])


def test_hop_by_hop_fields_and_framing_never_cross() -> None:
    own = b"Connection Keep-Alive Proxy-Connection TE Trailer Transfer-Encoding Upgrade Content-Length Host Expect"
    assert header_lines([(name, b"x") for name in [*own.split(), *own.lower().split()]]) == b""
    assert header_lines([(b"X-A", b"1"), (b"te", b"x"), (b"x-b", b"")]) == b"x-a: 1\r\nx-b: \r\n"


def test_the_tables_of_names_do_not_grow_for_ever() -> None:
    for n in range(3_000):
        header_lines([(b"x-%d" % n, b"")])
    assert header_lines([(b"x-2999", b"y")]) == b"x-2999: y\r\n"
    from brightline.gateway.wire import message  # noqa: PLC0415 - its tables, for this test alone

    assert max(len(message._STARTS), len(message.CROSSING)) <= 1_024


@pytest.mark.parametrize("status", [0, 99, 100, 101, 199, 600, -1])
def test_only_final_statuses_are_sent(status: int) -> None:
    with pytest.raises(ValueError, match="final status"):
        answer_head(status, [], b"")


def test_a_date_is_added_only_where_it_is_missing() -> None:
    for headers in ([(b"Date", b"then")], [(b"x", b"y"), (b"date", b"then")]):
        assert answer_head(200, headers, b"").count(b"date: ") == 1
    assert b"\r\ndate: " in answer_head(200, [(b"x-date", b"date: x")], b"")


@pytest.mark.parametrize("status", [204, 205, 304])
def test_statuses_without_a_body(rig: Rig, status: int) -> None:
    async def handle(request: Request, reply: Reply) -> None:
        if request.path == b"/send":
            reply.send(status, [], b"never")
        else:
            reply.start(status, [])
            await reply.write(b"never")
            reply.end()

    server = rig.serve(handle)
    with Client(server.address) as client:
        client.send(get(b"/send") + get(b"/start") + b"nonsense")
        data = client.rest()
    assert data.count(b"HTTP/1.1 %d " % status) == 2
    assert b"never" not in data


def test_a_stream_is_sent_in_chunks_and_an_empty_chunk_does_not_end_it(rig: Rig) -> None:
    async def handle(_: Request, reply: Reply) -> None:
        reply.start(200, [(b"content-type", b"text/event-stream"), (b"content-length", b"1"), (b"connection", b"x")])
        for chunk in (b"one", b"", b"two" * 10):
            await reply.write(chunk)
        reply.end()

    server = rig.serve(handle)
    with Client(server.address) as client:
        for _ in range(2):
            head = client.send(get(b"/")).until(b"\r\n\r\n")
            assert b"transfer-encoding: chunked\r\n" in head
            assert b"content-length" not in head
            assert b"connection" not in head
            assert client.until(b"0\r\n\r\n") == b"3\r\none\r\n1e\r\n" + b"two" * 10 + b"\r\n0\r\n\r\n"


def test_a_reply_is_given_once_and_in_order(rig: Rig) -> None:
    seen = []

    async def handle(_: Request, reply: Reply) -> None:
        for step in (reply.end, reply.write(b"x"), lambda: reply.send(200, [], b"good"), lambda: reply.start(200, []),
                     lambda: reply.send(200, [], b""), reply.write(b"x"), reply.end):  # fmt: skip
            try:
                if callable(step):
                    step()
                else:
                    await step
                seen.append("good")
            except RuntimeError:
                seen.append("refused")

    server = rig.serve(handle)
    with Client(server.address) as client:
        assert client.send(get(b"/")).answer()[2] == b"good"
        assert client.send(get(b"/")).answer()[2] == b"good"
    rig.until(lambda: len(seen) == 14)
    assert seen == ["refused", "refused", "good", "refused", "refused", "refused", "refused"] * 2


@pytest.mark.parametrize("fault", ["raise", "return", "bad header", "bad status"])
def test_a_handler_that_fails_before_its_answer_gives_a_500(
    rig: Rig, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def handle(_: Request, reply: Reply) -> None:
        match fault:
            case "raise":
                raise RuntimeError("canary")
            case "bad header":
                reply.send(200, [(b"x", b"canary\r\nset-cookie: evil")], b"canary")
            case "bad status":
                reply.start(1_000, [])
            case _:
                pass

    server = rig.serve(handle)
    with caplog.at_level(logging.DEBUG), Client(server.address) as client:
        status, _, body = client.send(get(b"/canary")).answer()
        assert (status, client.rest()) == (500, b"")
    assert b"canary" not in body
    assert "canary" not in caplog.text
    assert ("a handler failed" in caplog.text) is (fault != "return")


@pytest.mark.parametrize("fault", [None, RuntimeError("x")])
@pytest.mark.parametrize("line", [b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"])
def test_an_answer_cut_short_never_looks_whole(rig: Rig, fault: Exception | None, line: bytes) -> None:
    async def handle(_: Request, reply: Reply) -> None:
        reply.start(200, [])
        await reply.write(b"part")
        if fault:
            raise fault

    server = rig.serve(handle)
    with Client(server.address) as client, pytest.raises(ConnectionResetError):
        assert b"0\r\n\r\n" not in client.send(line).rest()
    rig.until(lambda: server.clients == 0)


def test_a_handler_is_cancelled_when_its_client_goes(rig: Rig) -> None:
    seen = []

    async def handle(request: Request, reply: Reply) -> None:
        seen.append(("begun", reply.gone, request.path))
        try:
            await asyncio.sleep(1_000)
        except asyncio.CancelledError:
            seen.append(("cancelled", reply.gone, request.path))
            for step in (lambda: reply.send(200, [], b""), lambda: reply.start(200, [])):
                with pytest.raises(ConnectionResetError):
                    step()
            await asyncio.sleep(0)  # it may still wait for what it must finish
            seen.append(("finished", reply.gone, request.path))
            raise

    server = rig.serve(handle)
    with Client(server.address) as client:
        client.send(get(b"/1") + get(b"/2"))  # the second is never begun
        rig.until(lambda: bool(seen))
    rig.until(lambda: server.clients == 0)
    assert seen == [("begun", False, b"/1"), ("cancelled", True, b"/1"), ("finished", True, b"/1")]


def test_a_handler_that_has_ended_its_answer_finishes_its_work(rig: Rig) -> None:
    gate = rig.call(asyncio.Event)
    finished = []

    async def handle(_: Request, reply: Reply) -> None:
        reply.send(200, [], b"done")
        await gate.wait()
        finished.append(reply.gone)

    server = rig.serve(handle)
    with Client(server.address) as client:
        assert client.send(get(b"/")).answer()[2] == b"done"
    rig.do(asyncio.sleep(0.05))
    assert rig.call(lambda: server.clients) == 1  # counted while its handler works
    rig.call(gate.set)
    rig.until(lambda: server.clients == 0)
    assert finished == [True]


def test_a_slow_client_holds_back_the_handler(rig: Rig) -> None:
    written = 0

    async def handle(_: Request, reply: Reply) -> None:
        nonlocal written
        reply.start(200, [])
        for _ in range(4_000):
            await reply.write(b"x" * 10_000)
            written += 10_000
        reply.end()

    server = rig.serve(handle, Limits(write_bytes=50_000))
    with Client(server.address) as client:
        client.send(get(b"/", b"Connection: close"))
        rig.until(lambda: server.buffered > 50_000)
        rig.do(asyncio.sleep(0.05))
        held = rig.call(lambda: server.buffered)
        assert held <= 50_000 + 10_000 + 10  # the limit, the chunk that went over it, its framing
        assert written < 40_000_000
        answer = client.rest()
    assert written == 40_000_000
    assert answer.endswith(b"\r\n0\r\n\r\n")
    assert answer.count(b"x") >= written


def test_pipelined_answers_do_not_pile_up_for_a_slow_client(rig: Rig) -> None:
    answered = 0

    async def handle(_: Request, reply: Reply) -> None:
        nonlocal answered
        reply.send(200, [], b"x" * 100_000)
        answered += 1

    server = rig.serve(handle, Limits(pipelined=1_000))
    with Client(server.address) as client:
        client.send(get(b"/") * 500)
        rig.until(lambda: server.buffered > 65_536)
        rig.do(asyncio.sleep(0.05))
        assert rig.call(lambda: server.buffered) < 65_536 + 101_000
        assert answered < 500
        for _ in range(500):
            assert client.answer()[2] == b"x" * 100_000


def test_a_client_that_takes_nothing_is_cut_off(rig: Rig) -> None:
    seen = []

    async def handle(_: Request, reply: Reply) -> None:
        try:
            reply.start(200, [])
            while True:
                await reply.write(b"x" * 10_000)
        finally:
            seen.append(reply.gone)

    server = rig.serve(handle, Limits(write_seconds=0.05))
    with Client(server.address) as client:
        client.send(get(b"/"))
        rig.until(lambda: bool(seen))
        with pytest.raises(ConnectionResetError):
            client.rest()
    assert seen == [True]
    rig.until(lambda: server.clients == 0)


def test_the_last_answer_reaches_a_client_that_reads_it_late(rig: Rig) -> None:
    async def handle(_: Request, reply: Reply) -> None:
        reply.send(200, [], b"x" * 30_000_000)

    server = rig.serve(handle, Limits(linger_seconds=0.01, write_bytes=100_000_000))
    with Client(server.address) as client:
        client.send(get(b"/", b"Connection: close"))
        rig.do(asyncio.sleep(0.2))  # many sweeps, and none of them gives up
        assert client.answer()[2] == b"x" * 30_000_000


def test_echo_is_what_the_other_tests_take_it_for(rig: Rig) -> None:
    server = rig.serve(echo)
    with Client(server.address) as client:
        assert client.send(get(b"/a?b")).answer()[2] == b"/a "
