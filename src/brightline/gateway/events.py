"""OCSF events for the customer's own monitoring: what was not permitted, exceptions, changes. Never content or a name.

OCSF 1.5.0, class Detection Finding (2004), to a file (JSON Lines) or a syslog server (RFC 5424; over TCP framed by
octet counting, RFC 6587). Law: events never delay or stop an answer. Past MAX_WAITING they are counted and dropped, and
the next event that gets through says how many were lost: the record, and not this, is the evidence.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Protocol

from brightline.gateway.engine_config import EventsConfig
from brightline.gateway.standing import Standing
from brightline.record.body import ChangeBody, ChangeSubject, ExceptionAct, ExceptionBody
from brightline.record.entry import Flag, OutcomeCode, clause_ranks
from brightline.record.log import Draft
from brightline.storage.recorder import Recorder

OCSF_VERSION: Final = "1.5.0"
MAX_WAITING: Final = 10_000
_FACILITY: Final = 13  # log audit (RFC 5424 section 6.2.1)
_SEVERITY: Final = {1: 6, 2: 5, 3: 4, 4: 3, 5: 2}  # OCSF severity_id -> syslog severity
_TITLES: Final = {
    OutcomeCode.HOLD: (1, "A use is held for a person"),
    OutcomeCode.ASK: (2, "A use turns on what is not known"),
    OutcomeCode.DENY: (3, "A use is denied"),
}
_logger = logging.getLogger("brightline.gateway")


class Placed(Protocol):
    """Where an entry stands."""

    @property
    def origin(self) -> str: ...
    @property
    def index(self) -> int: ...


class Sink(Protocol):
    """Takes lines of JSON; raises OSError where it cannot."""

    def write(self, events: list[tuple[int, bytes]]) -> None: ...

    def close(self) -> None: ...


class FileSink:
    """JSON Lines, opened anew for each batch, so that a file that is rotated away is begun again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, events: list[tuple[int, bytes]]) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(b"".join(line + b"\n" for _, line in events))

    def close(self) -> None:
        """Nothing is held."""


class SyslogSink:
    """RFC 5424 over UDP (one datagram an event) or TCP (RFC 6587, octet counting)."""

    def __init__(self, host: str, port: int, tcp: bool) -> None:
        self._to, self._tcp = (host, port), tcp
        self._host = socket.gethostname().encode("ascii", "replace")[:255] or b"-"
        self._connection: socket.socket | None = None

    def write(self, events: list[tuple[int, bytes]]) -> None:
        try:
            connection = self._connection or self._connect()
            for severity, line in events:
                message = syslog_message(severity, line, self._host, os.getpid(), datetime.now(UTC))
                connection.sendall(b"%d %b" % (len(message), message) if self._tcp else message)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> socket.socket:
        kind = socket.SOCK_STREAM if self._tcp else socket.SOCK_DGRAM
        family = socket.getaddrinfo(*self._to, type=kind)[0][0]
        made = socket.socket(family, kind)
        made.settimeout(5)
        made.connect(self._to)
        self._connection = made
        return made


def syslog_message(severity: int, line: bytes, host: bytes, process: int, at: datetime) -> bytes:
    """HEADER, no structured data, and the event as UTF-8 with its BOM (RFC 5424 section 6)."""
    priority = _FACILITY * 8 + _SEVERITY[severity]
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
    return b"<%d>1 %b %b brightline %d ocsf-2004 - \xef\xbb\xbf%b" % (priority, stamp, host, process, line)


