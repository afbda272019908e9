"""Replay: terms tried on history.

Uses at random over the whole vocabulary, nearly all of them different, in a Parquet file of the documented layout:
nothing can be gained by grouping equal ones. The shipped compromise decides them; each use carries an outcome as it
might have been recorded, so that most kinds of change occur. Checking that every row is a use is counted too, and so is
confirming the examples by closures and Cedar engine. All cores of the machine are used.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measure import SHORT, Figure, of_rounds
from brightline.analysis.layout import Layout
from brightline.analysis.past import Past
from brightline.analysis.replay import History, write_parquet
from brightline.storage.packs import open_pack
from brightline.terms import Terms, decide
from brightline.vocabulary import FactKind

USES = 200_000 if SHORT else 10_000_000
ONE_BY_ONE = 2_000 if SHORT else 50_000
ROUNDS = 3
BUDGET = 10.0


def run() -> Iterator[Figure]:
    terms = open_pack("compromise").terms
    layout = Layout(terms.scope)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "uses.parquet"
        write_parquet(layout, columns(layout, USES), path)
        size = path.stat().st_size / 1e6
        checking, deciding = zip(*[once(layout, terms, path) for _ in range(ROUNDS)], strict=True)
        whole = [c + d for c, d in zip(checking, deciding, strict=True)]
        name = f"replay of {USES:,} uses, {len(terms.clauses)} clauses"
        note = f"a file of {size:,.0f} MB"
        yield of_rounds(name, whole, "s", None if SHORT else BUDGET, note)
        yield of_rounds("of it: checking that all rows are uses", checking, "s")
        yield of_rounds("of it: deciding, counting, confirming examples", deciding, "s")
    yield from one_by_one(layout, terms)


def once(layout: Layout, terms: Terms, path: Path) -> tuple[float, float]:
    """Seconds to open and check the file, and to replay it."""
    start = time.perf_counter()
    history = History.of_parquet(layout, path)
    opened = time.perf_counter()
    found = history.replay(terms)
    end = time.perf_counter()
    history.close()
    if found.uses != USES:
        raise AssertionError(found.uses)
    return opened - start, end - opened


def one_by_one(layout: Layout, terms: Terms) -> Iterator[Figure]:
    """What a use costs that comes as an object: encoding it into the table, and for comparison deciding it."""
    rows = columns(layout, ONE_BY_ONE)
    names = ["activity", *(c.name for c in layout.columns)]
    uses = [layout.use([int(x) for x in row]) for row in zip(*(rows[n] for n in names), strict=True)]
    start = time.perf_counter()
    history = History.of_uses(layout, (Past(i, u) for i, u in enumerate(uses, 1)), str)
    filled = time.perf_counter()
    for u in uses:
        decide(terms, u)
    decided = time.perf_counter()
    history.close()
    yield Figure("a use that comes as an object, into the table", (filled - start) / ONE_BY_ONE * 1e6, "µs")
    yield Figure("the same use by `decide`", (decided - filled) / ONE_BY_ONE * 1e6, "µs")


def columns(layout: Layout, count: int) -> dict[str, npt.NDArray[Any]]:
    """Seeded. Of every fact about a third is unknown or empty; half of what is known is merely claimed."""
    rng, words = np.random.default_rng(1), layout.scope.vocabulary
    out: dict[str, npt.NDArray[Any]] = {"activity": rng.integers(1, len(words.activities) + 1, count, np.int16)}
    claimed = np.zeros(count, np.int64)
    for fact in words.facts.values():
        if fact.name == "claimed":
            continue
        silent = rng.random(count) < 0.3
        match fact.kind:
            case FactKind.ENUM:
                rank = np.where(silent, len(fact.names) - 1, rng.integers(0, len(fact.names), count))
                out[fact.name] = np.left_shift(1, rank)
                known = rank != len(fact.names) - 1
                bit = words.bits["claimed"].get(fact.name, 0)
                claimed |= np.where(known & (rng.random(count) < 0.5), bit, 0)
            case FactKind.SET:
                members = rng.integers(0, 1 << len(fact.names), count) & rng.integers(0, 1 << len(fact.names), count)
                out[fact.name] = np.where(silent, 0, members)
            case FactKind.NUMBER:
                out[fact.name] = np.where(silent, 0, rng.integers(0, 5000, count))
    out["claimed"] = claimed
    scope = layout.scope
    for name, above, each in (
        ("component", scope.components_of, scope.components),
        ("model", scope.models_of, scope.models),
    ):
        out[name] = np.array([0, *map(above, each)])[rng.integers(0, len(each) + 1, count)]
    out["_recorded"] = rng.integers(1, 5, count, np.int8)
    return out
