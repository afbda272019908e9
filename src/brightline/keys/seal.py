"""Content sealed under an entry's own key, and entry keys wrapped under the site's key.

An entry key is 32 random bytes used once. Deleting its 32 wrapped bytes ends what it sealed, for good.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

from brightline.errors import RecordError

KEY_BYTES = 32
_ZERO_NONCE = bytes(12)  # right only because every key seals exactly one message per `slot`


def seal(key: bytes, plain: bytes, slot: int = 0) -> bytes:
    """AES-256-GCM under a key that seals each `slot` (0..255) once; 16 bytes longer than `plain`."""
    return AESGCM(_one(key)).encrypt(_nonce(slot), plain, None)


def open_sealed(key: bytes, sealed: bytes, slot: int = 0) -> bytes:
    """The plain bytes. Raises RecordError where key or bytes are not those that were sealed."""
    try:
        return AESGCM(_one(key)).decrypt(_nonce(slot), sealed, None)
    except InvalidTag:
        raise RecordError("sealed content does not open", cure="its key was erased, or the file was changed") from None


def wrap_keys(site_key: bytes, keys: bytes) -> bytes:
    """Wrap n entry keys (n * 32 bytes) to as many bytes.

    One AES-256 block permutation on uniformly random blocks shows at most that two blocks are equal, which
    random keys are not; that a key is the right one is shown by what it opens. (docs/adr: key wrapping.)
    """
    return Cipher(AES256(site_key), ECB()).encryptor().update(_whole(keys))  # noqa: S305


def unwrap_keys(site_key: bytes, wrapped: bytes) -> bytes:
    """Undo `wrap_keys`."""
    return Cipher(AES256(site_key), ECB()).decryptor().update(_whole(wrapped))  # noqa: S305


def _whole(keys: bytes) -> bytes:
    """`keys` if they are whole keys: of half a block, ECB would keep back bytes in silence."""
    if len(keys) % KEY_BYTES:
        raise RecordError(f"{len(keys)} bytes are no whole keys", place="keys", cure="restore the key file")
    return keys


def _one(key: bytes) -> bytes:
    """`key` if it has 32 bytes: AESGCM takes 16 too, and would be AES-128 where AES-256 was promised."""
    if len(key) != KEY_BYTES:
        raise RecordError(f"a key of {len(key)} bytes", place="key", cure="restore the key file")
    return key


def _nonce(slot: int) -> bytes:
    return _ZERO_NONCE[:11] + slot.to_bytes(1, "big")
