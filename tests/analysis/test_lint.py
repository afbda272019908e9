"""`terms lint` with the solver: a planted defect is found, its twin is clean, and nothing sampled contradicts it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from brightline.analysis.lint import lint_meaning
from brightline.analysis.shadows import Reach
from brightline.analysis.smt import RLIMIT, Search
from brightline.errors import OracleError, TermsError
from brightline.storage.packs import SHIPPED, open_pack
from brightline.terms import DEFAULT_DENY, Decision, Outcome, Pack, Terms, decide, lint, read_pack, read_terms
from brightline.vocabulary import FactKind, Use, module, read_use
from tests.terms.generated import policies, random_use
from tests.terms.small import SMALL

READ, ACT = "work.read", "work.act"
Said = tuple[str, str, str]


def pack(*clauses: str) -> Pack:
    """A pack over the small vocabulary."""
    cedar = "\n".join(clauses)
    return Pack("p", read_terms(SMALL, cedar, "p"), {}, {"terms.cedar": cedar})


def clause(effect: str, name: str, activity: str, *tails: str) -> str:
    """`when X` and `unless Y` without their brackets; an activity of "" is every one."""
    action = f'action == Action::"{activity}"' if activity else "action"
    more = " ".join(f"{kind} {{ {rest} }}" for kind, _, rest in (t.partition(" ") for t in tails))
    return f'@id("{name}") {effect} (principal, {action}, resource) {more};'


def permit(name: str, activity: str, *tails: str) -> str:
    return clause("permit", name, activity, *tails)


def forbid(name: str, activity: str, *tails: str) -> str:
    return clause("forbid", name, activity, *tails)


ALL = permit("all", "")
HOME, AWAY = 'when context.place == "home"', 'when context.place != "home"'
CHIEF, JUDGE = (f'unless context.approvals.contains("{who}")' for who in ("chief", "judge"))
EITHER = 'unless context.exceptions.containsAny(["waiver", "pass"])'
MANY, FEW = "when context.persons >= 5", 'when context.persons < 9 && context.place == "home"'
CLAIMED = 'when context.place == "{}" && context.claimed.contains("place")'

# clauses with a defect, the findings of it, and clauses like them without it
PLANTED: dict[str, tuple[list[str], set[Said], list[str]]] = {
    "claimed, and not known": (
        [ALL, forbid("F", ACT, CLAIMED.format("unknown"))],
        {("never-applies", "F", "error")},
        [ALL, forbid("F", ACT, CLAIMED.format("home"))],
    ),
    "a permit and a forbid of the same": (
        [permit("P", ACT, HOME), forbid("F", ACT, 'when context.place != "abroad"'), permit("Q", READ)],
        {("contradicts", "P", "error")},
        [permit("P", ACT, HOME), forbid("F", ACT, AWAY), permit("Q", READ)],
    ),
    "a permit that two forbids undo": (
        [permit("P", ACT), forbid("F", "", HOME), forbid("G", "", AWAY)],
        {("shadowed", "P", "error"), ("contradicts", "F", "warning")},
        [permit("P", ACT), forbid("F", "", HOME), forbid("G", "", 'when context.place == "abroad"')],
    ),
    "two forbids that leave nothing of an activity": (
        [ALL, forbid("F", ACT, HOME), forbid("G", ACT, AWAY)],
        {("contradicts", "F", "warning")},
        [ALL, forbid("F", ACT), forbid("G", READ, AWAY)],
    ),
    "a forbid that two others cover": (
        [ALL, forbid("A", ACT, MANY), forbid("B", ACT, FEW), forbid("C", ACT, "when context.persons >= 3", HOME)],
        {("shadowed", "C", "warning")},
        [ALL, forbid("A", ACT, MANY), forbid("B", ACT, FEW), forbid("C", ACT, "when context.persons >= 3")],
    ),
    "an approval that opens nothing": (
        [ALL, forbid("A", ACT, CHIEF), forbid("B", ACT)],
        {("shadowed", "A", "warning"), ("opens-nothing", "A", "warning")},
        [ALL, forbid("A", ACT, CHIEF), forbid("B", ACT, HOME)],
    ),
    "one of two certificates opens nothing": (
        [ALL, forbid("A", ACT, EITHER), forbid("B", ACT, 'unless context.exceptions.contains("pass")')],
        {("shadowed", "A", "warning"), ("opens-nothing", "A", "warning")},
        [ALL, forbid("A", ACT, EITHER)],
    ),
    "an approval for a permit of what is forbidden": (
        [
            permit("P", ACT, 'when context.approvals.contains("chief")', HOME),
            permit("Q", ACT, AWAY),
            forbid("F", ACT, HOME),
        ],
        {("contradicts", "P", "error"), ("opens-nothing", "P", "warning")},
        [permit("P", ACT, 'when context.approvals.contains("chief")', HOME), permit("Q", ACT, AWAY)],
    ),
    "a permit that another covers": (
        [ALL, permit("P", ACT)],
        {("shadowed", "P", "note")},
        [permit("Q", READ), permit("P", ACT)],
    ),
    "a forbid of what nothing permits": (
        [permit("P", READ), forbid("F", ACT)],
        {("shadowed", "F", "note")},
        [permit("P", ""), forbid("F", ACT)],
    ),
    "what is not said is permitted": (
        [ALL, forbid("F", ACT, 'when context.place == "abroad"')],
        {("withholding-pays", "F", "warning")},
        [ALL, forbid("F", ACT, AWAY)],
    ),
    "what is not said is asked less for": (
        [ALL, forbid("F", ACT, CHIEF), forbid("G", ACT, 'when context.basis == "none"', JUDGE)],
        {("withholding-pays", "G", "warning")},
        [ALL, forbid("F", ACT, CHIEF), forbid("G", ACT, 'when context.basis != "good"', JUDGE)],
    ),
    "what is not said is not taken for a claim": (
        [ALL, forbid("F", ACT, 'when context.claimed.contains("place")')],
        {("withholding-pays", "F", "warning")},
        [ALL, forbid("F", ACT, 'when context.claimed.contains("place") || context.place == "unknown"')],
    ),
    "a permit for what is not said": (
        [permit("P", "", AWAY)],
        {("withholding-pays", "", "warning")},
        [permit("P", "", 'when context.place != "unknown"')],
    ),
    "uses that nothing decides": (
        [permit("P", "", AWAY)],
        {("undecided-cells", "", "note")},
        [permit("P", "", AWAY), forbid("F", "", HOME)],
    ),
}


@pytest.mark.parametrize(("words", "said", "twin"), PLANTED.values(), ids=PLANTED)
def test_a_planted_defect_and_its_twin(words: list[str], said: set[Said], twin: list[str]) -> None:
    codes = {code for code, *_ in said}
    findings = lint_meaning(pack(*words))
    assert {(f.code, f.clause, str(f.severity)) for f in findings if f.code in codes} == said
    assert not said & {(f.code, f.clause, str(f.severity)) for f in lint_meaning(pack(*twin))}
    for f in findings:
        assert f.code == "never-applies" or read_use(SMALL.vocabulary, f.use)
        assert f.to_json().keys() == {"code", "clause", "severity", "use", "text", "place"}


def test_a_finding_names_the_clauses_that_make_it_so() -> None:
    def text(name: str, *clauses: str) -> str:
        return next(f.text for f in lint_meaning(pack(*clauses)) if f.clause == name)

    assert "contradicts F (line 2)" in text("P", permit("P", ACT, HOME), forbid("F", ACT), permit("Q", READ))
    covered = forbid("C", ACT, "when context.persons >= 3", HOME)
    both = text("C", ALL, forbid("A", ACT, MANY), forbid("B", ACT, FEW), covered, forbid("D", READ, HOME))
    assert "by A (line 2) and B (line 3) too" in both


def test_no_clause_is_named_that_could_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever core the solver gives: here all clauses there are."""
    monkeypatch.setattr(Search, "core", lambda _: ["without A", "without B", "without D"])
    clauses = [forbid("A", ACT, MANY), forbid("B", ACT, FEW), forbid("C", ACT, HOME), forbid("D", ACT, AWAY)]
    reach = Reach(pack(ALL, *clauses).terms, RLIMIT)
    others = [c for c in reach.forbids if c.id != "C"]
    assert [c.id for c in reach.covering(reach.applies["C"], others)] == ["A", "B"]


