"""Copies of a record that is being written, and parts of a record put back to an older state."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from brightline.errors import StorageError
from brightline.record.checkpoint import Checkpoint
from brightline.storage import backup
from brightline.storage import journal as journals
from brightline.storage.backup import copy_record
from brightline.storage.doctor import examine_record
from brightline.storage.record import Receipt, Record
from tests.record.drafts import decision
from tests.storage.logs import DISCLOSURE, LOG_KEY, read_published

SITE_KEY = bytes(range(50, 82))


def opened(folder: Path) -> Record:
    return Record.open(folder, LOG_KEY, SITE_KEY, DISCLOSURE)


def write(record: Record, *texts: str) -> list[int]:
    receipts = record.write([decision(fields=(("prompt", text.encode()),)) for text in texts])
    return [receipt.index for receipt in receipts if isinstance(receipt, Receipt)]


@pytest.mark.parametrize("publish_every", [1, 7, 10**9])
def test_a_copy_beside_the_writer_starts_and_has_all_that_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, publish_every: int
) -> None:
    """Segments begin, end and are dropped, partial tiles give way to full ones, and copies are taken all the while."""
    monkeypatch.setattr(journals, "SEGMENT_SLOTS", 100)
    told: dict[int, str] = {}
    done, begun = threading.Event(), threading.Event()
    record = opened(tmp_path / "data")

    def work() -> None:
        for n in range(10**9):
            texts = [f"{n}-{i}" for i in range(1 + n % 23)]
            told.update(zip(write(record, *texts), texts, strict=True))
            if n % publish_every == 0:
                record.journal.publish()
            if n == 20:
                begun.set()
            if done.is_set():
                return

    writer = threading.Thread(target=work)
    writer.start()
    begun.wait(60)
    try:
        copies = []
        for n in range(12):
            before = dict(told)
            size = copy_record(tmp_path / "data", tmp_path / f"copy{n}")
            copies.append((size, before))
    finally:
        done.set()
        writer.join()
    record.close()
    for n, (size, before) in enumerate(copies):
        copy = tmp_path / f"copy{n}"
        checks = examine_record(copy, LOG_KEY, SITE_KEY, lambda _: None).checks
        assert all(check.ok for check in checks), checks
        again = opened(copy)
        assert again.journal.log.size == size > max(before)
        for index, text in before.items():
            assert again.vault.fields(index) == (("prompt", text.encode()),)
        # It goes on where the copy ended, and what it publishes is whole.
        write(again, *["after"] * 300)
        again.journal.publish()
        again.close()
        assert isinstance(read_published(copy / "log")[0], Checkpoint)


def test_a_copy_that_cannot_be_finished_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = opened(tmp_path / "data")
    write(record, "a")
    record.journal.publish()
    record.close()
    (tmp_path / ".copy.part").mkdir()
    (tmp_path / ".copy.part" / "left").write_text("by a copy that was killed")
    real = backup._copy_file

    def full(source: object, to: Path, end: int | None = None) -> None:
        if "content" in str(to):
            raise StorageError("no space left", place=str(to), cure="free some")
        real(source, to, end)

    with monkeypatch.context() as patch:
        patch.setattr(backup, "_copy_file", full)
        with pytest.raises(StorageError, match="no space left"):
            copy_record(tmp_path / "data", tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    assert copy_record(tmp_path / "data", tmp_path / "copy") == 2
    with pytest.raises(StorageError, match="it exists"):
        copy_record(tmp_path / "data", tmp_path / "copy")


def test_what_is_no_record_or_lacks_a_part_is_not_copied(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no record"):
        copy_record(tmp_path / "data", tmp_path / "copy")
    record = opened(tmp_path / "data")
    write(record, *["a"] * 600)
    record.journal.publish()
    record.close()
    (tmp_path / "data/log/tile/entries/001").unlink()
    with pytest.raises(StorageError, match="No such file"):
        copy_record(tmp_path / "data", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def put_back(*names: str) -> Callable[[Path, Path], None]:
    def restore(old: Path, folder: Path) -> None:
        for name in names:
            shutil.rmtree(folder / name)
            shutil.copytree(old / name, folder / name)

    return restore


@pytest.mark.parametrize("later", [1, 3, 300, 2_000])
@pytest.mark.parametrize("publish", [True, False])
def test_a_rollback_beside_a_newer_private_side_is_refused(tmp_path: Path, later: int, publish: bool) -> None:
    """Also one of a single entry: the private side notes how many entries were durable."""
    record = opened(tmp_path / "data")
    write(record, *["a"] * 10)
    if publish:
        record.journal.publish()
    shutil.copytree(tmp_path / "data", tmp_path / "old")
    for n in range(0, later, 1_000):
        write(record, *["b"] * min(1_000, later - n))
    size = record.journal.log.size
    record.close()
    put_back("journal", "log")(tmp_path / "old", tmp_path / "data")
    with pytest.raises(StorageError, match=f"rolled back: the record ends at entry 11, and had {size} durable") as e:
        opened(tmp_path / "data")
    assert "restore all of the data folder from one back-up" in e.value.cure
    # Put back whole, it starts; and what it had then is there.
    put_back("journal", "log", "private")(tmp_path / "old", tmp_path / "data")
    record = opened(tmp_path / "data")
    assert record.journal.log.size == 11
    record.close()


def test_a_newer_record_beside_an_older_private_side_is_refused(tmp_path: Path) -> None:
    record = opened(tmp_path / "data")
    write(record, *["a"] * 10)
    shutil.copytree(tmp_path / "data", tmp_path / "old")
    write(record, "b")
    record.close()
    put_back("private")(tmp_path / "old", tmp_path / "data")
    with pytest.raises(StorageError, match="private side of entry 11 is missing"):
        opened(tmp_path / "data")


def test_a_copy_forgot_what_lies_beside_the_record(tmp_path: Path) -> None:
    """Restored without it, a registry could go back to any older version, and orders were never carried out."""
    data = tmp_path / "data"
    record = opened(data)
    write(record, "a")
    signed = record.journal.publish()
    record.close()
    beside = {"registry.json": b"{}", "engine.json": b"[]", "orders/1.order": b"{}", "releases/1.json": b"{}"}
    beside["log/witnessed"] = (data / "log" / "checkpoint").read_bytes()
    for name, text in {**beside, ".registry.json.new": b"half"}.items():
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).write_bytes(text)
    assert copy_record(data, tmp_path / "copy") == signed.size
    assert {name: (tmp_path / "copy" / name).read_bytes() for name in beside} == beside
    assert not (tmp_path / "copy" / ".registry.json.new").exists()
