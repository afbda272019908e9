"""What the embedded model's server really says: raw requests and answers, for tests of the codecs.

`python -m tools.capture_embedded` writes tests/gateway/captures/*.txt: the request's bytes, the line CUT, then the
answer's bytes as they came (chunked framing and all). Nothing is tidied but the key.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from brightline.models import EmbeddedModel

FOLDER = Path(__file__).parent.parent / "tests/gateway/captures"
CUT = b"\n-----8<----- answer -----8<-----\n"
KEY = "capture-key"
HELLO = [{"role": "user", "content": "Say hello."}]
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
GREEDY = {"temperature": 0}  # the same words on every run, as far as the machine allows
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}

CASES: dict[str, tuple[str, Any]] = {
    "chat": (CHAT, {"model": "m", "messages": HELLO, "max_tokens": 12}),
    "chat-cut-short": (CHAT, {"model": "m", "messages": HELLO, "max_tokens": 2}),
    "chat-two-choices": (CHAT, {"model": "m", "messages": HELLO, "max_tokens": 3, "n": 2}),
    "chat-stream": (CHAT, {"model": "m", "messages": HELLO, "max_tokens": 8, "stream": True}),
    "chat-stream-usage": (
        CHAT,
        {"model": "m", "messages": HELLO, "max_tokens": 8, "stream": True, "stream_options": {"include_usage": True}},
    ),
    "chat-tools": (
        CHAT,
        {
            "model": "m", "messages": HELLO, "max_tokens": 12,
            "tools": [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}],
        },
    ),
    "chat-schema": (
        CHAT,
        {
            "model": "m", "messages": HELLO, "max_tokens": 24,
            "response_format": {"type": "json_schema", "json_schema": {"name": "w", "schema": WEATHER}},
        },
    ),
    "chat-no-messages": (CHAT, {"model": "m"}),
    "chat-messages-text": (CHAT, {"model": "m", "messages": "hello"}),
    "chat-bad-role": (CHAT, {"model": "m", "messages": [{"role": 7, "content": "x"}]}),
    "chat-image": (
        CHAT,
        {"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
    ),
    "chat-bad-json": (CHAT, b'{"model": "m", "messages": ['),
    "chat-too-long": (CHAT, {"model": "m", "messages": [{"role": "user", "content": "word " * 5000}]}),
    "chat-too-long-stream": (
        CHAT, {"model": "m", "stream": True, "messages": [{"role": "user", "content": "word " * 5000}]}
    ),
    "messages": (MESSAGES, {"model": "m", "max_tokens": 12, "messages": HELLO}),
    "messages-cut-short": (MESSAGES, {"model": "m", "max_tokens": 2, "messages": HELLO}),
    "messages-stream": (MESSAGES, {"model": "m", "max_tokens": 8, "messages": HELLO, "stream": True}),
    "messages-system": (
        MESSAGES,
        {
            "model": "m", "max_tokens": 8, "system": [{"type": "text", "text": "Be brief."}],
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Say hello."}]}],
        },
    ),
    "messages-tools": (
        MESSAGES,
        {"model": "m", "max_tokens": 12, "messages": HELLO, "tools": [{"name": "weather", "input_schema": WEATHER}]},
    ),
    "messages-no-messages": (MESSAGES, {"model": "m", "max_tokens": 4}),
    "messages-no-max-tokens": (MESSAGES, {"model": "m", "messages": HELLO, "stop_sequences": ["."]}),
    "messages-bad-json": (MESSAGES, b"{"),
    "messages-too-long": (
        MESSAGES, {"model": "m", "max_tokens": 4, "messages": [{"role": "user", "content": "word " * 5000}]}
    ),
    "count-tokens": ("/v1/messages/count_tokens", {"model": "m", "messages": HELLO}),
    "responses": ("/v1/responses", {"model": "m", "input": "Say hello.", "max_output_tokens": 8}),
    "responses-stream": (
        "/v1/responses", {"model": "m", "input": "Say hello.", "max_output_tokens": 8, "stream": True}
    ),
    "embeddings": ("/v1/embeddings", {"model": "m", "input": "hello"}),
    "models": ("/v1/models", None),
    "metrics": ("/metrics", None),
    "health": ("/health", None),
    "not-found": ("/v1/nothing", None),
}  # fmt: skip


def request(path: str, body: Any, key: str) -> bytes:
    """One HTTP/1.1 request that asks the server to close the connection after its answer."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body | GREEDY).encode()
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", "Host: embedded", "Connection: close"]
    lines += [f"Authorization: Bearer {key}"] + (["anthropic-version: 2023-06-01"] if path.startswith(MESSAGES) else [])
    lines += [] if body is None else ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    return "\r\n".join([*lines, "", ""]).encode() + data


def exchange(url: str, raw: bytes) -> bytes:
    """Everything that comes back until the server closes."""
    host, port = url.removeprefix("http://").split(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=60) as line:
        line.sendall(raw)
        while more := line.recv(65536):
            answer += more
    return answer


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with EmbeddedModel(api_key=KEY) as engine:
        for name, (path, body) in CASES.items():
            raw = request(path, body, KEY)
            (FOLDER / f"{name}.txt").write_bytes(raw + CUT + exchange(engine.url, raw))
        raw = request(CHAT, CASES["chat"][1], "wrong-key")
        (FOLDER / "chat-wrong-key.txt").write_bytes(raw + CUT + exchange(engine.url, raw))


if __name__ == "__main__":
    main()
