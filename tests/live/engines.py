"""An engine that counts as llama.cpp does: what it is asked for and answers, and /metrics that tells it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from brightline.gateway.wire import Reply, Request
from tests.gateway.scripts import JSON

TEXT = "llamacpp:prompt_tokens_total {}\nllamacpp:prompt_tokens_cached_total {}\nllamacpp:tokens_predicted_total {}\n"


@dataclass
class Engine:
    """`prompt`, `answer`: the tokens of each call."""

    prompt: int = 400
    answer: int = 100
    inputs: int = 0
    outputs: int = 0
    calls: int = 0

    async def __call__(self, request: Request, reply: Reply) -> None:
        if request.path == b"/metrics":
            cached = self.inputs // 3
            text = TEXT.format(self.inputs - cached, cached, self.outputs)
            reply.send(200, [(b"content-type", b"text/plain")], text.encode())
            return
        self.calls += 1
        self.inputs += self.prompt
        self.outputs += self.answer
        message = {"role": "assistant", "content": "It is so."}
        body = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "tiny-on-upstream",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": self.prompt, "completion_tokens": self.answer, "total_tokens": 500},
        }
        reply.send(200, JSON, json.dumps(body).encode())
