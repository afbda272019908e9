"""Orders to whoever keeps the record: carried out by the running gateway, or at once where none runs.

    DATA/orders/ID.order    an order with the roster, put there whole; the running gateway looks every `LOOK_SECONDS`
    DATA/orders/ID.done     what became of it, in one JSON document; written after the last byte of it is durable

The gateway alone writes the log, so an order waits for it: a file survives a crash of either side, needs no port, and
who may write into the folder gains nothing, for it is the signature that counts.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brightline.canonical import dump, parse
from brightline.errors import ApprovalError, BrightlineError, InputError, StorageError
from brightline.gateway.config import Config
from brightline.gateway.gateway import read_keys, standing_of
from brightline.gateway.standing import Standing
from brightline.keys import Envelope
from brightline.record.log import Disclosure
from brightline.storage.custody import Custody, Plan
from brightline.storage.desk import erase_posted
from brightline.storage.disk import IN_USE, Disk
from brightline.storage.files import read_file
from brightline.storage.order import Do, Told, read_order
from brightline.storage.record import MAX_BATCH, Record
from brightline.storage.recorder import Recorder

FOLDER = "orders"
LOOK_SECONDS = 0.2
ANSWER_SECONDS = 30.0  # that a running gateway has to carry out an order
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
    """Orders to a running gateway. `forget`: drops what is kept in memory of calls, after an erasure."""

    folder: Path
    recorder: Recorder
    standing: Standing
    forget: Callable[[], None] = lambda: None
    desk: Path | None = None
    custody: Custody = field(init=False)

    async def begin(self) -> None:
        """Read back what was ordered, and finish what a crash left undone. Raises StorageError, RecordError."""
        self.custody = await asyncio.to_thread(_custody, self.standing, self.recorder)
        if left := self.custody.unfinished(self.recorder.journal.log.size, self.recorder.vault):
            await asyncio.to_thread(self.recorder.vault.erase, *left)
            logger.info("finished the erasure of %d entries that a stop had interrupted", len(left))

    async def watch(self) -> None:
        """Look for orders for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for path in sorted(self.folder.glob("*.order")):
                answer = await self._answer(path)
                await asyncio.to_thread(_finish, path, answer)

    async def _answer(self, path: Path) -> dict[str, Any]:
        try:
            told = read_request(read_file(path, MAX_ORDER), self.standing, self.recorder.journal.log.origin, path.name)
            return await self.carry_out(told)
        except BrightlineError as e:
            return _refused(e)

    async def carry_out(self, told: Told) -> dict[str, Any]:
        """Raises ApprovalError where it may not be, StorageError where it could not be made durable."""
        recorder, custody = self.recorder, self.custody
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
        return _document(told, plan, [r.index for r in receipts], running=True)


def carry_out(config: Config, order: Envelope, roster: Envelope | None) -> dict[str, Any]:
    """Have an order carried out, by the gateway where it runs. Raises ApprovalError, InputError, StorageError."""
    standing = standing_of(config, None)
    log_key, site_key = read_keys(config)
    data = request(order, roster)
    told = read_request(data, standing, log_key.name, "order")  # refused here, it never reaches the gateway
    try:
        record = Record.open(config.data, log_key, site_key, _buckets(standing))
    except StorageError as e:
        if e.text != IN_USE:
            raise
        return _ask(config.data / FOLDER, told, data)
    try:
        return _carried_out(record, standing, told)
    finally:
        record.close()


def _carried_out(record: Record, standing: Standing, told: Told) -> dict[str, Any]:
    journal, vault = record.journal, record.vault
    custody = _custody(standing, record)
    vault.erase(*custody.unfinished(journal.log.size, vault))
    plan = custody.plan(told, journal.log.size, journal.read, vault, time.time())
    places: list[int] = []
    for i in range(0, len(plan.drafts), MAX_BATCH):
        for receipt in record.write(plan.drafts[i : i + MAX_BATCH]):
            if isinstance(receipt, BrightlineError):
                raise receipt
            places.append(receipt.index)
    vault.erase(*plan.erase)
    journal.publish()
    return _document(told, plan, places, running=False)


def _custody(standing: Standing, kept: Recorder | Record) -> Custody:
    assert standing.agreement is not None  # noqa: S101 - without an agreement nobody may order anything
    journal = kept.journal
    return Custody.read(standing.agreement, standing.terms_digest, journal.log.size, journal.read, kept.vault)


def _buckets(standing: Standing) -> Disclosure:
    return Disclosure(standing.disclosure.time_seconds, standing.disclosure.tokens)


def _ask(folder: Path, told: Told, data: bytes) -> dict[str, Any]:
    """Put the order where the running gateway finds it, and wait for what becomes of it."""
    disk, name = Disk(), told.order.id.removeprefix("sha256:")[:32]
    disk.make_folder(folder)
    done = folder / f"{name}.done"
    done.unlink(missing_ok=True)
    disk.replace(folder / f"{name}.order", data)
    disk.sync_folder(folder)
    until = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < until:
        if done.exists():
            return _read_answer(done)
        time.sleep(LOOK_SECONDS / 10)
    cure = "look at its logger; the order stays there and is carried out when the gateway gets to it"
    raise StorageError(f"the gateway has not answered in {ANSWER_SECONDS:.0f} s", place=str(done), cure=cure)


def _read_answer(done: Path) -> dict[str, Any]:
    answer: dict[str, Any] = parse(read_file(done), str(done))
    if "refused" in answer:
        told = answer["refused"]
        raise ApprovalError(told["text"], told["fault"], place=told["place"], cure=told["cure"])
    return answer


def _finish(path: Path, answer: dict[str, Any]) -> None:
    disk = Disk()
    disk.replace(path.with_suffix(".done"), dump(answer))
    path.unlink(missing_ok=True)
    disk.sync_folder(path.parent)


def _refused(error: BrightlineError) -> dict[str, Any]:
    fault = error.fault if isinstance(error, ApprovalError) else ""
    return {"refused": {"text": error.text, "place": error.place, "cure": error.cure, "fault": fault}}


def _document(told: Told, plan: Plan, places: list[int], *, running: bool) -> dict[str, Any]:
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
