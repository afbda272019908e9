"""The rest of the field: what its packs are made of. Rows F01 to F06 and F12 stand in test_gaps.py."""

import hashlib
import re
from pathlib import Path

import pytest

from brightline.analysis.lint import lint_meaning
from brightline.storage.packs import SHIPPED
from brightline.terms import Outcome, Pack, confirm, decide, lint, run_scenarios
from brightline.vocabulary import Use, use_json
from tests.packs.positions import FIELD, HEALTH, NAMES, any_uses, scenarios_of, shipped_pack, without
from tests.packs.test_withholding import cells, paying

MORE = (*FIELD, *HEALTH)
ADDS_NOTHING = {
    "google-2026-04": {"G-4", "G-5"},  # what all lawful purposes permit already
    "health-hospital": {"HH-2"},
}
WEAK = {  # clause: the weak words left in its text, as `terms lint` must find them
    "openai-2026-02-28": {
        "O1-1": {"consistent with applicable law"},
        "O1-2": {"independently direct", "where law, regulation, or Department policy requires"},
        "O1-2-effector": {"independently direct", "where law, regulation, or Department policy requires"},
        "O1-4": {"private"},
        "O1-5": {"unconstrained", "private"},
        "O1-6": {"domestic"},
    },
    "google-2026-04": {
        "G-2": {"not intended for", "should not", "domestic", "mass", "appropriate"},
        "G-3": {"not intended for", "should not", "appropriate"},
    },
    "s4113": {"S-3": {"appropriate"}, "S-3-effector": {"appropriate"}},
    "health-vendor": {},
    "health-hospital": {},
}
WEAK["openai-2026-03-02"] = {k.replace("O1", "O2"): v for k, v in WEAK["openai-2026-02-28"].items()} | {
    "O2-9": {"intentionally", "deliberate", "domestic"}
}


PAGE = (Path(__file__).parents[2] / "docs/packs.md").read_text("utf-8")


@pytest.fixture(params=MORE)
def further(request: pytest.FixtureRequest) -> Pack:
    return shipped_pack(request.param)


def test_every_shipped_pack_is_tried_here_or_in_the_tests_beside() -> None:
    assert set(SHIPPED) == {*NAMES, *MORE}


def test_the_page_of_packs_says_whose_each_is() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| \w", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(SHIPPED)
    assert "Nothing here is legal advice" in PAGE


def test_every_scenario_is_decided_as_meant_and_confirmed_by_the_engine(further: Pack) -> None:
    results = list(run_scenarios(further))
    assert len(results) > (60 if further.name in HEALTH else 160)
    assert [(r.scenario.id, r.wrong) for r in results if r.wrong] == []
    assert len({r.scenario.id for r in results}) == len(results)


def test_every_clause_decides_a_scenario_and_only_what_adds_nothing_is_idle(further: Pack) -> None:
    decisions = [(s.use, decide(further.terms, s.use)) for s in scenarios_of(further.name)]
    idle = set()
    for clause in (c for c in further.terms.clauses if c.decides):
        turned = [(use, d) for use, d in decisions if clause.id in d.clauses]
        assert turned, clause.id
        left = without(further.terms, clause.id)
        if not any((e := decide(left, use)).outcome != d.outcome or e.needs != d.needs for use, d in turned):
            idle.add(clause.id)
    noted = {"HV-3"}  # asks for a duty alone
    assert idle - noted == ADDS_NOTHING.get(further.name, set())


def test_lint_finds_the_weak_words_and_no_error(further: Pack) -> None:
    found: dict[str, set[str]] = {}
    for f in lint(further):
        assert f.severity != "error", f.text
        assert not f.code.startswith("no-"), f.text
        if f.code == "weak-words":
            words = re.match(r"weak words '(.*)':", f.text)
            assert words
            found.setdefault(f.clause, set()).add(words[1])
    assert found == WEAK[further.name]


def test_lint_finds_what_the_clauses_mean_together(further: Pack) -> None:
    """Words that add nothing, and intent that nobody need state: true of the texts, and all that there is."""
    meant = {("shadowed", c) for c in ADDS_NOTHING.get(further.name, ())}
    if further.name == "openai-2026-03-02":
        meant.add(("withholding-pays", "O2-9"))
    found = lint_meaning(further)
    assert {(f.code, f.clause) for f in found} == meant
    assert "error" not in {f.severity for f in found}


