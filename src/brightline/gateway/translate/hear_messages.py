"""A message of Anthropic's API as what it tells. Signatures and sealed thinking are left out: no other API has them."""

from __future__ import annotations

from typing import Any

from brightline.errors import UpstreamError
from brightline.gateway.codec.answer import LIMITS, Finish, only_reading
from brightline.gateway.codec.body import encode
from brightline.gateway.codec.messages_answer import FINISH
from brightline.gateway.translate.told import (
    Asks,
    Begin,
    End,
    Failed,
    Input,
    Stop,
    Told,
    Used,
    Word,
    Words,
    untranslated,
)

_NO_MESSAGE = "the model server sent no message"


class HearMessages:
    """Reads events, or a whole message."""

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}  # index of the block -> number of the call

    def event(self, name: bytes, data: bytes) -> list[Told]:
        """What one event of the stream tells. Raises UpstreamError."""
        told = _object(only_reading(data, LIMITS))
        kind = _text(told.get("type"))
        if name and name != kind.encode("utf-8", "replace"):
            raise UpstreamError("an event's name and its data's type differ", sent=True)
        match kind:
            case "message_start":
                return self._message(_object(told.get("message")))
            case "content_block_start":
                return self._block(told.get("index"), _object(told.get("content_block")))
            case "content_block_delta":
                return self._delta(told.get("index"), _object(told.get("delta")))
            case "message_delta":
                delta = _object(told.get("delta"))
                return [*_stop(delta.get("stop_reason")), *_used(told.get("usage"))]
            case "message_stop":
                return [End()]
            case "error":
                return [_failed(told.get("error"))]
            case "ping" | "content_block_stop":
                return []
            case _:
                raise untranslated("an event of a kind that is not known here")

    def whole(self, body: bytes) -> list[Told]:
        """What a whole message tells. Raises UpstreamError."""
        told = _object(only_reading(body, LIMITS))
        if told.get("error"):
            return [_failed(told["error"])]
        if told.get("type") != "message":
            raise UpstreamError(_NO_MESSAGE, sent=True)
        return [*self._message(told), End()]

    def _message(self, message: dict[str, Any]) -> list[Told]:
        told: list[Told] = [Begin(_text(message.get("id")), _text(message.get("model")), 0)]
        content = message.get("content") or []
        if type(content) is not list:
            raise UpstreamError(_NO_MESSAGE, sent=True)
        for index, block in enumerate(content):
            told += self._block(index, _object(block))
        return [*told, *_stop(message.get("stop_reason")), *_used(message.get("usage"))]

    def _block(self, index: Any, block: dict[str, Any]) -> list[Told]:
        match block.get("type"):
            case "text":
                return _words(Word.TEXT, block.get("text"))
            case "thinking":
                return _words(Word.THOUGHT, block.get("thinking"))
            case "redacted_thinking":
                return []
            case "tool_use" if type(index) is int and index not in self._calls:
                number = self._calls[index] = len(self._calls)
                told: list[Told] = [Asks(number, _text(block.get("id")), _text(block.get("name")))]
                return [*told, Input(number, encode(block["input"]).decode())] if block.get("input") else told
            case _:
                raise untranslated("a block of a kind that is not known here")

    def _delta(self, index: Any, delta: dict[str, Any]) -> list[Told]:
        match delta.get("type"):
            case "text_delta":
                return _words(Word.TEXT, delta.get("text"))
            case "thinking_delta":
                return _words(Word.THOUGHT, delta.get("thinking"))
            case "input_json_delta" if type(index) is int and index in self._calls:
                piece = _text(delta.get("partial_json"))
                return [Input(self._calls[index], piece)] if piece else []
            case "signature_delta" | "citations_delta":
                return []
            case _:
                raise untranslated("a delta of a kind that is not known here")


def _words(kind: Word, text: Any) -> list[Told]:
    return [Words(kind, text)] if _text(text) else []


def _stop(reason: Any) -> list[Told]:
    return [] if reason is None else [Stop(FINISH.get(_text(reason), Finish.OTHER))]


def _used(usage: Any) -> list[Told]:
    if type(usage) is not dict:
        return []
    counts = [usage.get(n) for n in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")]
    told = sum(n for n in counts if type(n) is int) if type(counts[0]) is int else None
    output = usage.get("output_tokens")
    return [Used(told, output if type(output) is int else None)]


def _failed(error: Any) -> Failed:
    told = error if type(error) is dict else {}
    return Failed(_text(told.get("type")) or "api_error", _text(told.get("message")))


def _object(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise UpstreamError(_NO_MESSAGE, sent=True)
    return value


def _text(value: Any) -> str:
    if value is not None and type(value) is not str:
        raise UpstreamError(_NO_MESSAGE, sent=True)
    return value or ""
