"""In force iff both parties' keys signed the same payload; all else is a note."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from brightline.agreement import (
    AGREEMENT_TYPE,
    Agreement,
    Code,
    Keys,
    Kind,
    Role,
    Status,
    in_force,
)
from brightline.errors import AgreementError
from brightline.keys import Envelope, Signature, SigningKey
from tests.agreement.founding import (
    CLAUSES,
    CUSTOMER,
    K4,
    KEYS,
    STRANGER,
    TO_AGREED,
    VENDOR,
    WORD,
    agreement,
    reworded,
    run,
    signed,
)


def codes(status: Status) -> set[Code]:
    return {n.code for n in status.notes}


def test_both_signed() -> None:
    a = agreement()
    status = in_force([signed(a, VENDOR, CUSTOMER)], keys=KEYS)
    assert status.in_force
    assert (status.agreement, status.digest) == (a, a.digest)
    assert status.text == "In force: both parties signed the same agreement."
    assert [(s.party, s.good, s.over) for s in status.signatures] == [
        (Role.VENDOR, True, a.digest),
        (Role.CUSTOMER, True, a.digest),
    ]
    assert status.notes == ()


def test_the_order_of_signatures_and_their_number_of_files_do_not_matter() -> None:
    a = agreement()
    assert in_force([signed(a, CUSTOMER, VENDOR)]).in_force
    assert in_force([signed(a, VENDOR), signed(a, CUSTOMER)]).in_force


@pytest.mark.parametrize(
    ("signers", "said"),
    [
        ((), "no good signature of the vendor and the customer"),
        ((VENDOR,), "no good signature of the customer"),
        ((CUSTOMER,), "no good signature of the vendor"),
        ((VENDOR, VENDOR), "no good signature of the customer"),
        ((VENDOR, STRANGER), "no good signature of the customer"),
    ],
    ids=["nobody", "vendor", "customer", "vendor twice", "vendor and a stranger"],
)
def test_one_signature_is_none(signers: tuple[SigningKey, ...], said: str) -> None:
    status = in_force([signed(agreement(), *signers)], keys=KEYS)
    assert not status.in_force
    assert said in status.text


def test_f09_both_sign_different_drafts() -> None:
    """F09: not in force; the digests that do not match, and the difference, are shown."""
    mine = agreement(title="Terms, vendor's copy")
    theirs = reworded(CLAUSES.replace("No bulk", "No bulk without a warrant"), title="Terms, customer's copy")
    status = in_force([signed(mine, VENDOR), signed(theirs, CUSTOMER)], keys=KEYS)
    assert not status.in_force
    assert status.text == (
        "Not in force: the parties signed different agreements, "
        f"the vendor {mine.digest}, the customer {theirs.digest}."
    )
    assert [(s.party, s.over, s.good) for s in status.signatures] == [
        (Role.VENDOR, mine.digest, True),
        (Role.CUSTOMER, theirs.digest, True),
    ]
    (difference,) = status.differences
    assert {f.path for f in difference.fields} == {"title", "terms.digest"}
    assert difference.changed == ("K4",)
    assert '+@id("K4") @title("No bulk without a warrant")' in difference.text


def test_f10_the_text_changes_and_the_signature_is_void() -> None:
    before = signed(agreement(), VENDOR, CUSTOMER)
    after = reworded(K4).envelope()
    moved = Envelope(after.payload_type, after.payload, before.signatures)
    status = in_force([moved], keys=KEYS)
    assert not status.in_force
    assert [(s.party, s.good) for s in status.signatures] == [(Role.VENDOR, False), (Role.CUSTOMER, False)]
    assert all("were changed after it was signed" in s.text for s in status.signatures)


def test_a_strangers_key_is_named_and_a_stranger_cannot_spoil() -> None:
    status = in_force([signed(agreement(), VENDOR, STRANGER, CUSTOMER)], keys=KEYS)
    assert status.in_force
    void = [s for s in status.signatures if not s.good]
    assert [(s.party, s.key, s.text) for s in void] == [(None, str(STRANGER.public), "void: this key is not a party's")]


def test_what_nobody_vouches_for_is_not_repeated() -> None:
    envelope = signed(agreement(), VENDOR, CUSTOMER)
    junk = replace(envelope, signatures=(*envelope.signatures, Signature("\x1b[2Jhello", bytes(64))))
    assert [s.key for s in in_force([junk]).signatures if not s.good] == ["unreadable"]


def test_a_key_hint_is_only_a_hint() -> None:
    envelope = signed(agreement(), VENDOR, CUSTOMER)
    swapped = replace(envelope, signatures=tuple(Signature("", s.sig) for s in envelope.signatures))
    assert in_force([swapped], keys=KEYS).in_force


def test_keys_known_from_elsewhere_are_stronger_than_those_in_the_file() -> None:
    """Whoever makes up both parties can sign for both: only known keys see that."""
    envelope = signed(agreement(), VENDOR, CUSTOMER)
    known = Keys(vendor=VENDOR.public, customer=STRANGER.public)
    status = in_force([envelope], keys=known)
    assert not status.in_force
    assert codes(status) == {Code.OTHER_KEYS}
    assert "The customer's key is not the one that you know" in status.notes[0].text
    assert status.text == "Not in force: no good signature of the customer."
    assert Code.KEYS_UNKNOWN in codes(in_force([envelope]))


def test_f13_an_expired_term_without_successor_stays_in_force() -> None:
    """F13: K9, the last agreement stays; both are told."""
    envelope = signed(agreement(), VENDOR, CUSTOMER)
    last_day = in_force([envelope], keys=KEYS, today=date(2027, 11, 30))
    after = in_force([envelope], keys=KEYS, today=date(2031, 1, 1))
    assert (last_day.in_force, codes(last_day)) == (True, set())
    assert (after.in_force, codes(after)) == (True, {Code.EXPIRED})
    assert "stays in force, with a lower grade" in after.notes[0].text


def test_a_clock_gone_wrong_stops_nothing() -> None:
    status = in_force([signed(agreement(), VENDOR, CUSTOMER)], keys=KEYS, today=date(1970, 1, 1))
    assert status.in_force
    assert codes(status) == {Code.NOT_BEGUN}
    assert status.text.startswith("In force from 2026-12-01")


def test_g02_a_vendor_alone_cannot_tighten_or_disable() -> None:
    """G02: refused, it needs the customer's signature (C-5)."""
    old = agreement()
    tight = reworded("", supersedes=old.digest)
    status = in_force([signed(old, VENDOR, CUSTOMER), signed(tight, VENDOR)], keys=KEYS)
    assert (status.in_force, status.agreement) == (True, old)
    (note,) = status.notes
    assert note.code is Code.ONE_SIDED
    assert note.text == f"The draft {tight.digest}, signed by the vendor only, changes nothing."
    disable = Envelope("application/vnd.brightline.disable+json", b"{}").signed(VENDOR)
    with pytest.raises(AgreementError, match=r"file 2: .*is no agreement"):
        in_force([signed(old, VENDOR, CUSTOMER), disable])


