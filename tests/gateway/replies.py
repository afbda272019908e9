"""What a scripted upstream answers on the Responses API and on those without turns, in the shape of OpenAI's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

TEXT = "Rosters matter."
Call = tuple[str, str, str]  # id, name, arguments


def message(text: str, at: int = 0, *, refusal: bool = False) -> dict[str, Any]:
    part = {"type": "refusal", "refusal": text} if refusal else {"type": "output_text", "text": text, "annotations": []}
    return {"id": f"msg_{at}", "type": "message", "role": "assistant", "status": "completed", "content": [part]}


def function_call(call: Call, at: int) -> dict[str, Any]:
    of, name, arguments = call
    about = {"id": f"fc_{at}", "type": "function_call", "status": "completed"}
    return {**about, "call_id": of, "name": name, "arguments": arguments}


def response(text: str = TEXT, calls: Sequence[Call] = (), **more: Any) -> dict[str, Any]:
    output = [message(text)] + [function_call(call, at) for at, call in enumerate(calls, 1)]
    usage: dict[str, Any] = {"input_tokens": 11, "output_tokens": 3, "total_tokens": 14}
    usage |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    about = {"id": "resp_1", "object": "response", "created_at": 1, "model": "tiny", "status": "completed"}
    about |= {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True, "error": None}
    return {**about, "output": output, "usage": usage, **more}


def documents(text: str = TEXT, calls: Sequence[Call] = (), piece: int = 1 << 20) -> list[dict[str, Any]]:
    """A stream's events, numbered."""
    whole = response(text, calls)
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    out: list[dict[str, Any]] = [
        {"type": f"response.{state}", "response": begun} for state in ("created", "in_progress")
    ]
    said, *asked = whole["output"]
    inner = {"item_id": said["id"], "output_index": 0, "content_index": 0}
    part = said["content"][0]
    out += [
        {"type": "response.output_item.added", "output_index": 0, "item": {**said, "content": []}},
        {"type": "response.content_part.added", **inner, "part": {**part, "text": ""}},
        *[{"type": "response.output_text.delta", **inner, "delta": t, "logprobs": []} for t in pieces(text)],
        {"type": "response.output_text.done", **inner, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **inner, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": said},
    ]
    for at, item in enumerate(asked, 1):
        of = {"item_id": item["id"], "output_index": at}
        empty = {**item, "arguments": "", "status": "in_progress"}
        out.append({"type": "response.output_item.added", "output_index": at, "item": empty})
        arguments = item["arguments"]
        for start in range(0, len(arguments), piece):
            delta = arguments[start : start + piece]
            out.append({"type": "response.function_call_arguments.delta", **of, "delta": delta})
        out.append({"type": "response.function_call_arguments.done", **of, "arguments": arguments})
        out.append({"type": "response.output_item.done", "output_index": at, "item": item})
    out.append({"type": "response.completed", "response": whole})
    return [{**event, "sequence_number": n} for n, event in enumerate(out)]


def pieces(text: str) -> list[str]:
    """Words, each with the space before it."""
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)]


def events(text: str = TEXT, calls: Sequence[Call] = (), piece: int = 1 << 20) -> list[bytes]:
    return [written(document) for document in documents(text, calls, piece)]


def written(document: dict[str, Any]) -> bytes:
    return f"event: {document['type']}\ndata: {json.dumps(document)}\n\n".encode()


def completion(text: str = TEXT, finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
    usage = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}
    about = {"id": "c1", "object": "text_completion", "created": 1, "model": "tiny"}
    return {**about, "choices": [choice], "usage": usage, **more}


def completion_events(text: str = TEXT) -> list[bytes]:
    words = [completion(piece, None, usage=None) for piece in pieces(text)]
    told = [*words, completion("", usage=None), completion("") | {"choices": []}]
    return [f"data: {json.dumps(document)}\n\n".encode() for document in told] + [b"data: [DONE]\n\n"]


def embeddings() -> dict[str, Any]:
    data = [{"object": "embedding", "index": 0, "embedding": [2, -1]}]
    return {"object": "list", "data": data, "model": "tiny", "usage": {"prompt_tokens": 11, "total_tokens": 11}}
