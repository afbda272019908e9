"""`brightline registry`: owners sign, a disc carries, and what is wrong is told before anything is written."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from brightline.keys import SigningKey
from brightline.registry import Kind, definition_digest, endpoint_digest, read_registry
from brightline.storage.registries import read_folder
from tests.cli.shell import Shell

OWNERS = """\
registry = "army/g2"
[owners.steward]
key = "steward.pub"
kinds = ["purposes", "datasets"]
[owners.legal]
key = "legal.pub"
kinds = ["authorities"]
[owners.operator]
key = "operator.pub"
kinds = ["tools", "models", "prices"]
[owners.personnel]
key = "personnel.pub"
kinds = ["actors"]
"""
DATA = """\
[datasets.personnel]
origin = "own_records"
acquisition = "Kept by the office"
protected_persons = "incidental"

[purposes.files]
text = "Look through personnel files"
activity = "surv.bulk_analysis"
may_use = ["army/g2"]
datasets = ["personnel"]
facts = { phase = "plan", lanes = ["a", "b"] }
"""
LAW = """\
[authorities.order]
title = "The order"
date = 2026-01-01
digest = "order.pdf"
scope = "Files of the office"
activities = ["surv"]
may_cite = ["army"]
"""
TOOLS = """\
[tools.search]
definition = "search.json"
effect = "none"
actuation = "read"
phase = "plan"

[tools.send]
definition = { description = "Send", parameters = { type = "object" } }
endpoint = { url = "https://simulator.example/mcp" }
effect = "administrative"
actuation = "act"
phase = "simulate"
needs_person = true

[models.harbor]
digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
family = "smol"

[prices.harbor]
currency = "USD"
input = "0.15"
output = "0.60"
"""
PEOPLE = """\
[actors."g2/official"]
nature = "person"
component = "army/g2"
roles = ["official"]
key = "official.pub"
"""
SEARCH = {"type": "function", "function": {"name": "search", "description": "Search", "parameters": {"type": "object"}}}
WHOSE = {"steward": DATA, "legal": LAW, "operator": TOOLS, "personnel": PEOPLE}
KEYS = ("customer", *WHOSE, "official", "stranger")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys, the files of four owners, and a registry that they signed: made by the program itself."""
    shell = Shell(tmp_path_factory.mktemp("office"))
    for i, name in enumerate(KEYS):
        key = SigningKey.new(name, bytes([i + 1]) * 32)
        shell.write(f"{name}.key", key.secret_text())
        shell.write(f"{name}.pub", str(key.public))
    shell.write("order.pdf", b"%PDF the order")
    shell.write("search.json", json.dumps(SEARCH))
    shell.write("owners.toml", OWNERS)
    assert signed(shell, "owners.toml", "customer").status == 0
    for name, text in WHOSE.items():
        shell.write(f"{name}.toml", text)
        assert signed(shell, f"{name}.toml", name).status == 0
    return shell.folder


@pytest.fixture
def desk(shell: Shell, office: Path) -> Shell:
    shutil.copytree(office, shell.folder, dirs_exist_ok=True)
    return shell


CUSTOMER = ("--customer-key", "customer.pub")


def signed(shell: Shell, file: str, key: str, *more: str) -> object:
    return shell("registry", "sign", file, "--key", f"{key}.key", *CUSTOMER, *more)


def refused(shell: Shell, file: str, key: str, *more: str) -> str:
    before = content(shell)
    said = shell.fails("registry", "sign", file, "--key", f"{key}.key", *CUSTOMER, *more)
    assert content(shell) == before
    return said


def content(shell: Shell, folder: str = "registry") -> dict[str, bytes]:
    root = shell.folder / folder
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_what_four_owners_signed_stands(desk: Shell) -> None:
    said = desk("registry", "check", *CUSTOMER, "--json").document
    assert said["ok"]
    assert said["registry"] == "army/g2"
    assert said["items"] == {
        "owners": 1, "purposes": 1, "datasets": 1, "authorities": 1, "tools": 2, "actors": 1, "models": 1, "prices": 1,
    }  # fmt: skip
    text = desk("registry", "check", *CUSTOMER)
    assert text.status == 0
    assert "army/g2: 1 owners, 1 purposes, 1 datasets" in text.out


