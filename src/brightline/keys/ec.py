"""ECDSA keys in PEM, for signatures that other people's tools make and read (OpenSSF model-signing).

P-256 with SHA-256, P-384 with SHA-384, P-521 with SHA-512 (FIPS 186-5, section 6): the curve settles the hash, so
nothing in a signed file can choose a weaker one. Signatures are DER (SEC 1, appendix C.8) and deterministic (RFC 6979),
so signing takes no randomness.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

from brightline.errors import KeyFileError

MAX_PEM: Final = 1 << 14
"""Bytes of a key file; one of P-521 has 400."""

_HASHES: Final = {"secp256r1": SHA256(), "secp384r1": SHA384(), "secp521r1": SHA512()}
_CURE = "make a key with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out model.pem`"
_PUBLIC = "name the public half: `openssl pkey -in model.pem -pubout -out model.pub.pem`"


@dataclass(frozen=True, slots=True)
class EcVerifyKey:
    """The public half: `pem` is its one canonical form (SubjectPublicKeyInfo)."""

    pem: bytes
    _public: ec.EllipticCurvePublicKey

    @property
    def hint(self) -> str:
        """Hex SHA-256 of `pem`, by which a Sigstore bundle says which key to take: a hint, never a proof."""
        return hashlib.sha256(self.pem).hexdigest()

    def verify(self, signature: bytes, message: bytes) -> bool:
        """True iff `signature` is this key's over `message`."""
        try:
            self._public.verify(signature, message, ec.ECDSA(_HASHES[self._public.curve.name]))
        except (InvalidSignature, ValueError):
            return False
        return True

    @staticmethod
    def parse(pem: bytes, place: str = "") -> EcVerifyKey:
        """Read a public key. Raises KeyFileError, for a secret key too: it has no business where one verifies."""
        if b"PRIVATE KEY" in pem[:MAX_PEM]:
            raise KeyFileError("a secret key where a public one is asked for", place=place, cure=_PUBLIC)
        try:
            return _on_a_curve(serialization.load_pem_public_key(_bounded(pem, place)), place)
        except (ValueError, UnsupportedAlgorithm):
            raise KeyFileError("not a public key in PEM", place=place, cure=_PUBLIC) from None


@dataclass(frozen=True, slots=True, repr=False)
class EcSigningKey:
    """The secret half. It is never printed."""

    public: EcVerifyKey
    _private: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls) -> Self:
        """A new key on P-256."""
        private = ec.generate_private_key(ec.SECP256R1())
        return cls(_on_a_curve(private.public_key(), ""), private)

    def secret_pem(self) -> bytes:
        """The secret key in PEM (PKCS #8), without passphrase."""
        form = serialization.PrivateFormat.PKCS8
        return self._private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    def sign(self, message: bytes) -> bytes:
        """A signature in DER; the same one each time."""
        algorithm = ec.ECDSA(_HASHES[self._private.curve.name], deterministic_signing=True)
        return self._private.sign(message, algorithm)

    @classmethod
    def parse(cls, pem: bytes, place: str = "") -> Self:
        """Read a secret key. Raises KeyFileError, and never repeats the secret."""
        try:
            private = serialization.load_pem_private_key(_bounded(pem, place), None)
        except TypeError:  # what the library says of a key under a passphrase
            cure = "take the passphrase off in a safe place: `openssl pkey -in model.pem -out plain.pem`"
            raise KeyFileError("a key under a passphrase", place=place, cure=cure) from None
        except (ValueError, UnsupportedAlgorithm):
            raise KeyFileError("not a secret key in PEM", place=place, cure=_CURE) from None
        public = _on_a_curve(private.public_key(), place)  # refuses other kinds of key
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise KeyFileError("not a key on P-256, P-384 or P-521", place=place, cure=_CURE)
        return cls(public, private)

    def __repr__(self) -> str:
        return f"EcSigningKey({self.public.hint[:8]}, …)"


def _on_a_curve(public: object, place: str) -> EcVerifyKey:
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name not in _HASHES:
        raise KeyFileError("not a key on P-256, P-384 or P-521", place=place, cure=_CURE)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return EcVerifyKey(public.public_bytes(serialization.Encoding.PEM, form), public)


def _bounded(pem: bytes, place: str) -> bytes:
    if len(pem) > MAX_PEM:
        raise KeyFileError(f"over {MAX_PEM >> 10} KiB, so no key", place=place, cure=_CURE)
    return pem
