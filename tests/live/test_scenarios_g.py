"""The rows G03, G04, G05, G06, G08 and G13 of the scenarios, through a live gateway, its record and a bundle of it.

E06 is tests/live/test_meters.py, E07 and the officer's refusal tests/cli/test_witness.py, G07 tests/cli/test_audit.py,
G14 tests/cli/test_custody.py.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import json
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import openai
import pytest

from brightline.agreement import Terms
from brightline.approvals import sign_roster
from brightline.assurance.explain import explain
from brightline.assurance.verify.bundle import InMemory, open_bundle
from brightline.record import body as bodies
from brightline.record import checkpoint
from brightline.record.body import DecisionBody, ExceptionBody
from brightline.record.commitment import commit
from brightline.record.entry import ENTRY_BYTES, Kind, OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.storage.disk import Looking
from brightline.storage.record import Record
from brightline.storage.vault import Vault
from tests.agreement.founding import CUSTOMER, VENDOR, signed
from tests.assurance.records import honest, split
from tests.gateway import scripts
from tests.gateway.test_desk_endpoints import exception
from tests.live.clients import openai_client
from tests.live.desks import desk_site, put, roster
from tests.live.engines import Engine
from tests.live.stage import LOG_KEY, MODEL, SITE_KEY, Site, agreed, make_site, pack, refused_start, serving, upstream
from tests.live.test_completeness import BYPASS, call, end_epoch, gateway_of, listening, make

CLAUSES_EDITED = pack().files["terms.cedar"].replace("forbid (principal, action ==", "forbid (principal, action !=", 1)
WORDS = ("yes", "no", "Approve strike 7")


async def served(folder: Path, *prompts: str, purpose: str = "permit") -> Site:
    """A site whose gateway answered these prompts and stopped."""
    async with upstream(scripts.model) as (url, _):
        site = make_site(folder, url)
        async with serving(site) as gateway:
            for text in prompts:
                messages: Any = [{"role": "user", "content": text}]
                async with openai_client(gateway.url) as client:
                    raw = await client.chat.completions.with_raw_response.create(
                        model=MODEL, messages=messages, extra_headers={"Brightline-Purpose": purpose}
                    )
                    assert pack().terms.digest.removeprefix("sha256:")[:8] in raw.headers["brightline-receipt"]
            assert await gateway.stop() == 0
    site.verified("honest.bundle")
    return site


def forge(site: Site, name: str, rows: bytes) -> dict[str, Any]:
    """A bundle of other entries under the log's own signature, and what the vendor's verify says to it."""
    data = (site.folder / "honest.bundle").read_bytes()
    about = open_bundle(InMemory(data)).about
    note = bytes(checkpoint.sign(honest(rows, about.origin), LOG_KEY))
    head = json.dumps(
        {"agreement": about.agreement, "count": len(rows) // ENTRY_BYTES, "first": 0, "origin": about.origin},
        separators=(",", ":"),
    ).encode()
    made = b"brightline-bundle/v1\nabout %d\n%bcheckpoint %d\n%b" % (len(head), head, len(note), note)
    made += b"openings 0\nentries %d\n" % len(rows) + rows
    (site.folder / name).write_bytes(made)
    return dict(site.verdict(name).document)


def failed(said: dict[str, Any]) -> list[int]:
    return [step["n"] for step in said["steps"] if step["ok"] is False]


def rows_of(site: Site) -> bytes:
    data = (site.folder / "honest.bundle").read_bytes()
    count = open_bundle(InMemory(data)).about.count
    return data[-count * ENTRY_BYTES :]


async def g03(folder: Path) -> None:
    """The administrator edits the policy: in the file, then by a gateway that runs other terms."""
    site = await served(folder, "one", "two")
    file = site.folder / "agreement.json"
    whole = file.read_bytes()
    # 1. the file: nobody signed it so, and nothing starts
    envelope = json.loads(whole)
    payload = base64.b64decode(envelope["payload"])
    edited = payload.replace(b"Nobody is watched for speech.", b"Everyone is watched for this.")
    assert edited != payload
    file.write_text(json.dumps({**envelope, "payload": base64.b64encode(edited).decode()}))
    assert "agreement" in await refused_start(site)
    # 2. one that the customer alone signed afresh: neither
    text = {
        **pack().files,
        "terms.cedar": pack()
        .files["terms.cedar"]
        .replace("forbid (principal, action == ", "forbid (principal, action != ", 1),
    }
    other = agreed(terms=Terms(digest=pack().terms.digest, files=text))
    file.write_bytes(signed(other, CUSTOMER).to_bytes())
    assert "agreement" in await refused_start(site)
    file.write_bytes(whole)
    # 3. a gateway that was rebuilt to decide by other words, and says so in its entries
    record = Record.open(site.data, LOG_KEY, SITE_KEY, Disclosure())
    body = DecisionBody(api=bodies.Api.OPENAI_CHAT, act=bodies.Act.MODEL_CALL)
    record.write([Draft(body, 1, OutcomeCode.PERMIT, clauses=1, terms=hashlib.sha256(b"other").digest())])
    record.journal.publish()
    record.close()
    assert site.shell("evidence", "export", "-o", "drift.bundle").status == 0
    said = site.verdict("drift.bundle").document
    assert failed(said) == [7]
    assert said["findings"][0]["code"] == "terms.drift"
    # 4. and one that lies about it is what audits are for: nothing in a bundle shows it (docs/red-team.md)


async def g04(folder: Path) -> None:
    """Three records are deleted: on the disk, in the bundle, and by signing a shorter or renumbered log."""
    site = await served(folder, "one", "two", "three", "four")
    rows = split(rows_of(site))
    kept = site.folder / "kept"
    shutil.copy(site.data / "log" / "checkpoint", kept)
    cut = rows[:3] + rows[6:]
    assert failed(forge(site, "cut.bundle", b"".join(cut))) == [5]
    renumbered = b"".join(i.to_bytes(8, "big") + row[8:] for i, row in enumerate(cut))
    said = forge(site, "renumbered.bundle", renumbered)
    assert failed(said) in ([5], [8])
    # the last three go without a trace in the bundle itself: whoever kept a checkpoint sees it
    short = forge(site, "short.bundle", b"".join(rows[:-3]))
    assert short["verified"]
    assert any("newest state" in step["text"] for step in short["steps"])
    assert failed(site.verdict("short.bundle", kept).document) == [4]
    # on the disk the gateway itself refuses
    (bundle,) = [p for p in (site.data / "log" / "tile" / "entries").iterdir() if p.is_dir()]
    last = max(bundle.iterdir(), key=lambda p: int(p.name))
    data = last.read_bytes()
    last.write_bytes(data[: -3 * 258])
    assert await refused_start(site)


async def g05(folder: Path) -> None:
    """Some traffic never passes the gateway: the engine's counters show it in that epoch."""
    engine = Engine(prompt=4000, answer=1000)
    async with listening(engine) as url:
        site = make(folder, url, url)
        async with gateway_of(site) as gateway:
            assert await call(gateway.url, 20) == [200] * 20
            assert await call(url, 2, **BYPASS) == [200] * 2
            await end_epoch(gateway, site, 1)
        said = site.verified("evidence.bundle")
    assert said["grade"] == "C0"
    (finding,) = [f for f in said["findings"] if f["code"] == "record.shortfall"]
    assert finding["follows"].startswith("The customer explains")


