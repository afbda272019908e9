"""Scenarios: words tested by examples (src/brightline/terms/scenarios.py), and packs as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from brightline.errors import InputError, TermsError, UseError
from brightline.storage.packs import open_pack
from brightline.terms import Pack, read_pack, read_scenarios, run_scenarios
from brightline.vocabulary import module

TOML = f"""[vocabulary]
core = "{module("core").digest}"
[certificates]
drill = "a drill"
"""
CEDAR = """
@id("P") permit (principal, action, resource);
@id("H") forbid (principal, action, resource) when { context.place == "abroad" }
    unless { context.approvals.containsAny(["official", "inspector"]) };
@id("N") forbid (principal, action, resource) unless { context.duties.contains("note") };
@id("L") @kind("law") forbid (principal, action == Action::"surv.dissent", resource);
@id("X") forbid (principal, action == Action::"infra.control", resource)
    unless { context.exceptions.contains("drill") };
"""
OFFICE = {"activity": "gen.office", "facts": {"place": "home"}}
ABROAD = {"activity": "gen.office", "facts": {"place": "abroad"}}


def pack(*scenarios: object) -> Pack:
    lines = "\n".join(s if isinstance(s, str) else json.dumps(s) for s in scenarios)
    return read_pack("p", {"terms.toml": TOML, "terms.cedar": CEDAR, "scenarios.jsonl": lines})


@pytest.mark.parametrize(
    ("use", "right", "wrong"),
    [
        (OFFICE, {"outcome": "permit"}, {"outcome": "hold"}),
        (OFFICE, {"outcome": ["hold", "permit"]}, {"outcome": ["hold", "deny"]}),
        (OFFICE, {"outcome": "permit", "duties": ["note"]}, {"outcome": "permit", "duties": []}),
        (OFFICE, {"outcome": "permit", "law": False}, {"outcome": "permit", "law": True}),
        (
            ABROAD,
            {"outcome": "hold", "approvals": [["official"], ["inspector"]]},
            {"outcome": "hold", "approvals": [["official", "inspector"]]},
        ),
        ({"activity": "surv.dissent"}, {"outcome": "deny", "law": True}, {"outcome": "deny", "law": False}),
        (
            {"activity": "infra.control"},
            {"outcome": "deny", "exceptions": ["drill"]},
            {"outcome": "deny", "exceptions": []},
        ),
    ],
)
def test_what_is_meant_is_compared_with_what_is_decided(use: Any, right: Any, wrong: Any) -> None:
    both = pack({"id": "r", "use": use, "expect": right}, {"id": "w", "text": "w", "use": use, "expect": wrong})
    good, bad = run_scenarios(both)
    assert good.wrong == ()
    assert len(bad.wrong) == 1
    assert "mean" in bad.wrong[0] or "law" in bad.wrong[0]


@pytest.mark.parametrize(
    ("line", "error", "text"),
    [
        ("{", TermsError, "line 1"),
        ('{"id": "1", "id": "2"}', TermsError, "stands twice"),
        ("[]", TermsError, "id, text, use and expect"),
        ({"id": "1", "use": OFFICE}, TermsError, "id, text, use and expect"),
        ({"id": "1", "use": OFFICE, "expect": {}}, TermsError, "expect needs an outcome"),
        (
            {"id": "1", "use": OFFICE, "expect": {"outcome": "permit", "duty": []}},
            TermsError,
            "expect needs an outcome",
        ),
        ({"id": "1", "use": OFFICE, "expect": {"outcome": "alow"}}, TermsError, "'alow'"),
        ({"id": "1", "use": {"activity": "gen.ofice"}, "expect": {"outcome": "deny"}}, UseError, "'gen.ofice'"),
    ],
)
def test_a_scenario_that_cannot_be_read(line: object, error: type[InputError], text: str) -> None:
    good = {"id": "0", "use": OFFICE, "expect": {"outcome": "permit"}}
    with pytest.raises(error) as e:
        list(read_scenarios(pack(good, "", line)))
    assert text in e.value.text
    assert e.value.place.startswith("p/scenarios.jsonl:3")
    assert e.value.cure


@pytest.mark.parametrize("name", ["vendor", "customer", "compromise"])
def test_the_shipped_packs_decide_as_they_mean(name: str) -> None:
    results = list(run_scenarios(open_pack(name)))
    assert len(results) > 30
    assert [(r.scenario.id, r.wrong) for r in results if r.wrong] == []


@pytest.mark.parametrize("name", ["terms.toml", "terms.cedar", "scenarios.jsonl"])
def test_a_pack_that_is_no_text(tmp_path: Path, name: str) -> None:
    for n, text in (("terms.toml", TOML), ("terms.cedar", CEDAR), ("scenarios.jsonl", "")):
        (tmp_path / n).write_text(text)
    assert len(open_pack(str(tmp_path)).terms.clauses) == 5
    (tmp_path / name).write_bytes(b"\xff\xfe")
    with pytest.raises(TermsError, match="not UTF-8") as e:
        open_pack(str(tmp_path))
    assert (e.value.place, e.value.cure) == (str(tmp_path / name), "save the file as UTF-8")


def test_a_bare_file_is_a_pack(tmp_path: Path) -> None:
    (tmp_path / "my.cedar").write_text('@id("P") permit (principal, action, resource);')
    assert [c.id for c in open_pack(str(tmp_path / "my.cedar")).terms.clauses] == ["P"]


def test_the_digest_is_of_what_is_said() -> None:
    """Canonical JSON by @id, vocabulary, names and authorities: order and spelling of the text do not count."""

    def digest(cedar: str = CEDAR, toml: str = TOML) -> str:
        return read_pack("p", {"terms.toml": toml, "terms.cedar": cedar}).terms.digest

    first, rest = CEDAR.strip().split("\n", 1)
    assert digest(f"{rest}\n// moved\n{first}") == digest()
    assert digest(toml='title = "Another title"\n' + TOML) == digest()
    changes = [
        digest(CEDAR.replace("note", "redact")),
        digest(CEDAR.replace('@id("L")', '@id("M")')),
        digest(CEDAR.replace('@kind("law") ', "")),
        digest(toml=TOML.replace("a drill", "an exercise")),
        digest(toml=TOML + '[roles]\nx = "y"'),
        digest(toml=TOML + '[authorities.memo]\ntitle = "Memo"'),
        digest(toml='home = "the moon"\n' + TOML),
        digest(toml=TOML.replace("[cert", f'defence = "{module("defence").digest}"\n[cert')),
        digest(toml=TOML + f'[adopted]\ndefence = "{module("defence").digest}"'),
    ]
    assert len({digest(), *changes}) == 1 + len(changes)
