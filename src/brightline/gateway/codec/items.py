"""The input of OpenAI's `/v1/responses` as turns: messages as they are, calls and results as chat would write them.

Law: turn i is item i, and every string of the item stands in it. What the call would rest on and does not carry (an
earlier response, a conversation, an item by its id: state kept by the model server, which nobody here decided on) is
refused, and so is an item of a tool that the model server runs. Source: the openai SDK's `response_input_item_param`.
"""

from __future__ import annotations

from typing import Any

from brightline.errors import CallError
from brightline.gateway.codec.body import refuse_lookalikes

Turn = dict[str, Any]

_ROLES = frozenset({"assistant", "developer", "system", "user"})
# item type -> its members that name the call, the tool and what it is called with
_CALLS = {"function_call": ("function", "arguments"), "custom_tool_call": ("custom", "input")}
_RESULTS = frozenset({"custom_tool_call_output", "function_call_output"})
_MEMBERS = frozenset({
    "arguments", "call_id", "content", "encrypted_content", "input", "name", "output", "role", "summary", "type",
})  # fmt: skip
_OF_TURN = frozenset({"content", "function_call", "role", "tool_call_id", "tool_calls"})
_SEND_IT = "send the whole conversation in `input`: what the model server keeps was not decided here"


def turns(fields: dict[str, Any]) -> list[Turn]:
    """The turns of a request whose fields have the types of `shapes.Responses`. Raises CallError naming the item."""
    for name in ("previous_response_id", "conversation"):
        if fields.get(name) is not None:
            raise CallError("it rests on what the model server keeps", code="kept_upstream", place=name, cure=_SEND_IT)
    if fields.get("store"):
        cure = "leave it out: the gateway asks for store = false, and keeps the record itself"
        raise CallError("the model server would keep the answer", code="kept_upstream", place="store", cure=cure)
    if fields.get("background"):
        cure = "leave it out; with stream = true a long answer comes as it is made"
        raise CallError("its answer would not come back here", code="kept_upstream", place="background", cure=cure)
    given = fields["input"]
    if type(given) is str:
        return [{"role": "user", "content": given}]
    return [_turn(item, f"input[{index}]") for index, item in enumerate(given)]


def first_new(made: list[Turn]) -> int:
    """Index of the first of the new turns: after the last of the assistant's, a prefill at the end not counted.

    A call whose result stands behind it ends no turn: an answer has an item for each of its calls, and clients put the
    results behind each or behind all of them. So rounds of calls with no other word between them are new together.
    """
    start = len(made)
    while start and made[start - 1]["role"] == "assistant":
        start -= 1
    answered: set[Any] = set()
    while start:
        turn = made[start - 1]
        if turn["role"] == "tool":
            answered.add(turn["tool_call_id"])
        elif turn["role"] == "assistant" and not ("tool_calls" in turn and turn["tool_calls"][0]["id"] in answered):
            break
        start -= 1
    return start


def _turn(item: Turn, place: str) -> Turn:
    kind = item.get("type")
    if kind is None and "role" in item:
        kind = "message"
    if type(kind) is not str:
        raise _unknown(kind, place) if kind is None else _bad("type", place)
    refuse_lookalikes(item, _MEMBERS, place)
    if kind in _CALLS:
        holder, said = _CALLS[kind]
        of, name, text = (_text(item, member, place) for member in ("call_id", "name", said))
        call = {"id": of, holder: {"name": name, said: text}}
        return {"role": "assistant", "tool_calls": [call], **_rest(item, {"type", "call_id", "name", said})}
    if kind in _RESULTS:
        of, output = _text(item, "call_id", place), item.get("output")
        if type(output) is not str and type(output) is not list:
            raise _bad("output", place)
        return {"role": "tool", "tool_call_id": of, "content": output, **_rest(item, {"type", "call_id", "output"})}
    if kind in ("reasoning", "compaction"):
        return _thought(item, place)
    if kind != "message":
        raise _unknown(kind, place)
    role = item.get("role")
    if type(role) is not str or role not in _ROLES or type(item.get("content")) not in (str, list):
        raise _bad("role, or its content,", place)
    return item


def _thought(item: Turn, place: str) -> Turn:
    """What the model thought, or what a conversation was pressed into: words, and a part that its vendor sealed."""
    parts: list[Any] = []
    for member in ("summary", "content"):
        told = item.get(member)
        if told is not None and type(told) is not list:
            raise _bad(member, place)
        parts += told or []
    if item.get("encrypted_content") is not None:
        parts.append({"type": "redacted_thinking", "data": item["encrypted_content"]})
    return {"role": "assistant", "content": parts, **_rest(item, {"type", "summary", "content", "encrypted_content"})}


def _rest(item: Turn, read: set[str]) -> Turn:
    """What else stands in an item, under names that mean nothing in a turn."""
    return {f"item.{n}" if n in _OF_TURN else n: value for n, value in item.items() if n not in read}


def _text(item: Turn, member: str, place: str) -> str:
    value = item.get(member)
    if type(value) is not str:
        raise _bad(member, place)
    return value


def _bad(member: str, place: str) -> CallError:
    return CallError(f"{member} is missing or of the wrong type", place=place, cure="see the API's reference")


def _unknown(kind: object, place: str) -> CallError:
    if kind == "item_reference" or kind is None:
        return CallError("it rests on what the model server keeps", code="kept_upstream", place=place, cure=_SEND_IT)
    cure = "send messages, reasoning, and the calls and results of tools that your own program runs"
    return CallError("an item of a kind not decided here", status=501, code="item_not_governed", place=place, cure=cure)
