"""Terms tried on history: how many uses they decide otherwise, and which. The one door to `duckdb`.

Law: every use is counted once; what was recorded is counted as recorded, what the terms say as `decide` says it, an
`ask` as a deny. Every example was decided again by the closures and the Cedar engine before it is returned.

Nothing is written: no temporary file, no spill, no network. Facts that a site may have to erase lie nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self

import duckdb
import numpy as np
import numpy.typing as npt

from brightline.analysis.layout import ACTIVITY, Kind, Layout
from brightline.analysis.past import CODES, FOLDED, Change, Counts, Past, Replay, described
from brightline.analysis.sql import PLACES, clause_columns, counted, decisions, faulty
from brightline.analysis.table import WORDS, bad_row, check_columns, check_words, open_file, read_ids
from brightline.canonical import dump
from brightline.errors import MachineError, OracleError, UseError
from brightline.record.entry import OutcomeCode
from brightline.terms import DEFAULT_DENY, DUTIES, Terms, confirm, decide

MEMORY = "4GB"
CHUNK = 50_000  # uses encoded before they go into the table
MAX_EXAMPLES = 100

Progress = Callable[[str], None]
Key = tuple[int, str, int, tuple[str, ...]]
"""Recorded outcome (an ask is a deny), ids recorded, outcome, ids that decide."""


class Group(NamedTuple):
    """How many uses have one Key. `example`: least of stated facts << 40 | place; 0 where nothing changed."""

    key: Key
    uses: int
    example: int

    @property
    def changed(self) -> bool:
        return self.key[0] not in (OutcomeCode.NONE, self.key[2])

    @property
    def place(self) -> int:
        return self.example % PLACES


class History:
    """Uses of the past in a table of DuckDB's, laid out for one scope. `name(place)`: where a use stands, in words."""

    def __init__(self, layout: Layout, name: Callable[[int], str], what: str = "the uses", file: int = -1) -> None:
        self.layout, self._name, self._what, self._file = layout, name, what, file
        self._others: list[Past] = []  # uses with alternatives: the closures decide them
        settings: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "memory_limit": MEMORY,
            "temp_directory": "",
            "threads": str(len(os.sched_getaffinity(0))),
            "preserve_insertion_order": "false",
        }
        self._con = duckdb.connect(":memory:", config=settings)
        if file >= 0:
            self._con.execute(f"SET allowed_paths = ['{self._path}']")
        self._con.execute("SET enable_external_access = false")
        self._con.execute("SET lock_configuration = true")

    @property
    def _path(self) -> str:
        """The file as it was opened: no letter of its name is SQL, or a pattern, to DuckDB."""
        return f"/proc/self/fd/{self._file}"

    @classmethod
    def of_uses(cls, layout: Layout, uses: Iterable[Past], name: Callable[[int], str]) -> Self:
        """From uses one by one. Raises what reading `uses` raises, and MachineError where memory does not hold them."""
        self = cls(layout, name)
        try:
            columns = ", ".join(f'"{column}" {kind}' for column, kind in _types(layout))
            self._con.execute(f"CREATE TABLE uses ({columns})")
            rest = iter(uses)
            while chunk := list(islice(rest, CHUNK)):
                self._others += [p for p in chunk if p.use.alternatives]
                self._insert([p for p in chunk if not p.use.alternatives])
        except BaseException:
            self.close()
            raise
        return self

    def _insert(self, chunk: Sequence[Past]) -> None:
        """Equal uses become one row, at the place of the first."""
        encode, row = self.layout.scope.encode, self.layout.row
        seen: dict[tuple[Any, ...], list[int]] = {}
        for p in chunk:
            key = (*row(p.use.activity, encode(p.use)), p.outcome, ",".join(p.clauses))
            seen.setdefault(key, [p.place, 0])[1] += 1
        if not seen:
            return
        values = [*zip(*seen, strict=True), *zip(*seen.values(), strict=True)]
        arrays = {
            name: np.array(column, dtype=object if kind == "VARCHAR" else np.int64)
            for (name, kind), column in zip(_types(self.layout), values, strict=True)
        }
        with _plain(self._what):
            self._con.register("chunk", arrays)
            self._con.execute("INSERT INTO uses SELECT * FROM chunk")
            self._con.unregister("chunk")

    @classmethod
    def of_parquet(cls, layout: Layout, path: Path) -> Self:
        """From a Parquet file in the layout. Raises UseError naming file, column or row, and the cure."""
        self = cls(layout, lambda place: f"{path}: row {place}", str(path), open_file(path))
        try:
            self._read(str(path))
        except BaseException:
            self.close()
            raise
        return self

    def _read(self, place: str) -> None:
        # 1. it says which words its bits stand for, and has our columns
        with _plain(place):
            said = self._con.execute("SELECT key, value FROM parquet_kv_metadata(?)", [self._path]).fetchall()
            found = self._con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [self._path]).fetchall()
        check_words(self.layout, dict(said), place)
        kinds = {column[0]: column[1] for column in found}
        check_columns(self.layout, kinds, place)
        # 2. a view of it
        recorded = "_recorded" if "_recorded" in kinds else "0"
        ids = "_recorded_clauses" if "_recorded_clauses" in kinds else "''"
        with _plain(place):
            self._con.execute(
                f"CREATE VIEW uses AS SELECT {self._columns}, {recorded} AS _recorded, {ids} AS _recorded_clauses, "  # noqa: S608 - our own names
                f"file_row_number + 1 AS _place, 1 AS _count FROM read_parquet('{self._path}', file_row_number = true)"
            )
            # 3. every row of it is a use
            row = self._con.execute(faulty(self.layout).sql("duckdb")).fetchone()
            some = self._con.execute("SELECT 1 FROM uses LIMIT 1").fetchone()
        if some is None:
            raise UseError("no use in it", place=place, cure="write at least one row")
        if row is not None and row[0] is not None:
            raise bad_row(self.layout, self._rows([row[0]])[row[0]], self._name(row[0]))

    @property
    def _columns(self) -> str:
        return ", ".join(f'"{c}"' for c in (ACTIVITY, *(c.name for c in self.layout.columns)))

    def replay(self, terms: Terms, performable: Sequence[str] = DUTIES, progress: Progress = lambda _: None) -> Replay:
        """What `terms`, written for the layout's scope, say of all of it. Raises OracleError where readings disagree,
        MachineError where the table is too large."""
        # 1. decide all of it, equal outcomes by equal clauses together
        progress("deciding")
        query = counted(decisions(terms, performable), self.layout, clause_columns(terms))
        with _plain(self._what):
            rows = self._con.execute(query.sql("duckdb")).fetchall()
        groups = _together([*(_group(terms, row) for row in rows), *_grouped(terms, self._others, performable)])
        # 2. count
        before, after = Counts(), Counts()
        for g in groups:
            recorded, ids, outcome, clauses = g.key
            before.add(FOLDED[OutcomeCode(recorded)], read_ids(ids), g.uses)
            after.add(FOLDED[OutcomeCode(outcome)], clauses, g.uses)
        # 3. what changes, with one use of each kind
        changed = sorted((g for g in groups if g.changed), key=lambda g: (-g.uses, g.key))
        progress("confirming the examples")
        changes = tuple(self._changes(terms, performable, changed[:MAX_EXAMPLES]))
        uses, differ = sum(g.uses for g in groups), sum(g.uses for g in changed)
        return Replay(uses, before, after, differ, len(changed), changes)

    def _changes(self, terms: Terms, performable: Sequence[str], groups: Sequence[Group]) -> Iterator[Change]:
        others = {p.place: p.use for p in self._others}
        rows = self._rows([g.place for g in groups if g.place not in others])
        for g in groups:
            use = others.get(g.place) or self.layout.use(rows[g.place])
            decision = decide(terms, use, performable)
            confirm(terms, use, decision, performable)
            if (CODES[decision.outcome], decision.clauses) != g.key[2:]:
                says = f"{decision.outcome} by {', '.join(decision.clauses)}"
                sql = f"{FOLDED[OutcomeCode(g.key[2])]} by {', '.join(g.key[3])}"
                cure = "nothing of this replay holds; report the terms' digest and this message"
                raise OracleError(f"closures say {says}, SQL says {sql}", place=self._name(g.place), cure=cure)
            before = FOLDED[OutcomeCode(g.key[0])]
            text = described(terms.scope, use)
            yield Change(g.uses, before, read_ids(g.key[1]), decision, use, self._name(g.place), text)

    def _rows(self, places: Sequence[int]) -> Mapping[int, Sequence[int]]:
        """The rows at those places; equal uses stand at the first's."""
        marks = ", ".join("?" * len(places)) or "NULL"
        with _plain(self._what):
            query = f"SELECT _place, {self._columns} FROM uses WHERE _place IN ({marks})"  # noqa: S608 - our own names
            found = self._con.execute(query, list(places)).fetchall()
        return {row[0]: row[1:] for row in found}

    def close(self) -> None:
        self._con.close()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def write_parquet(layout: Layout, columns: Mapping[str, npt.NDArray[Any]], path: Path) -> None:
    """A table in the layout as a Parquet file that says its words. `columns`: by name, all of one length; what is
    absent was not stated of any use. Raises MachineError where the file cannot be written."""
    size = len(next(iter(columns.values())))
    blank = layout.row(next(iter(layout.scope.vocabulary.activities)), layout.blank)
    names = [ACTIVITY, *(c.name for c in layout.columns)]
    whole = {n: columns.get(n, np.full(size, value)) for n, value in zip(names, blank, strict=True)}
    whole |= {n: columns[n] for n in ("_recorded", "_recorded_clauses") if n in columns}
    kinds = dict(_types(layout))
    shown = ", ".join(f'"{n}"::{kinds[n]} AS "{n}"' for n in whole)
    texts = [str(path).replace("'", "''"), dump(layout.words).decode().replace("'", "''")]
    with _plain(str(path)), duckdb.connect(":memory:") as con:
        con.register("columns", whole)
        con.execute(
            f"COPY (SELECT {shown} FROM columns) TO '{texts[0]}' "  # noqa: S608 - quoted just above
            f"(FORMAT parquet, KV_METADATA {{'{WORDS}': '{texts[1]}'}})"
        )


