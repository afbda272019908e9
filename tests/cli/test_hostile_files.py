"""Files that were valid once, under every verb that reads them: exit status 0, 1 or 2, one sentence, nothing half made.

`Said` holds each run to the contract; here the folder is held to it too. What a verb leaves where it ends 2 is nothing;
what it writes otherwise can be read back.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.keys import EcSigningKey
from tests.assurance.records import Evidence, founding, mixed
from tests.cli.conftest import settle
from tests.cli.shell import Shell
from tests.hostile.mutations import mutated, retyped
from tests.hostile.parsers import CONFIG
from tests.keys.test_ec import secret
from tests.models.written import ADAPTER, gguf

BRIEF = """@id("R1") @title("Work is permitted")
permit (principal, action == Action::"gen.office", resource);
@id("R2") @title("No profiles") @weight("5")
forbid (principal, action == Action::"surv.profile", resource) when { context.place == "home" };
"""
OPTIONS = """@menu("profiles") @option("an officer approves")
@id("O1") @title("Profiles held") @text("An officer approves each profile.")
permit (principal, action == Action::"surv.profile", resource)
when { context.approvals.contains("privacy_officer") };
"""
USES = '{"activity": "gen.office", "facts": {"place": "home"}}\n{"activity": "surv.profile"}\n'
KEYS = 'log_key = "vendor.key"\nsite_key = "site.key"\n'
# The verb, the file of it that is hostile, and the words that follow it; `talks` holds an offer that awaits an answer.
VERBS: dict[str, tuple[str, tuple[str, ...]]] = {
    "decide": ("use.json", ("decide", "terms", "use.json")),
    "decide, lines": ("uses.jsonl", ("decide", "terms", "uses.jsonl", "--json")),
    "decide, clauses": ("terms/terms.cedar", ("decide", "terms", "use.json")),
    "lint": ("terms/terms.cedar", ("terms", "lint", "terms")),
    "lint, about": ("terms/terms.toml", ("terms", "lint", "terms", "--json")),
    "scenarios": ("terms/scenarios.jsonl", ("terms", "test", "terms")),
    "compare": ("terms/terms.cedar", ("compare", "terms", "kept")),
    "check": ("property.cedar", ("check", "terms", "property.cedar")),
    "propose": ("brief/requirements.cedar", ("propose", "terms", "kept", "--briefs", "brief", "--out", "made")),
    "propose, options": ("brief/options.cedar", ("propose", "terms", "kept", "--briefs", "brief", "--json")),
    "replay": ("uses.jsonl", ("replay", "terms", "uses.jsonl")),
    "offer": ("draft.toml", ("agreement", "offer", "draft.toml", "new", "--key", "vendor.key")),
    "offer, a key of a party": ("customer.pub", ("agreement", "offer", "draft.toml", "new", "--key", "vendor.key")),
    "offer, one's key": ("vendor.key", ("agreement", "offer", "draft.toml", "new", "--key", "vendor.key")),
    "offer, terms": ("terms/terms.toml", ("agreement", "offer", "draft.toml", "new", "--key", "vendor.key")),
    "counter": ("other.toml", ("agreement", "counter", "other.toml", "talks", "--key", "customer.key")),
    "propose, whose": ("brief/brief.toml", ("propose", "terms", "kept", "--briefs", "brief")),
    "accept": ("talks/000-ContractOfferMessage.json", ("agreement", "accept", "talks", "--key", "customer.key")),
    "show": ("talks/000-ContractOfferMessage.json", ("agreement", "show", "talks")),
    "show, signed": ("agreement.json", ("agreement", "show", "agreement.json", "--json")),
    "key show": ("vendor.key", ("key", "show", "vendor.key")),
    "model list": ("m.model.json", ("model", "list", "--key", "model.pub.pem")),
    "model list, a signature": ("m.model.json.sig", ("model", "list", "--key", "model.pub.pem", "--json")),
    "model list, the key": ("model.pub.pem", ("model", "list", "--key", "model.pub.pem")),
    "model sign": ("model.pem", ("model", "sign", "w.gguf", "--key", "model.pem")),
    "model register": ("w.gguf", ("model", "register", "n", "w.gguf")),
    "model register, an adapter": (
        "h.gguf",
        ("model", "register", "n", "w.gguf", "--adapter", "h.gguf", "--variant", "h", "--json"),
    ),
    "verify": ("evidence.bundle", ("verify", "evidence.bundle", "--agreement", "agreement.json")),
    "verify, the agreement": ("agreement.json", ("verify", "evidence.bundle", "--agreement", "agreement.json")),
    "verify, a kept checkpoint": (
        "kept.checkpoint",
        ("verify", "evidence.bundle", "--agreement", "agreement.json", "--earlier", "kept.checkpoint"),
    ),
    "explain": ("evidence.bundle", ("evidence", "explain", "evidence.bundle", "--agreement", "agreement.json")),
    "serve": ("brightline.toml", ("serve", "--config", "brightline.toml")),
    "export": ("brightline.toml", ("evidence", "export", "--config", "brightline.toml", "--out", "out.bundle")),
}
SLOW = {"compare", "check", "propose", "propose, options", "propose, whose", "replay", "scenarios"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    """One folder in which every verb above has what it reads."""
    shell = Shell(tmp_path_factory.mktemp("whole") / "house")
    shutil.copytree(home / "terms", shell.folder / "terms")
    settle(shell, home)
    shutil.copytree(home / "terms", shell.folder / "kept")
    shell.change("kept/terms.toml", 'party = "vendor"', 'party = "customer"')
    proof = Evidence(mixed(20), founding())
    pem = secret(SECP256R1())
    files: dict[str, str | bytes] = {
        "use.json": USES.splitlines()[0], "uses.jsonl": USES, "property.cedar": BRIEF.replace(' @weight("5")', ""),
        "brief/requirements.cedar": BRIEF, "brief/options.cedar": OPTIONS, "brief/brief.toml": 'party = "vendor"\n',
        "agreement.json": proof.file, "evidence.bundle": proof.bundle, "kept.checkpoint": proof.note,
        "brightline.toml": KEYS + CONFIG.replace("a.json", "nowhere.json"),
        "w.gguf": gguf({"general.architecture": "llama"}), "h.gguf": gguf(ADAPTER),
        "model.pem": pem, "model.pub.pem": EcSigningKey.parse(pem).public.pem,
    }  # fmt: skip
    assert shell("key", "new", "site", "--site", "-o", "site.key").status == 0
    for name, content in files.items():
        shell.write(name, content)
    assert shell("agreement", "offer", "draft.toml", "talks", "--key", "vendor.key").status == 0
    assert shell("model", "register", "m", "w.gguf").status == 0
    assert shell("model", "sign", "m.model.json", "--key", "model.pem").status == 0
    return shell.folder


@pytest.mark.parametrize("verb", VERBS)
def test_the_verb_works_on_the_whole_file(whole: Path, tmp_path: Path, verb: str) -> None:
    """Or the mutations would only ever show one refusal."""
    shutil.copytree(whole, tmp_path / "house")
    _, words = VERBS[verb]
    said = Shell(tmp_path / "house")(*words)
    assert said.status in ((2,) if verb in ("serve", "export") else (0, 1)), said
    if said.status == 2:
        assert "nowhere.json" in said.err or "no record" in said.err


@pytest.mark.parametrize("verb", VERBS)
def test_what_was_valid_once(whole: Path, verb: str) -> None:
    name, words = VERBS[verb]
    seed = (whole / name).read_bytes()

    @settings(max_examples=12 if verb in SLOW else 30)
    @given(mutated(seed) | (retyped(seed) if name.endswith(".toml") else st.binary(max_size=60)))
    def run(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            shell = Shell(Path(folder) / "house")
            shutil.copytree(whole, shell.folder)
            shell.write(name, data)
            before = contents(shell.folder)
            said = shell(*words)
            after = contents(shell.folder)
            assert {path: after.get(path) for path in before} == before, "a file was changed"
            made = set(after) - set(before)
            assert not made or said.status != 2, made
            for path in made:
                assert not Path(path).name.startswith(".")
                if path.endswith(".json"):
                    json.loads(after[path])

    run()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
