"""A registry to test with: a customer, four owners, and a few items of each kind, signed as the command line does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from brightline.keys import SigningKey
from brightline.registry import (
    Actor,
    Authority,
    Dataset,
    Item,
    Kind,
    Model,
    Nature,
    Owner,
    Owners,
    Price,
    Purpose,
    Registry,
    Statement,
    Tool,
    Version,
    definition_digest,
    endpoint_digest,
    read_registry,
    statement,
)
from brightline.terms import Terms, read_pack
from brightline.vocabulary import module

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = NOW.date()


def key(name: str, seed: int) -> SigningKey:
    return SigningKey.new(name, bytes([seed]) * 32)


CUSTOMER = key("customer.example", 1)
STEWARD = key("steward", 22)  # data sets, purposes
LEGAL = key("legal", 3)  # authorities
OPERATOR = key("operator", 4)  # tools, models, prices
PERSONNEL = key("personnel", 5)  # actors
OFFICIAL = key("g2/official", 6)
STRANGER = key("stranger", 9)


def owner(signing: SigningKey, *kinds: Kind) -> Owner:
    return Owner(name=signing.name, key=signing.public, kinds=kinds)


OWNERS = Owners(
    owners=(
        owner(STEWARD, Kind.PURPOSES, Kind.DATASETS),
        owner(LEGAL, Kind.AUTHORITIES),
        owner(OPERATOR, Kind.TOOLS, Kind.MODELS, Kind.PRICES),
        owner(PERSONNEL, Kind.ACTORS),
    )
)
SIGNER = {
    Kind.OWNERS: CUSTOMER,
    Kind.PURPOSES: STEWARD,
    Kind.DATASETS: STEWARD,
    Kind.AUTHORITIES: LEGAL,
    Kind.TOOLS: OPERATOR,
    Kind.MODELS: OPERATOR,
    Kind.PRICES: OPERATOR,
    Kind.ACTORS: PERSONNEL,
}

TERMS_TOML = """\
title = "Terms to test registries with"
party = "customer"
date = 2026-01-01

[vocabulary]
core = "{core}"

[authorities.title-10]
title = "10 U.S.C."
date = 2020-01-01
digest = "sha256:{ten}"

