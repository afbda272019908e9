"""Telling people what waits: into the desk's folder, and by a webhook that says only that something does.

Law: the gateway never waits for either, and neither can stop it: what could not be told is in the record all the same,
and the log says so.
"""

from __future__ import annotations

import asyncio
import json
import logging
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from brightline.approvals import Appealed, Closed, Desk, Event, Held, Needed, Used
from brightline.approvals.fold import OPEN
from brightline.approvals.roster import verify_key
from brightline.approvals.sheet import may_decide
from brightline.errors import BrightlineError
from brightline.keys import SigningKey, VerifyKey
from brightline.storage.desk import content_letters, post, without_letters

MAX_TO_TELL = 10_000
"""Events that wait to be told."""
MAX_SHOWN = 256 << 10
"""Bytes of content that are sealed to those who decide, all readers together; more is read at the site."""
WEBHOOK_SECONDS = 5

logger = logging.getLogger("brightline.gateway")


class _Told(NamedTuple):
    """`readers`: who is to read the content."""

    event: Event
    entry: int
    content: bytes
    readers: Mapping[str, VerifyKey]
    notice: bytes


class Posts:
    """One gateway's postings to the folder of its desk, signed with the key of its log."""

    def __init__(self, folder: Path, key: SigningKey, desk: Desk, now: Callable[[], int], webhook: str = "") -> None:
        self._folder, self._key, self._desk, self._now, self._webhook = folder, key, desk, now, webhook
        self._queue: asyncio.Queue[_Told] = asyncio.Queue(MAX_TO_TELL)
        self._notices: asyncio.Queue[bytes] = asyncio.Queue(MAX_TO_TELL)
        self._sealed: dict[str, list[Path]] = {}

    def post(self, event: Event, entry: int, content: bytes = b"") -> None:
        """What happened is told soon; nobody waits for it."""
        notice, readers = self._notice(event), self._readers(event) if content else {}
        if len(content) * len(readers) > MAX_SHOWN:
            readers = {}
        try:
            self._queue.put_nowait(_Told(event, entry, content, readers, notice))
            if notice and self._webhook:
                self._notices.put_nowait(notice)
        except asyncio.QueueFull:
            logger.error("too much waits to be told to the desk's folder: entry %d is in the record alone", entry)

    async def run(self) -> None:
        """Until it is cancelled."""
        still = {h.id for h in self._desk.holds(self._now()) if h.state in OPEN}
        await asyncio.to_thread(self._forget_ended, still)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write_often())
            group.create_task(self._call_often())

    async def written(self) -> None:
        """Return when everything that was given so far stands in the folder."""
        await self._queue.join()

    async def _write_often(self) -> None:
        while True:
            told = await self._queue.get()
            try:
                await asyncio.to_thread(self._write, told)
            except (BrightlineError, OSError) as e:
                logger.error("the desk's folder cannot be written (%s): entry %d", type(e).__name__, told.entry)
            finally:
                self._queue.task_done()

    def _write(self, told: _Told) -> None:
        hold = _hold_of(told.event)
        letters = content_letters(hold, told.content, told.readers) if told.readers else {}
        path = post(self._folder, told.event, self._key, told.entry, letters)
        if letters:
            self._sealed.setdefault(hold, []).append(path)
        elif isinstance(told.event, Used | Closed):
            for sealed in self._sealed.pop(hold, []):
                without_letters(sealed, self._key)

    def _forget_ended(self, still: set[str]) -> None:
        """Of holds that ended while nobody looked, the sealed content goes too."""
        for path in sorted((self._folder / "posted").glob("*-[hn]e*ed-*.json")):  # held, needed
            try:
                without_letters(path, self._key, still)
            except (BrightlineError, OSError) as e:
                logger.warning("%s does nothing: %s", path, type(e).__name__)

    async def _call_often(self) -> None:
        while True:
            notice = await self._notices.get()
            try:
                await asyncio.to_thread(_call, self._webhook, notice)
            except (OSError, ValueError) as e:
                logger.warning("the webhook was not reached: %s", type(e).__name__)

    def _notice(self, event: Event) -> bytes:
        """That something waits, for which roles, until when: nothing of who asked, and for what."""
        hold = self._desk.known(_hold_of(event), self._now()) if isinstance(event, Held | Needed | Appealed) else None
        if hold is None or hold.state not in OPEN:
            return b""
        roles = sorted(hold.roles) or [self._desk.roster.appeal_role]
        said = {"desk": self._desk.roster.desk, "hold": hold.id, "state": str(hold.state), "roles": roles}
        return json.dumps(said | {"deadline": hold.deadline // 1000}).encode()

    def _readers(self, event: Event) -> dict[str, VerifyKey]:
        hold = self._desk.known(_hold_of(event), self._now())
        if hold is None:
            return {}
        roster = self._desk.roster
        persons = [p for role in hold.roles for p in may_decide(hold, role, roster)]
        return {p.name: verify_key(p) for p in persons}


def _hold_of(event: Event) -> str:
    return event.id if isinstance(event, Held) else getattr(event, "hold", "")


def _call(url: str, notice: bytes) -> None:
    request = urllib.request.Request(url, notice, {"content-type": "application/json"}, method="POST")  # noqa: S310
    with urllib.request.urlopen(request, timeout=WEBHOOK_SECONDS):  # noqa: S310 - the settings allow http(s) alone
        pass
