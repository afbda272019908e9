"""Answers of Anthropic's `/v1/messages`, whole or as a stream of events.

Source: the anthropic SDK's `types/raw_message_stream_event` and `types/message`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from brightline.errors import UpstreamError
from brightline.gateway.codec.additions import BLOCKS, DELTAS, TOOL_USES, added_words
from brightline.gateway.codec.answer import Finish, Gathering, Usage, only_reading
from brightline.gateway.codec.body import encode
from brightline.gateway.codec.messages_without import EventsWithout, whole_without

FINISH = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "tool_use": Finish.TOOL,
    "pause_turn": Finish.PAUSE,
    "refusal": Finish.REFUSED,
}


class _Block(msgspec.Struct, gc=False):
    """A content block, or the delta of one."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    id: str | None = None
    name: str | None = None
    input: Any = None
    stop_reason: str | None = None  # of a message_delta's delta


class _Message(msgspec.Struct, gc=False):
    type: str = ""
    content: list[_Block] = []
    stop_reason: str | None = None
    usage: Usage | None = None
    error: Any = None


class _Event(msgspec.Struct, gc=False):
    type: str
    index: int = 0
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Block | None = None
    usage: Usage | None = None
    error: Any = None


_event = msgspec.json.Decoder(_Event)
_message = msgspec.json.Decoder(_Message)
_BAD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class MessagesAnswer:
    """Reads events into a `Gathering`."""

    def __init__(self, gathering: Gathering) -> None:
        self._to = gathering

    def event(self, event: bytes, name: bytes, data: bytes) -> bytes:
        """Read one event; the client gets it as it came."""
        fields = only_reading(data, self._to.limits)
        try:
            told = _event.decode(data)
        except _BAD:
            raise UpstreamError("the model server sent no message event", sent=True) from None
        if name and name != told.type.encode():
            # The SDK picks events by name, others by the data's type: both must read the same event.
            raise UpstreamError("an event's name and its data's type differ", sent=True)
        match told.type:
            case "content_block_delta" if told.delta is not None:
                self._delta(told.index, told.delta, fields["delta"])
            case "content_block_start" if told.content_block is not None:
                self._block(told.index, told.content_block, fields["content_block"])
            case "message_start" if told.message is not None:
                self._usage(told.message.usage)
                self._blocks(told.message, fields["message"])
            case "message_delta":
                self._usage(told.usage)
                self._finish(told.delta.stop_reason if told.delta is not None else None)
            case "message_stop":
                self._to.over = True
            case "error":
                self._to.failed(told.error)
            case "ping" | "content_block_stop":
                pass
            case _:
                self._added(fields)
        return event

    def whole(self, body: bytes) -> None:
        """Read the body of an answer that was not streamed."""
        fields = only_reading(body, self._to.limits)
        try:
            message = _message.decode(body)
        except _BAD:
            raise UpstreamError("the model server sent no message", sent=True) from None
        if message.error:
            self._to.failed(message.error)
            return
        if message.type != "message":
            raise UpstreamError("the model server sent no message", sent=True)
        self._blocks(message, fields)
        self._usage(message.usage)
        self._finish(message.stop_reason)
        self._to.over = True

    def whole_without(self, body: bytes, refused: Mapping[tuple[int, int], str]) -> bytes:
        """The body without the tool calls at these places, which say why."""
        return whole_without(body, _blocks_of(refused), {index for _, index in self._to.tools})

    def events_without(self, refused: Mapping[tuple[int, int], str]) -> EventsWithout:
        """Takes them out of the events of a stream."""
        return EventsWithout(_blocks_of(refused), {index for _, index in self._to.tools})

    def _blocks(self, message: _Message, fields: Any) -> None:
        for index, block in enumerate(message.content):
            self._block(index, block, fields["content"][index])

    def _block(self, index: int, block: _Block, fields: Any) -> None:
        if (0, index) in self._to.tools:  # a client would have two, or the other one
            raise UpstreamError("two blocks of the model server's answer have one place", sent=True)
        if block.type not in BLOCKS:
            self._added(fields)
            return
        if block.type in TOOL_USES:
            tool = self._to.tool(0, index)
            tool.id, tool.name, tool.server = block.id or "", block.name or "", TOOL_USES[block.type]
            if block.input:  # whole here; in a stream it starts as {} and comes in pieces
                tool.arguments.append(encode(block.input).decode())
            return
        self._to.texts += [text for text in (block.thinking, block.text) if text]

    def _delta(self, index: int, delta: _Block, fields: Any) -> None:
        if delta.type not in DELTAS:
            self._added(fields)
        elif delta.text:
            self._to.texts.append(delta.text)
        elif delta.partial_json:
            if self._to.offered and (0, index) not in self._to.tools:
                raise UpstreamError("the model server sent input for a tool call that had not begun", sent=True)
            self._to.tool(0, index).arguments.append(delta.partial_json)
        elif delta.thinking:
            self._to.texts.append(delta.thinking)

    def _added(self, fields: Any) -> None:
        """What is of no known type: its words are read, and that it was not understood is noted."""
        words = added_words(fields)
        self._to.texts += words
        self._to.understood = self._to.understood and not words

    def _usage(self, usage: Usage | None) -> None:
        """Counts are cumulative: what is told last stands."""
        if usage is None:
            return
        if usage.input_tokens is not None:
            cached = (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)
            self._to.input_tokens = usage.input_tokens + cached
        if usage.output_tokens is not None:
            self._to.output_tokens = usage.output_tokens

    def _finish(self, reason: str | None) -> None:
        if reason is not None:
            self._to.finish(0, FINISH.get(reason, Finish.OTHER))


def _blocks_of(refused: Mapping[tuple[int, int], str]) -> dict[int, str]:
    return {index: text for (_, index), text in refused.items()}
