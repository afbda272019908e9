"""Bytes that an upstream sends after its answer never become the answer to the next caller.

As far as HTTP/1.1 lets one know: what arrives after the next request was written cannot be told from its answer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from brightline.gateway.wire import Upstream, UpstreamLimits
from tests.gateway.wire.rig import LOOPS, PATIENCE, Peer, Rig

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood"
POISON = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison"


@pytest.fixture(params=sorted(LOOPS))
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    rig = Rig(request.param)
    yield rig
    rig.close()


async def ask(upstream: Upstream) -> bytes:
    with await upstream.send(b"GET", b"/", [], b"") as response:
        return await response.read()


def test_an_answer_that_waits_unread_behind_another_is_nobodys(rig: Rig) -> None:
    """The second answer is in the kernel before the next request is written, and the loop has not read it."""
    answered, poisoned = threading.Event(), threading.Event()

    def talk(peer: Peer) -> None:
        while peer.request():
            peer.send(ANSWER)
            if peer.number == 0:
                answered.wait(PATIENCE)
                peer.send(POISON)
                poisoned.set()

    upstream = rig.upstream(rig.script(talk).address)

    async def one_after_the_other() -> tuple[bytes, bytes]:
        first = await ask(upstream)
        answered.set()
        poisoned.wait(PATIENCE)  # the loop stands still meanwhile: that is the point
        return first, await ask(upstream)

    assert rig.do(one_after_the_other()) == (b"good", b"good")


@pytest.mark.parametrize("extra", [POISON, b"x", b"\r\n" + POISON, b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_what_comes_with_an_answer_is_nobodys_when_a_caller_waits_for_the_connection(rig: Rig, extra: bytes) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.send(ANSWER + (extra if peer.number == 0 else b""))

    script = rig.script(talk)
    upstream = rig.upstream(script.address, UpstreamLimits(connections=1))

    async def at_once() -> list[bytes]:
        tasks = [rig.loop.create_task(ask(upstream)) for _ in range(3)]
        return [await task for task in tasks]

    assert rig.do(at_once()) == [b"good", b"good", b"good"]
    assert len(script.peers) == 2
