"""What two drafts say differently: fields in plain words, clauses by id, and the text line by line.

This compares words. What a difference means for uses is `brightline compare`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from brightline.agreement.payload import Agreement
from brightline.agreement.reading import plain

ClauseReader = Callable[[str], Mapping[str, str]]
"""The clauses in a Cedar text: id -> their words."""

MAX_LINES: Final = 20_000  # beyond, a line diff can take minutes, which whoever wrote the text could intend
ABSENT: Final = "(absent)"
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|;')
_ID = re.compile(r'@id\s*\(\s*"((?:\\.|[^"\\])*)"\s*\)')


@dataclass(frozen=True, slots=True)
class FieldChange:
    """`path` like `parties.customer.signatories[J. Doe].title`; both values as a person would write them."""

    path: str
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Of draft `b` against draft `a` (digests). Everything is empty iff the two digests are equal."""

    a: str
    b: str
    fields: tuple[FieldChange, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    text: str

    def heads(self) -> list[str]:
        """For people: the fields and the clauses that differ."""
        named = (("added", self.added), ("removed", self.removed), ("changed", self.changed))
        fields = [f"{f.path}: {f.a} → {f.b}" for f in self.fields]
        return fields + [f"clauses {word}: {', '.join(ids)}" for word, ids in named if ids]

    def lines(self) -> list[str]:
        """The same, the unified text diff last."""
        return self.heads() + self.text.splitlines()


def difference(a: Agreement, b: Agreement, clauses: ClauseReader | None = None) -> Difference:
    """How `b` differs from `a`. `clauses` reads a Cedar text; by default `clauses_by_id`."""
    read = clauses or clauses_by_id
    before, after = _clauses(a, read), _clauses(b, read)
    return Difference(
        a=a.digest,
        b=b.digest,
        fields=tuple(_fields("", _without_files(a), _without_files(b))),
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(sorted(i for i in before.keys() & after.keys() if before[i] != after[i])),
        text="".join(_text_diff(a.terms.files, b.terms.files)),
    )


def clauses_by_id(text: str) -> dict[str, str]:
    """Split Cedar text at the `;` that ends each policy (outside strings and comments), by its `@id`.

    Lexical only: it needs no vocabulary and reads drafts that would not load. Comments and space do not count.
    """
    out: dict[str, str] = {}
    words, start = "", 0
    for token in _TOKEN.finditer(text):
        words += text[start : token.start()]
        start = token.end()
        if token[0] != ";":
            words += "" if token[0].startswith("//") else token[0]
            continue
        if found := _ID.search(words):
            out[found[1]] = out.get(found[1], "") + " ".join(words.split())
        words = ""
    return out


def _clauses(agreement: Agreement, read: ClauseReader) -> dict[str, str]:
    files = agreement.terms.files
    return {i: words for name in sorted(files) if name.endswith(".cedar") for i, words in read(files[name]).items()}


def _without_files(agreement: Agreement) -> dict[str, Any]:
    value: dict[str, Any] = plain(agreement)
    del value["terms"]["files"]
    return value


def _fields(path: str, a: Any, b: Any) -> Iterator[FieldChange]:
    if a == b:
        return
    if isinstance(a, list) and isinstance(b, list):
        a, b = _by_name(a), _by_name(b)
        if a == b:  # dicts do not see order
            yield FieldChange(path, f"order {', '.join(a)}", f"order {', '.join(b)}")
    if isinstance(a, dict) and isinstance(b, dict):
        for name in sorted(a.keys() | b.keys()):
            step = name if name.startswith("[") or not path else f".{name}"
            yield from _fields(path + step, a.get(name, ABSENT), b.get(name, ABSENT))
        return
    yield FieldChange(path, _words(a), _words(b))


def _by_name(items: list[Any]) -> dict[str, Any]:
    """Items by what tells them apart, so that one added in front does not change all behind it."""
    return {f"[{item.get('name', item.get('origin', n))}]": item for n, item in enumerate(items)}


def _words(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{k} {_words(v)}" for k, v in value.items())
        case list():
            return "; ".join(_words(v) for v in value) or "none"
        case _:
            return str(value)


def _text_diff(a: Mapping[str, str], b: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(a.keys() | b.keys()):
        if a.get(name) == b.get(name):
            continue
        before, after = _lines(a.get(name, "")), _lines(b.get(name, ""))
        if len(before) + len(after) > MAX_LINES:
            yield f"{name}: {len(before)} lines against {len(after)}: too long to show line by line\n"
            continue
        heads = (f"a/{name}" if name in a else ABSENT, f"b/{name}" if name in b else ABSENT)
        yield from list(difflib.unified_diff(before, after, *heads)) or [f"--- {heads[0]}\n", f"+++ {heads[1]}\n"]


def _lines(text: str) -> list[str]:
    """Lines with their ends; a last line without one says so, as diff(1) does."""
    lines = text.split("\n")
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([f"{last}\n", "\\ no line end\n"] if last else [])
