"""The audit from challenge to report, and every way in which a side might steer it or slip out of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from brightline.assurance.audit import challenge as challenges
from brightline.assurance.audit import statements
from brightline.assurance.audit.chain import commitment, nonce
from brightline.assurance.audit.opened import auditors_key, check_opened, open_drawn, read_private
from brightline.assurance.audit.report import Shown, report
from brightline.assurance.audit.statements import Challenge, How, Judged, Letter, Opened, Verdict, Why, sign
from brightline.canonical import dump, parse
from brightline.errors import RecordError
from brightline.keys import Envelope
from brightline.record import checkpoint, entry
from brightline.record.entry import ENTRY_BYTES, Kind
from tests.agreement.founding import AUDITOR, CUSTOMER, STRANGER, VENDOR
from tests.assurance.audit.scene import EPOCHS, SAMPLE, SECRET, agreed, scene
from tests.assurance.records import LOG_KEY, changed, honest

S = scene()
FIRST = S.drawn()


def judged(index: int, verdict: Verdict = Verdict.RIGHT) -> Judged:
    return Judged(challenge=FIRST.id, entry=index, verdict=verdict, how=How.READ)


def at(index: int) -> entry.Entry:
    return entry.unpack(S.entries[index * ENTRY_BYTES : (index + 1) * ENTRY_BYTES])


# ---- from end to end ---------------------------------------------------------------------------------------------


def test_two_epochs_end_to_end() -> None:
    second = S.drawn(2, [FIRST.challenge])
    assert (FIRST.decisions, second.decisions) == (400, 400)
    assert max(FIRST.entries) < S.ends[0] <= min(second.entries), "each epoch draws from its own entries"
    for drawn in (FIRST, second):
        assert len(drawn.entries) == SAMPLE
        assert all(at(i).kind == Kind.DECISION for i in drawn.entries)
        said, letters = open_drawn(drawn, S.private.get, frozenset())
        of = check_opened(said, drawn)
        for index in drawn.entries:
            letter = of[index]
            assert isinstance(letter, Letter)
            private = read_private(at(index), letter, letters[index], drawn.id, AUDITOR)
            assert private.fields == S.private[index][1]
        found = report(drawn, of, {i: judged(i) for i in drawn.entries})
        assert found.failed == {}
        assert found.bound.failures == 0
        assert found.to_json()["text"].startswith("With 95 % confidence fewer than 137.5 in 1000 decisions fail")


def test_what_is_not_shown_to_be_right_is_a_failure() -> None:
    wrong, unclear, unjudged, erased, refused = FIRST.entries[:5]
    private = {i: p for i, p in S.private.items() if i != erased}
    said, _ = open_drawn(FIRST, private.get, frozenset({refused}))
    verdicts = {i: judged(i) for i in FIRST.entries if i != unjudged}  # also of what was never opened: it counts not
    verdicts |= {wrong: judged(wrong, Verdict.WRONG), unclear: judged(unclear, Verdict.UNCLEAR)}
    found = report(FIRST, check_opened(said, FIRST), verdicts)
    assert found.failed == {
        wrong: Shown.WRONG,
        unclear: Shown.UNCLEAR,
        unjudged: Shown.UNJUDGED,
        erased: Shown.ERASED,
        refused: Shown.REFUSED,
    }
    assert (found.bound.failures, found.bound.sample) == (5, SAMPLE)
    silent = report(FIRST, None, {i: judged(i) for i in FIRST.entries})
    assert silent.counts["refused"] == silent.bound.failures == SAMPLE
    assert "nothing is shown" in silent.bound.text


# ---- the vendor steers -------------------------------------------------------------------------------------------


def test_a_vendor_cannot_grind_nonces() -> None:
    """Each nonce of its chain but the epoch's own, and values of its choice, draw nothing."""
    others = [nonce(SECRET, EPOCHS, e) for e in range(2, EPOCHS + 1)] + [bytes([i]) * 32 for i in range(50)]
    for value in others:
        with pytest.raises(RecordError, match="not the nonce of epoch 1"):
            S.check(replace(FIRST.challenge, nonce=value.hex()))


