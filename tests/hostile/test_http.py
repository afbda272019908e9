"""The corpus of hostile HTTP: each file is answered as http/VERDICTS says, and nothing reaches the upstream altered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h11
import pytest

from brightline.errors import CallError
from brightline.gateway.wire import Request
from brightline.gateway.wire.reading import Held, Reading
from brightline.record.body import DecisionBody, OutcomeBody
from tests.gateway.stage import KEY
from tests.gateway.wire.rig import Client
from tests.hostile.house import LIMITS, House, house, verdicts

FOLDER = Path(__file__).parent / "http"
VERDICTS = verdicts(FOLDER)
FORWARDED = ("forwarded", "forwarded-smuggled")
PASSED_ON = {b"accept", b"anthropic-version", b"anthropic-beta", b"openai-beta"}
OURS = {b"host", b"accept-encoding", b"content-type", b"authorization", b"content-length"}


@pytest.fixture(scope="module")
def gateway() -> Iterator[House]:
    with house() as made:
        yield made


def test_each_file_has_a_verdict_and_each_verdict_a_file() -> None:
    assert {path.stem if path.suffix == ".http" else path.name for path in FOLDER.iterdir()} == {*VERDICTS, "VERDICTS"}


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict(gateway: House, name: str) -> None:
    gateway.forget()
    data, verdict = (FOLDER / f"{name}.http").read_bytes(), VERDICTS[name]
    # 1. the answers, in order, and what becomes of the connection
    with Client(gateway.address) as client:
        client.send(data)
        for word, status in verdict.answers:
            told = read_answer(client, head_only=word == "answered-head")
            assert told == (word.split("-")[0], status), name
        if verdict.closes:
            assert client.rest() == b""
        else:
            client.send(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
            assert read_answer(client) == ("answered", 200)
    # 2. what the upstream got, byte by byte
    forwarded = [word for word, _ in verdict.answers if word in FORWARDED]
    assert len(gateway.upstream.requests) == len(forwarded)
    bodies = [forwarded_body(raw) for raw in gateway.upstream.requests]
    assert [b"smuggled" in raw for raw in gateway.upstream.requests] == [w == "forwarded-smuggled" for w in forwarded]
    # 3. what the client asked for, by another parser; and each was decided, and is settled
    if forwarded:
        assert bodies == asked(data, len(forwarded))
    kinds = [type(draft.body) for draft in gateway.recorder.drafts]
    denied = sum(status == 403 for _, status in verdict.answers)
    assert (kinds.count(DecisionBody), kinds.count(OutcomeBody)) == (len(forwarded) + denied, len(forwarded))


def read_answer(client: Client, *, head_only: bool = False) -> tuple[str, int]:
    """What answered, and with which status: a call, the gateway itself, or the data plane's refusal."""
    lines = client.until(b"\r\n\r\n")[:-4].split(b"\r\n")
    if lines[0] == b"HTTP/1.1 100 Continue":
        return read_answer(client)
    headers = dict(line.lower().split(b": ", 1) for line in lines[1:])
    assert len(headers) == len(lines) - 1
    status = int(lines[0].split()[1])
    body = b"" if head_only else client.exactly(int(headers[b"content-length"]))
    if status >= 400:
        error = json.loads(body)["error"]
        assert {"message", "type", "code"} <= set(error)
        assert "hello" not in error["message"]
        assert KEY not in error["message"]
    # Our own errors leave the connection open; the data plane's do not, and carry no decision.
    closes = headers.get(b"connection") == b"close"
    if status == 200 and b"brightline-decision" in headers:
        return "forwarded", status
    return ("refused" if closes and status >= 400 else "answered"), status


def forwarded_body(raw: bytes) -> Any:
    """The JSON of a request that the gateway made: its head is the gateway's own, with nothing of a client's."""
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    assert line == b"POST /v1/chat/completions HTTP/1.1"
    headers = [tuple(one.split(b": ", 1)) for one in lines]
    names = [name for name, _ in headers]
    assert OURS <= set(names) <= OURS | PASSED_ON
    assert len(names) == len(set(names))
    said = dict(headers)
    assert said[b"authorization"] == b"Bearer upstream-key"
    assert said[b"content-type"] == b"application/json"
    assert re.fullmatch(rb"127\.0\.0\.1:\d+", said[b"host"])
    assert int(said[b"content-length"]) == len(body)
    assert KEY.encode() not in raw
    return json.loads(body)


def asked(data: bytes, count: int) -> list[Any]:
    """The first `count` calls in a client's bytes as h11 reads them, with the upstream's name of the model."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(
        re.sub(rb"(^|\})(\r\n)+(?=[A-Z]+ /)", rb"\1", data)
    )  # blank lines before a request are not for h11
    found: list[Any] = []
    body, path = b"", b""
    while len(found) < count:
        match connection.next_event():
            case h11.Request(target=target):
                body, path = b"", target.partition(b"?")[0]
            case h11.Data(data=piece):
                body += piece
            case h11.EndOfMessage():
                if path == b"/v1/chat/completions":
                    found.append(json.loads(body or b"null"))
                connection.send(h11.Response(status_code=200, headers=[(b"content-length", b"0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.MUST_CLOSE:
                    connection.start_next_cycle()
                found = [call for call in found if call and call["model"] == "tiny"]
    return [call | {"model": "tiny-on-upstream"} for call in found]


@pytest.mark.parametrize("name", VERDICTS)
def test_bytes_that_come_one_by_one_are_read_alike(name: str) -> None:
    data = (FOLDER / f"{name}.http").read_bytes()
    pieces = [data[at : at + 1] for at in range(len(data))]
    whole = read([data[at : at + 4_096] for at in range(0, len(data), 4_096)])
    assert read(pieces) == whole


def read(pieces: list[bytes]) -> tuple[list[tuple[bytes, bytes, bytes]], tuple[int, str] | None]:
    """Method, path and body of each request, and the refusal."""
    found: list[Request] = []
    reading = Reading(LIMITS, Held(), "", lambda request, _old, _keep: found.append(request))
    refusal = None
    try:
        for piece in pieces:
            reading.feed(piece)
    except CallError as error:
        refusal = error.status, error.code
    reading.release()
    return [(r.method, r.path, r.body) for r in found], refusal
