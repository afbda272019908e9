"""An answer written as a response of OpenAI's Responses API."""

from __future__ import annotations

from typing import Any

from brightline.gateway.codec.answer import Finish
from brightline.gateway.codec.body import encode
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

_PART = {
    Word.TEXT: ("output_text", "text"),
    Word.REFUSAL: ("refusal", "refusal"),
    Word.THOUGHT: ("reasoning_text", "text"),
}
_INCOMPLETE = {Finish.LENGTH: "max_output_tokens", Finish.REFUSED: "content_filter"}


class AsResponse:
    """Writes numbered events, or a whole response."""

    def __init__(self) -> None:
        self._said = Said()
        self._open: Item | None = None
        self._number = 0

    def tell(self, told: Told) -> bytes:
        """The next events."""
        said = self._said
        match told:
            case Begin():
                said.begun = told
                begun = self._response("in_progress", [])
                return self._event("created", response=begun) + self._event("in_progress", response=begun)
            case Words():
                item, new = said.words(told)
                stem = f"{_PART[told.kind][0]}.delta"
                return (self._begins(item) if new else b"") + self._event(stem, **_inner(item), delta=told.text)
            case Asks():
                return self._begins(said.asks(told))
            case Input():
                return self._event("function_call_arguments.delta", **_of(said.given(told)), delta=told.text)
            case Used():
                said.used(told)
                return b""
            case Stop():
                said.finish = told.finish
                return b""
            case Failed():
                return self._event("error", code=told.type, message=told.message, param=None, bare=True)
            case End():
                whole = self.whole()
                ends = b"".join([self._ends(item) for item in said.calls.values()]) + self._words_end()
                return ends + self._event(whole["status"], response=whole)

    def whole(self) -> dict[str, Any]:
        """The response."""
        reason = _INCOMPLETE.get(self._said.finish or Finish.OTHER)
        status = "incomplete" if reason else "completed"
        return self._response(status, [_item(item, "completed") for item in self._said.items])

    def _begins(self, item: Item) -> bytes:
        """An item begins. Words end where another begins; calls stay open, since their pieces may alternate."""
        ended = self._words_end()
        self._open = item
        out = ended + self._event(
            "output_item.added", output_index=item.place, item=_item(item, "in_progress", empty=True)
        )
        if item.kind is not None:
            out += self._event("content_part.added", **_inner(item), part=_part(item, ""))
        return out

    def _words_end(self) -> bytes:
        item, self._open = self._open, None
        return self._ends(item) if item is not None and item.kind is not None else b""

    def _ends(self, item: Item) -> bytes:
        if item.kind is None:
            out = self._event("function_call_arguments.done", **_of(item), arguments=item.text)
        else:
            name, member = _PART[item.kind]
            told: dict[str, Any] = {**_inner(item), member: item.text}
            out = self._event(f"{name}.done", **told)
            out += self._event("content_part.done", **_inner(item), part=_part(item, item.text))
        return out + self._event("output_item.done", output_index=item.place, item=_item(item, "completed"))

    def _response(self, status: str, output: list[Any]) -> dict[str, Any]:
        begun, used = self._said.begun or Begin("", "", 0), self._said
        reason = _INCOMPLETE.get(used.finish or Finish.OTHER)
        usage = {"input_tokens": used.input, "output_tokens": used.output, "total_tokens": used.input + used.output}
        usage |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}  # type: ignore[dict-item]
        return {
            "id": begun.id,
            "object": "response",
            "created_at": begun.created,
            "model": begun.model,
            "status": status,
            "output": output,
            "usage": None if status == "in_progress" else usage,
            "incomplete_details": {"reason": reason} if status == "incomplete" else None,
            "error": None,
            "tools": [],
            "tool_choice": "auto",
            "parallel_tool_calls": True,
        }

    def _event(self, kind: str, *, bare: bool = False, **more: Any) -> bytes:
        name = kind if bare else f"response.{kind}"
        document = {"type": name, **more, "sequence_number": self._number}
        self._number += 1
        return b"event: " + name.encode() + b"\ndata: " + encode(document) + b"\n\n"


def _id(item: Item) -> str:
    return f"{'fc' if item.kind is None else 'rs' if item.kind is Word.THOUGHT else 'msg'}_{item.place}"


def _of(item: Item) -> dict[str, Any]:
    return {"item_id": _id(item), "output_index": item.place}


def _inner(item: Item) -> dict[str, Any]:
    return {**_of(item), "content_index": 0}


def _part(item: Item, text: str) -> dict[str, Any]:
    name, member = _PART[item.kind or Word.TEXT]
    return {"type": name, member: text, **({"annotations": []} if name == "output_text" else {})}


def _item(item: Item, status: str, *, empty: bool = False) -> dict[str, Any]:
    text = "" if empty else item.text
    if item.kind is None:
        call = {"call_id": item.id, "name": item.name, "arguments": text}
        return {"id": _id(item), "type": "function_call", "status": status, **call}
    content = [] if empty else [_part(item, text)]
    if item.kind is Word.THOUGHT:
        return {"id": _id(item), "type": "reasoning", "summary": [], "content": content}
    return {"id": _id(item), "type": "message", "role": "assistant", "status": status, "content": content}
