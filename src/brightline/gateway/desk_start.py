"""The desk when a gateway starts: rebuilt from the record, then what lies in the folder is read, then it runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from brightline.agreement import read_envelope
from brightline.approvals.reading import digest_of
from brightline.errors import ApprovalError
from brightline.gateway.answers import Answers
from brightline.gateway.config import Config
from brightline.gateway.decided import Recorder as Journaling
from brightline.gateway.desk import NO_DESK, LiveDesk, NoDesk, act_key
from brightline.gateway.desk_journal import rebuilt
from brightline.gateway.glass import Glass, settle
from brightline.gateway.inbox import Inbox
from brightline.gateway.posting import Posts
from brightline.gateway.registered import Registered
from brightline.gateway.requester import Requester
from brightline.gateway.standing import Standing
from brightline.keys import SigningKey, VerifyKey
from brightline.registry.items import Actor, Kind, Nature
from brightline.storage.files import read_file
from brightline.storage.order import check_duties
from brightline.storage.recorder import Recorder

logger = logging.getLogger("brightline.gateway")


@dataclass(frozen=True, slots=True)
class Opened:
    """A desk that runs, or none: then `live` is NO_DESK, and `inbox` None. `record`: what the exchange writes to."""

    live: NoDesk
    record: Journaling
    recorder: Recorder
    inbox: Inbox | None = None
    folder: Path | None = None

    def roster(self) -> int:
        """The number of the roster that stands; 0 where there is no desk."""
        return self.live.desk.roster.number if isinstance(self.live, LiveDesk) else 0

    def fault(self) -> str:
        """What keeps the gateway from answering; nothing does under break-glass."""
        return "" if isinstance(self.record, Glass) and self.record.broken else self.recorder.fault

    def requester(self, standing: Standing, answers: Answers) -> Requester | None:
        """Who asked has a side of the desk, where there is one."""
        if self.inbox is None or not isinstance(self.live, LiveDesk):
            return None
        return Requester(self.live, self.inbox, standing, self.recorder, answers)


@asynccontextmanager
async def opened_desk(
    config: Config,
    standing: Standing,
    recorder: Recorder,
    log_key: SigningKey,
    site_key: bytes,
    registered: Registered | None = None,
) -> AsyncIterator[Opened]:
    """The desk of the settings. Raises ApprovalError where its folder has no roster that
    stands, or is another agreement's."""
    agreement = standing.agreement
    if config.desk is None or agreement is None:
        yield Opened(NO_DESK, recorder, recorder)
        return
    folder, terms = config.desk.folder, standing.pack.terms
    paper = folder / "agreement.json"
    if not paper.is_file() or digest_of(read_envelope(read_file(paper), str(paper)).payload) != agreement.digest:
        cure = "make one for the agreement in force with `brightline desk new`"
        raise ApprovalError("no desk of this agreement", place=str(folder), cure=cure)
    # 1. what the record says
    desk, seen = await asyncio.to_thread(
        rebuilt, recorder.journal, recorder.vault, terms, agreement.parties.customer.key
    )
    is_person = partial(_is_person, registered)
    live = LiveDesk(desk, act_key(site_key), wait_seconds=config.desk.wait_seconds, is_person=is_person)
    # 2. what people said meanwhile
    officer = VerifyKey.parse(config.officer, f"{config.place}: officer") if config.officer else None
    inbox = Inbox(live, agreement, recorder, folder, seen, officer)
    await settle(folder, live, recorder, bytes.fromhex(agreement.digest.removeprefix("sha256:")), seen)
    await inbox.look()
    if not desk.rostered:
        raise ApprovalError("the desk has no roster that stands", place=str(folder), cure="`brightline desk new`")
    check_duties(desk.roster, agreement, officer)
    # 3. telling and listening, until the gateway stops
    posts = Posts(folder, log_key, desk, lambda: live.now, config.desk.webhook)
    live.postman, inbox.glass = posts, Glass(recorder, live, folder)
    tasks: Sequence[asyncio.Task[None]] = [asyncio.create_task(posts.run()), asyncio.create_task(inbox.run())]
    try:
        yield Opened(live, inbox.glass, recorder, inbox, folder)
    finally:
        tasks[1].cancel()
        await inbox.glass.keep()
        try:
            async with asyncio.timeout(2):
                await posts.written()
        except TimeoutError:
            logger.error("the desk's folder lacks the newest postings: they are in the record")
        tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _is_person(registered: Registered | None, actor: str) -> bool:
    """The registry says that this actor is a person."""
    item = registered.registry.item(Kind.ACTORS, actor) if registered is not None else None
    return isinstance(item, Actor) and item.nature is Nature.PERSON