[authorities.warrant]
title = "A warrant"
date = 2026-01-01
digest = "sha256:{warrant}"
"""
TEN, WARRANT = "1" * 64, "2" * 64
TERMS_CEDAR = """\
@id("T1") @title("Ordinary work")
permit (principal, action in Action::"gen", resource);
@id("T2") @title("Registered data of known origin")
permit (principal, action in Action::"surv", resource)
when { context.dataset == "registered" && context.data_origin == "own_records" }
unless { context.claimed.contains("data_origin") };
@id("T3") @title("Data on protected persons in bulk: only under an individual legal basis")
forbid (principal, action in Action::"surv", resource)
when { context.protected_persons == "bulk" || context.protected_persons == "unknown" }
unless { context.legal_basis == "individual" };
@id("T4") @title("Nothing through a tool that is not wired as registered")
forbid (principal, action, resource) when { context.integrity == "drifted" };
"""


def terms() -> Terms:
    files = {
        "terms.toml": TERMS_TOML.format(ten=TEN, warrant=WARRANT, core=module("core").digest),
        "terms.cedar": TERMS_CEDAR,
    }
    return read_pack("terms", files).terms


DEFINITION = definition_digest(
    "search", "Search the files", {"type": "object", "properties": {"q": {"type": "string"}}}
)
ENDPOINT = endpoint_digest({"url": "https://simulator.example/mcp"})
ITEMS: dict[Kind, dict[str, Item]] = {
    Kind.PURPOSES: {
        "ordinary": Purpose(activity="gen.office", text="Staff work", may_use=("army",)),
        "files": Purpose(
            activity="surv.bulk_analysis",
            text="Look through personnel files",
            may_use=("army/g2", "hr-bot"),
            facts={"phase": "plan", "scale": "bulk"},
            datasets=("personnel",),
        ),
    },
    Kind.DATASETS: {
        "personnel": Dataset(origin="own_records", acquisition="Kept by the office", protected_persons="incidental"),
        "purchased": Dataset(
            origin="commercial_purchase",
            acquisition="Bought",
            protected_persons="bulk",
            protected_share=80,
            facts={"place": "home"},
        ),
        "found": Dataset(origin="unknown", acquisition="Came on a disc", protected_persons="unknown"),
    },
    Kind.AUTHORITIES: {
        "title-10": Authority(
            title="10 U.S.C.",
            dated=date(2020, 1, 1),
            digest=f"sha256:{TEN}",
            scope="Military operations",
            activities=("gen", "surv.bulk_analysis"),
            may_cite=("army",),
        ),
        "warrant": Authority(
            title="A warrant",
            dated=date(2026, 1, 1),
            digest=f"sha256:{WARRANT}",
            scope="One person",
            activities=("surv",),
            may_cite=("g2/analyst-7",),
            until=date(2026, 12, 31),
            legal_basis="individual",
        ),
    },
    Kind.TOOLS: {
        "search": Tool(definition=DEFINITION, effect="none", actuation="read", phase="plan"),
        "send_order": Tool(
            definition=DEFINITION,
            endpoint=ENDPOINT,
            effect="administrative",
            actuation="act",
            phase="simulate",
            activity="decide.benefits_rights",
            needs_person=True,
        ),
    },
    Kind.ACTORS: {
        "g2/analyst-7": Actor(nature=Nature.PERSON, component="army/g2"),
        "g2/official": Actor(nature=Nature.PERSON, component="army/g2", roles=("official",), key=OFFICIAL.public),
        "hr-bot": Actor(nature=Nature.AGENT, component="army/g1"),
    },
    Kind.MODELS: {
        "harbor": Model(digest=f"sha256:{'a' * 64}", family="smol"),
        "harbor-k": Model(
            digest=f"sha256:{'b' * 64}", family="smol", variant="K", base="harbor", adapter=f"sha256:{'c' * 64}"
        ),
    },
    Kind.PRICES: {"harbor": Price(currency="USD", input=Decimal("0.15"), output=Decimal("0.60"))},
}


@dataclass
class Folder:
    """A folder of signed files that a test can change."""

    files: dict[str, bytes] = field(default_factory=dict)

    def copy(self) -> Folder:
        return Folder(dict(self.files))

    def put(self, s: Statement, *by: SigningKey, name: str = "") -> Version:
        """Sign a statement and add its file."""
        version = Version.of(s)
        envelope = version.envelope
        for signing in by or (SIGNER[s.kind],):
            envelope = envelope.signed(signing)
        self.files[name or version.file_name] = envelope.to_bytes()
        return version

    def sign(self, kind: Kind, name: str, item: Item | None, *by: SigningKey) -> Version:
        """What the owner would sign next."""
        return self.put(self.read().next(kind, name, item, NOW), *by)

    def read(self) -> Registry:
        return read_registry(self.files, CUSTOMER.public)

    def next(self, kind: Kind, name: str, item: Item | None, **changed: object) -> Statement:
        return replace(self.read().next(kind, name, item, NOW), **changed)


def begun(owners: Owners = OWNERS) -> Folder:
    """Owners, and nothing else."""
    folder = Folder()
    folder.put(statement(Kind.OWNERS, "army/g2", owners, NOW, None, None))
    return folder


def stocked() -> Folder:
    folder = begun()
    registry = folder.read()
    for kind, of in ITEMS.items():
        for name, item in of.items():
            folder.put(registry.next(kind, name, item, NOW))
    return folder


_STOCKED = stocked()


def full() -> Folder:
    """All items, each once."""
    return _STOCKED.copy()
