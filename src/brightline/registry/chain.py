"""Which version of an item stands: the one head of a chain of signed versions.

Law: a version counts if it follows, number by number, from a first one, each signed by an owner of its kind in the
list of owners that it names; no version stands on an older list than the one before it; and none takes an item from
an owner who was still on that list. The head is the one counted version of a present owner that no other follows.
Two heads are none: what is signed twice over is in dispute, and attests nothing until one of the files is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from brightline.keys import VerifyKey
from brightline.registry.items import Kind, Owner, Owners
from brightline.registry.statement import Version


@dataclass(frozen=True, slots=True)
class Refused:
    """What does not stand, and why. `name` is empty where a file could not even be read."""

    place: str
    kind: Kind | None
    name: str
    text: str
    cure: str

    def __str__(self) -> str:
        what = f"{self.kind} {self.name}: " if self.kind is not None else ""
        return f"{self.place}: {what}{self.text} — {self.cure}"


@dataclass(frozen=True, slots=True)
class Roots:
    """The verified lists of owners, oldest first; the last is the present one."""

    versions: tuple[Version, ...]

    @property
    def name(self) -> str:
        """The registry's."""
        return self.versions[-1].statement.name

    @property
    def digest(self) -> str:
        return self.versions[-1].digest

    @property
    def owners(self) -> tuple[Owner, ...]:
        return _owners(self.versions[-1])

    def place(self, digest: str | None) -> int | None:
        """Which list has this digest; None for a list of another registry, or a forged one."""
        return next((i for i, v in enumerate(self.versions) if v.digest == digest), None)

    def at(self, place: int) -> tuple[Owner, ...]:
        return _owners(self.versions[place])

    def present(self, owner: Owner, kind: Kind) -> bool:
        """Whether this very key may sign this kind now."""
        return any(o.key.public == owner.key.public and kind in o.kinds for o in self.owners)


def _owners(version: Version) -> tuple[Owner, ...]:
    assert isinstance(version.item, Owners)  # noqa: S101 - a statement's reader saw to it
    return version.item.owners


def read_roots(found: Iterable[Version], customer: VerifyKey) -> tuple[Roots | None, list[Refused]]:
    """The lists of owners that the customer's key signed, as one chain; None where there is none, or more than one."""
    refused, signed = [], []
    for v in found:
        if any(o.key.public == customer.public for o in _owners(v)):
            cure = "give the owner a key of their own: the customer's signs the owners and nothing else"
            refused.append(refuse(v, "an owner has the customer's key", cure))
        elif v.envelope.signed_by(customer):
            signed.append(v)
        else:
            refused.append(refuse(v, "not signed by the customer", "have the customer sign the owners anew"))
    linked, more = _linked(signed)
    heads = _unfollowed(linked, linked)
    if len({v.statement.name for v in heads}) > 1 or len(heads) > 1:
        refused += [refuse(v, "two lists of owners at once", "remove the file that is wrong") for v in heads]
        return None, refused + more
    return (Roots(tuple(_line(heads[0], linked))) if heads else None), refused + more


@dataclass(frozen=True, slots=True)
class Head:
    """The last version, its owner, and every version before it, oldest first.

    `lapsed`: its owner may no longer sign, so that it stands no more, but may be signed anew by whoever may.
    """

    version: Version
    owner: Owner
    before: tuple[Version, ...] = ()
    lapsed: bool = False


