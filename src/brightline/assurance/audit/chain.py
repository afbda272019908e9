"""The vendor's nonces: a hash chain whose end both parties signed before there was anything to sample.

    end of the chain = SHA-256 applied `epochs` times to a secret of 32 bytes
    nonce of epoch i = SHA-256 applied `epochs - i` times to it, i = 1 … epochs

Law: a nonce of epoch i hashes to the signed end in exactly i steps, so the vendor has one nonce for each epoch and
cannot choose another by what the record holds; and of what was revealed nobody computes a later one.
"""

from __future__ import annotations

from hashlib import sha256

from brightline.errors import RecordError

NONCE_BYTES = 32
MAX_EPOCHS = 10_000  # as the agreement bounds it


def commitment(secret: bytes, epochs: int) -> str:
    """The end of the chain as an agreement writes it. Raises RecordError."""
    return f"sha256:{_hashed(_whole(secret), _epochs(epochs)).hex()}"


def nonce(secret: bytes, epochs: int, epoch: int) -> bytes:
    """The 32 bytes that are revealed for one epoch. Raises RecordError where the chain has no such epoch."""
    if not 1 <= epoch <= _epochs(epochs):
        cure = "sign a successor of the agreement, with a new chain"
        raise RecordError(f"the chain has epochs 1 to {epochs}, not {epoch}", place="nonce", cure=cure)
    return _hashed(_whole(secret), epochs - epoch)


def check_nonce(shown: bytes, epoch: int, signed: str, epochs: int) -> None:
    """Raises RecordError unless `shown` is the nonce of this epoch in the chain whose end both parties signed."""
    if not 1 <= epoch <= _epochs(epochs) or f"sha256:{_hashed(_whole(shown), epoch).hex()}" != signed:
        text = f"it is not the nonce of epoch {epoch} of the chain that both parties signed"
        raise RecordError(text, place="nonce", cure="open nothing: ask the vendor for the nonce of this epoch")


def _hashed(value: bytes, times: int) -> bytes:
    for _ in range(times):
        value = sha256(value).digest()
    return value


def _whole(value: bytes) -> bytes:
    if len(value) != NONCE_BYTES:
        raise RecordError(f"a nonce has {NONCE_BYTES} bytes, not {len(value)}", place="nonce", cure="give it whole")
    return value


def _epochs(epochs: int) -> int:
    if not 1 <= epochs <= MAX_EPOCHS:
        raise RecordError(f"a chain has 1 to {MAX_EPOCHS} epochs", place="nonce", cure="choose a number between")
    return epochs
