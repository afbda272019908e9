"""The power goes at every step, and what was not synced is lost in part: nothing that was acknowledged is."""

from __future__ import annotations

import errno
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from brightline.errors import StorageError
from brightline.record.checkpoint import Checkpoint
from brightline.record.log import Draft
from brightline.record.merkle import hash_leaves
from brightline.storage import journal as journals
from brightline.storage.record import Receipt, Record
from brightline.storage.vault import Fields
from tests.record.drafts import KEY, NOW, decision
from tests.storage.faults import FaultyDisk, PowerCutError
from tests.storage.logs import DISCLOSURE, LOG_KEY, mth, open_journal, read_published

SITE_KEY = bytes(range(50, 82))


@pytest.fixture(autouse=True)
def _short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "SEGMENT_SLOTS", 24)


@dataclass
class Told:
    """What somebody was told: entries as acknowledged, checkpoints as signed and durable or published."""

    entries: dict[int, tuple[bytes, Fields]] = field(default_factory=dict)
    checkpoints: list[Checkpoint] = field(default_factory=list)


def said(number: int) -> Draft:
    return decision(fields=(("number", b"%d" % number),))


def work(folder: Path, disk: FaultyDisk, told: Told, chance: random.Random) -> None:
    """Open the record, write some batches, publish now and then, close."""
    record = Record.open(folder, LOG_KEY, SITE_KEY, DISCLOSURE, disk=disk, clock=lambda: NOW)
    try:
        for _ in range(5):
            drafts = [said(chance.randrange(10**6)) for _ in range(chance.choice((1, 2, 3, 12)))]
            receipts = record.write(drafts)
            told.checkpoints.append(record.journal.log.checkpoint())
            for draft, receipt in zip(drafts, receipts, strict=True):
                assert isinstance(receipt, Receipt)
                told.entries[receipt.index] = record.journal.read(receipt.index, receipt.index + 1), draft.fields
            if chance.random() < 0.3:
                told.checkpoints.append(record.journal.publish())
    finally:
        record.close()


def check(folder: Path, told: Told) -> None:
    record = Record.open(folder, LOG_KEY, SITE_KEY, DISCLOSURE)
    entries = record.journal.read(0, record.journal.log.size)
    for index, (data, fields) in told.entries.items():
        assert entries[index * 256 : index * 256 + 256] == data
        assert record.vault.fields(index) == fields
    record.journal.publish()
    record.close()
    _, published = read_published(folder / "log")
    assert b"".join(published) == entries
    leaves = hash_leaves(entries, 256)
    for made in told.checkpoints:
        assert made == Checkpoint(LOG_KEY.name, made.size, mth(leaves[: made.size]))


@pytest.mark.parametrize("seed", range(12))
def test_power_cut_at_random_steps(tmp_path: Path, seed: int) -> None:
    chance, told, cuts = random.Random(seed), Told(), 0
    for _ in range(12):
        disk = FaultyDisk(fault_at=chance.randrange(1, 60))
        try:
            work(tmp_path, disk, told, chance)
        except PowerCutError:
            cuts += 1
            disk.lose(chance)
            if (tmp_path / "log" / "checkpoint").exists():
                told.checkpoints.append(read_published(tmp_path / "log")[0])  # valid before anything mends it
    check(tmp_path, told)
    assert cuts >= 3
    assert len(told.entries) > 50


@pytest.mark.parametrize("fault", [errno.EIO, errno.ENOSPC, "short"])
def test_a_fault_at_every_step_is_said_and_loses_nothing(tmp_path: Path, fault: int | str) -> None:
    told, faults = Told(), list[StorageError]()
    for at in range(1, 70):
        disk = FaultyDisk(fault_at=at, fault=fault)
        try:
            work(tmp_path, disk, told, random.Random(at))
        except StorageError as e:
            faults.append(e)
            if at % 3 == 0:
                disk.lose(random.Random(at))
        else:
            assert disk.steps < at
    check(tmp_path, told)
    assert len(faults) > 30
    assert all(str(tmp_path) in e.place and e.cure and "cannot" in e.text for e in faults)


def test_after_a_fault_nothing_more_is_taken_until_it_is_opened_anew(tmp_path: Path) -> None:
    disk = FaultyDisk()
    journal = open_journal(tmp_path, disk)
    disk.fault_at, disk.fault = disk.steps + 1, errno.ENOSPC
    batch = journal.batch(NOW)
    batch.add(decision(), KEY)
    with pytest.raises(StorageError, match="No space left"):
        journal.append(batch)
    with pytest.raises(StorageError, match="stopped after an error") as e:
        journal.batch(NOW)
    assert "No space left" in e.value.cure
    journal.close()
    journal = open_journal(tmp_path)
    assert journal.log.size == 0
    batch = journal.batch(NOW)
    batch.add(decision(), KEY)
    assert journal.append(batch).size == 2
    journal.close()


def test_a_fault_of_the_private_side_stops_the_entries_too(tmp_path: Path) -> None:
    disk = FaultyDisk()
    record = Record.open(tmp_path, LOG_KEY, SITE_KEY, DISCLOSURE, disk=disk)
    disk.fault_at, disk.fault = disk.steps + 1, errno.ENOSPC
    with pytest.raises(StorageError, match="No space left"):
        record.write([said(1)])
    with pytest.raises(StorageError, match="stopped after an error"):
        record.write([decision()])
    record.close()


def test_a_sync_that_failed_is_made_good_before_anything_is_built_on_it(tmp_path: Path) -> None:
    """The batch of a failed sync can be read back, as Linux keeps it in memory, and yet is not on the disk."""
    disk = FaultyDisk()
    journal = open_journal(tmp_path, disk)
    batch = journal.batch(NOW)
    batch.add(decision(), KEY)
    disk.fault_at, disk.fault = disk.steps + 4, errno.EIO  # entries, zeros ahead, checkpoint, sync
    with pytest.raises(StorageError, match="make it durable"):
        journal.append(batch)
    journal.close()
    disk = FaultyDisk(files=disk.files)
    journal = open_journal(tmp_path, disk)
    assert journal.log.size == 2
    batch = journal.batch(NOW)
    index = batch.add(decision(), KEY)
    journal.append(batch)
    journal.close()
    for seed in range(5):
        disk.lose(random.Random(seed))
    journal = open_journal(tmp_path)
    assert journal.read(index, index + 1) == batch.data()
    journal.close()


def test_a_bit_that_flips_on_its_way_to_the_disk_is_not_signed(tmp_path: Path) -> None:
    disk = FaultyDisk()
    journal = open_journal(tmp_path, disk)
    disk.fault_at, disk.fault = disk.steps + 1, "flip"
    batch = journal.batch(NOW)
    batch.add(decision(), KEY)
    with pytest.raises(StorageError, match="read back is not what was written"):
        journal.append(batch)
    journal.close()
    with pytest.raises(StorageError, match="damaged"):
        open_journal(tmp_path)
