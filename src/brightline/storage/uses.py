"""Uses of the past in JSON Lines, read one by one within bounds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from brightline.analysis.past import Past
from brightline.analysis.table import ID, open_file
from brightline.canonical import parse
from brightline.errors import UseError, nearest
from brightline.record.entry import OutcomeCode
from brightline.terms import Outcome
from brightline.vocabulary import Vocabulary, read_use

MAX_LINE = 1 << 20
_EVERY = 50_000  # lines between two words of progress
_CODE = {o: OutcomeCode[o.name] for o in Outcome}


def read_uses(path: Path, words: Vocabulary, progress: Callable[[str], None]) -> Iterator[Past]:
    """The uses of a file, one a line in the neutral form; with `outcome` and `clauses` beside `facts` where it is known
    how they were decided. Raises UseError naming file, line and cure."""
    with os.fdopen(open_file(path), "rb") as file:
        number = found = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            place = f"{path}:{number}"
            if len(line) > MAX_LINE:
                raise UseError(f"a line over {MAX_LINE >> 20} MiB", place=place, cure="write one use a line")
            if number % _EVERY == 0:
                progress(f"reading {path}: {number:,} lines")
            if line.strip():
                found += 1
                yield _past(words, parse(line, place, error=UseError), number, place)
    if not found:
        cure = 'write {"activity": "gen.office", "facts": {}}, one a line'
        raise UseError("no use in it", place=str(path), cure=cure)


def _past(words: Vocabulary, obj: object, number: int, place: str) -> Past:
    outcome, clauses = OutcomeCode.NONE, list[str]()
    if isinstance(obj, dict):
        obj = dict(obj)
        if "outcome" in obj:
            outcome = _outcome(obj.pop("outcome"), place)
        if "clauses" in obj:
            clauses = _ids(obj.pop("clauses"), place)
    return Past(number, read_use(words, obj, place), outcome, tuple(clauses))


def _outcome(value: Any, place: str) -> OutcomeCode:
    if value not in tuple(Outcome):
        cure = nearest(str(value)[:60], map(str, Outcome))
        raise UseError(f"no outcome is called {str(value)[:60]!r}", place=f"{place}: outcome", cure=cure)
    return _CODE[Outcome(value)]


def _ids(value: Any, place: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(c, str) and ID.fullmatch(c) for c in value):
        cure = 'write the ids of the clauses that decided, as `decide --json` does: ["K4"]'
        raise UseError("clauses is a list of ids", place=f"{place}: clauses", cure=cure)
    return value