def read_head(found: Sequence[Version], roots: Roots) -> tuple[Head | None, list[Refused]]:
    """The head of one item's versions; None where there is none, or more than one."""
    # 1. signatures, each against the list of owners that the version names
    refused: list[Refused] = []
    signers: dict[str, Owner] = {}
    signed = []
    for v in found:
        owner = _signer(v, roots)
        if isinstance(owner, Refused):
            refused.append(owner)
        else:
            signers[v.digest] = owner
            signed.append(v)
    # 2. links to the first version, and no item taken from its owner
    linked, more = _linked(signed)
    refused += more
    kept: dict[str, Version] = {}
    for v in sorted(linked.values(), key=lambda v: v.statement.version):
        before = kept.get(v.statement.supersedes or "")
        if v.statement.version > 1 and before is None:
            refused.append(refuse(v, "it follows a version that does not stand", "sign it anew on what stands"))
        elif before is not None and (why := _taken(v, before, signers, roots)):
            refused.append(refuse(v, why, "have its owner sign, or the customer name another owner"))
        else:
            kept[v.digest] = v
    # 3. the one head that a present owner stands behind
    kind = found[0].statement.kind
    present = {d: v for d, v in kept.items() if roots.present(signers[d], kind)}
    heads = _unfollowed(present, kept)
    for v in _unfollowed(kept, kept):
        if v.digest not in present:
            cure = "have an owner of today sign it anew"
            refused.append(refuse(v, "its owner may no longer sign this kind", cure))
    if len(heads) > 1:
        cure = f"remove the wrong one of {', '.join(sorted(h.place for h in heads))}"
        return None, refused + [refuse(v, "two versions at once", cure) for v in heads]
    lapsed = not heads
    heads = heads or _unfollowed(kept, kept)
    if len(heads) != 1:
        return None, refused
    line = _line(heads[0], kept)
    return Head(heads[0], signers[heads[0].digest], tuple(line[:-1]), lapsed), refused


def refuse(version: Version, text: str, cure: str) -> Refused:
    return Refused(version.place, version.statement.kind, version.statement.name, text, cure)


def _signer(version: Version, roots: Roots) -> Owner | Refused:
    s = version.statement
    place = roots.place(s.owners)
    if place is None:
        return refuse(version, "it stands on no list of owners of this registry", "sign it anew in this registry")
    by = [o for o in roots.at(place) if version.envelope.signed_by(o.key)]
    if not by:
        return refuse(version, "signed by no owner", "have an owner whom the customer named sign it")
    owner = next((o for o in by if s.kind in o.kinds), None)
    if owner is None:
        return refuse(version, f"{by[0].name} may not sign {s.kind}", f"have an owner of {s.kind} sign it")
    return owner


def _taken(version: Version, before: Version, signers: Mapping[str, Owner], roots: Roots) -> str:
    """What is wrong with `version` as the one after `before`; empty where nothing is."""
    now, then = roots.place(version.statement.owners), roots.place(before.statement.owners)
    assert now is not None and then is not None  # noqa: S101, PT018 - both have signers
    if now < then:
        return "it stands on an older list of owners than the version before it"
    mine, theirs = signers[version.digest], signers[before.digest]
    kind = version.statement.kind
    if mine.name != theirs.name and any(o.name == theirs.name and kind in o.kinds for o in roots.at(now)):
        return f"it is {theirs.name}'s, and {mine.name} signed"
    return ""


def _linked(found: Sequence[Version]) -> tuple[dict[str, Version], list[Refused]]:
    """Versions by digest that follow, number by number, from a first one of the same name; and the others."""
    by_digest = {v.digest: v for v in found}
    linked: dict[str, Version] = {}
    for v in sorted(by_digest.values(), key=lambda v: v.statement.version):
        s = v.statement
        before = linked.get(s.supersedes or "")
        if s.version == 1 or (before is not None and before.statement.version + 1 == s.version and before.key == v.key):
            linked[v.digest] = v
    cure = "bring the whole history along: export it with `brightline registry export`"
    text = "the version before it is missing"
    return linked, [refuse(v, text, cure) for d, v in by_digest.items() if d not in linked]


def _unfollowed(some: Mapping[str, Version], every: Mapping[str, Version]) -> list[Version]:
    """Those of `some` that none of `some` follows, at whatever distance within `every`."""
    followed: set[str] = set()
    for v in some.values():
        before = every.get(v.statement.supersedes or "")
        while before is not None and before.digest not in followed:
            followed.add(before.digest)
            before = every.get(before.statement.supersedes or "")
    return sorted((v for d, v in some.items() if d not in followed), key=lambda v: v.digest)


def _line(head: Version, every: Mapping[str, Version]) -> list[Version]:
    line = [head]
    while line[-1].statement.supersedes is not None:
        line.append(every[line[-1].statement.supersedes])
    return line[::-1]
