"""Ed25519 keys in the text forms of C2SP signed-note, which other people's tools read too.

A verifier key is `NAME+HASH+BASE64(0x01 || public key)`, a signer key `PRIVATE+KEY+NAME+HASH+BASE64(0x01 || seed)`.
HASH is the key id in hex: SHA-256(name || "\\n" || 0x01 || public key)[:4]  (C2SP signed-note, "Ed25519").
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from brightline.errors import KeyFileError

ED25519 = b"\x01"
# Points of small order: under such a "key" one signature verifies for many messages, so its holder could deny them all.
# Compared with the sign bit cleared; the last three are the non-canonical encodings of p-1, p and p+1.
_SMALL_ORDER = frozenset(
    bytes.fromhex(h)
    for h in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)
_SIGNED_NOTE = re.compile(r"[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+")
CURE = "make a key with `brightline key new NAME`"


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """The public half: `name` says whose it is and is part of the key id."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        _check_name(self.name, "public key")
        if len(self.public) != 32:
            raise KeyFileError("a public key has 32 bytes", place="public key", cure=CURE)
        if self.public[:31] + bytes([self.public[31] & 0x7F]) in _SMALL_ORDER:
            raise KeyFileError("a public key of small order binds nobody", place="public key", cure=CURE)

    @property
    def id(self) -> bytes:
        """Four bytes (C2SP signed-note)."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def verify(self, signature: bytes, message: bytes) -> bool:
        """True iff `signature` is this key's Ed25519 signature of `message`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str, place: str = "") -> Self:
        """Read the text form. Raises KeyFileError where form, type or key id are wrong."""
        name, key_id, raw = _split(text.strip(), place)
        try:
            key = cls(name, raw)
        except KeyFileError as e:
            raise KeyFileError(e.text, place=place, cure=e.cure) from None
        if key.id.hex() != key_id:
            raise KeyFileError("the key id does not fit name and key", place=place, cure=CURE)
        return key


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """The secret half: 32 bytes of seed. Never printed except by `secret_text`."""

    name: str
    seed: bytes
    _private: Ed25519PrivateKey = field(init=False, compare=False)  # to make it costs as much as to sign

    def __post_init__(self) -> None:
        object.__setattr__(self, "_private", Ed25519PrivateKey.from_private_bytes(self.seed))

    @classmethod
    def new(cls, name: str, randomness: bytes) -> Self:
        """A key from 32 bytes of randomness, which the caller takes from the operating system."""
        _check_name(name, "signing key")
        if len(randomness) != 32:
            raise KeyFileError("a key needs 32 random bytes", place="signing key", cure=CURE)
        return cls(name, randomness)

    @property
    def public(self) -> VerifyKey:
        return VerifyKey(self.name, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """64 bytes (RFC 8032)."""
        return self._private.sign(message)

    def secret_text(self) -> str:
        raw = base64.b64encode(ED25519 + self.seed).decode()
        return f"PRIVATE+KEY+{self.name}+{self.public.id.hex()}+{raw}"

    @classmethod
    def parse(cls, text: str, place: str = "") -> Self:
        """Read the text form. Raises KeyFileError, and never repeats the secret."""
        head = "PRIVATE+KEY+"
        if not text.startswith(head) and _SIGNED_NOTE.fullmatch(text.strip()):
            cure = "name the .key file that was made with it; a .pub file is what the other side is given"
            raise KeyFileError("a public key where the secret one is asked for", place=place, cure=cure)
        if not text.startswith(head):
            raise KeyFileError("not a signing key", place=place, cure=CURE)
        name, key_id, raw = _split(text.strip()[len(head) :], place)
        key = cls(name, raw)
        if key.public.id.hex() != key_id:
            raise KeyFileError("the key id does not fit name and key", place=place, cure=CURE)
        return key

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r}, …)"


def _split(text: str, place: str) -> tuple[str, str, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise KeyFileError("not a key in signed-note form", place=place, cure=CURE)
    try:
        raw = base64.b64decode(parts[2], validate=True)
    except ValueError:  # binascii.Error, and what is not ASCII
        raise KeyFileError("the key is not base64", place=place, cure=CURE) from None
    if len(raw) != 33 or raw[:1] != ED25519:
        raise KeyFileError("not an Ed25519 key", place=place, cure=CURE)
    _check_name(parts[0], place)
    return parts[0], parts[1], raw[1:]


def _check_name(name: str, place: str) -> None:
    # signed-note: non-empty, no Unicode spaces and no plus; controls would let a name forge lines.
    if not name or len(name) > 200 or any(c.isspace() or c == "+" or unicodedata.category(c)[0] == "C" for c in name):
        cure = "use letters, digits, dots, slashes; no spaces, no '+'"
        raise KeyFileError(f"{name[:40]!r} cannot name a key", place=place, cure=cure)
