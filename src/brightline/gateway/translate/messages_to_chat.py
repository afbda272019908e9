"""A call of Anthropic's `/v1/messages` as one of OpenAI's `/v1/chat/completions`.

Left out in silence: `cache_control`, the signatures of thinking, `thinking` where it is disabled. A tool result that
says `is_error` begins with "Error: ", since chat has no other place for it. What the assistant thought goes on as
`reasoning_content`, which engines read and OpenAI does not.
"""

from __future__ import annotations

from typing import Any

from brightline.gateway.translate.fields import (
    Fields,
    copied,
    joined,
    parts,
    refuse_rest,
    table,
    text_of,
    untranslatable,
    written,
)

_SAME = {
    "model": "model", "max_tokens": "max_tokens", "temperature": "temperature", "top_p": "top_p", "top_k": "top_k",
    "stop_sequences": "stop", "stream": "stream",
}  # fmt: skip
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def request(fields: Fields) -> dict[str, Any]:
    """The fields of the chat call. Raises CallError (400 `not_translated`) naming what has no place there."""
    known = {*_SAME, "system", "messages", "tools", "tool_choice", "metadata", "cache_control", "thinking"}
    refuse_rest(fields, known)
    thinking = fields.get("thinking")
    if thinking is not None and thinking != {"type": "disabled"}:
        raise untranslatable("thinking", "thinking")
    made = copied(fields, _SAME)
    messages: list[dict[str, Any]] = []
    system = [text_of(part, place) for part, place in parts(fields.get("system"), "system")]
    if system:
        messages.append({"role": "system", "content": joined(system)})
    for n, message in enumerate(fields["messages"]):
        messages += _message(message, f"messages[{n}]")
    made["messages"] = messages
    if fields.get("tools"):
        made["tools"] = [_tool(tool, f"tools[{n}]") for n, tool in enumerate(fields["tools"])]
    made |= _choice(fields.get("tool_choice"))
    metadata = fields.get("metadata") or {}
    refuse_rest(metadata, ("user_id",), "metadata")
    return made | copied(metadata, {"user_id": "user"})


def _message(message: Fields, place: str) -> list[dict[str, Any]]:
    refuse_rest(message, ("role", "content"), place)
    role, made = message["role"], list[dict[str, Any]]()
    content: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    thought: list[str] = []
    for part, at in parts(message.get("content"), f"{place}.content"):
        match part.get("type"), role:
            case "text", _:
                content.append({"type": "text", "text": text_of(part, at)})
            case "image", "user":
                content.append(_image(part, at))
            case "document", "user":
                content.append(_document(part, at))
            case "tool_result", "user":
                made.append(_result(part, at))
            case "tool_use", "assistant":
                refuse_rest(part, ("type", "id", "name", "input", "cache_control", "caller"), at)
                function = {"name": part.get("name"), "arguments": written(part.get("input") or {})}
                calls.append({"id": part.get("id"), "type": "function", "function": function})
            case "thinking", "assistant":
                thought.append(str(part.get("thinking", "")))
            case kind, _:
                raise untranslatable(f"a part of type {str(kind)[:40]}", at)
    plain = content[0]["text"] if len(content) == 1 and content[0]["type"] == "text" else content
    spoken: dict[str, Any] = {"role": role, "content": plain or None}
    if calls:
        spoken["tool_calls"] = calls
    if any(thought):
        spoken["reasoning_content"] = "\n\n".join(thought)
    return [*made, spoken] if len(spoken) > 2 or content or not made else made


def _result(part: Fields, place: str) -> dict[str, Any]:
    refuse_rest(part, ("type", "tool_use_id", "content", "is_error", "cache_control"), place)
    texts = []
    for inner, at in parts(part.get("content"), f"{place}.content"):
        if inner.get("type") != "text":
            raise untranslatable("a tool result that is not text", at)
        texts.append(text_of(inner, at))
    if part.get("is_error"):
        texts = [f"Error: {text}" for text in texts[:1] or [""]] + texts[1:]
    return {"role": "tool", "tool_call_id": part.get("tool_use_id"), "content": joined(texts) if texts else ""}


def _image(part: Fields, place: str) -> dict[str, Any]:
    refuse_rest(part, ("type", "source", "cache_control"), place)
    return {"type": "image_url", "image_url": {"url": _url(table(part.get("source"), place), f"{place}.source")}}


def _document(part: Fields, place: str) -> dict[str, Any]:
    refuse_rest(part, ("type", "source", "title", "cache_control"), place)
    source = table(part.get("source"), f"{place}.source")
    if source.get("type") == "text":
        title = f"{part['title']}\n\n" if part.get("title") else ""
        return {"type": "text", "text": title + str(source.get("data", ""))}
    if source.get("type") != "base64":
        raise untranslatable("a document that is neither inline nor text", place)
    name = part.get("title") or "document.pdf"
    return {"type": "file", "file": {"filename": name, "file_data": _url(source, f"{place}.source")}}


def _url(source: Fields, place: str) -> str:
    refuse_rest(source, ("type", "media_type", "data", "url"), place)
    match source.get("type"):
        case "base64":
            return f"data:{source.get('media_type', '')};base64,{source.get('data', '')}"
        case "url":
            return str(source.get("url", ""))
        case _:
            raise untranslatable("a source that is neither inline nor a URL", place)


def _tool(tool: Fields, place: str) -> dict[str, Any]:
    refuse_rest(tool, ("type", "name", "description", "input_schema", "strict", "cache_control"), place)
    if tool.get("type") not in (None, "custom"):
        raise untranslatable("a tool that Anthropic defines", place)
    names = {"name": "name", "description": "description", "input_schema": "parameters", "strict": "strict"}
    return {"type": "function", "function": copied(tool, names)}


def _choice(choice: Fields | None) -> dict[str, Any]:
    if choice is None:
        return {}
    refuse_rest(table(choice, "tool_choice"), ("type", "name", "disable_parallel_tool_use"), "tool_choice")
    alone = {"parallel_tool_calls": False} if choice.get("disable_parallel_tool_use") else {}
    if choice.get("type") == "tool":
        return {"tool_choice": {"type": "function", "function": {"name": choice.get("name")}}, **alone}
    if type(choice.get("type")) is not str or choice["type"] not in _CHOICES:
        raise untranslatable("this choice", "tool_choice")
    return {"tool_choice": _CHOICES[choice["type"]], **alone}
