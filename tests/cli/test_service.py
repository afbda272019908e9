"""From keys to verified evidence, by the command line alone: a real gateway before a model server of five lines."""

from __future__ import annotations

import json
import shutil
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from tests.cli.conftest import DRAFT, settle
from tests.cli.shell import Shell
from tests.cli.test_contract import KEYS

KNOWN = ("--vendor-key", "vendor.pub", "--customer-key", "customer.pub")
SETTINGS = """\
listen = "127.0.0.1:0"
agreement = "talks/agreement.json"
log_key = "log.key"
site_key = "site.key"

[upstream]
url = "http://127.0.0.1:1"

[purposes.ordinary]
activity = "gen.office"

[purposes.profiles]
activity = "surv.profile"

[[actors]]
name = "desk/clerk"
component = "desk"
key_sha256 = "{digest}"
purposes = ["ordinary", "profiles"]
"""


class Model(BaseHTTPRequestHandler):
    """Answers every call with one short completion."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        message = {"role": "assistant", "content": "ok"}
        usage = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        body = json.dumps({"id": "1", "object": "chat.completion", "choices": choices, "usage": usage}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


@pytest.fixture(scope="module")
def premises(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An agreement in force, a gateway's keys and settings. The API key is in `api-key`."""
    shell = Shell(tmp_path_factory.mktemp("premises"))
    shutil.copytree(home / "terms", shell.folder / "terms")
    settle(shell, home)
    shell("key", "new", "department.example/gateway-1", "-o", "log.key")
    shell("key", "new", "department.example", "--site", "-o", "site.key")
    api = shell("key", "new", "desk/clerk", "--api", "--json").document
    shell.write("api-key", api["key"])
    model = f'[[models]]\nname = "tiny"\nfamily = "tiny"\ndigest = "sha256:{"6d" * 32}"\n'
    log = '[[logs]]\norigin = "department.example/gateway-1"\nkey = "log.pub"\n'
    shell.write("draft.toml", f"{DRAFT}\n{model}\n{log}")
    for verb, who in (("offer draft.toml", "vendor"), ("accept", "customer"), ("agree", "vendor")):
        assert shell("agreement", *verb.split(), "talks", "--key", f"{who}.key").status == 0
    shell.write("brightline.toml", SETTINGS.format(digest=api["key_sha256"]))
    return shell.folder


@pytest.fixture
def site(premises: Path, shell: Shell) -> Shell:
    shutil.copytree(premises, shell.folder, dirs_exist_ok=True)
    return shell


