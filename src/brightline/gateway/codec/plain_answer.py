"""Answers that are one JSON object without words: of `/v1/embeddings`, and of `/v1/messages/count_tokens`.

Source: the openai SDK's `types/create_embedding_response`, the anthropic SDK's `types/message_tokens_count`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Never

from brightline.errors import UpstreamError
from brightline.gateway.codec.additions import added_words
from brightline.gateway.codec.answer import Finish, Gathering, only_reading

_VECTOR = frozenset({"embedding", "index", "object"})


class PlainAnswer:
    """Reads a body into a `Gathering`. These APIs have no stream and no tool calls."""

    def __init__(self, gathering: Gathering) -> None:
        self._to = gathering

    def event(self, _event: bytes, _name: bytes, _data: bytes) -> Never:
        """Raises UpstreamError: a client of these APIs reads no events."""
        raise UpstreamError("the model server streamed an answer that has no stream", sent=True)

    def whole(self, body: bytes) -> None:
        """Read the body."""
        told = only_reading(body, self._to.limits)
        if type(told) is not dict:
            raise UpstreamError("the model server sent no object", sent=True)
        if told.get("error"):
            self._to.failed(told["error"])
            return
        self.read(told)
        self._to.finish(0, Finish.STOP)
        self._to.over = True

    def read(self, told: dict[str, Any]) -> None:
        """Read what is no error."""
        raise NotImplementedError

    def whole_without(self, _body: bytes, _refused: Mapping[tuple[int, int], str]) -> Never:
        """Raises UpstreamError: no tool call can stand in such an answer."""
        raise UpstreamError("the model server's answer has no place for a tool call", sent=True)

    def events_without(self, _refused: Mapping[tuple[int, int], str]) -> Never:
        """As `whole_without`."""
        raise UpstreamError("the model server's answer has no place for a tool call", sent=True)


class EmbeddingsAnswer(PlainAnswer):
    """Vectors, as numbers or as their bytes in base64. The model writes nothing: it has no output tokens."""

    def read(self, told: dict[str, Any]) -> None:
        """Raises UpstreamError where there is a vector missing, or text beside it that could be a tool call."""
        vectors = told.get("data")
        if type(vectors) is not list:
            raise UpstreamError("the model server sent no embeddings", sent=True)
        for vector in vectors:
            if type(vector) is not dict or type(vector.get("embedding")) not in (list, str):
                raise UpstreamError("the model server sent no embeddings", sent=True)
            if not vector.keys() <= _VECTOR:
                words = added_words({name: value for name, value in vector.items() if name not in _VECTOR})
                self._to.texts += words
                self._to.understood = self._to.understood and not words
        usage = told.get("usage")
        tokens = usage.get("prompt_tokens") if type(usage) is dict else None
        self._to.input_tokens = tokens if type(tokens) is int else None
        self._to.output_tokens = 0


class CountAnswer(PlainAnswer):
    """A number of tokens. No model ran, so none are noted as used."""

    def read(self, told: dict[str, Any]) -> None:
        """Raises UpstreamError where there is no number."""
        if type(told.get("input_tokens")) is not int:
            raise UpstreamError("the model server counted no tokens", sent=True)
        self._to.input_tokens = self._to.output_tokens = 0
