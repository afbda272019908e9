"""What `decide` says of uses, written as SQL gives it, and tables of uses for an engine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np

from brightline.analysis.layout import Layout
from brightline.analysis.sql import clause_columns, decisions
from brightline.terms import DUTIES, Outcome, Scope, Terms, decide
from brightline.vocabulary import Use, read_use
from tests.terms.generated import random_use

CODES = {Outcome.PERMIT: 1, Outcome.HOLD: 2, Outcome.ASK: 4, Outcome.DENY: 4}


def some_uses(scope: Scope, seed: int, count: int) -> list[Use]:
    rng = random.Random(seed)
    each = (random_use(rng, scope, stated=rng.choice([0.2, 0.7, 0.95])) for _ in range(count))
    return [read_use(scope.vocabulary, obj) for obj in each]


def table(layout: Layout, uses: Sequence[Use]) -> dict[str, Any]:
    rows = [layout.row(u.activity, layout.scope.encode(u)) for u in uses]
    names = ["activity", *(c.name for c in layout.columns)]
    columns = {n: np.array(c, dtype=np.int64) for n, c in zip(names, zip(*rows, strict=True), strict=True)}
    return {"_place": np.arange(1, len(uses) + 1)} | columns


def asked(terms: Terms) -> str:
    return ", ".join(["_outcome", "_duties", "_needs", *clause_columns(terms)])


def by_duckdb(terms: Terms, uses: Sequence[Use], performable: Sequence[str] = DUTIES) -> list[tuple[Any, ...]]:
    with duckdb.connect(":memory:", config={"threads": "1"}) as con:
        con.register("uses", table(Layout(terms.scope), uses))
        query = decisions(terms, performable).sql("duckdb")
        return con.execute(f"SELECT {asked(terms)} FROM ({query}) ORDER BY _place").fetchall()


def by_decide(terms: Terms, use: Use, performable: Sequence[str] = DUTIES) -> tuple[Any, ...]:
    """(outcome, duties, needs of a hold, clauses…) as `analysis.sql` writes them."""
    decision, words = decide(terms, use, performable), terms.scope.vocabulary

    def bits(fact: str, names: Sequence[str]) -> int:
        return sum(words.bits[fact][n] for n in names)

    needs = ""
    if decision.outcome is Outcome.HOLD:
        each = ((bits("approvals", n.approvals), bits("duties", n.duties)) for n in decision.needs)
        needs = "".join(f" {a}:{d}" for a, d in each)
    ranks = sum(1 << terms.rank[c] for c in decision.clauses if c in terms.rank)
    words_of = [ranks >> 63 * n & (1 << 63) - 1 for n in range(len(clause_columns(terms)))]
    return CODES[decision.outcome], bits("duties", decision.duties), needs, *words_of
