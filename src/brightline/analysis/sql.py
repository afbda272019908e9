"""The terms as one SQL expression: the fourth reading (DESIGN section 1), and the one door to `sqlglot`.

    decisions(terms).sql("duckdb")      SELECT over a table `uses` of `analysis.layout`; "spark" gives Spark's dialect

Law: on every row the answer is that of `decide` on the use without alternatives, where an `ask` is a deny: outcome,
duties, needs of a hold, and the clauses that decide.

    _outcome              1 permit, 2 hold, 4 deny, as in entries of the record
    _duties               bits of the duties that a permit undertakes
    _needs                of a hold: `APPROVALS:DUTIES` in bits, each need after a space, in `decide`'s own order
    _clauses, _clauses_2… bits of the clauses that decide by rank, 63 to a column; all 0 is `default-deny`

No fact's name begins with an underscore, so none of these is hidden by a fact.

Only comparisons, bit operations, CASE and subselects: what every engine has, and does a vector at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from sqlglot import exp

from brightline.analysis.layout import ACTIVITY, CLAIMED, WORD_BITS, Column, Kind, Layout
from brightline.analysis.reach import Bound, Part, bounds, parts
from brightline.record.entry import OutcomeCode
from brightline.terms import DUTIES, Terms
from brightline.terms.formula import FALSE, MAX_NUMBER, TRUE, And, Between, Formula, Has, In, Or

USES = "uses"
PLACES = 1 << 40  # more rows than a table of history has
SETS = 32  # sets of supplies to a word: 256 of them in at most 8 columns
_PERMIT, _HOLD, _DENY = OutcomeCode.PERMIT, OutcomeCode.HOLD, OutcomeCode.DENY


def decisions(terms: Terms, performable: Sequence[str] = DUTIES, table: str = USES) -> exp.Select:
    """SELECT of all columns of `table` with outcome, duties, needs and clauses beside them."""
    return _Reading(terms, performable).select(table)


def clause_columns(terms: Terms) -> list[str]:
    """The columns that hold the clauses that decide."""
    return [_word("_clauses", n) for n in range(_words(terms))]


class _Reading:
    """Three subselects, one in another: which conditions hold; with which supplies the use is allowed; what follows."""

    def __init__(self, terms: Terms, performable: Sequence[str]) -> None:
        bits = terms.scope.vocabulary.bits["duties"]
        self._terms, self._layout = terms, Layout(terms.scope)
        self._bounds = bounds(terms, sum(bits.get(d, 0) for d in set(performable)))
        self._parts = parts(terms, self._bounds)
        self._tests: dict[tuple[frozenset[str], Formula], str] = {}
        self._sets = max((p.everything // SETS + 1) for p in self._parts)
        self._lifted = [b for b in self._bounds if b.permits and b.supplies]

    def select(self, table: str) -> exp.Select:
        # 3. outcome, duties, needs, clauses; made first, for it says which conditions are needed
        decided = {**self._outcome(), **self._clauses()}
        # 2. the sets of supplies with which the use is allowed, and the clauses that apply as it is
        reached = {**self._allowed(), **self._applying()}
        first = self._first()
        # 1. the conditions
        held = {name: self._test(*test) for test, name in self._tests.items()}
        if len(self._parts) > 1:
            branches = [(self._activity(p.activities), _number(n)) for n, p in enumerate(self._parts)]
            held["_part"] = _case(branches[:-1], branches[-1][1])
        query = _with(exp.select("*").from_(exp.table_(table, quoted=True)), held)
        query = _with(exp.select("*").from_(query.subquery("_1")), reached)
        query = _with(exp.select("*").from_(query.subquery("_2")), first)
        return _with(exp.select("*").from_(query.subquery("_3")), decided)

    # --- 1. conditions

    def _holds(self, bound: Bound, condition: Formula) -> exp.Expression:
        """The column that says whether `bound`, with this condition, applies; a constant where that is known."""
        if condition == FALSE:
            return exp.false()
        everywhere = bound.activities >= self._terms.scope.vocabulary.activities.keys()
        if condition == TRUE and everywhere:
            return exp.true()
        key = (bound.activities, condition)
        return _column(self._tests.setdefault(key, f"_t{len(self._tests)}"))

    def _test(self, activities: frozenset[str], condition: Formula) -> exp.Expression:
        every = activities >= self._terms.scope.vocabulary.activities.keys()
        tests = [] if every else [self._activity(activities)]
        return _all([*tests, *([] if condition == TRUE else [self._formula(condition)])])

    def _activity(self, names: Iterable[str]) -> exp.Expression:
        """Ranks in runs: members of a group stand side by side."""
        ranks = sorted(self._terms.scope.vocabulary.ranks[a] for a in names)
        runs: list[list[int]] = []
        for r in ranks:
            if runs and runs[-1][-1] == r - 1:
                runs[-1].append(r)
            else:
                runs.append([r])
        return _any([_between(_column(ACTIVITY), run[0], run[-1]) for run in runs])

    def _formula(self, f: Formula) -> exp.Expression:
        match f:
            case In(i, mask):
                columns = [c for c in self._layout.at[i] if c.of(mask)]
                return _any([_one_of(c, c.of(mask), alone=len(self._layout.at[i]) == 1) for c in columns])
            case Has(i, bit, absent):
                column = next(c for c in self._layout.at[i] if c.of(bit))
                return _bit(_column(column.name), column.of(bit), there=not absent)
            case Between(i, low, high):
                return _between(_column(self._layout.at[i][0].name), low, high)
            case And(inner):
                return _all([self._formula(p) for p in inner])
            case Or(inner):
                return _any([self._formula(p) for p in inner])

    # --- 2. what is reached

    def _allowed(self) -> dict[str, exp.Expression]:
        """`_a0`…: the sets with which some permit applies and no forbid does, as bits."""
        out = {}
        for word in range(self._sets):
            out[f"_a{word}"] = self._by_part(partial(self._allowed_of, word))
        return out

    def _allowed_of(self, word: int, part: Part) -> exp.Expression:
        sides: dict[bool, list[exp.Expression]] = {True: [], False: []}
        for b in self._bounds:
            if b.activities.isdisjoint(part.activities):
                continue
            for case in b.cases:
                sets = sum(1 << s - SETS * word for s in part.sets(b, case) if s // SETS == word)
                held = self._holds(b, case.condition)
                if sets and held != exp.false():
                    sides[b.permits].append(_where(held, sets))
        return exp.BitwiseAnd(this=_bits(sides[True]), expression=exp.BitwiseNot(this=_bits(sides[False])))

    def _applying(self) -> dict[str, exp.Expression]:
        """Clauses as bits by rank: `_p` permits and `_f` forbids that apply to the use as it is, `_s` forbids that do
        with all supplied, `_h` those that do whatever the open facts are."""
        out: dict[str, exp.Expression] = {}
        for n in range(_words(self._terms)):
            for name in "pfsh":
                pieces = [
                    _where(self._holds(b, _meant(b, name)), 1 << b.rank % WORD_BITS)
                    for b in self._bounds
                    if b.rank // WORD_BITS == n and b.permits == (name == "p") and _meant(b, name) != FALSE
                ]
                out[f"_{name}{n}"] = _bits(pieces)
        return out

    def _first(self) -> dict[str, exp.Expression]:
        """`_first`: the first set of approvals and duties that is enough; asked only where a permit needs one."""
        return {"_first": self._by_part(_first_of)} if self._lifted else {}

    # --- 3. what follows

    def _outcome(self) -> dict[str, exp.Expression]:
        def outcome(part: Part) -> exp.Expression:
            enough = [(_set(part.all_duties), _number(_PERMIT)), (_set(part.everything), _number(_HOLD))]
            return _case(enough, _number(_DENY))

        def duties(part: Part) -> exp.Expression:
            return _case([(_set(s), _number(part.bits(s)[1])) for s in part.duty_sets], _number(0))

        return {
            "_outcome": self._by_part(outcome),
            "_duties": self._by_part(duties),
            "_needs": self._by_part(_needs_of),
        }

    def _clauses(self) -> dict[str, exp.Expression]:
        """As `decide` names them: `terms.decide.decide_case`, steps 1 to 4."""
        out, words = {}, range(_words(self._terms))
        some_permit, some_forbid, some_firm = (
            _not_zero(_bits([_column(f"_{name}{n}") for n in words])) for name in "pfh"
        )
        permitted = self._by_part(lambda part: _set(part.all_duties))
        held = self._by_part(lambda part: _set(part.everything))
        for n in words:
            p, f, s, h = (_column(f"_{name}{n}") for name in "pfsh")
            permitting = _case([(some_permit, p)], _bits([p, *self._lifted_by_first(n)])) if self._lifted else p
            out[_word("_clauses", n)] = _case(
                [
                    (permitted, _bits([permitting, f])),
                    (held, _case([(some_forbid, f)], permitting)),
                    (some_firm, h),
                ],
                s,
            )
        return out

    def _lifted_by_first(self, word: int) -> list[exp.Expression]:
        """Permits that apply once the first set that is enough is supplied, as bits."""
        return [self._by_part(partial(self._lifted_in, b)) for b in self._lifted if b.rank // WORD_BITS == word]

    def _lifted_in(self, b: Bound, part: Part) -> exp.Expression:
        if b.activities.isdisjoint(part.activities):
            return _number(0)
        own = exp.paren(exp.BitwiseAnd(this=_column("_first"), expression=_number(part.number(b.supplies))))
        branches = []
        for case in b.cases:
            numbers = [_number(part.number(g)) for g in case.given]
            held = self._holds(b, case.condition)
            if held != exp.false():
                branches.append(_all([exp.In(this=own.copy(), expressions=numbers), held]))
        return _where(_any(branches), 1 << b.rank % WORD_BITS)

    def _by_part(self, of: Callable[[Part], exp.Expression]) -> exp.Expression:
        """What holds in the part that the use's activity is in."""
        each = [of(p) for p in self._parts]
        if all(e == each[0] for e in each):
            return each[0]
        branches = [(exp.EQ(this=_column("_part"), expression=_number(n)), e) for n, e in enumerate(each)]
        return _case(branches[:-1], branches[-1][1])


