"""A site whose purposes, data, authorities, tools and actors stand in a signed registry; its settings hold API keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from brightline.agreement import Terms
from brightline.keys import SigningKey
from brightline.registry import Actor, Authority, Dataset, Item, Kind, Nature, Purpose, Registry, Version, read_registry
from brightline.registry import statement as first
from brightline.storage.registries import read_folder, write_folder
from brightline.terms import Pack, read_pack
from brightline.vocabulary import module
from tests.agreement.founding import CUSTOMER
from tests.gateway.calling import CLAUSES
from tests.gateway.stage import PURPOSES
from tests.live.stage import Site, agreed, make_site
from tests.registry.made import LEGAL, NOW, OWNERS, PERSONNEL, SIGNER, WARRANT

ACTOR = "g2/analyst-7"
ABOUT = f"""\
title = "The terms of these tests"

[components]
"army/g2" = "intelligence staff"

[authorities.warrant]
title = "A warrant"
date = 2026-01-01
digest = "sha256:{WARRANT}"

[vocabulary]
"""
MORE = """
@id("T8") @title("Queries need a warrant") @text("Nobody is queried without a warrant.") @source("test")
forbid (principal, action == Action::"surv.query_us_person", resource)
unless { context.authorities.contains("warrant") };
@id("T9") @title("Who asks is known") @text("Profiles of people are for people who say who they are.") @source("test")
forbid (principal, action == Action::"surv.person_track", resource) when { context.end_user == "unidentified" };
"""
ITEMS: dict[Kind, dict[str, Item]] = {
    Kind.PURPOSES: {
        **{n: Purpose(activity=a, text=f"Meant to be {n}", may_use=("army",)) for n, (a, _) in PURPOSES.items()},
        "case": Purpose(activity="surv.query_us_person", text="A case", may_use=(ACTOR,)),
        "files": Purpose(activity="surv.bulk_analysis", text="Files", may_use=("army",), datasets=("personnel",)),
        "track": Purpose(activity="surv.person_track", text="Follow somebody", may_use=("army",)),
        "theirs": Purpose(activity="gen.office", text="Of another service", may_use=("navy",)),
    },
    Kind.DATASETS: {
        "personnel": Dataset(origin="own_records", acquisition="Kept here", protected_persons="incidental"),
        "bought": Dataset(origin="commercial_purchase", acquisition="Bought", protected_persons="bulk"),
    },
    Kind.AUTHORITIES: {
        "warrant": Authority(
            title="A warrant",
            dated=date(2026, 1, 1),
            digest=f"sha256:{WARRANT}",
            scope="One case",
            activities=("surv",),
            may_cite=(ACTOR,),
        ),
    },
    Kind.ACTORS: {ACTOR: Actor(nature=Nature.PERSON, component="army/g2")},
}


@cache
def signed_pack() -> Pack:
    about = ABOUT + "".join(f'{name} = "{module(name).digest}"\n' for name in ("core", "defence"))
    return read_pack("signed", {"terms.toml": about, "terms.cedar": CLAUSES + MORE})


@dataclass(frozen=True)
class SignedSite(Site):
    """A site with a registry. `sign`, `put` and `take` change its files, as owners and others would."""

    @property
    def registry(self) -> Path:
        return self.folder / "registry"

    def read(self) -> Registry:
        return read_registry(read_folder(self.registry), CUSTOMER.public)

    def sign(self, kind: Kind, name: str, item: Item | None, *by: SigningKey) -> Path:
        """What the owner (or somebody else) signs next; returns the file."""
        return self.put(Version.of(self.read().next(kind, name, item, NOW)), *(by or (SIGNER[kind],)))

    def put(self, version: Version, *by: SigningKey) -> Path:
        envelope = version.envelope
        for key in by:
            envelope = envelope.signed(key)
        (path,) = write_folder(self.registry, [Version.read(envelope)])
        return path


def signed_site(
    folder: Path,
    upstream: str,
    items: Mapping[Kind, Mapping[str, Item]] | None = None,
    pack: Pack | None = None,
    only: bool = False,
    **more: Any,
) -> SignedSite:
    """As `make_site`, with a registry of `ITEMS` and `items` (`only` these) in place of the settings' own tables."""
    words = pack or signed_pack()
    paper = agreed(
        terms=Terms(digest=words.terms.digest, files=dict(words.files)),
        vocabulary={m.name: m.digest for m in words.terms.scope.vocabulary.modules},
        **more.pop("changes", {}),
    )
    site = SignedSite(make_site(folder, upstream, paper=paper, **more).folder)
    settings = folder / "brightline.toml"
    text = re.sub(r"(?m)^\[purposes\.\w+\]\nactivity = .*\n", "", settings.read_text())
    text = re.sub(r"(?m)^component = .*\n|^purposes = .*\n", "", text)
    text = text.replace("[parties]", 'registry = "registry"\n\n[parties]')
    settings.write_text(text)
    site.put(Version.of(first(Kind.OWNERS, "army/g2", OWNERS, NOW, None, None)), CUSTOMER)
    registry = site.read()
    for kind in Kind:
        for name, item in {**({} if only else ITEMS.get(kind, {})), **(items or {}).get(kind, {})}.items():
            site.put(Version.of(registry.next(kind, name, item, NOW)), SIGNER[kind])
    return site


__all__ = ["ACTOR", "ITEMS", "LEGAL", "PERSONNEL", "SignedSite", "signed_pack", "signed_site"]
