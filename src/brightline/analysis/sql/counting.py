"""What a replay asks of a table of uses: how many have which outcome by which clauses, and which rows are no uses."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from brightline.analysis.layout import ACTIVITY, CLAIMED, Column, Kind, Layout
from brightline.analysis.sql.pieces import case, column, equal, every, lacks, number, some, tree, unequal
from brightline.analysis.sql.reading import USES
from brightline.record.entry import OutcomeCode
from brightline.terms.formula import MAX_NUMBER

PLACES = 1 << 40  # more rows than a table of history has


def counted(decided: exp.Select, layout: Layout, clauses: Sequence[str]) -> exp.Select:
    """Rows (recorded outcome, recorded clauses, outcome, clauses…, count, example) over decided uses.

    `example` is the least of `stated facts << 40 | place` where the recorded outcome, an ask being a deny, is another;
    NULL where it is not. Needs `_recorded`, `_recorded_clauses`, `_count`, `_place` beside the columns of the layout.
    """
    recorded = case([(equal(column("_recorded"), OutcomeCode.ASK), number(OutcomeCode.DENY))], column("_recorded"))
    differs = every([exp.NEQ(this=recorded, expression=column("_outcome")), unequal(column("_recorded"), 0)])
    stated = tree(exp.Add, [exp.cast(_stated(columns), "SMALLINT") for columns in _facts(layout)])
    example = exp.Add(
        this=exp.Mul(this=exp.cast(stated, "BIGINT"), expression=number(PLACES)), expression=column("_place")
    )
    keys = [recorded, column("_recorded_clauses"), column("_outcome"), *map(column, clauses)]
    keys = [k.copy() for k in keys]
    total = exp.cast(exp.Sum(this=column("_count")), "BIGINT")
    chosen = exp.Min(this=case([(differs, example)]))
    return exp.select(*keys, total, chosen).from_(decided.subquery("_5")).group_by(*keys)


def faulty(layout: Layout, table: str = USES) -> exp.Select:
    """The least place of a row that is no use: a bit without a word, two values of one fact, a claim on what is
    unknown, a component that lies in nothing that is declared so."""
    words = layout.scope.vocabulary
    tests = [_in_range(column(ACTIVITY), 1, len(words.activities))]
    tests += [_in_range(column(c.name), 0, MAX_NUMBER if c.kind is Kind.NUMBER else c.full) for c in layout.columns]
    tests += [_one_value(columns) for columns in layout.at if columns[0].kind is Kind.ENUM]
    tests += [_known_if_claimed(layout, name, bit) for name, bit in words.bits[CLAIMED].items()]
    tests += [_in_tree(layout, columns) for columns in layout.at if columns[0].kind is Kind.TREE]
    tests.append(_in_range(column("_recorded"), OutcomeCode.NONE, OutcomeCode.DENY))
    tests.append(exp.Not(this=exp.Is(this=column("_recorded_clauses"), expression=exp.null())))
    sound = exp.Coalesce(this=every(tests), expressions=[exp.false()])  # a NULL is no use either
    faults = exp.select(exp.Min(this=column("_place"))).from_(exp.table_(table, quoted=True))
    return faults.where(exp.Not(this=sound))


def _facts(layout: Layout) -> list[Sequence[Column]]:
    """The columns of every fact that can be stated."""
    return [layout.at[i] for name, i in layout.scope.vocabulary.index.items() if name != CLAIMED]


def _stated(columns: Sequence[Column]) -> exp.Expression:
    """Is it other than `unknown`, empty, 0? `unknown` is the last value of an enumeration."""
    last = columns[-1]
    if last.kind is Kind.ENUM:
        return unequal(column(last.name), 1 << last.full.bit_length() - 1)
    return some([unequal(column(c.name), 0) for c in columns])


def _in_range(x: exp.Expression, low: int, high: int) -> exp.Expression:
    return every([exp.GTE(this=x, expression=number(low)), exp.LTE(this=x, expression=number(high))])


def _one_value(columns: Sequence[Column]) -> exp.Expression:
    counts: list[exp.Expression] = [exp.Anonymous(this="bit_count", expressions=[column(c.name)]) for c in columns]
    return equal(tree(exp.Add, counts), 1)


def _known_if_claimed(layout: Layout, name: str, bit: int) -> exp.Expression:
    """A claim on an enumeration says what it is."""
    index = layout.scope.vocabulary.index
    last = layout.at[index[name]][-1]
    if last.kind is not Kind.ENUM:
        return exp.true()
    claims = next(c for c in layout.at[index[CLAIMED]] if c.of(bit))
    return some([lacks(column(claims.name), claims.of(bit)), _stated([last])])


def _in_tree(layout: Layout, columns: Sequence[Column]) -> exp.Expression:
    """Some declared component (or model) lies in just these, or it lies in none."""
    scope = layout.scope
    above = {0, *map(scope.components_of, scope.components)}
    if columns[0].place == scope.model_place:
        above = {0, *map(scope.models_of, scope.models)}
    if len(columns) == 1:
        return exp.In(this=column(columns[0].name), expressions=[number(bits) for bits in sorted(above)])
    return some([every([equal(column(c.name), c.of(bits)) for c in columns]) for bits in sorted(above)])
