"""Persons in lines of text: tables, lists and what is left over as prose.

A line is a *row* where it falls into short cells (tabs, semicolons, bars, commas, mixed as they come), an *item* where
it is a few words, else prose. Three or more rows and items on end are a table or a list. Which column of a table names
the person is known only where its owner says so; else each row is a person, a row of many names is that many, and so
is a line that lists many cells by itself.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from enum import Enum, auto

from brightline.meters.counted import How
from brightline.meters.persons import BETWEEN, Finder, PersonFields, digest, normalised, plain_name

RUN = 3  # lines on end that make a list
LISTED = 5  # cells that make a line a list by itself
WIDE = 32  # cells beyond which a row is a list of its cells
NAMES = 3  # cells of a row that look like names, from which on each is a person
CELL_WORDS = 4  # a row's cells have at most this many words, on the average
ITEM_WORDS, ITEM_LETTERS = 6, 64
_CELLS = re.compile(r"[\t;|,；，、؛،]")
_BULLET = re.compile(r"(?:[-*•–—]|\d{1,6}[.)])[ \t]+")
_DELIMITERS = "\t;|,"


class _Form(Enum):
    ROW = auto()
    ITEM = auto()
    PROSE = auto()
    BLANK = auto()


def count_lines(lines: Sequence[str], fields: PersonFields, finder: Finder) -> str:
    """Adds whom tables and lists name, and gives back the prose between them."""
    prose: list[str] = []
    for run, structured in _runs(lines):
        if structured:
            _count_run(run, fields, finder)
        else:
            prose += run
    return "\n".join(prose)


def count_row(cells: Sequence[str], finder: Finder) -> None:
    """A row of which nobody said what its cells are."""
    if len(cells) > WIDE:
        finder.add(map(normalised, cells), How.LIST)
        return
    names = [cell for cell in cells if _looks_like_name(cell)]
    if len(names) >= NAMES:
        finder.add(map(normalised, names), How.LIST)
    finder.add([_as_one(cells)], How.ROWS)


def _as_one(cells: Sequence[str]) -> str:
    text = BETWEEN.join(map(normalised, cells))
    return digest(text) if len(text) > 200 else text


def _runs(lines: Sequence[str]) -> Iterator[tuple[list[str], bool]]:
    """Lines on end, and whether they are a table or list."""
    run: list[str] = []
    for line in lines:
        form = _form(line)
        if form in (_Form.ROW, _Form.ITEM):
            run.append(line)
            continue
        if form is _Form.BLANK:
            continue  # a list may be spaced out: blank lines end nothing
        yield from _ended(run)
        run = []
        yield [line], False
    yield from _ended(run)


def _ended(run: list[str]) -> Iterator[tuple[list[str], bool]]:
    if len(run) >= RUN:
        yield run, True
        return
    for line in run:
        yield [line], len(_CELLS.findall(line)) + 1 >= LISTED


def _form(line: str) -> _Form:
    text = line.strip()
    if not text:
        return _Form.BLANK
    cells = [cell for cell in _CELLS.split(text) if cell.strip()]
    words = len(text.split())
    if len(cells) > 1:
        return _Form.ROW if words <= CELL_WORDS * len(cells) else _Form.PROSE
    return _Form.ITEM if words <= ITEM_WORDS and len(text) <= ITEM_LETTERS else _Form.PROSE


def _count_run(run: Sequence[str], fields: PersonFields, finder: Finder) -> None:
    header = _header(run[0], fields) if fields else None
    for line in run[1:] if header else run:
        if finder.full:
            return
        if header:
            delimiter, columns = header
            persons = _by_columns(line, delimiter, columns, fields)
            if persons:
                finder.add(persons, How.FIELDS)
                continue
        cells = [cell for part in _CELLS.split(line) if (cell := part.strip())]
        if len(cells) > 1:
            if len(run) < RUN:
                finder.add(map(normalised, cells), How.LIST)  # a line by itself
            else:
                count_row(cells, finder)
        else:
            finder.add([normalised(_BULLET.sub("", line.strip(), count=1)) or normalised(line)], How.LIST)


def _header(line: str, fields: PersonFields) -> tuple[str, list[str]] | None:
    """Delimiter and plain names of a header that has one of the owner's fields."""
    known = fields.names()
    for delimiter in _DELIMITERS:
        columns = [plain_name(cell) for cell in _cells(line, delimiter) or ()]
        if known & set(columns):
            return delimiter, columns
    return None


def _by_columns(line: str, delimiter: str, columns: Sequence[str], fields: PersonFields) -> list[str]:
    """Whom a row names; nobody where it is not a row of that table."""
    cells = _cells(line, delimiter)
    if cells is None or len(cells) != len(columns):
        return []
    row: dict[str, list[str]] = {}
    for name, cell in zip(columns, cells, strict=True):
        if cell.strip():
            row.setdefault(name, []).append(cell)
    return list(fields.persons(row))


def _cells(line: str, delimiter: str) -> list[str] | None:
    """One line as CSV (RFC 4180). Each line is read alone: a quotation mark must not swallow the lines after it."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), None)
    except csv.Error:
        return None


def _looks_like_name(cell: str) -> bool:
    """Two to four words that begin with a capital, or with a letter that has no case."""
    words = cell.split()
    return 2 <= len(words) <= 4 and all(word[0].isalpha() and word[0] == word[0].upper() for word in words)
