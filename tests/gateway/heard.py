"""What a client makes of an answer, on any API, streamed or whole."""

from __future__ import annotations

import json
from typing import Any

from tests.gateway.calling import CHAT, RESPONSES
from tests.gateway.plain import Got


class Heard:
    """Text, calls as (id, name, arguments), why it stopped, an error."""

    def __init__(self, got: Got, path: str, *, stream: bool) -> None:
        self.text = ""
        self.calls: Any = []
        self.finish: Any = None
        self.error: Any = None
        lines = [line[6:] for line in got.body.split(b"\n") if line.startswith(b"data: {")]
        documents = [json.loads(line) for line in lines] if stream and got.status == 200 else [got.json]
        for n, document in enumerate(documents):
            if document.get("error"):
                self.error = document
            elif path == CHAT:
                self._chat(document)
            elif path == RESPONSES:
                assert not stream or document["sequence_number"] == n, "numbers have no gap"
                self._response(document)
            else:
                self._message(document)
        self.calls = [(c[0], c[1], json.loads(c[2] or "{}")) for c in self.calls]

    def _chat(self, document: Any) -> None:
        for choice in document["choices"]:
            said = choice.get("delta") or choice.get("message") or {}
            self.text += said.get("content") or ""
            for at, piece in enumerate(said.get("tool_calls") or ()):
                place = piece.get("index", at)
                assert place <= len(self.calls), "indices have no gap"
                if place == len(self.calls):
                    self.calls.append([piece["id"], piece["function"]["name"], ""])
                self.calls[place][2] += piece["function"]["arguments"]
            self.finish = choice.get("finish_reason") or self.finish

    def _message(self, document: Any) -> None:
        blocks = document.get("content") or ([document["content_block"]] if "content_block" in document else [])
        for block in blocks:
            if block["type"] == "tool_use":
                self.calls.append([block["id"], block["name"], json.dumps(block["input"]) if block["input"] else ""])
            else:
                self.text += ("\n\n" if self.text else "") + block["text"]
        delta = document.get("delta") or {}
        self.text += delta.get("text", "")
        if "partial_json" in delta:
            self.calls[-1][2] += delta["partial_json"]
        reason = document.get("stop_reason") or delta.get("stop_reason")
        self.finish = {"tool_use": "tool_calls", "end_turn": "stop"}.get(reason, self.finish)

    def _response(self, document: Any) -> None:
        """By the deltas; the response at the end must then say the same."""
        told = self.text, [list(call) for call in self.calls]
        match document.get("type"):
            case "response.output_item.added" if document["item"]["type"] == "function_call":
                item = document["item"]
                self.calls.append([item["call_id"], item["name"], item["arguments"]])
            case "response.output_item.added" if document["output_index"]:
                self.text += "\n\n"
            case "response.output_text.delta":
                self.text += document["delta"]
            case "response.function_call_arguments.delta":
                self.calls[-1][2] += document["delta"]
            case "response.completed" | None:
                output = document.get("response", document)["output"]
                calls = [i for i in output if i["type"] == "function_call"]
                self.calls = [[i["call_id"], i["name"], i["arguments"]] for i in calls]
                self.text = "\n\n".join(i["content"][0].get("text", "") for i in output if i["type"] == "message")
                assert "type" not in document or told == (self.text, self.calls)
                self.finish = "tool_calls" if calls else "stop"
