"""The record says that the gateway is there, what its clock does, and where an epoch ends."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from brightline.assurance.release import Release, read_release, sign_release
from brightline.assurance.verify.statements import KNOWN
from brightline.errors import RecordError
from brightline.gateway.beats import Beats, open_epoch, released_in, stated_in
from brightline.keys import SigningKey
from brightline.record.body import ClockBody, ClockEvent, ClockSource, EpochBody, ReleaseBody, ReleaseReason
from brightline.record.log import Disclosure, Draft
from brightline.record.opening import open_fields
from brightline.storage.journal import Journal
from brightline.storage.record import Receipt, Record
from tests.assurance.records import LOG_KEY, METERS, NOON, TERMS, Evidence, founding

OFFICER = SigningKey.new("officer.example", bytes([31]) * 32)
HOUR = 3600


class Site:
    """A record and its clocks, which the test sets."""

    def __init__(self, folder: Path) -> None:
        self.wall, self.steady = float(NOON), 100.0
        self.record = Record.open(folder, LOG_KEY, bytes(32), Disclosure(), clock=lambda: self.wall)
        self.drafts: list[Draft] = []

    async def append(self, draft: Draft) -> Receipt:
        self.drafts.append(draft)
        (receipt,) = self.record.write([draft])
        assert isinstance(receipt, Receipt), receipt
        return receipt

    def beats(self, folder: Path | None = None) -> Beats:
        journal = self.record.journal
        return Beats(
            self.append,
            lambda: journal.log.time,
            terms=TERMS,
            heartbeat=HOUR,
            epoch_seconds=24 * HOUR,
            epoch=open_epoch(journal, 60, self.wall),
            stated=stated_in(folder / "statements") if folder else tuple,
            released=released_in(folder / "releases", str(OFFICER.public), journal) if folder else tuple,
            source=ClockSource.SYNCHRONISED,
            wall=lambda: self.wall,
            steady=lambda: self.steady,
        )

    def passes(self, beats: Beats, seconds: int, ticks: int = 15) -> None:
        for _ in range(0, seconds, ticks):
            self.wall, self.steady = self.wall + ticks, self.steady + ticks
            asyncio.run(beats.tick())

    def events(self) -> list[ClockEvent]:
        return [ClockEvent(d.body.event) for d in self.drafts if isinstance(d.body, ClockBody)]

    def evidence(self, openings: bytes = b"") -> Evidence:
        journal = self.record.journal
        return Evidence(journal.read(0, journal.log.size), founding(), openings=openings)


def test_an_idle_day_has_no_gap(tmp_path: Path) -> None:
    site = Site(tmp_path)
    beats = site.beats()
    asyncio.run(beats.started())
    site.passes(beats, 23 * HOUR)
    asyncio.run(beats.stopped())
    assert site.events()[0] is ClockEvent.STARTED
    assert site.events()[-1] is ClockEvent.STOPPED
    assert 23 <= site.events().count(ClockEvent.BEAT) <= 48
    assert site.evidence().verified().findings == ()


@pytest.mark.parametrize("orderly", [True, False])
def test_a_gateway_that_was_off_is_found(tmp_path: Path, orderly: bool) -> None:
    site = Site(tmp_path)
    beats = site.beats()
    asyncio.run(beats.started())
    if orderly:
        asyncio.run(beats.stopped())
    site.wall += HOUR + 60
    asyncio.run(site.beats().started())
    (finding,) = site.evidence().verified().findings
    assert finding.code == "record.gap"
    assert f"{int(orderly)} of them after an orderly stop" in finding.text
    assert finding.follows.startswith("The customer explains")


def test_just_the_heartbeat_is_no_gap(tmp_path: Path) -> None:
    site = Site(tmp_path)
    asyncio.run(site.beats().started())
    site.wall += HOUR
    asyncio.run(site.beats().started())
    assert site.evidence().verified().findings == ()


@pytest.mark.parametrize(("step", "event"), [(61.0, ClockEvent.FORWARD), (-3.0, ClockEvent.BACK)])
def test_a_step_of_the_clock_is_recorded_at_once(tmp_path: Path, step: float, event: ClockEvent) -> None:
    site = Site(tmp_path)
    beats = site.beats()
    asyncio.run(beats.started())
    site.passes(beats, 60)
    site.wall += step
    site.passes(beats, 15)
    assert site.events() == [ClockEvent.STARTED, event]
    (finding,) = site.evidence().verified().findings
    assert finding.code == "clock.stepped"
    assert f"at most by {120 if step > 0 else 60} s" in finding.text


def test_slewing_is_no_step(tmp_path: Path) -> None:
    site = Site(tmp_path)
    beats = site.beats()
    asyncio.run(beats.started())
    for _ in range(10):
        site.wall += 1.5
        site.passes(beats, 15)
    assert site.events() == [ClockEvent.STARTED]


def test_an_epoch_ends_when_it_is_due_and_the_next_goes_on_after_a_restart(tmp_path: Path) -> None:
    site = Site(tmp_path / "record")
    (tmp_path / "statements").mkdir()
    beats = site.beats(tmp_path)
    asyncio.run(beats.started())
    (tmp_path / "statements" / "meters.json").write_bytes(METERS)
    site.passes(beats, 25 * HOUR, 300)
    (tmp_path / "statements" / "meters.json").write_bytes(b"{}")
    again = site.beats(tmp_path)
    site.passes(again, 24 * HOUR, 300)
    ends = [d for d in site.drafts if isinstance(d.body, EpochBody)]
    assert [d.body.number for d in ends if isinstance(d.body, EpochBody)] == [1, 2]
    assert [dict(d.fields) for d in ends] == [{"meters": METERS}, {}]
    result = site.evidence().verified()
    assert result.verified, result.steps
    first, second = result.totals["epochs"]
    assert (first["clock"], second["first"]) == ("synchronised", first["last"] + 1)
    private = site.record.vault.opened(first["last"])
    assert private
    made = open_fields(first["last"], *private, KNOWN)
    assert made
    shown = site.evidence(made.to_bytes()).verified()
    assert shown.totals["epochs"][0]["statements"]["meters"]["highest"] == 700
    site.record.close()


def said(verdict: str = "refused", reason: str = "unexplained", size: int = 1) -> Release:
    return Release(
        agreement="sha256:" + "ab" * 32, origin="log", bundle="sha256:" + "cd" * 32, size=size, time=NOON,
        verdict=verdict, reason=reason,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_refused_release_is_recorded_as_a_class_and_found(tmp_path: Path) -> None:
    site = Site(tmp_path / "record")
    beats = site.beats(tmp_path)
    asyncio.run(beats.started())
    (tmp_path / "releases").mkdir()
    stranger = SigningKey.new("officer.example", bytes([32]) * 32)
    for name, envelope in (
        ("1.json", sign_release(said(), OFFICER)),
        ("2.json", sign_release(said(), stranger)),
        ("3.json", sign_release(said(size=10_000), OFFICER)),
    ):
        (tmp_path / "releases" / name).write_bytes(envelope.to_bytes())
    site.passes(beats, 45)
    recorded = [d.body for d in site.drafts if isinstance(d.body, ReleaseBody)]
    assert recorded == [ReleaseBody(1, 2, ReleaseReason.UNEXPLAINED, bytes([0xCD]) * 32)]
    assert (tmp_path / "releases" / "1.json.recorded").exists()
    (finding,) = site.evidence().verified().findings
    assert finding.code == "release.refused"
    assert isinstance(site.record.journal, Journal)


def test_a_release_has_one_form_and_no_words_of_its_own() -> None:
    made = sign_release(said(), OFFICER)
    assert read_release(made.to_bytes(), OFFICER.public) == said()
    for verdict, reason in (("refused", "none"), ("released", "law")):
        with pytest.raises(RecordError, match="has a reason"):
            sign_release(said(verdict, reason), OFFICER)
    for payload in (
        made.payload.replace(b'"unexplained"', b'"because I say so"'),
        made.payload.replace(b'"size":1', b'"size":1,"words":"x"'),
        made.payload + b"\n",
        b"{}",
    ):
        forged = type(made)(made.payload_type, payload).signed(OFFICER)
        with pytest.raises(RecordError, match="statement on a release"):
            read_release(forged.to_bytes(), OFFICER.public)
