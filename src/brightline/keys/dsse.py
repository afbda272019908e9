"""DSSE envelopes (secure-systems-lab/dsse v1): one payload, its type, and signatures over both."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Self

from brightline.canonical import dump, parse
from brightline.errors import InputError
from brightline.keys.signing import SigningKey, VerifyKey


def pae(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding (DSSE protocol.md): what a signature covers."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True, slots=True)
class Signature:
    """`keyid` is the signer's verifier key in text form: a hint, never a proof."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...] = ()

    def signed(self, key: SigningKey) -> Self:
        """The same payload with one signature more."""
        signature = Signature(str(key.public), key.sign(pae(self.payload_type, self.payload)))
        return type(self)(self.payload_type, self.payload, (*self.signatures, signature))

    def signed_by(self, key: VerifyKey) -> bool:
        """True iff one of the signatures is `key`'s over this payload and type."""
        message = pae(self.payload_type, self.payload)
        return any(key.verify(s.sig, message) for s in self.signatures)

    def to_bytes(self) -> bytes:
        sigs = [{"keyid": s.keyid, "sig": base64.b64encode(s.sig).decode()} for s in self.signatures]
        return dump(
            {
                "payloadType": self.payload_type,
                "payload": base64.b64encode(self.payload).decode(),
                "signatures": sigs,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes, place: str = "", *, error: type[InputError] = InputError) -> Self:
        """Read an envelope's JSON. Raises `error` naming the field; verifies nothing."""
        obj = parse(data, place, error=error)
        cure = "use the file as it was sent"
        if not isinstance(obj, dict) or set(obj) != {"payloadType", "payload", "signatures"}:
            raise error("not a DSSE envelope", place=place, cure=cure)
        kind, sigs = obj["payloadType"], obj["signatures"]
        if not isinstance(kind, str) or not isinstance(sigs, list) or len(sigs) > 64:
            raise error("not a DSSE envelope", place=place, cure=cure)
        try:
            payload = base64.b64decode(obj["payload"], validate=True)
            return cls(kind, payload, tuple(_signature(s) for s in sigs))
        except (binascii.Error, KeyError, TypeError, ValueError):
            raise error("the envelope's payload or signatures are malformed", place=place, cure=cure) from None


def _signature(obj: Any) -> Signature:
    if not isinstance(obj["keyid"], str):
        raise TypeError("keyid")
    return Signature(obj["keyid"], base64.b64decode(obj["sig"], validate=True))
