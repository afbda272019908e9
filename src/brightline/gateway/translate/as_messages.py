"""An answer written as a message of Anthropic's API."""

from __future__ import annotations

from typing import Any

import msgspec

from brightline.errors import CallError, UpstreamError
from brightline.gateway.codec.answer import Finish
from brightline.gateway.codec.body import encode, read
from brightline.gateway.translate.told import (
    Asks,
    Begin,
    End,
    Failed,
    Input,
    Item,
    Said,
    Stop,
    Told,
    Used,
    Word,
    Words,
)

_STOP = {Finish.LENGTH: "max_tokens", Finish.TOOL: "tool_use", Finish.REFUSED: "refusal"}


class AsMessages:
    """Writes events, or a whole message. What was thought has no signature: only Anthropic's models sign."""

    def __init__(self) -> None:
        self._said = Said()
        self._open: Item | None = None

    def tell(self, told: Told) -> bytes:
        """The next events."""
        said = self._said
        match told:
            case Begin():
                said.begun = told
                return _event("message_start", message={**self._about(), "content": [], "stop_reason": None})
            case Words():
                item, new = said.words(told)
                thought = told.kind is Word.THOUGHT
                delta = {"type": "thinking_delta", "thinking": told.text} if thought else _text_delta(told.text)
                return (self._begins(item) if new else b"") + self._delta(item, delta)
            case Asks():
                return self._begins(said.asks(told))
            case Input():
                return self._delta(said.given(told), {"type": "input_json_delta", "partial_json": told.text})
            case Used():
                said.used(told)
                return b""
            case Stop():
                said.finish = told.finish
                return b""
            case Failed():
                return _event("error", error={"type": told.type, "message": told.message})
            case End():
                ends = [item.place for item in said.calls.values()]
                if self._open is not None and self._open.kind is not None:
                    ends.append(self._open.place)
                stops = [_event("content_block_stop", index=place) for place in sorted(ends)]
                delta = {"stop_reason": self._stop(), "stop_sequence": None}
                return b"".join(
                    [*stops, _event("message_delta", delta=delta, usage=self._usage()), _event("message_stop")]
                )

    def whole(self) -> dict[str, Any]:
        """The message. Raises UpstreamError where a call's input is no object: this API has no other."""
        content = [_block(item, item.text) for item in self._said.items]
        return {**self._about(), "content": content, "stop_reason": self._stop(), "usage": self._usage()}

    def _begins(self, item: Item) -> bytes:
        """A block begins. Words end where another block begins; calls stay open, since their pieces may alternate."""
        last, self._open = self._open, item
        ended = _event("content_block_stop", index=last.place) if last is not None and last.kind is not None else b""
        return ended + _event("content_block_start", index=item.place, content_block=_block(item, ""))

    def _delta(self, item: Item, delta: dict[str, Any]) -> bytes:
        return _event("content_block_delta", index=item.place, delta=delta)

    def _stop(self) -> str:
        refused = any(item.kind is Word.REFUSAL for item in self._said.items)
        return "refusal" if refused else _STOP.get(self._said.finish or Finish.OTHER, "end_turn")

    def _about(self) -> dict[str, Any]:
        begun = self._said.begun or Begin("", "", 0)
        about = {"id": begun.id, "type": "message", "role": "assistant", "model": begun.model}
        return {**about, "stop_sequence": None, "usage": self._usage()}

    def _usage(self) -> dict[str, int]:
        return {"input_tokens": self._said.input, "output_tokens": self._said.output}


def _block(item: Item, text: str) -> dict[str, Any]:
    match item.kind:
        case Word.THOUGHT:
            return {"type": "thinking", "thinking": text, "signature": ""}
        case None:
            return {"type": "tool_use", "id": item.id, "name": item.name, "input": _input(text)}
        case _:
            return {"type": "text", "text": text}


def _input(text: str) -> Any:
    try:
        return msgspec.json.decode(read(text.encode())[1]) if text else {}
    except (CallError, UnicodeError):
        raise UpstreamError("a tool call's input is no JSON object that has one reading", sent=True) from None


def _text_delta(text: str) -> dict[str, Any]:
    return {"type": "text_delta", "text": text}


def _event(kind: str, **more: Any) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + encode({"type": kind, **more}) + b"\n\n"