async def g06(folder: Path) -> None:
    """The officer sees every byte, and there is no word of content, name or guessable digest among them."""
    site = await served(folder, *WORDS)
    bundle = (site.folder / "honest.bundle").read_bytes()
    parts = explain(bundle, (site.folder / "agreement.json").read_bytes()).parts
    file = [p for p in parts if not p.section.startswith("entry: ")]
    assert [p.start for p in file] == [0, *(p.end for p in file)][:-1]
    assert file[-1].end == len(bundle)
    assert all(p.says and p.cannot for p in parts)
    for secret in (*WORDS, "g2/analyst-7", "army/g2", "permit\n"):
        if len(secret) > 4:
            assert secret.encode() not in bundle
    for word in (*WORDS, "g2/analyst-7", "army/g2"):
        for made in (hashlib.sha256, hashlib.sha1, hashlib.md5, hashlib.blake2b, hashlib.sha3_256):
            assert made(word.encode()).digest()[:16] not in bundle
    key = site.folder / "officer.key"
    key.write_text(CUSTOMER.secret_text())
    released = site.shell("evidence", "release", "honest.bundle", "--key", "officer.key", "-o", "yes", "--json")
    assert released.document["verdict"] == "released"


async def g08(folder: Path) -> None:
    """`yes` was sent twice: the vendor cannot tell that both are one, nor confirm a guess that is right in full."""
    site = await served(folder, "yes", "yes")
    entries = [e for e in site.entries() if e.kind == Kind.DECISION]
    assert len({e.commitment for e in entries}) == 2
    vault = Vault(site.data / "private", SITE_KEY, Looking())
    try:
        for e in entries:
            opened = vault.opened(e.sequence)
            assert opened is not None
            key, fields = opened
            assert commit(key, fields) == e.commitment, "whoever has the key can"
            assert any(b"yes" in value for _, value in fields), "and this is what was said"
            # The vendor knows every field whole, and tries whatever the bundle shows as a key.
            shown = [bytes(32), e.terms, e.model, e.commitment, *(o.commitment for o in site.entries())]
            shown += [hashlib.sha256(x).digest() for x in (b"yes", b"", *shown)]
            assert all(commit(guess, fields) != e.commitment for guess in shown)
            leaves = b"".join(value for _, value in fields)
            for n, joined in itertools.product((b"", b"\0", b"\1"), (b"yes", leaves)):
                assert hashlib.sha256(n + joined).digest() != e.commitment
    finally:
        vault.close()


