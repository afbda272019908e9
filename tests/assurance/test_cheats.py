"""Each cheat fails at its own step. The customer holds the log's key, so it can sign whatever it made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from brightline.agreement import Keys, Log, Retention
from brightline.agreement.payload import AGREEMENT_TYPE
from brightline.agreement.reading import plain
from brightline.assurance.verify import verify
from brightline.assurance.verify.bundle import CHUNK, About, head
from brightline.assurance.verify.log import read_checkpoint
from brightline.canonical import dump
from brightline.errors import RecordError
from brightline.keys import Envelope, SigningKey
from brightline.record import body as bodies
from brightline.record import checkpoint, entry
from brightline.record.body import MAX_TOKENS, ChangeBody, ChangeSubject, Counters, OutcomeBody
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import ENTRY_BYTES, Flag, Kind, OutcomeCode
from brightline.record.log import Disclosure
from brightline.record.log import Log as RecordLog
from tests.agreement.founding import CUSTOMER, STRANGER, VENDOR, signed
from tests.assurance.records import (
    CEDAR,
    LOG_KEY,
    NOON,
    ORIGIN,
    OTHER_TERMS,
    TERMS,
    Evidence,
    busy,
    changed,
    failed,
    first,
    founding,
    good,
    honest,
    mixed,
    split,
)

ENTRIES = mixed()
ROWS = split(ENTRIES)
PERMIT = first(ENTRIES, Kind.DECISION, OutcomeCode.PERMIT)
DENY = first(ENTRIES, Kind.DECISION, OutcomeCode.DENY)
OUTCOME = first(ENTRIES, Kind.OUTCOME)
APPROVAL = first(ENTRIES, Kind.APPROVAL)
CHANGE = first(ENTRIES, Kind.CHANGE)
ERASURE = first(ENTRIES, Kind.ERASURE)
#: Permitted calls with their ends next to them; both of these stand after the last counters entry.
PAIRS = [i for i in range(len(ROWS) - 1) if ROWS[i][16] == Kind.DECISION and ROWS[i + 1][16] == Kind.OUTCOME]
EARLY, LATE = PAIRS[-2], PAIRS[-1]
OTHER_LOG = SigningKey.new(ORIGIN, bytes([8]) * 32)


def renumbered(rows: list[bytes]) -> bytes:
    """The rows with new sequences, so that only what refers to them can tell."""
    return b"".join(i.to_bytes(8, "big") + row[8:] for i, row in enumerate(rows))


def body_of(index: int, **fields: object) -> bytes:
    """The entries with fields of one body replaced."""
    made = entry.unpack(ROWS[index])
    body = bodies.unpack(Kind(made.kind), made.body)._replace(**fields)  # type: ignore[arg-type]
    return changed(ENTRIES, index, body=bodies.pack(body))


def settling(index: int, decision: int) -> bytes:
    return changed(ENTRIES, index, body=bodies.pack(OutcomeBody(decision, 1)))


def byte(index: int, offset: int, value: int) -> bytes:
    at = index * ENTRY_BYTES + offset
    return ENTRIES[:at] + bytes([value]) + ENTRIES[at + 1 :]


#: A log that was signed over these entries: the customer's own forgery. Name: (entries, step, words of the answer).
FORGED: dict[str, tuple[bytes, int, str]] = {
    "an entry is missing": (b"".join(ROWS[:9] + ROWS[10:]), 5, "entry 9: its sequence"),
    "an entry is repeated": (b"".join([*ROWS[:10], *ROWS[9:]]), 5, "entry 10: its sequence"),
    "two entries change places": (b"".join([*ROWS[:9], ROWS[10], ROWS[9], *ROWS[11:]]), 5, "entry 9: its sequence"),
    "the first bundle is missing": (b"".join(ROWS[256:]), 5, "entry 0: its sequence"),
    "three are deleted, the rest renumbered": (renumbered(ROWS[:20] + ROWS[23:]), 5, "counters open each 256"),
    "a call is replaced by another's copy": (
        renumbered([*ROWS[:LATE], *ROWS[EARLY : EARLY + 2], *ROWS[LATE + 2 :]]),
        8,
        f"entry {LATE + 1}: it settles entry {EARLY}, which let no call through or has its outcome already",
    ),
    "a time runs back": (changed(ENTRIES, 200, time=NOON - 60), 5, "entry 200: its time runs back"),
    "a time past all calendars": (changed(ENTRIES, 590, time=2**63), 5, "entry 590: its time lies after"),
    "a kind 0": (byte(PERMIT, 16, 0), 5, "its kind is not known"),
    "a kind 12": (byte(PERMIT, 16, 12), 5, "its kind is not known"),
    "a second counters entry": (byte(APPROVAL, 16, Kind.COUNTERS), 5, "counters open each 256"),
    "no counters entry": (byte(256, 16, Kind.DECISION), 5, "counters open each 256"),
    "an outcome 5": (byte(PERMIT, 17, 5), 5, "its outcome is not known"),
    "a decision without outcome": (byte(PERMIT, 17, 0), 5, "decisions alone"),
    "an outcome entry that decides": (byte(OUTCOME, 17, 1), 5, "decisions alone"),
    "an unknown flag": (changed(ENTRIES, PERMIT, flags=1 << 31), 5, "a flag is not known"),
    "a message in a counters entry": (byte(256, 100, 7), 5, "entry 256: a counters entry holds"),
    "a message in spare bytes of counters": (byte(256, 255, 7), 5, "spare bytes"),
    "a message in spare bytes of a decision": (byte(PERMIT, 255, 7), 5, f"entry {PERMIT}: spare bytes"),
    "a message in spare bytes of an outcome": (byte(OUTCOME, 210, 7), 5, f"entry {OUTCOME}: spare bytes"),
    "a message in spare bytes of a change": (byte(CHANGE, 255, 7), 5, f"entry {CHANGE}: spare bytes"),
    "an unknown API": (body_of(PERMIT, api=99), 5, "a word of its body"),
    "an unknown status": (body_of(OUTCOME, status=0), 5, "a word of its body"),
    "an unknown verdict": (body_of(APPROVAL, verdict=99), 5, "verdict 99 is not known"),
    "a reference to itself": (body_of(PERMIT, parent=PERMIT), 5, "does not stand before it"),
    "a reference past the end": (body_of(OUTCOME, decision=2**64 - 1), 5, "does not stand before it"),
    "an approval of what comes later": (body_of(APPROVAL, decision=APPROVAL + 1), 5, "does not stand before it"),
    "an erased counters entry": (body_of(ERASURE, erased=256), 5, "nothing to erase"),
    "more tokens than a call can have": (body_of(OUTCOME, output_tokens=MAX_TOKENS + 1), 5, "tokens in one call"),
    "a register's digest in clear": (
        changed(ENTRIES, CHANGE, body=bodies.pack(ChangeBody(ChangeSubject.TOOLS, TERMS))),
        5,
        "could be guessed",
    ),
    "a change that says nothing": (
        changed(ENTRIES, CHANGE, body=bodies.pack(ChangeBody(ChangeSubject.TOOLS)), commitment=bytes(32)),
        5,
        "neither in clear nor by a commitment",
    ),
    "a counter jumps": (body_of(512, denies=1000), 6, "entry 512: its total of denies"),
    "a counter jumps and comes back": (body_of(256, permits=5), 6, "entry 256: its total of permits"),
    "the first counter is not zero": (changed(ENTRIES, 0, body=bodies.pack(Counters(1))), 6, "entry 0: its total"),
    "a denial hidden from the counters": (byte(DENY, 17, OutcomeCode.HOLD), 6, "its total of holds"),
    "tokens hidden from the counters": (body_of(OUTCOME, input_tokens=0), 6, "its total of input_tokens"),
    "a clause that the terms do not have": (changed(ENTRIES, PERMIT, clauses=1 << 4), 7, "a clause of a rank"),
    "clause 511": (changed(ENTRIES, DENY, clauses=1 << 511), 7, "a clause of a rank"),
    "a permit by no clause": (changed(ENTRIES, PERMIT, clauses=0), 7, "names no clause"),
    "an activity that the vocabulary does not have": (changed(ENTRIES, DENY, activity=39), 7, "an activity of a rank"),
    "a permit of no activity": (changed(ENTRIES, PERMIT, activity=0), 7, "names no activity"),
    "a permit though deciding failed": (changed(ENTRIES, PERMIT, flags=Flag.FAILED), 7, "deciding it failed"),
    "a permit though readings disagreed": (changed(ENTRIES, PERMIT, flags=Flag.DISAGREED), 7, "two readings"),
    "one decision under other terms": (changed(ENTRIES, DENY, terms=OTHER_TERMS), 7, f"entry {DENY}: 1 of 300"),
    "no terms at all": (changed(ENTRIES, DENY, terms=bytes(32)), 7, "announced by no change entry"),
    "the end of a denied call": (settling(LATE + 1, DENY), 8, f"it settles entry {DENY}"),
    "the end of no call": (settling(LATE + 1, 0), 8, "it settles entry 0"),
    "the end of an end": (settling(LATE + 1, OUTCOME), 8, f"it settles entry {OUTCOME}"),
    "two ends of one call": (settling(LATE + 1, PERMIT), 8, f"it settles entry {PERMIT}"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_record_is_refused_though_it_is_signed(name: str) -> None:
    entries, step, words = FORGED[name]
    result = Evidence(entries, founding()).verified()
    assert failed(result) == [step]
    text = result.steps[step - 1].text
    assert words in text
    finding = next(f for f in result.findings if f"Step {step} failed" in f.text)
    assert finding.code == ("terms.drift" if step == 7 else "record.invalid")
    assert finding.follows.startswith("The customer explains")
    assert not result.verified
    assert result.grade is None
    assert result.steps[10].ok is None
    assert bool(result.totals) == (step != 5)


@pytest.mark.parametrize("code", [OutcomeCode.HOLD, OutcomeCode.DENY])
def test_what_was_only_observed_may_end_and_is_found(code: OutcomeCode) -> None:
    made = bytearray(changed(ENTRIES, PERMIT, flags=Flag.OBSERVED, outcome=code))
    totals = bodies.unpack(Kind.COUNTERS, ENTRIES[256 * 256 + 184 : 257 * 256])
    for index in (256, 512):
        totals = bodies.unpack(Kind.COUNTERS, ENTRIES[index * 256 + 184 : index * 256 + 256])
        assert isinstance(totals, Counters)
        name = {OutcomeCode.HOLD: "holds", OutcomeCode.DENY: "denies"}[code]
        totals = totals._replace(permits=totals.permits - 1, **{name: getattr(totals, name) + 1})
        made[index * 256 + 184 : index * 256 + 256] = bodies.pack(totals)
    result = Evidence(bytes(made), founding()).verified()
    assert result.verified
    assert [f.code for f in result.findings] == ["observed"]
    made[PERMIT * 256 + 20 : PERMIT * 256 + 24] = bytes(4)
    assert failed(Evidence(bytes(made), founding()).verified()) == [8]


class TestSignatures:
    """Steps 2 and 3: whose agreement, whose log."""

    @pytest.mark.parametrize(
        ("changes", "step", "words"),
        [
            ({"signers": (VENDOR,)}, 2, "no good signature of the customer"),
            ({"signers": (CUSTOMER,)}, 2, "no good signature of the vendor"),
            ({"signers": ()}, 2, "no good signature"),
            ({"signers": (CUSTOMER, STRANGER)}, 2, "no good signature of the vendor"),
            ({"keys": Keys(vendor=STRANGER.public, customer=CUSTOMER.public)}, 2, "not the one that you know"),
            ({"keys": Keys(vendor=CUSTOMER.public, customer=VENDOR.public)}, 2, "not the one that you know"),
            ({"log_key": OTHER_LOG}, 3, "not signed by a known key"),
            ({"signed": honest(ENTRIES, "department.example/g2")}, 3, "names no log 'department.example/g2'"),
            ({"signed": Checkpoint(ORIGIN, 594, bytes(32))}, 4, "do not hash to the root"),
            ({"signed": honest(ENTRIES[:-256])}, 4, "594 entries, where the checkpoint signs for 593"),
            ({"signed": honest(ENTRIES + ENTRIES[-256:])}, 4, "594 entries, where the checkpoint signs for 595"),
            ({"signed": Checkpoint(ORIGIN, 2**63 - 1, bytes(32))}, 4, "where the checkpoint signs for 9223372036"),
        ],
    )
    def test_a_wrong_signature_or_checkpoint(self, changes: dict[str, object], step: int, words: str) -> None:
        if changes.get("log_key") is None and isinstance(changes.get("signed"), Checkpoint):
            signed_ = changes["signed"]
            assert isinstance(signed_, Checkpoint)
            changes["log_key"] = replace(LOG_KEY, name=signed_.origin)
        evidence = replace(good(), **changes)  # type: ignore[arg-type]
        evidence = replace(evidence, about=About(good().agreement.digest, evidence.checkpoint.origin, 594))
        result = evidence.verified()
        assert failed(result) == [step]
        assert words in result.steps[step - 1].text
        assert all(s.ok is None for s in result.steps[step:])

    def test_both_signed_but_not_the_same_terms(self) -> None:
        ours, theirs = founding(), founding(title="With other words")
        mixed_up = signed(ours, VENDOR).to_bytes(), signed(theirs, CUSTOMER)
        result = verify(good().bundle, mixed_up[0], good().keys)
        assert failed(result) == [2]
        # A signature moved over from the other draft is none over this one.
        forged = replace(signed(ours, VENDOR), signatures=(*signed(ours, VENDOR).signatures, *mixed_up[1].signatures))
        assert failed(verify(good().bundle, forged.to_bytes(), good().keys)) == [2]

    def test_another_agreement_of_the_same_parties(self) -> None:
        other = signed(founding(title="Last year's"), VENDOR, CUSTOMER).to_bytes()
        result = verify(good().bundle, other, good().keys)
        assert failed(result) == [2]
        assert "the bundle is about" in result.steps[1].text

    def test_a_log_key_that_the_agreement_does_not_name(self) -> None:
        other = founding(logs=(Log(origin=ORIGIN, key=OTHER_LOG.public),))
        assert failed(good().verified(agreement=other)) == [3]

    def test_a_key_by_another_name_than_the_logs(self) -> None:
        """Two parties that sign what `brightline` never writes: their agreement cannot be read."""
        key = replace(LOG_KEY, name="gateway.example")
        payload = dump(plain(founding(logs=(Log(origin=ORIGIN, key=key.public),))))
        file = Envelope(AGREEMENT_TYPE, payload).signed(VENDOR).signed(CUSTOMER)
        result = verify(good().bundle, file.to_bytes(), good().keys)
        assert failed(result) == [2]
        assert "the key is of 'gateway.example'" in result.steps[1].text

    def test_the_checkpoint_of_the_log_that_the_key_is_named_after(self) -> None:
        """A key that bears another log's name cannot bring that log's checkpoint in."""
        key = replace(LOG_KEY, name="gateway.example")
        agreement = founding(logs=(Log(origin=ORIGIN, key=key.public),))
        note = checkpoint.sign(honest(ENTRIES, "gateway.example"), key)
        with pytest.raises(RecordError, match=r"it is the log 'gateway\.example'"):
            read_checkpoint(bytes(note), ORIGIN, agreement)

    @pytest.mark.parametrize("file", [b"", b"{}", b"\xff" * 100, b"[" * 200_000, bytes(9 << 20)])
    def test_what_is_no_agreement(self, file: bytes) -> None:
        assert failed(verify(good().bundle, file, good().keys)) == [2]

    def test_the_note_of_a_witness_is_not_believed_for_the_log(self) -> None:
        text = honest(ENTRIES).text()
        witness = checkpoint.note.sign(text, STRANGER)
        bundle = head(About(good().agreement.digest, ORIGIN, 594), bytes(witness)) + ENTRIES
        assert failed(verify(bundle, good().file, good().keys)) == [3]
        both = checkpoint.note.sign(text, LOG_KEY, *witness.signatures)
        bundle = head(About(good().agreement.digest, ORIGIN, 594), bytes(both)) + ENTRIES
        assert verify(bundle, good().file, good().keys).verified

    def test_without_known_keys_a_finding_says_so(self) -> None:
        result = good().verified(keys=None)
        assert result.verified
        assert [f.code for f in result.findings] == ["agreement.keys_unknown"]


class TestDrift:
    """G03: whoever edits the terms is seen in the next bundle, announced or not."""

    def drifted(self, announced: bool) -> Evidence:
        entries = ENTRIES
        if announced:
            entries = changed(entries, CHANGE, body=bodies.pack(ChangeBody(ChangeSubject.TERMS, OTHER_TERMS)))
        for index in (PERMIT, DENY):
            entries = changed(entries, index, terms=OTHER_TERMS)
        return Evidence(entries, founding())

    @pytest.mark.parametrize("announced", [True, False])
    def test_it_fails_and_says_whether_it_was_announced(self, announced: bool) -> None:
        result = self.drifted(announced).verified()
        assert failed(result) == [7]
        assert "2 of 300 decisions were made under other terms" in result.steps[6].text
        assert ("all announced by a change entry" in result.steps[6].text) is announced
        assert ("2 of them announced by no change entry" in result.steps[6].text) is not announced
        assert result.findings[0].code == "terms.drift"
        assert result.totals["other_terms"] == {"permit": 1, "hold": 0, "ask": 0, "deny": 1}

    def test_a_change_back_ends_what_was_announced(self) -> None:
        """The change that governs a decision is the latest before it."""
        entries = self.drifted(True).entries
        back = bodies.pack(ChangeBody(ChangeSubject.TERMS, TERMS))
        entries = changed(entries, CHANGE + 1, body=back, commitment=bytes(32))
        assert "2 of them announced by no" in Evidence(entries, founding()).verified().steps[6].text

    def test_what_was_announced_holds_over_the_border_of_a_chunk(self) -> None:
        entries = busy(RecordLog(ORIGIN, Disclosure()), 9_500)
        change = bodies.pack(ChangeBody(ChangeSubject.TERMS, OTHER_TERMS))
        late = len(entries) - 256 * 3
        while entries[late + 16] != Kind.DECISION:
            late += 256
        assert late > CHUNK
        entries = changed(changed(entries, 1, body=change), late // 256, terms=OTHER_TERMS)
        assert "all announced by a change entry" in Evidence(entries, founding()).verified().steps[6].text


class TestEarlier:
    """Rollback and fork, for a verifier who kept a checkpoint."""

    @pytest.mark.parametrize("size", [0, 1, 255, 256, 300, 593, 594])
    def test_a_log_that_only_grew(self, size: int) -> None:
        kept = bytes(checkpoint.sign(honest(ENTRIES[: size * 256]), LOG_KEY))
        result = verify(good().bundle, good().file, good().keys, earlier=[kept])
        assert result.verified
        assert "goes on from 1 checkpoint that you kept" in result.steps[3].text
        assert "newest" not in result.steps[10].text

    def test_a_log_that_was_rolled_back(self) -> None:
        kept = good().note
        old = Evidence(ENTRIES[: 500 * 256], founding())
        assert old.verified().verified  # by itself nothing is wrong with it, and step 10 says what that leaves open
        assert "newest state" in old.verified().steps[10].text
        result = verify(old.bundle, old.file, old.keys, earlier=[kept])
        assert failed(result) == [4]
        assert "rolled back" in result.steps[3].text

    @pytest.mark.parametrize("size", [1, 300, 594])
    def test_a_log_that_was_rewritten(self, size: int) -> None:
        kept = [bytes(checkpoint.sign(honest(ENTRIES[: n * 256]), LOG_KEY)) for n in (size, 594)]
        other = Evidence(changed(ENTRIES, 0, time=NOON - 60), founding())
        assert other.verified().verified
        result = verify(other.bundle, other.file, other.keys, earlier=kept)
        assert failed(result) == [4]
        assert f"checkpoint of {size} entries that you kept" in result.steps[3].text

    def test_a_kept_checkpoint_that_is_none_is_the_verifiers_own_fault(self) -> None:
        with pytest.raises(RecordError, match="earlier checkpoint 1"):
            verify(good().bundle, good().file, good().keys, earlier=[b"note"])


def test_terms_that_cannot_be_named_are_told_by_rank() -> None:
    files = {"terms.cedar": CEDAR.replace('@id("K1")', '@id("K\\u{31}")')}
    agreement = founding(terms=replace(founding().terms, files=files), vocabulary={"core": "sha256:" + "ab" * 32})
    result = good().verified(agreement=agreement)
    assert result.verified
    assert [f.code for f in result.findings] == ["terms.unnamed", "vocabulary.unknown"]
    assert "clause of rank 0" in result.totals["clauses"]
    assert "activity of rank 1" in result.totals["activities"]


def test_dates_of_the_agreement() -> None:
    late = good().verified(agreement=founding(begins=date(2026, 12, 2), until=date(2027, 1, 1)))
    assert [f.code for f in late.findings] == ["agreement.not_begun"]
    over = good().verified(agreement=founding(begins=date(2026, 11, 1), until=date(2026, 11, 30)))
    assert [f.code for f in over.findings] == ["agreement.expired"]
    assert late.verified
    assert over.verified


def purged(days: int, names: int = ERASURE - 1, content_days: int = 30) -> Evidence:
    """All content up to entry `names` ended by schedule, `days` days after the rest of the record; and its terms."""
    entries = body_of(ERASURE, erased=names, reason=bodies.ErasureReason.RETENTION)
    for index in range(ERASURE, len(ROWS)):
        entries = changed(entries, index, time=entry.unpack(ROWS[index]).time + days * 86_400)
    return Evidence(entries, founding(retention=Retention(content_days=content_days)))


@pytest.mark.parametrize(("days", "early"), [(0, True), (28, True), (29, True), (30, False), (400, False)])
def test_a_purge_before_its_schedule_is_found(days: int, early: bool) -> None:
    """One erasure entry of reason `retention` ends everything and counts once, so the cap does not hold it."""
    result = purged(days).verified()
    assert result.verified
    assert ("retention.early" in [f.code for f in result.findings]) is early
    if early:
        finding = next(f for f in result.findings if f.code == "retention.early")
        assert f"1 erasures by schedule, first entry {ERASURE}," in finding.text
        assert finding.follows
    assert "erasures.exceeded" not in [f.code for f in result.findings]
    # Whoever sets the clock forward to purge leaves the days in which nothing was recorded.
    assert ("record.gap" in [f.code for f in result.findings]) is (days > 0)


def test_a_purge_is_measured_at_the_entry_that_it_names() -> None:
    """An old entry may go while a young one stands before the erasure; a schedule of no days forbids nothing."""
    entries = purged(0, names=5).entries
    for index in range(ERASURE, len(ROWS)):
        entries = changed(entries, index, time=entry.unpack(ROWS[index]).time + 30 * 86_400)
    young = changed(entries, ERASURE - 1, time=entry.unpack(entries[ERASURE * 256 : ERASURE * 256 + 256]).time)
    honest_ = Evidence(young, founding(retention=Retention(content_days=30))).verified()
    assert "retention.early" not in [f.code for f in honest_.findings]
    cheat = body_of(ERASURE, erased=ERASURE - 1, reason=bodies.ErasureReason.RETENTION)[ERASURE * 256 + 184 :][:72]
    forged = changed(young, ERASURE, body=cheat)
    result = Evidence(forged, founding(retention=Retention(content_days=30))).verified()
    assert "retention.early" in [f.code for f in result.findings]
    assert "retention.early" not in [f.code for f in purged(0, content_days=0).verified().findings]
