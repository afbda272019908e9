"""A chat completion as what it tells. One choice: a call that asks for more is not translated."""

from __future__ import annotations

from typing import Any

from brightline.errors import UpstreamError
from brightline.gateway.codec.additions import member_words
from brightline.gateway.codec.answer import LIMITS, Finish, only_reading
from brightline.gateway.codec.chat_answer import FINISH, MEMBERS
from brightline.gateway.codec.chat_without import piece_place
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

_NO_CHAT = "the model server sent no chat completion"


class HearChat:
    """Reads chunks, or a whole completion."""

    def __init__(self) -> None:
        self._begun = False
        self._calls: dict[int, int] = {}  # index of the call -> its number

    def event(self, _name: bytes, data: bytes) -> list[Told]:
        """What one event of the stream tells. Raises UpstreamError."""
        return [End()] if data.startswith(b"[DONE]") else self._document(data, "delta")

    def whole(self, body: bytes) -> list[Told]:
        """What a whole completion tells. Raises UpstreamError."""
        told = self._document(body, "message")
        if not any(isinstance(t, Stop | Failed) for t in told):
            raise UpstreamError("the model server's answer has no choices", sent=True)
        return told if isinstance(told[-1], Failed) else [*told, End()]

    def _document(self, data: bytes, holder: str) -> list[Told]:
        document = _object(only_reading(data, LIMITS))
        if document.get("error"):
            error = document["error"] if type(document["error"]) is dict else {}
            return [Failed(_text(error.get("type")) or "api_error", _text(error.get("message")))]
        told: list[Told] = []
        if not self._begun:
            self._begun = True
            created = _int(document.get("created")) or 0
            told.append(Begin(_text(document.get("id")), _text(document.get("model")), created))
        choices = document.get("choices") or []
        if type(choices) is not list or len(choices) > 1:
            raise untranslated("more than one choice")
        for choice in choices:
            told += self._choice(_object(choice), holder)
        usage = document.get("usage")
        if type(usage) is dict:
            told.append(Used(_int(usage.get("prompt_tokens")), _int(usage.get("completion_tokens"))))
        return told

    def _choice(self, choice: dict[str, Any], holder: str) -> list[Told]:
        if choice.get("index", 0) != 0:
            raise untranslated("more than one choice")
        message = _object(choice.get(holder) or {})
        told: list[Told] = []
        if thought := _text(message.get("reasoning_content")) or _text(message.get("reasoning")):
            told.append(Words(Word.THOUGHT, thought))
        content = message.get("content")
        texts = [_text(_object(p).get("text")) for p in content] if type(content) is list else [_text(content)]
        told += [Words(Word.TEXT, text) for text in texts if text]
        if refusal := _text(message.get("refusal")):
            told.append(Words(Word.REFUSAL, refusal))
        calls = message.get("tool_calls") or []
        if type(calls) is not list:
            raise UpstreamError(_NO_CHAT, sent=True)
        for at, call in enumerate(calls):
            told += self._call(_object(call), at if holder == "message" else None)
        if message.get("function_call") is not None or message.get("audio"):
            raise untranslated("a function call of the older form, or sound")
        if any(member_words(name, message[name]) for name in message.keys() - MEMBERS):
            raise untranslated("words in a member that is not known here")
        if (reason := choice.get("finish_reason")) is not None:
            told.append(Stop(FINISH.get(_text(reason), Finish.OTHER)))
        return told

    def _call(self, call: dict[str, Any], place: int | None) -> list[Told]:
        if call.get("custom") is not None:
            raise untranslated("a call whose input is free text")
        function = _object(call.get("function") or {})
        index = call.get("index") if place is None else place
        if index is not None and type(index) is not int:
            raise UpstreamError(_NO_CHAT, sent=True)
        index = piece_place(index, begins=bool(call.get("id")), known=len(self._calls))
        told: list[Told] = []
        if index not in self._calls:
            self._calls[index] = len(self._calls)
            told.append(Asks(self._calls[index], _text(call.get("id")), _text(function.get("name"))))
        elif _text(function.get("name")):
            raise UpstreamError("the model server told one tool call in two ways", sent=True)
        if arguments := _text(function.get("arguments")):
            told.append(Input(self._calls[index], arguments))
        return told


def _object(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise UpstreamError(_NO_CHAT, sent=True)
    return value


def _text(value: Any) -> str:
    if value is not None and type(value) is not str:
        raise UpstreamError(_NO_CHAT, sent=True)
    return value or ""


def _int(value: Any) -> int | None:
    return value if type(value) is int else None