def test_a_vendor_cannot_choose_the_epoch_whose_draw_it_likes() -> None:
    """A later epoch's nonce is a true one, and would be another draw from the same entries."""
    for epoch in range(2, EPOCHS + 1):
        later = replace(FIRST.challenge, epoch=epoch, nonce=nonce(SECRET, EPOCHS, epoch).hex())
        with pytest.raises(RecordError, match="lies in epoch 1"):
            S.check(later)


VENDOR_TRICKS = {
    "a larger sample": ({"sample": SAMPLE + 1}, "were agreed"),
    "an auditor of its own": ({"auditor": "Vendor's friend"}, "did not accept it"),
    "another agreement": ({"agreement": "sha256:" + "00" * 32}, "another agreement"),
    "entries of a later epoch only": ({"first": 100}, "does not begin where"),
    "a made-up predecessor": ({"previous": "sha256:" + "00" * 32}, "does not follow"),
    "another log's name": ({"origin": "department.example/g2"}, "not department.example/g2's"),
}


@pytest.mark.parametrize(("changes", "text"), VENDOR_TRICKS.values(), ids=VENDOR_TRICKS)
def test_a_challenge_that_steers_opens_nothing(changes: dict[str, object], text: str) -> None:
    with pytest.raises(RecordError, match=text):
        S.check(replace(FIRST.challenge, **changes))


def test_a_second_draw_in_one_epoch_is_refused() -> None:
    """A later checkpoint of the same epoch would be a new draw: as many as the vendor likes."""
    size = S.ends[0]
    again = replace(FIRST.challenge, checkpoint=S.note(size - 2).decode())
    with pytest.raises(RecordError, match="does not follow"):
        S.check(again, [FIRST.challenge])
    chained = replace(again, first=size, previous=FIRST.id)
    with pytest.raises(RecordError, match="one challenge an epoch"):
        S.check(chained, [FIRST.challenge])
    with pytest.raises(RecordError, match="nonce of epoch 1 was revealed"):
        challenges.make(agreed(), SECRET, S.note(size), S.scanned(size), [FIRST.challenge], "IG")


def test_a_checkpoint_that_the_log_did_not_sign_draws_nothing() -> None:
    forged = bytes(checkpoint.sign(honest(S.entries[: S.ends[0] * ENTRY_BYTES]), LOG_KEY)).decode()
    lines = forged.split("\n")
    lines[1] = str(S.ends[0] - 1)
    with pytest.raises(RecordError, match="false"):
        S.check(replace(FIRST.challenge, checkpoint="\n".join(lines)))


def test_an_exhausted_chain_says_so() -> None:
    end = S.ends[1]
    short = agreed(epochs=1, commitment=commitment(SECRET, 1))
    with pytest.raises(RecordError, match="epochs 1 to 1, not 2"):
        challenges.make(short, SECRET, S.note(end), S.scanned(end), [], "IG")


# ---- the customer steers -----------------------------------------------------------------------------------------


def test_a_customer_cannot_change_the_log_after_the_draw() -> None:
    """Its checkpoint binds it: any other entries under the same challenge are refused by the vendor and the auditor."""
    index = FIRST.entries[3]
    other = changed(S.entries[: S.ends[0] * ENTRY_BYTES], index, activity=4)
    scanned = challenges.Scanned.of([other], S.ends[0])
    with pytest.raises(RecordError, match="one of them was altered"):
        challenges.check(FIRST.challenge, agreed(), scanned, [])


def test_a_customer_that_appends_to_steer_does_so_blindly() -> None:
    """Appending or timing gives another checkpoint, and so another sample; without the nonce none is better than
    another. Here it tries 60 checkpoints to keep one entry out: with 20 of 400 drawn, 5 in 100 of its tries draw it."""
    target = FIRST.entries[0]
    drew = 0
    for size in range(S.ends[0] - 60, S.ends[0]):
        made = challenges.make(agreed(), SECRET, S.note(size), S.scanned(size), [], "IG")
        drew += target in S.check(made).entries
    assert 0 < drew < 20


