"""The draft of `agreement offer`: the example of docs/reference/agreement.md, and what is wrong with others."""

from __future__ import annotations

import base64
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brightline.agreement import USUAL_CONSEQUENCES
from brightline.agreement.reading import plain
from tests.cli.shell import Shell

PAGE = (Path(__file__).parents[2] / "docs/reference/agreement.md").read_text("utf-8")
SECTION = PAGE.partition("## 8. The draft")[2]
(EXAMPLE,) = re.findall(r"```toml\n(.*?)```", SECTION, re.DOTALL)
OFFER = ("agreement", "offer", "draft.toml", "talks", "--key", "vendor.key")


def offered(shell: Shell, draft: str) -> dict[str, Any]:
    """The agreement's payload that a draft becomes."""
    shell.write("draft.toml", draft)
    file = shell.folder / shell(*OFFER, "--json").document["message"]
    message = json.loads(base64.b64decode(json.loads(file.read_bytes())["payload"]))
    payload: dict[str, Any] = message["agreement"]
    return payload


def test_the_example_is_a_draft_and_says_what_it_says(parties: Shell) -> None:
    parties("key", "new", "department.example/gateway-1", "-o", "log.key")
    payload, said = offered(parties, EXAMPLE), tomllib.loads(EXAMPLE)
    for name in ("title", "contract", "interim", "prevails", "ceiling", "disclosure", "retention", "audit"):
        assert payload[name] == said[name]
    assert [payload["from"], payload["until"]] == [str(said["from"]), str(said["until"])]
    assert payload["models"] == [{"digest": None} | model for model in said["models"]]
    assert payload["logs"][0]["key"] == (parties.folder / "log.pub").read_text().strip()
    for role in ("vendor", "customer"):
        assert payload["parties"][role]["signatories"] == said["parties"][role]["signatories"]
        assert payload["parties"][role]["key"] == (parties.folder / f"{role}.pub").read_text().strip()
    usual = plain(USUAL_CONSEQUENCES)
    changed = {code: row for code, row in payload["consequences"].items() if row != usual.get(code)}
    assert set(changed) == {"record.invalid", "meter.missing"}
    assert changed["record.invalid"] == usual["record.invalid"] | {"cure_days": 10}
    assert changed["meter.missing"] == said["consequences"]["meter.missing"]
    assert set(usual) < set(payload["consequences"])


def members(value: Any) -> Iterator[str]:
    """Names of members that the format fixes: not module names or codes, which parties choose."""
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        if isinstance(name, str):
            yield name
        yield from members(list(inner.values()) if name == "consequences" else inner)


def test_the_example_says_everything(parties: Shell) -> None:
    parties("key", "new", "department.example/gateway-1", "-o", "log.key")
    payload = offered(parties, EXAMPLE)
    for given_otherwise in ("type", "terms", "vocabulary"):  # the program says the first, the pack the others
        del payload[given_otherwise]
    said = tomllib.loads(EXAMPLE.replace("# supersedes", "supersedes"))
    assert set(members(said)) == set(members(payload)) | {"pack"}


def parties_next(parties: Shell) -> Shell:
    (parties.folder / "talks").rename(parties.folder / "before")
    return parties


def test_the_least_draft_takes_every_default(parties: Shell) -> None:
    payload = offered(parties, (parties.folder / "draft.toml").read_text())
    assert payload["consequences"] == plain(USUAL_CONSEQUENCES)
    assert payload["models"] == payload["logs"] == []
    assert payload["prevails"] == "words"
    assert payload["terms"]["files"].keys() == {"terms.toml", "terms.cedar", "scenarios.jsonl"}
    assert set(payload["vocabulary"]) == {"core", "defence"}


def test_a_key_may_stand_as_text_and_a_secret_never_gets_out(parties: Shell) -> None:
    draft = (parties.folder / "draft.toml").read_text()
    text = (parties.folder / "vendor.pub").read_text().strip()
    by_file = offered(parties, draft)
    assert offered(parties_next(parties), draft.replace("vendor.pub", text)) == by_file
    (parties.folder / "talks").rename(parties.folder / "again")
    assert offered(parties, draft.replace("vendor.pub", "vendor.key")) == by_file


