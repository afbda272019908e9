"""docs/reference/terms.md: its examples are run, its tables are complete."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brightline.analysis.lint import lint_meaning
from brightline.terms import Pack, confirm, decide, lint, read_pack, run_scenarios
from brightline.vocabulary import module, read_use

PAGE = (Path(__file__).parents[2] / "docs/reference/terms.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> Iterator[tuple[Pack, str, str]]:
    """(pack of the last clauses shown, kind, text) of every block; the names are those of the page's terms.toml."""
    toml, cedar = "", ""
    for kind, text in BLOCK.findall(PAGE):
        match kind:
            case "toml":
                toml = text.replace("sha256:…", module("core").digest)
            case "cedar":
                cedar = text
        files = {"terms.toml": toml, "terms.cedar": cedar} | ({"scenarios.jsonl": text} if kind == "jsonl" else {})
        yield read_pack("page", files), kind, text


def test_every_decision_on_the_page_is_what_is_decided() -> None:
    outcomes = set()
    for pack, kind, text in examples():
        if kind == "json":
            example: dict[str, Any] = json.loads(text)
            use = read_use(pack.terms.scope.vocabulary, example["use"])
            decision = decide(pack.terms, use)
            said = decision.to_json()
            assert {key: said[key] for key in example["decision"]} == example["decision"]
            confirm(pack.terms, use, decision)
            outcomes.add(str(decision.outcome))
    assert outcomes == {"permit", "hold", "ask", "deny"}


def test_every_scenario_on_the_page_passes() -> None:
    (pack,) = [pack for pack, kind, _ in examples() if kind == "jsonl"]
    assert [(r.scenario.id, r.wrong) for r in run_scenarios(pack)] == [(f"S{i}", ()) for i in range(1, 5)]


def test_every_kind_of_example_is_run() -> None:
    assert {kind for _, kind, _ in examples()} == {"toml", "cedar", "json", "jsonl"}


def test_every_code_of_the_linter_is_in_the_table() -> None:
    """A pack with everything wrong says every code."""
    toml = f'[vocabulary]\ncore = "{module("core").digest}"\n[authorities.memo]\ntitle = "Memo"\n'
    toml = f'party = "vendr"\n{toml}'
    cedar = """permit (principal, action == Action::"gen.office", resource) when { false };
               @id("W") @text("Should not.") permit (principal, action == Action::"gen.office", resource);
               @id("X") permit (principal, action == Action::"intel.osint", resource) when { context.place == "home" };
               @id("Y") forbid (principal, action == Action::"intel.osint", resource) when { context.place == "home" };
               @id("Y2") forbid (principal, action == Action::"intel.osint", resource) when { context.place == "home" }
               unless { context.approvals.contains("official") };
               @id("Z") forbid (principal, action == Action::"gen.office", resource)
               when { context.place == "home" };
               """
    pack = read_pack("p", {"terms.toml": toml, "terms.cedar": cedar})
    said = {f.code for f in [*lint(pack), *lint_meaning(pack), *lint_meaning(pack, rlimit=1)]}
    rows = [line for line in PAGE.split("## Lint")[1].splitlines() if line.startswith("| `")]
    assert {code for row in rows for code in re.findall(r"`([a-z-]+)`", row.split(" | ")[0])} == said
