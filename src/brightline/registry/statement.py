"""A statement: what an owner signed about one item, as canonical JSON in a DSSE envelope.

Law: a statement names the statement before it about the same item (`supersedes`) and the list of owners that its
signer stood on (`owners`), so that history is a chain, nothing from another registry fits in, and a removal is
signed like anything else (`item` is null).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Never, Self

from brightline.agreement.payload import exact, sha256
from brightline.agreement.reading import (
    Record,
    constant,
    digest,
    fail,
    integer,
    moment,
    one_of,
    optional,
    plain,
    short,
    text,
)
from brightline.canonical import dump
from brightline.errors import AgreementError, RegistryError
from brightline.keys import Envelope
from brightline.registry.items import ITEMS, NAMES, Item, Kind

REGISTRY_TYPE: Final = "application/vnd.brightline.registry+json"
MAX_STATEMENT: Final = 1 << 18
"""Bytes of one signed statement."""
MAX_VERSION: Final = 1_000_000


def _object(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        fail(place, f"expected an object, found {short(value)}", "write the members in braces")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Record):
    """What the owner signs. `time` is what the signer says, and orders nothing: the chain does."""

    kind: Annotated[Kind, one_of(Kind)]
    name: Annotated[str, text(200)]
    version: Annotated[int, integer(1, MAX_VERSION)]
    supersedes: Annotated[str | None, optional(digest)]
    owners: Annotated[str | None, optional(digest)]
    time: Annotated[datetime, moment]
    item: Annotated[Mapping[str, Any] | None, optional(_object)]
    type: Annotated[str, constant("brightline/registry/v1")] = "brightline/registry/v1"

    def faults(self) -> Iterable[tuple[str, str, str]]:
        if (self.supersedes is None) != (self.version == 1):
            yield "supersedes", "the first version, and no other, follows none", "name the digest of the version before"
        if (self.owners is None) != (self.kind is Kind.OWNERS):
            yield "owners", "all but the owners themselves stand on a list of owners", "name its digest"
        if self.kind is Kind.OWNERS and self.item is None:
            yield "item", "the owners cannot be removed", "sign a list of none"
        if self.version == 1 and self.item is None:
            yield "item", "nothing is there to remove", "sign an item first"


@dataclass(frozen=True, slots=True)
class Version:
    """A statement read from its file: verified by nobody yet. `item` is None where it removes."""

    statement: Statement
    item: Item | None
    digest: str
    envelope: Envelope
    place: str

    @property
    def key(self) -> tuple[Kind, str]:
        return self.statement.kind, self.statement.name

    @property
    def file_name(self) -> str:
        """`datasets/3f…e1.json`: from the digest, so that no item's name can name a file."""
        return f"{self.statement.kind}/{self.digest.removeprefix('sha256:')}.json"

    @classmethod
    def of(cls, statement: Statement, place: str = "") -> Self:
        """The version that a statement makes, not yet signed. Raises RegistryError where it could not be read back."""
        return cls.read(Envelope(REGISTRY_TYPE, dump(plain(statement))), place)

    @classmethod
    def from_bytes(cls, data: bytes, place: str = "") -> Self:
        """Read a file. Raises RegistryError naming `place` and the field; verifies nothing."""
        if len(data) > 2 * MAX_STATEMENT:
            _bad(place, f"{len(data)} bytes", f"a statement has at most {MAX_STATEMENT}")
        return cls.read(Envelope.from_bytes(data, place, error=RegistryError), place)

    @classmethod
    def read(cls, envelope: Envelope, place: str = "") -> Self:
        """As `from_bytes`, of an envelope."""
        if envelope.payload_type != REGISTRY_TYPE:
            _bad(place, f"an envelope of type {envelope.payload_type[:80]!r} is no statement", f"use {REGISTRY_TYPE}")
        if len(envelope.payload) > MAX_STATEMENT:
            _bad(place, f"{len(envelope.payload)} bytes", f"a statement has at most {MAX_STATEMENT}")
        within = f"{place}: " if place else ""
        try:
            statement = Statement.read(exact(envelope.payload, place), within)
            NAMES[statement.kind](statement.name, f"{within}name")
            item = None if statement.item is None else ITEMS[statement.kind].read(statement.item, f"{within}item")
        except AgreementError as e:  # of the readers that it shares with agreements
            raise RegistryError(e.text, place=e.place, cure=e.cure) from None
        # mypy cannot see that ITEMS holds the classes of Item and no other
        return cls(statement, item, sha256(envelope.payload), envelope, place)  # type: ignore[arg-type]


def _bad(place: str, what: str, cure: str) -> Never:
    raise RegistryError(what, place=place, cure=cure)
