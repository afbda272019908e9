"""The threat model names real tests, one at least for each threat, and draws what stands in its words."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / "docs" / name).read_text("utf-8") for name in ("threat-model.md", "red-team.md", "claims.md")}
THREATS = [line for line in PAGES["threat-model.md"].partition("## Threats")[2].splitlines() if line.startswith("| ")][
    1:
]
#: DESIGN section 10, each by a word of its row's first cell.
PLAYED = (
    "edits", "deletes", "rolls", "forks", "round the gateway", "labelled falsely", "many keys", "40,000 names",
    "200 holds", "repointed", "terms file", "too much is erased", "grinds", "guesses", '"disable"', "kill -9",
    "full disk", "clock jumps", "flipped bits", "lost", "dies mid-stream", "malformed, huge", "notes, tiles",
)  # fmt: skip


def named(text: str) -> set[str]:
    return set(re.findall(r"`(tests/[^`]+)`", text))


def exists(test: str) -> bool:
    """Whether a file, class or function of this name is there, as `pytest` would find it."""
    place, *names = test.split("::")
    if not (path := ROOT / place).exists():
        return False
    body: list[ast.stmt] = ast.parse(path.read_text("utf-8")).body if names else []
    for name in names:
        found = [
            n for n in body if isinstance(n, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and n.name == name
        ]
        if not found:
            return False
        body = found[0].body
    return True


@pytest.mark.parametrize("page", PAGES)
def test_every_named_test_exists(page: str) -> None:
    assert named(PAGES[page])
    assert sorted(t for t in named(PAGES[page]) if not exists(t)) == []


@pytest.mark.parametrize("line", THREATS)
def test_every_threat_has_what_detects_it_and_a_test(line: str) -> None:
    _, cheat, detects, _, tests, _ = line.split("|")
    assert cheat.strip()
    assert detects.strip()
    assert named(tests)


@pytest.mark.parametrize("word", PLAYED)
def test_every_cheat_of_the_design_has_a_row(word: str) -> None:
    assert [line for line in THREATS if word in line.split("|")[1]]


def test_every_actor_and_place_of_the_drawing_is_in_the_words() -> None:
    drawing = re.findall(r"```mermaid\n(.*?)```", PAGES["threat-model.md"], re.DOTALL)
    (drawn,) = drawing
    nodes = set(re.findall(r"\b([a-z]+)(?=[\[(]| -->|$)", drawn, re.MULTILINE)) - {"end"}
    assert {"caller", "gateway", "engine", "vendor", "auditor", "witness", "officer", "customer"} <= nodes
    words = PAGES["threat-model.md"].replace(drawn, "")
    assert [n for n in nodes if n not in words] == []
    # The one law of the drawing: no arrow runs from vendor, auditor or witness to the gateway, engine or record.
    arrows = re.findall(r"^ +(\w+)(?:\[[^\]]*\]|\[\([^)]*\)\])? -->(?:\|[^|]*\|)? *(\w+)", drawn, re.MULTILINE)
    assert len(arrows) >= 10
    assert not [
        a for a in arrows if a[0] in ("vendor", "auditor", "witness") and a[1] in ("gateway", "engine", "record")
    ]
