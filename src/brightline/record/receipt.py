"""Receipts: the gateway's word to a guard before the engine that one body was decided and recorded (grade C2).

One line of ASCII, as a header carries it:

    v1 ORIGIN INDEX EXPIRES SHA256 SIGNATURE

INDEX is the decision's entry, EXPIRES Unix seconds, SHA256 the hex digest of method, path and body as forwarded,
SIGNATURE base64 of the log key's Ed25519 signature over DSSE's encoding of the first five words, so that no checkpoint
and no agreement can be taken for one. A guard needs the log's public key and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Final, NamedTuple

from brightline.errors import RecordError
from brightline.keys import SigningKey, VerifyKey
from brightline.keys.dsse import pae

HEADER: Final = b"brightline-receipt"
RECEIPT_TYPE: Final = "application/vnd.brightline.receipt"
RECEIPT_SECONDS: Final = 30
"""How long a receipt is good: the time from the gateway to the guard, and the difference of their clocks."""
_FORM = re.compile(
    rb"v1 ([\x21-\x7e]{1,200}) (0|[1-9][0-9]{0,15}) ([1-9][0-9]{0,11}) ([0-9a-f]{64}) ([A-Za-z0-9+/]{86}==)"
)
_CURE = "let the call come through the gateway, which attaches one"


class Receipt(NamedTuple):
    """What a receipt says: entry `index` of the log `origin` permits this body, until `expires`."""

    origin: str
    index: int  # type: ignore[assignment]  # hides tuple.index, which no receipt needs
    expires: int
    digest: bytes


def digest_of(method: bytes, path: bytes, body: bytes) -> bytes:
    """What a receipt is bound to: the body, and where it goes. None of the three can be shifted into the next."""
    head = b"%d %b %d %b " % (len(method), method, len(path), path)
    return hashlib.sha256(head + body).digest()


def issue(key: SigningKey, index: int, digest: bytes, now: float) -> bytes:
    """A receipt for the call that entry `index` decided, good from `now` for RECEIPT_SECONDS."""
    said = _said(Receipt(key.name, index, int(now) + RECEIPT_SECONDS, digest))
    return b"%b %b" % (said, base64.b64encode(key.sign(pae(RECEIPT_TYPE, said))))


def check(text: bytes, key: VerifyKey, digest: bytes, now: float) -> Receipt:
    """What a good receipt says. Raises RecordError where it is malformed, another log's, not signed by `key`, for
    another body, or not of now. That it is used once is the guard's to see."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise _no("it is no receipt")
    receipt = Receipt(found[1].decode(), int(found[2]), int(found[3]), bytes.fromhex(found[4].decode()))
    try:
        signature = base64.b64decode(found[5], validate=True)
    except binascii.Error:
        raise _no("it is no receipt") from None
    if receipt.origin != key.name or not key.verify(signature, pae(RECEIPT_TYPE, _said(receipt))):
        raise _no("the log did not sign it")
    if receipt.digest != digest:
        raise _no("it is for another body")
    if receipt.expires < now:
        raise _no("its time is over")
    if receipt.expires > now + 2 * RECEIPT_SECONDS:
        raise _no("it is of a time to come: set the clocks of gateway and guard")
    return receipt


def _said(receipt: Receipt) -> bytes:
    origin, index, expires, digest = receipt
    return b"v1 %b %d %d %b" % (origin.encode(), index, expires, digest.hex().encode())


def _no(text: str) -> RecordError:
    return RecordError(text, place="receipt", cure=_CURE)
