"""Planted damage of each kind: `doctor` names it, changes nothing, and `serve` refuses in the same words."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from brightline.keys import SigningKey
from brightline.record.body import OutcomeBody, OutcomeStatus
from brightline.record.log import Disclosure, Draft
from brightline.storage import journal as journals
from brightline.storage.record import Receipt, Record
from tests.gateway import scripts
from tests.live.clients import Raw
from tests.live.stage import LOG_KEY, SITE_KEY, Site, make_site, serving, snapshot, upstream
from tests.live.test_clock import decision

Damage = Callable[[Site], object]
CALLS = 700  # two entries each: more than a start opens of the private side


class ModelServer(BaseHTTPRequestHandler):
    """One that says which models it has, and nothing else."""

    def do_GET(self) -> None:
        body = json.dumps({"data": [{"id": "tiny-on-upstream"}]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose record has full bundles, dropped segments and a private side; `younger` is a copy from before."""
    folder = tmp_path_factory.mktemp("good")
    with pytest.MonkeyPatch.context() as patch, ThreadingHTTPServer(("127.0.0.1", 0), ModelServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        patch.setattr(journals, "SEGMENT_SLOTS", 300)
        site = make_site(folder / "site", f"http://127.0.0.1:{server.server_port}")
        record = Record.open(site.data, LOG_KEY, SITE_KEY, Disclosure())
        for n in range(0, CALLS, 50):
            if n == 100:
                record.journal.publish()
                shutil.copytree(site.data, folder / "younger")
            receipts = record.write([decision() for _ in range(50)])
            ends = [OutcomeBody(r.index, OutcomeStatus.COMPLETED) for r in receipts if isinstance(r, Receipt)]
            record.write([Draft(end) for end in ends])
        record.journal.publish()
        record.close()
        yield site
        server.shutdown()


@pytest.fixture
def site(good: Site, tmp_path: Path) -> Site:
    shutil.copytree(good.folder, tmp_path / "site")
    shutil.copytree(good.folder.parent / "younger", tmp_path / "younger")
    return Site(tmp_path / "site")


def flip(pattern: str, at: int) -> Damage:
    """One bit of the last file of that name; `at` from its start, or from its end where negative."""

    def damage(site: Site) -> None:
        path = max(site.data.glob(pattern))
        data = bytearray(path.read_bytes())
        data[at] ^= 1
        path.write_bytes(data)

    return damage


def cut(pattern: str, size: int) -> Damage:
    def damage(site: Site) -> None:
        path = max(site.data.glob(pattern))
        path.write_bytes(path.read_bytes()[:size])

    return damage


def lose(name: str) -> Damage:
    def damage(site: Site) -> None:
        path = site.data / name
        assert path.exists()
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def younger(name: str) -> Damage:
    """This part of the data folder is put back to what it was some calls ago."""

    def damage(site: Site) -> None:
        lose(name)(site)
        old = site.folder.parent / "younger" / name
        (shutil.copytree if old.is_dir() else shutil.copy)(old, site.data / name)

    return damage


def foreign(site: Site) -> None:
    shutil.rmtree(site.data)
    other = Record.open(site.data, SigningKey.new("elsewhere.example/g3", bytes([5]) * 32), SITE_KEY, Disclosure())
    other.write([decision()])
    other.journal.publish()
    other.close()


def other_site_key(site: Site) -> None:
    (site.folder / "site.key").write_text("ab" * 32)


DAMAGE: dict[str, tuple[str, Damage, str]] = {
    "a bit of the journal": ("record", flip("journal/*", 256 * 9 + 5), r"journal: damaged after offset \d+"),
    "a bit of a journal's first checkpoint": ("record", flip("journal/*", 20), r"journal: damaged at offset 0: "),
    "a bit of a full bundle": ("record", flip("log/tile/entries/001", 900), r"tile/\S+/001: damaged, or the bundle"),
    "a bit of a bundle that the journal still has": (
        "record",
        flip("log/tile/entries/004", -100),
        r"tile/entries/004: forked or damaged: it does not hold what the journal says",
    ),
    "a bit of a tile": ("record", flip("log/tile/0/001", 40), r"tile/0/001: damaged, or the bundle"),
    "a bit of the published checkpoint": (
        "record",
        flip("log/checkpoint", -9),
        r"checkpoint: the signature of \S+ is false",
    ),
    "a journal cut short": (
        "record",
        cut("journal/*", 256 * 20),
        r"journal: rolled back: it ends at entry",
    ),
    "a bundle cut short": ("record", cut("log/tile/entries/001", 9000), r"tile/entries/001: damaged"),
    "a bundle lost": ("record", lose("log/tile/entries/001"), r"tile/entries/001: cannot read it: No such file"),
    "the journal lost": ("record", lose("journal"), r"journal: the journal is missing: \d+ entries were published"),
    "an older journal": ("record", younger("journal"), r"journal: rolled back: it ends at entry"),
    "an older published log": ("record", younger("log"), r"tile/entries/\d+: cannot read it"),
    "another log": ("record", foreign, r"checkpoint: another log's: elsewhere.example/g3, not department.example"),
    "the keys of the private side lost": (
        "private side",
        lose("private/keys"),
        r"private side of entry \d+ is missing",
    ),
    "older keys of the private side": (
        "private side",
        younger("private/keys"),
        r"private side of entry \d+ is missing",
    ),
    "content lost": ("private side", lose("private/content"), r"content/00000000: cannot open it: No such file"),
    "content cut short": ("private side", cut("private/content/*", 5000), r"content is missing at its end"),
    "a bit of the newest content": ("private side", younger("private/content"), r"content is missing|does not open"),
    "another site key": ("private side", other_site_key, r"does not open — check that site_key is the one"),
    "an older record beside a newer private side": (
        "private side",
        lambda site: (younger("journal")(site), younger("log")(site)),
        r"private/size: rolled back: the record ends at entry 201, and had 1406 durable entries",
    ),
    "likewise, and the private side has lost its note of the size": (
        "private side",
        lambda site: (younger("journal")(site), younger("log")(site), lose("private/size")(site)),
        r"private/keys: the private side knows \d+ entries more than the record",
    ),
}


def examined(site: Site) -> dict[str, Any]:
    """What the doctor says, by check; nothing changed meanwhile."""
    with snapshot(site.folder):
        said = site.shell("doctor", "--json")
    assert said.err == ""
    checks = {check["name"]: check for check in said.document["checks"]}
    assert said.document["ok"] is all(check["ok"] is not False for check in checks.values())
    assert said.status == (0 if said.document["ok"] else 1)
    return checks


def wrong(checks: dict[str, Any]) -> list[str]:
    return [name for name, check in checks.items() if check["ok"] is False]


def test_a_good_record(site: Site) -> None:
    checks = examined(site)
    assert all(check["ok"] for check in checks.values()), checks
    assert "1406 entries" in checks["record"]["text"]
    assert "complete for 1406 entries" in checks["private side"]["text"]


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named(site: Site, damage: str) -> None:
    name, plant, words = DAMAGE[damage]
    plant(site)
    check = examined(site)[name]
    assert check["ok"] is False, check
    sentence = f"{check['text']} — {check['cure']}"
    assert re.search(words, sentence), sentence
    # The gateway that meets it says the same, and starts not.
    assert site.refused() == sentence


def test_what_only_a_full_reading_finds(site: Site) -> None:
    """A bit of old content: service goes on, since nobody needs it to decide; the doctor names the entry."""
    flip("private/content/*", 30)(site)
    check = examined(site)["private side"]
    assert check["ok"] is False
    assert re.search(r"private side of entry \d does not open", check["text"])


def test_a_partial_bundle_that_the_next_one_replaces(site: Site) -> None:
    """Damage in what is published of an unfinished bundle: named, since whoever fetches it would be misled."""
    flip("log/tile/entries/*.p/*", 900)(site)
    check = examined(site)["record"]
    assert check["ok"] is False
    assert re.search(r"tile/entries/005.p/\d+: forked or damaged", check["text"])


def test_a_torn_tail_is_no_damage(site: Site) -> None:
    """What a crash leaves is said, and left for the next start to cut off."""
    path = max(site.data.glob("journal/*"))
    data = path.read_bytes().rstrip(b"\0")
    used = -(-len(data) // 256) * 256
    path.write_bytes(path.read_bytes()[:used] + (1406).to_bytes(8, "big") + b"torn" + bytes(500))
    check = examined(site)["record"]
    assert check["ok"] is True
    assert re.search(r"a start will cut off \d+ slots", check["text"])


def test_keys(site: Site) -> None:
    (site.folder / "log.key").chmod(0o644)
    checks = examined(site)
    assert "rights" in wrong(checks)
    assert checks["rights"]["cure"] == "chmod 600 log.key"
    (site.folder / "log.key").unlink()
    checks = examined(site)
    assert {"keys", "log"} <= set(wrong(checks))
    assert f"{checks['keys']['text']} — {checks['keys']['cure']}" == site.refused()
    assert checks["record"]["ok"] is None
    assert checks["private side"]["ok"] is None


def test_a_clock_behind_the_record(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_500_000_000.0)
    check = examined(site)["clock"]
    assert check["ok"] is False
    assert "2017-07-14" in check["text"]


def test_a_full_disk(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(site.folder)._replace(free=5 << 20)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert "disk space" in wrong(examined(site))


def test_no_settings(tmp_path: Path) -> None:
    assert "brightline.toml: cannot be read" in Site(tmp_path).shell.fails("doctor", "--json")


def test_before_the_first_start(site: Site) -> None:
    shutil.rmtree(site.data)
    check = examined(site)["record"]
    assert check["ok"] is True
    assert "none yet" in check["text"]


MODEL_SERVERS = {
    "its models": (200, {"data": [{"id": "tiny-on-upstream"}]}, True, "it has tiny-on-upstream"),
    "other models": (200, {"data": [{"id": "huge"}]}, False, "it has no model tiny-on-upstream"),
    "no list": (404, {}, True, "it lists no models"),
    "not us": (401, {}, False, "it refuses the gateway's key"),
}


@pytest.mark.parametrize("case", MODEL_SERVERS)
async def test_the_model_server(site: Site, case: str) -> None:
    status, document, ok, words = MODEL_SERVERS[case]

    async def answer(request: Any, reply: Any) -> None:
        reply.send(status, scripts.JSON, json.dumps(document).encode())

    async with upstream(answer) as (url, _):
        check = await doctor_beside(site, url)
    assert check["model server"]["ok"] is ok
    assert words in check["model server"]["text"]


async def test_beside_a_running_gateway(tmp_path: Path) -> None:
    async with upstream(scripts.model) as (url, _):
        site = make_site(tmp_path / "site", url)
        async with serving(site) as gateway, Raw(gateway.port) as raw:
            assert (await raw.call()).status == 200
            with snapshot(site.data):
                checks = await doctor_beside(site, url)
            assert (await raw.call()).status == 200
    assert checks["record"]["ok"] is True
    assert "published entries hash to their signed checkpoint" in checks["record"]["text"]
    assert checks["private side"]["ok"] is None
    assert checks["address"]["ok"] is None


async def doctor_beside(site: Site, url: str) -> dict[str, Any]:
    """A doctor in a process of its own, while this one is the model server."""
    text = (site.folder / "brightline.toml").read_text()
    (site.folder / "brightline.toml").write_text(re.sub(r"^url.*$", f'url = "{url}"', text, flags=re.MULTILINE))
    process = site.shell.process("doctor", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = await asyncio.to_thread(process.communicate, timeout=60)
    assert err == b""
    return {check["name"]: check for check in json.loads(out)["checks"]}