def _meant(b: Bound, name: str) -> Formula:
    match name:
        case "h":
            return b.firm
        case "s":
            return b.given(b.supplies)
        case _:
            return b.given(frozenset())


def _first_of(part: Part) -> exp.Expression:
    """Fewest approvals first, then fewest duties, each in vocabulary order: the first of `Case.ways`."""
    branches = [(_set(d), _number(d)) for d in part.duty_sets]
    branches += [
        (_set(a | part.all_duties), _case([(_set(a | d), _number(a | d)) for d in part.duty_sets]))
        for a in part.approval_sets
    ]
    return _case(branches, _number(0))


def _needs_of(part: Part) -> exp.Expression:
    """Every minimal set of approvals with its fewest duties. Having more never forbids, so a set is minimal where it is
    enough and with any one approval less it is not."""
    pieces: list[exp.Expression] = [exp.Literal.string("")]
    for a in part.approval_sets:
        less = [a & ~bit for bit in part.slots.values() if bit & a]
        minimal = _all([_set(a | part.all_duties), *(_unset(x | part.all_duties) for x in less)])
        each = [(_set(a | d), exp.Literal.string(" {}:{}".format(*part.bits(a | d)))) for d in part.duty_sets]
        pieces.append(_case([(minimal, _case(each))], exp.Literal.string("")))
    return _case([(_set(part.all_duties), exp.Literal.string(""))], _tree(exp.DPipe, pieces))


