"""Reading an answer on its way to the client.

Law: any cutting of the same bytes into chunks gives the same answer and the same bytes out. Out comes what came in,
except the usage chunk that only the gateway asked for. Memory is bounded by `answer.AnswerLimits` and `answer.Room`.

A stream is held back from the first tool call on, so that each call can be decided before the client sees it; what
stands before it flows. `without` gives what was held with some of the calls taken out.

The end is held back (DESIGN section 6: the outcome entry is durable before the last byte of an answer leaves):
`feed` gives what may leave now, `finish` the rest. Of a stream the rest is the event that ends it; of a whole body it
is everything, since a client can use no part of it, and so a body that is no answer can still become a clean error.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol, Self

from brightline.errors import UpstreamError, UpstreamFault
from brightline.gateway.codec.answer import LIMITS, Answer, AnswerLimits, Gathering, Room
from brightline.gateway.codec.call import Api, Call
from brightline.gateway.codec.chat_answer import ChatAnswer
from brightline.gateway.codec.messages_answer import MessagesAnswer
from brightline.gateway.codec.plain_answer import CountAnswer, EmbeddingsAnswer
from brightline.gateway.codec.responses_answer import ResponsesAnswer
from brightline.gateway.codec.sse import Events, parse


class Reading(Protocol):
    """An answer being read. After an UpstreamError it is over; `answer` still says what had been read.

    Use it as a context manager: what it has taken of the `Room` is given back at the end.
    """

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

    @property
    def streamed(self) -> bool:
        """Whether the answer is a stream, so that its head and first bytes leave before its end is known."""

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes of the model server; gives the bytes that may leave now."""

    def finish(self, *, whole: bool = True) -> bytes:
        """Take the end; gives the bytes held back.

        Raises UpstreamError where the answer broke off before its end. With `whole=False` (the connection broke, or
        `feed` raised) nothing more of the model server's is given: `b""`, and an error event can follow.
        """

    def without(self, refused: Mapping[int, str]) -> bytes:
        """What `finish` gave, without the tool calls with these numbers in `Answer.tool_calls`: the answer keeps its
        shape, and says of each what `refused` says of it. Only after a `finish` that raised nothing."""

    def answer(self) -> Answer:
        """What has been read so far."""


class _Without(Protocol):
    def events(self, events: Collection[bytes]) -> bytes: ...
    def end(self) -> bytes: ...


class _Reader(Protocol):
    def event(self, event: bytes, name: bytes, data: bytes, /) -> bytes: ...
    def whole(self, body: bytes) -> None: ...
    def whole_without(self, body: bytes, refused: Mapping[tuple[int, int], str]) -> bytes: ...
    def events_without(self, refused: Mapping[tuple[int, int], str]) -> _Without: ...


def reading(call: Call, content_type: str, limits: AnswerLimits = LIMITS, room: Room | None = None) -> Reading:
    """The reading of the answer to `call`, for an answer with status 200. An error goes to `reply.upstream`."""
    gathering = Gathering(limits, offered=bool(call.tools))
    reader: _Reader
    match call.api:
        case Api.CHAT | Api.COMPLETIONS:
            reader = ChatAnswer(gathering, usage_asked=call.usage_asked)
        case Api.MESSAGES:
            reader = MessagesAnswer(gathering)
        case Api.RESPONSES:
            reader = ResponsesAnswer(gathering)
        case Api.EMBEDDINGS:
            reader = EmbeddingsAnswer(gathering)
        case Api.COUNT_TOKENS:
            reader = CountAnswer(gathering)
    streamed = content_type.partition(";")[0].strip().lower() == "text/event-stream"
    room = room or Room()
    return _Stream(gathering, reader, room) if streamed else _Body(gathering, reader, room)


class _Counted:
    """What both ways of reading share."""

    def __init__(self, gathering: Gathering, reader: _Reader, room: Room) -> None:
        self._gathering, self._reader, self._room = gathering, reader, room
        self._whole = False
        self._size = 0  # bytes taken of the room

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.size -= self._size
        self._size = 0

    def _take(self, chunk: bytes) -> None:
        size = len(chunk)
        if self._size + size > self._gathering.limits.whole:
            raise UpstreamError("the model server's answer is too long", sent=True)
        self._room.take(size)
        self._size += size

    def answer(self) -> Answer:
        return self._gathering.answer(whole=self._whole)

    def _places(self, refused: Mapping[int, str]) -> dict[tuple[int, int], str]:
        places = sorted(self._gathering.tools)
        return {places[number]: text for number, text in refused.items()}


class _Stream(_Counted):
    streamed = True

    def __init__(self, gathering: Gathering, reader: _Reader, room: Room) -> None:
        super().__init__(gathering, reader, room)
        self._events = Events(gathering.limits.event)
        self._calls: list[bytes] = []  # events from the first tool call on
        self._held: list[bytes] = []  # from the end mark on

    def feed(self, chunk: bytes) -> bytes:
        self._take(chunk)
        out = b"".join([self._event(event) for event in self._events.feed(chunk)])
        if self._events.too_large:
            raise UpstreamError("an event of the model server is too large", sent=True)
        return out

    def finish(self, *, whole: bool = True) -> bytes:
        if not whole:  # half an event is dropped: no client reads it, and it would spoil the error event that follows
            return b""
        if rest := self._events.rest:  # some servers leave out the last blank line
            self._held.append(self._event(rest))
        self._whole = True
        answer = self.answer()
        if not answer.ended and answer.error is None:
            raise UpstreamError("the model server broke off its answer", UpstreamFault.BROKE_OFF, sent=True)
        if answer.error is not None:
            self._calls.clear()  # calls that were cut short: nobody decides on half a call
        return b"".join([*self._calls, *self._held])

    def without(self, refused: Mapping[int, str]) -> bytes:
        taking = self._reader.events_without(self._places(refused))
        out = taking.events([*self._calls, *self._held])
        return out + taking.end()

    def _event(self, event: bytes) -> bytes:
        name, data = parse(event)
        if data is not None:
            if self._gathering.over and data != b"[DONE]":
                raise UpstreamError("the model server went on after the end of its answer", sent=True)
            event = self._reader.event(event, name, data) if not self._gathering.over else event
        if self._gathering.over:
            self._held.append(event)
            return b""
        if self._gathering.tools:
            self._calls.append(event)
            return b""
        return event


class _Body(_Counted):
    streamed = False

    def __init__(self, gathering: Gathering, reader: _Reader, room: Room) -> None:
        super().__init__(gathering, reader, room)
        self._body: bytes | bytearray = b""

    def feed(self, chunk: bytes) -> bytes:
        self._take(chunk)
        if not self._body:
            self._body = chunk  # the usual short answer is one piece: no copy
        else:
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += chunk
        return b""

    def finish(self, *, whole: bool = True) -> bytes:
        if not whole:
            return b""
        body = bytes(self._body)
        self._reader.whole(body)
        self._whole = True
        if self._gathering.error is not None and self._gathering.tools:
            raise UpstreamError("the model server's answer is an error and asks for tools", sent=True)
        return body

    def without(self, refused: Mapping[int, str]) -> bytes:
        return self._reader.whole_without(bytes(self._body), self._places(refused))
