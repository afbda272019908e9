"""What a crash, a power cut or a wrong file leaves of the verbs that make keys and bundles, by its defect."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from brightline.cli import printing, rotate
from brightline.errors import StorageError
from brightline.record.entry import Kind
from brightline.record.log import Disclosure
from brightline.storage.record import Record
from brightline.storage.rotation import rewrap
from tests.cli.sites import documents, recorded
from tests.live.stage import LOG_KEY, SITE_KEY
from tests.record.drafts import decision

LOG = ("key", "rotate", "log", "-o", "new.key", "--key", "customer.key", "--statement", "rotation.json", "--json")
SITE = ("key", "rotate", "site", "-o", "new.site", "--json")


class CrashError(BaseException):
    """The process ends here."""


def crash(*given: object, **_: object) -> None:
    for record in given:
        if isinstance(record, Record):
            record.close()  # as the end of the process would
    raise CrashError


def test_a_rotation_that_ended_behind_its_new_key_left_no_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new key's file stood for the entry: begun again, the record never said that the key was changed."""
    here = recorded(tmp_path / "site")
    with monkeypatch.context() as patch:
        patch.setattr(rotate, "_write", crash)
        with pytest.raises(CrashError):
            here.shell(*LOG)
    documents(here.shell(*LOG))
    here.shell.change("brightline.toml", '"log.key"', '"new.key"\nrotations = ["rotation.json"]')
    assert [e.kind for e in here.site.entries()].count(Kind.CHANGE) == 1


def test_a_rotation_that_ended_behind_its_last_step_could_not_be_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = recorded(tmp_path / "site")
    with monkeypatch.context() as patch:
        patch.setattr(rotate, "print_json", crash)
        with pytest.raises(CrashError):
            here.shell(*SITE)
    assert documents(here.shell(*SITE))["keys"] > 0
    new = bytes.fromhex((here.site.folder / "new.site").read_text())
    record = Record.open(here.site.data, LOG_KEY, new, Disclosure())
    assert record.vault.fields(here.calls[0][0])
    record.close()
    assert [e.kind for e in here.site.entries()].count(Kind.CHANGE) == 1


@pytest.mark.parametrize("begun", [False, True])
def test_a_wrong_site_key_behind_a_long_idle_time_spoilt_every_key(tmp_path: Path, begun: bool) -> None:
    """Beats alone have no private side: with 1,032 of them last, any site key passed, and a rotation wrapped anew what
    it had not opened."""
    here = recorded(tmp_path / "site")
    record = here.record()
    for _ in range(5):
        record.write([decision() for _ in range(256)])
    record.close()
    wrong = bytes(32)
    if begun:
        rewrap(here.site.data, SITE_KEY, wrong)
    with pytest.raises(StorageError, match="does not open"):
        Record.open(here.site.data, LOG_KEY, SITE_KEY if begun else wrong, Disclosure())


def test_the_place_of_an_erased_entry_could_have_older_content_written_over(tmp_path: Path) -> None:
    """Nothing seals an erased entry's place: with bits of it changed, the next content went where it said."""
    here = recorded(tmp_path / "site")
    record = here.record()
    last = record.vault.newest(record.journal.log.size)
    record.vault.erase(last)
    record.close()
    keys = here.site.data / "private" / "keys"
    data = bytearray(keys.read_bytes())
    data[last * 48 + 36 : last * 48 + 48] = (1).to_bytes(4, "big") + bytes(8)
    keys.write_bytes(data)
    record = here.record()
    record.write([decision(fields=(("content", b"new"),))])
    assert record.vault.fields(here.calls[0][0])
    record.close()


@pytest.mark.parametrize("verb", ["key", "bundle"])
def test_a_new_file_whose_name_was_not_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """A power cut took the new site key's name, and all content was wrapped under it; and a bundle's bytes."""
    here = recorded(tmp_path / "site")
    synced: list[str] = []
    real = os.fsync

    def note(number: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{number}").readlink()))
        real(number)

    monkeypatch.setattr(printing.os, "fsync", note)
    folder = here.site.folder
    documents(here.shell(*SITE) if verb == "key" else here.shell("evidence", "export", "-o", "new.site", "--json"))
    at = synced.index(str(folder / "new.site.part"))
    assert synced[at + 1] == str(folder), "the bytes first, then the name"


def test_an_erasure_that_overwrote_half_of_a_key_kept_the_gateway_from_starting(tmp_path: Path) -> None:
    """And the cure that was told, a back-up, would have brought the spilled content back."""
    here = recorded(tmp_path / "site")
    entry = here.calls[1][0]
    documents(here.order("erase", entry))
    keys = here.site.data / "private" / "keys"
    data = bytearray(keys.read_bytes())
    data[entry * 48 + 16 : entry * 48 + 32] = bytes(range(16))
    keys.write_bytes(data)
    checks = {c["name"]: c for c in here.shell("doctor", "--json").document["checks"]}
    assert checks["private side"]["ok"], checks
    here.record().close()
    assert keys.read_bytes()[entry * 48 : entry * 48 + 32] == bytes(32)
    other = here.calls[2][0]
    data[other * 48 + 16] ^= 1
    keys.write_bytes(data)
    with pytest.raises(StorageError, match=f"entry {other} does not open"):
        here.record()
