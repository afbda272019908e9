"""An answer written as a chat completion of OpenAI's API."""

from __future__ import annotations

from typing import Any

from brightline.gateway.codec.answer import Finish
from brightline.gateway.codec.body import encode
from brightline.gateway.translate.told import Asks, Begin, End, Failed, Input, Said, Stop, Told, Used, Word, Words

_FINISH = {Finish.LENGTH: "length", Finish.TOOL: "tool_calls", Finish.REFUSED: "content_filter"}
_MEMBER = {Word.TEXT: "content", Word.THOUGHT: "reasoning_content", Word.REFUSAL: "refusal"}


class AsChat:
    """Writes chunks, or a whole completion; usage always comes, and the reading takes out what nobody asked for."""

    def __init__(self) -> None:
        self._said = Said()

    def tell(self, told: Told) -> bytes:
        """The next chunks."""
        said = self._said
        match told:
            case Begin():
                said.begun = told
                return self._delta({"role": "assistant", "content": ""})
            case Words():
                said.words(told)
                return self._delta({_MEMBER[told.kind]: told.text})
            case Asks():
                item = said.asks(told)
                function = {"name": item.name, "arguments": ""}
                call = {"index": told.number, "id": item.id, "type": "function", "function": function}
                return self._delta({"tool_calls": [call]})
            case Input():
                said.given(told)
                return self._delta({"tool_calls": [{"index": told.number, "function": {"arguments": told.text}}]})
            case Used():
                said.used(told)
                return b""
            case Stop():
                said.finish = told.finish
                return b""
            case Failed():
                error = {"message": told.message, "type": told.type, "param": None, "code": told.type}
                return b"data: " + encode({"error": error}) + b"\n\n"
            case End():
                usage = _data(self._about("chat.completion.chunk") | {"choices": [], "usage": self._usage()})
                return self._delta({}, self._finish()) + usage + b"data: [DONE]\n\n"

    def whole(self) -> dict[str, Any]:
        """The completion."""
        message: dict[str, Any] = {"role": "assistant", "content": None}
        for item in self._said.items:
            if item.kind is not None:
                name = _MEMBER[item.kind]
                message[name] = (message.get(name) or "") + item.text
        calls = [
            {"id": item.id, "type": "function", "function": {"name": item.name, "arguments": item.text or "{}"}}
            for item in self._said.calls.values()
        ]
        message |= {"tool_calls": calls} if calls else {}
        choice = {"index": 0, "message": message, "finish_reason": self._finish()}
        return self._about("chat.completion") | {"choices": [choice], "usage": self._usage()}

    def _delta(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _data(self._about("chat.completion.chunk") | {"choices": [choice]})

    def _finish(self) -> str:
        return _FINISH.get(self._said.finish or Finish.OTHER, "stop")

    def _about(self, kind: str) -> dict[str, Any]:
        begun = self._said.begun or Begin("", "", 0)
        return {"id": begun.id, "object": kind, "created": begun.created, "model": begun.model}

    def _usage(self) -> dict[str, int]:
        used = self._said
        total = used.input + used.output
        return {"prompt_tokens": used.input, "completion_tokens": used.output, "total_tokens": total}


def _data(document: dict[str, Any]) -> bytes:
    return b"data: " + encode(document) + b"\n\n"
