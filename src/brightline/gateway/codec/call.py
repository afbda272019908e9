"""The neutral call: what every API's request becomes before anything is decided on it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec

from brightline.gateway.codec import text
from brightline.gateway.codec.text import Kind, Piece


class Family(StrEnum):
    """Whose shapes a client speaks: errors, model lists and streams differ by family."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class Api(StrEnum):
    """A decided API by the path that clients post to; `Api(path)` raises ValueError for any other path."""

    CHAT = "/v1/chat/completions"
    MESSAGES = "/v1/messages"
    RESPONSES = "/v1/responses"
    COMPLETIONS = "/v1/completions"
    EMBEDDINGS = "/v1/embeddings"
    COUNT_TOKENS = "/v1/messages/count_tokens"

    @property
    def family(self) -> Family:
        return Family.ANTHROPIC if self in (Api.MESSAGES, Api.COUNT_TOKENS) else Family.OPENAI

    @property
    def spoken(self) -> tuple[str, ...]:
        """The fields that hold the conversation: the turns first, then the system prompt."""
        return _SPOKEN[self]


_SPOKEN = {
    Api.CHAT: ("messages", "system"),
    Api.MESSAGES: ("messages", "system"),
    Api.RESPONSES: ("input", "instructions"),
    Api.COMPLETIONS: ("prompt",),
    Api.EMBEDDINGS: ("input",),
    Api.COUNT_TOKENS: ("messages", "system"),
}


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request, decided on as it stands here. Build it with `decode`.

    `turns` is the conversation as messages of `role` and `content`, whatever the API: `turns[i]` is what stands at
    `place(i)` of the request, with every text in it.
    `tools` are names offered, `parts` what is not text by kind, `linked` how many of these lie elsewhere (a URL or a
    file id, so that nothing here can screen them). `max_tokens` is the most that any of the API's fields for it asks,
    for each of `answers` answers, and None where no bound is given. `user` is what the client says of
    its user: a claim. `fields` and `body` are the request itself and its one encoding (`body.read`): read-only.
    """

    api: Api
    model: str
    stream: bool
    turns: list[dict[str, Any]]
    first_new: int  # index of the first of `turns` that is new
    tools: tuple[str, ...]
    parts: dict[Kind, int]
    linked: int
    max_tokens: int | None
    answers: int
    user: str | None
    usage_asked: bool  # whether the client itself asked for the usage chunk of an OpenAI stream
    fields: dict[str, Any]
    body: bytes

    def new(self) -> tuple[Piece, ...]:
        """The text of the new turn: what stands after the last assistant turn, and on the first turn everything.

        Assistant messages at the very end are a prefill that the client wrote, so they belong to the new turn. What
        the client calls history is the client's word: a screen that skips it must know it from an earlier decision.
        """
        return tuple(text.new(self.fields, self.turns, self.first_new, self.api.spoken))

    def conversation(self) -> Iterator[Piece]:
        """All text of the request, lazily: the law at the top of `text`."""
        return text.whole(self.fields, self.turns, self.api.spoken)

    def place(self, turn: int) -> str:
        """Where a turn stands in the request, as errors name it."""
        name = self.api.spoken[0]
        return f"{name}[{turn}]" if type(self.fields[name]) is list else name
