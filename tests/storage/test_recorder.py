"""Group commit: what is acknowledged is durable, others are not held up, and an error stops everything at once."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from brightline.errors import RecordError, StorageError
from brightline.record.commitment import check_opening, open_field
from brightline.record.entry import unpack
from brightline.record.log import Draft
from brightline.storage import journal as journals
from brightline.storage import recorder as recorders
from brightline.storage.disk import Disk
from brightline.storage.record import Receipt
from brightline.storage.recorder import Recorder
from tests.record.drafts import TERMS, decision, outcome
from tests.storage.faults import FaultyDisk
from tests.storage.logs import DISCLOSURE, LOG_KEY, read_published

SITE_KEY = bytes(range(50, 82))


def open_recorder(folder: Path, disk: Disk | None = None) -> Recorder:
    return Recorder.open(folder, LOG_KEY, SITE_KEY, DISCLOSURE, disk=disk)


def said(text: str) -> Draft:
    return decision(fields=(("prompt", text.encode()), ("place", b"home")))


async def test_a_receipt_says_where_and_everything_is_there(tmp_path: Path) -> None:
    recorder = open_recorder(tmp_path)
    receipts = await asyncio.gather(*[recorder.append(said(f"call {i}")) for i in range(600)])
    assert len({r.index for r in receipts}) == 600
    assert {(r.origin, r.terms) for r in receipts} == {(LOG_KEY.name, TERMS)}
    ends = await asyncio.gather(*[recorder.append(outcome(r.index)) for r in receipts])
    await recorder.close()
    recorder = open_recorder(tmp_path)
    assert recorder.journal.log.open == frozenset()
    assert recorder.journal.log.size == 1200 + 5
    for i, receipt in enumerate(receipts):
        entry = unpack(recorder.journal.read(receipt.index, receipt.index + 1))
        fields = recorder.vault.fields(receipt.index)
        assert fields == said(f"call {i}").fields
        check_opening(entry.commitment, open_field(recorder.vault.key(receipt.index), fields, "prompt"))
    assert all(not any(recorder.vault.has(r.index, r.index + 1)) for r in ends)
    assert read_published(tmp_path / "log")[0] == recorder.journal.log.checkpoint()
    await recorder.close()


async def test_drafts_of_one_turn_share_a_batch(tmp_path: Path) -> None:
    recorder = open_recorder(tmp_path)
    await asyncio.gather(*[recorder.append(decision()) for _ in range(100)])
    assert len(recorder.journal._segments[0].ends) == 2
    await recorder.close()


async def test_one_bad_draft_fails_alone(tmp_path: Path) -> None:
    recorder = open_recorder(tmp_path)
    results = await asyncio.gather(
        recorder.append(decision()),
        recorder.append(outcome(77)),
        recorder.append(decision(fields=(("a", b""), ("a", b"")))),
        recorder.append(decision()),
        return_exceptions=True,
    )
    assert [r.index if isinstance(r, Receipt) else type(r) for r in results] == [1, RecordError, RecordError, 2]
    with pytest.raises(RecordError, match="let nothing through"):
        await recorder.append(outcome(77))
    assert (await recorder.append(outcome(1))).index == 3
    await recorder.close()


async def test_open_decisions_are_known_after_a_stop(tmp_path: Path) -> None:
    recorder = open_recorder(tmp_path)
    receipts = [await recorder.append(decision()) for _ in range(3)]
    await recorder.append(outcome(receipts[1].index))
    await recorder.close()
    recorder = open_recorder(tmp_path)
    assert recorder.journal.log.open == {receipts[0].index, receipts[2].index}
    await recorder.close()


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("step", range(1, 8))  # content, sync, keys, sync, entries, checkpoint, sync
async def test_a_disk_error_fails_the_batch_and_everything_after(tmp_path: Path, code: int, step: int) -> None:
    disk = FaultyDisk()
    recorder = open_recorder(tmp_path, disk)
    first = await recorder.append(said("kept"))
    disk.fault_at, disk.fault = disk.steps + step, code
    results = await asyncio.gather(*[recorder.append(said("lost")) for _ in range(3)], return_exceptions=True)
    assert [type(r) for r in results] == [StorageError] * 3
    assert "nothing more is recorded" in str(results[0])
    assert str(tmp_path) in str(results[0])
    assert "lost" not in str(results[0])
    with pytest.raises(StorageError, match="nothing more is recorded"):
        await recorder.append(said("later"))
    await recorder.close()
    recorder = open_recorder(tmp_path)
    assert recorder.vault.fields(first.index) == said("kept").fields
    assert (await recorder.append(said("again"))).index == recorder.journal.log.size - 1
    await recorder.close()


async def test_an_error_that_nobody_foresaw_stops_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = open_recorder(tmp_path)

    def fail(batch: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(recorder.journal, "append", fail)
    for _ in range(2):
        with pytest.raises(StorageError, match="ZeroDivisionError"):
            await recorder.append(decision())
    await recorder.close()


async def test_more_than_a_batch_is_recorded_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "MAX_BATCH", 3)
    recorder = open_recorder(tmp_path)
    receipts = await asyncio.gather(*[recorder.append(decision()) for _ in range(50)])
    assert [r.index for r in receipts] == list(range(1, 51))
    assert len(recorder.journal._segments[0].ends) == 1 + 17
    await recorder.close()


async def test_callers_of_the_last_batch_share_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "GATHER_SECONDS", 3600.0)
    recorder = open_recorder(tmp_path)
    await asyncio.gather(*[recorder.append(decision()) for _ in range(6)])
    soon = []
    for _ in range(6):
        soon.append(recorder.append(decision()))
        await asyncio.sleep(0.002)
    await asyncio.gather(*soon)  # without waiting an hour: the sixth was the last to be expected
    assert len(recorder.journal._segments[0].ends) == 1 + 2
    await recorder.close()


async def test_who_does_not_come_back_is_not_waited_for_long(tmp_path: Path) -> None:
    recorder = open_recorder(tmp_path)
    await asyncio.gather(*[recorder.append(decision()) for _ in range(6)])
    async with asyncio.timeout(60):
        assert (await recorder.append(decision())).index == 7
        assert (await recorder.append(decision())).index == 8
    await recorder.close()


async def test_waiting_callers_are_told_when_it_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "MAX_BATCH", 1)
    disk = FaultyDisk()
    recorder = open_recorder(tmp_path, disk)
    disk.fault_at, disk.fault = disk.steps + 2, errno.EIO
    results = await asyncio.gather(*[recorder.append(decision()) for _ in range(20)], return_exceptions=True)
    assert {type(r) for r in results} == {StorageError}
    await recorder.close()


async def test_what_is_appended_cannot_be_taken_back(tmp_path: Path) -> None:
    recorder = open_recorder(tmp_path)
    appended = recorder.append(decision())

    async def wait() -> int:
        try:
            await appended
        except asyncio.CancelledError:
            return appended.result().index  # told of both at once
        raise AssertionError("not cancelled")

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    assert await waiting == 1
    await recorder.close()


async def test_full_segments_are_published_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "SEGMENT_SLOTS", 300)
    recorder = open_recorder(tmp_path)
    for _ in range(40):
        await asyncio.gather(*[recorder.append(decision()) for _ in range(50)])
        await asyncio.sleep(0.001)
    async with asyncio.timeout(60):  # publishing runs beside the appends, and may lag behind them on a busy machine
        while read_published(tmp_path / "log")[0].size <= 1000 or len(list((tmp_path / "journal").iterdir())) >= 5:
            await recorder.append(decision())
    await recorder.close()
    await recorder.close()
    assert read_published(tmp_path / "log")[0].size == recorder.journal.log.size


async def test_a_private_side_of_another_time_is_refused(tmp_path: Path) -> None:
    recorder = open_recorder(tmp_path)
    await recorder.append(said("one"))
    await recorder.close()
    old = (tmp_path / "private" / "keys").read_bytes()
    recorder = open_recorder(tmp_path)
    await recorder.append(said("two"))
    await recorder.close()
    (tmp_path / "private" / "keys").write_bytes(old)
    with pytest.raises(StorageError, match="private side of entry 2 is missing"):
        open_recorder(tmp_path)
    with pytest.raises(StorageError, match="private side of entry 2 is missing"):
        open_recorder(tmp_path)  # and the lock was let go


async def test_another_site_key_or_other_content_is_refused_at_the_start(tmp_path: Path) -> None:
    """Sealed under a wrong site key, what comes next could be opened by neither."""
    recorder = open_recorder(tmp_path)
    await recorder.append(said("one"))
    await recorder.close()
    with pytest.raises(StorageError, match="private side of entry 1 does not open") as e:
        Recorder.open(tmp_path, LOG_KEY, bytes(32), DISCLOSURE)
    assert "site_key" in e.value.cure
    content = tmp_path / "private" / "content" / "00000000"
    content.write_bytes(bytes([content.read_bytes()[0] ^ 1]) + content.read_bytes()[1:])
    with pytest.raises(StorageError, match="does not open"):
        open_recorder(tmp_path)


async def test_the_private_side_of_another_record_is_refused(tmp_path: Path) -> None:
    for name, text in (("a", "one"), ("b", "two")):
        recorder = open_recorder(tmp_path / name)
        await recorder.append(said(text))
        await recorder.close()
    (tmp_path / "a" / "private").rename(tmp_path / "a" / "own")
    (tmp_path / "b" / "private").rename(tmp_path / "a" / "private")
    with pytest.raises(StorageError, match="private side of entry 1 is not what the entry commits to"):
        open_recorder(tmp_path / "a")


async def test_an_erased_entry_does_not_keep_the_record_from_opening(tmp_path: Path) -> None:
    recorder = open_recorder(tmp_path)
    receipt = await recorder.append(said("spilt"))
    recorder.vault.erase(receipt.index)
    await recorder.close()
    recorder = open_recorder(tmp_path)
    with pytest.raises(RecordError, match="erased"):
        recorder.vault.fields(receipt.index)
    await recorder.close()