def test_a_successor_signed_by_both_replaces_from_its_first_day() -> None:
    old = agreement()
    new = agreement(title="Amended", supersedes=old.digest, begins=date(2027, 6, 1), until=None)
    files = [signed(new, VENDOR, CUSTOMER), signed(old, VENDOR, CUSTOMER)]
    assert in_force(files, today=date(2027, 5, 31)).agreement == old
    assert in_force(files, today=date(2027, 6, 1)).agreement == new
    assert in_force(files).agreement == new


def test_two_agreements_that_do_not_know_each_other_are_refused() -> None:
    files = [signed(agreement(), VENDOR, CUSTOMER), signed(agreement(title="b"), VENDOR, CUSTOMER)]
    with pytest.raises(AgreementError, match="neither supersedes the other"):
        in_force(files)


def test_two_made_up_parties_supersede_nothing() -> None:
    old, forger = agreement(), SigningKey.new("f.example", bytes([9]) * 32)
    parties = replace(
        old.parties,
        vendor=replace(old.parties.vendor, key=STRANGER.public),
        customer=replace(old.parties.customer, key=forger.public),
    )
    forged = agreement(parties=parties, supersedes=old.digest)
    files = [signed(old, VENDOR, CUSTOMER), signed(forged, STRANGER, forger)]
    with pytest.raises(AgreementError, match="with the old keys too"):
        in_force(files)
    assert in_force(files, keys=KEYS).agreement == old
    # New keys that the old ones vouch for are a rotation.
    rotated = signed(forged, STRANGER, forger, VENDOR, CUSTOMER)
    assert in_force([signed(old, VENDOR, CUSTOMER), rotated]).agreement == forged


def test_messages_serve_as_files() -> None:
    made = run(*TO_AGREED)
    assert not in_force(made.envelopes[:2], keys=KEYS).in_force
    assert in_force(made.envelopes, keys=KEYS).in_force
    ended = run(Kind.OFFER, Kind.TERMINATION).envelopes[1:]
    with pytest.raises(AgreementError, match="a termination carries no agreement"):
        in_force(ended)


def test_no_file_and_no_agreement() -> None:
    with pytest.raises(AgreementError, match="no file is given"):
        in_force([])
    with pytest.raises(AgreementError, match="the payload is not canonical"):
        in_force([Envelope(AGREEMENT_TYPE, b"{ }")])


def test_an_interim_agreement_and_one_without_signatories_say_so() -> None:
    bare = replace(agreement().parties.vendor, signatories=())
    a: Agreement = agreement(interim=True, parties=replace(agreement().parties, vendor=bare))
    status = in_force([signed(a, VENDOR, CUSTOMER)], keys=KEYS)
    assert status.in_force
    assert codes(status) == {Code.INTERIM, Code.NO_SIGNATORY}
    assert a.terms.digest == WORD
