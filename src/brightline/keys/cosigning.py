"""Cosignatures of checkpoints, Ed25519 (C2SP tlog-cosignature, "cosignature/v1").

    key id      = SHA-256(name || "\\n" || 0x04 || public key)[:4]
    signature   = u64 time || Ed25519("cosignature/v1\\ntime TIME\\n" || the checkpoint's text)

A cosignature says: at TIME (Unix seconds) this was the largest checkpoint of the log that the witness had seen, and it
goes on from all those that it saw before. The text form of a witness's key is `NAME+HASH+BASE64(0x04 || public key)`;
the 0x01 form of the same key, as `brightline key new` writes it, is read too.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Self

from brightline.errors import KeyFileError
from brightline.keys.signing import SigningKey, VerifyKey

COSIGNATURE = b"\x04"
SIGNATURE_BYTES = 8 + 64
MAX_TIME = 2**63 - 1


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The public half of a witness's key."""

    key: VerifyKey

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def id(self) -> bytes:
        """Four bytes."""
        return hashlib.sha256(self.name.encode() + b"\n" + COSIGNATURE + self.key.public).digest()[:4]

    def verify(self, signature: bytes, text: bytes) -> int | None:
        """The time of this witness's cosignature of a checkpoint's text; None where it is none."""
        if len(signature) != SIGNATURE_BYTES:
            return None
        time = int.from_bytes(signature[:8], "big")
        return time if time <= MAX_TIME and self.key.verify(signature[8:], _message(time, text)) else None

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(COSIGNATURE + self.key.public).decode()}"

    @classmethod
    def parse(cls, text: str, place: str = "") -> Self:
        """Read either text form. Raises KeyFileError where form, type or key id are wrong."""
        text = text.strip()
        name, _, rest = text.partition("+")
        key_id, _, blob = rest.partition("+")
        try:
            raw = base64.b64decode(blob, validate=True)
        except ValueError:
            raw = b""
        if len(raw) != 33 or raw[:1] != COSIGNATURE:
            return cls(VerifyKey.parse(text, place))
        made = cls(VerifyKey(name, raw[1:]))
        if made.id.hex() != key_id:
            raise KeyFileError("the key id does not fit name and key", place=place, cure="copy the witness's key again")
        return made


def cosign(key: SigningKey, text: bytes, time: int) -> bytes:
    """A cosignature of a checkpoint's text at `time` (Unix seconds): 72 bytes."""
    return time.to_bytes(8, "big") + key.sign(_message(time, text))


def _message(time: int, text: bytes) -> bytes:
    return b"cosignature/v1\ntime %d\n%b" % (time, text)
