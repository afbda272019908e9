"""The captures that codec tests rest on are what this engine says today: same status, headers and shape."""

import json
from pathlib import Path
from typing import Any

import pytest

from brightline.models import EmbeddedModel
from tools.capture_embedded import CASES, CUT, FOLDER, exchange


def head_and_body(answer: bytes) -> tuple[bytes, list[str], bytes]:
    """Status line, sorted header names, body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *fields = head.split(b"\r\n")
    return status, sorted(f.split(b":")[0].decode() for f in fields), body


def shape(value: Any) -> Any:
    """The keys and types of a JSON value, without what differs from run to run."""
    match value:
        case bool():
            return "bool"
        case dict():
            return {k: shape(v) for k, v in value.items()}
        case list():
            return [shape(v) for v in value[:1]]
        case int() | float():
            return "number"  # a round number of milliseconds is written without a point
        case None | str():
            return "text"  # why it stopped differs with what was sampled
        case _:
            raise TypeError(type(value))


def sse_shapes(body: bytes) -> list[Any]:
    """The distinct shapes of a stream's events, in order of first appearance."""
    shapes: list[Any] = []
    for line in body.splitlines():
        if line.startswith(b"data: ") and not line.endswith(b"[DONE]"):
            this = shape(json.loads(line[6:]))
            if this not in shapes:
                shapes.append(this)
    return shapes


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda p: p.stem)
def test_capture_is_what_the_engine_says(engine: EmbeddedModel, path: Path) -> None:
    request, _, captured = path.read_bytes().partition(CUT)
    status, names, body = head_and_body(captured)
    now_status, now_names, now_body = head_and_body(exchange(engine.url, request))
    assert (now_status, now_names) == (status, names)
    if body.startswith(b"{"):
        assert shape(json.loads(now_body)) == shape(json.loads(body))
    else:
        assert sse_shapes(now_body) == sse_shapes(body)


def test_every_case_is_captured() -> None:
    assert {p.stem for p in FOLDER.glob("*.txt")} == {*CASES, "chat-wrong-key"}