async def g13(folder: Path) -> None:
    """Every exception, and each use that rests on it; whether it touched protected persons an inspector opens, one by
    one, and each look is an entry. (One screen for it is the console's, which is not built.)"""
    async with upstream(scripts.model) as (url, _):
        site = desk_site(folder, url)
        async with serving(site) as gateway:
            put(site, "exception.json", exception("quinn"))
            async with openai_client(gateway.url) as client, asyncio.timeout(30):
                while not await _passes(client):  # noqa: ASYNC110 - until the gateway has looked into the desk's folder
                    await asyncio.sleep(0.2)
            assert await gateway.stop() == 0
        said = site.verified("b.bundle")
    assert said["totals"]["exceptions"]
    entries = site.entries()
    (exceptional,) = [e.sequence for e in entries if isinstance(bodies.unpack(Kind(e.kind), e.body), ExceptionBody)]
    rests = [e.sequence for e in entries if getattr(bodies.unpack(Kind(e.kind), e.body), "exception", 0) == exceptional]
    assert len(rests) == 1
    (site.folder / "roster.json").write_bytes(sign_roster(roster(), CUSTOMER).to_bytes())
    looks = ("--key", "iris.key", "--roster", "roster.json", "--reason", "inspection", "--json")
    shown = site.shell("evidence", "open", str(rests[0]), "fact.protected_persons", "-o", "one.json", *looks)
    assert shown.status == 0, shown.err
    known = ("--vendor-key", str(VENDOR.public), "--customer-key", str(CUSTOMER.public))
    opened = site.shell("verify", "one.json", "--agreement", "agreement.json", *known, "--json").document
    assert (opened["verified"], opened["value"].split()[0]) == (True, "named")
    assert len(site.entries()) > len(entries), "the look is recorded"


async def _passes(client: openai.AsyncOpenAI) -> bool:
    messages: Any = [{"role": "user", "content": "Go."}]
    try:
        await client.chat.completions.create(
            model=MODEL,
            messages=messages,
            extra_headers={"Brightline-Purpose": "excepted", "Brightline-Facts": "protected_persons=named"},
        )
    except openai.PermissionDeniedError:
        return False
    return True


ROWS: dict[str, Callable[[Path], Coroutine[Any, Any, None]]] = {
    "G03": g03,
    "G04": g04,
    "G05": g05,
    "G06": g06,
    "G08": g08,
    "G13": g13,
}


@pytest.mark.parametrize("row", ROWS)
async def test_row(row: str, tmp_path: Path) -> None:
    await ROWS[row](tmp_path / "site")
