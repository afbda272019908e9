"""The SELECT that decides.

    decisions(terms).sql("duckdb")      over a table `uses` of `analysis.layout`; "spark" gives Spark's dialect

Law: on every row the answer is that of `decide` on the use without alternatives, where an `ask` is a deny: outcome,
duties, needs of a hold, and the clauses that decide.

    _outcome              1 permit, 2 hold, 4 deny, as in entries of the record
    _duties               bits of the duties that a permit undertakes
    _needs                of a hold: `APPROVALS:DUTIES` in bits, each need after a space, in `decide`'s own order
    _clauses, _clauses_2… bits of the clauses that decide by rank, 63 to a column; all 0 is `default-deny`

No fact's name begins with an underscore, so none of these is hidden by a fact. Each step is a subselect, so that what
several clauses ask is asked once, and what nobody selects is never computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain

from sqlglot import exp

from brightline.analysis.layout import ACTIVITY, WORD_BITS, Layout
from brightline.analysis.reach import Bound, Part, bounds, parts
from brightline.analysis.sql.pieces import (
    ALWAYS,
    NEVER,
    beside,
    between,
    bits_of,
    bits_where,
    case,
    column,
    equal,
    every,
    has,
    lacks,
    mask,
    number,
    some,
    text,
    tree,
    unequal,
)
from brightline.record.entry import OutcomeCode
from brightline.terms import DUTIES, Terms
from brightline.terms.formula import FALSE, TRUE, And, Between, Formula, Has, In, Leaf, Or

USES = "uses"
BYTE_BITS = 7
SETS = 32  # sets of supplies to a column: 256 of them in at most 8


def decisions(terms: Terms, performable: Sequence[str] = DUTIES, table: str = USES) -> exp.Select:
    """SELECT of all columns of `table` with outcome, duties, needs and clauses beside them."""
    return _Reading(terms, performable).select(table)


def clause_columns(terms: Terms) -> list[str]:
    """The columns that hold the clauses that decide."""
    return [f"_clauses_{n + 1}" if n else "_clauses" for n in range(-(-len(terms.clauses) // WORD_BITS) or 1)]


class _Reading:
    """Four subselects, one in another: what is true of a use; which conditions hold; what applies and is allowed;
    whether that permits or holds. Around them, what follows."""

    def __init__(self, terms: Terms, performable: Sequence[str]) -> None:
        bits = terms.scope.vocabulary.bits["duties"]
        self._words, self._layout = terms.scope.vocabulary, Layout(terms.scope)
        self._bounds = bounds(terms, sum(bits.get(d, 0) for d in set(performable)))
        self._parts = parts(terms, self._bounds)
        self._columns = clause_columns(terms)
        self._lifted = [b for b in self._bounds if b.permits and b.supplies]
        self._leaves: dict[Leaf | frozenset[str], str] = {}
        self._conditions: dict[tuple[frozenset[str], Formula], str] = {}

    def select(self, table: str) -> exp.Select:
        # made from the last to the first, for each says what it needs of those before
        applying, allowed = self._applying(), self._allowed()
        conditions = {name: self._condition(*key) for key, name in self._conditions.items()}
        if len(self._parts) > 1:
            numbered = [(unequal(self._leaf(frozenset(p.activities)), 0), number(n)) for n, p in enumerate(self._parts)]
            conditions["_part"] = case(numbered[:-1], numbered[-1][1])
        leaves = {name: mask(self._test(leaf)) for leaf, name in self._leaves.items()}
        query = beside(beside(table, self._activities()), leaves, "_0")
        query = beside(query, conditions, "_1")
        query = beside(query, {**applying, **allowed}, "_2")
        query = beside(query, self._reached(), "_3")
        return beside(query, {**self._outcome(), **self._clauses()}, "_4")

    # --- 1. what is true of a use

    def _leaf(self, key: Leaf | frozenset[str]) -> exp.Expression:
        return column(self._leaves.setdefault(key, f"_l{len(self._leaves)}"))

    def _test(self, leaf: Leaf | frozenset[str]) -> exp.Expression:
        match leaf:
            case In(i, mask):
                columns = self._layout.at[i]
                return some([_one_of(column(c.name), c.of(mask)) for c in columns if c.of(mask)])
            case Has(i, bit, absent):
                c = next(c for c in self._layout.at[i] if c.of(bit))
                return lacks(column(c.name), c.of(bit)) if absent else has(column(c.name), c.of(bit))
            case Between(i, low, high):
                return between(column(self._layout.at[i][0].name), low, high)
            case _:
                return self._activity(leaf)

    def _activity(self, names: Iterable[str]) -> exp.Expression:
        """Ranks in runs: members of a group stand side by side."""
        runs: list[list[int]] = []
        for r in sorted(self._words.ranks[a] for a in names):
            if runs and runs[-1][-1] == r - 1:
                runs[-1].append(r)
            else:
                runs.append([r])
        if len(runs) == 1:
            return between(column(ACTIVITY), runs[0][0], runs[0][-1])
        words: dict[int, int] = {}
        for r in chain(*runs):
            words[r // WORD_BITS] = words.get(r // WORD_BITS, 0) | 1 << r % WORD_BITS
        return some([has(column(f"_activity{n}"), bits) for n, bits in words.items()])

    def _activities(self) -> dict[str, exp.Expression]:
        """The activity as one bit, 63 ranks to a column."""
        out = {}
        for n in range(len(self._words.activities) // WORD_BITS + 1):
            low = n * WORD_BITS
            place = exp.paren(exp.Sub(this=column(ACTIVITY), expression=number(low))) if n else column(ACTIVITY)
            bit = exp.BitwiseLeftShift(this=exp.cast(number(1), "BIGINT"), expression=place)
            here = every(
                [
                    exp.GTE(this=column(ACTIVITY), expression=number(low)),
                    exp.LT(this=column(ACTIVITY), expression=number(low + WORD_BITS)),
                ]
            )
            out[f"_activity{n}"] = case([(here, bit)], number(0))
        return out

    # --- 2. which conditions hold

    def _holds(self, b: Bound, condition: Formula) -> exp.Expression:
        """The mask that says whether `b`, with this condition, applies; a constant where that is known."""
        if condition == FALSE:
            return NEVER
        if condition == TRUE and b.activities >= self._words.activities.keys():
            return ALWAYS
        key = (b.activities, condition)
        return column(self._conditions.setdefault(key, f"_t{len(self._conditions)}"))

    def _condition(self, activities: frozenset[str], condition: Formula) -> exp.Expression:
        everywhere = activities >= self._words.activities.keys()
        tests = [] if everywhere else [self._leaf(activities)]
        return tree(exp.BitwiseAnd, [*tests, *([] if condition == TRUE else [self._formula(condition)])])

    def _formula(self, f: Formula) -> exp.Expression:
        match f:
            case And(inner):
                return tree(exp.BitwiseAnd, [self._formula(p) for p in inner])
            case Or(inner):
                return tree(exp.BitwiseOr, [self._formula(p) for p in inner])
            case _:
                return self._leaf(f)

    # --- 3. what applies, and with which supplies the use is allowed

    def _applying(self) -> dict[str, exp.Expression]:
        """Clauses as bits by rank. `_p` permits and `_f` forbids that apply as it is, whatever is supplied; then those
        to which something can be supplied: `_p0`, `_f0` as it is, `_p1`, `_f1` with all duties, `_p2`, `_f2` with all
        approvals too; `_h` forbids that apply whatever the open facts turn out to be."""
        out: dict[str, exp.Expression] = {}
        for n, suffix in enumerate(self._columns):
            mine = [b for b in self._bounds if b.rank // WORD_BITS == n]
            for permits, name in ((True, "p"), (False, "f")):
                side = [b for b in mine if b.permits is permits]
                out[f"_{name}{suffix}"] = self._ranks([(b, b.given(b.supplies)) for b in side if not b.supplies])
                for level in range(3):
                    out[f"_{name}{level}{suffix}"] = self._ranks(
                        [(b, b.given(self._level(b, level))) for b in side if b.supplies]
                    )
            out[f"_h{suffix}"] = self._ranks([(b, b.firm) for b in mine])
        return out

    def _level(self, b: Bound, level: int) -> frozenset[tuple[int, int]]:
        """Of its supplies none, the duties, all."""
        duties = frozenset(s for s in b.supplies if s[0] == self._words.index["duties"])
        return (frozenset[tuple[int, int]](), duties, b.supplies)[level]

    def _ranks(self, conditions: Iterable[tuple[Bound, Formula]]) -> exp.Expression:
        """Bits by rank, gathered a byte at a time."""
        bytes_: dict[int, list[exp.Expression]] = {}
        for b, condition in conditions:
            byte, bit = divmod(b.rank % WORD_BITS, BYTE_BITS)
            bytes_.setdefault(byte, []).append(bits_where(self._holds(b, condition), 1 << bit))
        wide = {byte: exp.cast(bits_of(pieces), "BIGINT") for byte, pieces in bytes_.items()}
        return bits_of([exp.Mul(this=x, expression=number(1 << byte * BYTE_BITS)) for byte, x in wide.items()])

    def _allowed(self) -> dict[str, exp.Expression]:
        """`_a0`…: the sets of supplies with which some permit applies and no forbid does, as bits."""
        words = range(max(p.everything // SETS for p in self._parts) + 1)
        return {f"_a{word}": self._by_part(partial(self._allowed_of, word)) for word in words}

    def _allowed_of(self, word: int, part: Part) -> exp.Expression:
        sides: dict[bool, list[exp.Expression]] = {True: [], False: []}
        for b in self._bounds:
            if b.activities.isdisjoint(part.activities):
                continue
            for c in b.cases:
                sets = sum(1 << s - SETS * word for s in part.sets(b, c) if s // SETS == word)
                if sets and c.condition != FALSE:
                    sides[b.permits].append(bits_where(self._holds(b, c.condition), sets))
        blocked = exp.paren(exp.BitwiseNot(this=bits_of(sides[False])), copy=False)
        return exp.paren(exp.BitwiseAnd(this=bits_of(sides[True]), expression=blocked), copy=False)

    # --- 4. whether that permits or holds

    def _reached(self) -> dict[str, exp.Expression]:
        """`_permitted`: some permit applies and no forbid does with all duties; `_held`: with all approvals too.
        `_first`: the first set that is enough, asked only where a permit needs one."""
        out = {}
        for name, level in (("_permitted", 1), ("_held", 2)):
            permits, forbids = (self._any(side, f"{side}{level}") for side in "pf")
            out[name] = every([unequal(permits, 0), equal(forbids, 0)])
        return out | ({"_first": self._by_part(_first_of)} if self._lifted else {})

    def _any(self, *names: str) -> exp.Expression:
        """Not 0 where a bit of any of these columns is set."""
        return exp.paren(bits_of([column(f"_{n}{suffix}") for n in names for suffix in self._columns]), copy=False)

    # --- and what follows

    def _outcome(self) -> dict[str, exp.Expression]:
        def duties(part: Part) -> exp.Expression:
            return case([(_set(s), number(part.bits(s)[1])) for s in part.duty_sets], number(0))

        codes = [(column("_permitted"), number(OutcomeCode.PERMIT)), (column("_held"), number(OutcomeCode.HOLD))]
        return {
            "_outcome": case(codes, number(OutcomeCode.DENY)),
            "_duties": case([(column("_permitted"), self._by_part(duties))], number(0)),
            "_needs": case([(column("_permitted"), text("")), (column("_held"), self._by_part(_needs_of))], text("")),
        }

    def _clauses(self) -> dict[str, exp.Expression]:
        """As `decide` names them: `terms.decide.decide_case`, steps 1 to 4."""
        out = {}
        some_permit, some_forbid = unequal(self._any("p", "p0"), 0), unequal(self._any("f", "f0"), 0)
        for n, suffix in enumerate(self._columns):
            permits = bits_of([column(f"_p{suffix}"), column(f"_p0{suffix}")])
            forbids = bits_of([column(f"_f{suffix}"), column(f"_f0{suffix}")])
            stubborn = bits_of([column(f"_f{suffix}"), column(f"_f2{suffix}")])
            lifted = [self._by_part(partial(self._lifted_in, b)) for b in self._lifted if b.rank // WORD_BITS == n]
            if lifted:
                permits = case([(some_permit, permits)], bits_of(lifted))
            out[suffix] = case(
                [
                    (column("_permitted"), bits_of([permits, forbids])),
                    (column("_held"), case([(some_forbid, forbids)], permits)),
                    (unequal(self._any("h"), 0), column(f"_h{suffix}")),
                ],
                stubborn,
            )
        return out

    def _lifted_in(self, b: Bound, part: Part) -> exp.Expression:
        """The bit of a permit that applies once the first set that is enough is supplied."""
        if b.activities.isdisjoint(part.activities):
            return number(0)
        own = exp.paren(exp.BitwiseAnd(this=column("_first"), expression=number(part.number(b.supplies))), copy=False)
        branches = []
        for c in b.cases:
            if c.condition != FALSE:
                given = exp.In(this=own, expressions=[number(part.number(g)) for g in c.given])
                branches.append(every([given, unequal(self._holds(b, c.condition), 0)]))
        return case([(some(branches), number(1 << b.rank % WORD_BITS))], number(0))

    def _by_part(self, of: Callable[[Part], exp.Expression]) -> exp.Expression:
        """What holds in the part that the use's activity is in."""
        each = [of(p) for p in self._parts]
        if all(e == each[0] for e in each):
            return each[0]
        branches = [(equal(column("_part"), n), e) for n, e in enumerate(each)]
        return case(branches[:-1], branches[-1][1])


