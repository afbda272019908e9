"""sql ≡ decide: outcome, duties, needs and clauses, over all that the profile allows (DESIGN section 1)."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brightline.analysis.layout import Layout
from brightline.analysis.reach import bounds, parts
from brightline.analysis.sql import clause_columns, decisions
from brightline.storage.packs import open_pack
from brightline.terms import Scope, Terms, read_terms
from brightline.vocabulary import read_use, shipped
from tests.analysis.answers import by_decide, by_duckdb, some_uses
from tests.terms.generated import NAMES, SCOPE, policies
from tests.terms.test_readings import terms_of

PERFORMABLE = (("note", "redact", "minimise", "sample"), ("note",), ())


def agree(terms: Terms, seed: int, count: int, performable: tuple[str, ...] = PERFORMABLE[0]) -> Counter[int]:
    uses = some_uses(terms.scope, seed, count)
    answers = by_duckdb(terms, uses, performable)
    for use, answer in zip(uses, answers, strict=True):
        assert answer == by_decide(terms, use, performable), use
    return Counter(a[0] for a in answers)


@pytest.mark.parametrize("name", ["vendor", "customer", "compromise"])
def test_sql_is_decide_on_the_shipped_packs(name: str) -> None:
    found = agree(open_pack(name).terms, 1, 3000)
    assert found[1] > 100
    assert found[4] > 100
    assert name != "compromise" or found[2] > 50


def test_sql_is_decide_on_generated_terms() -> None:
    """With the packs above, more than twenty thousand uses."""
    seen: Counter[int] = Counter()

    @settings(max_examples=120, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(policies(most=8), st.integers(0, 2**32 - 1), st.sampled_from(PERFORMABLE))
    def on(text: str, seed: int, performable: tuple[str, ...]) -> None:
        seen.update(agree(terms_of(text), seed, 100, performable))

    on()
    assert sum(seen.values()) >= 11_500
    assert min(seen[1], seen[4]) > 1_000
    assert seen[2] > 50  # texts at random seldom hold; the packs above do


# -- what is wide ------------------------------------------------------------------------------------


def wide_scope() -> Scope:
    """More names than a column has bits: 150 lanes, 130 enclaves and 100 components."""
    names = {
        **NAMES,
        "lanes": {f"lane{i}": "a lane" for i in range(150)},
        "enclaves": {f"enclave{i}": "an enclave" for i in range(130)},
    }
    return Scope(shipped().with_names(names), tuple(f"unit{i}" for i in range(100)), {f"m{i}": () for i in range(70)})


def test_facts_of_more_words_than_a_column_has_bits() -> None:
    scope = wide_scope()
    lanes = [f'context.lanes.contains("lane{i}")' for i in (0, 62, 63, 125, 126, 149)]
    clauses = [f'@id("L{i}") permit (principal, action, resource) when {{ {c} }};' for i, c in enumerate(lanes)]
    for i, some in enumerate((["0"], ["62", "63"], ["126", "129"], ["5", "64", "128"])):
        listed = ", ".join(f'"enclave{n}"' for n in some)
        clauses.append(
            f'@id("E{i}") forbid (principal, action, resource) when {{ [{listed}].contains(context.enclave) }};'
        )
    clauses.append('@id("U") forbid (principal, action, resource) when { context.enclave != "unknown" };')
    clauses.append('@id("C") forbid (principal in Component::"unit99", action, resource);')
    clauses.append('@id("M") forbid (principal, action, resource in Model::"m69");')
    agree(read_terms(scope, "\n".join(clauses), "wide.cedar"), 3, 1500)
    columns = [c.name for c in Layout(scope).columns]
    assert {"lanes", "lanes_2", "lanes_3", "enclave_3", "component_2", "model_2"} <= set(columns)


def test_numbers_up_to_the_last() -> None:
    text = """
    @id("all") permit (principal, action, resource);
    @id("last") forbid (principal, action, resource) when { context.distinct_persons >= 9223372036854775807 };
    @id("few") forbid (principal, action in Action::"surv", resource) when { context.distinct_persons < 1 };
    @id("one") forbid (principal, action in Action::"gen", resource) when { context.distinct_persons == 100 };
    """
    found = agree(read_terms(SCOPE, text, "numbers.cedar"), 5, 2000)
    assert found[4] > 100


def test_more_clauses_than_a_column_has_bits() -> None:
    enums = [f for f in SCOPE.vocabulary.facts.values() if f.open and len(f.names) > 2]
    rng = random.Random(4)
    lines = ['@id("all") permit (principal, action, resource);']
    for i in range(140):
        a, b, c = (f'context.{f.name} == "{rng.choice(f.names)}"' for f in rng.sample(enums, 3))
        lifted = rng.choice(["", 'unless { context.approvals.contains("operator") }'])
        lines.append(f'@id("K{i}") forbid (principal, action, resource) when {{ {a} && {b} && {c} }} {lifted};')
    terms = read_terms(SCOPE, "\n".join(lines), "many.cedar")
    assert len(clause_columns(terms)) == 3
    found = agree(terms, 6, 1000)
    assert min(found[1], found[2], found[4]) > 10


def test_supplies_of_different_activities_may_be_more_than_eight() -> None:
    """Eight matter to one activity; three groups ask for other roles each, so no one column of sets holds them all."""
    roles = {f"role{i}": "a role" for i in range(20)}
    scope = Scope(shipped().with_names({**NAMES, "roles": roles}))
    groups = ("surv", "decide", "cyber", "gen")
    lines = []
    for g, group in enumerate(groups):
        for i in range(4):
            role, other = f"role{g * 4 + i}", f"role{g * 4 + (i + 1) % 4}"
            lifted = f'context.approvals.contains("{role}") || context.approvals.contains("{other}")'
            duty = ("note", "redact", "minimise", "sample")[i]
            enum = ("place", "scale", "intent", "audience")[i]
            when = f'when {{ context.{enum} == "unknown" }}'
            forbid = f'forbid (principal, action in Action::"{group}", resource)'
            lines.append(
                f'@id("{group}{i}") {forbid} {when} unless {{ {lifted} && context.duties.contains("{duty}") }};'
            )
        extra = f'context.approvals.contains("role{g * 4}") && context.duties.contains("note")'
        lines.append(f'@id("{group}p") permit (principal, action in Action::"{group}", resource) when {{ {extra} }};')
    terms = read_terms(scope, "\n".join(lines), "parts.cedar")
    assert len(parts(terms, bounds(terms, 0b1111))) > 1
    found = agree(terms, 7, 2500)
    assert min(found[2], found[4]) > 100


def test_the_text_is_the_same_every_time_and_holds_no_word_of_the_pack() -> None:
    terms = open_pack("compromise").terms
    text = decisions(terms).sql("duckdb")
    assert decisions(open_pack("compromise").terms).sql("duckdb") == text
    for clause in terms.clauses:
        assert clause.id not in text


def test_fewest_first_then_in_vocabulary_order() -> None:
    """One late duty before two early ones; every minimal set of approvals, least first, each with its own duties."""
    text = """
    @id("all") permit (principal, action, resource);
    @id("few") forbid (principal, action in Action::"gen", resource) unless {
      context.duties.contains("sample") || context.duties.containsAll(["note", "redact"]) };
    @id("who") forbid (principal, action in Action::"surv", resource) unless {
      (context.approvals.contains("second_reader") && context.duties.contains("minimise")) ||
      (context.approvals.containsAll(["operator", "privacy_officer"]) && context.duties.containsAny(["redact", "note"]))
    };
    """
    terms = read_terms(SCOPE, text, "order.cedar")
    found = agree(terms, 9, 600)
    assert min(found[1], found[2]) > 50
    bits = SCOPE.vocabulary.bits
    uses = [read_use(SCOPE.vocabulary, {"activity": a}) for a in ("gen.office", "surv.profile")]
    (_, duties, *_), (_, _, needs, *_) = by_duckdb(terms, uses)
    assert duties == bits["duties"]["sample"]
    roles = bits["approvals"]
    both = roles["operator"] | roles["privacy_officer"]
    assert needs == f" {roles['second_reader']}:{bits['duties']['minimise']} {both}:{bits['duties']['note']}"
