"""`brightline propose`: the contract, what is written, and that nothing is where something is at fault."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.shell import SOURCE, Shell

PARTY = 'party = "{}"\n'
ALL = '@id("{}-all") @title("all") permit (principal, action, resource);\n'
DEMAND = '@id("R1") @title("nobody is profiled") forbid (principal, action == Action::"surv.profile", resource);\n'
WISH = '@id("W1") @weight("4711") @title("never mind") forbid (principal, action == Action::"gen.unknown", resource);\n'
WORK = '@id("Q1") @title("office work goes on") permit (principal, action == Action::"gen.office", resource);\n'
OPTIONS = (
    '@menu("profiles") @option("none") @id("O1") @title("None") '
    'forbid (principal, action == Action::"surv.profile", resource);\n'
    '@menu("profiles") @option("nothing") @id("O2") forbid (principal, action, resource) when { false };\n'
)


@pytest.fixture
def table(shell: Shell) -> Shell:
    """Two packs and customer briefs in the user's folder."""
    assert shell("terms", "new", "start").status == 0
    toml = (shell.folder / "start/terms.toml").read_text()
    toml = "\n".join(line for line in toml.splitlines() if not line.startswith("party"))
    for party in ("vendor", "customer"):
        for folder, name, text in (
            (party, "terms.toml", PARTY.format(party) + toml),
            (party, "terms.cedar", ALL.format(party)),
        ):
            shell.write(f"{folder}/{name}", text)
    shell.write("briefs/vendor/requirements.cedar", DEMAND + WISH)
    shell.write("briefs/vendor/options.cedar", OPTIONS)
    shell.write("briefs/customer/requirements.cedar", WORK)
    return shell


def test_the_keys_of_the_contract(table: Shell) -> None:
    said = table("propose", "vendor", "customer", "--briefs", "briefs/vendor", "briefs/customer", "--json")
    assert said.status == 0
    document = said.document
    assert set(document) == {"complete", "proposals"}
    (proposal,) = document["proposals"]
    assert set(proposal) == {"options", "a", "b", "cases", "terms", "text"}
    assert proposal["options"] == {"profiles": "none"}
    assert set(proposal["a"]) == set(proposal["b"]) == {"kept", "given"}
    assert proposal["a"]["given"] == [{"party": "vendor", "id": "W1", "title": "never mind", "weight": 4711}]
    assert proposal["b"]["kept"] == [{"party": "customer", "id": "Q1", "title": "office work goes on"}]


def test_briefs_may_be_named_one_by_one(table: Shell) -> None:
    both = table("propose", "vendor", "customer", "--briefs", "briefs/vendor", "briefs/customer", "--json")
    assert (
        table("propose", "vendor", "customer", "--briefs", "briefs/vendor", "--briefs", "briefs/customer", "--json")
        == both
    )
    assert table("propose", "vendor", "customer", "--briefs", "briefs/customer", "--json").status == 0


def test_what_a_person_reads(table: Shell) -> None:
    said = table("propose", "vendor", "customer", "--briefs", "briefs/vendor", "briefs/customer", "--out", "out")
    assert said.status == 0
    assert max(map(len, said.out.splitlines())) <= 100
    for part in ("profiles", "Proposal 1  written to out/proposal-1/", "“never mind”", "1 proposal proven to meet"):
        assert part in said.out


def test_a_proposal_is_a_pack_everywhere(table: Shell) -> None:
    assert (
        table("propose", "vendor", "customer", "--briefs", "briefs/vendor", "briefs/customer", "--out", "out").status
        == 0
    )
    pack = "out/proposal-1"
    assert table("terms", "lint", pack).status == 0
    uses = '{"activity": "surv.profile"}\n{"activity": "gen.office"}'
    assert [d["outcome"] for d in table("decide", pack, "-", "--json", stdin=uses).documents] == ["deny", "permit"]
    written = "".join(f.read_text() for f in (table.folder / "out").rglob("*") if f.is_file())
    for private in ("4711", "nobody is profiled", "never mind", "@menu", "@option", "profiles", "R1", "Q1"):
        assert private not in written


def test_an_impasse_ends_one(table: Shell) -> None:
    table.write("briefs/customer/requirements.cedar", DEMAND.replace("R1", "Q1").replace("forbid", "permit"))
    said = table(
        "propose", "vendor", "customer", "--briefs", "briefs/vendor", "briefs/customer", "--json", "--out", "out"
    )
    assert said.status == 1
    assert said.document["proposals"] == []
    assert [(r["party"], r["id"]) for r in said.document["impasse"]["core"]] == [("vendor", "R1"), ("customer", "Q1")]
    assert not (table.folder / "out").exists()
    plain = table("propose", "vendor", "customer", "--briefs", "briefs/vendor", "briefs/customer")
    assert plain.status == 1
    assert "impasse" in plain.out
    assert max(map(len, (line for line in plain.out.splitlines() if "impasse" not in line))) <= 100


FAULTS = {
    "no brief": (["vendor", "customer"], "--briefs"),
    "no such brief": (["vendor", "customer", "--briefs", "briefs/none"], "briefs/none.*shipped brief"),
    "a file": (["vendor", "customer", "--briefs", "vendor/terms.toml"], "not a brief"),
    "a pack": (["vendor", "customer", "--briefs", "vendor"], "neither requirements.cedar nor options.cedar"),
    "a pack twice": (["vendor", "vendor", "--briefs", "briefs/vendor"], "both packs are of the party 'vendor'"),
    "what is there": (
        ["vendor", "customer", "--briefs", "briefs/vendor", "--out", "vendor"],
        "there is such a file already",
    ),
    "bytes": (["vendor", "customer", "--briefs", "briefs/bytes"], "briefs/bytes/options.cedar.*UTF-8"),
}


@pytest.mark.parametrize(("arguments", "said"), FAULTS.values(), ids=FAULTS)
def test_what_is_at_fault_is_named_and_nothing_is_written(table: Shell, arguments: list[str], said: str) -> None:
    (table.folder / "briefs/bytes").mkdir()
    (table.folder / "briefs/bytes/options.cedar").write_bytes(b"\xff\xfe")
    before = sorted(table.folder.rglob("*"))
    run = table("propose", *arguments, *([] if "--out" in arguments else ["--out", "out"]))
    assert run.status == 2
    assert re.search(said, run.err)
    assert sorted(table.folder.rglob("*")) == before


def test_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    """The founding dispute, in processes of their own."""
    answers = [_founding(seed, tmp_path / seed) for seed in ("1", "2")]
    assert answers[0] == answers[1]
    files = [
        sorted((str(p.relative_to(tmp_path / x)), p.read_text()) for p in (tmp_path / x).rglob("*.*")) for x in "12"
    ]
    assert files[0] == files[1]
    assert len(files[0]) == 33
    assert len(json.loads(answers[0])["proposals"]) == 11


def _founding(seed: str, out: Path) -> str:
    arguments = ["propose", "vendor", "customer", "--briefs", "vendor", "customer", "--json", "--out", str(out)]
    return subprocess.run(
        [sys.executable, "-m", "brightline.cli", *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONHASHSEED": seed},
        capture_output=True,
        check=True,
        text=True,
        timeout=300,
    ).stdout
