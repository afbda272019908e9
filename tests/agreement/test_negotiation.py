"""A negotiation as a list of files: who may say what, and what is refused and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from brightline.agreement import MESSAGE_TYPE, Keys, Kind, Message, Negotiation, Role, State, read_envelope
from brightline.agreement.reading import plain
from brightline.errors import AgreementError
from brightline.keys import Envelope, SigningKey
from tests.agreement.founding import (
    CUSTOMER,
    KEYS,
    NOON,
    STRANGER,
    TO_AGREED,
    TO_FINALIZED,
    VENDOR,
    agreement,
    at,
    begun,
    run,
    signed,
)


def resigned(message: Message, key: SigningKey) -> Envelope:
    return message.envelope().signed(key)


def test_from_offer_to_finalized() -> None:
    states = [run(*TO_FINALIZED[:n]).state for n in range(len(TO_FINALIZED) + 1)]
    assert states == [
        State.START,
        State.OFFERED,
        State.ACCEPTED,
        State.AGREED,
        State.VERIFIED,
        State.FINALIZED,
    ]


def test_the_files_alone_give_the_same_negotiation() -> None:
    made = run(Kind.OFFER, Kind.REQUEST, Kind.OFFER, Kind.ACCEPTED, Kind.AGREEMENT, Kind.VERIFICATION, Kind.FINALIZED)
    files = [read_envelope(e.to_bytes(), "disc") for e in made.envelopes]
    assert Negotiation.replay(files, KEYS) == made
    unknown = Negotiation.replay(files)
    assert (unknown.state, unknown.keys, unknown.keys_known) == (State.FINALIZED, KEYS, False)


def test_both_have_signed_from_the_agreement_message_on() -> None:
    signers = [run(*TO_FINALIZED[:n]).signers for n in range(1, 6)]
    both = frozenset(Role)
    assert signers == [frozenset(), frozenset({Role.CUSTOMER}), both, both, both]
    assert [run(*TO_FINALIZED[:n]).both_signed for n in range(1, 6)] == [False, False, True, True, True]


def test_a_request_that_the_vendor_agrees_to_is_signed_by_both_once_verified() -> None:
    agreed = run(Kind.REQUEST, Kind.AGREEMENT)
    assert (agreed.state, agreed.signers) == (State.AGREED, frozenset({Role.VENDOR}))
    assert run(Kind.REQUEST, Kind.AGREEMENT, Kind.VERIFICATION).both_signed


def test_the_signed_agreement_is_a_file_of_its_own() -> None:
    negotiation = run(*TO_AGREED)
    envelope = negotiation.signed_agreement
    assert envelope is not None
    assert negotiation.agreement is not None
    assert envelope.payload == negotiation.agreement.to_bytes()
    assert envelope.signed_by(VENDOR.public)
    assert envelope.signed_by(CUSTOMER.public)


def test_f10_a_counter_offer_voids_the_signature_before_it() -> None:
    """F10: one party signs, the other counter-offers: OFFERED again, the old signature void."""
    accepted = run(Kind.OFFER, Kind.ACCEPTED)
    offered = run(Kind.OFFER, Kind.REQUEST, Kind.OFFER)
    assert offered.state is State.OFFERED
    assert offered.signers == frozenset()
    # The customer's signature over the first draft, carried into an answer to the third message, counts for nothing.
    table = offered.agreement
    message = Message(
        negotiation=offered.id,
        sequence=3,
        previous=offered.digests[-1],
        sender=Role.CUSTOMER,
        message=Kind.ACCEPTED,
        time=NOON,
        agreement=table,
        signatures=accepted.messages[-1].signatures,
    )
    with pytest.raises(AgreementError, match="signatures: the agreement is signed by nobody; due are customer"):
        offered.receive(resigned(message, CUSTOMER))
    # Nor can the first draft itself be accepted any more.
    stale = replace(message, agreement=offered.drafts[0])
    with pytest.raises(AgreementError, match="not the draft on the table"):
        offered.receive(resigned(stale, CUSTOMER))


def test_an_offer_bears_no_signature_that_its_receiver_could_complete() -> None:
    offer = run(Kind.OFFER).signed_agreement
    assert offer is not None
    assert offer.signatures == ()
    message = replace(run(Kind.OFFER).messages[0], signatures=signed(agreement(), VENDOR).signatures)
    with pytest.raises(AgreementError, match="carries no signature over an agreement"):
        begun().receive(resigned(message, VENDOR))


def test_wrong_turn() -> None:
    with pytest.raises(AgreementError, match=r"not the vendor's turn for ContractOfferMessage in state OFFERED"):
        run(Kind.OFFER, Kind.OFFER)


def test_forged_by_a_stranger_and_by_the_other_party() -> None:
    offered = run(Kind.OFFER)
    accepted = run(Kind.ACCEPTED, start=offered).messages[-1]
    with pytest.raises(AgreementError, match=r"message 1: forged: not signed by the customer's key"):
        Negotiation.replay([*offered.envelopes, resigned(accepted, STRANGER)], KEYS)
    with pytest.raises(AgreementError, match=r"says it is the customer's, but the vendor signed it"):
        Negotiation.replay([*offered.envelopes, resigned(accepted, VENDOR)], KEYS)


def test_changed_after_it_was_signed() -> None:
    offered = run(Kind.OFFER)
    envelope = offered.envelopes[0]
    changed = Envelope(envelope.payload_type, envelope.payload.replace(b"draft 0", b"draft 1"), envelope.signatures)
    with pytest.raises(AgreementError, match=r"message 0: changed after it was signed, or forged: the vendor's"):
        Negotiation.replay([changed], KEYS)


def test_replayed_and_stale() -> None:
    offered, countered = run(Kind.OFFER), run(Kind.OFFER, Kind.REQUEST)
    with pytest.raises(AgreementError, match=r"message 2: replayed: it is message 0, already received"):
        Negotiation.replay([*countered.envelopes, offered.envelopes[0]], KEYS)
    # Two answers of the customer to one offer: the second to arrive is stale, and the first is named.
    accepted = run(Kind.ACCEPTED, start=offered)
    with pytest.raises(AgreementError, match=r"stale: it is number 1, where the customer's ContractRequestMessage"):
        Negotiation.replay([*countered.envelopes, accepted.envelopes[-1]], KEYS)


def test_an_answer_to_another_history_is_stale() -> None:
    here, there = run(Kind.OFFER), begun().send(Kind.OFFER, VENDOR, NOON, agreement(title="another"))[0]
    answer = run(Kind.ACCEPTED, start=there).envelopes[-1]
    with pytest.raises(AgreementError, match=r"stale: it does not answer message 0 that stands here"):
        here.receive(answer)


def test_a_missing_message_and_another_negotiation() -> None:
    made = run(Kind.OFFER, Kind.REQUEST, Kind.OFFER)
    with pytest.raises(AgreementError, match=r"message 1: number 2 where 1 is due"):
        Negotiation.replay([made.envelopes[0], made.envelopes[2]], KEYS)
    other = run(Kind.OFFER, start=Negotiation.begin(bytes([7]) * 16, KEYS))
    with pytest.raises(AgreementError, match=r"it belongs to negotiation urn:uuid:0707"):
        begun().receive(other.envelopes[0])
    with pytest.raises(AgreementError, match="messages: none is given"):
        Negotiation.replay([], KEYS)


def test_a_draft_cannot_change_a_partys_key() -> None:
    parties = replace(agreement().parties, customer=replace(agreement().parties.customer, key=STRANGER.public))
    with pytest.raises(AgreementError, match=r"agreement\.parties: it names other keys"):
        begun().send(Kind.OFFER, VENDOR, NOON, agreement(parties=parties))
    # Even where no keys are known from elsewhere: the first draft's bind the rest.
    countered = run(Kind.REQUEST, start=run(Kind.OFFER, start=Negotiation.begin(bytes(16))))
    with pytest.raises(AgreementError, match=r"agreement\.parties: it names other keys"):
        countered.send(Kind.OFFER, VENDOR, NOON, agreement(parties=parties))


def test_a_counter_offer_changes_something() -> None:
    offered = run(Kind.OFFER)
    with pytest.raises(AgreementError, match="it is the draft on the table"):
        offered.send(Kind.REQUEST, CUSTOMER, NOON, offered.agreement)


def test_terminated_before_and_not_after_both_signed() -> None:
    for kinds in ((Kind.OFFER,), (Kind.REQUEST,), (Kind.OFFER, Kind.ACCEPTED)):
        assert run(*kinds, Kind.TERMINATION).state is State.TERMINATED
    requested = run(Kind.REQUEST, Kind.AGREEMENT)
    ended, file = requested.send(Kind.TERMINATION, CUSTOMER, NOON, reason="Not what we asked for.")
    assert ended.state is State.TERMINATED
    assert Message.of(file).reason == "Not what we asked for."
    agreed = run(*TO_AGREED)
    with pytest.raises(AgreementError, match="no message of one party ends what both signed"):
        agreed.send(Kind.TERMINATION, CUSTOMER, NOON)


@pytest.mark.parametrize("kind", [Kind.OFFER, Kind.TERMINATION, Kind.FINALIZED, Kind.AGREEMENT])
def test_g02_after_it_is_final_the_vendor_alone_can_change_nothing(kind: Kind) -> None:
    """G02: a vendor-signed "disable" or "tighten" is refused."""
    final = run(*TO_FINALIZED)
    draft = agreement(title="tightened") if kind is Kind.OFFER else None
    with pytest.raises(AgreementError):
        final.send(kind, VENDOR, NOON, draft)


def test_send_refuses_what_does_not_fit() -> None:
    with pytest.raises(AgreementError, match="give a draft with an offer or request only"):
        begun().send(Kind.OFFER, VENDOR, NOON)
    with pytest.raises(AgreementError, match="give a draft with an offer or request only"):
        run(Kind.OFFER).send(Kind.ACCEPTED, CUSTOMER, NOON, agreement())
    with pytest.raises(AgreementError, match="is neither party's key"):
        begun().send(Kind.OFFER, STRANGER, NOON, agreement())


def test_order_comes_from_the_chain_and_not_from_clocks() -> None:
    offered = run(Kind.OFFER)
    accepted, _ = offered.send(Kind.ACCEPTED, CUSTOMER, NOON - timedelta(days=9))
    assert accepted.state is State.ACCEPTED


def test_the_first_message_is_a_draft() -> None:
    lone = Message(
        negotiation=begun().id, sequence=0, previous=None, sender=Role.VENDOR, message=Kind.TERMINATION, time=NOON
    )
    with pytest.raises(AgreementError, match="a negotiation begins with an offer or a request"):
        Negotiation.replay([resigned(lone, VENDOR)])


def test_known_keys_are_stronger_than_what_a_message_names() -> None:
    with pytest.raises(AgreementError, match="forged: not signed by the vendor's key"):
        Negotiation.replay(run(Kind.OFFER).envelopes, Keys(vendor=STRANGER.public, customer=CUSTOMER.public))


def test_messages_of_another_kind_or_shape_are_refused() -> None:
    offer = run(Kind.OFFER).envelopes[0]
    disable = Envelope("application/vnd.brightline.disable+json", offer.payload).signed(VENDOR)
    with pytest.raises(AgreementError, match="is no message"):
        run(*TO_FINALIZED).receive(disable)
    wrong = Envelope(MESSAGE_TYPE, offer.payload.replace(b'"sequence"', b'"sequense"')).signed(VENDOR)
    with pytest.raises(AgreementError, match=r"sequense: no such field — did you mean 'sequence'\?"):
        begun().receive(wrong)
    with pytest.raises(AgreementError, match="not a DSSE envelope"):
        read_envelope(b"{}", "disc/1.json")
    with pytest.raises(AgreementError, match="send at most"):
        read_envelope(b" " * (9 << 20))


def test_a_message_says_where_it_stands() -> None:
    with pytest.raises(AgreementError, match="previous: the first message, and no other, follows none"):
        replace(run(Kind.OFFER).messages[0], sequence=1).envelope()
    with pytest.raises(AgreementError, match="agreement: every message but a termination"):
        replace(run(Kind.OFFER).messages[0], agreement=None).envelope()


@pytest.mark.parametrize("time", ["2026-1-3T1:2:3Z", "2026-11-23T12:00:00+00:00", "2026-11-23", "", 1])
def test_a_time_is_written_in_one_way(time: object) -> None:
    body = {**plain(run(Kind.OFFER).messages[0]), "time": time}
    with pytest.raises(AgreementError, match=r"time: .* is no time — write it as"):
        Message.read(body)


@pytest.mark.parametrize("extra", [STRANGER, CUSTOMER], ids=["a stranger", "twice"])
def test_no_signature_but_those_due(extra: SigningKey) -> None:
    offered = run(Kind.OFFER)
    accepted = run(Kind.ACCEPTED, start=offered).messages[-1]
    assert accepted.agreement is not None
    more = replace(accepted, signatures=(*accepted.signatures, *signed(accepted.agreement, extra).signatures))
    with pytest.raises(AgreementError, match="due are customer and nobody else"):
        offered.receive(resigned(more, CUSTOMER))


def test_file_names_sort_in_order() -> None:
    names = [m.file_name for m in run(*TO_FINALIZED).messages]
    assert names == sorted(names)
    assert names[1] == "001-ContractNegotiationEventMessage-ACCEPTED.json"
    assert at(run(Kind.OFFER)) > NOON
