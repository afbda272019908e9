"""Orders to whoever keeps the record, as a running gateway carries them out (`ordering` gives them).

    DATA/orders/ID.order    an order with the roster, put there whole; the running gateway looks every `LOOK_SECONDS`
    DATA/orders/ID.done     what became of it, in one JSON document; written after the last byte of it is durable

The gateway alone writes the log, so an order waits for it: a file survives a crash of either side, needs no port, and
who may write into the folder gains nothing, for it is the signature that counts.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brightline.canonical import dump, parse
from brightline.errors import ApprovalError, BrightlineError, InputError
from brightline.gateway.standing import Standing
from brightline.keys import Envelope
from brightline.storage.custody import Custody, Plan
from brightline.storage.desk import erase_posted
from brightline.storage.disk import Disk
from brightline.storage.files import read_file
from brightline.storage.order import Do, Told, read_order
from brightline.storage.record import Record
from brightline.storage.recorder import Recorder

FOLDER = "orders"
LOOK_SECONDS = 0.2
MAX_ORDER = 4 << 20
"""Bytes of an order's file: the order and the roster."""

logger = logging.getLogger("brightline.gateway")


def request(order: Envelope, roster: Envelope | None) -> bytes:
    """An order and the roster as a file."""
    return dump({"order": parse(order.to_bytes()), "roster": parse(roster.to_bytes()) if roster else None})


def read_request(data: bytes, standing: Standing, origin: str, place: str) -> Told:
    """Raises ApprovalError, InputError where the order may not be carried out."""
    value = parse(data, place)
    if not isinstance(value, dict) or set(value) != {"order", "roster"} or standing.agreement is None:
        raise InputError("not an order", place=place, cure="write it with `brightline evidence`")
    roster = None if value["roster"] is None else Envelope.from_bytes(dump(value["roster"]), f"{place}: roster")
    order = Envelope.from_bytes(dump(value["order"]), f"{place}: order")
    return read_order(order, roster, standing.agreement, standing.pack.terms, origin)


@dataclass
class Orders:
    """Orders to a running gateway.

    forget: drops what is kept in memory of calls, after an erasure. desk: the folder with what was posted. roster: the
    number of the roster that the desk has.
    """

    folder: Path
    recorder: Recorder
    standing: Standing
    forget: Callable[[], None] = lambda: None
    desk: Path | None = None
    roster: Callable[[], int] = lambda: -1
    custody: Custody = field(init=False)

    async def begin(self) -> None:
        """Read back what was ordered, and finish what a crash left undone. Raises StorageError, RecordError."""
        self.custody = await asyncio.to_thread(custody_of, self.standing, self.recorder)
        if left := self.custody.unfinished(self.recorder.journal.log.size, self.recorder.vault):
            await asyncio.to_thread(self.recorder.vault.erase, *left)
            logger.info("finished the erasure of %d entries that a stop had interrupted", len(left))

    async def watch(self) -> None:
        """Look for orders for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                for path in sorted(self.folder.glob("*.order")):
                    answer = await self._answer(path)
                    await asyncio.to_thread(_finish, path, answer)
            except (BrightlineError, OSError) as e:  # it stays there, and is looked at again
                logger.error("an order could not be answered: %s", e)

    async def _answer(self, path: Path) -> dict[str, Any]:
        try:
            told = read_request(read_file(path, MAX_ORDER), self.standing, self.recorder.journal.log.origin, path.name)
            return await self.carry_out(told)
        except BrightlineError as e:
            return _refused(e)

    async def carry_out(self, told: Told) -> dict[str, Any]:
        """Raises ApprovalError where it may not be, StorageError where it could not be made durable."""
        recorder, custody = self.recorder, self.custody
        custody.roster = max(custody.roster, self.roster())
        size, read = recorder.journal.log.size, recorder.journal.read
        plan = await asyncio.to_thread(custody.plan, told, size, read, recorder.vault, time.time())
        # 1 Durable first: what is gone is counted.
        receipts = await asyncio.gather(*[recorder.append(draft) for draft in plan.drafts])
        custody.done(told, plan)
        # 2 Then the keys, and every other place that this gateway keeps content in.
        if plan.erase:
            await asyncio.to_thread(recorder.vault.erase, *plan.erase)
            if self.desk is not None:
                await asyncio.to_thread(erase_posted, self.desk, frozenset(plan.erase))
            self.forget()
        return document(told, plan, [r.index for r in receipts], running=True)


def _finish(path: Path, answer: dict[str, Any]) -> None:
    disk = Disk()
    disk.replace(path.with_suffix(".done"), dump(answer))
    path.unlink(missing_ok=True)
    disk.sync_folder(path.parent)


def _refused(error: BrightlineError) -> dict[str, Any]:
    fault = error.fault if isinstance(error, ApprovalError) else ""
    return {"refused": {"text": error.text, "place": error.place, "cure": error.cure, "fault": fault}}


def document(told: Told, plan: Plan, places: list[int], *, running: bool) -> dict[str, Any]:
    order = told.order
    erased = list(plan.erase) if order.do is Do.ERASE else []
    return {
        "order": order.id,
        "do": str(order.do),
        "text": plan.text,
        "recorded": places,
        "erased": erased,
        "count": len(plan.erase),
        "kept": plan.kept,
        "gateway_running": running,
    }


@asynccontextmanager
async def taking_orders(data: Path, recorder: Recorder, standing: Standing) -> AsyncIterator[Orders]:
    """Take orders while the gateway runs; none, where nothing was agreed on."""
    orders = Orders(data / FOLDER, recorder, standing)
    if standing.agreement is None:
        yield orders
        return
    await orders.begin()
    watching = asyncio.create_task(orders.watch())
    try:
        yield orders
    finally:
        watching.cancel()


def custody_of(standing: Standing, kept: Recorder | Record) -> Custody:
    """What was ordered so far, by the record. Raises StorageError, RecordError."""
    assert standing.agreement is not None  # noqa: S101 - without an agreement nobody may order anything
    journal = kept.journal
    return Custody.read(standing.agreement, standing.terms_digest, journal.log.size, journal.read, kept.vault)
