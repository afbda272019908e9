"""New keys: the log goes on for whoever has the statement, and content opens with the new site key."""

from __future__ import annotations

from pathlib import Path

import pytest

from brightline.errors import StorageError
from brightline.keys import SigningKey
from brightline.record import checkpoint
from brightline.record.entry import Kind
from brightline.record.log import Disclosure
from brightline.storage import rotation
from brightline.storage.disk import Disk
from brightline.storage.record import Record
from tests.agreement.founding import CUSTOMER, VENDOR
from tests.assurance.records import honest
from tests.cli.shell import Said
from tests.cli.sites import SECRET, Recorded, documents, recorded
from tests.live.stage import LOG_KEY, SITE_KEY

KNOWN = ("--agreement", "agreement.json", "--vendor-key", str(VENDOR.public), "--customer-key", str(CUSTOMER.public))


@pytest.fixture
def here(tmp_path: Path) -> Recorded:
    return recorded(tmp_path / "site")


def log(here: Recorded) -> Said:
    return here.shell(
        "key", "rotate", "log", "-o", "new.key", "--key", "customer.key", "--statement", "rotation-1.json", "--json"
    )


def verdict(here: Recorded, *words: str) -> Said:
    return here.shell("verify", "e.bundle", *KNOWN, *words, "--json")


def settle(here: Recorded, name: str, line: str, more: str = "") -> None:
    here.shell.change("brightline.toml", f'{name} = "{name.replace("_", ".")}"', f'{name} = "{line}"{more}')


class TestLogKey:
    def test_the_log_goes_on_and_only_with_the_statement(self, here: Recorded) -> None:
        (here.site.folder / "before").write_bytes((here.site.data / "log/checkpoint").read_bytes())
        assert documents(log(here))["statement"] == "rotation-1.json"
        settle(here, "log_key", "new.key", '\nrotations = ["rotation-1.json"]')
        assert here.shell("doctor", "--json").document["checks"][3]["ok"], "the gateway would start with it"
        documents(here.order("erase", here.calls[1][0]))  # it writes on, with the new key
        documents(here.shell("evidence", "export", "-o", "e.bundle", "--json"))
        good = verdict(here, "--rotation", "rotation-1.json", "--earlier", "before")
        assert good.status == 0, good.out
        assert good.document["totals"]["changes"]["log_key"] == 1
        assert verdict(here).status == 1, "without the statement it is another key than was agreed"
        # And an opening too.
        documents(here.order("open", here.calls[2][0], "content", "-o", "one.json", by="ito"))
        assert here.shell("verify", "one.json", *KNOWN, "--rotation", "rotation-1.json").status == 0
        assert here.shell("verify", "one.json", *KNOWN).status == 1

    def test_a_thief_with_the_old_key_is_seen(self, here: Recorded) -> None:
        """Compromise: what the old key signs beyond where it ended is refused, and names what it shows."""
        documents(log(here))
        settle(here, "log_key", "new.key", '\nrotations = ["rotation-1.json"]')
        documents(here.shell("evidence", "export", "-o", "e.bundle", "--json"))
        forged = honest(bytes(256 * 99), LOG_KEY.name)
        (here.site.folder / "forged").write_bytes(bytes(checkpoint.sign(forged, LOG_KEY)))
        text = here.shell.fails(
            "verify", "e.bundle", *KNOWN, "--rotation", "rotation-1.json", "--earlier", "forged", "--json"
        )
        assert "by a key that ended at" in text

    def test_who_may_not(self, here: Recorded) -> None:
        words = ("key", "rotate", "log", "-o", "new.key", "--statement", "r.json")
        assert "customer's to change" in here.shell.fails(*words)
        assert "not the customer's key" in here.shell.fails(*words, "--key", "quinn.key")
        assert "no key 'party'" in here.shell.fails("key", "rotate", "party", "-o", "x")
        assert not (here.site.folder / "new.key").exists()

    def test_cut_short_it_is_begun_again(self, here: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
        """A crash after the journal and before the published checkpoint."""
        replace, calls = Disk.replace, []

        def crash(disk: Disk, path: Path, data: bytes) -> None:
            if path.name == "checkpoint" and calls:
                raise StorageError("power cut", cure="again")
            calls.append(path)
            replace(disk, path, data)

        new = SigningKey.new(LOG_KEY.name, bytes([77]) * 32)
        with monkeypatch.context() as patch:
            patch.setattr(Disk, "replace", crash)
            with pytest.raises(StorageError, match="power cut"):
                rotation.reseal(here.site.data, LOG_KEY, new)
        with pytest.raises(StorageError):
            here.record()
        rotation.reseal(here.site.data, LOG_KEY, new)
        here.record_as(new).close()
        with pytest.raises(StorageError, match="neither"):
            rotation.reseal(here.site.data, LOG_KEY, SigningKey.new(LOG_KEY.name, bytes([78]) * 32))


class TestSiteKey:
    def test_content_opens_with_the_new_key_and_what_was_erased_stays_erased(self, here: Recorded) -> None:
        documents(here.order("erase", here.calls[1][0]))
        entries = len(here.site.entries())
        done = documents(here.shell("key", "rotate", "site", "-o", "new.site", "--json"))
        assert done["kind"] == "site"
        assert here.site.entries()[entries].kind == Kind.CHANGE
        new = bytes.fromhex((here.site.folder / "new.site").read_text())
        with pytest.raises(StorageError, match="does not open"):
            here.record()
        record = Record.open(here.site.data, LOG_KEY, new, Disclosure())
        assert dict(record.vault.fields(here.calls[2][0]))["content"] == f"{SECRET} 2".encode()
        assert record.vault.opened(here.calls[1][0]) is None
        record.close()
        settle(here, "site_key", "new.site")
        documents(here.order("open", here.calls[2][0], "content", "-o", "one.json", by="ito"))
        here.site.verified("after.bundle")

    def test_a_running_gateway_is_not_touched(self, here: Recorded) -> None:
        record = here.record()
        try:
            assert "another process writes" in here.shell.fails("key", "rotate", "site", "-o", "new.site")
        finally:
            record.close()
        Record.open(here.site.data, LOG_KEY, SITE_KEY, Disclosure()).close()
