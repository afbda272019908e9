"""The key under which a meter knows persons, and never by their names.

    key of an agreement = BLAKE2b-256(agreement's digest, key = the customer's meter secret, "brightline/meter")
    a person            = BLAKE2b-128(identifier, key = that)                                      (RFC 7693)

Law: whoever lacks the secret can neither test a guess nor tell whether two agreements count the same person. The secret
is the customer's: sites that count together share it, the vendor never has it, and neither it nor a person's hash is in
anything that leaves the customer. Of 128 bits, two persons share a hash once in 2**64 persons.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

from brightline.errors import KeyFileError

SECRET_BYTES = 32
HASH_BYTES = 16
ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class MeterKey:
    """The customer's `secret`, bound to one agreement by its digest (`sha256:…`). Raises KeyFileError."""

    secret: bytes = field(repr=False)
    agreement: str
    id: bytes = field(init=False)
    """Which key it is, to compare sites: says nothing about the key."""
    _hasher: blake2b = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.secret) != SECRET_BYTES:
            cure = f"make it of {SECRET_BYTES} random bytes"
            raise KeyFileError(f"a meter's secret has {SECRET_BYTES} bytes", place="meter key", cure=cure)
        key = blake2b(self.agreement.encode(), key=self.secret, digest_size=32, person=b"brightline/meter").digest()
        object.__setattr__(self, "_hasher", blake2b(key=key, digest_size=HASH_BYTES))
        object.__setattr__(self, "id", blake2b(key=key, digest_size=ID_BYTES, person=b"brightline/mtrid").digest())

    def hash(self, person: str) -> bytes:
        """16 bytes that stand for an identifier."""
        hasher = self._hasher.copy()
        hasher.update(person.encode("utf-8", "surrogatepass"))
        return hasher.digest()