@pytest.fixture
def model_server(site: Shell) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site.change("brightline.toml", "http://127.0.0.1:1", f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    server.server_close()


def call(url: str, key: str, **headers: str) -> Answer:
    sent = {"content-type": "application/json", "authorization": f"Bearer {key}", **headers}
    body = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": "the-content"}]}).encode()
    request = urllib.request.Request(f"{url}/v1/chat/completions", body, sent)
    try:
        with urllib.request.urlopen(request) as answer:
            return Answer(answer.status, dict(answer.headers.items()), json.load(answer))
    except urllib.error.HTTPError as e:
        with e:
            return Answer(e.code, dict(e.headers.items()), json.load(e))


def served(shell: Shell, *more: str) -> list[Answer]:
    """What a clerk's three calls and a stranger's get, from a gateway that runs for them alone and stops on Ctrl-C."""
    process = shell.process("serve", "--json", *more, stdout=PIPE, stderr=PIPE)
    assert process.stdout is not None
    ready = process.stdout.readline()
    try:
        document = json.loads(ready)
        assert set(document) == KEYS["serve"]
        key = (shell.folder / "api-key").read_text()
        answers = [
            call(document["ready"], key),
            call(document["ready"], key, **{"brightline-purpose": "profiles"}),
            call(document["ready"], key, **{"brightline-purpose": "profiles", "brightline-facts": "legal_basis=none"}),
            call(document["ready"], "bl-nobody"),
        ]
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (0, b"")
    assert key.encode() not in err
    assert b"the-content" not in err
    assert b"Traceback" not in err
    return answers


@pytest.mark.usefixtures("model_server")
def test_from_keys_to_verified_evidence(site: Shell) -> None:
    # 1 the gateway decides as `decide` says
    permitted, asked, denied, nobody = served(site)
    assert (permitted.status, permitted.body["choices"][0]["message"]["content"]) == (200, "ok")
    assert permitted.headers["brightline-decision"].startswith("permit;id=")
    assert (asked.status, asked.body["error"]["code"]) == (403, "fact_required")
    assert (denied.status, denied.body["error"]["code"]) == (403, "use_denied")
    assert denied.body["error"]["brightline"]["clauses"][0]["id"] == "T2"
    assert (nobody.status, nobody.body["error"]["code"]) == (401, "bad_key")
    # 2 a bundle, never over another file
    made = site("evidence", "export", "-o", "out.bundle", "--json").document
    assert set(made) == KEYS["evidence export"]
    assert made["bytes"] == (site.folder / "out.bundle").stat().st_size
    assert site.fails("evidence", "export", "-o", "out.bundle").startswith("out.bundle: there is such a file already")
    # 3 which the vendor verifies
    verify = ("verify", "out.bundle", "--agreement", "talks/agreement.json", *KNOWN)
    document = site(*verify, "--json").document
    assert {"verified", "grade", "totals", "steps", "findings"} == set(document)
    assert document["verified"] is True
    assert {s["ok"] for s in document["steps"]} <= {True, None}
    outcomes = document["totals"]["outcomes"]
    assert [outcomes[o] for o in ("permit", "ask", "deny")] == [1, 1, 1]
    assert site(*verify).out.splitlines()[-1].startswith("verified, grade ")
    # 4 and whose every byte is explained
    explained = site("evidence", "explain", "out.bundle", "--agreement", "talks/agreement.json", "--json").document
    assert explained["bytes"] == made["bytes"]
    assert "the-content" not in json.dumps(explained)
    assert b"the-content" not in (site.folder / "out.bundle").read_bytes()
    # 5 one flipped byte, and it is not
    data = bytearray((site.folder / "out.bundle").read_bytes())
    data[-200] ^= 1
    site.write("out.bundle", bytes(data))
    said = site(*verify)
    assert said.status == 1
    assert said.out.splitlines()[-1] == "NOT VERIFIED"
    assert any(line.strip().startswith("FAIL") for line in said.out.splitlines())


@pytest.mark.usefixtures("model_server")
def test_observing_blocks_nothing_and_says_so(site: Shell) -> None:
    site.change("brightline.toml", 'agreement = "talks/agreement.json"\n', "")
    site.write("brightline.toml", (site.folder / "brightline.toml").read_text() + '\n[models]\ntiny = "tiny"\n')
    permitted, asked, denied, nobody = served(site, "--observe", "terms")
    for answer in (permitted, asked, denied):
        assert answer.status == 200
        assert "mode=observe" in answer.headers["brightline-decision"]
    assert denied.headers["brightline-decision"].startswith("deny;")
    assert nobody.status == 401
    assert "no agreement is set" in site.fails("evidence", "export", "-o", "out.bundle")


@pytest.mark.usefixtures("model_server")
def test_the_check_up_names_what_is_wrong_and_changes_nothing(site: Shell) -> None:
    before = {path: path.stat().st_mtime_ns for path in site.folder.rglob("*") if path.is_file()}
    good = site("doctor", "--json").document
    assert set(good) == KEYS["doctor"]
    site.change("brightline.toml", '"log.key"', '"vendor.key"')
    (site.folder / "site.key").chmod(0o644)
    bad = site("doctor", "--json")
    assert bad.status == 1
    assert bad.document["ok"] is False
    wrong = {c["name"] for c in bad.document["checks"] if c["ok"] is False}
    wrong -= {c["name"] for c in good["checks"] if c["ok"] is False}  # the machine's own, such as a full disk
    assert {"log", "rights"} <= wrong
    assert all(c["cure"] for c in bad.document["checks"] if c["ok"] is False)
    plain = site("doctor")
    assert plain.status == 1
    assert plain.out.count("cure: ") == len([c for c in bad.document["checks"] if c["ok"] is not True and c["cure"]])
    after = {path: path.stat().st_mtime_ns for path in site.folder.rglob("*") if path.is_file()}
    assert {p.name for p in after if after[p] != before.get(p)} == {"brightline.toml"}  # which this story changed
    assert site.fails("doctor", "--config", "nope.toml").startswith("nope.toml: ")


# what is changed in a setting, and what the sentence says
SETTING_SLIPS = {
    "a setting": ("log_key", "log_kye", "did you mean 'log_key'?"),
    "a table": ("[upstream]", "[upstraem]", "did you mean 'upstream'?"),
    "an actor's key": ("key_sha256", "key_sha265", "did you mean 'key_sha256'?"),
    "a purpose of an actor": ('"profiles"]', '"profile"]', "did you mean 'profiles'?"),
    "an activity": ("gen.office", "gen.offic", "did you mean 'gen.office'?"),
    "an address": ("127.0.0.1:0", "here", 'listen = "127.0.0.1:8080"'),
    "a port": ("127.0.0.1:0", "127.0.0.1:99999", 'listen = "127.0.0.1:8080"'),
    "an agreement": ("talks/agreement.json", "talks/agrement.json", "talks/agrement.json: cannot be read"),
    "an offer for an agreement": ("agreement.json", "000-ContractOfferMessage.json", "Not in force"),
    "a public key for a secret": ("log.key", "log.pub", "log.pub: a public key where the secret one is asked for"),
    "another key": ("log.key", "vendor.key", "the agreement names no log vendor.example"),
    "another site key": ("site.key", "log.key", "log.key: not a site key"),
    "a url": ("http://", "htp://", 'write "embedded", or http(s)://host:port'),
    "TOML": ("listen =", "listen", "not TOML"),
}


@pytest.mark.parametrize(("right", "wrong", "words"), SETTING_SLIPS.values(), ids=SETTING_SLIPS)
def test_a_slip_in_the_settings_is_named_and_nothing_is_recorded(
    site: Shell, right: str, wrong: str, words: str
) -> None:
    site.change("brightline.toml", right, wrong)
    assert words in site.fails("serve")
    assert not (site.folder / "data").exists()


BUNDLES = {
    "none": (None, "out.bundle: cannot be read: No such file"),
    "empty": (b"", ""),
    "another file": (b"hello\n" * 200, ""),
}


@pytest.mark.parametrize(("content", "words"), BUNDLES.values(), ids=BUNDLES)
@pytest.mark.parametrize("verb", [("verify",), ("evidence", "explain")], ids=" ".join)
def test_what_is_no_bundle(parties: Shell, verb: tuple[str, ...], content: bytes | None, words: str) -> None:
    if content is not None:
        parties.write("out.bundle", content)
    said = parties(*verb, "out.bundle", "--agreement", "draft.toml")
    assert said.status in (1, 2) if content is not None else said.status == 2
    assert words in said.err
    assert "verified, grade" not in said.out


def test_evidence_needs_a_record(site: Shell) -> None:
    assert "data: there is no record — check `data` in the settings" in site.fails(
        "evidence", "export", "-o", "a.bundle"
    )
    assert not (site.folder / "data").exists()
    assert not (site.folder / "a.bundle").exists()
