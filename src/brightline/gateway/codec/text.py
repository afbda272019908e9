"""The text of a conversation in pieces, and what in it is not text.

A turn is {"role", "content": text or a list of typed parts, …} in both families, and what other APIs have is put into
that form (`Call.turns`), so one walk serves all.
Law: every string and every free key that a model could read is in exactly one piece; only inline media data (base64 of
a counted part) is left out. Unknown fields and part types are read like any other text, so nothing hides in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec


class Role(StrEnum):
    """Who speaks. `TOOL` is a tool's result; `DEFINITION` is what stands beside the messages: tools, schemas, and any
    other field with text in it."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    DEFINITION = "definition"


class Piece(msgspec.Struct, frozen=True, gc=False):
    """Text of one speaker; `message` is its index in `Call.turns`, or -1 for what stands beside them."""

    role: Role
    text: str
    message: int


class Kind(StrEnum):
    """What a content part is, where it is not text that the gateway can read."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    FILE = "file"
    OPAQUE = "opaque"  # sealed by the vendor: redacted thinking
    OTHER = "other"


ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
    "function": Role.TOOL,
}
# part type -> its kind, and where its inline data stands: (field, field within)
_MEDIA = {
    "image_url": (Kind.IMAGE, "image_url", "url"),
    "input_image": (Kind.IMAGE, "image_url", "url"),
    "image": (Kind.IMAGE, "source", "data"),
    "input_audio": (Kind.AUDIO, "input_audio", "data"),
    "audio_url": (Kind.AUDIO, "audio_url", "url"),
    "video_url": (Kind.VIDEO, "video_url", "url"),
    "file": (Kind.FILE, "file", "file_data"),
    "input_file": (Kind.FILE, "", "file_data"),
    "document": (Kind.FILE, "source", "data"),
    "container_upload": (Kind.FILE, "", ""),
    "redacted_thinking": (Kind.OPAQUE, "", ""),
}
# parts that are text or structure, and so are read as text instead of counted
_READ = frozenset({
    "bash_code_execution_tool_result", "code_execution_tool_result", "input_text", "mcp_tool_result", "mcp_tool_use",
    "output_text", "reasoning_text", "refusal", "search_result", "server_tool_use", "summary_text", "text",
    "text_editor_code_execution_tool_result", "thinking", "tool_reference", "tool_result", "tool_search_tool_result",
    "tool_use", "web_fetch_tool_result", "web_search_tool_result",
})  # fmt: skip
_TYPES = _READ | _MEDIA.keys()
# keys that every such request has: naming them in a piece would only be noise
_STRUCTURE = frozenset({
    "additionalProperties", "arguments", "cache_control", "content", "data", "description", "detail", "file",
    "format", "function", "id", "image_url", "input", "input_audio", "input_schema", "is_error", "media_type", "name",
    "parameters", "properties", "required", "role", "signature", "source", "strict", "text", "thinking",
    "tool_call_id", "tool_calls", "tool_use_id", "type", "url",
})  # fmt: skip
# Fields with text that no model reads. `reasoning_effort` and the like are not among them: templates print them.
_STEERING = frozenset({
    "encoding_format", "inference_geo", "metadata", "model", "prompt_cache_key", "prompt_cache_retention",
    "safety_identifier", "service_tier", "speed", "stream_options", "user", "user_profile_id",
})  # fmt: skip
_PLAIN_TYPES = frozenset({
    "array", "base64", "boolean", "custom", "ephemeral", "function", "integer", "message", "null", "number", "object",
    "string", "url",
})  # fmt: skip
_SILENT = _TYPES | _PLAIN_TYPES


def first_new(turns: list[dict[str, Any]]) -> int:
    """Index of the first of the new turns: after the last assistant turn, a prefill at the end not counted."""
    start = len(turns)
    while start and turns[start - 1]["role"] == "assistant":
        start -= 1
    while start and turns[start - 1]["role"] != "assistant":
        start -= 1
    return start


def new(fields: dict[str, Any], turns: list[dict[str, Any]], start: int, spoken: tuple[str, ...]) -> Iterator[Piece]:
    """The pieces of the turns from `start` on; where that is 0, of the whole request."""
    if start == 0:
        yield from whole(fields, turns, spoken)
        return
    for index in range(start, len(turns)):
        yield from _message(turns[index], index)


def whole(fields: dict[str, Any], turns: list[dict[str, Any]], spoken: tuple[str, ...]) -> Iterator[Piece]:
    """Every piece of the request: the system prompt, the turns in order, then what else stands beside them."""
    for name in spoken[1:]:
        if fields.get(name):
            yield from _piece(Role.SYSTEM, strings(fields[name]), -1)
    for index, turn in enumerate(turns):
        yield from _message(turn, index)
    for name, value in fields.items():
        if (
            name not in _STEERING
            and name not in spoken
            and (type(value) is str or type(value) is list or type(value) is dict)
        ):
            yield from _piece(Role.DEFINITION, strings(value), -1)


def parts(content: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every part of a content list, those within tool results and documents too."""
    for part in content:
        yield part
        inner = part.get("source") if part.get("type") == "document" else part
        nested = inner.get("content") if type(inner) is dict else None
        if type(nested) is list:
            yield from parts([item for item in nested if type(item) is dict])