# --- small pieces of SQL


def _set(number: int) -> exp.Expression:
    """Is the use allowed with the set of this number?"""
    return _bit(_column(f"_a{number // SETS}"), 1 << number % SETS, there=True)


def _unset(number: int) -> exp.Expression:
    return _bit(_column(f"_a{number // SETS}"), 1 << number % SETS, there=False)


def _one_of(column: Column, mask: int, *, alone: bool) -> exp.Expression:
    """Is the enumeration in `column` one of the values in `mask`? One bit is set, in all its columns together."""
    x, others = _column(column.name), column.full & ~mask
    if mask.bit_count() == 1:
        return exp.EQ(this=x, expression=_number(mask))
    if alone and others.bit_count() == 1:
        return exp.NEQ(this=x, expression=_number(others))
    return _bit(x, mask, there=True)


def _between(x: exp.Expression, low: int, high: int) -> exp.Expression:
    if low == high:
        return exp.EQ(this=x, expression=_number(low))
    bounds: list[exp.Expression] = [exp.GTE(this=x, expression=_number(low))] if low > 0 else []
    if high < MAX_NUMBER:
        bounds.append(exp.LTE(this=x.copy(), expression=_number(high)))
    return _all(bounds)


def _bit(x: exp.Expression, bits: int, *, there: bool) -> exp.Expression:
    masked = exp.paren(exp.BitwiseAnd(this=x, expression=_number(bits)))
    return exp.NEQ(this=masked, expression=_number(0)) if there else exp.EQ(this=masked, expression=_number(0))