def test_activities_with_uses_that_nothing_decides_are_summed_up_once() -> None:
    findings = lint_meaning(pack(permit("P", "", AWAY), permit("Q", READ)))
    assert [f.text.partition(" are decided")[0] for f in findings if f.code == "undecided-cells"] == [
        f"some uses of {ACT} and gen.unknown"
    ]


def test_each_cell_where_withholding_pays_is_one_finding_with_its_use() -> None:
    cells = lint_meaning(pack(ALL, forbid("F", ACT, 'when ["home", "abroad"].contains(context.place)', CHIEF)))
    assert [(f.code, f.clause, f.use) for f in cells] == [
        ("withholding-pays", "F", {"activity": ACT, "facts": {}, "sources": {}, "alternatives": []})
    ] * 2
    assert [
        f"place is not stated, hold for chief where it is {v}" in f.text
        for v, f in zip(("home", "abroad"), cells, strict=True)
    ]


def test_two_components_at_once_and_a_model_of_no_family() -> None:
    toml = """[vocabulary]\ncore = "CORE"\n[components]\narmy = "a"\n"army/g2" = "b"\nnavy = "c"\n
    [models]\nbase = "m"\nother = "n"\n[models.tuned]\ntext = "t"\nin = ["base"]"""
    within = [
        ("army/g2", "navy", "base", True),
        ("army", "army/g2", "base", False),
        ("army", "army", 'base") && !(resource in Model::"other', False),
        ("army", "army", 'base") && (resource in Model::"other', True),
    ]
    for a, b, m, dead in within:
        cedar = f'''{ALL} @id("F") forbid (principal in Component::"{a}", action, resource)
        when {{ principal in Component::"{b}" && (resource in Model::"{m}") }};'''
        made = read_pack("p", {"terms.toml": toml.replace("CORE", module("core").digest), "terms.cedar": cedar})
        assert ("never-applies" in [f.code for f in lint_meaning(made)]) is dead


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_packs_have_no_error(name: str) -> None:
    shipped = open_pack(name)
    findings = lint_meaning(shipped)
    assert [f for f in findings if str(f.severity) == "error" or f.code == "not-known"] == []
    assert [f.use for f in findings if f.use is None or not read_use(shipped.terms.scope.vocabulary, f.use)] == []
    assert findings == lint_meaning(shipped)


