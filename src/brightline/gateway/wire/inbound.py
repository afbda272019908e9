"""One client's connection: requests are answered one after the other, and never held without bound."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

from brightline.errors import CallError
from brightline.gateway.wire.limits import Limits
from brightline.gateway.wire.message import Refusal, Request, answer_head, plain_refusal
from brightline.gateway.wire.reading import IDLE, LAST, SLICE, Held, Reading, refused
from brightline.gateway.wire.reply import Client, Reply

Handler = Callable[[Request, Reply], Awaitable[None]]

UNSET = -1.0  # a deadline that the next sweep sets: cheaper than asking for the time at every step

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """What the connections of one server share."""

    loop: asyncio.AbstractEventLoop
    handler: Handler
    limits: Limits
    refusal: Refusal
    held: Held
    admit: Callable[[Inbound], bool]  # counts a new connection; False where it must be turned away
    depart: Callable[[Inbound], None]  # it is closed and its handler has ended


class Inbound(Client):
    """Feeds the parser, runs the handler, keeps the deadlines.

    One task a connection runs the handler, a request at a time; the requests behind it wait in a queue,
    and reading pauses while that is full. A refusal stands in the same queue, so that the requests before
    it are answered first. After it, and after a last request, what still comes is read and dropped:
    closing with bytes unread would reset the connection and could destroy the answer on its way.
    """

    def __init__(self, house: House) -> None:
        super().__init__(house.loop, house.limits.write_seconds)
        self._house = house
        self._limits = house.limits
        self._reading = cast(Reading, None)  # set when the connection is made
        self._queue: deque[tuple[Request, Reply] | CallError] = deque()
        self._rest = b""  # read and not parsed, while the queue is full
        self._held_back = False  # reading is paused
        self._current: Reply | None = None  # being given by the handler
        self._worker: asyncio.Task[None] | None = None
        self._wanted: asyncio.Future[None] | None = None  # what the worker waits on while it has nothing to do
        self._closing = False  # the last answer is written
        limits = house.limits
        # by Stage; after the last request it is for the worker to answer and close
        self._waits = (limits.idle_seconds, limits.head_seconds, limits.body_seconds, math.inf)
        self._until = UNSET  # loop time at which we give up waiting for the client

    # -- what the loop tells us ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(self._limits.write_bytes)
        peer = transport.get_extra_info("peername")
        self._reading = Reading(self._limits, self._house.held, str(peer[0]) if peer else "", self._whole)
        if not self._house.admit(self):
            self._reading.stage = LAST
            self._write_refusal(refused(503, "busy", "the gateway has all the connections it can hold"))
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        if self._held_back:
            self._rest += data  # what was on its way when reading was paused
            return
        before = self._reading.stage
        if before is not LAST:
            self._feed(data)
            if self._reading.stage is not before:
                self._until = UNSET
            if self._reading.waits_for_100 and self._current is None and not self._queue:
                self._continue()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Cancel the handler, unless it has ended its answer: then it finishes its work."""
        self.gone = True
        self._wake()
        for item in self._queue:
            if not isinstance(item, CallError):
                self._house.held.size -= len(item[0].body)
        self._queue.clear()
        self._reading.release()
        if self._worker is None:
            self._house.depart(self)
        elif (self._current is None or not self._current.ended) and not self._worker.cancelling():
            self._worker.cancel()  # once: a second time would end what the handler does about the first

    # -- what the server tells us --------------------------------------------------------------------

    def sweep(self, now: float) -> None:
        """Called a few times a second: give up on a client that keeps us waiting."""
        if self.gone:
            return
        if self.slow:
            if now > self.stalled_until:
                self.reset()
        elif self._until == UNSET:
            self._until = now + self._waits[self._reading.stage]
        elif now <= self._until:
            return
        elif self._closing:
            if not self.buffered or now > self._until + self._limits.write_seconds:
                self.transport.abort()  # not `reset`: the kernel may still hold the end of the answer
        elif self._current is None and not self._queue:
            if self._reading.stage is IDLE:
                self._close()
            else:
                self._reading.stage = LAST
                self._enqueue(refused(408, "timeout", "the request did not arrive in time"))

    def retire(self) -> None:
        """No request after those that have begun."""
        self._reading.retiring = True
        if self._reading.stage is not IDLE:
            return  # the request being read will be the last
        self._reading.stage = LAST
        last = self._current
        for item in self._queue:
            last = last if isinstance(item, CallError) else item[1]
        if last is None:
            self._close()
        else:
            last.keep = False  # its head says so, if it is not yet sent

    def cut(self) -> None:
        """End at once, whatever runs. The handler is cancelled first: it was not the client who went."""
        if self._worker is not None:
            self._worker.cancel()
        self.reset()

    @property
    def buffered(self) -> int:
        return self.transport.get_write_buffer_size()

    # -- reading -------------------------------------------------------------------------------------

    def _feed(self, data: bytes) -> None:
        reading = self._reading
        try:
            if len(data) <= SLICE:
                reading.feed(data)
            else:
                view, at = memoryview(data), 0
                while at < len(view) and reading.stage is not LAST:
                    if len(self._queue) >= self._limits.pipelined:
                        self._rest = bytes(view[at:])
                        break
                    end = at + max(SLICE, reading.due)
                    reading.feed(view[at:end])
                    at = end
        except CallError as error:
            self._enqueue(error)
        if len(self._queue) >= self._limits.pipelined and not self._held_back:
            self._held_back = True
            self.transport.pause_reading()

    def _read_on(self) -> None:
        """The queue has room again: parse what was held back, and read on if there is still room."""
        self._held_back, rest, self._rest = False, self._rest, b""
        if rest:
            self.data_received(rest)
        if not self._held_back:
            self.transport.resume_reading()

    def _whole(self, request: Request, old: bool, keep: bool) -> None:
        self._enqueue((request, Reply(self, request.method == b"HEAD", old, keep)))

    def _enqueue(self, item: tuple[Request, Reply] | CallError) -> None:
        self._queue.append(item)
        if self._worker is None:
            self._worker = self.loop.create_task(self._work())
            self._worker.add_done_callback(self._worked)
        elif self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)

    def _continue(self) -> None:
        self._reading.waits_for_100 = False
        self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # -- answering -----------------------------------------------------------------------------------

    async def _work(self) -> None:
        """Answer what is queued, in order, until the connection is to close."""
        while True:
            if not self._queue:
                self._until = UNSET
                if self._reading.waits_for_100:
                    self._continue()
                self._wanted = self.loop.create_future()
                await self._wanted
            item = self._queue.popleft()
            if isinstance(item, CallError):
                self._write_refusal(item)
                return
            if not await self._answer(*item):
                return
            if self.slow:
                await self.drained()
            if self._held_back and len(self._queue) < self._limits.pipelined:
                self._read_on()

    def _worked(self, worker: asyncio.Task[None]) -> None:
        """A callback, not the end of `_work`: a task that is cancelled before its first step runs none of it."""
        self._worker = None
        fault = None if worker.cancelled() else worker.exception()
        if fault is not None:
            _report(fault)
        if self.gone:
            self._house.depart(self)
        else:
            self._close()

    async def _answer(self, request: Request, reply: Reply) -> bool:
        """Run the handler. False where the connection ends with this answer."""
        self._current = reply
        try:
            await self._house.handler(request, reply)
        except Exception as error:  # noqa: BLE001 - whatever the handler's fault, the client is told
            if not (self.gone and isinstance(error, ConnectionResetError)):
                _report(error)
        except asyncio.CancelledError:
            self.reset()
            raise
        finally:
            self._current = None
            self._house.held.size -= len(request.body)
        if self.gone or reply.ended:
            return reply.keep and not self.gone
        if reply.started:
            self.reset()  # so that a part cannot pass for the whole
        else:
            failed = refused(500, "internal_error", "the gateway failed to answer")
            self._write_refusal(failed, request.path, head_only=request.method == b"HEAD")
        return False

    def _write_refusal(self, error: CallError, path: bytes | None = None, *, head_only: bool | None = None) -> None:
        if self.gone:
            return
        path = self._reading.path if path is None else path
        head_only = self._reading.head_only if head_only is None else head_only
        framing = b"content-length: %d\r\nconnection: close\r\n"
        try:
            headers, body = self._house.refusal(error, path)
            head = answer_head(error.status, headers, framing % len(body))
        except Exception as fault:  # noqa: BLE001 - whatever the hook's fault, the client still gets its refusal
            _report(fault)
            headers, body = plain_refusal(error, path)
            head = answer_head(error.status, headers, framing % len(body))
        self.transport.write(head if head_only else head + body)

    def _close(self) -> None:
        """Close our end; wait a little for the client to read to the end and close its own."""
        if self._closing or self.transport.is_closing():
            return
        self._closing = True
        self._reading.stage = LAST
        self._until = self.loop.time() + self._limits.linger_seconds
        if self._held_back:
            self._held_back, self._rest = False, b""
            self.transport.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()  # TLS says good-bye by itself


def _report(error: BaseException) -> None:
    """Where it failed and with what class of error; its words could hold content."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame is not None else "unknown place"
    logger.error("a handler failed: %s at %s", type(error).__name__, where)
