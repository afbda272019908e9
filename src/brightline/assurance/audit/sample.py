"""Which decisions are drawn: a function of the customer's checkpoint and the vendor's nonce, and of nothing else.

    seed     = SHA-256("brightline/audit/v1\n" || SHA-256(text of the checkpoint) || nonce)
    draw j   = SHA-256(seed || u64 j) as a big-endian number, modulo the number of decisions; j = 0, 1, 2 …
    sample   = the first n different draws: places among the decisions in their order

Law: the customer signed the checkpoint before it knew the nonce, the vendor the end of the chain before there was a
checkpoint. So neither chose the seed. The modulus favours no decision by more than 2^-190.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")
_TAG = b"brightline/audit/v1\n"


def seed(checkpoint_text: str, nonce: bytes) -> bytes:
    """32 bytes. `checkpoint_text`: the three lines that the log signed."""
    return sha256(_TAG + sha256(checkpoint_text.encode()).digest() + nonce).digest()


def drawn(of: bytes, population: Sequence[T], count: int) -> list[T]:
    """`count` different members of the population in its order; all of it where it has no more than that."""
    size = len(population)
    if count >= size:
        return list(population)
    places: set[int] = set()
    j = 0
    while len(places) < count:
        places.add(int.from_bytes(sha256(of + j.to_bytes(8, "big")).digest(), "big") % size)
        j += 1
    return [population[place] for place in sorted(places)]