def test_every_source_says_how_it_was_seen_or_that_it_is_made_up(further: Pack) -> None:
    """[P] primary text seen, [S] secondary report, [M] from memory; what is made up is called so."""
    for c in further.terms.clauses:
        assert re.search(r"\[[PSM]\]|^made up: ", c.annotations["source"]), c.id


def test_withholding_pays_where_intent_must_be_shown_and_nowhere_else(further: Pack) -> None:
    """Whoever must show intent is told none: that the words reward silence is true of them, and lint says so."""
    found = {(fact.name, v) for fact, silent in cells(further) for v in paying(further, fact, silent)}
    assert found == ({("intent", "deliberate")} if further.name == "openai-2026-03-02" else set())


def test_the_engine_confirms_any_use(further: Pack) -> None:
    for use in any_uses(further.terms.scope.vocabulary, 150, 29):
        confirm(further.terms, use, decide(further.terms, use))


@pytest.mark.parametrize("facts", [{}, {"end_user": "identified", "integrity": "intact", "screen": "clear"}])
def test_ordinary_work_is_asked_nothing(further: Pack, facts: dict[str, str]) -> None:
    for activity in ("gen.office", "intel.osint", "intel.minimise"):
        decision = decide(further.terms, Use(activity, facts))
        assert (decision.outcome, decision.duties) == (Outcome.PERMIT, ())


# ---- names and uses in common ----


def test_the_packs_of_the_field_share_the_names_of_the_founding_case() -> None:
    heads = {n: shipped_pack(n).files["terms.toml"].partition("[vocabulary]")[2] for n in (*NAMES, *FIELD)}
    assert len(set(heads.values())) == 1
    about = [shipped_pack(n).terms.pinned for n in (*NAMES, *FIELD)]
    assert all(a == about[0] for a in about)


def test_the_packs_of_the_field_are_asked_what_the_founding_case_is_and_more() -> None:
    def uses(name: str) -> dict[str, object]:
        return {s.id: use_json(s.use) for s in scenarios_of(name)}

    assert uses(FIELD[0]) == uses(FIELD[1]) == uses(FIELD[2]) == uses(FIELD[3])
    assert uses("vendor").items() <= uses(FIELD[0]).items()
    assert len(uses(FIELD[0])) - len(uses("vendor")) >= 15
    assert uses(HEALTH[0]) == uses(HEALTH[1])


def test_hospital_and_vendor_share_their_names() -> None:
    heads = {shipped_pack(n).files["terms.toml"].partition("[vocabulary]")[2] for n in HEALTH}
    assert len(heads) == 1


def test_the_hospital_forbids_only_by_its_law_and_each_law_names_the_authority_that_lifts_it() -> None:
    hospital = shipped_pack("health-hospital")
    laws = [c for c in hospital.terms.clauses if not c.permits]
    assert len(laws) >= 5
    assert all(c.is_law for c in laws)
    words = hospital.terms.scope.vocabulary
    everything = frozenset(words.facts["authorities"].names)
    for use in any_uses(words, 300, 31):
        lawful = Use(use.activity, {**use.facts, "authorities": everything}, use.sources)
        assert decide(hospital.terms, lawful).outcome is Outcome.PERMIT


def test_every_authority_is_pinned_to_its_fixture(further: Pack) -> None:
    assert len(further.terms.authorities) >= 5
    for entry in further.terms.authorities.values():
        fixture = f"{entry['title']}\n{entry['date']}\n"
        assert entry["digest"] == "sha256:" + hashlib.sha256(fixture.encode()).hexdigest()


@pytest.mark.parametrize("name", FIELD)
def test_what_is_lawful_is_the_customers_law_word_for_word(name: str) -> None:
    """The law is restated in each pack; a change in one place alone would pass for a difference between parties."""
    law = {c.title: (c.activities, c.condition, c.text) for c in shipped_pack("customer").terms.clauses if c.is_law}
    mine = {c.title: (c.activities, c.condition, c.text) for c in shipped_pack(name).terms.clauses if c.is_law}
    assert mine.items() <= law.items()
    assert len(mine) == (5 if name.startswith("openai") else 9)
