"""DSSE envelopes: the specification's example, round trips, and changes that no signature survives."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import AgreementError, InputError
from brightline.keys import Envelope, Signature, SigningKey
from brightline.keys.dsse import pae

KEY = SigningKey.new("vendor.example", bytes([1]) * 32)
OTHER = SigningKey.new("customer.example", bytes([2]) * 32)
TYPE = "application/vnd.brightline.agreement+json"
SIGNED = Envelope(TYPE, b'{"title":"terms"}').signed(KEY).signed(OTHER)
TYPES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ENVELOPES = st.builds(
    Envelope,
    TYPES,
    st.binary(max_size=60),
    st.lists(st.builds(Signature, TYPES, st.binary(max_size=70)), max_size=4).map(tuple),
)


def test_the_specifications_example() -> None:
    """secure-systems-lab/dsse, protocol.md, "Test Vectors"."""
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    # its envelope, with a key id, which ours always have
    sig = "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
    text = {"payload": "aGVsbG8gd29ybGQ=", "payloadType": "http://example.com/HelloWorld"}
    read = Envelope.from_bytes(json.dumps(text | {"signatures": [{"keyid": "66301bbf", "sig": sig}]}).encode())
    assert read.payload == b"hello world"
    assert read.signatures == (Signature("66301bbf", base64.b64decode(sig)),)


def test_lengths_are_of_bytes() -> None:
    assert pae("é", "é".encode()) == "DSSEv1 2 é 2 é".encode()
    assert pae("", b"") == b"DSSEv1 0  0 "


@given(TYPES, st.binary(max_size=20), TYPES, st.binary(max_size=20))
def test_no_two_contents_are_signed_alike(a: str, one: bytes, b: str, two: bytes) -> None:
    assert (pae(a, one) == pae(b, two)) is ((a, one) == (b, two))


def test_a_type_cannot_reach_into_the_payload() -> None:
    assert pae("a 1 b", b"c") != pae("a", b"b 1 c")


@given(ENVELOPES)
def test_an_envelope_is_read_back(envelope: Envelope) -> None:
    data = envelope.to_bytes()
    assert Envelope.from_bytes(data) == envelope
    assert Envelope.from_bytes(data).to_bytes() == data


def test_both_signatures_stand_side_by_side() -> None:
    assert SIGNED.signed_by(KEY.public)
    assert SIGNED.signed_by(OTHER.public)
    assert [s.keyid for s in SIGNED.signatures] == [str(KEY.public), str(OTHER.public)]
    assert not Envelope(TYPE, SIGNED.payload).signed_by(KEY.public)


def test_a_key_id_proves_nothing() -> None:
    claimed = Envelope(TYPE, SIGNED.payload, (Signature(str(KEY.public), SIGNED.signatures[1].sig),))
    assert not claimed.signed_by(KEY.public)
    assert claimed.signed_by(OTHER.public)


@pytest.mark.parametrize("changed", [Envelope("other", SIGNED.payload), Envelope(TYPE, SIGNED.payload + b" ")])
def test_a_signature_is_over_type_and_payload(changed: Envelope) -> None:
    moved = Envelope(changed.payload_type, changed.payload, SIGNED.signatures)
    assert not moved.signed_by(KEY.public)


@given(st.integers(0, len(SIGNED.to_bytes()) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_changes_nothing_that_was_signed(at: int, flip: int) -> None:
    data = bytearray(SIGNED.to_bytes())
    data[at] ^= flip
    try:
        read = Envelope.from_bytes(bytes(data))
    except InputError:
        return
    same = (read.payload_type, read.payload) == (SIGNED.payload_type, SIGNED.payload)
    for key in (KEY, OTHER):
        assert same or not read.signed_by(key.public)
    # What is left: a key id, which is a hint, or one of the signatures, of which the other stands.
    assert same is (read.signed_by(KEY.public) or read.signed_by(OTHER.public))


GOOD = json.loads(SIGNED.to_bytes())
WRONG = {
    "nothing": b"",
    "no object": b"[]",
    "a member missing": {k: v for k, v in GOOD.items() if k != "signatures"},
    "a member too many": GOOD | {"more": 1},
    "a type that is no text": GOOD | {"payloadType": 1},
    "a payload that is no text": GOOD | {"payload": 1},
    "a payload that is no base64": GOOD | {"payload": "%%%%"},
    "a payload cut off": GOOD | {"payload": GOOD["payload"][:-1]},
    "a payload outside ASCII": GOOD | {"payload": "é"},
    "signatures that are none": GOOD | {"signatures": {}},
    "a signature that is none": GOOD | {"signatures": [3]},
    "a signature without a key id": GOOD | {"signatures": [{"sig": "AAAA"}]},
    "a key id that is no text": GOOD | {"signatures": [{"keyid": 1, "sig": "AAAA"}]},
    "a signature that is no base64": GOOD | {"signatures": [{"keyid": "a", "sig": "?"}]},
    "65 signatures": GOOD | {"signatures": [{"keyid": "a", "sig": "AAAA"}] * 65},
    "a key twice": SIGNED.to_bytes().replace(b"{", b'{"payload":"AAAA",', 1),
    "a byte-order mark": b"\xef\xbb\xbf" + SIGNED.to_bytes(),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_is_no_envelope_is_refused_with_place_and_cure(text: object) -> None:
    data = text if isinstance(text, bytes) else json.dumps(text).encode()
    with pytest.raises(AgreementError) as caught:
        Envelope.from_bytes(data, "a.json", error=AgreementError)
    assert str(caught.value).startswith("a.json: ")
    assert caught.value.cure
