"""DESIGN section 4: exit status, stdout and stderr of every verb. `Said` holds every run of every story to it too."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1

from brightline.errors import InputError, MachineError
from tests.cli.desks import settled_desk
from tests.cli.shell import Shell
from tests.keys.test_ec import secret
from tools.reference_cli import verbs

PAGE = (Path(__file__).parents[2] / "docs/reference/cli.md").read_text("utf-8")
TABLE = dict(re.findall(r"^\| `([a-z -]+)` \| (`.*) \|$", PAGE.partition("## What --json prints")[2], re.MULTILINE))
KEYS = {verb: set(re.findall(r"`(\w+)`", re.split("[;,] [a-z]", keys)[0])) for verb, keys in TABLE.items()}
# Runs of the verbs that answer at once; the others have stories of their own.
RUNS: dict[str, tuple[str, ...]] = {
    "vocabulary": (),
    "decide": ("terms", "use.json"),
    "compare": ("vendor", "customer"),
    "propose": ("health-vendor", "health-hospital", "--briefs", "health-vendor", "health-hospital"),
    "brief": ("vendor", "customer"),
    "check": ("customer", "no-autonomous-weapons"),
    "replay": ("terms", "use.json"),
    "terms new": ("fresh",),
    "terms lint": ("terms",),
    "terms test": ("terms",),
    "terms odrl": ("terms", "terms.jsonld"),
    "key new": ("name",),
    "key show": ("vendor.key",),
    "model register": ("m", "w.bin"),
    "model sign": ("w.bin", "--key", "model.pem"),
    "model list": (),
    "agreement offer": ("draft.toml", "talks", "--key", "vendor.key"),
    "agreement interim": ("vendor", "customer", "undisputed"),
    "agreement counter": ("other.toml", "talks", "--key", "customer.key"),
    "agreement accept": ("talks", "--key", "customer.key"),
    "agreement agree": ("talks", "--key", "vendor.key"),
    "agreement confirm": ("talks", "--key", "customer.key"),
    "agreement finalize": ("talks", "--key", "vendor.key"),
    "agreement terminate": ("talks", "--key", "vendor.key"),
    "agreement show": ("talks",),
    "registry sign": ("owners.toml", "--key", "customer.key", "--customer-key", "customer.pub"),
    "registry list": ("owners", "--customer-key", "customer.pub"),
    "registry show": ("owners", "desk", "--customer-key", "customer.pub"),
    "registry remove": ("prices", "m", "--key", "stranger.key", "--customer-key", "customer.pub"),
    "registry export": ("disc", "--customer-key", "customer.pub"),
    "registry import": ("registry", "--registry", "other", "--customer-key", "customer.pub"),
    "registry check": ("--customer-key", "customer.pub"),
    "registry may": ("terms", "stranger", "--customer-key", "customer.pub"),
    "desk new": ("roster.toml", "another", "--agreement", "signed.json", "--key", "customer.key"),
    "desk list": ("army",),
    "desk show": ("army", "HOLD"),
    "desk grant": ("army", "HOLD", "--key", "lee.key"),
    "desk refuse": ("army", "HOLD", "--key", "lee.key", "--reason", "no"),
    "desk appeal": ("army", "REFUSED", "--key", "asker.key", "--reason", "yes"),
    "desk withdraw": ("army", "HOLD", "--key", "asker.key"),
    "desk concerns": ("army", "--key", "iris.key"),
    "exception grant": ("army", "supervised_defence", "--key", "quinn.key", "--reason", "why", "--days", "9"),
    "exception revoke": ("army", "EXCEPTION", "--key", "quinn.key", "--reason", "why"),
    "exception list": ("army",),
    "break-glass start": ("army", "--key", "quinn.key", "--reason", "why", "--minutes", "9"),
    "audit commit": ("-o", "nonces"),
    "break-glass end": ("army", "--key", "quinn.key", "--reason", "why"),
}
ELSEWHERE = {
    "serve",
    "guard",
    "demo",
    "doctor",
    "verify",
    "evidence export",
    "evidence explain",
    "evidence open",
    "evidence erase",
    "evidence purge",
    "evidence hold",
    "evidence lift",
    "evidence erase-copies",
    "evidence thin",
    "evidence release",
    "evidence refuse",
    "evidence meters",
    "witness serve",
    "witness cosign",
    "witness request",
    "witness attach",
    "witness prove",
    "key rotate",
    "audit challenge",
    "audit open",
    "audit judge",
    "audit report",
    "screen calibrate",
    "screen report",
}
LEADS_TO = {"agree": ["accept"], "confirm": ["accept", "agree"], "finalize": ["accept", "agree", "confirm"]}


def test_no_verb_is_forgotten() -> None:
    assert set(RUNS) <= set(verbs()) <= set(RUNS) | ELSEWHERE


def test_every_verb_takes_json() -> None:
    for name, verb in verbs().items():
        assert "--json" in [o for p in verb.params for o in p.opts], name


@pytest.mark.parametrize("verb", RUNS)
def test_json_is_one_document_with_the_keys_of_the_page(parties: Shell, verb: str) -> None:
    if verb.startswith("agreement") and verb != "agreement offer":
        parties("agreement", "offer", "draft.toml", "talks", "--key", "vendor.key")
    for before in LEADS_TO.get(verb.rsplit(maxsplit=1)[-1], []):
        parties("agreement", before, "talks", "--key", "vendor.key" if before == "agree" else "customer.key")
    if verb.startswith("registry"):
        settled_registry(parties, signed=verb != "registry sign")
    if verb.startswith("model"):
        settled_model(parties, stated=verb == "model list")
    desk = settled_desk(parties) if verb.partition(" ")[0] in ("desk", "exception", "break-glass") else {}
    if verb == "break-glass end":
        parties("break-glass", "start", *RUNS["break-glass start"])
    said = parties(*verb.split(), *[desk.get(word, word) for word in RUNS[verb]], "--json")
    if verb == "agreement show":  # its keys: tests/agreement/test_reference.py
        assert {"state", "in_force", "signatories", "prevails", "consequences"} <= set(said.document)
    else:
        assert set(said.document) == KEYS[verb]


def settled_model(parties: Shell, stated: bool) -> None:
    """Weights and a key; where `stated`, a statement of them."""
    parties.write("w.bin", b"weights")
    parties.write("model.pem", secret(SECP256R1()))
    if stated:
        parties("model", "register", "m", "w.bin")


def settled_registry(parties: Shell, signed: bool) -> None:
    """Owners and a price, signed by whom they are."""
    parties.write("owners.toml", 'registry = "desk"\nowners.stranger = { key = "stranger.pub", kinds = ["prices"] }')
    parties.write("prices.toml", 'prices.m = { currency = "USD", input = "1", output = "2" }')
    for file, key in (("owners.toml", "customer.key"), ("prices.toml", "stranger.key")) if signed else ():
        parties("registry", "sign", file, "--key", key, "--customer-key", "customer.pub")


def test_the_inner_keys_of_the_page(user: Shell) -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    user.change("terms/terms.cedar", '@id("T1") ', "")
    user.change("terms/scenarios.jsonl", '"hold"', '"deny"')
    inner = [*user("terms", "lint", "terms", "--json").document["findings"]]
    inner += user("terms", "test", "terms", "--json").document["failed"]
    inner += user("decide", "terms", "-", "--json", stdin='{"activity": "surv.profile"}').document["needs"]
    inner += [user("key", "new", "a", "--api", "--json").document, user("key", "new", "a", "--site", "--json").document]
    assert len(inner) == 5
    assert {key for item in inner for key in item} <= named


@pytest.mark.parametrize("schema", ["cedar", "use"])
def test_a_schema_is_one_document(shell: Shell, schema: str) -> None:
    assert shell("vocabulary", "--schema", schema).document
    assert "did you mean" in shell.fails("vocabulary", "--schema", schema + "x")


MISUSED = {
    "no such verb": (("nonsense",), "no such command 'nonsense' — see `brightline --help`"),
    "a slip in a verb": (("terms", "lnt"), "terms: no such command 'lnt'. Did you mean 'lint'? — see"),
    "an argument missing": (
        ("terms", "lint"),
        "terms lint: missing argument 'pack' — see `brightline terms lint --help`",
    ),
    "an argument too many": (("terms", "lint", "a", "b"), "terms lint: got unexpected extra argument(s) (b) — see"),
    "a slip in an option": (("decide", "a", "b", "--jsn"), "decide: no such option: --jsn (Possible options: --json)"),
    "an option missing": (("agreement", "accept", "t"), "agreement accept: missing option '--key' — see"),
    "an option without a value": (
        ("key", "new", "a", "-o"),
        "option '-o' requires an argument — see `brightline --help`",
    ),
    "a value for a switch": (("vocabulary", "--json=yes"), "option '--json' does not take a value — see"),
    "no such word": (("vocabulary", "plce"), "vocabulary: no word is called 'plce' — did you mean 'place'?"),
}


@pytest.mark.parametrize(("arguments", "sentence"), MISUSED.values(), ids=MISUSED)
def test_a_misused_verb_is_told_in_one_sentence(shell: Shell, arguments: tuple[str, ...], sentence: str) -> None:
    assert shell.fails(*arguments).startswith(sentence)


@pytest.mark.parametrize("name", verbs())
def test_every_verb_has_help(shell: Shell, name: str) -> None:
    said = shell(*name.split(), "--help")
    assert said.status == 0
    assert said.out.startswith(f"Usage: brightline {name} ")
    verb = verbs()[name]
    assert verb.help
    assert all(p.help for p in verb.params)


ERRORS = {
    "input": (InputError("wrong", place="a:1", cure="mend it"), "a:1: wrong — mend it"),
    "machine": (MachineError("two\nlines", place="b", cure="look"), "b: two lines — look"),
    "a file": (OSError(28, "No space left on device", "c"), "c: No space left on device — check"),
    "the disk": (OSError(28, "No space left on device"), "the machine: No space left on device — check"),
    "escapes": (InputError("\x1b[2J\x9b\u202e", cure="mend it"), "\\x1b[2J\\x9b\\u202e — mend it"),
}


@pytest.mark.parametrize(("error", "sentence"), ERRORS.values(), ids=ERRORS)
def test_an_error_becomes_one_sentence(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def broken(_: object) -> None:
        raise error

    monkeypatch.setattr("brightline.cli.vocabulary._show", broken)
    assert shell.fails("vocabulary").startswith(sentence)


def test_what_comes_from_others_cannot_play_with_the_terminal(user: Shell) -> None:
    user.change("terms/terms.cedar", "Ordinary work", "\\u{1b}]0;owned\\u{7}\\u{202e}Ordinary work")
    said = user("decide", "terms", "use.json")
    assert said.status == 0
    assert "\\x1b]0;owned\\x07\\u202eOrdinary work" in said.out
    scenario = {"id": "S\u001b", "text": "\u009b1m", "use": {"activity": "gen.office"}, "expect": {"outcome": "deny"}}
    user.write("terms/scenarios.jsonl", json.dumps(scenario))
    assert not set(user("terms", "test", "terms").out) & set("\x1b\x9b\u202e\x07")
    assert "\\x1b[1m nope" in user.fails("terms", "lint", "\x1b[1m\nnope")
