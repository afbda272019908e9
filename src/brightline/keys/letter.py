"""Letters: bytes that only the holder of one signing key can read (RFC 9180, HPKE, base mode).

X25519, HKDF-SHA-256 and AES-256-GCM. Whoever has an Ed25519 key has an X25519 key too: the same point in the other
coordinates, u = (1 + y) / (1 - y) mod 2^255 - 19 (RFC 7748, section 4.1), and the scalar that RFC 8032 makes of the
seed. So a person needs one key. `subject` says what a letter is about: under another subject it does not open.
The ephemeral key's randomness is the library's own: whoever could choose it could read the letter.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from brightline.errors import KeyFileError
from brightline.keys.signing import SigningKey, VerifyKey

_P = 2**255 - 19
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
OVERHEAD = 48  # bytes that a letter is longer than its text: an ephemeral key and a tag


def write_letter(reader: VerifyKey, plain: bytes, subject: str) -> bytes:
    """`plain` sealed to `reader`. Says nothing of who wrote it. Raises KeyFileError on a key that is no point."""
    y = int.from_bytes(reader.public, "little") & (1 << 255) - 1
    try:
        u = (1 + y) * pow(1 - y, -1, _P) % _P
        return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(u.to_bytes(32, "little")), subject.encode())
    except ValueError:
        raise KeyFileError("a key to which nothing can be sealed", place=reader.name, cure="use another key") from None


def read_letter(reader: SigningKey, letter: bytes, subject: str) -> bytes:
    """The text of a letter to `reader`. Raises KeyFileError where it is to another, or was changed."""
    secret = X25519PrivateKey.from_private_bytes(hashlib.sha512(reader.seed).digest()[:32])
    try:
        return _SUITE.decrypt(letter, secret, subject.encode())
    except (InvalidTag, ValueError):
        cure = "use the key that it was sealed to, and the file as it was written"
        raise KeyFileError("the letter does not open", place=reader.name, cure=cure) from None
