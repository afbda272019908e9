"""OCSF events: what is told, what never is, and that a sink that fails stops nothing."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from brightline.agreement import Disclosure
from brightline.gateway import events
from brightline.gateway.events import Events, FileSink, SyslogSink, syslog_message
from brightline.gateway.standing import Standing
from brightline.record.body import (
    Act,
    ChangeBody,
    ChangeSubject,
    DecisionBody,
    ExceptionAct,
    ExceptionBody,
    OutcomeBody,
    OutcomeStatus,
)
from brightline.record.entry import Flag, OutcomeCode
from brightline.record.log import Draft
from brightline.terms import read_pack
from tests.gateway.stage import TERMS, Placed

STANDING = Standing(read_pack("t.cedar", {"terms.cedar": TERMS}), None, {}, Disclosure())
AT = Placed("department.example/g1", 7)
SECRET = b"the name of a person"
# Attributes that OCSF 1.5.0 requires of a Detection Finding, and of its finding_info, metadata and product.
REQUIRED = {"activity_id", "category_uid", "class_uid", "finding_info", "metadata", "severity_id", "time", "type_uid"}


def decided(code: OutcomeCode, flags: int = 0) -> Draft:
    fields = (("content", SECRET), ("actor", SECRET))
    return Draft(DecisionBody(act=Act.MODEL_CALL), 3, code, flags, 0b10, bytes(32), bytes(32), fields)


class Kept:
    """A sink in memory; fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.lines = failures, []

    def write(self, batch: list[tuple[int, bytes]]) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError(28, "No space left on device")
        self.lines += [json.loads(line) for _, line in batch]

    def close(self) -> None:
        pass


async def told(*drafts: Draft) -> list[dict[str, Any]]:
    sink = Kept()
    to = Events(STANDING, sink, lambda: 1_800_000_000.5)
    for draft in drafts:
        to.told(draft, AT)
    if to.waiting:
        await to.flush()
    return sink.lines


async def test_a_denial_is_a_detection_finding_with_what_ocsf_requires() -> None:
    (event,) = await told(decided(OutcomeCode.DENY))
    assert set(event) >= REQUIRED
    assert (event["class_uid"], event["type_uid"], event["time"]) == (2004, 200401, 1_800_000_000_500)
    assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    assert event["metadata"]["version"] == "1.5.0"
    assert {"name", "vendor_name"} <= set(event["metadata"]["product"])
    assert event["finding_info"]["uid"] == "department.example/g1/7"
    said = event["unmapped"]["brightline"]
    assert (said["outcome"], said["clauses"], said["entry"]) == ("deny", ["T2"], 7)


async def test_permits_and_ends_of_calls_are_not_told() -> None:
    assert not await told(decided(OutcomeCode.PERMIT), Draft(OutcomeBody(1, OutcomeStatus.COMPLETED)))


@pytest.mark.parametrize(
    ("draft", "severity", "words"),
    [
        (decided(OutcomeCode.HOLD), 1, "held"),
        (decided(OutcomeCode.ASK), 2, "not known"),
        (decided(OutcomeCode.DENY, Flag.FAILED), 5, "failed"),
        (decided(OutcomeCode.DENY, Flag.DISAGREED | Flag.SAMPLED), 5, "disagreed"),
        (Draft(ExceptionBody(0, 0, 9, 0, 2, ExceptionAct.BREAK_GLASS_STARTED)), 4, "Break glass started"),
        (Draft(ExceptionBody(0, 0, 9, 1, 2, ExceptionAct.GRANTED)), 2, "Granted"),
        (Draft(ChangeBody(ChangeSubject.TERMS, bytes(32))), 2, "terms"),
    ],
)
async def test_severities(draft: Draft, severity: int, words: str) -> None:
    (event,) = await told(draft)
    assert (event["severity_id"], event["is_alert"]) == (severity, severity >= 4)
    assert words in event["message"]


async def test_no_content_and_no_name_is_told() -> None:
    said = json.dumps(await told(*[decided(code) for code in (OutcomeCode.HOLD, OutcomeCode.ASK, OutcomeCode.DENY)]))
    assert SECRET.decode() not in said


async def test_a_full_queue_drops_and_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_WAITING", 2)
    sink = Kept()
    to = Events(STANDING, sink)
    for _ in range(5):
        to.told(decided(OutcomeCode.DENY), AT)
    await to.flush()
    to.told(decided(OutcomeCode.DENY), AT)
    await to.flush()
    assert [e["unmapped"].get("events_lost") for e in sink.lines] == [None, None, 3]


async def test_what_could_not_be_written_still_waits() -> None:
    sink = Kept(failures=1)
    to = Events(STANDING, sink)
    to.told(decided(OutcomeCode.DENY), AT)
    with pytest.raises(OSError, match="No space"):
        await to.flush()
    await to.flush()
    assert len(sink.lines) == 1


async def test_a_file_gets_one_line_an_event_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    to = Events(STANDING, FileSink(path))
    for _ in range(3):
        to.told(decided(OutcomeCode.DENY), AT)
        await to.flush()
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 3
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_syslog_message_is_rfc_5424() -> None:
    message = syslog_message(3, b'{"a":1}', b"gw-1", 42, datetime(2026, 12, 1, 12, 0, 0, 5000, UTC))
    assert message == b'<108>1 2026-12-01T12:00:00.005000Z gw-1 brightline 42 ocsf-2004 - \xef\xbb\xbf{"a":1}'


async def test_syslog_over_tcp_is_framed_by_octet_counting() -> None:
    got = asyncio.Queue[bytes]()

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            size = int(await reader.readuntil(b" "))
            await got.put(await reader.readexactly(size))
        writer.close()

    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    to = Events(STANDING, SyslogSink("127.0.0.1", listening.sockets[0].getsockname()[1], tcp=True))
    to.told(decided(OutcomeCode.DENY), AT)
    to.told(decided(OutcomeCode.HOLD), AT)
    await to.flush()
    for severity in (b"<108>1 ", b"<110>1 "):
        message = await asyncio.wait_for(got.get(), 10)
        assert message.startswith(severity)
        assert json.loads(message.partition(b"\xef\xbb\xbf")[2])["class_uid"] == 2004
    to._sink.close()
    listening.close()


async def test_syslog_over_udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        to = Events(STANDING, SyslogSink("127.0.0.1", server.getsockname()[1], tcp=False))
        to.told(decided(OutcomeCode.DENY), AT)
        await to.flush()
        assert re.match(rb"<108>1 \S+ \S+ brightline \d+ ocsf-2004 - ", server.recv(65536))
        to._sink.close()
