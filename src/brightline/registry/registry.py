"""A registry read from its files: what stands, and what was refused and why.

Law: a forged, torn or foreign file changes nothing but the list of refusals; only what an owner signed twice over, or
what cannot be told from something else by eye, takes an item away. With no list of owners nothing stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from brightline.agreement.reading import Record, plain
from brightline.canonical import digest
from brightline.errors import RegistryError
from brightline.keys import VerifyKey
from brightline.registry.alike import skeleton
from brightline.registry.chain import Head, Refused, Roots, read_head, read_roots
from brightline.registry.items import Actor, Item, Kind
from brightline.registry.statement import Statement, Version

MAX_STATEMENTS: Final = 100_000
"""Files of one registry, history included."""


@dataclass(frozen=True, slots=True)
class Registry:
    """`heads`: what stands, by kind and name, removals included; `items` leaves those out. `lapsed`: to sign anew."""

    roots: Roots
    heads: Mapping[Kind, Mapping[str, Head]]
    lapsed: Mapping[tuple[Kind, str], Head]
    refused: tuple[Refused, ...]

    @property
    def name(self) -> str:
        return self.roots.name

    @property
    def digest(self) -> str:
        """Of all that stands: two registries with one digest say the same."""
        return digest({"owners": self.roots.digest} | {str(k): self.of_kind(k) for k in self.heads})

    def of_kind(self, kind: Kind) -> dict[str, str]:
        """Digest of the head of each item of a kind, removals included."""
        if kind is Kind.OWNERS:
            return {self.name: self.roots.digest}
        return {name: h.version.digest for name, h in self.heads[kind].items()}

    def items(self, kind: Kind) -> dict[str, Item]:
        """What is registered, by name."""
        if kind is Kind.OWNERS:
            root = self.roots.versions[-1].item
            return {self.name: root} if root is not None else {}
        return {n: h.version.item for n, h in self.heads[kind].items() if h.version.item is not None}

    def item(self, kind: Kind, name: str) -> Item | None:
        """One item, by its exact name."""
        head = self.heads[kind].get(name)
        return head.version.item if head is not None else None

    def why_not(self, kind: Kind, name: str) -> str:
        """Why an item does not stand, in one sentence."""
        head = self.heads[kind].get(name)
        if head is not None:
            return "it was removed"
        found = next((r for r in self.refused if (r.kind, r.name) == (kind, name)), None)
        return found.text if found is not None else "it is not registered"

    def next(self, kind: Kind, name: str, item: Item | None, time: datetime) -> Statement:
        """The statement to sign so that `item` stands; None removes. Raises RegistryError where nothing can follow."""
        if kind is Kind.OWNERS:
            before: Version | None = self.roots.versions[-1]
            name = self.name
        else:
            head = self.heads[kind].get(name) or self.lapsed.get((kind, name))
            before = head.version if head is not None else None
            if before is None and (why := self.why_not(kind, name)) != "it is not registered":
                raise RegistryError(why, place=f"{kind} {name}", cure="mend that first: `brightline registry check`")
            if item is None and (before is None or before.item is None):
                raise RegistryError("it is not registered", place=f"{kind} {name}", cure="there is nothing to remove")
        owners = None if kind is Kind.OWNERS else self.roots.digest
        return statement(kind, name, item, time, owners, before)


def statement(
    kind: Kind, name: str, item: Item | None, time: datetime, owners: str | None, before: Version | None
) -> Statement:
    """The statement after `before`; the first of its item where that is None."""
    return Statement(
        kind=kind,
        name=name,
        version=before.statement.version + 1 if before is not None else 1,
        supersedes=before.digest if before is not None else None,
        owners=owners,
        time=time.replace(microsecond=0),
        item=plain(item) if isinstance(item, Record) else None,
    )


def read_registry(files: Mapping[str, bytes], customer: VerifyKey) -> Registry:
    """The registry in a set of files: place → bytes. Raises RegistryError where no one list of owners stands."""
    if len(files) > MAX_STATEMENTS:
        raise RegistryError(f"{len(files)} files", place="registry", cure=f"keep at most {MAX_STATEMENTS}")
    # 1. read every file; what cannot be read changes nothing
    refused: list[Refused] = []
    versions: dict[tuple[Kind, str], list[Version]] = defaultdict(list)
    for place in sorted(files):
        try:
            version = Version.from_bytes(files[place], place)
        except RegistryError as e:
            refused.append(Refused(e.place or place, None, "", e.text, e.cure))
        else:
            versions[version.key].append(version)
    # 2. the owners, whom the customer names
    roots, more = read_roots([v for k, vs in versions.items() if k[0] is Kind.OWNERS for v in vs], customer)
    refused += more
    if roots is None:
        first = next((r for r in refused if r.kind is Kind.OWNERS), None)
        text = first.text if first else "no list of owners"
        cure = first.cure if first else "sign one with the customer's key: `brightline registry sign`"
        raise RegistryError(text, place=first.place if first else "registry", cure=cure)
    # 3. one head for each item
    heads: dict[Kind, dict[str, Head]] = {k: {} for k in Kind if k is not Kind.OWNERS}
    lapsed: dict[tuple[Kind, str], Head] = {}
    for (kind, name), found in sorted(versions.items()):
        if kind is not Kind.OWNERS:
            head, more = read_head(found, roots)
            refused += more
            if head is not None and head.lapsed:
                lapsed[kind, name] = head
            elif head is not None:
                heads[kind][name] = head
    # 4. what no person could tell apart, and keys that would put two duties in one hand
    for of in heads.values():
        refused += _drop(of, _alike(of))
    refused += _drop(heads[Kind.ACTORS], _two_duties(heads[Kind.ACTORS], roots))
    return Registry(roots, heads, lapsed, tuple(refused))


def _drop(heads: dict[str, Head], faults: Iterable[tuple[str, str, str]]) -> list[Refused]:
    refused = []
    for name, text, cure in list(faults):
        head = heads.pop(name, None)
        if head is not None:
            refused.append(Refused(head.version.place, head.version.statement.kind, name, text, cure))
    return refused


def _alike(heads: Mapping[str, Head]) -> Iterable[tuple[str, str, str]]:
    by_look: dict[str, list[str]] = defaultdict(list)
    for name, head in heads.items():
        if head.version.item is not None:
            by_look[skeleton(name)].append(name)
    for names in by_look.values():
        for name in names if len(names) > 1 else ():
            others = ", ".join(n for n in names if n != name)
            yield name, f"it looks like {others}", "remove one of them, and give it another name"


def _two_duties(actors: Mapping[str, Head], roots: Roots) -> Iterable[tuple[str, str, str]]:
    """Approvers whose key is another's too: one person would count as two, or the operator as the approver."""
    of_owners = {o.key.public: o.name for o in roots.owners if Kind.AUTHORITIES not in o.kinds}
    holders: dict[bytes, list[str]] = defaultdict(list)
    for name, head in actors.items():
        if isinstance(head.version.item, Actor) and head.version.item.key is not None:
            holders[head.version.item.key.public].append(name)
    for public, names in holders.items():
        for name in names:
            if len(names) > 1:
                yield (
                    name,
                    f"it has the key of {', '.join(n for n in names if n != name)}",
                    "give each a key of its own",
                )
            elif public in of_owners:
                yield name, f"its key is that of the owner {of_owners[public]}", "approve with a key of one's own"
