"""Changes of a registry, as entries of the record (DESIGN section 2): every one is seen in the next bundle.

Law: `changes_of(a, b)` is empty exactly where a and b say the same. What is the customer's own stands among the
private fields, under the entry's commitment; the digest of registered models stands in clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from brightline.canonical import digest, dump
from brightline.errors import RegistryError
from brightline.record.body import ChangeBody, ChangeSubject
from brightline.record.entry import NO_DIGEST
from brightline.record.log import Draft
from brightline.registry.items import Kind
from brightline.registry.registry import Registry

SUBJECTS: Final[Mapping[Kind, ChangeSubject]] = {
    Kind.OWNERS: ChangeSubject.ACTORS,  # who may sign is who may act; the field `kind` tells the two apart
    Kind.PURPOSES: ChangeSubject.PURPOSES,
    Kind.DATASETS: ChangeSubject.DATASETS,
    Kind.AUTHORITIES: ChangeSubject.AUTHORITIES,
    Kind.TOOLS: ChangeSubject.TOOLS,
    Kind.ACTORS: ChangeSubject.ACTORS,
    Kind.MODELS: ChangeSubject.MODELS,
    Kind.PRICES: ChangeSubject.PRICES,
}


@dataclass(frozen=True, slots=True)
class RegistryChange:
    """What changed of one kind; names sorted. `rolled_back`: names whose newer version is gone from the files.

    No owner's signature takes a newer version back: where one is gone, someone took its file away.
    """

    kind: Kind
    digest: str
    previous: str
    added: tuple[str, ...]
    altered: tuple[str, ...]
    removed: tuple[str, ...]
    rolled_back: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": str(self.kind),
            "digest": self.digest,
            "previous": self.previous,
            "added": list(self.added),
            "altered": list(self.altered),
            "removed": list(self.removed),
            "rolled_back": list(self.rolled_back),
        }

    def draft(self, terms: bytes) -> Draft:
        """The entry of the record. `terms`: the 32 bytes of the digest of the terms in force."""
        subject = SUBJECTS[self.kind]
        shown = (_raw(self.digest), _raw(self.previous)) if subject.shared else (NO_DIGEST, NO_DIGEST)
        return Draft(ChangeBody(subject, *shown), terms=terms, fields=(("registered", dump(self.to_json())),))


@dataclass(frozen=True, slots=True)
class Remembered:
    """What stood at some time: the digest of each head by kind and name, removals included, and the names that were
    registered. Enough to say later what has changed, without the files of then."""

    heads: Mapping[Kind, Mapping[str, str]]
    names: Mapping[Kind, tuple[str, ...]]

    @classmethod
    def of(cls, registry: Registry) -> Self:
        names = {k: tuple(sorted(registry.items(k))) for k in Kind}
        return cls({k: registry.of_kind(k) for k in Kind}, names)

    def to_json(self) -> dict[str, Any]:
        return {str(k): {"heads": dict(self.heads[k]), "names": list(self.names[k])} for k in Kind}

    @classmethod
    def from_json(cls, value: Any, place: str, cure: str) -> Self:
        """Raises RegistryError."""
        try:
            heads = {k: {str(n): str(d) for n, d in value[k]["heads"].items()} for k in Kind}
            return cls(heads, {k: tuple(map(str, value[k]["names"])) for k in Kind})
        except (AttributeError, KeyError, TypeError):
            raise RegistryError("not what this gateway wrote", place=place, cure=cure) from None


def changes_of(before: Registry | Remembered | None, after: Registry) -> tuple[RegistryChange, ...]:
    """One change for each kind that differs. `before` is None at the first start: then all that stands is added."""
    found = (change_of(before, after, kind) for kind in Kind)
    return tuple(c for c in found if c is not None)


def change_of(before: Registry | Remembered | None, after: Registry, kind: Kind) -> RegistryChange | None:
    """What changed of one kind; None where nothing did."""
    if isinstance(before, Registry):
        before = Remembered.of(before)
    old, new = (dict(before.heads[kind]) if before else {}), after.of_kind(kind)
    if old == new:
        return None
    was, stands = (set(before.names[kind]) if before else set()), set(after.items(kind))
    return RegistryChange(
        kind=kind,
        digest=digest(new),
        previous=digest(old),
        added=tuple(sorted(stands - was)),
        altered=tuple(sorted(n for n in stands & was if old[n] != new[n])),
        removed=tuple(sorted(was - stands)),
        rolled_back=tuple(sorted(n for n in old if old[n] not in _history(after, kind, n))),
    )


def _history(registry: Registry, kind: Kind, name: str) -> set[str]:
    if kind is Kind.OWNERS:
        return {v.digest for v in registry.roots.versions}
    # What lapsed because the customer named other owners was not taken back by anybody.
    head = registry.heads[kind].get(name) or registry.lapsed.get((kind, name))
    return {head.version.digest, *(v.digest for v in head.before)} if head else set()


def _raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("sha256:"))
