"""Ed25519 keys in the text forms of C2SP signed-note: vectors, round trips, and every flipped byte refused."""

from __future__ import annotations

import base64
import hashlib
import traceback
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import KeyFileError
from brightline.keys import SigningKey, VerifyKey

# RFC 8032 section 7.1, TEST 1 to 3: seed, public key, message, signature
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
            "24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a"
            "eeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed2"
            "8dc027beceea1ec40a"
        ),
    ),
]
# The example key, note and signature of golang.org/x/mod/sumdb/note, which the C2SP specification describes.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+" + "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_NOTE = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="

SEED = bytes(range(32))
KEY = SigningKey.new("department.example/gateway-1", SEED)
NAMES = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="+"), min_size=1, max_size=40)
SEEDS = st.binary(min_size=32, max_size=32)


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032, ids=["1", "2", "3"])
def test_rfc_8032(seed: str, public: str, message: str, signature: str) -> None:
    key = SigningKey.new("rfc", bytes.fromhex(seed))
    assert key.public.public.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert key.public.verify(bytes.fromhex(signature), bytes.fromhex(message))


def test_the_example_key_of_signed_note() -> None:
    signing, verify = SigningKey.parse(PETER_SECRET), VerifyKey.parse(PETER)
    assert verify.id.hex() == "c74f20a3"
    assert verify.id == hashlib.sha256(b"PeterNeumann\n\x01" + verify.public).digest()[:4]
    assert signing.public == verify
    assert (str(verify), signing.secret_text()) == (PETER, PETER_SECRET)
    signed = base64.b64decode(PETER_SIGNATURE)
    assert signed == verify.id + signing.sign(PETER_NOTE)
    assert verify.verify(signed[4:], PETER_NOTE)


@given(NAMES, SEEDS)
def test_text_forms_are_read_back(name: str, seed: bytes) -> None:
    key = SigningKey.new(name, seed)
    assert SigningKey.parse(key.secret_text()) == key
    assert VerifyKey.parse(str(key.public)) == key.public
    assert VerifyKey.parse(f"{key.public}\n") == key.public  # as a file holds it


@given(st.data(), st.integers(1, 255))
def test_no_flipped_byte_of_a_key_is_read(data: st.DataObject, flip: int) -> None:
    for text, read in ((str(KEY.public), VerifyKey.parse), (KEY.secret_text(), SigningKey.parse)):
        at = data.draw(st.integers(0, len(text) - 1))
        changed = bytearray(text.encode())
        changed[at] ^= flip
        with pytest.raises(KeyFileError):
            read(changed.decode("ascii", "replace").replace("\ufffd", "?"))


@pytest.mark.parametrize("text", [str(KEY.public), KEY.secret_text()], ids=["public", "secret"])
def test_a_key_outside_ascii_is_refused(text: str) -> None:
    read = SigningKey.parse if text.startswith("PRIVATE") else VerifyKey.parse
    with pytest.raises(KeyFileError):
        read(text[:-1] + "é")


@pytest.mark.parametrize("text", [str(KEY.public), KEY.secret_text()], ids=["public", "secret"])
def test_no_part_of_a_key_is_read(text: str) -> None:
    for at in range(len(text)):
        for read in (VerifyKey.parse, SigningKey.parse):
            with pytest.raises(KeyFileError):
                read(text[:at])
    with pytest.raises(KeyFileError):
        VerifyKey.parse(text + "AAAA")


