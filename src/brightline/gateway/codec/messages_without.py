"""A message of Anthropic's API with some of its tool calls taken out: a block of text stands in the place of each.

Law: every other block has the bytes and the index that it came with; a message that has no call left no longer says
that it stopped for one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from brightline.gateway.codec.body import encode
from brightline.gateway.codec.sse import parse

Raws = dict[str, msgspec.Raw]

_members = msgspec.json.Decoder(Raws)
_items = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder()
_END = msgspec.Raw(b'"end_turn"')


def whole_without(body: bytes, refused: Mapping[int, str], places: Collection[int]) -> bytes:
    """A whole message without the calls in these blocks; `places`: the blocks of all its calls."""
    message = _members.decode(body)
    message["content"] = _content(message["content"], refused)
    _stopped(message, refused, places)
    return encode(message)


class EventsWithout:
    """The same for the events of a stream, from the first that spoke of a call on."""

    def __init__(self, refused: Mapping[int, str], places: Collection[int]) -> None:
        self._refused, self._places = refused, places

    def events(self, events: Collection[bytes]) -> bytes:
        """The bytes that the client gets of these events."""
        return b"".join([self._event(event) for event in events])

    def end(self) -> bytes:
        """Nothing: each text stands in its call's place."""
        return b""

    def _event(self, event: bytes) -> bytes:
        _, data = parse(event)
        if data is None:
            return event
        told = _members.decode(data)
        index = _read(told.get("index"))
        match _read(told["type"]):
            case "content_block_start" if index in self._refused:
                told["content_block"] = _raw({"type": "text", "text": ""})
                delta = {"type": "text_delta", "text": self._refused[index]}
                words = {"type": "content_block_delta", "index": index, "delta": delta}
                return _named("content_block_start", told) + _named("content_block_delta", words)
            case "content_block_delta" if index in self._refused:
                return b""
            case "message_start":
                message = _members.decode(told["message"])
                if _read(message.get("content")):
                    message["content"] = _content(message["content"], self._refused)
                    return _named("message_start", told | {"message": _raw(message)})
            case "message_delta" if _read(told.get("delta")) is not None:
                delta_ = _members.decode(told["delta"])
                if _stopped(delta_, self._refused, self._places):
                    return _named("message_delta", told | {"delta": _raw(delta_)})
        return event


def _content(content: msgspec.Raw, refused: Mapping[int, str]) -> msgspec.Raw:
    blocks = [
        encode({"type": "text", "text": refused[index]}) if index in refused else bytes(block)
        for index, block in enumerate(_items.decode(content))
    ]
    return msgspec.Raw(b"[" + b",".join(blocks) + b"]")


def _stopped(holder: Raws, refused: Mapping[int, str], places: Collection[int]) -> bool:
    """Let no message say that it stopped for calls that are all gone; whether this changed it."""
    if set(places) <= refused.keys() and _read(holder.get("stop_reason")) == "tool_use":
        holder["stop_reason"] = _END
        return True
    return False


def _named(name: str, document: Mapping[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + encode(document) + b"\n\n"


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(encode(value))


def _read(raw: msgspec.Raw | None) -> Any:
    return None if raw is None else _value.decode(raw)
