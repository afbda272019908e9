"""What is read of a model's answer, in neutral words."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from brightline.errors import UpstreamError, UpstreamFault
from brightline.gateway.codec.body import encode, key_twice

_decoder = msgspec.json.Decoder()


class Finish(StrEnum):
    """Why the model stopped. `REFUSED`: the model or its vendor's filter said no, not this gateway."""

    STOP = "stop"
    LENGTH = "length"
    TOOL = "tool"
    REFUSED = "refused"
    PAUSE = "pause"
    OTHER = "other"


class ToolCall(msgspec.Struct, frozen=True):
    """A tool call as the model asked for it: `arguments` is its JSON text, gathered whole and not checked.

    `server` is true where the vendor's server runs the tool itself and nobody here can stop it.
    """

    id: str
    name: str
    arguments: str
    server: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer as read so far. None of `input_tokens`, `output_tokens` or `finish` was told where it is None.

    `text` is what a reader sees of all choices in order of arrival, reasoning included. `ended` is true only after the
    API's own end mark, or where every choice gave its reason to stop and the HTTP message came whole. `error` is the
    type of an error that the model server told inside a 200 answer, never its text. `understood` is false where words
    came in a form that the API has added since this was written (`brightline.gateway.codec.additions`).
    """

    text: str
    finish: Finish | None
    input_tokens: int | None
    output_tokens: int | None
    refused: bool
    tool_calls: tuple[ToolCall, ...]
    error: str | None
    ended: bool
    understood: bool = True


class AnswerLimits(msgspec.Struct, frozen=True):
    """What one answer may weigh: `event` and `whole` in bytes, the rest in number (`values`: commas and brackets).

    `room` is for all answers together, in bytes.
    """

    event: int = 4 << 20
    whole: int = 64 << 20
    tool_calls: int = 256
    choices: int = 128
    values: int = 2_000_000  # a long answer with twenty `top_logprobs` a token has half of that
    room: int = 512 << 20


LIMITS = AnswerLimits()


class Room:
    """Bytes of the answers being read, over all calls: the record takes an answer's words whole, at its end."""

    __slots__ = ("most", "size")

    def __init__(self, most: int = LIMITS.room) -> None:
        self.most, self.size = most, 0

    def take(self, count: int) -> None:
        """Raises UpstreamError where there is no room."""
        if self.size + count > self.most:
            raise UpstreamError("the gateway holds all the answers it can", UpstreamFault.BUSY, sent=True)
        self.size += count


def only_reading(data: bytes, limits: AnswerLimits) -> Any:
    """The JSON that a model server sent. Raises UpstreamError where the client could read other fields in it than we:
    wrong UTF-8, numbers past a double, a key twice in one object (of which we keep the last, and others the first).

    Law, as for requests (`brightline.gateway.codec.body`): what passes has one reading.
    """
    if len(data) > limits.values and sum(map(data.count, (b",", b"[", b"{"))) > limits.values:
        raise UpstreamError("the model server's answer holds too many values", sent=True)
    try:
        value = _decoder.decode(data)
        twice = key_twice(data, encode(value)) is not None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise UpstreamError("the model server's answer is not plain JSON", sent=True) from None
    if twice:
        raise UpstreamError("a key stands twice in one object of the model server's answer", sent=True)
    return value


class Usage(msgspec.Struct, gc=False):
    """Both APIs' token counts: OpenAI's `prompt` count includes what was cached, Anthropic's `input` does not."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class _Tool:
    __slots__ = ("arguments", "id", "name", "server")

    def __init__(self) -> None:
        self.id = self.name = ""
        self.arguments: list[str] = []
        self.server = False


class Gathering:
    """What an answer's events have told so far. Each API's reader writes here; `answer` shows it.

    `offered`: the call offered tools. Where it did not, nobody has decided on any, and a tool call is no answer to it.
    """

    def __init__(self, limits: AnswerLimits, *, offered: bool) -> None:
        self.limits, self.offered = limits, offered
        self.texts: list[str] = []
        self.finishes: dict[int, Finish] = {}
        self.choices: set[int] = set()
        self.tools: dict[tuple[int, int], _Tool] = {}
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.refused = False
        self.understood = True
        self.error: str | None = None
        self.over = False  # the end mark or an error was seen: nothing may follow

    def choice(self, index: int) -> None:
        """Note that a choice exists. Raises UpstreamError past the limit."""
        self.choices.add(index)
        if len(self.choices) > self.limits.choices:
            raise UpstreamError("the model server sent too many choices", sent=True)

    def finish(self, index: int, reason: Finish) -> None:
        """Note why a choice stopped."""
        self.finishes[index] = reason
        self.refused = self.refused or reason is Finish.REFUSED

    def tool(self, choice: int, index: int) -> _Tool:
        """The tool call at this place, begun if need be. Raises UpstreamError past the limit, or if none is offered."""
        if not self.offered:
            raise UpstreamError("the model server sent a tool call, and no tool was offered", sent=True)
        tool = self.tools.get((choice, index))
        if tool is None:
            if len(self.tools) >= self.limits.tool_calls:
                raise UpstreamError("the model server sent too many tool calls", sent=True)
            tool = self.tools[choice, index] = _Tool()
        return tool

    def failed(self, error: object) -> None:
        """Note an error told inside the answer: its code or type, which are words of the API, never its text."""
        told = error if isinstance(error, dict) else {}
        words = [told.get("type"), told.get("code")]
        self.error = next((word[:64] for word in words if isinstance(word, str) and word), "error")
        self.over = True

    def answer(self, *, whole: bool) -> Answer:
        """The answer as read so far; `whole` says whether its HTTP message came to its proper end."""
        # Anthropic's reader notes no choices: only message_stop ends its stream.
        reasons = [self.finishes[index] for index in sorted(self.finishes)]
        stopped = bool(reasons) and self.choices == set(self.finishes)
        return Answer(
            text="".join(self.texts),
            finish=reasons[0] if reasons else None,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            refused=self.refused,
            tool_calls=tuple(
                ToolCall(t.id, t.name, "".join(t.arguments), t.server) for _, t in sorted(self.tools.items())
            ),
            error=self.error,
            ended=whole and self.error is None and (self.over or stopped),
            understood=self.understood,
        )
