"""The journal: durable, rebuilt on opening, published as anyone's tools read it, and shut against whatever is wrong."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brightline.errors import RecordError, StorageError
from brightline.keys import SigningKey
from brightline.record import checkpoint
from brightline.record.entry import BUNDLE, unpack
from brightline.record.tiles import tiles_of
from brightline.storage import journal as journals
from brightline.storage.journal import Journal
from brightline.storage.segment import SLOT
from tests.storage.logs import DISCLOSURE, LOG_KEY, append, open_journal, read_published


@pytest.fixture
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "SEGMENT_SLOTS", 300)


def test_a_new_log_is_empty_and_says_so(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    assert journal.publish().size == 0
    assert read_published(tmp_path / "log")[1] == []
    journal.close()


@pytest.mark.usefixtures("short_segments")
def test_everything_is_there_after_opening_again(tmp_path: Path) -> None:
    known: dict[int, bytes] = {}
    for counts in ([1, 2, 300], [7], [64] * 12, [], [1] * 40):
        journal = open_journal(tmp_path)
        assert journal.cut == 0
        for count in counts:
            for index in append(journal, count):
                known[index] = journal.read(index, index + 1)
                assert unpack(known[index]).sequence == index
        before = journal.log.checkpoint()
        if len(counts) % 2:
            assert journal.publish() == before
        journal.close()
        journal = open_journal(tmp_path)
        assert journal.log.checkpoint() == before
        assert all(journal.read(i, i + 1) == data for i, data in known.items())
        assert journal.read(0, before.size) == b"".join(journal.read(i, i + 1) for i in range(before.size))
        journal.close()


@pytest.mark.usefixtures("short_segments")
def test_an_independent_reader_recomputes_the_published_root(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for count in (1, 2, 250, 3, 255, 256, 257, 700, 1):
        append(journal, count)
        published = journal.publish()
        found, entries = read_published(tmp_path / "log")
        assert found == published == journal.log.checkpoint()
        assert b"".join(entries) == journal.read(0, published.size)
        note = (tmp_path / "log" / "checkpoint").read_bytes()
        assert checkpoint.verify(note, [LOG_KEY.public]) == published
    journal.close()


@pytest.mark.usefixtures("short_segments")
def test_segments_go_only_when_their_entries_stand_in_full_bundles(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for i in range(30):
        append(journal, 50)
        if i == 2:
            journal.publish()
    assert len(list((tmp_path / "journal").iterdir())) > 5
    assert journal.to_drop > 3
    journal.publish()
    assert journal.to_drop == 0
    left = sorted((tmp_path / "journal").iterdir())
    assert len(left) <= 2
    first = int(left[0].name.split(".")[0])
    assert 0 < first <= journal.log.size // BUNDLE * BUNDLE
    assert [p.name for p in (tmp_path / "log" / "tile" / "0").iterdir() if p.name.endswith(".p")] == [
        f"{journal.log.size // BUNDLE:03d}.p"
    ]
    journal.close()


def test_an_old_edition_stays_readable_until_its_tiles_are_full(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    append(journal, 5)
    journal.publish()
    note = (tmp_path / "log" / "checkpoint").read_bytes()
    append(journal, 7)
    journal.publish()
    (tmp_path / "log" / "checkpoint").write_bytes(note)
    assert read_published(tmp_path / "log")[0].size == 6
    journal.close()


def test_a_second_process_is_told(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    code = "from tests.storage.logs import open_journal; import pathlib, sys; open_journal(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(tmp_path)]
    run = subprocess.run(command, check=False, env={"PYTHONPATH": "src:."}, capture_output=True, text=True)
    assert run.returncode == 1
    assert "StorageError" in run.stderr
    assert "another process writes this record" in run.stderr
    with pytest.raises(StorageError, match="another process"):
        open_journal(tmp_path)
    journal.close()
    open_journal(tmp_path).close()


def test_entries_that_are_not_there_are_not_read(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    append(journal, 1)
    for first, last in ((0, 3), (-1, 1), (2, 1)):
        with pytest.raises(RecordError, match="are not there"):
            journal.read(first, last)
    assert journal.read(2, 2) == b""
    journal.close()


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.close()
    with pytest.raises(StorageError, match="stopped"):
        append(journal, 1)


# --- damage, rollback and fork -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two segments, partly published."""
    folder = tmp_path_factory.mktemp("sound")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journals, "SEGMENT_SLOTS", 40)
        journal = open_journal(folder)
        for count in (3, 1, 20):
            append(journal, count)
        journal.publish()
        for count in (12, 2, 1):
            append(journal, count)
        journal.close()
    for path in (folder / "journal").iterdir():  # without the zeros ahead: damage there is damage too, but less likely
        path.write_bytes(path.read_bytes().rstrip(b"\0"))
    return folder