HEAD = 'title = "T"\npack = "terms"\nfrom = 2026-01-01\n'
PARTIES = '[parties.vendor]\nname = "V"\nkey = "vendor.pub"\n[parties.customer]\nname = "C"\nkey = "customer.pub"\n'
# what stands in the draft, and the place and words of the sentence
WRONG = {
    "no TOML": ("title: x", "draft.toml: not TOML: "),
    "a slip in a member": (
        HEAD.replace("title", "titel") + PARTIES,
        "draft.toml: titel: no such field — did you mean 'title'?",
    ),
    "a slip in a table": (HEAD + PARTIES + "[discloure]\n", "did you mean 'disclosure'?"),
    "a slip in a party": (HEAD + PARTIES.replace("name =", "nmae =", 1), "draft.toml: parties.vendor.nmae: "),
    "a slip in a role": (HEAD + PARTIES.replace("customer]", "custmer]"), "draft.toml: parties"),
    "no pack": (HEAD.replace("pack", "pac") + PARTIES, 'draft.toml: names no pack — write pack = "terms"'),
    "no such pack": (HEAD.replace('"terms"', '"trems"') + PARTIES, "trems: there is no such pack"),
    "no parties": (HEAD, "draft.toml: names no parties"),
    "parties that are none": (HEAD + "parties = 3", "draft.toml: names no parties"),
    "a party that is none": (HEAD + 'parties.vendor = "V"\nparties.customer = "C"', "draft.toml: parties.vendor: "),
    "no date": (HEAD.replace("from", "#") + PARTIES, "draft.toml: from: this field is missing"),
    "a date in words": (HEAD.replace("2026-01-01", '"soon"') + PARTIES, "draft.toml: from: 'soon' is no date"),
    "an end before the beginning": (HEAD + "until = 2020-01-01\n" + PARTIES, "draft.toml: until: it ends before"),
    "one key for both": (HEAD + PARTIES.replace("customer.pub", "vendor.pub"), "nobody agrees with themselves"),
    "a key file that is not there": (
        HEAD + PARTIES.replace("customer.pub", "costumer.pub"),
        "costumer.pub: cannot be read",
    ),
    "a key that is none": (HEAD + PARTIES.replace("customer.pub", "a+b+c"), "a+b+c: "),
    "a key with a NUL": (HEAD + PARTIES.replace("customer.pub", "a\\u0000"), "no file can have this name"),
    "terms of its own": (HEAD + PARTIES + "[terms]\n", "draft.toml: terms: a draft does not say this itself"),
    "words of its own": (HEAD + PARTIES + "[vocabulary]\n", "draft.toml: vocabulary: a draft does not"),
    "an amount without quotes": (
        HEAD + PARTIES + '[ceiling]\ncurrency = "USD"\namount = 2.5\nfunded = "1"\n',
        "write it in quotes",
    ),
    "logs that are none": (HEAD + "logs = 3\n" + PARTIES, "draft.toml: logs: expected a list"),
    "a log that is none": (HEAD + "logs = [3]\n" + PARTIES, "draft.toml: logs[0]: "),
    "models that are none": (HEAD + "models = 3\n" + PARTIES, "draft.toml: models: expected a list"),
    "a model without a family": (HEAD + PARTIES + '[[models]]\nname = "m"\n', "draft.toml: models[0].family: "),
    "an audit that is none": (HEAD + "audit = 3\n" + PARTIES, "draft.toml: audit: "),
    "consequences that are none": (HEAD + "consequences = 3\n" + PARTIES, "draft.toml: consequences: "),
    "a row that is none": (HEAD + "consequences.x = 3\n" + PARTIES, "draft.toml: consequences.x: "),
    "a slip in a trigger": (HEAD + PARTIES + '[consequences.other]\ntrigger = "notce"\n', "did you mean 'notice'?"),
    "what stops service": (HEAD + PARTIES + '[consequences.other]\ntrigger = "disable"\n', "is no trigger"),
    "an escape sequence": (
        HEAD.replace('"T"', '"\\u001b[2J"') + PARTIES,
        "draft.toml: title: holds the character U+001B",
    ),
    "text turned round": (HEAD.replace('"T"', '"\\u202e"') + PARTIES, "draft.toml: title: holds the character U+202E"),
    "depth": ("a = " + "[" * 9999, "draft.toml: nested too deeply"),
    "digits": ("a = " + "9" * 5000, "draft.toml: a number of thousands of digits"),
}


@pytest.mark.parametrize(("draft", "words"), WRONG.values(), ids=WRONG)
def test_a_draft_that_cannot_stand_names_the_place(parties: Shell, draft: str, words: str) -> None:
    parties.write("draft.toml", draft)
    assert words in parties.fails(*OFFER)
    assert not (parties.folder / "talks").exists()
