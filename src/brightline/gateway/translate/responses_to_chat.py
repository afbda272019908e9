"""A call of OpenAI's `/v1/responses` as one of `/v1/chat/completions`.

What the assistant thought, where it is in clear, goes on as `reasoning_content`, which engines read and OpenAI does
not. Left out in silence: ids and states of items, `store: false`, `stream_options`, empty `include` and `reasoning`.
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
)

_SAME = {
    "model": "model", "max_output_tokens": "max_tokens", "temperature": "temperature", "top_p": "top_p",
    "stream": "stream", "parallel_tool_calls": "parallel_tool_calls", "user": "user", "top_k": "top_k",
    "safety_identifier": "safety_identifier", "prompt_cache_key": "prompt_cache_key",
}  # fmt: skip
_NOTHING: dict[str, tuple[Any, ...]] = {
    "store": (False,), "background": (False,), "include": ([],), "truncation": ("disabled",), "metadata": ({},),
    "service_tier": ("auto", "default"), "top_logprobs": (0,),
}  # fmt: skip
_READ = {*_SAME, *_NOTHING, "input", "instructions", "tools", "tool_choice", "stream_options", "text", "reasoning"}
_MEDIA = ("image_url", "detail", "file_data", "filename", "input_audio", "file_id")


def request(fields: Fields) -> dict[str, Any]:
    """The fields of the chat call. Raises CallError (400 `not_translated`) naming what has no place there."""
    refuse_rest(fields, _READ)
    for name, silent in _NOTHING.items():
        if fields.get(name) is not None and fields[name] not in silent:
            raise untranslatable(name, name)
    made = copied(fields, _SAME)
    messages: list[dict[str, Any]] = []
    if fields.get("instructions"):
        messages.append({"role": "system", "content": fields["instructions"]})
    given = fields["input"]
    if type(given) is str:
        messages.append({"role": "user", "content": given})
    else:
        _items(given, messages)
    made["messages"] = messages
    if fields.get("tools"):
        made["tools"] = [_tool(tool, f"tools[{n}]") for n, tool in enumerate(fields["tools"])]
    return made | _choice(fields.get("tool_choice")) | _form(fields.get("text")) | _effort(fields.get("reasoning"))


def _items(given: list[Any], messages: list[dict[str, Any]]) -> None:
    thought: list[str] = []
    for n, item in enumerate(given):
        place = f"input[{n}]"
        match item.get("type"):
            case "reasoning":
                thought += _thought(item, place)
                continue
            case "function_call":
                refuse_rest(item, ("type", "id", "status", "call_id", "name", "arguments"), place)
                function = {"name": item["name"], "arguments": item["arguments"]}
                call = {"id": item["call_id"], "type": "function", "function": function}
                if not messages or messages[-1]["role"] != "assistant":
                    messages.append({"role": "assistant", "content": None})
                messages[-1].setdefault("tool_calls", []).append(call)
            case "function_call_output":
                refuse_rest(item, ("type", "id", "status", "call_id", "output"), place)
                texts = [_text(part, at)["text"] for part, at in parts(item["output"], f"{place}.output")]
                content = joined(texts) if texts else ""
                messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": content})
            case "message" | None:
                refuse_rest(item, ("type", "id", "status", "role", "content", "phase"), place)
                role = "system" if item["role"] == "developer" else item["role"]
                content_ = [_part(part, at) for part, at in parts(item["content"], f"{place}.content")]
                plain = content_[0]["text"] if len(content_) == 1 and content_[0]["type"] == "text" else content_
                messages.append({"role": role, "content": plain})
            case kind:
                raise untranslatable(f"an item of type {kind}", place)
        if thought and messages[-1]["role"] == "assistant":
            messages[-1]["reasoning_content"] = "\n\n".join(thought)
            thought = []


def _thought(item: Fields, place: str) -> list[str]:
    refuse_rest(item, ("type", "id", "status", "summary", "content"), place)
    told = item.get("content") or item.get("summary")
    return [text_of(part, at) for part, at in parts(told, f"{place}.content")]


def _text(part: Fields, place: str) -> dict[str, Any]:
    match part.get("type"):
        case "text" | "input_text" | "output_text":
            return {"type": "text", "text": text_of(part, place)}
        case "refusal":
            return {"type": "text", "text": str(part.get("refusal", ""))}
        case kind:
            raise untranslatable(f"a part of type {str(kind)[:40]}", place)


def _part(part: Fields, place: str) -> dict[str, Any]:
    match part.get("type"):
        case "input_image":
            refuse_rest(part, ("type", *_MEDIA), place)
            return {"type": "image_url", "image_url": copied(part, {"image_url": "url", "detail": "detail"})}
        case "input_file":
            refuse_rest(part, ("type", *_MEDIA), place)
            held = copied(part, {"file_data": "file_data", "filename": "filename"})
            return {"type": "file", "file": held}
        case "input_audio":
            refuse_rest(part, ("type", *_MEDIA), place)
            return {"type": "input_audio", "input_audio": part.get("input_audio")}
        case _:
            return _text(part, place)


def _tool(tool: Fields, place: str) -> dict[str, Any]:
    if tool.get("type") not in (None, "function"):
        raise untranslatable("a tool whose input is free text", place)
    refuse_rest(tool, ("type", "name", "description", "parameters", "strict"), place)
    names = ("name", "description", "parameters", "strict")
    return {"type": "function", "function": copied(tool, {name: name for name in names})}


def _choice(choice: Any) -> dict[str, Any]:
    if choice is None:
        return {}
    if type(choice) is str:
        return {"tool_choice": choice}
    if table(choice, "tool_choice").get("type") != "function":
        raise untranslatable("this choice", "tool_choice")
    return {"tool_choice": {"type": "function", "function": {"name": choice.get("name")}}}


def _form(text: Fields | None) -> dict[str, Any]:
    """The form that the answer shall have."""
    if text is None:
        return {}
    refuse_rest(table(text, "text"), ("format",), "text")
    form = table(text.get("format") or {"type": "text"}, "text.format")
    if form.get("type") == "json_schema":
        schema = {name: value for name, value in form.items() if name != "type"}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    return {} if form == {"type": "text"} else {"response_format": form}


def _effort(reasoning: Fields | None) -> dict[str, Any]:
    if reasoning is None:
        return {}
    refuse_rest(table(reasoning, "reasoning"), ("effort",), "reasoning")
    return copied(reasoning, {"effort": "reasoning_effort"})