def test_withholding_does_not_pay_under_the_compromise_until_a_clause_forgets_the_unknown() -> None:
    whole = open_pack("compromise")
    assert lint_meaning(whole) == []
    forgetful = whole.files["terms.cedar"].replace(
        'when { ["nuclear", "unknown"].contains(context.effect) }', 'when { context.effect == "nuclear" }'
    )
    changed = read_pack("compromise", {**whole.files, "terms.cedar": forgetful})
    assert {(f.code, f.clause) for f in lint_meaning(changed)} == {("withholding-pays", "K3")}


repeatable = settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@repeatable
@given(policies(SMALL, most=5), st.integers(0, 2**32 - 1), st.booleans())
def test_nothing_sampled_contradicts_the_findings(text: str, seed: int, whole: bool) -> None:
    rest = text.partition('@id("all")')[0] or text
    try:
        made = pack(text if whole else rest)
    except TermsError as e:
        assume("cubes" not in e.text and "can matter" not in e.text)
        raise
    findings = lint_meaning(made)
    idle = [f.clause for f in findings if f.code in ("never-applies", "shadowed")]
    idle += [f.clause for f in findings if f.code == "contradicts" and str(f.severity) == "error"]
    shorter = [pack(*(c.cedar for c in made.terms.clauses if c.id != name)).terms for name in idle]
    cells = {(f.clause, f.text.split(" while ")[1].split(" ")[0]) for f in findings if f.code == "withholding-pays"}
    silent = " ".join(f.text for f in findings if f.code in ("undecided-cells", "undecided"))
    for use in uses(seed, 100):
        # 1. what changes nothing changes nothing, whatever is in hand
        assert {allowed(made.terms, use)} >= {allowed(terms, use) for terms in shorter}
        # 2. where leaving a fact out pays, a finding says so
        for fact in paying(made.terms, use):
            assert fact in {name for _, name in cells}
        # 3. what no clause decides is in the summary
        if decide(made.terms, use).clauses == (DEFAULT_DENY,) and made.terms.applicable(use.activity):
            assert use.activity in silent


