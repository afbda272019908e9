"""Any changed byte of a signed file is refused, or changes nothing that was signed."""

from __future__ import annotations

import json

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from brightline.agreement import Agreement, Keys, Negotiation, in_force, read_envelope
from brightline.agreement.reading import plain
from brightline.errors import AgreementError
from tests.agreement.founding import CUSTOMER, KEYS, TO_FINALIZED, VENDOR, agreement, run, signed

SIGNED = signed(agreement(), VENDOR, CUSTOMER).to_bytes()
FINAL = run(*TO_FINALIZED)
FILES = [e.to_bytes() for e in FINAL.envelopes]


def flipped(data: bytes, where: int, mask: int) -> bytes:
    where %= len(data)
    return data[:where] + bytes([data[where] ^ mask]) + data[where + 1 :]


@settings(max_examples=400)
@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_a_flipped_byte_of_an_agreement(where: int, mask: int) -> None:
    try:
        status = in_force([read_envelope(flipped(SIGNED, where, mask))], keys=KEYS)
    except AgreementError:
        return
    if status.in_force:
        assert status.agreement == agreement()
        assert status.digest == agreement().digest
    else:
        assert not all(s.good for s in status.signatures)


@settings(max_examples=200)
@given(st.integers(0, len(FILES) - 1), st.integers(0, 1 << 20), st.integers(1, 255))
def test_a_flipped_byte_of_a_message(file: int, where: int, mask: int) -> None:
    files = list(FILES)
    files[file] = flipped(files[file], where, mask)
    try:
        negotiation = Negotiation.replay([read_envelope(f) for f in files], KEYS)
    except AgreementError:
        return
    assert negotiation.messages == FINAL.messages
    assert negotiation.signers == FINAL.signers


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    ).map(lambda value: json.dumps(value).encode())
)
@example(b"[" * 100_000)
@example(b'{"payloadType":1,"payload":null,"signatures":[{}]}')
@example(b'{"payloadType":"x","payload":"","signatures":[]}')
def test_hostile_bytes_get_an_agreement_error(data: bytes) -> None:
    with pytest.raises(AgreementError):
        in_force([read_envelope(data, "disc")])


@settings(max_examples=300)
@given(st.data())
def test_hostile_members_get_an_agreement_error(data: st.DataObject) -> None:
    """One member anywhere in the payload, replaced by a value of any type."""
    body = json.loads(agreement().to_bytes())
    inner = body
    while True:
        key = data.draw(st.sampled_from(sorted(inner)) if isinstance(inner, dict) else st.integers(0, len(inner) - 1))
        if not (isinstance(inner[key], dict | list) and inner[key] and data.draw(st.booleans())):
            break
        inner = inner[key]
    value = data.draw(st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.lists(st.none(), max_size=2))
    inner[key] = value
    try:
        made = Agreement.read(body)
    except AgreementError as e:
        event(e.place.split("[")[0])
    else:
        assert plain(made) == body


def test_the_same_keys_in_the_wrong_roles() -> None:
    swapped = Keys(vendor=CUSTOMER.public, customer=VENDOR.public)
    assert not in_force([read_envelope(SIGNED)], keys=swapped).in_force
    with pytest.raises(AgreementError, match="but the customer signed it"):
        Negotiation.replay(FINAL.envelopes, swapped)