def test_what_is_sound_opens(sound: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(sound, tmp_path / "copy")
    journal = open_journal(copy)
    assert (journal.log.size, journal.cut) == (40, 0)
    journal.close()


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_flipped_bit_is_refused(sound: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted((sound / "journal").iterdir())))
    whole = path.read_bytes()
    at, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    broken = whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
    path.write_bytes(broken)
    try:
        with pytest.raises(StorageError, match=r"damaged|missing|repeats|not signed") as e:
            open_journal(sound)
        assert e.value.place == str(path)
        assert "back-up" in e.value.cure
        assert path.read_bytes() == broken
    finally:
        path.write_bytes(whole)


def _cut_to_batch(path: Path, batches: int) -> None:
    """Put a segment back to what it was `batches` earlier."""
    slots = [path.read_bytes()[i : i + SLOT] for i in range(0, path.stat().st_size, SLOT)]
    seals = [i for i, slot in enumerate(slots) if slot.startswith(b"\xffBL")]
    path.write_bytes(b"".join(slots[: seals[-1 - batches] + 1]))


def _edit_published(folder: Path, size: int) -> None:
    """A checkpoint of another history, signed by the log itself."""
    forged = dataclasses.replace(checkpoint.verify((folder / "checkpoint").read_bytes(), [LOG_KEY.public]), size=size)
    (folder / "checkpoint").write_bytes(bytes(checkpoint.sign(forged, LOG_KEY)))


def test_missing_rolled_back_and_forked_logs_are_refused(sound: Path, tmp_path: Path) -> None:
    first, second = sorted(p.name for p in (sound / "journal").iterdir())

    def opened(name: str) -> Path:
        return shutil.copytree(sound, tmp_path / name)

    def refuses(copy: Path, text: str) -> None:
        with pytest.raises(StorageError, match=text):
            open_journal(copy)

    copy = opened("no journal")
    shutil.rmtree(copy / "journal")
    refuses(copy, "journal is missing: 25 entries were published")

    copy = opened("second segment missing")
    (copy / "journal" / second).unlink()
    _cut_to_batch(copy / "journal" / first, 1)
    refuses(copy, "rolled back: it ends at entry 5, but 25 were published")

    copy = opened("first segment missing")
    (copy / "journal" / first).unlink()
    refuses(copy, "No such file")

    copy = opened("batch missing in between")
    _cut_to_batch(copy / "journal" / first, 1)
    refuses(copy, "entries 5 to 24 are missing")

    copy = opened("damaged end of a segment that is not the last")
    with (copy / "journal" / first).open("r+b") as file:
        file.seek(-SLOT, 2)
        file.write(b"\x01" * SLOT)
    refuses(copy, "damaged after offset")

    copy = opened("published checkpoint of another history")
    _edit_published(copy / "log", 24)
    refuses(copy, "forked: the journal never had the 24 entries")

    copy = opened("published checkpoint damaged")
    with (copy / "log" / "checkpoint").open("r+b") as file:
        file.write(b"X")
    refuses(copy, "not signed by a known key")

    copy = opened("another log's journal")
    other = Journal.open(tmp_path / "other", SigningKey.new("example.com/log", bytes(32)), DISCLOSURE)
    append(other, 3)
    other.close()
    shutil.rmtree(copy / "log")
    shutil.rmtree(copy / "journal")
    shutil.copytree(tmp_path / "other" / "journal", copy / "journal")
    refuses(copy, "not signed by example.com/log")

    copy = opened("segment of another history")
    fork = Journal.open(tmp_path / "fork", LOG_KEY, DISCLOSURE)
    append(fork, 24)
    fork._begin_segment()
    fork.close()
    shutil.copy(tmp_path / "fork" / "journal" / second, copy / "journal" / second)
    refuses(copy, "forked: it does not follow the 25 entries before it")

    copy = opened("empty segment")
    (copy / "journal" / second).write_bytes(b"")
    refuses(copy, "damaged at its start")


@pytest.mark.usefixtures("short_segments")
def test_a_damaged_tile_or_bundle_is_refused(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for _ in range(20):
        append(journal, 50)
    journal.publish()
    journal.close()
    for name in ("tile/entries/001", "tile/0/001"):
        path = tmp_path / "log" / name
        sound = path.read_bytes()
        path.write_bytes(sound[:700] + bytes([sound[700] ^ 1]) + sound[701:])
        with pytest.raises(StorageError, match="damaged"):
            open_journal(tmp_path)
        path.write_bytes(sound[:-1])
        with pytest.raises(StorageError, match="damaged"):
            open_journal(tmp_path)
        path.write_bytes(sound)
    open_journal(tmp_path).close()


def test_publishing_never_overwrites_a_tile_that_says_otherwise(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    append(journal, 300)
    journal.publish()
    full = next(tile for tile in tiles_of(256) if tile.level == 0)
    path = tmp_path / "log" / full.path
    path.write_bytes(bytes(8192))
    journal.close()
    journal = open_journal(tmp_path)
    append(journal, 1)
    note = (tmp_path / "log" / "checkpoint").read_bytes()
    with pytest.raises(StorageError, match="does not hold what the journal says"):
        journal.publish()
    assert (path.read_bytes(), (tmp_path / "log" / "checkpoint").read_bytes()) == (bytes(8192), note)
    journal.close()
