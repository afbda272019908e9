"""Small bargains at random: packs, menus and requirements over so few facts that every use can be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

from hypothesis import strategies as st

from brightline.analysis.brief import Brief, Requirement, read_brief
from brightline.analysis.propose.menus import Table
from brightline.errors import TermsError
from brightline.terms import DUTIES, Clause, Pack, read_pack
from brightline.terms.compiled import compile_clause
from brightline.vocabulary import shipped

TOML = f"""
[vocabulary]
core = "{shipped("core").modules[0].digest}"
[components]
army = "the army"
"army/g2" = "its intelligence staff"
"""
SCOPE = read_pack("scope", {"terms.toml": TOML, "terms.cedar": ""}).terms.scope
ACTIVITIES = ("gen.office", "intel.osint", "gen.unknown")
PLAIN = (
    'context.place == "home"',
    'context.place != "abroad"',
    '["registered", "unknown"].contains(context.dataset)',
    'context.dataset == "none"',
    "context.distinct_persons >= 10",
    'principal in Component::"army/g2"',
)
HELPS = ('context.approvals.contains("legal_adviser")', 'context.approvals.contains("privacy_officer")')
NOTE = 'context.duties.contains("note")'
CLAIM = 'context.claimed.contains("place")'


ALL = '@id("{}-all") permit (principal, action, resource);\n'


def pack(party: str, text: str) -> Pack:
    return read_pack(party, {"terms.toml": f'party = "{party}"\n{TOML}', "terms.cedar": text})


@st.composite
def clause(draw: st.DrawFn, head: str, permits: bool) -> str:
    """One clause within the profile: supplies only where having more helps, claims only where it does not."""
    some = draw(st.lists(st.sampled_from(ACTIVITIES), min_size=1, max_size=3, unique=True))
    action = "action in [" + ", ".join(f'Action::"{a}"' for a in some) + "]" if draw(st.booleans()) else "action"
    parts = draw(st.lists(st.sampled_from(PLAIN), max_size=2, unique=True))
    if not permits and draw(st.integers(0, 4)) == 0:
        parts.append(CLAIM)
    when = f" when {{ {draw(st.sampled_from([' && ', ' || '])).join(parts)} }}" if parts else ""
    helps = draw(st.lists(st.sampled_from([*HELPS, NOTE]), max_size=2, unique=True))
    lifted = ""
    if helps and permits:
        lifted = f" when {{ {' && '.join(helps)} }}"
    elif helps:
        lifted = f" unless {{ {draw(st.sampled_from([' && ', ' || '])).join(helps)} }}"
    return f"{head} {'permit' if permits else 'forbid'} (principal, {action}, resource){when}{lifted};"


@dataclass(frozen=True)
class Bargain:
    a: Pack
    b: Pack
    briefs: tuple[Brief, ...]

    def __repr__(self) -> str:
        """What hypothesis shows of a case that fails."""
        texts = [p.files["terms.cedar"] for p in (self.a, self.b)]
        asked = [c.cedar for b in self.briefs for c in [r.clause for r in b.requirements]]
        return "\n".join([*texts, *asked, *(c.cedar for b in self.briefs for o in b.options for c in o.clauses)])


@st.composite
def bargains(draw: st.DrawFn) -> Bargain:
    """Two packs, two briefs; a party's own hard requirements do not contradict each other."""
    packs = []
    for party in ("one", "two"):
        text = ALL.format(party)
        for n in range(draw(st.integers(0, 1))):
            text += draw(clause(f'@id("{party}-{n}")', False))
        packs.append(pack(party, text))
    menus = draw(st.integers(1, 3))
    briefs = []
    for party in ("one", "two"):
        options = []
        for m in range(menus):
            for o in range(draw(st.integers(0 if party == "two" else 1, 2))):
                head = f'@id("{party}-m{m}o{o}") @menu("m{m}") @option("{party} {o}")'
                permits = draw(st.integers(0, 5)) == 0
                options.append(draw(st.one_of(clause(head, permits), st.just(f"{head} {NOTHING}"))))
        wanted = []
        for r in range(draw(st.integers(1, 4))):
            weight = draw(st.sampled_from(["", '@weight("1")', '@weight("2")', '@weight("3")']))
            wanted.append(draw(clause(f'@id("{party}-r{r}") {weight}', draw(st.booleans()))))
        briefs.append(_brief(party, wanted, options))
    return Bargain(packs[0], packs[1], tuple(briefs))


NOTHING = "forbid (principal, action, resource) when { false };"


def _brief(party: str, wanted: list[str], options: list[str]) -> Brief:
    """The brief, with one demand less each time that its demands contradict each other."""
    while True:
        files = {"requirements.cedar": "\n".join(wanted), "options.cedar": "\n".join(options)}
        try:
            return read_brief(party, files, SCOPE)
        except TermsError as e:
            if "contradict each other" not in e.text:
                raise
            wanted = wanted[:-1]


