"""The pool of connections to an upstream: its bounds, the line of waiting calls, and no slot ever lost."""

from __future__ import annotations

import asyncio

import pytest

from brightline.errors import UpstreamError, UpstreamFault
from brightline.gateway.wire import UpstreamLimits
from brightline.gateway.wire.outbound import Outbound
from tests.gateway.wire.rig import Peer, Rig
from tests.gateway.wire.test_upstream import ANSWER, answering, call


def test_one_connection_serves_one_call_after_the_other(rig: Rig) -> None:
    script = rig.script(answering)
    upstream = rig.upstream(script.address)
    for _ in range(5):
        assert rig.do(call(upstream, body=b"x" * 200_000)) == b"ok"
    assert (len(script.peers), upstream.connections) == (1, (1, 1))


def test_connections_are_bounded_and_calls_wait_their_turn(rig: Rig) -> None:
    most = now = 0

    def talk(peer: Peer) -> None:
        nonlocal most, now
        while peer.request():
            now += 1
            most = max(most, now)
            peer.pause(0.002)
            now -= 1
            peer.send(ANSWER)

    script = rig.script(talk)
    upstream = rig.upstream(script.address, UpstreamLimits(connections=3))

    async def all_at_once() -> list[bytes]:
        return await asyncio.gather(*(call(upstream) for _ in range(40)))

    assert rig.do(all_at_once()) == [b"ok"] * 40
    assert len(script.peers) == 3
    assert most <= 3
    assert upstream.connections == (3, 3)


def test_the_line_of_waiting_calls_is_bounded_and_so_is_the_wait(rig: Rig) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.request()  # never answers

    upstream = rig.upstream(rig.script(talk).address, UpstreamLimits(connections=1, waiting=2, wait_seconds=0.05))

    async def calls() -> list[BaseException | bytes]:
        first = asyncio.ensure_future(call(upstream))
        await asyncio.sleep(0)
        given_up = [asyncio.ensure_future(call(upstream)) for _ in range(2)]
        await asyncio.sleep(0)
        for task in given_up:
            task.cancel()  # they leave the line, and make room in it
        await asyncio.wait(given_up)
        rest = await asyncio.gather(*(call(upstream) for _ in range(3)), return_exceptions=True)
        first.cancel()
        return rest

    failures = [failure for failure in rig.do(calls()) if isinstance(failure, UpstreamError)]
    waited, refused = "no connection came free in time", "too many calls wait for this upstream"
    assert [(failure.text, failure.sent, failure.fault) for failure in failures] == [
        (waited, False, UpstreamFault.BUSY),
        (waited, False, UpstreamFault.BUSY),
        (refused, False, UpstreamFault.BUSY),
    ]
    rig.until(lambda: upstream.connections == (0, 0))


def test_a_call_that_gives_up_waiting_loses_no_connection(rig: Rig) -> None:
    script = rig.script(answering)
    upstream = rig.upstream(script.address, UpstreamLimits(connections=1))

    async def calls() -> None:
        for step in range(12):  # cancel the waiting call after ever more turns of the loop
            first, second = asyncio.ensure_future(call(upstream)), asyncio.ensure_future(call(upstream))
            for _ in range(step):
                await asyncio.sleep(0)
            second.cancel()
            await asyncio.wait([first, second])
            assert await call(upstream) == b"ok"

    rig.do(calls())
    rig.until(lambda: upstream.connections == (1, 1))


def test_a_connection_that_failed_to_open_gives_its_slot_to_the_next(rig: Rig) -> None:
    script = rig.script(answering)
    script.close()
    upstream = rig.upstream(script.address, UpstreamLimits(connections=1))

    async def calls() -> list[BaseException | bytes]:
        return await asyncio.gather(*(call(upstream) for _ in range(5)), return_exceptions=True)

    for failure in rig.do(calls()):
        assert isinstance(failure, UpstreamError)
        assert (failure.sent, failure.text) == (False, "cannot connect (ConnectionRefusedError)")
    assert upstream.connections == (0, 0)


@pytest.mark.parametrize("times", [1, 2])
def test_a_connection_that_closes_while_it_is_handed_over_is_replaced_once(rig: Rig, times: int) -> None:
    script = rig.script(answering)
    upstream = rig.upstream(script.address, UpstreamLimits(connections=1))
    pass_on, left = upstream._pass_on, [times]

    def break_it(connection: Outbound | None) -> None:
        pass_on(connection)
        if connection is not None and left[0]:
            left[0] -= 1
            connection.transport.abort()

    upstream._pass_on = break_it  # type: ignore[method-assign]

    async def calls() -> list[BaseException | bytes]:
        return await asyncio.gather(*(call(upstream) for _ in range(2 + times)), return_exceptions=True)

    assert rig.do(calls()) == [b"ok"] * (2 + times)
    assert len(script.peers) == 1 + times


def test_closing_ends_what_is_under_way_and_what_waits(rig: Rig) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.request()

    upstream = rig.upstream(rig.script(talk).address, UpstreamLimits(connections=1))

    async def run() -> list[BaseException | bytes]:
        tasks = [asyncio.ensure_future(call(upstream)) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert upstream.connections == (1, 0)
        upstream.close()
        tasks.append(asyncio.ensure_future(call(upstream)))
        return await asyncio.gather(*tasks, return_exceptions=True)

    failures = rig.do(run())
    assert [isinstance(failure, UpstreamError) and failure.sent for failure in failures] == [True, False, False, False]


def test_a_connection_given_to_a_call_that_gives_up_in_the_same_moment_is_not_lost(rig: Rig) -> None:
    script = rig.script(answering)
    upstream = rig.upstream(script.address, UpstreamLimits(connections=1))
    pass_on = upstream._pass_on

    async def calls() -> bytes:
        first, second = asyncio.ensure_future(call(upstream)), asyncio.ensure_future(call(upstream))

        def give_and_cancel(connection: Outbound | None) -> None:
            pass_on(connection)
            second.cancel()

        upstream._pass_on = give_and_cancel  # type: ignore[method-assign]
        assert await first == b"ok"
        await asyncio.wait([second])
        assert second.cancelled()
        upstream._pass_on = pass_on  # type: ignore[method-assign]
        return await call(upstream)

    assert rig.do(calls()) == b"ok"
    assert (len(script.peers), upstream.connections) == (1, (1, 1))


def test_a_connection_that_closes_as_soon_as_it_is_open_leaves_its_slot(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = rig.upstream(rig.script(answering).address, UpstreamLimits(connections=1))
    made = Outbound.connection_made

    def made_and_closed(connection: Outbound, transport: asyncio.BaseTransport) -> None:
        made(connection, transport)
        connection.transport.abort()  # before `Upstream` has it in its hands

    monkeypatch.setattr(Outbound, "connection_made", made_and_closed)
    with pytest.raises(UpstreamError, match="closed the connection as soon as it was open") as failure:
        rig.do(call(upstream))
    assert not failure.value.sent
    monkeypatch.undo()
    assert rig.do(call(upstream)) == b"ok"
    assert upstream.connections == (1, 1)
