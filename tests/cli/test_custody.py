"""Opening, erasing, keeping, by signed order on a stopped record. A running gateway: tests/live/test_orders.py."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest

from brightline.agreement import Disclosure, Retention
from brightline.approvals import Person, sign_roster
from brightline.errors import StorageError
from brightline.gateway.config import read_config
from brightline.gateway.history import GatewayHistory
from brightline.record.body import ErasureReason
from brightline.record.body import unpack as unpack_body
from brightline.record.entry import Kind, unpack
from brightline.storage.custody import Custody
from brightline.storage.disk import Looking
from brightline.storage.published import Published
from brightline.storage.record import Record
from brightline.storage.vault import Vault
from tests.agreement.founding import AUDITOR, CUSTOMER, STRANGER, VENDOR
from tests.cli.sites import SECRET, TERMS, Recorded, bytes_in, documents, recorded, replace_calls, roster
from tests.live.stage import LOG_KEY, ORIGIN, SITE_KEY, agreed, pack

DAY = 86_400
KNOWN = ("--vendor-key", str(VENDOR.public), "--customer-key", str(CUSTOMER.public))


@pytest.fixture
def here(tmp_path: Path) -> Recorded:
    return recorded(tmp_path / "site")


def custody(here: Recorded) -> Custody:
    record = here.record()
    try:
        size, read = record.journal.log.size, record.journal.read
        return Custody.read(agreed(), TERMS, size, read, record.vault)
    finally:
        record.close()


def entries(here: Recorded, kind: Kind) -> list[int]:
    return [e.sequence for e in here.site.entries() if e.kind == kind]


# ---- opening -----------------------------------------------------------------------------------------------------


class TestOpening:
    def test_one_field_of_one_entry_with_its_proof_and_nothing_else(self, here: Recorded) -> None:
        entry = here.calls[1][0]
        done = documents(here.order("open", entry, "content", "-o", "one.json", by="ito"))
        assert done["field"] == "content"
        file = (here.site.folder / "one.json").read_bytes()
        assert b"ordinary" not in file
        said = here.shell("verify", "one.json", "--agreement", "agreement.json", *KNOWN, "--json").document
        assert said == {
            "verified": True,
            "entry": entry,
            "field": "content",
            "value": f"{SECRET} 1",
            "origin": ORIGIN,
            "size": said["size"],
            "fields": 4,
        }
        assert here.shell("verify", "one.json", "--agreement", "agreement.json").status == 0
        # The others stay closed even to who guesses them: every leaf of theirs is under a salt of its own.
        look = here.site.entries()[done["recorded"][0]]
        assert (look.kind, unpack_body(Kind.APPROVAL, look.body)[0]) == (Kind.APPROVAL, entry)

    @pytest.mark.parametrize("member", ["entry", "proof", "checkpoint", "agreement", "field"])
    def test_whatever_is_changed_shows_nothing(self, here: Recorded, member: str) -> None:
        documents(here.order("open", here.calls[1][0], "content", "-o", "one.json", by="ito"))
        value = json.loads((here.site.folder / "one.json").read_text())
        match member:
            case "field":
                value["field"]["value"] = "c2VjcmV0"
            case "proof":
                value["proof"][0] = "00" * 32
            case "entry":
                other = here.site.entries()[here.calls[2][0]]
                assert unpack(other_bytes(here, other.sequence)) == other
                value["entry"] = base64.b64encode(other_bytes(here, other.sequence)).decode()
            case "checkpoint":
                value["checkpoint"] = value["checkpoint"].replace("\n", "\n1", 1)
            case _:
                value[member] = "sha256:" + "00" * 32
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        here.shell.write("two.json", text)
        said = here.shell("verify", "two.json", "--agreement", "agreement.json", "--json")
        assert said.status == 1
        assert said.document["verified"] is False

    def test_a_look_is_recorded_before_anything_is_shown(self, here: Recorded) -> None:
        before = len(here.site.entries())
        assert "no private field 'contents'" in here.refused("open", here.calls[0][0], "contents", "-o", "x", by="ito")
        assert "no such entry" in here.refused("open", 99, "content", "-o", "x", by="ito")
        assert "may not order this" in here.refused("open", here.calls[0][0], "content", "-o", "x", by="ortiz")
        assert len(here.site.entries()) == before
        assert not (here.site.folder / "x").exists()


def other_bytes(here: Recorded, entry: int) -> bytes:

    return Published(here.site.data / "log").read(entry, entry + 1)


# ---- erasing -----------------------------------------------------------------------------------------------------


REFUSED = {
    "nobody of the roster": ("erase", (3,), "stranger", "the roster has nobody"),
    "another role": ("erase", (3,), "ames", "'ames' may not order this"),
    "a counters entry": ("erase", (0,), "quinn", "no decision and no outcome"),
    "an entry that is not there": ("erase", (4000,), "quinn", "no decision and no outcome"),
}


class TestErasing:
    def test_a_spill(self, here: Recorded) -> None:
        """Erased, counted, and every proof of before stays good: the bundle, the opening of it, the checkpoint."""
        (decision, outcome), other = here.calls[1], here.calls[2][0]
        here.site.verified("before.bundle")
        documents(here.order("open", decision, "content", "-o", "kept.json", by="ito"))
        (here.site.folder / "checkpoint").write_bytes((here.site.data / "log/checkpoint").read_bytes())
        done = documents(here.order("erase", decision))
        assert done["erased"] == [decision]
        assert done["same_call"] == [outcome], "it says what else the call left"
        erasure = here.site.entries()[done["recorded"][0]]
        assert unpack_body(Kind.ERASURE, erasure.body) == (decision, unpack_body(Kind.ERASURE, erasure.body)[1], 1)
        # What was there before verifies as before, and what comes after goes on from it.
        assert here.site.verdict("before.bundle").status == 0
        after = here.site.verified("after.bundle", here.site.folder / "checkpoint")
        assert after["totals"]["kinds"]["erasure"] == 1
        assert here.shell("verify", "kept.json", "--agreement", "agreement.json", *KNOWN).status == 0
        # It is gone, whoever asks; the rest is there.
        assert "its content was erased" in here.refused("open", decision, "content", "-o", "x", by="ito")
        record = here.record()
        assert record.vault.opened(decision) is None
        assert dict(record.vault.fields(other))["content"] == f"{SECRET} 2".encode()
        record.close()
        assert here.shell("doctor", "--json").document["checks"]

    def test_the_whole_call(self, here: Recorded) -> None:
        """The answer and the tool calls hold the same secret."""
        done = documents(here.order("erase", here.calls[0][1], "--call"))
        assert set(done["erased"]) == {*here.calls[0], *here.tool}
        assert done["same_call"] == []

    def test_what_decides_outlives_what_is_erased(self, here: Recorded) -> None:
        """Meter and budget are rebuilt from private fields (ADR 0017): the erasure carries these, and no content."""
        decision, outcome = here.calls[1]
        documents(here.order("erase", decision, outcome))
        found = custody(here)
        assert found.carried == {decision: (("meter", b"counts"),), outcome: (("budget", b"paid"),)}
        record = here.record()
        assert record.vault.deciding(decision) == (), "who rebuilds reads the orders first"
        record.vault.carried = found.carried
        assert record.vault.deciding(decision) == (("meter", b"counts"),)
        assert dict(record.vault.deciding(here.calls[0][0]))["meter"] == b"counts"
        for e in entries(here, Kind.ERASURE):
            fields = dict(record.vault.fields(e))
            assert SECRET not in str(fields)
            assert "content" not in str(fields.keys())
        record.close()

    def test_replay_sees_nothing_of_it(self, here: Recorded) -> None:
        documents(here.order("erase", here.calls[1][0]))

        config = read_config(here.site.folder / "brightline.toml")
        history = GatewayHistory(pack().terms, here.site.data, config, lambda _: None)
        assert here.calls[1][0] not in [past.place for past in history]
        assert history.left_out["erased"] == 1

    @pytest.mark.parametrize(("verb", "words", "by", "text"), REFUSED.values(), ids=REFUSED)
    def test_refused(self, here: Recorded, verb: str, words: tuple[int, ...], by: str, text: str) -> None:
        here.shell.write("stranger.key", STRANGER.secret_text())
        before = bytes_in(here.site.data / "private")
        assert text in here.refused(verb, *words, by=by)
        assert bytes_in(here.site.data / "private") == before

    def test_twice_is_refused_and_loses_nothing(self, here: Recorded) -> None:
        documents(here.order("erase", here.calls[1][0], reason="the first time"))
        assert "of these entries is erased" in here.refused("erase", here.calls[1][0])
        assert len(entries(here, Kind.ERASURE)) == 1

    def test_a_roster_put_back_orders_nothing(self, here: Recorded) -> None:
        """Whoever lost the role has an old roster that still lists them."""
        documents(here.order("erase", here.calls[1][0]))
        here.shell.write("roster.json", sign_roster(roster(number=2), CUSTOMER).to_bytes())
        assert "roster 2 is older than 3" in here.refused("erase", here.calls[2][0])

    def test_the_cap_of_the_agreement(self, tmp_path: Path) -> None:
        """Erasing too much is refused here, and whoever gets round this is seen by the verifier."""
        paper = agreed(disclosure=Disclosure(erasures=2, erasures_per_10000=0))
        here = recorded(tmp_path / "site", paper=paper)
        documents(here.order("erase", here.calls[0][0], here.calls[1][0]))
        assert "2 entries were erased, and 2 of" in here.refused("erase", here.calls[2][0])
        record = here.record()
        assert record.vault.opened(here.calls[2][0]) is not None
        record.close()

    def test_a_crash_between_the_entry_and_the_key_is_finished(
        self, here: Recorded, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever opens the record next carries the recorded order out; never is a key gone uncounted."""

        def crash(vault: Vault, *sequences: int) -> None:
            if sequences:
                raise StorageError("power cut", cure="start again")

        with monkeypatch.context() as patch:
            patch.setattr(Vault, "erase", crash)
            assert "power cut" in here.refused("erase", here.calls[1][0])
        record = here.record()
        assert record.vault.opened(here.calls[1][0]) is not None
        record.close()
        found = custody(here)
        record = here.record()
        assert found.unfinished(record.journal.log.size, record.vault) == [here.calls[1][0]]
        record.close()
        documents(here.order("hold", "case 1", by="ames"))  # any next order finishes it first
        record = here.record()
        assert record.vault.opened(here.calls[1][0]) is None
        record.close()

    def test_copies_that_the_product_makes(self, here: Recorded) -> None:
        """A back-up holds what was erased until it is told so; another log's, or a fork, is not touched."""
        assert here.shell("doctor", "--copy", "copy").status in (0, 1)
        assert "SECRET" not in str(bytes_in(here.site.data)), "content is sealed at rest"
        documents(here.order("erase", here.calls[1][0]))
        copy = here.site.folder / "copy"
        assert kept(copy, here.calls[1][0])
        done = here.shell("evidence", "erase-copies", "copy", "--json").document
        assert done == {"copies": [{"copy": "copy", "erased": 1}]}
        assert not kept(copy, here.calls[1][0])
        assert kept(copy, here.calls[2][0])
        assert here.shell("evidence", "erase-copies", "copy", "--json").document["copies"][0]["erased"] == 0
        assert "there is no record" in here.shell.fails("evidence", "erase-copies", "nowhere")


