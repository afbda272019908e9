"""Across the air gap, as files alone: request, cosign, attach, export, verify, thin, refuse; the proof of a fork."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from brightline.agreement import Log as AgreedLog
from brightline.keys import SigningKey
from brightline.meters.key import MeterKey
from brightline.meters.union import Export
from brightline.meters.where import Window
from brightline.record import checkpoint
from brightline.record.body import EpochBody
from brightline.record.entry import OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.storage.record import Record
from tests.agreement.founding import CUSTOMER, VENDOR, signed
from tests.assurance.records import LOG_KEY, METERS, NOON, ORIGIN, TERMS, decision, founding, honest, mixed
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
