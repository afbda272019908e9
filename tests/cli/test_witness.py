"""Across the air gap, as files alone: request, cosign, attach, export, verify, thin, refuse; the proof of a fork."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from brightline.agreement import Log as AgreedLog
from brightline.keys import SigningKey, WitnessKey
from brightline.meters.key import MeterKey
from brightline.meters.union import Export
from brightline.meters.where import Window
from brightline.record import checkpoint
from brightline.record.body import EpochBody
from brightline.record.entry import OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.storage.record import Record
from tests.agreement.founding import CUSTOMER, VENDOR, signed
from tests.assurance.records import LOG_KEY, METERS, NOON, ORIGIN, TERMS, Evidence, decision, founding, honest, mixed
from tests.cli.shell import Shell

SITE_KEY = bytes(range(32))
W1 = SigningKey.new("witness.example/w1", bytes([21]) * 32)
OFFICER = SigningKey.new("officer.example", bytes([31]) * 32)


@pytest.fixture
def site(tmp_path: Path) -> Shell:
    """A published record with one epoch, an agreement, keys, and settings."""
    home = tmp_path
    record = Record.open(home / "data", LOG_KEY, SITE_KEY, Disclosure(), clock=lambda: float(NOON))
    for _ in range(3):
        record.write([decision(OutcomeCode.DENY)])
    record.write([Draft(EpochBody(1, 0, NOON, NOON), terms=TERMS, fields=(("meters", METERS), ("other", b"x")))])
    record.journal.publish()
    record.close()
    agreed = founding(logs=(AgreedLog(origin=ORIGIN, key=LOG_KEY.public),))
    (home / "signed.json").write_bytes(signed(agreed, VENDOR, CUSTOMER).to_bytes())
    for name, key in (("log", LOG_KEY), ("w1", W1), ("officer", OFFICER)):
        (home / f"{name}.key").write_text(key.secret_text())
        (home / f"{name}.pub").write_text(str(key.public))
    (home / "site.key").write_text(SITE_KEY.hex())
    (home / "brightline.toml").write_text(
        'agreement = "signed.json"\nlog_key = "log.key"\nsite_key = "site.key"\ndata = "data"\n'
    )
    return Shell(home)


def test_a_log_is_witnessed_by_disc(site: Shell) -> None:
    answer = site("witness", "request", "data/log", "-o", "ask", "--json").document
    assert answer["entries"] == 5
    cosign = ("witness", "cosign", "ask", "--key", "w1.key", "--log", "log.pub", "--state", "state", "--json")
    assert site(*cosign).document["answers"][0]["status"] == 200
    kept = site("witness", "attach", "data/log", "ask", "ask.cosigned", "--witness", "w1.pub", "--json").document
    assert kept == {"witness": W1.name, "entries": 5}
    assert site("evidence", "export", "-o", "b", "--witnessed", "--json").document["entries"] == 5
    known = (
        "--vendor-key",
        str(VENDOR.public),
        "--customer-key",
        str(CUSTOMER.public),
        "--witness",
        "w1.pub",
        "--json",
    )
    result = site("verify", "b", "--agreement", "signed.json", *known).document
    assert result["verified"]
    assert W1.name in result["steps"][2]["text"]
    assert result["totals"]["epochs"][0]["statements"]["meters"]["highest"] == 700
    assert b'"other"' not in (site.folder / "b").read_bytes()
    # the same on one sheet
    thin = site("evidence", "thin", "-o", "sheet", "--witnessed", "--json").document
    assert thin["bytes"] == len((site.folder / "sheet").read_bytes()) <= 1400
    assert site("verify", "sheet", "--agreement", "signed.json", *known).document["verified"]
    # and a stranger's request is not cosigned: the answer is "no"
    (site.folder / "odd").write_bytes((site.folder / "ask").read_bytes().replace(ORIGIN.encode(), b"other"))
    assert site("witness", "cosign", "odd", *cosign[3:]).document["answers"][0]["status"] == 404


def test_a_fork_is_proven_as_a_file(site: Shell) -> None:
    other = checkpoint.sign(honest(mixed()[: 4 * 256]), LOG_KEY)
    (site.folder / "kept").write_bytes(bytes(other))
    site("evidence", "export", "-o", "b")
    assert site("witness", "prove", "kept", "b", "-o", "proof", "--json").document["contradicts"]
    known = ("--vendor-key", str(VENDOR.public), "--customer-key", str(CUSTOMER.public), "--json")
    found = site("verify", "proof", "--agreement", "signed.json", *known).document
    assert found["verified"]
    assert found["findings"][0]["code"] == "record.forked"
    same = site.folder / "data" / "log" / "checkpoint"
    assert not site("witness", "prove", str(same), "b", "-o", "none", "--json").document["contradicts"]
    assert not (site.folder / "none").exists()


def test_an_officer_refuses_in_a_word_of_the_list(site: Shell) -> None:
    site("evidence", "export", "-o", "b")
    said = site("evidence", "refuse", "b", "--key", "officer.key", "--reason", "finer", "-o", "no", "--json").document
    assert (said["verdict"], said["reason"]) == ("refused", "finer")
    (kept,) = (site.folder / "data" / "releases").iterdir()
    assert kept.read_bytes() == (site.folder / "no").read_bytes()
    error = site("evidence", "refuse", "b", "--key", "officer.key", "--reason", "I dislike it", "-o", "x")
    assert "one of classified" in error.err
    released = site("evidence", "release", "b", "--key", "officer.key", "-o", "yes", "--json").document
    assert released["verdict"] == "released"


def test_two_sites_are_each_under_the_limit_and_their_sum_is_past_it(site: Shell) -> None:
    """E07."""
    key, window = MeterKey(bytes(32), "sha256:" + "ab" * 32), Window(soft=4, hard=6)
    scope = ("intel", None, "g2", None)
    for name, persons in (("north", range(4)), ("south", range(3, 7))):
        seen = {key.hash(str(p)): NOON for p in persons}
        (site.folder / name).write_bytes(Export(key.id, window, NOON, {scope: seen}).to_bytes())
        alone = site("evidence", "meters", name, "-o", f"{name}.json", "--json").document
        assert (alone["highest"], alone["at_hard"]) == (4, 0)
    both = site("evidence", "meters", "north", "south", "-o", "both.json", "--json").document
    assert (both["sites"], both["at_hard"], both["highest"], both["exact"]) == (2, 1, 6, True)
    written = (site.folder / "both.json").read_bytes()
    assert json.loads(written)["type"] == "brightline/meters/v1"
    assert b"intel" not in written
    assert Path(site.folder / "both.json").exists()


class TestSmuggling:
    """Somebody inside hides words in a bundle, and the officer would have to see it."""

    @pytest.fixture
    def bundle(self, site: Shell) -> bytes:
        site("evidence", "export", "-o", "b")
        return (site.folder / "b").read_bytes()

    def refused(self, site: Shell, data: bytes) -> str:
        (site.folder / "x").write_bytes(data)
        said = site("evidence", "release", "x", "--key", "officer.key", "-o", "yes")
        assert said.status == 2
        assert not (site.folder / "yes").exists()
        assert not list((site.folder / "data" / "releases").glob("*"))
        return said.err

    def with_lines(self, bundle: bytes, *lines: str) -> bytes:
        head, _, rest = bundle.partition(b"checkpoint ")
        size, _, rest = rest.partition(b"\n")
        signed_, rest = rest[: int(size)], rest[int(size) :]
        signed_ += "".join(lines).encode()
        return head + b"checkpoint %d\n" % len(signed_) + signed_ + rest

    def test_a_strangers_signature_line(self, site: Shell, bundle: bytes) -> None:
        """Every verifier reads over it (C2SP), so it is room for a megabyte of words that nobody looks at."""
        words = base64.b64encode(b"names of everybody whom we watch").decode()
        forged = self.with_lines(bundle, f"\u2014 a.witness {words}\n")
        (site.folder / "hidden").write_bytes(forged)
        assert site("verify", "hidden", "--agreement", "signed.json").status == 0
        assert "can hold anything" in self.refused(site, forged)

    def test_a_line_that_stands_twice(self, site: Shell, bundle: bytes) -> None:
        line = next(x for x in bundle.decode("latin-1").splitlines() if x.startswith("â")).encode("latin-1").decode()
        assert "a signature line twice" in self.refused(site, self.with_lines(bundle, f"{line}\n"))

    def test_a_false_cosignature_of_a_known_witness(self, site: Shell, bundle: bytes) -> None:
        key = WitnessKey.parse(str(W1.public), "w1")
        line = f"\u2014 {key.name} {base64.b64encode(key.id + bytes(72)).decode()}\n"
        (site.folder / "x").write_bytes(self.with_lines(bundle, line))
        words = ("evidence", "release", "x", "--key", "officer.key", "--witness", "w1.pub", "-o", "yes")
        assert "is false" in site(*words).err

    def test_a_known_witness_may_leave(self, site: Shell) -> None:
        site("witness", "request", "data/log", "-o", "ask")
        site("witness", "cosign", "ask", "--key", "w1.key", "--log", "log.pub", "--state", "state")
        site("witness", "attach", "data/log", "ask", "ask.cosigned", "--witness", "w1.pub")
        site("evidence", "export", "-o", "b", "--witnessed")
        words = ("evidence", "release", "b", "--key", "officer.key", "-o", "yes")
        assert "can hold anything" in site(*words).err
        assert site(*words, "--witness", "w1.pub").status == 0

    def test_entries_made_up_for_the_bundle(self, site: Shell, bundle: bytes) -> None:
        """Whoever has the log's key signs other commitments, 32 bytes of words each."""
        rows = bytearray(bundle[-5 * 256 :])
        rows[256 + 152 : 256 + 184] = b"the names of those whom we watch"
        made_up = bytes(checkpoint.sign(honest(bytes(rows)), LOG_KEY))
        head, _, rest = bundle[: -5 * 256].partition(b"checkpoint ")
        size, _, rest = rest.partition(b"\n")
        forged = head + b"checkpoint %d\n" % len(made_up) + made_up + rest[int(size) :] + bytes(rows)
        (site.folder / "hidden").write_bytes(forged)
        assert site("verify", "hidden", "--agreement", "signed.json").status == 0
        assert "not all this record's" in self.refused(site, forged)

    def test_more_entries_than_the_record_has(self, site: Shell, bundle: bytes) -> None:
        rows = mixed()
        forged = Evidence(rows, founding(logs=(AgreedLog(origin=ORIGIN, key=LOG_KEY.public),))).bundle
        assert "this record has 5" in self.refused(site, forged)
