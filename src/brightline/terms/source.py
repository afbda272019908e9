"""Cedar text split into its policies, so that every error can name the line of its clause.

The Cedar parser gives no position through its Python door; this splitter knows just strings, comments and `;`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chunk:
    """One policy's text, from its first annotation to its `;`, and the line (from 1) where it starts."""

    line: int
    text: str


def chunks(text: str) -> Iterator[Chunk]:
    """The policies of `text` in order; what stands after the last `;`, if anything, comes last."""
    start: int | None = None
    line, at, i = 1, 1, 0
    while i < len(text):
        c = text[i]
        end = i + 1
        if c == '"':
            end = _string_end(text, i)
        elif text.startswith("//", i):
            end = text.find("\n", i)
            end = len(text) if end < 0 else end
            i = end
            continue
        if start is None and not c.isspace():
            start, at = i, line
        line += text.count("\n", i, end)
        if c == ";" and start is not None:
            yield Chunk(at, text[start:end])
            start = None
        i = end
    if start is not None:
        yield Chunk(at, text[start:])


def _string_end(text: str, i: int) -> int:
    """The place after the string that opens at `i`; the end of the text where it never closes."""
    i += 1
    while i < len(text) and text[i] != '"':
        i += 2 if text[i] == "\\" else 1
    return min(i + 1, len(text))
