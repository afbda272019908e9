"""Answers of OpenAI's `/v1/chat/completions` and `/v1/completions`, whole or as a stream of chunks.

Source: the openai SDK's `types/chat`, `types/completion`; llama.cpp and vLLM add `reasoning_content` and `reasoning`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from brightline.errors import UpstreamError
from brightline.gateway.codec.additions import member_words
from brightline.gateway.codec.answer import Finish, Gathering, Usage, only_reading
from brightline.gateway.codec.body import encode
from brightline.gateway.codec.chat_without import EventsWithout, piece_place, whole_without

FINISH = {
    "stop": Finish.STOP,
    "length": Finish.LENGTH,
    "tool_calls": Finish.TOOL,
    "function_call": Finish.TOOL,
    "content_filter": Finish.REFUSED,
}


# Of a message or delta; what is known and not read here says nothing more than the content (ADR 0022).
MEMBERS = frozenset({
    "annotations", "audio", "content", "function_call", "name", "reasoning", "reasoning_content", "refusal", "role",
    "tool_calls",
})  # fmt: skip


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None
    input: str | None = None  # of a custom tool


class _ToolCall(msgspec.Struct, gc=False):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None
    custom: _Function | None = None


class _Message(msgspec.Struct, gc=False):
    """A whole message, or the delta of one."""

    content: str | list[Any] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_ToolCall] | None = None
    function_call: _Function | None = None


class _Choice(msgspec.Struct, gc=False):
    index: int = 0
    delta: _Message | None = None
    message: _Message | None = None
    text: str | None = None  # of the older API
    finish_reason: str | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | msgspec.UnsetType | None = msgspec.UNSET
    usage: Usage | msgspec.UnsetType | None = msgspec.UNSET
    error: Any = None
    moderation: Any = None


_chunk = msgspec.json.Decoder(_Chunk)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class ChatAnswer:
    """Reads chunks into a `Gathering`; `usage_asked` says whether the client itself asked for the usage chunk."""

    def __init__(self, gathering: Gathering, *, usage_asked: bool) -> None:
        self._to = gathering
        self._usage_asked = usage_asked

    def event(self, event: bytes, _name: bytes, data: bytes) -> bytes:
        """Read one event; gives what the client gets of it: the event, the event without `usage`, or nothing."""
        if data.startswith(b"[DONE]"):  # as the SDK tests it
            self._to.over = True
            return event
        chunk = self._read(data)
        if self._usage_asked or chunk.usage is msgspec.UNSET:
            return event
        if chunk.usage is not None and (chunk.choices or chunk.moderation is not None):
            return event  # this server tells usage unasked, on chunks that it would have sent anyway
        if chunk.usage is not None:
            return b""  # the extra chunk that `forward_body` asked for
        # With include_usage every chunk says "usage": null; the client did not ask, so it is taken out again.
        members = _members.decode(data)
        del members["usage"]
        return event.replace(data, encode(members))  # unchanged where the data ran over several lines

    def whole(self, body: bytes) -> None:
        """Read the body of an answer that was not streamed."""
        choices = self._read(body).choices or []
        if not choices and self._to.error is None:
            raise UpstreamError("the model server's answer has no choices", sent=True)
        if len({choice.index for choice in choices}) < len(choices):
            raise UpstreamError("two choices of the model server's answer have one index", sent=True)
        self._to.over = True

    def whole_without(self, body: bytes, refused: Mapping[tuple[int, int], str]) -> bytes:
        """The body without the tool calls at these places, which say why."""
        return whole_without(body, refused)

    def events_without(self, refused: Mapping[tuple[int, int], str]) -> EventsWithout:
        """Takes them out of the events of a stream."""
        return EventsWithout(refused, self._to.tools.keys(), spoken=bool(self._to.texts))

    def _read(self, data: bytes) -> _Chunk:
        document = only_reading(data, self._to.limits)
        try:
            chunk = _chunk.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise UpstreamError("the model server sent no chat completion", sent=True) from None
        if chunk.error:
            self._to.failed(chunk.error)
        elif chunk.choices is msgspec.UNSET and not isinstance(chunk.usage, Usage):
            raise UpstreamError("the model server sent no chat completion", sent=True)  # text in it would go unread
        if isinstance(chunk.usage, Usage):
            if chunk.usage.prompt_tokens is not None:
                self._to.input_tokens = chunk.usage.prompt_tokens
            if chunk.usage.completion_tokens is not None:
                self._to.output_tokens = chunk.usage.completion_tokens
        for place, choice in enumerate(chunk.choices or ()):
            self._choice(choice)
            self._beside(document["choices"][place])
        return chunk

    def _beside(self, choice: dict[str, Any]) -> None:
        """What stands in a message beside the members that are read by name."""
        for holder in ("delta", "message"):
            told = choice.get(holder)
            if told is None or (told.keys() <= MEMBERS and "audio" not in told):
                continue
            audio = told.get("audio") or {}
            words = [audio["transcript"]] if type(audio) is dict and type(audio.get("transcript")) is str else []
            for name in told.keys() - MEMBERS:
                words += member_words(name, told[name])
            self._to.texts += words
            self._to.understood = self._to.understood and not words and not audio

    def _choice(self, choice: _Choice) -> None:
        to = self._to
        to.choice(choice.index)
        if choice.text:
            to.texts.append(choice.text)
        message = choice.delta or choice.message
        if message is not None:
            if type(message.content) is str:
                to.texts.append(message.content)
            elif isinstance(message.content, list):  # Mistral's parts
                to.texts += [
                    part["text"] for part in message.content if type(part) is dict and type(part.get("text")) is str
                ]
            if thought := message.reasoning_content or message.reasoning:  # vLLM sends the same text in both
                to.texts.append(thought)
            if message.refusal:
                to.texts.append(message.refusal)
                to.refused = True
            if message.tool_calls:
                for place, call in enumerate(message.tool_calls):
                    self._tool(choice.index, call, place if choice.message else None)
            if message.function_call is not None:
                self._function(choice.index, -1, message.function_call)
        if choice.finish_reason is not None:
            to.finish(choice.index, FINISH.get(choice.finish_reason, Finish.OTHER))

    def _tool(self, choice: int, call: _ToolCall, place: int | None) -> None:
        # In a whole message the place in the list is what clients go by.
        known = sum(1 for c, _ in self._to.tools if c == choice)
        index = piece_place(call.index if place is None else place, begins=bool(call.id), known=known)
        tool = self._to.tool(choice, index)
        if call.id:
            tool.id = call.id
        for function in (call.function, call.custom):
            if function is not None:
                self._function(choice, index, function)

    def _function(self, choice: int, index: int, function: _Function) -> None:
        tool = self._to.tool(choice, index)
        tool.name += function.name or ""
        tool.arguments += [t for t in (function.arguments, function.input) if t]