def test_files_become_digests(desk: Shell) -> None:
    items = {n: desk("registry", "show", "tools", n, *CUSTOMER, "--json").document["item"] for n in ("search", "send")}
    assert items["search"]["definition"] == definition_digest("search", "Search", {"type": "object"})
    assert items["send"]["definition"] == definition_digest("send", "Send", {"type": "object"})
    assert items["send"]["endpoint"] == endpoint_digest({"url": "https://simulator.example/mcp"})
    order = desk("registry", "show", "authorities", "order", *CUSTOMER, "--json").document["item"]
    assert order["digest"] == "sha256:" + hashlib.sha256(b"%PDF the order").hexdigest()


@pytest.mark.parametrize(
    "of",
    [
        {"name": "search", "description": "Search", "input_schema": {"type": "object"}},
        {"name": "search", "description": "Search", "inputSchema": {"type": "object"}},
    ],
)
def test_one_tool_has_one_digest_in_every_api(desk: Shell, of: object) -> None:
    desk.write("search.json", json.dumps(of))
    assert "unchanged: tools search" in signed(desk, "operator.toml", "operator").out


def test_list_and_show(desk: Shell) -> None:
    assert "personnel" in desk("registry", "list", "datasets", *CUSTOMER).out
    listed = desk("registry", "list", "datasets", *CUSTOMER, "--json").document
    assert [i["name"] for i in listed["items"]] == ["personnel"]
    text = desk("registry", "show", "purposes", "files", *CUSTOMER).out
    assert "signed by steward" in text
    assert "facts: lanes = a+b, phase = plan" in text
    assert "steward+" in desk("registry", "show", "owners", "army/g2", *CUSTOMER).out


def test_signing_again_changes_nothing_and_signing_anew_makes_a_version(desk: Shell) -> None:
    before = content(desk)
    said = signed(desk, "steward.toml", "steward", "--json").document
    assert (said["signed"], said["unchanged"]) == ([], ["datasets personnel", "purposes files"])
    assert content(desk) == before
    desk.change("steward.toml", '"incidental"', '"bulk"')
    said = signed(desk, "steward.toml", "steward", "--json").document
    assert [(s["kind"], s["name"], s["version"]) for s in said["signed"]] == [("datasets", "personnel", 2)]
    shown = desk("registry", "show", "datasets", "personnel", *CUSTOMER, "--json").document
    assert [v["item"]["protected_persons"] for v in shown["history"]] == ["incidental", "bulk"]
    assert "before: version 1 of" in desk("registry", "show", "datasets", "personnel", *CUSTOMER).out


def test_remove_and_sign_again(desk: Shell) -> None:
    said = desk("registry", "remove", "datasets", "personnel", "--key", "steward.key", *CUSTOMER)
    assert said.out == "removed datasets personnel, version 2\n"
    gone = desk.fails("registry", "show", "datasets", "personnel", *CUSTOMER)
    assert gone.startswith("datasets 'personnel': it was removed — ")
    again = desk.fails("registry", "remove", "datasets", "personnel", "--key", "steward.key", *CUSTOMER)
    assert "not registered" in again
    assert signed(desk, "steward.toml", "steward", "--json").document["signed"][0]["version"] == 3


