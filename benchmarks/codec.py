"""The codec: what decoding, forwarding, reading and answering cost, at a body of 1.5 KB and a stream of 100 chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator

from benchmarks.measure import Figure, microseconds
from brightline.gateway.codec import Api, Call, Family, Refusal, decode, forward_body, reading, refusal

WORDS = "The quarterly maintenance report of the vehicle fleet lists each item with its due date. " * 20
CHUNK: dict[str, object] = {
    "id": "chatcmpl-1SFzGem1RFNlqZ24YszOYRlnKWgD8Abk",
    "object": "chat.completion.chunk",
    "created": 1795438371,
    "model": "smollm2-135m-instruct",
    "system_fingerprint": "b0-unknown",
}
USAGE = {"prompt_tokens": 33, "completion_tokens": 100, "total_tokens": 133}


def request(turns: int, size: int, *, stream: bool = False, **more: object) -> bytes:
    """A request as the SDKs write it: a system prompt and `turns` messages of together about `size` bytes."""
    text = WORDS[: max(1, (size - 300) // turns)]
    messages = [{"role": "assistant" if turn % 2 else "user", "content": text} for turn in range(turns)]
    system = {"role": "system", "content": "You help the staff of a motor pool with reports. " * 3}
    return _pack({"model": "smollm2-135m-instruct", "messages": [system, *messages], "temperature": 0.2,
                  "max_tokens": 256, "stream": stream, "user": "g2/analyst-7", **more})  # fmt: skip


def chat_stream() -> list[bytes]:
    deltas = [{"index": 0, "delta": {"content": " word"}, "finish_reason": None}] * 100
    chunks = [{**CHUNK, "choices": [delta]} for delta in deltas]
    stop = {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    last = [stop, {**CHUNK, "choices": [], "usage": USAGE}]
    return [b"data: " + _pack(chunk) + b"\n\n" for chunk in [*chunks, *last]] + [b"data: [DONE]\n\n"]


def messages_stream() -> list[bytes]:
    text: dict[str, object] = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": " word"},
    }
    stop: dict[str, object] = {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 100},
    }
    last: list[dict[str, object]] = [stop, {"type": "message_stop"}]
    return [b"event: %b\ndata: %b\n\n" % (str(e["type"]).encode(), _pack(e)) for e in [text] * 100 + last]


def read(call: Call, chunks: list[bytes]) -> None:
    now = reading(call, "text/event-stream")
    for chunk in chunks:
        now.feed(chunk)
    now.finish()
    if not now.answer().ended:
        raise RuntimeError("the benchmark's own stream was not read to its end")


def run() -> Iterator[Figure]:
    plain = request(1, 1500)
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    spaced = json.dumps(json.loads(plain)).encode()
    call, stream = decode(Api.CHAT, plain), decode(Api.CHAT, request(1, 1500, stream=True))
    messages = decode(Api.MESSAGES, request(1, 1500, stream=True).replace(b"system", b"user"))
    long = request(50, 50_000)
    chat_chunks, messages_chunks = chat_stream(), messages_stream()
    why = {"decision": "d-1", "clauses": [{"id": "K4", "title": "No monitoring", "text": WORDS[:300]}]}

    yield Figure(f"decode {len(plain)} bytes", microseconds(lambda: decode(Api.CHAT, plain)), "µs")
    yield Figure("decode it written with spaces", microseconds(lambda: decode(Api.CHAT, spaced)), "µs")
    with_tools = request(1, 1500, tools=tools)
    yield Figure("decode it with a tool", microseconds(lambda: decode(Api.CHAT, with_tools)), "µs")
    yield Figure(f"decode 50 turns, {len(long)} bytes", microseconds(lambda: decode(Api.CHAT, long)), "µs")
    yield Figure("its new turn as text", microseconds(call.new), "µs")
    yield Figure("forward_body, nothing to change", microseconds(lambda: forward_body(call, call.model)), "µs")
    yield Figure("forward_body, upstream name and usage", microseconds(lambda: forward_body(stream, "up")), "µs")
    yield Figure("read an OpenAI stream of 100 chunks", microseconds(lambda: read(stream, chat_chunks)), "µs")
    yield Figure("read an Anthropic stream of 100 chunks", microseconds(lambda: read(messages, messages_chunks)), "µs")
    refuse = microseconds(lambda: refusal(Family.OPENAI, Refusal.DENIED, "Not on these terms.", why))
    yield Figure("encode a refusal", refuse, "µs")


def _pack(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