def _not_zero(x: exp.Expression) -> exp.Expression:
    return exp.NEQ(this=exp.paren(x), expression=_number(0))


def _where(held: exp.Expression, bits: int) -> exp.Expression:
    """`bits` where `held`, else 0."""
    if held == exp.true():
        return _number(bits)
    return _case([(held, _number(bits))], _number(0))


def _bits(pieces: Sequence[exp.Expression]) -> exp.Expression:
    return _tree(exp.BitwiseOr, pieces or [_number(0)])


def _all(tests: Sequence[exp.Expression]) -> exp.Expression:
    return _tree(exp.And, tests) if tests else exp.true()


def _any(tests: Sequence[exp.Expression]) -> exp.Expression:
    return _tree(exp.Or, tests) if tests else exp.false()


def _tree(of: type[exp.Binary], pieces: Sequence[exp.Expression]) -> exp.Expression:
    """All of `pieces`, balanced: engines bound how deep an expression may be, and 512 clauses in a row are deeper."""
    if len(pieces) == 1:
        return pieces[0]
    half = len(pieces) // 2
    return exp.paren(of(this=_tree(of, pieces[:half]), expression=_tree(of, pieces[half:])), copy=False)


def _case(
    branches: Sequence[tuple[exp.Expression, exp.Expression]], otherwise: exp.Expression | None = None
) -> exp.Expression:
    """CASE; where nothing was left but `otherwise`, that."""
    if not branches and otherwise is not None:
        return otherwise
    ifs = [exp.If(this=test, true=value) for test, value in branches]
    return exp.Case(ifs=ifs, default=otherwise)


def _with(query: exp.Select, columns: Mapping[str, exp.Expression]) -> exp.Select:
    added = [exp.alias_(e, name, quoted=True, copy=True) for name, e in columns.items()]
    return query.select(*added, copy=False)


def _column(name: str) -> exp.Expression:
    return exp.column(name, quoted=True)


def _number(value: int) -> exp.Expression:
    return exp.Literal.number(int(value))


def _word(name: str, n: int) -> str:
    return f"{name}_{n + 1}" if n else name