def uses(seed: int, count: int) -> Iterator[Use]:
    rng = random.Random(seed)
    return (read_use(SMALL.vocabulary, random_use(rng, SMALL, stated=rng.random())) for _ in range(count))


def allowed(terms: Terms, use: Use) -> bool:
    permits, forbids = terms.match[use.activity](SMALL.encode(use))
    return bool(permits) and not forbids


def paying(terms: Terms, use: Use) -> Iterator[str]:
    """The facts that `use` had better not state."""
    told = ways(decide(terms, use))
    for f in SMALL.vocabulary.facts.values():
        if f.kind is FactKind.ENUM and not f.gateway and use.facts.get(f.name, "unknown") != "unknown":
            rest = {k: v for k, v in use.facts.items() if k != f.name}
            silent = Use(use.activity, rest, {k: v for k, v in use.sources.items() if k in rest})
            if any(not any(less <= more for less in told) for more in ways(decide(terms, silent))):
                yield f.name


def ways(decision: Decision) -> list[set[str]]:
    needs = decision.needs if decision.outcome is Outcome.HOLD else ()
    return [set(decision.duties)] if decision.outcome is Outcome.PERMIT else [{*n.approvals, *n.duties} for n in needs]


def test_a_limit_that_is_reached_is_a_finding() -> None:
    findings = lint_meaning(open_pack("compromise"), rlimit=1)
    assert [(f.code, str(f.severity)) for f in findings if f.code == "not-known"] == [("not-known", "warning")]
    assert "the solver reached its limit" in findings[-1].text


def test_a_use_that_does_not_bear_its_finding_out_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reach, "least", lambda *_: Use("work.read"))
    with pytest.raises(OracleError, match="does not bear it out"):
        lint_meaning(pack(ALL, forbid("A", ACT), forbid("B", ACT)))


# F11: a clause that can never fire, contradicts, or needs a fact nobody supplies is an error, never silently false
F11 = {
    "it can never fire": [forbid("F", ACT, HOME, 'unless context.place != "abroad"')],
    "it can never fire, as claims are": [forbid("F", ACT, CLAIMED.format("unknown"))],
    "it contradicts": [permit("F", ACT), forbid("G", ACT)],
    "a role that nobody has": [forbid("F", ACT, 'unless context.approvals.contains("chef")')],
    "a certificate that nobody grants": [permit("F", ACT, 'when context.exceptions.contains("waver")')],
    "an attestation that nobody gives": [forbid("F", ACT, 'when context.claimed.contains("meter")')],
    "a fact that is not there": [forbid("F", ACT, 'when context.plaice == "home"')],
    "a value that is not there": [forbid("F", ACT, 'when context.place == "hme"')],
    "a duty that nobody performs": [forbid("F", ACT, 'unless context.duties.contains("shred")')],
}


@pytest.mark.parametrize("clauses", F11.values(), ids=F11)
def test_f11_what_could_only_be_silently_false_is_an_error(clauses: list[str]) -> None:
    assert [place[:3] for place in errors(ALL, *clauses)] == ["p:2"]


def errors(*clauses: str) -> list[str]:
    """Where a text is refused, or where its findings are that are errors."""
    try:
        made = pack(*clauses)
    except TermsError as e:
        return [e.place]
    return sorted({f.place for f in [*lint(made), *lint_meaning(made)] if str(f.severity) == "error"})


def test_f11_a_duty_of_the_vocabulary_that_no_gateway_performs(monkeypatch: pytest.MonkeyPatch) -> None:
    clauses = [ALL, forbid("F", ACT, 'unless context.duties.contains("redact")')]
    assert [f.code for f in lint_meaning(pack(*clauses))] == []
    monkeypatch.setattr("brightline.analysis.supplies.DUTIES", ("note",))
    assert [(f.code, f.clause, str(f.severity)) for f in lint_meaning(pack(*clauses))] == [
        ("opens-nothing", "F", "error")
    ]
