"""Giving an order: to the gateway where it runs, else it is carried out here."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from brightline.canonical import parse
from brightline.errors import ApprovalError, BrightlineError, StorageError
from brightline.gateway.config import Config
from brightline.gateway.gateway import read_keys, standing_of
from brightline.gateway.orders import FOLDER, LOOK_SECONDS, custody_of, document, read_request, request
from brightline.gateway.standing import Standing
from brightline.keys import Envelope
from brightline.record.log import Disclosure
from brightline.storage.disk import IN_USE, Disk
from brightline.storage.files import read_file
from brightline.storage.order import Told
from brightline.storage.record import MAX_BATCH, Record

ANSWER_SECONDS = 30.0  # that a running gateway has to carry out an order


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
    custody = custody_of(standing, record)
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
    return document(told, plan, places, running=False)


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
