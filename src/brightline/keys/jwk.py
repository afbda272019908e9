"""Other people's public keys and tokens: JWK (RFC 7517), JWS compact form (RFC 7515), EdDSA in JOSE (RFC 8037).

Three algorithms and no more, each bound to one type of key: RS256 to RSA, ES256 to P-256, EdDSA to Ed25519. The token's
own header never chooses how a key is used, so neither `none` nor a public key taken for an HMAC secret can pass.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey as EcKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from brightline.canonical import parse
from brightline.errors import KeyFileError
from brightline.keys.signing import VerifyKey

MAX_JWKS: Final = 1 << 18
"""Bytes of a key set; those of identity providers have a few thousand."""
MAX_KEYS: Final = 64
MAX_TOKEN: Final = 1 << 14
"""Bytes of a token: it travels in a header."""

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_CURE = "use the key set that the identity provider publishes (its `jwks_uri`)"
_Key: TypeAlias = RSAPublicKey | EcKey | VerifyKey


@dataclass(frozen=True, slots=True)
class Jwk:
    """One public key; `alg` is the only algorithm that it verifies."""

    kid: str
    alg: str
    key: _Key

    def verify(self, signature: bytes, message: bytes) -> bool:
        """True iff it is this key's signature of `message`. A signature in another form (DER, too short) is false."""
        try:
            match self.key:
                case VerifyKey():
                    return self.key.verify(signature, message)
                case RSAPublicKey():
                    self.key.verify(signature, message, PKCS1v15(), SHA256())
                case EcKey():
                    if len(signature) != 64:  # RFC 7518 section 3.4: R || S, 32 bytes each
                        return False
                    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
                    self.key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Token:
    """A JWS in compact form, not yet verified: what its header says, its payload, and what was signed."""

    kid: str | None
    alg: str
    type: str
    payload: bytes
    signature: bytes
    signed: bytes


def read_jwks(data: bytes, place: str = "") -> tuple[Jwk, ...]:
    """The keys of a set that sign with RS256, ES256 or EdDSA; others are left out. Raises KeyFileError.

    A key that is too weak or on another curve is an error and not left out: who put it there believes in it.
    """
    if len(data) > MAX_JWKS:
        raise KeyFileError(f"{len(data)} bytes", place=place, cure=f"give a key set of at most {MAX_JWKS}")
    obj = parse(data, place, error=KeyFileError)
    keys = obj.get("keys") if isinstance(obj, dict) else None
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise KeyFileError("not a JWK set", place=place, cure=_CURE)
    found = [jwk for i, k in enumerate(keys) if (jwk := _read(k, f"{place}: keys[{i}]")) is not None]
    if not found:
        raise KeyFileError("no key in it verifies RS256, ES256 or EdDSA", place=place, cure=_CURE)
    if len({k.kid for k in found}) < len(found):
        raise KeyFileError("two keys have one kid", place=place, cure="give each key a kid of its own")
    return tuple(found)


def read_token(text: str) -> Token:
    """The parts of a token. Raises KeyFileError; verifies nothing, and repeats nothing of the token."""
    cure = "send an ID token in its compact form: three parts with dots between"
    if len(text) > MAX_TOKEN or text.count(".") != 2:
        raise KeyFileError("not a token", place="token", cure=cure)
    head, payload, signature = text.split(".")
    header = parse(_bytes(head, "token"), "token", error=KeyFileError)
    if not isinstance(header, dict) or not isinstance(header.get("alg"), str):
        raise KeyFileError("not a token: its header names no algorithm", place="token", cure=cure)
    kid, kind = header.get("kid"), header.get("typ", "JWT")
    if not isinstance(kid, str | None) or not isinstance(kind, str):
        raise KeyFileError("not a token: its header is malformed", place="token", cure=cure)
    if "crit" in header or "b64" in header:  # RFC 7515 section 4.1.11: what must be understood, and is not
        raise KeyFileError("its header asks for an extension", place="token", cure="send a plain ID token")
    content = _bytes(payload, "token")  # which refuses what is not ASCII
    return Token(kid, header["alg"], kind, content, _bytes(signature, "token"), f"{head}.{payload}".encode())


def _read(obj: Any, place: str) -> Jwk | None:
    """One key, or None for a key that is for something else."""
    if not isinstance(obj, dict):
        raise KeyFileError("not a JWK", place=place, cure=_CURE)
    if "d" in obj or obj.get("kty") == "oct":
        raise KeyFileError("a secret key", place=place, cure="give public keys only, and take that key out of use")
    if obj.get("use", "sig") != "sig" or "verify" not in obj.get("key_ops", ["verify"]):
        return None
    kid = obj.get("kid", "")
    if not isinstance(kid, str) or len(kid) > 200:
        raise KeyFileError("kid is no short text", place=place, cure=_CURE)
    key: _Key
    try:
        match (obj.get("kty"), obj.get("crv")):
            case ("RSA", _):
                alg, key = "RS256", RSAPublicNumbers(_number(obj, "e", place), _number(obj, "n", place)).public_key()
                if key.key_size < 2048 or key.public_numbers().e < 3:
                    raise KeyFileError("an RSA key under 2048 bits", place=place, cure="sign with a longer one")
            case ("EC", "P-256"):
                x, y = _number(obj, "x", place), _number(obj, "y", place)
                alg, key = "ES256", EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
            case ("OKP", "Ed25519"):
                alg, key = "EdDSA", VerifyKey("jwk", _bytes(_text(obj, "x", place), place))
            case _:
                return None
    except ValueError:  # off the curve, or an exponent that no key has
        raise KeyFileError("not a public key", place=place, cure=_CURE) from None
    return Jwk(kid, alg, key) if obj.get("alg", alg) == alg else None


def _text(obj: dict[str, Any], name: str, place: str) -> str:
    value = obj.get(name)
    if not isinstance(value, str):
        raise KeyFileError(f"{name} is missing", place=place, cure=_CURE)
    return value


def _number(obj: dict[str, Any], name: str, place: str) -> int:
    return int.from_bytes(_bytes(_text(obj, name, place), place), "big")


def _bytes(text: str, place: str) -> bytes:
    """base64url without padding, in its one canonical form (RFC 7515 section 2)."""
    if not _BASE64URL.fullmatch(text):
        raise KeyFileError("not base64url", place=place, cure="use it as it was issued")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise KeyFileError("not base64url", place=place, cure="use it as it was issued") from None
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise KeyFileError("not base64url", place=place, cure="use it as it was issued")
    return data
