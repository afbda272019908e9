"""What an upstream sends, read without a socket: HTTP by the outbound connection, JSON and events by the codec."""

from __future__ import annotations

import asyncio
import json
import os
from functools import cache
from typing import Any, cast

from brightline.errors import UpstreamError
from brightline.gateway.codec import Api, Call, decode, reading, upstream
from brightline.gateway.codec.answer import AnswerLimits
from brightline.gateway.wire.outbound import Outbound
from tests.gateway.codec.vectors import asking
from tests.hostile.house import UPSTREAM_LIMITS

LIMITS = AnswerLimits(event=2_000, whole=8_000, tool_calls=8, choices=8)
_PIPE, _ = os.pipe()


class _Transport:
    """Takes what is written and forgets it."""

    closing = False

    def write(self, _data: bytes) -> None:
        """The request goes nowhere."""

    def abort(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """There is nothing to pause."""

    def get_extra_info(self, _name: str) -> _Transport:
        return self

    def fileno(self) -> int:
        return _PIPE


def http(data: bytes) -> object:
    """One connection's bytes, in two pieces and then its end. Law: an answer, or an UpstreamError with `sent`.

    A connection is kept only where its answer was whole and nothing stood behind it.
    """
    loop = asyncio.new_event_loop()
    kept: list[Outbound] = []
    lost: list[Outbound] = []
    transport = _Transport()
    try:
        connection = Outbound(loop, UPSTREAM_LIMITS, "http://up", kept.append, lost.append)
        connection.connection_made(cast(asyncio.BaseTransport, transport))
        response = connection.begin(b"POST / HTTP/1.1\r\n\r\n", b"", head_only=False)
        for piece in (data[: len(data) // 2], data[len(data) // 2 :]):
            if piece and not transport.closing:
                connection.data_received(piece)
        whole = bool(kept)
        if not kept:
            connection.eof_received()
            connection.connection_lost(None)
        told = loop.run_until_complete(_read(response))
        assert not whole or isinstance(told, bytes)
        return told
    finally:
        loop.close()


async def _read(response: Any) -> bytes | UpstreamError:
    try:
        while not response.status:
            await asyncio.wait_for(response.changed(), 1)
        return cast(bytes, await response.read())
    except UpstreamError as error:
        return _told(error)


def _told(error: UpstreamError) -> UpstreamError:
    assert error.text
    assert error.sent
    return error


@cache
def call(api: Api) -> Call:
    return decode(api, json.dumps(asking(api, "hello", max_tokens=9, stream=True)).encode())


def body(data: bytes, *, api: Api, kind: str) -> object:
    """A body as the codec reads it. Law: what leaves came in that order, and after an error nothing does.

    (Where the client did not ask for usage, the chunk with it is taken out.)
    """
    read = reading(call(api), kind, LIMITS)
    left = b""
    try:
        for at in range(0, len(data), 97):
            left += read.feed(data[at : at + 97])
        left += read.finish()
    except UpstreamError as error:
        assert not read.answer().ended
        assert b"usage" in data or data.startswith(left)
        return _told(error)
    answer = read.answer()
    for tokens in (answer.input_tokens, answer.output_tokens):
        assert tokens is None or type(tokens) is int  # below zero too: `gateway.entries` takes that for none
    assert b"usage" in data or left == data
    return left


def failed(data: bytes, *, api: Api) -> object:
    """The body of an error: passed on as it came where it has the client's shape, else put into it."""
    reply = upstream(call(api).api.family, 500, data)
    assert json.loads(reply.body)["error"]
    return reply
