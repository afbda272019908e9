"""A call of OpenAI's `/v1/chat/completions` as one of Anthropic's `/v1/messages`.

Anthropic's API must be told a bound: where the call has none it is MAX_UNBOUNDED tokens. Left out in silence:
`stream_options` (usage always comes), `store: false`, `n: 1`, zero penalties, the form "text", `detail` of an image.
"""

from __future__ import annotations

import re
from typing import Any

from brightline.gateway.translate.fields import (
    Fields,
    arguments,
    copied,
    parts,
    refuse_rest,
    text_of,
    untranslatable,
)

MAX_UNBOUNDED = 4096  # tokens of an answer to which the caller set no bound
_SAME = {
    "model": "model", "max_tokens": "max_tokens", "max_completion_tokens": "max_tokens", "temperature": "temperature",
    "top_p": "top_p", "top_k": "top_k", "stream": "stream",
}  # fmt: skip
_NOTHING: dict[str, tuple[Any, ...]] = {
    "frequency_penalty": (0,), "presence_penalty": (0,), "n": (1,), "logprobs": (False,), "store": (False,),
    "response_format": ({"type": "text"},), "logit_bias": ({},), "web_search_options": (),
}  # fmt: skip
_READ = {*_SAME, *_NOTHING, "messages", "tools", "tool_choice", "parallel_tool_calls", "stop", "stream_options", "user",
         "safety_identifier"}  # fmt: skip
_CHOICES = {"auto": "auto", "required": "any", "none": "none"}
_DATA = re.compile(r"data:([^;,]*);base64,(.*)", re.DOTALL)


def request(fields: Fields) -> dict[str, Any]:
    """The fields of the messages call. Raises CallError (400 `not_translated`) naming what has no place there."""
    refuse_rest(fields, _READ)
    for name, silent in _NOTHING.items():
        if fields.get(name) is not None and fields[name] not in silent:
            raise untranslatable(name, name)
    made = {"max_tokens": MAX_UNBOUNDED, **copied(fields, _SAME)}
    system, messages = _messages(fields["messages"])
    if system:
        made["system"] = system
    made["messages"] = messages
    if (stop := fields.get("stop")) is not None:
        made["stop_sequences"] = [stop] if type(stop) is str else stop
    if fields.get("tools"):
        made["tools"] = [_tool(tool, f"tools[{n}]") for n, tool in enumerate(fields["tools"])]
        made |= _choice(fields)
    user = fields.get("safety_identifier") or fields.get("user")
    return made | ({"metadata": {"user_id": user}} if user else {})


def _messages(given: list[Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    system: list[dict[str, Any]] = []
    made: list[dict[str, Any]] = []
    results: list[dict[str, Any]] | None = None  # those of the answer before: they stand in one message
    for n, message in enumerate(given):
        place = f"messages[{n}]"
        role = message["role"]
        if role == "tool":
            if results is None:
                results = []
                made.append({"role": "user", "content": results})
            results.append(_result(message, place))
            continue
        results = None
        if role in ("system", "developer"):
            if made:
                raise untranslatable("a system prompt behind the first turn", place)
            refuse_rest(message, ("role", "content"), place)
            system += [_text(part, at) for part, at in parts(message.get("content"), f"{place}.content")]
        elif role == "user":
            refuse_rest(message, ("role", "content"), place)
            content = [_part(part, at) for part, at in parts(message.get("content"), f"{place}.content")]
            made.append({"role": "user", "content": content})
        elif role == "assistant":
            made.append({"role": "assistant", "content": _assistant(message, place)})
        else:
            raise untranslatable(f"a message of role {role}", place)
    if not made:
        raise untranslatable("a conversation of a system prompt alone", "messages")
    return system, made


def _assistant(message: Fields, place: str) -> list[dict[str, Any]]:
    refuse_rest(message, ("role", "content", "refusal", "tool_calls", "annotations"), place)
    content = []
    for part, at in parts(message.get("content"), f"{place}.content"):
        refused = part.get("type") == "refusal"
        content.append({"type": "text", "text": str(part.get("refusal"))} if refused else _text(part, at))
    if message.get("refusal"):
        content.append({"type": "text", "text": str(message["refusal"])})
    for call, at in parts(message.get("tool_calls"), f"{place}.tool_calls"):
        if type(call) is not dict or type(call.get("function")) is not dict:
            raise untranslatable("a call whose input is free text", at)
        function = call["function"]
        about = {"id": call.get("id"), "name": function.get("name")}
        content.append({"type": "tool_use", **about, "input": arguments(function.get("arguments"), at)})
    return content


def _result(message: Fields, place: str) -> dict[str, Any]:
    refuse_rest(message, ("role", "content", "tool_call_id"), place)
    content = [_text(part, at) for part, at in parts(message.get("content"), f"{place}.content")]
    return {"type": "tool_result", "tool_use_id": message.get("tool_call_id"), "content": content}


def _text(part: Fields, place: str) -> dict[str, Any]:
    if part.get("type") != "text":
        raise untranslatable(f"a part of type {str(part.get('type'))[:40]}", place)
    return {"type": "text", "text": text_of(part, place)}


def _part(part: Fields, place: str) -> dict[str, Any]:
    match part.get("type"):
        case "image_url":
            image = part.get("image_url")
            url = image.get("url") if type(image) is dict else image
            return {"type": "image", "source": _source(url, place, linked=True)}
        case "file":
            held = part.get("file")
            held = held if type(held) is dict else {}
            refuse_rest(held, ("filename", "file_data"), place)
            title = {"title": held["filename"]} if held.get("filename") else {}
            return {"type": "document", "source": _source(held.get("file_data"), place, linked=False), **title}
        case _:
            return _text(part, place)


def _source(url: Any, place: str, *, linked: bool) -> dict[str, Any]:
    inline = _DATA.fullmatch(url) if type(url) is str else None
    if inline is not None:
        return {"type": "base64", "media_type": inline[1], "data": inline[2]}
    if linked and type(url) is str and url.startswith(("http://", "https://")):
        return {"type": "url", "url": url}
    raise untranslatable("what is neither a data: URL in base64 nor a link", place)


def _tool(tool: Fields, place: str) -> dict[str, Any]:
    function = tool.get("function")
    if type(function) is not dict:
        raise untranslatable("a tool whose input is free text", place)
    refuse_rest(function, ("name", "description", "parameters", "strict"), place)
    made = copied(function, {"name": "name", "description": "description", "strict": "strict"})
    return {**made, "input_schema": function.get("parameters") or {"type": "object", "properties": {}}}


def _choice(fields: Fields) -> dict[str, Any]:
    choice, alone = fields.get("tool_choice"), fields.get("parallel_tool_calls") is False
    if choice is None and not alone:
        return {}
    made: dict[str, Any] = {"type": "auto"}
    if type(choice) is dict:
        function = choice.get("function")
        if choice.get("type") != "function" or type(function) is not dict:
            raise untranslatable("this choice", "tool_choice")
        made = {"type": "tool", "name": function.get("name")}
    elif choice is not None:
        if type(choice) is not str or choice not in _CHOICES:
            raise untranslatable("this choice", "tool_choice")
        made = {"type": _CHOICES[choice]}
    return {"tool_choice": made | ({"disable_parallel_tool_use": True} if alone else {})}
