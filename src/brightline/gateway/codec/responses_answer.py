"""Answers of OpenAI's `/v1/responses`, whole or as a stream of events.

The API tells everything up to four times: in pieces, whole at the end of a part, of an item, and of the response.
Clients read whichever they like, so a tool call must be told the same each time, or the answer is refused; words that
are told otherwise later are read again. An item or event of a kind not listed here follows the law of `additions`.

Source: the openai SDK's `types/responses`; llama.cpp leaves out `output_index` and `content_index`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brightline.errors import UpstreamError
from brightline.gateway.codec.additions import added_words
from brightline.gateway.codec.answer import Finish, Gathering, only_reading
from brightline.gateway.codec.responses_without import EventsWithout, Key, keys, whole_without

_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}  # item type -> what the tool is called with
_WORDS = {"output_text": "text", "reasoning_text": "text", "refusal": "refusal", "summary_text": "text"}
_PIECES = {
    "response.output_text": "output_text",
    "response.reasoning_summary_text": "summary_text",
    "response.reasoning_text": "reasoning_text",
    "response.refusal": "refusal",
}
_ARGUMENTS = {"response.custom_tool_call_input": "input", "response.function_call_arguments": "arguments"}
_PARTS = frozenset({
    "response.content_part.added", "response.content_part.done", "response.reasoning_summary_part.added",
    "response.reasoning_summary_part.done",
})  # fmt: skip
_ENDS = frozenset({"response.cancelled", "response.completed", "response.failed", "response.incomplete"})
_STATES = frozenset({"response.created", "response.in_progress", "response.queued"})
_NO_RESPONSE = "the model server sent no response"
_TWO_WAYS = "the model server told one tool call in two ways"


class ResponsesAnswer:
    """Reads events into a `Gathering`."""

    def __init__(self, gathering: Gathering) -> None:
        self._to = gathering
        self._said: dict[tuple[str, str, int], list[str]] = {}  # by item, kind and place of the part
        self._items: dict[Key, int] = {}  # id or place of an item -> its call's index in the gathering, -1: no call
        self._calls: dict[str, int] = {}  # what a result names a call by -> likewise

    def event(self, event: bytes, name: bytes, data: bytes) -> bytes:
        """Read one event; the client gets it as it came."""
        told = self._object(only_reading(data, self._to.limits))
        kind = told.get("type")
        if type(kind) is not str:
            if told.get("error"):
                self._to.failed(told["error"])
                return event
            raise UpstreamError(_NO_RESPONSE, sent=True)
        if name and name != kind.encode("utf-8", "replace"):
            raise UpstreamError("an event's name and its data's type differ", sent=True)
        stem, _, last = kind.rpartition(".")
        if stem in _PIECES and last in ("delta", "done"):
            self._piece(told, _PIECES[stem], last)
        elif stem in _ARGUMENTS and last in ("delta", "done"):
            self._arguments(told, _ARGUMENTS[stem], last)
        elif stem == "response.output_item" and last in ("added", "done"):
            self._item(self._object(told.get("item")), told, whole=last == "done")
        elif kind in _PARTS:
            self._part(self._object(told.get("part")), _item_id(told), _place(told))
        elif kind in _ENDS:
            self._response(self._object(told.get("response")), last)
        elif kind in _STATES:
            self._output(self._object(told.get("response")))
        elif kind == "error":
            self._to.failed(told.get("error") or {"code": told.get("code")})
        elif kind != "response.output_text.annotation.added":
            self._added(told)
        return event

    def whole(self, body: bytes) -> None:
        """Read the body of an answer that was not streamed."""
        told = self._object(only_reading(body, self._to.limits))
        if type(told.get("output")) is not list and not told.get("error"):
            raise UpstreamError(_NO_RESPONSE, sent=True)
        status = told.get("status") or "completed"
        if f"response.{status}" not in _ENDS:
            raise UpstreamError("the model server did not finish its response", sent=True)
        self._response(told, status)

    def whole_without(self, body: bytes, refused: Mapping[tuple[int, int], str]) -> bytes:
        """The body without the tool calls at these places, which say why."""
        return whole_without(body, self._named(refused))

    def events_without(self, refused: Mapping[tuple[int, int], str]) -> EventsWithout:
        """Takes them out of the events of a stream."""
        gone = {index for _, index in refused}
        return EventsWithout(self._named(refused), {key for key, index in self._items.items() if index in gone})

    def _named(self, refused: Mapping[tuple[int, int], str]) -> dict[str, str]:
        return {name: refused[0, index] for name, index in self._calls.items() if (0, index) in refused}

    def _response(self, told: dict[str, Any], status: str) -> None:
        """A response at its end."""
        to = self._to
        if told.get("error") or status in ("failed", "cancelled"):
            self._output(told)
            to.failed(told.get("error") or {"code": status})
            return
        self._output(told)
        usage = told.get("usage")
        if type(usage) is dict:
            to.input_tokens = _count(usage.get("input_tokens"))
            to.output_tokens = _count(usage.get("output_tokens"))
        details = told.get("incomplete_details")
        reason = details.get("reason") if type(details) is dict else None
        if status == "incomplete":
            finish = {"max_output_tokens": Finish.LENGTH, "content_filter": Finish.REFUSED}.get(
                reason if type(reason) is str else "", Finish.OTHER
            )
        else:
            finish = Finish.TOOL if to.tools else Finish.STOP
        to.finish(0, finish)
        to.over = True

    def _output(self, told: dict[str, Any]) -> None:
        output = told.get("output")
        if output is None:
            return
        if type(output) is not list:
            raise UpstreamError(_NO_RESPONSE, sent=True)
        for item in output:
            self._item(self._object(item), {}, whole=True)

    def _item(self, item: dict[str, Any], told: dict[str, Any], *, whole: bool) -> None:
        """An item, at its beginning or told whole."""
        kind = item.get("type")
        if type(kind) is str and kind in _CALLS:
            self._call(item, told, whole=whole)
            return
        self._named_by(told, item, -1)
        if kind in ("message", "reasoning"):
            of = _text(item, "id") or _item_id(told)
            for member in ("summary", "content"):
                parts = item.get(member)
                if parts is not None and type(parts) is not list:
                    raise UpstreamError(_NO_RESPONSE, sent=True)
                for place, part in enumerate(parts or ()):
                    self._part(self._object(part), of, place)
        elif kind != "compaction":
            self._added(item)

    def _call(self, item: dict[str, Any], told: dict[str, Any], *, whole: bool) -> None:
        to, said = self._to, _text(item, _CALLS[item["type"]])
        name = _text(item, "call_id") or _text(item, "id")
        index = self._calls.get(name)
        if index is None:
            place = told.get("output_index")
            index = place if type(place) is int else len(self._calls)
            if not name or (0, index) in to.tools:
                raise UpstreamError(_TWO_WAYS, sent=True)
            tool = to.tool(0, index)
            tool.id, tool.name = _text(item, "call_id"), _text(item, "name")
            tool.arguments += [said] if said else []
            self._calls[name] = index
            self._named_by(told, item, index)
            return
        self._named_by(told, item, index)
        tool = to.tools[0, index]
        if tool.name != _text(item, "name") or not whole:
            raise UpstreamError(_TWO_WAYS, sent=True)
        self._same(index, said)

    def _named_by(self, told: dict[str, Any], item: dict[str, Any], index: int) -> None:
        """Each place and each id names one item: a client that goes by the other one must find the same."""
        for key in keys(told, item):
            if self._items.setdefault(key, index) != index:
                raise UpstreamError(_TWO_WAYS, sent=True)

    def _arguments(self, told: dict[str, Any], member: str, last: str) -> None:
        if not self._to.offered:
            self._to.tool(0, 0)  # raises: no tool was offered
        found = {self._items.get(key) for key in keys(told, {})}
        index = found.pop() if len(found) == 1 else None
        if index is None or index < 0:
            raise UpstreamError("the model server sent input for a tool call that had not begun", sent=True)
        if last == "delta":
            self._to.tools[0, index].arguments.append(_text(told, "delta"))
        else:
            self._same(index, _text(told, member))

    def _same(self, index: int, said: str) -> None:
        """The input of a call, told whole: what its pieces said, or the first that is said of it."""
        tool = self._to.tools[0, index]
        if not any(tool.arguments):
            tool.arguments = [said]
        elif "".join(tool.arguments) != said:
            raise UpstreamError(_TWO_WAYS, sent=True)

    def _piece(self, told: dict[str, Any], kind: str, last: str) -> None:
        if last == "delta":
            said = self._said.setdefault((_item_id(told), kind, _place(told)), [])
            self._hear(_text(told, "delta"), kind, said)
        else:
            self._part({"type": kind, _WORDS[kind]: _text(told, _WORDS[kind])}, _item_id(told), _place(told))

    def _part(self, part: dict[str, Any], of: str, place: int) -> None:
        kind = part.get("type")
        if type(kind) is not str or kind not in _WORDS:
            self._added(part)
            return
        words = _text(part, _WORDS[kind])
        said = self._said.setdefault((of, kind, place), [])
        if words and "".join(said) != words:
            said.clear()
            self._hear(words, kind, said)

    def _hear(self, words: str, kind: str, said: list[str]) -> None:
        said.append(words)
        self._to.texts.append(words)
        self._to.refused = self._to.refused or (kind == "refusal" and bool(words))

    def _added(self, fields: Any) -> None:
        """What is of no known kind: its words are read, and that it was not understood is noted."""
        words = added_words(fields)
        self._to.texts += words
        self._to.understood = self._to.understood and not words

    def _object(self, value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise UpstreamError(_NO_RESPONSE, sent=True)
        return value


def _item_id(told: dict[str, Any]) -> str:
    return _text(told, "item_id") or str(told.get("output_index"))


def _place(told: dict[str, Any]) -> int:
    place = told.get("content_index", told.get("summary_index"))
    return place if type(place) is int else 0


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is not None and type(value) is not str:
        raise UpstreamError(_NO_RESPONSE, sent=True)
    return value or ""


def _count(value: Any) -> int | None:
    return value if type(value) is int else None