WRONG = {
    "nothing": "",
    "no form": "hello",
    "another algorithm": "n+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
    "too short": "n+00000000+" + base64.b64encode(b"\x01" + bytes(31)).decode(),
    "too long": "n+00000000+" + base64.b64encode(b"\x01" + bytes(33)).decode(),
    "no base64": "n+00000000+%%%%",
    "the id of another name": str(KEY.public).replace("department", "vendor"),
    "an id in capitals": PETER.replace("c74f20a3", "C74F20A3"),
    "a secret": PETER_SECRET,
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_is_no_key_is_refused_with_place_and_cure(text: str) -> None:
    with pytest.raises(KeyFileError) as caught:
        VerifyKey.parse(text, "a.pub")
    assert str(caught.value).startswith("a.pub: ")
    assert "brightline key new" in caught.value.cure


# The curve of RFC 8032, section 5.1, to find its points of small order without the list under test.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point: TypeAlias = tuple[int, int]


def added(a: Point, b: Point) -> Point:
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P


def times(n: int, point: Point) -> Point:
    out: Point = (0, 1)
    for bit in f"{n:b}":
        out = added(out, out)
        out = added(out, point) if bit == "1" else out
    return out


def point_at(y: int) -> Point | None:
    """The point with that y and an even x, if there is one."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    return (x, y) if x * x % P == square else None


def small_order() -> set[int]:
    """The y of all points whose order divides 8."""
    found = (times(L, point) for point in map(point_at, range(2, 40)) if point)
    eighth = next(p for p in found if times(4, p) != (0, 1))
    return {times(n, eighth)[1] for n in range(8)}


def test_the_points_of_small_order_are_five_by_their_y() -> None:
    assert len(small_order()) == 5
    assert {0, 1, P - 1} < small_order()


@pytest.mark.parametrize("sign", [0, 0x80], ids=["even", "odd"])
def test_a_key_of_small_order_binds_nobody(sign: int) -> None:
    canonical = small_order()
    other_writings = {y + P for y in canonical if y + P < 2**255}
    assert len(other_writings) == 2
    for y in canonical | other_writings:
        point = y.to_bytes(32, "little")
        encoded = point[:31] + bytes([point[31] | sign])
        with pytest.raises(KeyFileError, match="small order"):
            VerifyKey("anyone", encoded)
        raw = b"\x01" + encoded
        key_id = hashlib.sha256(b"anyone\n" + raw).hexdigest()[:8]
        with pytest.raises(KeyFileError, match="small order"):
            VerifyKey.parse(f"anyone+{key_id}+{base64.b64encode(raw).decode()}")


@given(SEEDS, st.binary(max_size=64), st.binary(max_size=64))
def test_a_signature_is_of_one_message_by_one_key(seed: bytes, message: bytes, other: bytes) -> None:
    key = SigningKey.new("a", seed)
    signature = key.sign(message)
    assert key.public.verify(signature, message)
    assert key.public.verify(signature, other) is (other == message)
    assert KEY.public.verify(signature, message) is (seed == SEED)


@given(st.integers(0, 63), st.integers(1, 255))
def test_no_flipped_byte_of_a_signature_verifies(at: int, flip: int) -> None:
    signature = bytearray(KEY.sign(b"message"))
    signature[at] ^= flip
    assert not KEY.public.verify(bytes(signature), b"message")


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65), b"\xff" * 64], ids=lambda s: str(len(s)))
def test_what_is_no_signature_does_not_verify(signature: bytes) -> None:
    assert not KEY.public.verify(signature, b"message")


def test_a_signature_has_one_encoding() -> None:
    """s + L is refused (RFC 8032 section 5.1.7), so that nobody can make a second signature of the same text."""
    signature = KEY.sign(b"message")
    s = int.from_bytes(signature[32:], "little") + L
    assert not KEY.public.verify(signature[:32] + s.to_bytes(32, "little"), b"message")


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a\u00a0b", "a\u2003b", "a+b", "a\nb", "a\x00", "a\u202eb", "a" * 201]
)
def test_a_name_that_no_key_can_have(name: str) -> None:
    with pytest.raises(KeyFileError, match="cannot name a key"):
        SigningKey.new(name, SEED)
    with pytest.raises(KeyFileError, match="cannot name a key"):
        VerifyKey(name, KEY.public.public)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_seed_and_a_public_key_have_32_bytes(length: int) -> None:
    with pytest.raises(KeyFileError, match="32"):
        SigningKey.new("a", bytes(length))
    with pytest.raises(KeyFileError, match="32"):
        VerifyKey("a", b"\x05" * length)


@given(SEEDS, st.integers(0, 60))
def test_a_secret_is_in_no_text_but_its_own(seed: bytes, cut: int) -> None:
    key = SigningKey.new("a.example", seed)
    secret = key.secret_text()
    shown = [repr(key), str(key), f"{key}", repr([key]), str(key.public), repr(key.public)]
    for broken in (secret[:-4] + "AAAA", secret[: len(secret) - 1 - cut], secret.replace("a.example", "b.example")):
        try:
            SigningKey.parse(broken, "a.key")
        except KeyFileError as e:
            shown += [str(e), repr(e), "".join(traceback.format_exception(e))]
    encoded = base64.b64encode(b"\x01" + seed).decode()
    for hidden in (encoded[2:], encoded[2:24], encoded[20:-4], seed.hex(), repr(seed)[2:-1]):
        assert all(hidden not in text for text in shown), hidden
