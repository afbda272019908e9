"""A table of uses from elsewhere, checked: a Parquet file may come from any hand."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from brightline.analysis.layout import ACTIVITY, Kind, Layout
from brightline.errors import UseError, nearest

WORDS = "brightline.words"
"""Key in a Parquet file's metadata: canonical JSON of `Layout.words`."""

OPTIONAL = ("_recorded", "_recorded_clauses")
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")  # `terms.clause`
_AGAIN = "write the file again with these terms' words (docs/reference/replay.md)"


def open_file(path: Path) -> int:
    """A descriptor of a plain file. Raises UseError."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would wait for its writer
    except (OSError, ValueError) as e:
        why = e.strerror if isinstance(e, OSError) else "no file can have this name"
        raise UseError(f"cannot be read: {why}", place=str(path), cure="check the path and its rights") from None
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise UseError("not a plain file", place=str(path), cure="name a file of uses, or a gateway's data folder")
    return file


def check_words(layout: Layout, said: Mapping[bytes, bytes], place: str) -> None:
    """Raises UseError unless the file's bits stand for the layout's words."""
    if WORDS.encode() not in said:
        raise UseError(f"does not say what its bits stand for: no {WORDS} in its metadata", place=place, cure=_AGAIN)
    try:
        theirs = json.loads(said[WORDS.encode()])
    except ValueError:
        theirs = None
    if not isinstance(theirs, dict):
        raise UseError(f"{WORDS} in its metadata is no JSON object", place=place, cure=_AGAIN)
    for name, ours in layout.words.items():
        if theirs.get(name) != ours:
            shown = ", ".join(ours[:12]) + (", …" if len(ours) > 12 else "")
            raise UseError(f"{name}: written with other words than the terms'", place=place, cure=f"{_AGAIN}: {shown}")


def check_columns(layout: Layout, kinds: Mapping[str, str], place: str) -> None:
    """Raises UseError unless there is every column of the layout, whole numbers all, and no other."""
    names = (ACTIVITY, *(c.name for c in layout.columns))
    for name in names:
        if name not in kinds:
            raise UseError(f"no column {name}", place=place, cure=_AGAIN)
    for name, kind in kinds.items():
        wanted = ("VARCHAR",) if name == "_recorded_clauses" else _INTEGERS
        if name not in (*names, *OPTIONAL):
            cure = nearest(name[:60], (*names, *OPTIONAL))
            raise UseError(f"a column {name[:60]!r}, which no use has", place=place, cure=cure)
        if kind not in wanted:
            cure = f"write {'a text' if name == '_recorded_clauses' else 'a whole number of at most 64 bits, signed'}"
            raise UseError(f"the column {name} is {kind[:40]}", place=place, cure=cure)


def bad_row(layout: Layout, row: Sequence[int | None], place: str) -> UseError:
    """What is wrong with a row that is no use."""
    if row[0] is None or not 1 <= row[0] <= len(layout.scope.vocabulary.activities):
        return UseError("activity is no rank of the vocabulary", place=place, cure="see `brightline vocabulary`")
    at = dict(zip(layout.columns, row[1:], strict=True))
    for c, value in at.items():
        if value is None:
            return UseError(f"{c.name} is empty", place=place, cure="write `unknown`, the empty set, 0: see the layout")
        if value < 0 or (c.kind is not Kind.NUMBER and value & ~c.full):
            return UseError(f"{c.name} has a bit that no word stands for", place=place, cure=_AGAIN)
    for columns in layout.at:
        bits = sum((at[c] or 0).bit_count() for c in columns)
        if columns[0].kind is Kind.ENUM and bits != 1:
            cure = "set the one bit of its value; `unknown` is a value"
            return UseError(f"{columns[0].name} has {bits} values", place=place, cure=cure)
    try:
        layout.use([v for v in row if v is not None])
    except UseError as e:
        return UseError(e.text, place=place, cure=e.cure)
    return UseError("_recorded is no outcome", place=place, cure="1 permit, 2 hold, 3 ask, 4 deny, 0 where none was")


def read_ids(text: str) -> tuple[str, ...]:
    """Clause ids joined with commas. Raises UseError."""
    ids = tuple(text.split(",")) if text else ()
    for c in ids:
        if not ID.fullmatch(c):
            cure = "write ids of clauses joined with commas"
            raise UseError(f"_recorded_clauses holds {c[:60]!r}", place="_recorded_clauses", cure=cure)
    return ids
