"""Sealed content and wrapped keys: what was put in comes out, and nothing that was changed does."""

from __future__ import annotations

import hashlib
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import RecordError
from brightline.keys import open_sealed, seal, unwrap_keys, wrap_keys
from brightline.keys.seal import KEY_BYTES

KEYS = st.binary(min_size=32, max_size=32)
CONTENT = b"what a person asked"


@given(KEYS, st.binary(max_size=200), st.integers(0, 255))
def test_what_was_sealed_opens(key: bytes, plain: bytes, slot: int) -> None:
    sealed = seal(key, plain, slot)
    assert len(sealed) == len(plain) + 16
    assert open_sealed(key, sealed, slot) == plain


def test_aes_256_gcm_as_nist_has_it() -> None:
    """gcm-spec, test cases 13 and 14: key and nonce of zeros, which slot 0 uses."""
    assert seal(bytes(32), b"").hex() == "530f8afbc74536b9a963b4f1c4cb738b"
    assert seal(bytes(32), bytes(16)).hex() == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"


@given(KEYS, st.data(), st.integers(1, 255))
def test_no_flipped_byte_opens(key: bytes, data: st.DataObject, flip: int) -> None:
    sealed = bytearray(seal(key, CONTENT))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= flip
    with pytest.raises(RecordError):
        open_sealed(key, bytes(sealed))


@given(KEYS, st.integers(0, 31), st.integers(1, 255))
def test_no_other_key_opens(key: bytes, at: int, flip: int) -> None:
    other = bytearray(key)
    other[at] ^= flip
    with pytest.raises(RecordError):
        open_sealed(bytes(other), seal(key, CONTENT))


@pytest.mark.parametrize("slots", [(0, 1), (1, 0), (255, 254)])
def test_no_other_slot_opens(slots: tuple[int, int]) -> None:
    with pytest.raises(RecordError):
        open_sealed(bytes(32), seal(bytes(32), CONTENT, slots[0]), slots[1])


@pytest.mark.parametrize("length", [0, 1, 15, 16, len(CONTENT) + 15])
def test_no_part_opens(length: int) -> None:
    with pytest.raises(RecordError):
        open_sealed(bytes(32), seal(bytes(32), CONTENT)[:length])


def test_an_error_shows_neither_key_nor_content() -> None:
    key = hashlib.sha256(b"k").digest()
    with pytest.raises(RecordError) as caught:
        open_sealed(key, seal(key, CONTENT)[:-1] + b"\0")
    shown = "".join(traceback.format_exception(caught.value))
    assert caught.value.cure
    for hidden in (key.hex(), repr(key)[2:-1], CONTENT.decode()):
        assert hidden not in shown


@given(KEYS, st.integers(0, 5).flatmap(lambda n: st.binary(min_size=32 * n, max_size=32 * n)))
def test_wrapped_keys_come_back_in_their_places(site: bytes, keys: bytes) -> None:
    wrapped = wrap_keys(site, keys)
    assert len(wrapped) == len(keys)
    assert unwrap_keys(site, wrapped) == keys
    for at in range(0, len(keys), KEY_BYTES):  # one key can be erased, and read, without the others
        assert unwrap_keys(site, wrapped[at : at + KEY_BYTES]) == keys[at : at + KEY_BYTES]


def test_aes_256_as_nist_has_it() -> None:
    """FIPS 197, appendix C.3, on both halves of one key."""
    site, block = bytes(range(32)), bytes.fromhex("00112233445566778899aabbccddeeff")
    assert wrap_keys(site, block * 2).hex() == "8ea2b7ca516745bfeafc49904b496089" * 2


@given(KEYS, KEYS, KEYS)
def test_another_site_key_unwraps_another_key(site: bytes, other: bytes, key: bytes) -> None:
    assert (unwrap_keys(other, wrap_keys(site, key)) == key) is (site == other)


@given(KEYS, KEYS, st.integers(0, 31), st.integers(1, 255))
def test_a_flipped_byte_of_a_wrapped_key_is_seen_when_it_opens_nothing(
    site: bytes, key: bytes, at: int, flip: int
) -> None:
    wrapped = bytearray(wrap_keys(site, key))
    wrapped[at] ^= flip
    with pytest.raises(RecordError):
        open_sealed(unwrap_keys(site, bytes(wrapped)), seal(key, CONTENT))


@pytest.mark.parametrize("length", [1, 16, 31, 33, 40])
def test_what_is_no_whole_number_of_keys_is_refused(length: int) -> None:
    for wrap in (wrap_keys, unwrap_keys):
        with pytest.raises(RecordError):
            wrap(bytes(32), bytes(length))


@pytest.mark.parametrize("length", [16, 24])
def test_a_shorter_key_is_refused(length: int) -> None:
    with pytest.raises(RecordError):
        seal(bytes(length), CONTENT)