REFUSED = {
    "another owner's kind": ("new.toml", "operator", "operator may not sign datasets — have an owner of datasets"),
    "a stranger's key": ("new.toml", "stranger", "datasets personnel: signed by no owner"),
    "the customer's key": ("new.toml", "customer", "datasets personnel: signed by no owner"),
    "owners, by an owner": ("more.toml", "steward", "not signed by the customer"),
    "two kinds by one": ("both.toml", "steward", "steward may not sign authorities"),
    "a look-alike": ("alike.toml", "operator", "it looks like se"),
    "a kind that is none": ("kind.toml", "steward", "'dataset' is no kind — did you mean 'datasets'?"),
    "a field that is none": ("field.toml", "steward", "datasets.x.orgin: no such field — did you mean 'origin'?"),
    "a fact of others": ("fact.toml", "steward", "facts.data_origin: none of the purposes attests this"),
    "nothing": ("empty.toml", "steward", "empty.toml: no item in it"),
    "another registry": ("other.toml", "customer", "the registry there is 'army/g2'"),
    "owners of nothing": ("nameless.toml", "customer", "does not say which registry"),
    "two duties": ("duties.toml", "customer", "actors and tools in one hand"),
    "no file": ("none.toml", "steward", "cannot be read"),
    "another tool's definition": ("misnamed.toml", "operator", "it defines 'search', not 'find'"),
    "no definition": ("undefined.toml", "operator", "not a tool's definition"),
}
FILES = {
    "more.toml": OWNERS.replace("legal", "lawyer").replace("lawyer.pub", "legal.pub"),
    "both.toml": DATA + LAW.replace("Files of", "Papers of"),
    "new.toml": DATA.replace("Kept by", "Held by"),
    "alike.toml": TOOLS[: TOOLS.index("[tools.send]")].replace("tools.search", "tools.SEND").replace(
        '"search.json"', '{ parameters = {} }'
    ),
    "kind.toml": "[dataset.x]",
    "field.toml": '[datasets.x]\norgin = "own_records"\nacquisition = "a"\nprotected_persons = "none"',
    "fact.toml": DATA.replace('phase = "plan"', 'data_origin = "public"'),
    "empty.toml": "",
    "other.toml": OWNERS.replace("army/g2", "army/g3"),
    "nameless.toml": OWNERS.replace('registry = "army/g2"\n', ""),
    "duties.toml": OWNERS.replace('["actors"]', '["actors", "tools"]'),
    "misnamed.toml": TOOLS.replace("tools.search", "tools.find"),
    "undefined.toml": TOOLS.replace('"search.json"', '{ description = "x" }'),
}  # fmt: skip


@pytest.mark.parametrize(("file", "key", "said"), REFUSED.values(), ids=REFUSED)
def test_what_may_not_be_signed_is_told_and_not_written(desk: Shell, file: str, key: str, said: str) -> None:
    for name, text in FILES.items():
        desk.write(name, text)
    assert said in refused(desk, file, key)


def test_the_customer_names_other_owners_and_their_items_are_signed_anew(desk: Shell) -> None:
    desk.change("owners.toml", '"steward.pub"', '"stranger.pub"')
    assert signed(desk, "owners.toml", "customer").status == 0
    said = desk("registry", "check", *CUSTOMER, "--json")
    assert said.status == 1
    assert {r["text"] for r in said.document["refused"]} == {"its owner may no longer sign this kind"}
    assert "signed by no owner" in refused(desk, "steward.toml", "steward")
    assert signed(desk, "steward.toml", "stranger").status == 0
    assert desk("registry", "check", *CUSTOMER).status == 0


HOSTILE = {
    "forged": (lambda d: d.replace(b'"sig":"', b'"sig":"AA'), "malformed|signed by no owner"),
    "torn": (lambda d: d[:-9], "line 1"),
    "huge": (lambda d: d + b" " * (1 << 20), "bytes"),
    "empty": (lambda d: b"", "line 1"),
}