def test_a_customer_cannot_leave_out_or_swap_what_was_drawn() -> None:
    said, letters = open_drawn(FIRST, S.private.get, frozenset())
    for wrong in (
        replace(said, letters=said.letters[1:]),
        replace(said, letters=(*said.letters, said.letters[0])),
        replace(said, letters=(*said.letters[1:], Letter(entry=said.letters[0].entry + 1, digest=said.challenge))),
    ):
        with pytest.raises(RecordError, match="exactly the decisions"):
            check_opened(wrong, FIRST)
    with pytest.raises(RecordError, match="another challenge"):
        check_opened(replace(said, challenge="sha256:" + "00" * 32), FIRST)
    a, b = said.letters[:2]
    with pytest.raises(RecordError, match="not the file"):
        read_private(at(a.entry), a, letters[b.entry], FIRST.id, AUDITOR)
    with pytest.raises(RecordError, match="does not open"):
        read_private(at(a.entry), replace(a, digest=b.digest), letters[b.entry], FIRST.id, AUDITOR)
    with pytest.raises(RecordError, match="was not drawn"):
        open_drawn(FIRST, S.private.get, frozenset({FIRST.entries[0] + 1}))


def test_a_customer_cannot_open_other_content_than_it_committed_to() -> None:
    index = FIRST.entries[0]
    key, fields = S.private[index]
    nicer = {**S.private, index: (key, (("content", b"nothing"), *fields[1:]))}
    said, letters = open_drawn(FIRST, nicer.get, frozenset())
    letter = check_opened(said, FIRST)[index]
    assert isinstance(letter, Letter)
    with pytest.raises(RecordError, match="not what the entry commits to"):
        read_private(at(index), letter, letters[index], FIRST.id, AUDITOR)


# ---- who reads, and who signs ------------------------------------------------------------------------------------


def test_nobody_but_the_auditor_reads() -> None:
    said, letters = open_drawn(FIRST, S.private.get, frozenset())
    letter = said.letters[0]
    for key in (VENDOR, CUSTOMER, STRANGER):
        with pytest.raises(RecordError, match="does not open"):
            read_private(at(letter.entry), letter, letters[letter.entry], FIRST.id, key)
        with pytest.raises(RecordError, match="accepted auditor"):
            auditors_key(FIRST, key)
    assert auditors_key(FIRST, AUDITOR) == AUDITOR.public


def test_statements_are_read_exactly_and_from_their_signer_alone() -> None:
    file = sign(FIRST.challenge, VENDOR)
    assert statements.read(file, Challenge, VENDOR.public, "f") == FIRST.challenge
    with pytest.raises(RecordError, match="not signed by department"):
        statements.read(file, Challenge, CUSTOMER.public, "f")
    with pytest.raises(RecordError, match="another kind"):
        statements.read(file, Opened, VENDOR.public, "f")
    envelope = Envelope.from_bytes(file)
    loose = Envelope(envelope.payload_type, b" " + envelope.payload).signed(VENDOR).to_bytes()
    with pytest.raises(RecordError, match="not canonical"):
        statements.read(loose, Challenge, VENDOR.public, "f")
    more = Envelope(envelope.payload_type, dump({**parse(envelope.payload), "note": "secret"})).signed(VENDOR)
    with pytest.raises(RecordError, match="no such field"):
        statements.read(more.to_bytes(), Challenge, VENDOR.public, "f")


def test_what_travels_to_the_vendor_holds_no_content() -> None:
    """Statement and verdict show indexes, digests of sealed letters and words of closed lists."""
    said, _ = open_drawn(FIRST, S.private.get, frozenset())
    travels = sign(said, CUSTOMER) + sign(judged(FIRST.entries[0]), AUDITOR)
    payloads = b"".join(Envelope.from_bytes(f).payload for f in (sign(said, CUSTOMER), sign(judged(1), AUDITOR)))
    for index in FIRST.entries:
        key, fields = S.private[index]
        for secret in (key, key.hex().encode(), *(value for _, value in fields)):
            assert secret not in payloads + travels
    assert {Why.ERASED, Why.REFUSED} == set(Why)