class Events:
    """`told` is called for each durable entry; `run` writes what waits."""

    def __init__(self, standing: Standing, sink: Sink, clock: Callable[[], float] = time.time) -> None:
        terms = standing.pack.terms
        self._clauses = {rank: name for name, rank in terms.rank.items()}
        self._activities = ("none", *terms.scope.vocabulary.activities)
        self._sink, self._clock = sink, clock
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._lost = 0
        self._some = asyncio.Event()

    def told(self, draft: Draft, placed: Placed) -> None:
        """An entry is durable; most are permits and ends of calls, of which nothing is told."""
        found = _found(draft)
        if found is None:
            return
        severity, title = found
        event = self._event(draft, placed, severity, title)
        if len(self._waiting) >= MAX_WAITING:
            self._lost += 1
            return
        if self._lost:
            event["unmapped"]["events_lost"], self._lost = self._lost, 0
        self._waiting.append((severity, json.dumps(event, separators=(",", ":")).encode()))
        self._some.set()

    async def run(self) -> None:
        """Write events as they come, until cancelled. What cannot be written is tried again, oldest first."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                try:
                    await self.flush()
                except OSError as e:
                    _logger.warning("events cannot be written: %s", e.strerror or type(e).__name__)
                    await asyncio.sleep(5)

    @property
    def waiting(self) -> int:
        """Events that are not written yet."""
        return len(self._waiting)

    async def flush(self) -> None:
        """Write what waits. Raises OSError; then all of it waits still."""
        batch = list(self._waiting)[:256]
        await asyncio.to_thread(self._sink.write, batch)
        for _ in batch:
            self._waiting.popleft()

    def _event(self, draft: Draft, placed: Placed, severity: int, title: str) -> dict[str, Any]:
        now = int(self._clock() * 1000)
        clauses = [self._clauses.get(rank, str(rank)) for rank in clause_ranks(draft.clauses)]
        brightline = {
            "origin": placed.origin,
            "entry": placed.index,
            "outcome": OutcomeCode(draft.outcome).name.lower(),
            "activity": self._activities[draft.activity],
            "clauses": clauses,
            "flags": [f.name.lower() for f in Flag if draft.flags & f and f.name],
            "terms": "sha256:" + draft.terms.hex(),
            "model": "sha256:" + draft.model.hex(),
        }
        return {
            "activity_id": 1,
            "category_uid": 2,
            "class_uid": 2004,
            "type_uid": 200401,
            "severity_id": severity,
            "time": now,
            "message": title,
            "status_id": 1,
            "is_alert": severity >= 4,
            "finding_info": {
                "uid": f"{placed.origin}/{placed.index}",
                "title": title,
                "created_time": now,
                "types": ["terms of use"],
            },
            "metadata": {
                "version": OCSF_VERSION,
                "product": {"name": "Brightline", "vendor_name": "Brightline", "version": version("brightline")},
                "log_name": placed.origin,
                "sequence": placed.index,
            },
            "unmapped": {"brightline": brightline},
        }


def _found(draft: Draft) -> tuple[int, str] | None:
    """OCSF severity_id and title of what an entry tells, None where it tells nothing for monitoring."""
    body = draft.body
    if draft.flags & Flag.DISAGREED:
        return 5, "Two readings of the terms disagreed: denied"
    if draft.flags & Flag.FAILED:
        return 5, "Deciding a use failed: denied"
    if draft.outcome in _TITLES:
        return _TITLES[OutcomeCode(draft.outcome)]
    if isinstance(body, ExceptionBody):
        glass = body.act in (ExceptionAct.BREAK_GLASS_STARTED, ExceptionAct.BREAK_GLASS_ENDED)
        return 4 if glass else 2, ExceptionAct(body.act).name.replace("_", " ").capitalize()
    if isinstance(body, ChangeBody):
        return 2, f"At work: {ChangeSubject(body.subject).name.replace('_', ' ').lower()}"
    return None


@asynccontextmanager
async def telling(config: EventsConfig, standing: Standing, recorder: Recorder) -> AsyncIterator[None]:
    """Tell events while this lasts, where a sink is set; what waits at the end is written once, or dropped."""
    if config.file is None and config.syslog is None:
        yield
        return
    tcp, host, port = config.syslog or (False, "", 0)
    sink = FileSink(config.file) if config.file is not None else SyslogSink(host, port, tcp)
    events = Events(standing, sink)
    recorder.listeners.append(events.told)
    task = asyncio.create_task(events.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with suppress(OSError):
            while events.waiting:
                await events.flush()
        sink.close()
