"""propose(a, b, briefs) -> Proposals: complete texts that both can sign, or the demands that cannot stand together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from brightline.analysis.brief import LEAST, Brief, Requirement
from brightline.analysis.propose import sentences
from brightline.analysis.propose.cases import Case, Written
from brightline.analysis.propose.impasse import smallest_core
from brightline.analysis.propose.menus import LEFT_OUT, Table, lay
from brightline.analysis.propose.proof import Proof
from brightline.analysis.propose.search import Search, Text
from brightline.analysis.propose.sentences import Side
from brightline.analysis.propose.writing import clauses_of, write_pack
from brightline.analysis.smt import UNKNOWN
from brightline.errors import MachineError, TermsError
from brightline.terms import Pack

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One complete text. `options`: menu → option; `pack`: the text itself, with nothing of the briefs in it."""

    options: Mapping[str, str]
    a: Side
    b: Side
    cases: tuple[Case, ...]
    pack: Pack
    text: str

    def to_json(self) -> dict[str, Any]:
        return {
            "options": dict(self.options),
            "a": self.a.to_json(),
            "b": self.b.to_json(),
            "cases": [c.to_json() for c in self.cases],
            "terms": self.pack.terms.digest,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Impasse:
    """A smallest set of demands that no text on the table meets together; each but one of them can be met."""

    core: tuple[Requirement, ...]
    text: str

    def to_json(self) -> dict[str, Any]:
        return {"core": [r.to_json() for r in self.core], "text": self.text}


@dataclass(frozen=True, slots=True)
class Proposals:
    """`proposals`, best balanced first; or `impasse`; or neither, where `unproven` says why nothing was shown.

    `complete`: the proposals are the whole Pareto front; nothing was left aside as neither shown nor refuted.
    """

    proposals: tuple[Proposal, ...] = ()
    impasse: Impasse | None = None
    unproven: tuple[Requirement, ...] = field(default=())
    complete: bool = True

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"complete": self.complete, "proposals": [p.to_json() for p in self.proposals]}
        if self.impasse:
            out["impasse"] = self.impasse.to_json()
        if self.unproven:
            out["unproven"] = [r.to_json() for r in self.unproven]
        return out


def propose(a: Pack, b: Pack, briefs: Sequence[Brief], progress: Progress = lambda _: None) -> Proposals:
    """Pareto-best texts between the positions `a` and `b`, which share one scope.

    Law: every proposal is proven (by the solver, on the text as written) to meet every hard requirement, and the wishes
    that it is said to keep; no text on the table gives either party more without giving the other less; the same bytes
    on every run. Raises TermsError where briefs or packs clash.
    """
    # 1. what is on the table, and who asks for what
    _check_parties(a, b, briefs)
    _check_pins(a, b)
    table = lay(a, b, briefs)
    requirements = [r for brief in briefs for r in brief.requirements]
    progress(f"{len(table.menus)} menus, {len(table.options)} options, {len(requirements)} requirements")
    written = Written(a, b)
    search = Search(table, requirements, written, progress)
    # 2. the front, or why there is none
    texts = search.front(a.party, b.party)
    if not texts:
        core = smallest_core(search)
        if core is None or not search.settled:
            return Proposals(unproven=tuple(requirements[r] for r in sorted(search.unsettled)), complete=False)
        demands = tuple(requirements[r] for r in core)
        return Proposals(impasse=Impasse(demands, sentences.impasse(demands)))
    # 3. each as a pack, proven again on the words that would be signed
    proof = Proof(a.terms.scope)
    out: list[Proposal] = []
    unproven = set(search.unsettled)
    for number, text in enumerate(_balanced(search, texts, a.party, b.party), 1):
        progress(f"proof of proposal {number} of {len(texts)}")
        pack = write_pack(f"proposal-{number}", f"Proposal {number}", a, b, clauses_of(table, text.options))
        broken = proof.broken(pack.terms.clauses, [requirements[r] for r in sorted(text.met)])
        if broken is UNKNOWN:
            unproven |= text.met & search.hard
            continue
        if broken is not None:
            raise MachineError(
                f"the search and the solver disagree on {broken.id}", cure="a defect: report the briefs' clauses to us"
            )
        out.append(_proposal(search, text, table, pack, written, (a.party, b.party)))
    left = tuple(requirements[r] for r in sorted(unproven))
    return Proposals(tuple(out), unproven=left, complete=search.settled and not unproven)


def _check_parties(a: Pack, b: Pack, briefs: Sequence[Brief]) -> None:
    if a.party == b.party:
        raise TermsError(f"both packs are of the party {a.party!r}", place=b.name, cure="name each party in terms.toml")
    if not briefs:
        raise TermsError("no brief", place="--briefs", cure=f"name the folder of at least one party's: {LEAST}")
    seen: dict[str, str] = {}
    for brief in briefs:
        if brief.party not in (a.party, b.party):
            cure = f'write party = "{a.party}" or "{b.party}" in brief.toml'
            raise TermsError(f"the party {brief.party!r} has no pack here", place=brief.name, cure=cure)
        if brief.party in seen:
            cure = f"name one: {seen[brief.party]} is its brief too"
            raise TermsError(f"a second brief of the party {brief.party!r}", place=brief.name, cure=cure)
        seen[brief.party] = brief.name


def _check_pins(a: Pack, b: Pack) -> None:
    """What both packs pin they pin alike: a text has one meaning of it."""
    pins: list[Mapping[str, object]] = [
        {**p.terms.pinned, **{f"authorities.{k}": v for k, v in p.terms.authorities.items()}} for p in (a, b)
    ]
    for name in sorted(pins[0].keys() & pins[1].keys()):
        if pins[0][name] != pins[1][name]:
            cure = f"settle that first: every clause that rests on it means something else in {a.name}"
            raise TermsError(f"{name} is not what {a.name} says", place=f"{b.name}/terms.toml: {name}", cure=cure)


def _balanced(search: Search, texts: Sequence[Text], a: str, b: str) -> list[Text]:
    """Texts by the smaller of the parties' shares of what each could get at best, then by both, then by change."""
    best = {party: max(search.worth(t, party) for t in texts) for party in (a, b)}

    def order(item: tuple[int, Text]) -> tuple[Fraction, Fraction, int]:
        place, text = item
        shares = [Fraction(search.worth(text, p), best[p]) if best[p] else Fraction(1) for p in (a, b)]
        return -min(shares), -sum(shares, Fraction(0)), place

    return [text for _, text in sorted(enumerate(texts), key=order)]


def _proposal(
    search: Search, text: Text, table: Table, pack: Pack, written: Written, parties: tuple[str, str]
) -> Proposal:
    # 1. who keeps what
    sides = []
    for party in parties:
        mine = [(r, q) for r, q in enumerate(search.requirements) if q.party == party]
        kept = tuple(q for r, q in mine if r in text.met)
        sides.append(Side(party, kept, tuple(q for r, q in mine if r not in text.met)))
    # 2. what becomes of the written cases
    decided = written.decided(pack.terms)
    cases = tuple(written.cases(decided))
    whole = replace(pack, files={**pack.files, "scenarios.jsonl": written.lines(decided)})
    # 3. in the order of the table
    options = {table.options[o].menu: table.options[o].name for o in sorted(text.options)}
    left_out = [some[0] for m, some in table.menus.items() if not some[-1].from_brief and options[m] == LEFT_OUT]
    a, b = sides
    return Proposal(options, a, b, cases, whole, sentences.proposal(a, b, cases, left_out))
