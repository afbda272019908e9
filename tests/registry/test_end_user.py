"""Who is behind a shared key: every check of a token and of a signed header, each broken alone."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import InputError
from brightline.keys import read_jwks
from brightline.registry import Issuer, Seen, end_user, sign_user, signed_user
from tests.registry.made import STRANGER, key

NOW = 1_790_000_000
FRONT = key("chat.example", 21)
_RSA = rsa.generate_private_key(65537, 2048)
_EC = ec.generate_private_key(ec.SECP256R1())
_ED = ed25519.Ed25519PrivateKey.generate()


def b64(data: bytes | int) -> str:
    raw = data.to_bytes((data.bit_length() + 7) // 8, "big") if isinstance(data, int) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _point() -> dict[str, str]:
    numbers = _EC.public_key().public_numbers()
    return {"x": b64(numbers.x.to_bytes(32, "big")), "y": b64(numbers.y.to_bytes(32, "big"))}


_N = _RSA.public_key().public_numbers()
JWKS = {
    "keys": [
        {"kty": "RSA", "kid": "r", "alg": "RS256", "use": "sig", "n": b64(_N.n), "e": b64(_N.e)},
        {"kty": "EC", "kid": "e", "crv": "P-256", **_point()},
        {"kty": "OKP", "kid": "d", "crv": "Ed25519", "x": b64(_ED.public_key().public_bytes_raw())},
    ]
}
ISSUER = Issuer("https://id.example", "brightline", read_jwks(json.dumps(JWKS).encode()))
CLAIMS = {"iss": "https://id.example", "aud": "brightline", "sub": "alice", "exp": NOW + 300, "iat": NOW - 10}


def _sign_ec(message: bytes) -> bytes:
    r, s = decode_dss_signature(_EC.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


SIGN: dict[str, Callable[[bytes], bytes]] = {
    "RS256": lambda m: _RSA.sign(m, padding.PKCS1v15(), hashes.SHA256()),
    "ES256": _sign_ec,
    "EdDSA": _ED.sign,
}
KID = {"RS256": "r", "ES256": "e", "EdDSA": "d"}


def token(
    alg: str = "EdDSA",
    header: dict[str, Any] | None = None,
    sign: Any = None,
    payload: bytes = b"",
    **changed: Any,
) -> str:
    claims = {k: v for k, v in (CLAIMS | changed).items() if v is not None}
    head = {"alg": alg, "kid": KID.get(alg, "r"), "typ": "JWT"} | (header or {})
    signed = f"{b64(json.dumps(head).encode())}.{b64(payload or json.dumps(claims).encode())}"
    return f"{signed}.{b64((sign or SIGN[alg])(signed.encode()))}"


@pytest.mark.parametrize("alg", SIGN)
def test_a_good_token_names_its_subject(alg: str) -> None:
    found = end_user(token(alg), ISSUER, NOW)
    assert (found.name, found.reason, found.fact) == ("alice", "", "identified")


def test_one_of_several_audiences_is_enough_where_it_was_issued_to_us() -> None:
    found = end_user(token(aud=["other", "brightline"], azp="brightline"), ISSUER, NOW)
    assert found.name == "alice"


def hmac_of_public_key(message: bytes) -> bytes:
    """The attack of algorithm confusion: the public key, which anybody has, taken for an HMAC secret."""
    pem = _RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    mac = hmac.HMAC(pem, hashes.SHA256())
    mac.update(message)
    return mac.finalize()


def der(message: bytes) -> bytes:
    return _EC.sign(message, ec.ECDSA(hashes.SHA256()))


BAD = {
    "alg none": (token("none", {"kid": "d"}, lambda m: b""), "algorithm"),
    "alg None": (token("NONE", {"kid": "d"}, lambda m: b""), "algorithm"),
    "confusion": (token("HS256", {"kid": "r"}, hmac_of_public_key), "algorithm"),
    "an algorithm of another key": (token("RS256", {"kid": "e"}), "algorithm"),
    "says RS256, signs EdDSA": (token("RS256", {"kid": "d"}, SIGN["EdDSA"]), "algorithm"),
    "its own key in the header": (token(sign=STRANGER.sign, header={"jwk": JWKS["keys"][2]}), "does not verify"),
    "somebody else's signature": (token(sign=STRANGER.sign), "does not verify"),
    "DER": (token("ES256", sign=der), "does not verify"),
    "zeros (CVE-2022-21449)": (token("ES256", sign=lambda m: bytes(64)), "does not verify"),
    "no such key": (token(header={"kid": "x"}), "no such key"),
    "no kid": (token(header={"kid": None}), "which key"),
    "an access token": (token(header={"typ": "at+jwt"}), "no ID token"),
    "critical": (token(header={"crit": ["exp"]}), "extension"),
    "another issuer": (token(iss="https://id.example/"), "another issuer"),
    "no issuer": (token(iss=None), "another issuer"),
    "another audience": (token(aud="brightlin"), "somebody else"),
    "no audience": (token(aud=None), "somebody else"),
    "audience is a number": (token(aud=7), "somebody else"),
    "many audiences, issued to nobody": (token(aud=["x", "brightline"]), "to somebody else"),
    "issued to another": (token(azp="other"), "to somebody else"),
    "expired": (token(exp=NOW - 60), "expired"),
    "never expires": (token(exp=None), "until when"),
    "expires as text": (token(exp=str(NOW + 60)), "until when"),
    "expires as true": (token(exp=True), "until when"),
    "from the future": (token(iat=NOW + 61), "future"),
    "not yet": (token(nbf=NOW + 61), "future"),
    "a day old": (token(iat=NOW - 86_401), "too long ago"),
    "no subject": (token(sub=None), "no subject"),
    "an empty subject": (token(sub=" "), "no subject"),
    "a subject that hides": (token(sub="ali\u200bce"), "no subject"),
    "a subject of two lines": (token(sub="alice\nroot"), "no subject"),
    "a long subject": (token(sub="a" * 201), "no subject"),
    "a list of claims": (token(payload=b"[]"), "claims nothing"),
    "nothing": ("", "not a token"),
    "bearer": (f"Bearer {token()}", "base64url"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD)
def test_a_bad_token_identifies_nobody_and_says_why(text: str, said: str) -> None:
    found = end_user(text, ISSUER, NOW)
    assert (found.name, found.fact) == ("", "unidentified")
    assert said in found.reason
    assert "alice" not in found.reason


def test_a_claim_that_stands_twice_is_no_token() -> None:
    twice = json.dumps(CLAIMS).encode()[:-1] + b', "sub": "bob"}'
    assert "twice" in end_user(token(payload=twice), ISSUER, NOW).reason


@given(st.integers(0, 10_000), st.integers(1, 127))
def test_no_changed_byte_of_a_token_makes_another_of_it(at: int, by: int) -> None:
    text = token()
    at %= len(text)
    other = text[:at] + chr(ord(text[at]) ^ by) + text[at + 1 :]
    assert end_user(other, ISSUER, NOW).name == ""


# ---- the signed header ----------------------------------------------------------------------------------------

BODY, AUDIENCE = b'{"model": "m"}', "gateway.example/log"


def header(
    user: str = "alice", body: bytes = BODY, audience: str = AUDIENCE, time: int = NOW, nonce: str = "n" * 8
) -> str:
    return sign_user(FRONT, user, body, audience, time, nonce)


def read(text: str, body: bytes = BODY, now: float = NOW) -> Any:
    return signed_user(text, body, AUDIENCE, [STRANGER.public, FRONT.public], now)


@pytest.mark.parametrize("name", ["alice", "Zoë Müller", "a@b.example", "a" * 200])
def test_a_good_header_names_its_user(name: str) -> None:
    assert read(header(name)).name == name


BAD_HEADERS = {
    "another body": (read(header(), b"{}"), "not the front end's"),
    "another gateway": (read(header(audience="other")), "not the front end's"),
    "a stranger's": (signed_user(header(), BODY, AUDIENCE, [STRANGER.public], NOW), "not the front end's"),
    "nobody's": (signed_user(header(), BODY, AUDIENCE, [], NOW), "not the front end's"),
    "another time": (read(header().replace(str(NOW), str(NOW + 1))), "not the front end's"),
    "another user": (read(header().replace(b64(b"alice"), b64(b"boris"))), "not the front end's"),
    "old": (read(header(time=NOW - 121)), "too old"),
    "from the future": (read(header(time=NOW + 61)), "future"),
    "no header": (read(""), "malformed"),
    "another version": (read("v2" + header()[2:]), "malformed"),
    "two headers": (read(f"{header()}, {header()}"), "malformed"),
    "padded": (read(header() + "="), "malformed"),
    "a user that hides": (read("v1.1.nnnnnnnn." + b64("a\u202eb".encode()) + "." + "A" * 86), "malformed"),
    "a user that is no text": (read("v1.1.nnnnnnnn." + b64(b"\xff\xfe") + "." + "A" * 86), "malformed"),
    "not canonical base64": (read(header()[:-1] + "_"), "malformed"),
}


@pytest.mark.parametrize(("found", "said"), BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_a_bad_header_identifies_nobody(found: Any, said: str) -> None:
    assert found.fact == "unidentified"
    assert said in found.reason


@pytest.mark.parametrize("wrong", [{"user": ""}, {"user": "a\nb"}, {"nonce": "short"}, {"nonce": "a b c d e"}])
def test_what_could_not_be_read_is_not_signed(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError):
        header(**wrong)


def test_a_header_is_good_once() -> None:
    seen, first = Seen(), read(header())
    assert seen.fresh(first.once, NOW)
    assert not seen.fresh(first.once, NOW)
    assert not seen.fresh(read(header()).once, NOW + 60)
    assert seen.fresh(read(header(nonce="m" * 8)).once, NOW)
    assert seen.fresh(read(header("bob")).once, NOW)


def test_it_is_remembered_for_as_long_as_it_is_good_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["brightline.registry.end_user"], "MAX_SEEN", 2)
    seen = Seen()
    assert [seen.fresh(bytes([i]), NOW) for i in range(3)] == [True, True, False]  # full: nothing more is fresh
    assert not seen.fresh(bytes([0]), NOW + 180)
    assert not seen.fresh(bytes([3]), NOW + 180)  # the last second at which the first are good
    assert seen.fresh(bytes([3]), NOW + 181)