def kind(part: dict[str, Any]) -> tuple[Kind, bool] | None:
    """A part's kind and whether its content lies elsewhere; None where the part is text."""
    name = part.get("type")
    if type(name) is not str or name not in _TYPES:
        return Kind.OTHER, False
    if name in _READ:
        return None
    source = part.get("source")
    if name == "document" and type(source) is dict and source.get("type") in ("text", "content"):
        return None
    return _MEDIA[name][0], name != "redacted_thinking" and inline(part) is None


def inline(part: dict[str, Any]) -> str | None:
    """The media data that a part carries in itself, or None."""
    name = part.get("type")
    if type(name) is not str or name not in _MEDIA:
        return None
    _, outer, within = _MEDIA[name]
    if not within:
        return None
    holder = part.get(outer) if outer else part
    if within == "url":  # {"url": …} or the bare text
        data = holder.get("url") if type(holder) is dict else holder
        return data if type(data) is str and data.startswith("data:") else None
    if type(holder) is not dict or (outer == "source" and holder.get("type") != "base64"):
        return None
    data = holder.get(within)
    return data if type(data) is str else None


def strings(value: Any, skip: frozenset[int] = frozenset()) -> Iterator[str]:
    """Strings and free keys of a JSON value in document order; `skip` holds ids of strings to leave out."""
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) is str:
            if item and id(item) not in skip:
                yield item
        elif type(item) is list:
            stack.extend(reversed(item))
        elif type(item) is dict:
            for key, inner in reversed(item.items()):
                if key == "type" and type(inner) is str and inner in _SILENT:
                    continue
                stack.append(inner)
                if key not in _STRUCTURE:
                    stack.append(key)


def _message(message: dict[str, Any], index: int) -> Iterator[Piece]:
    role, content = ROLES[message["role"]], message.get("content")
    if type(content) is str and len(message) == 2:  # the usual case
        if content:
            yield Piece(role, content, index)
        return
    rest = {key: value for key, value in message.items() if key != "role"}
    if type(content) is not list:
        yield from _piece(role, strings(rest), index)
        return
    # Short strings may be shared between places, so only what is long enough to be media is left out by identity.
    skip = frozenset(id(data) for part in parts(content) if len(data := inline(part) or "") > 64)
    results = [part for part in content if part.get("type") == "tool_result"]
    rest["content"] = [part for part in content if part.get("type") != "tool_result"]
    yield from _piece(Role.TOOL, strings(results, skip), index)
    yield from _piece(role, strings(rest, skip), index)


def _piece(role: Role, texts: Iterator[str], index: int) -> Iterator[Piece]:
    if text := "\n".join(texts):
        yield Piece(role, text, index)