def kept(data: Path, entry: int) -> bool:

    vault = Vault(data / "private", SITE_KEY, Looking())
    try:
        return vault.opened(entry) is not None
    finally:
        vault.close()


# ---- retention and legal hold (SCENARIOS G14) --------------------------------------------------------------------


class TestRetention:
    def test_hold_beats_purge_and_the_tombstone_keeps_every_proof_good(self, tmp_path: Path) -> None:
        paper = agreed(retention=Retention(content_days=3))
        here = recorded(tmp_path / "site", calls=6, at=time.time() - 5 * DAY, paper=paper)
        fresh = replace_calls(here.site, 2)
        first, last = here.calls[2]
        here.site.verified("before.bundle")
        documents(here.order("hold", "Doe v. Department", "--first", first, "--last", last, by="ames"))
        assert "under the legal hold 'Doe v. Department'" in here.refused("erase", first)
        done = documents(here.order("purge"))
        old = {e for pair in (*here.calls, here.tool) for e in pair}
        assert (done["count"], done["kept"]) == (len(old) - 2, 2)
        record = here.record()
        gone = {e for pair in (*here.calls, here.tool, *fresh.calls) for e in pair if record.vault.opened(e) is None}
        assert gone == old - {first, last}, "the held and the fresh stay"
        record.close()
        (tombstone,) = entries(here, Kind.ERASURE)
        body = unpack_body(Kind.ERASURE, here.site.entries()[tombstone].body)
        assert body[2] == ErasureReason.RETENTION
        assert body[0] >= max(old)
        assert here.site.verdict("before.bundle").status == 0
        here.site.verified("after.bundle")
        # Lifted, nothing is gone by that; the next purge takes it.
        documents(here.order("lift", "Doe v. Department", by="ames"))
        assert custody(here).holds == {}
        record = here.record()
        assert custody_unfinished(record) == []
        assert record.vault.opened(first) is not None
        record.close()
        time.sleep(1.1)  # the same order within a second is the same order
        assert documents(here.order("purge"))["count"] == 2

    def test_a_hold_on_all_that_comes_too(self, here: Recorded) -> None:
        documents(here.order("hold", "inquiry", by="ames"))
        later = replace_calls(here.site, 1)
        assert "legal hold 'inquiry'" in here.refused("erase", later.calls[0][0])
        time.sleep(1.1)  # the same order within a second is the same order
        assert "in force already" in here.refused("hold", "inquiry", by="ames")
        assert "not in force" in here.refused("lift", "other", by="ames")
        assert "may not order this" in here.refused("hold", "mine", by="quinn")

    def test_what_is_not_old_enough_stays(self, here: Recorded) -> None:
        assert "no entry is that old" in here.refused("purge")
        assert "days old" in here.refused("purge", "--last", here.calls[0][0])


def custody_unfinished(record: Record) -> list[int]:
    size, read, vault = record.journal.log.size, record.journal.read, record.vault
    return Custody.read(agreed(), TERMS, size, read, vault).unfinished(size, vault)


def test_separation_of_duties_at_the_roster(here: Recorded) -> None:
    """No person of the desk has the key of a party, of the log, or of an auditor: refused where it is loaded."""

    for whose, key in {"vendor": VENDOR, "log": LOG_KEY, "auditor": AUDITOR, "customer": CUSTOMER}.items():
        persons = (*roster().persons, Person(name="two hats", key=str(key.public), roles=("official",)))
        here.shell.write("roster.json", sign_roster(roster(persons=persons), CUSTOMER).to_bytes())
        assert whose in here.refused("erase", here.calls[0][0])
