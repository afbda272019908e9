"""How many rows a structured list has: tables, JSON arrays and lists of lines, counted apart from prose.

Law: a count is a lower bound on the entries of one list, got by counting separators, so it grows with the list and
costs one pass. It says how many rows there are, never whom they are about.
"""

from __future__ import annotations

import re

LEAST = 5  # rows that make a list
_DELIMITERS = (",", "\t", ";", "|")
_ITEM = re.compile(r"[ \t]*(?:[-*•]|\d{1,7}[.):])[ \t]+\S")
_BETWEEN = re.compile(r"\}\s*,\s*\{|\"\s*,\s*\"|\]\s*,\s*\[")
NAME_WORDS = 4


def longest_list(text: str) -> int:
    """Rows of the longest list in `text`; 0 where none has LEAST rows."""
    best = 0
    if "\n" in text:
        best = _lines(text)
    if "[" in text:
        best = max(best, _array(text))
    return best if best >= LEAST else 0


def _lines(text: str) -> int:
    """The longest run of lines of one shape: as many delimiters as the line before, list items, or a few words each."""
    best = run = 0
    last: tuple[str, int] = ("", 0)
    for line in text.splitlines():
        shape = _shape(line)
        run = run + 1 if shape == last and shape[0] else 1 if shape[0] else 0
        last = shape
        best = max(best, run)
    return best


def _shape(line: str) -> tuple[str, int]:
    if not line or line.isspace():
        return "", 0
    if _ITEM.match(line[:80]):
        return "item", 0
    if (tabs := line.count("\t")) > 0:
        return "\t", tabs
    for delimiter in _DELIMITERS:
        if count := line.count(delimiter):
            # A comma or two in a sentence is no table: sentences end in a stop and have spaces around their words.
            if delimiter == "," and (line.rstrip().endswith((".", "?", "!", ":")) or line.count(" ") > 8 * count):
                return "", 0
            return delimiter, count
    return (
        ("short", 0) if line.count(" ") < NAME_WORDS and not line.rstrip().endswith((".", "?", "!", ":")) else ("", 0)
    )


def _array(text: str) -> int:
    """Entries of the JSON-like arrays of the text, as if they were one."""
    between = sum(1 for _ in _BETWEEN.finditer(text))
    return between + 1 if between else 0