@dataclass(frozen=True)
class Brute:
    """Every use that the clauses of `clause` can tell apart, and what each text says of it: no solver, no cubes."""

    table: Table
    requirements: Sequence[Requirement]

    @cached_property
    def uses(self) -> list[tuple[str, tuple[int, ...]]]:
        words, blank = SCOPE.vocabulary, list(SCOPE.vocabulary.blank)
        bits = words.bits
        out = []
        for activity, place, dataset, persons, component, advice, privacy, note, claim in product(
            ACTIVITIES, ("home", "abroad", "unknown"), ("none", "registered", "unregistered"),
            (0, 10), ("army", "army/g2"), (0, 1), (0, 1), (0, 1), (0, 1),
        ):  # fmt: skip
            if claim and place == "unknown":
                continue
            v = list(blank)
            v[words.index["place"]] = bits["place"][place]
            v[words.index["dataset"]] = bits["dataset"][dataset]
            v[words.index["distinct_persons"]] = persons
            approvals = advice * bits["approvals"]["legal_adviser"] | privacy * bits["approvals"]["privacy_officer"]
            v[words.index["approvals"]] = approvals
            v[words.index["duties"]] = note * bits["duties"]["note"]
            v[words.index["claimed"]] = claim * bits["claimed"]["place"]
            out.append((activity, (*v, SCOPE.components_of(component), 0)))
        return out

    def applying(self, clauses: Sequence[Clause], *, performed: bool) -> list[int]:
        """Of each clause the uses that it applies to, as bits; `performed`: with every duty of the gateway."""
        duties = SCOPE.vocabulary.index["duties"]
        every = sum(SCOPE.vocabulary.bits["duties"][d] for d in DUTIES)
        uses = [(a, (*v[:duties], v[duties] | every, *v[duties + 1 :]) if performed else v) for a, v in self.uses]
        return [
            sum(1 << n for n, (a, v) in enumerate(uses) if a in c.activities and applies(v))
            for c in clauses
            for applies in [compile_clause(c)]
        ]

    @cached_property
    def texts(self) -> dict[tuple[int, ...], frozenset[int]]:
        """Each choice of one option a menu, by number in the table's order → the requirements that it meets."""
        everything = (1 << len(self.uses)) - 1
        numbered: list[list[int]] = []
        at = 0
        for options in self.table.menus.values():
            numbered.append(list(range(at, at + len(options))))
            at += len(options)
        allowed: dict[bool, list[tuple[int, int]]] = {}
        for performed in (False, True):
            parts = [self.table.base, *(o.clauses for o in self.table.options)]
            allowed[performed] = [self._reach(some, performed) for some in parts]
        within = self.applying([r.clause for r in self.requirements], performed=False)
        out = {}
        for choice in product(*numbered):
            met = []
            for n, r in enumerate(self.requirements):
                blocks = allowed[r.clause.permits]
                permits, forbids = blocks[0]
                for o in choice:
                    permits |= blocks[o + 1][0]
                    forbids |= blocks[o + 1][1]
                here = permits & ~forbids & everything
                if not within[n] & (~here if r.clause.permits else here):
                    met.append(n)
            out[choice] = frozenset(met)
        return out

    def _reach(self, clauses: Sequence[Clause], performed: bool) -> tuple[int, int]:
        permits = forbids = 0
        for c, uses in zip(clauses, self.applying(clauses, performed=performed), strict=True):
            permits, forbids = (permits | uses, forbids) if c.permits else (permits, forbids | uses)
        return permits, forbids

    @property
    def hard(self) -> frozenset[int]:
        return frozenset(n for n, r in enumerate(self.requirements) if r.is_hard)

    def worth(self, met: frozenset[int]) -> tuple[int, int]:
        weights = [(r.weight if n in met else 0, r.party) for n, r in enumerate(self.requirements)]
        return sum(w for w, p in weights if p == "one"), sum(w for w, p in weights if p == "two")

    def front(self) -> set[tuple[int, int]]:
        """The worths that no text beats for one party at no cost to the other."""
        points = {self.worth(met) for met in self.texts.values() if self.hard <= met}
        return {p for p in points if not any(q != p and q[0] >= p[0] and q[1] >= p[1] for q in points)}

    def best(self, worth: tuple[int, int]) -> tuple[int, ...]:
        """Of the texts of that worth the one with the least change, then the first."""
        mine, other = self.table.changes

        def change(choice: tuple[int, ...]) -> tuple[int, int]:
            each = sum(mine[o] for o in choice), sum(other[o] for o in choice)
            return sum(each), max(each)

        able = [c for c, met in self.texts.items() if self.hard <= met and self.worth(met) == worth]
        return min(able, key=lambda c: (*change(c), c))

    def cores(self) -> Iterator[tuple[int, ...]]:
        """Every smallest set of demands that no text meets, in order."""
        for size in range(len(self.hard) + 1):
            found = [
                some
                for some in combinations(sorted(self.hard), size)
                if not any(set(some) <= met for met in self.texts.values())
            ]
            if found:
                yield from found
                return
