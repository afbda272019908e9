"""Sites with meters and money: terms that ask the meter, many accounts, made-up people whose number is known."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from brightline.agreement import Ceiling, Terms
from brightline.gateway.wire import Reply, Request
from brightline.meters import Mark, State, replay, replay_money
from brightline.meters.spending import Spending
from brightline.record.entry import ENTRY_BYTES, unpack
from brightline.storage.disk import Disk
from brightline.storage.published import Published
from brightline.storage.vault import Vault
from brightline.terms import Pack, read_pack
from tests.gateway import scripts
from tests.gateway.stage import TERMS
from tests.live.stage import MODEL, SITE_KEY, Site, agreed, make_site, pack

SOFT, HARD = 10, 20
COMPONENTS = ("army/g2", "army/g2/desk", "army/g2/cell")
CLAUSES = (
    TERMS
    + f"""
@id("M1") @title("Many people need a person") @text("From {SOFT} persons on the privacy officer decides.") @source("t")
forbid (principal, action == Action::"surv.person_track", resource)
when {{ context.distinct_persons >= {SOFT} || context.meter == "missing" }}
unless {{ context.approvals.contains("privacy_officer") }};
@id("M2") @title("No crowds") @text("From {HARD} persons on it is denied.") @source("t")
forbid (principal, action == Action::"surv.person_track", resource) when {{ context.distinct_persons >= {HARD} }};
"""
)
METERS = '\n[meters]\nsecret = "meter.secret"\n'


@cache
def metered_pack() -> Pack:
    return read_pack("live", {**pack().files, "terms.cedar": CLAUSES})


def metered_site(
    folder: Path, upstream: str, *, accounts: int = 1, more: str = METERS, ceiling: Ceiling | None = None
) -> Site:
    """A site whose accounts `key(0)`… all have the purpose `trace`, in three components; `more`: tables of settings."""
    terms = Terms(digest=metered_pack().terms.digest, files=dict(metered_pack().files))
    actors = "".join(
        f'\n[[actors]]\nname = "agent-{n}"\ncomponent = "{COMPONENTS[n % 3]}"\nkey_sha256 = '
        f'"{hashlib.sha256(key(n).encode()).hexdigest()}"\npurposes = ["trace", "permit"]\n'
        for n in range(accounts)
    )
    trace = '\n[purposes.trace]\nactivity = "surv.person_track"\n'
    site = make_site(folder, upstream, paper=agreed(terms=terms, ceiling=ceiling), actor=actors + trace + more)
    (folder / "meter.secret").write_text("5e" * 32)
    return site


def key(account: int) -> str:
    return f"bl-account-{account}"


def naming(*people: str, **more: Any) -> dict[str, Any]:
    """A call whose content is a structured list of these people."""
    return {"model": MODEL, "messages": [{"role": "user", "content": json.dumps(people)}], "max_tokens": 9} | more


async def generous(request: Request, reply: Reply) -> None:
    """A model that answers as many tokens as it is allowed to."""
    asked = json.loads(request.body)
    tokens = {"prompt_tokens": 11, "completion_tokens": asked["max_tokens"], "total_tokens": 11 + asked["max_tokens"]}
    reply.send(200, scripts.JSON, json.dumps(scripts.chat() | {"usage": tokens}).encode())


def private(site: Site) -> list[dict[str, bytes]]:
    """The private fields of every published entry, {} where it has none."""
    data = b"".join(Published(site.data / "log").entries())
    vault = Vault(site.data / "private", SITE_KEY, Disk())
    try:
        size = len(data) // ENTRY_BYTES
        there = vault.has(0, size)
        assert unpack(data[:ENTRY_BYTES]).sequence == 0
        return [dict(vault.fields(n)) if there[n] else {} for n in range(size)]
    finally:
        vault.close()


def counted(site: Site) -> tuple[State, Mark]:
    """The meters that follow from the record alone."""
    return replay(f["meter"] for f in private(site) if "meter" in f)


def spent(site: Site) -> Spending:
    """The money that follows from the record alone."""
    return replay_money(f["budget"] for f in private(site) if "budget" in f)[0]
