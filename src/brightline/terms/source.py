"""Cedar text split into its policies, so that every error can name the line of its clause.

The Cedar parser gives no position through its Python door; this splitter knows just strings, comments and `;`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_QUIET = re.compile(r'"(?:[^"\\]|\\.)*"?|//[^\n]*', re.DOTALL)  # strings and comments; one that never closes runs on
_POLICY = re.compile(r"[^;]*;|[^;]+")
_HEAD = re.compile(r"\b(?:permit|forbid)\s*\(")
_OPENING = re.compile(r"[(\[{]|&&|\|\||[-+*.!<>=]|\bif\b")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One policy's text, from its first annotation to its `;`, and the line (from 1) where it starts.

    `depth`: how deep its brackets nest. `operators`: how many brackets and operators it has.
    """

    line: int
    text: str
    depth: int
    operators: int


def chunks(text: str) -> Iterator[Chunk]:
    """The policies of `text` in order; what stands after the last `;`, if anything, comes last."""
    code = quiet(text)
    line, at = 1, 0
    for m in _POLICY.finditer(code):
        piece = m.group()
        if not piece.strip():
            continue
        start = m.start() + len(piece) - len(piece.lstrip())
        line, at = line + code.count("\n", at, start), start
        yield Chunk(line, text[start : m.end()], _depth(piece), len(_OPENING.findall(piece)))


def unended(chunk: Chunk) -> int:
    """The line by which `chunk` should have ended with a `;`; 0 where it does. For what is no policy by itself."""
    code = quiet(chunk.text)
    heads = [m.start() for m in _HEAD.finditer(code)]
    if len(heads) > 1:
        return chunk.line + code.count("\n", 0, heads[1])
    return 0 if code.endswith(";") else chunk.line + code.rstrip().count("\n")


def quiet(text: str) -> str:
    """`text` with nothing in its strings and comments, every place in it where it was."""
    return _QUIET.sub(_blank, text)


def _blank(m: re.Match[str]) -> str:
    """As much space, lines kept; a string keeps its first quote, so that it does not pass for nothing."""
    mark = '"' if m.group().startswith('"') else " "
    return mark + re.sub(r"[^\n]", " ", m.group()[1:])


def _depth(code: str) -> int:
    depth = deepest = 0
    for c in code:
        if c in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif c in ")]}":
            depth -= 1
    return deepest
