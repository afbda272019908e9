"""A response with some of its tool calls taken out: a message of text stands in the place of each.

Law: every other item has the bytes and the place that it came with; the events of a stream keep their order, and are
numbered anew without a gap.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from brightline.gateway.codec.body import encode
from brightline.gateway.codec.sse import parse

Raws = dict[str, msgspec.Raw]
Key = int | str  # an item by its place in the output, or by its id

_members = msgspec.json.Decoder(Raws)
_items = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder()
_CALLS = ("custom_tool_call", "function_call")


def keys(told: Mapping[str, Any], item: Mapping[str, Any]) -> list[Key]:
    """What an event names its item by: place and id, as far as it tells them."""
    found = (told.get("output_index"), told.get("item_id") or item.get("id"))
    return [key for key in found if type(key) is int or (type(key) is str and key)]


def whole_without(body: bytes, refused: Mapping[str, str]) -> bytes:
    """A whole response without these calls, by what a result would name each by; `refused` says why."""
    return encode(_response(_members.decode(body), refused))


class EventsWithout:
    """The same for the events of a stream, from the first that spoke of a call on. `gone`: the refused calls' items."""

    def __init__(self, refused: Mapping[str, str], gone: Collection[Key]) -> None:
        self._refused, self._gone = refused, gone
        self._next: int | None = None  # the number of the next event, where events are numbered

    def events(self, events: Collection[bytes]) -> bytes:
        """The bytes that the client gets of these events."""
        return b"".join([self._event(event) for event in events])

    def end(self) -> bytes:
        """Nothing: each text stands in its call's place."""
        return b""

    def _event(self, event: bytes) -> bytes:
        _, data = parse(event)
        if data is None or data == b"[DONE]":
            return event
        told: Raws = _members.decode(data)
        if self._next is None:
            self._next = _read(told.get("sequence_number"))
        item = _read(told.get("item"))
        kind = _read(told.get("type"))
        of = {name: _read(told.get(name)) for name in ("output_index", "item_id")}
        if any(key in self._gone for key in keys(of, item or {})):
            if kind != "response.output_item.added":
                return b""
            text = self._refused[item.get("call_id") or item.get("id")]
            return b"".join([self._told(_raws(e)) for e in _message_events(of["output_index"], _message(item, text))])
        response = _members.decode(told["response"]) if _read(told.get("response")) is not None else {}
        if _read(response.get("output")):
            told["response"] = _raw(_response(response, self._refused))
            return self._told(told)
        return event if self._next is None else self._told(told)

    def _told(self, told: Raws) -> bytes:
        """An event, numbered anew."""
        if self._next is not None:
            told["sequence_number"] = _raw(self._next)
            self._next += 1
        name: str = _read(told["type"])
        return b"event: " + name.encode() + b"\ndata: " + encode(told) + b"\n\n"


def _response(response: Raws, refused: Mapping[str, str]) -> Raws:
    output = []
    for raw in _items.decode(response["output"]):
        item = _read(raw)
        name = (item.get("call_id") or item.get("id") or "") if item.get("type") in _CALLS else ""
        output.append(encode(_message(item, refused[name])) if name in refused else bytes(raw))
    response["output"] = msgspec.Raw(b"[" + b",".join(output) + b"]")
    return response


def _message(call: Mapping[str, Any], text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    own = f"msg_{call.get('id') or call.get('call_id')}"
    return {"id": own, "type": "message", "role": "assistant", "status": "completed", "content": [part]}


def _message_events(place: int | None, message: dict[str, Any]) -> list[dict[str, Any]]:
    """The events that tell a message whole, as the API's own stream does."""
    part = message["content"][0]
    begun = {**message, "status": "in_progress", "content": []}
    at = {} if place is None else {"output_index": place}
    inner = {"item_id": message["id"], **at, "content_index": 0}
    return [
        {"type": "response.output_item.added", **at, "item": begun},
        {"type": "response.content_part.added", **inner, "part": {**part, "text": ""}},
        {"type": "response.output_text.delta", **inner, "delta": part["text"], "logprobs": []},
        {"type": "response.output_text.done", **inner, "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", **inner, "part": part},
        {"type": "response.output_item.done", **at, "item": message},
    ]


def _raws(document: Mapping[str, Any]) -> Raws:
    return {name: _raw(value) for name, value in document.items()}


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(encode(value))


def _read(raw: msgspec.Raw | None) -> Any:
    return None if raw is None else _value.decode(raw)
