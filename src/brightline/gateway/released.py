"""Tool results that come back: each belongs to a call that this gateway let go to the same actor.

Law: a result in the new turn is of a call that stands in the conversation with the name and arguments with which it
was released; a result anywhere in it is of no call that was denied. What was decided is remembered for each actor, the
last MAX_REMEMBERED calls, in memory, which a start fills out of the record (`remembered`): a result whose call is
forgotten is refused as one that was never made, and the cure is to let the model ask again. Results in the history were
checked when they were new; a client that invents a history could as well write the result into its own words.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import msgspec

from brightline.errors import CallError
from brightline.gateway.codec import Call, ToolCall

MAX_REMEMBERED = 4096  # calls of one actor
_sorted = msgspec.json.Encoder(order="sorted")
_SPEAKERS = frozenset(("assistant", "user", "system", "developer"))
_CURE = "send the conversation without this call and its result, and let the model ask again"


class Released:
    """What became of each actor's last tool calls: released, or denied."""

    def __init__(self) -> None:
        self._calls: dict[str, OrderedDict[bytes, bool]] = {}

    def note(self, actor: str, call: ToolCall, released: bool) -> None:
        """A call was released to its client, or denied. Of a call that is told twice the last stands."""
        calls = self._calls.setdefault(actor, OrderedDict())
        key = _key(call.id, call.name, call.arguments)
        calls[key] = released
        calls.move_to_end(key)
        if len(calls) > MAX_REMEMBERED:
            calls.popitem(last=False)

    def check(self, actor: str, call: Call) -> None:
        """Raise CallError 400 where a result in the conversation is not of a call that was released to this actor."""
        known = self._calls.get(actor, OrderedDict())
        made: dict[str, bytes] = {}
        for index, message in enumerate(call.turns):
            if len(message) == 2 and message["role"] in _SPEAKERS and type(message.get("content")) is str:
                continue  # the usual case
            if message["role"] == "assistant":
                made.update(_made(message))
                continue
            for place, of in _results(message):
                released = known.get(made[of]) if of in made else None
                if released is False or (released is None and index >= call.first_new):
                    said = "was denied" if released is False else "was never released here, or is forgotten"
                    raise CallError(
                        f"the call of this tool result {said}",
                        code="unreleased_tool_result",
                        place=call.place(index) + place,
                        cure=_CURE,
                    )


def _made(message: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The tool calls in an assistant's message: what results name them by, and their keys."""
    for call in _objects(message.get("tool_calls")):
        inner = call.get("function") or call.get("custom")
        if type(inner) is dict:
            of = str(call.get("id") or "")
            yield of, _key(of, str(inner.get("name")), inner.get("arguments", inner.get("input")))
    older = message.get("function_call")
    if type(older) is dict:
        yield f"function {older.get('name')}", _key("", str(older.get("name")), older.get("arguments"))
    for block in _objects(message.get("content")):
        if block.get("type") == "tool_use":
            of = str(block.get("id") or "")
            yield of, _key(of, str(block.get("name")), block.get("input"))


def _results(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The tool results in a message: where each stands, and of which call."""
    match message["role"]:
        case "tool":
            yield "", str(message.get("tool_call_id") or "")
        case "function":
            yield "", f"function {message.get('name')}"
        case _:
            content = message.get("content")
            for index, block in enumerate(content if type(content) is list else ()):
                if type(block) is dict and block.get("type") == "tool_result":
                    yield f".content[{index}]", str(block.get("tool_use_id") or "")


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if type(item) is dict] if type(value) is list else []


def _key(of: str, name: str, arguments: Any) -> bytes:
    """One key for one call, however a client writes its arguments: spaces, order of keys, `1.0` for `1`."""
    if type(arguments) is str:
        try:
            arguments = msgspec.json.decode(arguments) if arguments else {}
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            arguments = ["text", arguments]
    return hashlib.sha256(_sorted.encode([of, name, _plain(arguments if arguments is not None else {})])).digest()


def _plain(value: Any) -> Any:
    if type(value) is dict:
        return {k: _plain(v) for k, v in value.items()}
    if type(value) is list:
        return [_plain(v) for v in value]
    if type(value) is float and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
