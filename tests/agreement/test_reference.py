"""docs/reference/agreement.md names what the code has: a stranger writes a reader from it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brightline.agreement import AGREEMENT_TYPE, MESSAGE_TYPE, Code, Trigger, diagram, in_force, show
from tests.agreement.founding import CUSTOMER, TO_FINALIZED, VENDOR, agreement, run, signed

DOCS = (Path(__file__).parents[2] / "docs/reference/agreement.md").read_text(encoding="utf-8")
SPANS = re.findall(r"`([^`\n]+)`", re.sub(r"(?s)```.*?```", "", DOCS))
WORDS = {word for span in SPANS for word in re.findall(r"[A-Za-z0-9_]+", span)}


def members(value: Any) -> Iterator[str]:
    """Names of members that the format fixes: not file names, modules or codes, which parties choose."""
    if isinstance(value, list):
        for item in value:
            yield from members(item)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            chosen = name in ("files", "vocabulary", "consequences")
            yield from members(list(inner.values()) if chosen and isinstance(inner, dict) else inner)


def test_the_diagram_is_drawn_from_the_table() -> None:
    assert f"```mermaid\n{diagram()}\n```" in DOCS


def test_every_member_of_the_payload_and_of_a_message_is_named() -> None:
    payloads = [agreement().to_bytes(), *(e.payload for e in run(*TO_FINALIZED).envelopes)]
    named = {name for payload in payloads for name in members(json.loads(payload))}
    assert len(named) > 50
    assert named <= WORDS


def test_every_key_of_show_is_named() -> None:
    status = in_force([signed(agreement(), VENDOR), signed(agreement(title="b"), CUSTOMER)])
    assert set(members(show(status))) <= WORDS


def test_types_codes_and_triggers_are_named() -> None:
    assert {AGREEMENT_TYPE, MESSAGE_TYPE, *Code, *Trigger} <= set(SPANS)
