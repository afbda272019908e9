"""A chat completion with some of its tool calls taken out, each replaced by words in the choice that asked for it.

Law: what is left has the bytes it came with, but for the indices of a stream's later calls, which close up, so that
clients that gather by index find none missing; a choice that has no call left no longer says that it stopped for one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from brightline.gateway.codec.body import encode
from brightline.gateway.codec.sse import parse

Place = tuple[int, int]  # choice, index of the call; -1 is the one call of the older `function_call`
Raws = dict[str, msgspec.Raw]

_members = msgspec.json.Decoder(Raws)
_items = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder()
_NULL, _STOP, _FOR_TOOL = msgspec.Raw(b"null"), msgspec.Raw(b'"stop"'), ("tool_calls", "function_call")


def piece_place(index: int | None, *, begins: bool, known: int) -> int:
    """Which call of its choice a piece belongs to, `known` calls having begun. Some servers leave out the index: then
    an id begins a call, and what has none goes on with the last one."""
    if index is not None:
        return index
    return known if begins or not known else known - 1


def whole_without(body: bytes, refused: Mapping[Place, str]) -> bytes:
    """A whole chat completion without the calls at these places; `refused` says why, for whom reads the answer."""
    document = _members.decode(body)
    choices = []
    for raw in _items.decode(document["choices"]):
        choice = _members.decode(raw)
        number = _read(choice.get("index")) or 0
        own = {index: text for (of, index), text in refused.items() if of == number}
        choices.append(encode(_choice(choice, own)) if own else raw)
    document["choices"] = _list(choices)
    return encode(document)


def _choice(choice: Raws, refused: Mapping[int, str]) -> Raws:
    message = _members.decode(choice["message"])
    calls = _items.decode(message["tool_calls"]) if _read(message.get("tool_calls")) else []
    left = [call for place, call in enumerate(calls) if place not in refused]
    if left:
        message["tool_calls"] = _list(left)
    else:
        message.pop("tool_calls", None)
    if -1 in refused:
        message.pop("function_call", None)
    message["content"] = _raw(_with(_read(message.get("content")), "\n\n".join(refused.values())))
    choice["message"] = _raw(message)
    if not left and _read(message.get("function_call")) is None and _read(choice.get("finish_reason")) in _FOR_TOOL:
        choice["finish_reason"] = _STOP
    return choice


class EventsWithout:
    """The same for the events of a stream, from the first that spoke of a call on. `places`: all the answer's calls.

    The words stand just before the choice's end. `spoken`: text went before, so they begin with a blank line.
    """

    def __init__(self, refused: Mapping[Place, str], places: Collection[Place], *, spoken: bool) -> None:
        self._refused = refused
        self._left = {choice for choice, index in places if (choice, index) not in refused}
        self._says: dict[int, str] = {}
        for (choice, _), text in sorted(refused.items()):
            before = f"{self._says[choice]}\n\n" if choice in self._says else "\n\n" if spoken else ""
            self._says[choice] = before + text
        self._begun: dict[int, set[int]] = {}
        self._like: Raws = {}  # the members of the last chunk, for chunks of our own

    def events(self, events: Collection[bytes]) -> bytes:
        """The bytes that the client gets of these events. A second call goes on where the first ended."""
        return b"".join([self._event(event) for event in events])

    def end(self) -> bytes:
        """What was not said because a choice never told its end."""
        return b"".join([self._said(choice) for choice in sorted(self._says)])

    def _event(self, event: bytes) -> bytes:
        _, data = parse(event)
        if data is None:
            return event
        if data.startswith(b"[DONE]"):
            return self.end() + event
        document = _members.decode(data)
        if not _read(document.get("choices")):
            return event
        self._like = document
        choices, before, changed = [], b"", False
        for raw in _items.decode(document["choices"]):
            choice = _members.decode(raw)
            number = _read(choice.get("index")) or 0
            touched = self._take_out(choice, number)
            if _read(choice.get("finish_reason")) is not None and any(of == number for of, _ in self._refused):
                before += self._said(number)
                if number not in self._left and _read(choice["finish_reason"]) in _FOR_TOOL:
                    choice["finish_reason"], touched = _STOP, True
            choices.append(encode(choice) if touched else raw)
            changed = changed or touched
        return before + (_data(document | {"choices": _list(choices)}) if changed else event)

    def _take_out(self, choice: Raws, number: int) -> bool:
        """Take the refused pieces out of a choice's delta; whether it had any, or pieces that got another index."""
        holder = "delta" if _read(choice.get("delta")) is not None else "message"
        delta = _members.decode(choice[holder]) if _read(choice.get(holder)) is not None else {}
        begun = self._begun.setdefault(number, set())
        changed = False
        pieces = []
        for at, raw in enumerate(_items.decode(delta["tool_calls"]) if _read(delta.get("tool_calls")) else []):
            piece = _members.decode(raw)
            told = at if holder == "message" else _read(piece.get("index"))
            place = piece_place(told, begins=bool(_read(piece.get("id"))), known=len(begun))
            begun.add(place)
            if (number, place) in self._refused:
                changed = True
                continue
            moved = sum(1 for of, index in self._refused if of == number and 0 <= index < place)
            if moved and "index" in piece:
                piece["index"], changed = _raw(place - moved), True
                raw = _raw(piece)  # noqa: PLW2901
            pieces.append(raw)
        if _read(delta.get("function_call")) is not None:
            begun.add(-1)
            if (number, -1) in self._refused:
                del delta["function_call"]
                changed = True
        if changed:
            if pieces:
                delta["tool_calls"] = _list(pieces)
            else:
                delta.pop("tool_calls", None)
            choice[holder] = _raw(delta)
        return changed

    def _said(self, number: int) -> bytes:
        if number not in self._says:
            return b""
        words = {"index": number, "delta": {"content": self._says.pop(number)}, "finish_reason": None}
        return _data({k: v for k, v in self._like.items() if k != "usage"} | {"choices": [words]})


def _with(content: Any, text: str) -> Any:
    if isinstance(content, list):
        return [*content, {"type": "text", "text": text}]
    return f"{content}\n\n{text}" if content else text


def _data(document: Mapping[str, Any]) -> bytes:
    return b"data: " + encode(document) + b"\n\n"


def _list(raws: Collection[msgspec.Raw | bytes]) -> msgspec.Raw:
    return msgspec.Raw(b"[" + b",".join([bytes(raw) for raw in raws]) + b"]")


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(encode(value))


def _read(raw: msgspec.Raw | None) -> Any:
    return None if raw is None else _value.decode(raw)
