"""The one part of the demo that is made up in place of a model: a server that asks for tools.

The embedded model has 135 million parameters and asks for no tool reliably. So where a call offers a tool, this server
asks for it, with fixed arguments; everything that judges the call is real.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ARGUMENTS = {"task_drone": {"drone": "R-2", "holding_point": "NORTH"}, "close_track": {"track": "T-17"}}


class _Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(_chat(asked) if "chat" in self.path else _message(asked)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Nothing: the gateway's own log tells the story."""


def _chat(asked: dict[str, Any]) -> dict[str, Any]:
    name = asked["tools"][0]["function"]["name"]
    call = {"name": name, "arguments": json.dumps(ARGUMENTS[name])}
    message = {"role": "assistant", "content": None}
    message["tool_calls"] = [{"id": "call_1", "type": "function", "function": call}]  # type: ignore[assignment]
    choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
    usage = {"prompt_tokens": 60, "completion_tokens": 20, "total_tokens": 80}
    about = {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": asked["model"]}
    return about | {"choices": [choice], "usage": usage}


def _message(asked: dict[str, Any]) -> dict[str, Any]:
    name = asked["tools"][0]["name"]
    call = {"type": "tool_use", "id": "toolu_1", "name": name, "input": ARGUMENTS[name]}
    about = {"id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"]}
    usage = {"input_tokens": 60, "output_tokens": 20}
    return about | {"content": [call], "stop_reason": "tool_use", "stop_sequence": None, "usage": usage}


@contextmanager
def asking_for_tools() -> Iterator[str]:
    """Its URL, while it runs on a loopback port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Model)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
