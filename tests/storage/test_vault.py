"""The private side: sealed under keys of their own, found again, and gone for good once a key is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from brightline.errors import RecordError, StorageError
from brightline.storage import vault as vaults
from brightline.storage.vault import Item, Vault

SITE_KEY = bytes(range(50, 82))


def key_of(sequence: int) -> bytes:
    return sequence.to_bytes(4, "big") * 8


def item(sequence: int) -> Item:
    return Item(sequence, key_of(sequence), (("prompt", b"text of %d" % sequence), ("", b""), ("place", b"home")))


def open_vault(folder: Path, size: int, site_key: bytes = SITE_KEY) -> Vault:
    return Vault.open(folder, site_key, size, most_ahead=8)


def test_what_is_written_is_read_back_after_opening_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vaults, "CONTENT_BYTES", 300)
    size = 0
    for sequences in ([1, 2], [4, 7], [], [8], [9, 10, 11], [300], [301]):
        vault = open_vault(tmp_path, size)
        vault.write([item(s) for s in sequences])
        vault.close()
        size = max([size, *(s + 1 for s in sequences)])
    vault = open_vault(tmp_path, size)
    there = [1, 2, 4, 7, 8, 9, 10, 11, 300, 301]
    assert [s for s, has in enumerate(vault.has(0, size)) if has] == there
    for sequence in there:
        assert vault.fields(sequence) == item(sequence).fields
        assert vault.key(sequence) == key_of(sequence)
    assert len(list((tmp_path / "content").iterdir())) > 1
    for sequence in (0, 3, 12, 302, 10**6):
        with pytest.raises(RecordError, match="no private side"):
            vault.fields(sequence)
    vault.close()


def test_nothing_private_stands_on_the_disk_in_clear(tmp_path: Path) -> None:
    vault = open_vault(tmp_path, 0)
    vault.write([item(1), item(2)])
    vault.close()
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    whole = b"".join(p.read_bytes() for p in files)
    assert b"text of" not in whole
    assert b"prompt" not in whole
    assert key_of(1) not in whole
    assert all(p.stat().st_mode & 0o077 == 0 for p in files)


def test_an_erased_entry_never_opens_again_and_the_others_do(tmp_path: Path) -> None:
    vault = open_vault(tmp_path, 0)
    vault.write([item(s) for s in (1, 2, 3)])
    vault.close()
    before = (tmp_path / "keys").read_bytes()
    vault = open_vault(tmp_path, 4)
    vault.erase(2)
    vault.erase(2)
    with pytest.raises(RecordError, match="erased"):
        vault.fields(2)
    with pytest.raises(RecordError, match="erased"):
        vault.key(2)
    with pytest.raises(RecordError, match="no private side"):
        vault.erase(5)
    assert vault.has(1, 4) == [True, True, True]
    vault.close()
    after = (tmp_path / "keys").read_bytes()
    assert [i for i in range(len(after)) if before[i] != after[i]] == [i for i in range(96, 128) if before[i]]
    assert after[96:128] == bytes(32)
    vault = open_vault(tmp_path, 4)
    assert (vault.fields(1), vault.fields(3)) == (item(1).fields, item(3).fields)
    with pytest.raises(RecordError, match="erased"):
        vault.fields(2)
    vault.close()


def test_keys_of_a_batch_that_never_became_durable_are_overwritten(tmp_path: Path) -> None:
    vault = open_vault(tmp_path, 0)
    vault.write([item(s) for s in (1, 2, 3)])
    vault.close()
    vault = open_vault(tmp_path, 2)
    assert (tmp_path / "keys").read_bytes()[96:].strip(b"\0") == b""
    with pytest.raises(RecordError):
        vault.fields(2)
    vault.write([item(2)])
    assert vault.fields(1) == item(1).fields
    assert vault.fields(2) == item(2).fields
    vault.close()


def test_a_record_put_back_to_an_older_state_is_noticed(tmp_path: Path) -> None:
    vault = open_vault(tmp_path, 0)
    vault.write([item(s) for s in range(1, 30)])
    vault.close()
    with pytest.raises(StorageError, match="knows 20 entries more than the record, which has 10") as e:
        open_vault(tmp_path, 10)
    assert "restore all of the data folder" in e.value.cure
    vault = open_vault(tmp_path, 22)
    vault.close()


def test_another_site_key_or_damaged_content_does_not_open(tmp_path: Path) -> None:
    vault = open_vault(tmp_path, 0)
    vault.write([item(1), item(2)])
    vault.close()
    vault = open_vault(tmp_path, 3, bytes(32))
    with pytest.raises(RecordError, match="does not open"):
        vault.fields(1)
    vault.close()
    path = tmp_path / "content" / "00000000"
    whole = path.read_bytes()
    path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    vault = open_vault(tmp_path, 3)
    with pytest.raises(RecordError, match="does not open"):
        vault.fields(1)
    assert vault.fields(2) == item(2).fields
    vault.close()
    path.write_bytes(whole[:60])
    with pytest.raises(StorageError, match="content is missing at its end"):
        open_vault(tmp_path, 3)
    path.unlink()
    with pytest.raises(StorageError, match="cannot open it"):
        open_vault(tmp_path, 3)


def test_a_site_key_of_another_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="32 bytes"):
        open_vault(tmp_path, 0, b"short")
