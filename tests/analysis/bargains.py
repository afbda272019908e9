"""Small bargains at random: packs, menus and requirements over so few facts that every use can be looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product
from typing import Any

from hypothesis import strategies as st

from brightline.analysis.brief import Brief, Requirement, read_brief
from brightline.analysis.propose.menus import Table
from brightline.errors import TermsError
from brightline.terms import DUTIES, Clause, Outcome, Pack, Terms, decide, read_pack, read_scenarios
from brightline.terms.compiled import compile_clause
from brightline.vocabulary import Use, shipped

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
def bargains(draw: st.DrawFn, *, haggling: bool = False) -> Bargain:
    """Two packs, two briefs; a party's own hard requirements do not contradict each other. `haggling`: of every matter
    both wish the opposite, and both could have it."""
    written = "".join(json.dumps(c) + "\n" for c in draw(st.lists(scenarios(), max_size=4)))
    packs = []
    for party in ("one", "two"):
        text = ALL.format(party)
        for n in range(draw(st.sampled_from([0, 1]))):
            text += draw(clause(f'@id("{party}-{n}")', False))
        made = pack(party, text)
        packs.append(replace(made, files={**made.files, "scenarios.jsonl": written}))
    regions = draw(st.lists(region(), min_size=2 if haggling else 1, max_size=4, unique=True))
    briefs = []
    for party in ("one", "two"):
        wanted = [draw(wish(party, m, about, haggling)) for m, about in enumerate(regions)]
        if draw(st.booleans()):
            weight = draw(st.sampled_from(["", *WEIGHTS]))
            wanted.append(draw(clause(f'@id("{party}-r") {weight}', draw(st.booleans()))))
        options = [o for m, about in enumerate(regions) for o in draw(ways(party, m, about, haggling))]
        briefs.append(_brief(party, wanted, options))
    return Bargain(packs[0], packs[1], tuple(briefs))


@st.composite
def wish(draw: st.DrawFn, party: str, matter: int, about: str, haggling: bool) -> str:
    """The one party forbids, the other permits: as a wish, or a demand."""
    weight = draw(st.sampled_from(WEIGHTS if haggling else ["", *WEIGHTS]))
    return f'@id("{party}-w{matter}") {weight} {"forbid" if party == "one" else "permit"} {about};'


@st.composite
def ways(draw: st.DrawFn, party: str, matter: int, about: str, haggling: bool) -> list[str]:
    """One or two options of a matter, one of them as the party would have it."""
    own = f"forbid {about};" if party == "one" else NOTHING
    out = []
    for o in range(draw(st.sampled_from([1, 2]))):
        head = f'@id("{party}-m{matter}o{o}") @menu("m{matter}") @option("{party} {o}")'
        usual = st.sampled_from([own, f"forbid {about} unless {{ {HELPS[0]} }};"]).map(lambda t, h=head: f"{h} {t}")
        other = clause(head, draw(st.integers(0, 5)) == 0)
        out.append(f"{head} {own}" if haggling and o == 0 else draw(st.one_of(usual, usual, other)))
    return out


@st.composite
def region(draw: st.DrawFn) -> str:
    """A head and condition that a menu is about, and that the parties want the opposite of."""
    activity, fact = draw(st.sampled_from(ACTIVITIES)), draw(st.sampled_from(PLAIN))
    return f'(principal, action == Action::"{activity}", resource) when {{ {fact} }}'


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    facts = {
        "place": draw(st.sampled_from(["home", "abroad", "unknown"])),
        "dataset": draw(st.sampled_from(["none", "registered", "unregistered"])),
        "distinct_persons": draw(st.sampled_from([0, 10])),
        "approvals": draw(st.sampled_from([[], ["legal_adviser"]])),
    }
    use = {"activity": draw(st.sampled_from(ACTIVITIES)), "component": draw(st.sampled_from(["army", "army/g2"]))}
    return {"id": "case", "use": {**use, "facts": facts}, "expect": {"outcome": ["permit", "hold", "ask", "deny"]}}


WEIGHTS = ('@weight("1")', '@weight("2")', '@weight("3")')
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

    def best(self, worth: tuple[int, int], packs: Sequence[Pack]) -> tuple[int, ...]:
        """Of the texts of that worth the one with the least change, then the first."""
        able = [c for c, met in self.texts.items() if self.hard <= met and self.worth(met) == worth]
        written = {str(s.use): s.use for p in packs for s in read_scenarios(p)}.values()
        own = [[_said(p.terms, use) for use in written] for p in packs]

        def change(choice: tuple[int, ...]) -> tuple[int, int, int, int]:
            clauses = (*self.table.base, *(c for o in choice for c in self.table.options[o].clauses))
            terms = Terms(packs[0].terms.scope, tuple(sorted(clauses, key=lambda c: c.id)))
            said = [_said(terms, use) for use in written]
            cases = [sum(a != b for a, b in zip(said, mine, strict=True)) for mine in own]
            words = [sum(counts[o] for o in choice) for counts in self.table.changes]
            return sum(cases), max(cases), sum(words), max(words)

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


def _said(terms: Terms, use: Use) -> Outcome:
    outcome = decide(terms, use).outcome
    return Outcome.DENY if outcome is Outcome.ASK else outcome
