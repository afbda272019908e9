"""The corpus of hostile upstreams: what a caller gets is in upstream/VERDICTS, and the next gets its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from brightline.gateway.codec.reply import UPSTREAM_FAULTS
from brightline.record.body import DecisionBody, OutcomeBody, OutcomeStatus
from tests.gateway import scripts
from tests.gateway.plain import ask
from tests.gateway.stage import KEY
from tests.gateway.wire.rig import Client
from tests.hostile.house import House, house

FOLDER = Path(__file__).parent / "upstream"
PASSED_BACK = {
    b"brightline-decision", b"brightline-receipt", b"cache-control", b"connection", b"content-length", b"content-type",
    b"date", b"request-id", b"retry-after", b"transfer-encoding", b"x-request-id", b"x-should-retry",
}  # fmt: skip


FAULTS = {code for _, code in UPSTREAM_FAULTS.values()}


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    streamed: bool
    ending: str
    verdict: str

    @property
    def data(self) -> bytes:
        return (FOLDER / f"{self.name}.answer").read_bytes()


def cases() -> list[Case]:
    lines = [x for x in (FOLDER / "VERDICTS").read_text("utf-8").splitlines() if x and not x.startswith("#")]
    found = [re.split(r"\s{2,}", line, maxsplit=4) for line in lines]
    assert all(len(row) == 5 for row in found)
    return [Case(row[0], {"plain": False, "stream": True}[row[1]], row[2], row[3]) for row in found]


CASES = cases()


@pytest.fixture(scope="module")
def gateway() -> Iterator[House]:
    with house() as made:
        yield made


def test_each_file_has_a_verdict_and_each_verdict_a_file() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
    assert {path.stem for path in FOLDER.glob("*.answer")} == set(names)
    assert {path.suffix for path in FOLDER.iterdir()} == {".answer", ""}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_verdict(gateway: House, case: Case) -> None:
    gateway.forget()
    gateway.upstream.hostile, gateway.upstream.ending = case.data, case.ending
    # 1. what the caller gets
    status, headers, body = call(gateway, streamed=case.streamed)
    assert told(status, headers, body, case) == case.verdict
    assert b"poison" not in body
    # 2. what the next caller gets, at once and on the same pool
    assert call(gateway, streamed=False)[2] == json.dumps(scripts.chat()).encode()
    # 3. the two calls were asked once each, decided, and settled as what they were
    assert len(gateway.upstream.requests) == 2
    bodies = [draft.body for draft in gateway.recorder.drafts]
    assert [type(b) for b in bodies] == [DecisionBody, OutcomeBody] * 2
    good = case.verdict in ("whole", "stream")
    assert (bodies[1].status == OutcomeStatus.COMPLETED) == good  # type: ignore[union-attr]  # an OutcomeBody


def call(gateway: House, *, streamed: bool) -> tuple[int, dict[bytes, bytes], bytes]:
    """One call: status, headers and body, which has come whole by its framing."""
    body = ask(stream=True) if streamed else ask()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %b\r\nContent-Length: %d\r\n\r\n"
    with Client(gateway.address) as client:
        client.send(head % (KEY.encode(), len(body)) + body)
        lines = client.until(b"\r\n\r\n")[:-4].split(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in lines[1:])
        assert len(headers) == len(lines) - 1
        assert set(headers) <= PASSED_BACK
        assert b"evil" not in b"".join(headers.values())
        whole = (
            b"".join(chunks(client))
            if b"transfer-encoding" in headers
            else client.exactly(int(headers[b"content-length"]))
        )
        return int(lines[0].split()[1]), headers, whole


def chunks(client: Client) -> Iterator[bytes]:
    while size := int(client.until(b"\r\n"), 16):
        yield client.exactly(size)
        assert client.exactly(2) == b"\r\n"
    assert client.exactly(2) == b"\r\n"


def told(status: int, headers: dict[bytes, bytes], body: bytes, case: Case) -> str:
    """The verdict's word for an answer."""
    if status != 200:
        error = json.loads(body)["error"]
        assert {"message", "type", "code"} <= set(error)
        assert "<html>" not in error["message"]
        return f"error {status}"
    if headers.get(b"content-type") != b"text/event-stream":
        json.loads(body)
        assert body in case.data.replace(b"\r\n", b"") or body in case.data or b"".join(parts(case.data)) == body
        return "whole"
    last = body.rstrip().rpartition(b"\n")[2]
    if last == b"data: [DONE]":
        assert b'"error"' not in body
        return "stream"
    error = json.loads(last.removeprefix(b"data: "))["error"]
    return "broken" if error.get("code") in FAULTS else "told"


def parts(data: bytes) -> Iterator[bytes]:
    """The data of an answer's chunks, well formed or not."""
    rest = data.partition(b"\r\n\r\n")[2]
    while size := int(re.match(rb"[0-9a-fA-F]*", rest)[0] or b"0", 16):  # type: ignore[index]  # it matches nothing, too
        rest = rest.partition(b"\r\n")[2]
        yield rest[:size]
        rest = rest[size + 2 :]
