"""Small pieces of SQL that every engine has: comparisons, bit operations, CASE, subselects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from brightline.terms.formula import MAX_NUMBER

BYTE = 127  # what a signed byte holds
Branches = Sequence[tuple[exp.Expression, exp.Expression]]


NEVER = exp.Literal.number(0)
ALWAYS = exp.Neg(this=exp.Literal.number(1))


def column(name: str) -> exp.Expression:
    return exp.column(name, quoted=True)


def number(value: int) -> exp.Expression:
    return exp.Literal.number(int(value))


def text(value: str) -> exp.Expression:
    return exp.Literal.string(value)


def equal(x: exp.Expression, value: int) -> exp.Expression:
    return exp.EQ(this=x, expression=number(value))


def unequal(x: exp.Expression, value: int) -> exp.Expression:
    return exp.NEQ(this=x, expression=number(value))


def between(x: exp.Expression, low: int, high: int) -> exp.Expression:
    """low <= x <= high, for a number that is not negative."""
    if low == high:
        return equal(x, low)
    tests: list[exp.Expression] = [exp.GTE(this=x, expression=number(low))] if low > 0 else []
    if high < MAX_NUMBER:
        tests.append(exp.LTE(this=x, expression=number(high)))
    return every(tests)


def has(x: exp.Expression, bits: int) -> exp.Expression:
    """Is any of `bits` set?"""
    return unequal(exp.paren(exp.BitwiseAnd(this=x, expression=number(bits)), copy=False), 0)


def lacks(x: exp.Expression, bits: int) -> exp.Expression:
    return equal(exp.paren(exp.BitwiseAnd(this=x, expression=number(bits)), copy=False), 0)


def mask(held: exp.Expression) -> exp.Expression:
    """A byte of all bits where `held`, else 0. Engines combine bytes many at a time, truth values one by one."""
    return exp.Neg(this=exp.cast(held, "TINYINT"))


def bits_where(held: exp.Expression, bits: int) -> exp.Expression:
    """`bits` where the mask `held`, else 0."""
    if held in (NEVER, ALWAYS):
        return number(bits) if held == ALWAYS else NEVER
    wide = exp.cast(held, "BIGINT") if bits > BYTE else held
    return exp.paren(exp.BitwiseAnd(this=wide, expression=number(bits)), copy=False)


def bits_of(pieces: Sequence[exp.Expression]) -> exp.Expression:
    """The bits of all pieces; those that are 0 are left out."""
    return tree(exp.BitwiseOr, [p for p in pieces if p != NEVER] or [NEVER])


def every(tests: Sequence[exp.Expression]) -> exp.Expression:
    return tree(exp.And, tests) if tests else exp.true()


def some(tests: Sequence[exp.Expression]) -> exp.Expression:
    return tree(exp.Or, tests) if tests else exp.false()


def tree(of: type[exp.Binary], pieces: Sequence[exp.Expression]) -> exp.Expression:
    """All of `pieces`, balanced: engines bound how deep an expression may be, and 512 clauses in a row are deeper."""
    if len(pieces) == 1:
        return pieces[0]
    half = len(pieces) // 2
    return exp.paren(of(this=tree(of, pieces[:half]), expression=tree(of, pieces[half:])), copy=False)


def case(branches: Branches, otherwise: exp.Expression | None = None) -> exp.Expression:
    """CASE; where there is no branch, `otherwise`."""
    if not branches and otherwise is not None:
        return otherwise
    return exp.Case(ifs=[exp.If(this=test, true=value) for test, value in branches], default=otherwise)


def beside(query: exp.Select | str, columns: Mapping[str, exp.Expression], alias: str = "") -> exp.Select:
    """SELECT all of a query or table, with `columns` beside it; each is copied, so that pieces may be shared."""
    source = exp.table_(query, quoted=True) if isinstance(query, str) else query.subquery(alias, copy=False)
    added = [exp.alias_(e, name, quoted=True, copy=True) for name, e in columns.items()]
    return exp.select("*", *added, copy=False).from_(source, copy=False)