@pytest.mark.parametrize(("change", "said"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_named_and_what_it_was_stands_no_more(desk: Shell, change: object, said: str) -> None:
    (path,) = (desk.folder / "registry/datasets").iterdir()
    path.write_bytes(change(path.read_bytes()))
    checked = desk("registry", "check", *CUSTOMER, "--json")
    assert checked.status == 1
    (found,) = checked.document["refused"]
    assert re.search(said, found["text"])
    assert str(path.relative_to(desk.folder)) in found["place"]
    assert checked.document["items"]["datasets"] == 0
    assert desk("registry", "list", "datasets", *CUSTOMER).out.startswith("no datasets registered\nrefused: ")


def test_what_attests_nothing_under_a_pack_is_told(desk: Shell) -> None:
    said = desk("registry", "check", *CUSTOMER, "--pack", "customer", "--json")
    assert said.status == 1
    assert {(u["kind"], u["name"], u["why"]) for u in said.document["unfit"]} == {
        ("purposes", "files", "unknown_word"),  # lanes that the pack does not have
        ("authorities", "order", "not_agreed"),
    }
    assert (
        "attests nothing under these terms: authorities order"
        in desk("registry", "check", *CUSTOMER, "--pack", "customer").out
    )


def test_a_stranger_is_not_the_customer(desk: Shell) -> None:
    assert "not signed by the customer" in desk.fails("registry", "check", "--customer-key", "stranger.pub")


# ---- a disc ---------------------------------------------------------------------------------------------------


def test_a_registry_travels_on_a_disc(desk: Shell) -> None:
    exported = desk("registry", "export", "disc", *CUSTOMER, "--json").document
    assert exported["files"] == len(content(desk, "disc")) == len(content(desk))
    said = desk("registry", "import", "disc", *CUSTOMER, "--registry", "other", "--json").document
    assert said["digest"] == exported["digest"]
    assert {c["kind"] for c in said["changes"]} == {str(k) for k in Kind}
    assert content(desk, "other") == content(desk)
    again = desk("registry", "import", "disc", *CUSTOMER, "--registry", "other", "--json").document
    assert again["changes"] == []
    assert "there is such a file" in desk.fails("registry", "export", "disc", *CUSTOMER)


def test_an_older_copy_takes_nothing_back(desk: Shell) -> None:
    desk("registry", "export", "old", *CUSTOMER)
    desk.change("steward.toml", '"incidental"', '"bulk"')
    signed(desk, "steward.toml", "steward")
    before = content(desk)
    assert desk("registry", "import", "old", *CUSTOMER, "--json").document["changes"] == []
    assert content(desk) == before
    said = desk("registry", "import", "registry", *CUSTOMER, "--registry", "old")
    assert "altered datasets personnel" in said.out
    assert content(desk, "old") == before


def test_two_copies_that_went_apart_are_not_joined(desk: Shell) -> None:
    desk("registry", "export", "other", *CUSTOMER)
    desk.change("steward.toml", '"incidental"', '"bulk"')
    signed(desk, "steward.toml", "steward")
    desk.change("steward.toml", '"bulk"', '"named"')
    signed(desk, "steward.toml", "steward", "--registry", "other")
    before = content(desk)
    assert "two versions at once" in desk.fails("registry", "import", "other", *CUSTOMER)
    assert content(desk) == before


def test_a_disc_with_one_bad_file_is_not_read_at_all(desk: Shell) -> None:
    desk("registry", "export", "disc", *CUSTOMER)
    desk.write("disc/tools/x.json", "{}")
    before = content(desk)
    assert desk.fails("registry", "import", "disc", *CUSTOMER).startswith("disc/tools/x.json: not a DSSE envelope")
    assert content(desk) == before


def test_what_a_crash_leaves_is_a_registry_and_the_next_run_goes_on(desk: Shell) -> None:
    """Any number of files, in the order in which they are written, reads without a refusal."""
    files = read_folder(desk.folder / "registry")
    desk("registry", "export", "disc", *CUSTOMER)
    customer = SigningKey.new("customer", bytes([1]) * 32).public
    order = sorted(files, key=lambda n: ("/owners/" not in n, n))
    for count in range(1, len(order) + 1):
        assert read_registry({n: files[n] for n in order[:count]}, customer).refused == ()


def test_other_bytes_under_a_statements_name_are_told(desk: Shell) -> None:
    desk("registry", "export", "disc", *CUSTOMER)
    (path,) = (desk.folder / "registry/prices").iterdir()
    path.write_bytes(b"{}")
    said = desk.fails("registry", "import", "disc", *CUSTOMER)
    assert "registry/prices" in said
    assert path.read_bytes() == b"{}"


def test_no_folder_no_registry(desk: Shell) -> None:
    assert "nowhere: no registry there" in desk.fails("registry", "check", *CUSTOMER, "--registry", "nowhere")
    assert "no registry there" in desk.fails("registry", "import", "nowhere", *CUSTOMER)
    assert "is no kind" in desk.fails("registry", "list", "tols", *CUSTOMER)