def _first_of(part: Part) -> exp.Expression:
    """Fewest approvals first, then fewest duties, each in vocabulary order: the first of `Case.ways`."""
    branches = [(_set(d), number(d)) for d in part.duty_sets]
    branches += [
        (_set(a | part.all_duties), case([(_set(a | d), number(a | d)) for d in part.duty_sets]))
        for a in part.approval_sets
    ]
    return case(branches, number(0))


def _needs_of(part: Part) -> exp.Expression:
    """Every minimal set of approvals with its fewest duties. Having more never forbids, so a set is minimal where it is
    enough and with any one approval less it is not."""
    pieces = [text("")]
    for a in part.approval_sets:
        less = [a & ~bit for bit in part.slots.values() if bit & a]
        minimal = every([_set(a | part.all_duties), *(_unset(x | part.all_duties) for x in less)])
        each = [(_set(a | d), text(" {}:{}".format(*part.bits(a | d)))) for d in part.duty_sets]
        pieces.append(case([(minimal, case(each))], text("")))
    return tree(exp.DPipe, pieces)


def _set(n: int) -> exp.Expression:
    """Is the use allowed with the set of this number?"""
    return has(column(f"_a{n // SETS}"), 1 << n % SETS)


def _unset(n: int) -> exp.Expression:
    return lacks(column(f"_a{n // SETS}"), 1 << n % SETS)


def _one_of(x: exp.Expression, values: int) -> exp.Expression:
    """Is the enumeration one of `values`? One bit is set in all its columns together."""
    return equal(x, values) if values.bit_count() == 1 else has(x, values)
