"""An upstream's answer, as its consumer sees it."""

from __future__ import annotations

import asyncio
from typing import Protocol, Self

from brightline.errors import UpstreamError, UpstreamFault
from brightline.gateway.wire.message import Header


class Source(Protocol):
    """Where the bytes come from: `pulled` lets more of them come, `abort` none."""

    def pulled(self) -> None: ...

    def abort(self) -> None: ...


class Response:
    """Status and headers at once, the body in chunks as they come, pulled by one consumer.

    `async for chunk in response` gives what has arrived since the last pull, joined; reading from the
    upstream pauses while more than `UpstreamLimits.buffer_bytes` wait. It ends when the answer is whole,
    and raises UpstreamError (sent=True), after what had come before, where the answer is cut short,
    malformed, over a limit or late. Use it as a context manager: when it is left before the answer was
    whole its connection closes, so that the upstream stops generating. A Response that nobody holds any
    more closes its connection too.

    `headers` are as in `Request`: names lower-cased, hop-by-hop fields and the framing gone.
    """

    __slots__ = (
        "__weakref__",
        "_buffered",
        "_error",
        "_loop",
        "_pieces",
        "_source",
        "_waiter",
        "_whole",
        "headers",
        "status",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, source: Source) -> None:
        self._loop = loop
        self.status = 0  # until the head has come
        self.headers: list[Header] = []
        self._source: Source | None = source  # while the answer is not whole
        self._pieces: list[bytes] = []
        self._buffered = 0
        self._whole = False
        self._error: UpstreamError | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def buffered(self) -> int:
        """Bytes that have arrived and were not yet pulled."""
        return self._buffered

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._whole:
                raise StopAsyncIteration
            await self.changed()
        return self._take()

    async def read(self) -> bytes:
        """The rest of the answer, at most `UpstreamLimits.body_bytes`. Raises as iteration does."""
        if self._whole:  # the usual short answer came with its head
            return self._take()
        return b"".join([chunk async for chunk in self])

    def close(self) -> None:
        """Stop: what has not arrived is never read. Without effect once the answer is whole."""
        if self._source is not None:
            self._source.abort()
            self.finish(
                UpstreamError("the answer was given up before it was whole", UpstreamFault.BROKE_OFF, sent=True)
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- for the connection and the pool -------------------------------------------------------------

    def changed(self) -> asyncio.Future[None]:
        """Done with the head, a piece or the end. Raises the error, where there is one."""
        if self._error is not None:
            raise self._error
        self._waiter = self._loop.create_future()
        return self._waiter

    def put(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._buffered += len(piece)

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def finish(self, error: UpstreamError | None = None) -> None:
        """No more comes: the answer is whole, or `error` says why not."""
        self._source = None
        self._whole, self._error = error is None, error
        self.wake()

    def _take(self) -> bytes:
        pieces = self._pieces
        chunk = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._pieces = []
        self._buffered = 0
        if self._source is not None:
            self._source.pulled()
        return chunk
