"""The reference page says every word, and the committed page is the generated one."""

from __future__ import annotations

from pathlib import Path

import pytest

from brightline.vocabulary import shipped
from brightline.vocabulary.reference import page
from tools.docs import filled

COMMITTED = Path(__file__).parents[2] / "docs/reference/vocabulary.md"


def test_the_committed_page_is_the_generated_one() -> None:
    text = COMMITTED.read_text()
    assert page() == page(shipped())
    assert page().strip() in text
    assert filled(text) == text, "run make docs"


@pytest.mark.parametrize("names", [(), ("core",)])
def test_every_word_is_on_the_page_and_no_other(names: tuple[str, ...]) -> None:
    words = shipped(*names)
    text = page(words)
    for a in words.activities.values():
        assert f"| `{a.name}` | {a.text} | {a.module} |" in text
    for fact in words.facts.values():
        assert f"\n### `{fact.name}`\n" in text
        section = text.split(f"\n### `{fact.name}`\n")[1].split("\n### ")[0]
        assert ("the gateway alone" in section) is fact.gateway
        for value in fact.values:
            assert not value.module or f"| `{value.name}`" in section
    for module in words.modules:
        assert module.digest in text
    assert ("weapon" in text) is ("defence" in [m.name for m in words.modules])


def test_a_bar_in_a_meaning_does_not_break_the_table() -> None:
    text = page(shipped().with_names({"roles": {"judge": "a judge | or two"}}))
    assert "| `judge` | a judge &#124; or two |" in text
