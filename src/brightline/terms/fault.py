"""Where in a clause the Cedar parser stopped, and the cure: through its Python door it gives a message alone."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable

from brightline.errors import nearest
from brightline.terms.source import Chunk, quiet, unended

_TOKEN = re.compile(r"unexpected token `(.+)`", re.DOTALL)
_WORD = re.compile(r"invalid policy (effect|condition): (\w+)")
_WORDS = {"effect": ("permit", "forbid"), "condition": ("when", "unless")}
_FORM = "see docs/reference/terms.md for the form"
_SLIPS = {
    "=": "`==` compares, and neither `=` nor `===` does",
    "'": 'write texts in double quotes: "…"',
    "and": "write &&",
    "or": "write ||",
    "not": "write !",
}


def fault(chunk: Chunk, said: str, refusal: Callable[[str], str]) -> tuple[int, str]:
    """(line of the file, cure) for what the parser `said` of a clause; `refusal`: what it says of another text."""
    if line := unended(chunk):
        return chunk.line, f"a clause ends with a `;`, and this one has none by line {line}; {_FORM}"
    if found := _WORD.search(said):
        kind, word = found.groups()
        return _line(chunk, _first(quiet(chunk.text), word)), f"{nearest(word, _WORDS[kind])} {_FORM}"
    if found := _TOKEN.search(said):
        token = found[1]
        return _line(chunk, _refused(chunk.text, token, said, refusal)), "; ".join(
            [*filter(None, [_SLIPS.get(token)]), _FORM]
        )
    odd = next((n for n, text in enumerate(chunk.text.split("\n")) if text.count('"') % 2), 0)
    cure = f"close each quotation mark on its line, and write no others than double ones; {_FORM}"
    return chunk.line + odd, cure if said == "invalid token" else _FORM


def _refused(text: str, token: str, said: str, refusal: Callable[[str], str]) -> int:
    """Where the token stands at which the parser stops: the first after which the rest no longer matters.

    The parser reads from left to right: what ends before that token is merely unfinished, what holds it is refused.
    """
    edge = r"\b" if token[0].isalnum() else ""
    ends = [m.end() for m in re.finditer(f"{edge}{re.escape(token)}{edge}", text)]
    found = bisect_left(ends, True, key=lambda end: refusal(text[:end]) == said)
    return ends[found] if found < len(ends) else 0


def _first(text: str, word: str) -> int:
    found = re.search(rf"\b{re.escape(word)}\b", text)
    return found.start() if found else 0


def _line(chunk: Chunk, at: int) -> int:
    return chunk.line + chunk.text.count("\n", 0, at)