def _types(layout: Layout) -> list[tuple[str, str]]:
    """The columns of the table in order, each with the least type that holds it."""
    out = [(ACTIVITY, "TINYINT" if len(layout.scope.vocabulary.activities) < 128 else "SMALLINT")]
    for c in layout.columns:
        bits = 63 if c.kind is Kind.NUMBER else c.full.bit_length()
        out.append(
            (
                c.name,
                next(t for n, t in ((7, "TINYINT"), (15, "SMALLINT"), (31, "INTEGER"), (63, "BIGINT")) if bits <= n),
            )
        )
    return [
        *out,
        ("_recorded", "TINYINT"),
        ("_recorded_clauses", "VARCHAR"),
        ("_place", "BIGINT"),
        ("_count", "BIGINT"),
    ]


def _group(terms: Terms, row: Sequence[Any]) -> Group:
    recorded, ids, outcome, *words, count, example = row
    bits = sum(word << 63 * n for n, word in enumerate(words))
    key = (recorded, ids, outcome, terms.ids(bits) or (DEFAULT_DENY,))
    return Group(key, count, example or 0)


def _together(groups: Iterable[Group]) -> list[Group]:
    """Groups of one key as one."""
    found: dict[Key, Group] = {}
    for g in groups:
        other = found.get(g.key, g._replace(uses=0))
        found[g.key] = Group(g.key, g.uses + other.uses, min(g.example, other.example))
    return list(found.values())


def _grouped(terms: Terms, others: Sequence[Past], performable: Sequence[str]) -> Iterator[Group]:
    """Uses with alternatives, decided by the closures: their readings are joined, which one row cannot be."""
    found: dict[Key, list[Past]] = {}
    for p in others:
        decision = decide(terms, p.use, performable)
        recorded = OutcomeCode.DENY if p.outcome == OutcomeCode.ASK else p.outcome
        key = (int(recorded), ",".join(p.clauses), int(CODES[decision.outcome]), decision.clauses)
        found.setdefault(key, []).append(p)
    for key, past in found.items():
        yield Group(key, len(past), min(len(p.use.facts) * PLACES + p.place for p in past))


@contextmanager
def _plain(place: str) -> Iterator[None]:
    """DuckDB's errors as ours: its texts may hold values, so they are left out."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        cure = "replay the records in parts"
        raise MachineError(f"needs more memory than the {MEMORY} that a replay takes", place=place, cure=cure) from None
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException):
        raise  # a defect of ours, not of the file
    except duckdb.Error as e:
        cure = "write it again from the records"
        raise UseError(f"cannot be read as Parquet ({type(e).__name__})", place=place, cure=cure) from None
