"""A site with a desk: a roster, people with keys, and their statements by the command line, beside a gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from brightline.agreement import Agreement, Terms
from brightline.approvals import Person, Roster, Rule, sign_roster
from brightline.keys import Envelope, SigningKey
from brightline.storage.desk import DeskFolder
from brightline.terms import read_pack
from tests.agreement.founding import CUSTOMER, VENDOR, signed
from tests.live.stage import Site, agreed, pack
from tests.live.test_tools import site_with_tools

KEYS = {
    name: SigningKey.new(f"{name}.example", bytes([40 + i]) * 32)
    for i, name in enumerate(("poe", "penn", "quinn", "iris"))
}
ROLES = {"poe": ("privacy_officer",), "penn": ("privacy_officer",), "quinn": ("official",), "iris": ("inspector",)}
FOLDER = "desk"


def roster(**changes: Any) -> Roster:
    persons = tuple(Person(name=n, key=str(k.public), roles=ROLES[n]) for n, k in KEYS.items())
    return Roster(**({"desk": "army", "persons": persons, "roles": {"privacy_officer": Rule()}} | changes))


EXCEPTED = """
@id("T9") @title("Only by certificate") @text("An engagement is excepted by certificate alone.") @source("test")
forbid (principal, action == Action::"weapon.engage", resource)
unless { context.exceptions.contains("supervised_defence") };
"""


CERTIFICATES = '\n[certificates]\nsupervised_defence = "defence of a ship"\n'


def with_exceptions() -> Agreement:
    """The agreement of the other sites, with a clause that a certificate lifts."""
    about = pack().files["terms.toml"] + CERTIFICATES
    files = {**pack().files, "terms.toml": about, "terms.cedar": pack().files["terms.cedar"] + EXCEPTED}
    return agreed(terms=Terms(digest=read_pack("live", files).terms.digest, files=files))


def desk_site(folder: Path, url: str, webhook: str = "", **changes: Any) -> Site:
    """A site whose tools and purposes are those of tests/live/test_tools.py, with one more and a desk."""
    site = site_with_tools(folder, url)
    paper = signed(with_exceptions(), VENDOR, CUSTOMER)
    (folder / "agreement.json").write_bytes(paper.to_bytes())
    site.shell.change("brightline.toml", 'purposes = ["permit"', 'purposes = ["permit", "excepted"')
    DeskFolder.make(folder / FOLDER, paper, sign_roster(roster(**changes), CUSTOMER))
    for name, key in {**KEYS, "vendor": VENDOR, "customer": CUSTOMER}.items():
        (folder / f"{name}.key").write_text(key.secret_text() + "\n")
        (folder / f"{name}.key").chmod(0o600)
    hook = f'webhook = "{webhook}"\n' if webhook else ""
    with (folder / "brightline.toml").open("a") as file:
        file.write('\n[purposes.excepted]\nactivity = "weapon.engage"\n')
        file.write(f'\n[desk]\nfolder = "{FOLDER}"\nwait_seconds = 30\n{hook}')
    return site


async def holds(site: Site, state: str = "waiting", count: int = 1) -> list[dict[str, Any]]:
    """What the desk's folder lists in this state, once there are so many."""
    async with asyncio.timeout(20):
        while True:
            listed = site.shell("desk", "list", FOLDER, "--json").document["holds"]
            found = [h for h in listed if h["state"] == state]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.1)


def says(site: Site, verb: str, hold: str, by: str = "poe", *more: str) -> dict[str, Any]:
    """`brightline desk VERB` as this person types it."""
    said = site.shell("desk", verb, FOLDER, hold, "--key", f"{by}.key", "--json", *more)
    assert said.status == 0, said.err
    return said.document


def put(site: Site, name: str, envelope: Envelope | bytes) -> None:
    """A file that somebody carried to the desk."""
    data = envelope if isinstance(envelope, bytes) else envelope.to_bytes()
    (site.folder / FOLDER / "said").mkdir(exist_ok=True)
    (site.folder / FOLDER / "said" / name).write_bytes(data)