def _words(terms: Terms) -> int:
    """How many columns of 63 bits hold a bit for each clause."""
    return max(-(-len(terms.clauses) // WORD_BITS), 1)


# --- what a replay asks of the table


def counted(decided: exp.Select, layout: Layout, clauses: Sequence[str]) -> exp.Select:
    """Rows (recorded outcome, recorded clauses, outcome, clauses…, count, example) over decided uses.

    `example` is the least of `stated facts << 40 | place` where the recorded outcome, an ask being a deny, is another;
    NULL where it is not. Needs `_recorded`, `_recorded_clauses`, `_count`, `_place` beside the columns of the layout.
    """
    recorded = _case([(_is("_recorded", OutcomeCode.ASK), _number(_DENY))], _column("_recorded"))
    differs = _all(
        [exp.NEQ(this=recorded, expression=_column("_outcome")), exp.NEQ(this=recorded, expression=_number(0))]
    )
    stated = _tree(exp.Add, [_case([(_stated(columns), _number(1))], _number(0)) for columns in _facts(layout)])
    key = exp.Add(
        this=exp.Mul(this=exp.cast(stated, "BIGINT"), expression=_number(PLACES)), expression=_column("_place")
    )
    keys = [recorded, _column("_recorded_clauses"), _column("_outcome"), *map(_column, clauses)]
    total = exp.cast(exp.Sum(this=_column("_count")), "BIGINT")
    chosen = exp.Min(this=_case([(differs, key)]))
    return exp.select(*[k.copy() for k in keys], total, chosen).from_(decided.subquery("_4")).group_by(*keys)


def faulty(layout: Layout, table: str = USES) -> exp.Select:
    """The least place of a row that is no use: a bit without a word, two values of one fact, a claim on what is
    unknown, a component that lies in nothing that is declared so."""
    words = layout.scope.vocabulary
    ranks = _between(_column(ACTIVITY), 1, len(words.activities))
    tests = [exp.GTE(this=_column(ACTIVITY), expression=_number(1)), ranks]
    tests += [_in_range(column) for column in layout.columns]
    tests += [_one_value(columns) for columns in layout.at if columns[0].kind is Kind.ENUM]
    tests += [_known_if_claimed(layout, name, bit) for name, bit in words.bits[CLAIMED].items()]
    tests += [_in_tree(layout, columns) for columns in layout.at if columns[0].kind is Kind.TREE]
    tests.append(_between(_column("_recorded"), OutcomeCode.NONE, OutcomeCode.DENY))
    tests.append(exp.GTE(this=_column("_recorded"), expression=_number(0)))
    tests.append(exp.Not(this=exp.Is(this=_column("_recorded_clauses"), expression=exp.null())))
    sound = exp.Coalesce(this=_all(tests), expressions=[exp.false()])  # a NULL is no use either
    return exp.select(exp.Min(this=_column("_place"))).from_(exp.table_(table, quoted=True)).where(exp.Not(this=sound))


def _facts(layout: Layout) -> list[Sequence[Column]]:
    """The columns of every fact that can be stated."""
    index = layout.scope.vocabulary.index
    return [layout.at[i] for name, i in index.items() if name != CLAIMED]


def _stated(columns: Sequence[Column]) -> exp.Expression:
    """Is it other than `unknown`, empty, 0? `unknown` is the last value of an enumeration."""
    last = columns[-1]
    if last.kind is Kind.ENUM:
        return exp.NEQ(this=_column(last.name), expression=_number(1 << last.full.bit_length() - 1))
    return _any([exp.NEQ(this=_column(c.name), expression=_number(0)) for c in columns])


def _in_range(column: Column) -> exp.Expression:
    most = MAX_NUMBER if column.kind is Kind.NUMBER else column.full
    x = _column(column.name)
    return _all([exp.GTE(this=x, expression=_number(0)), exp.LTE(this=x.copy(), expression=_number(most))])


def _one_value(columns: Sequence[Column]) -> exp.Expression:
    counts = [exp.Anonymous(this="bit_count", expressions=[_column(c.name)]) for c in columns]
    return exp.EQ(this=_tree(exp.Add, counts), expression=_number(1))


def _known_if_claimed(layout: Layout, name: str, bit: int) -> exp.Expression:
    """A claim on an enumeration says what it is."""
    index = layout.scope.vocabulary.index
    last = layout.at[index[name]][-1]
    if last.kind is not Kind.ENUM:
        return exp.true()
    claims = next(c for c in layout.at[index[CLAIMED]] if c.of(bit))
    return _any([_bit(_column(claims.name), claims.of(bit), there=False), _stated([last])])


def _in_tree(layout: Layout, columns: Sequence[Column]) -> exp.Expression:
    """Some declared component (or model) lies in just these, or it lies in none."""
    scope = layout.scope
    above = {0, *map(scope.components_of, scope.components)}
    if columns[0].place == scope.model_place:
        above = {0, *map(scope.models_of, scope.models)}
    if len(columns) == 1:
        return exp.In(this=_column(columns[0].name), expressions=[_number(bits) for bits in sorted(above)])
    return _any([_all([_is(c.name, c.of(bits)) for c in columns]) for bits in sorted(above)])


def _is(name: str, value: int) -> exp.Expression:
    return exp.EQ(this=_column(name), expression=_number(value))
