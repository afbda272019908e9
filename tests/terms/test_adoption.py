"""Words of modules that were added after the terms were written (DESIGN section 2, `terms.adoption`)."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from brightline.errors import TermsError
from brightline.terms import Terms, confirm, decide, read_pack, read_terms
from brightline.vocabulary import Use, module, read_use
from tests.terms.generated import policies, random_use
from tests.terms.small import ADOPTED, SMALL

WORDS = ADOPTED.vocabulary
ACTIVITIES = {
    "force.strike": "gen.unknown",
    "force.feint": "force.strike",
    "work.edit": "work.read",
    "work.burn": "gen.unknown",
}
VALUES = {"place": {"moon": "orbit", "orbit": "abroad"}, "basis": {"secret": "unknown"}, "duties": {"blur": "redact"}}
ALL = ("note", "redact", "minimise", "blur")


def grown(text: str) -> Terms:
    return read_terms(ADOPTED, text, "t.cedar", adopted=["more"])


def outcome(terms: Terms, activity: str, **facts: object) -> str:
    use = read_use(WORDS, {"activity": activity, "facts": facts})
    decision = decide(terms, use, ALL)
    confirm(terms, use, decision, ALL)
    return decision.outcome


def as_parent(use: Use) -> Use:
    """The use in old words: every value of the new module as its nearest old parent."""

    def old(fact: str, word: str) -> str:
        while word in VALUES.get(fact, {}):
            word = VALUES[fact][word]
        return word

    facts = {
        f: old(f, v) if isinstance(v, str) else frozenset(old(f, w) for w in v) if isinstance(v, frozenset) else v
        for f, v in use.facts.items()
    }
    return replace(use, facts=facts)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(policies(SMALL, most=4), st.integers(0, 2**32 - 1))
def test_a_word_that_the_text_does_not_name_is_decided_as_its_parent(text: str, seed: int) -> None:
    """Policies over the old words alone; uses over old and new ones; both readings of the terms."""
    try:
        before, after = read_terms(SMALL, text, "t.cedar"), grown(text)
    except TermsError as e:
        assume("cubes" not in e.text and "can matter" not in e.text)
        raise
    rng = random.Random(seed)
    for _ in range(30):
        use = read_use(WORDS, random_use(rng, ADOPTED))
        v, old = ADOPTED.encode(use), as_parent(use)
        permits, forbids = after.match[use.activity](v)
        assert (bool(permits) and not forbids) is after.oracle.allows(use.activity, v, "", "")
        if use.activity in ACTIVITIES:
            p, f = after.match[ACTIVITIES[use.activity]](v)
            assert permits == p
            assert forbids & f == f
        elif sayable(use):
            assert (permits, forbids) == before.match[use.activity](SMALL.encode(old))


def sayable(use: Use) -> bool:
    """Whether the old words can say it: they lack the role `general`, and `unknown` is no claim as `secret` is."""
    return "general" not in use.facts.get("approvals", ()) and use.facts.get("basis") != "secret"


STRICT = """
    @id("rest") permit (principal, action in [Action::"work", Action::"gen.unknown"], resource);
    @id("dark") forbid (principal, action == Action::"gen.unknown", resource)
        unless { context.approvals.contains("chief") };
    @id("far") forbid (principal, action, resource) when { context.place == "abroad" };
    @id("why") forbid (principal, action, resource) when { context.basis != "good" && context.basis != "none" };
"""


def test_clauses_bind_new_activities_through_chains_of_parents() -> None:
    terms = grown(STRICT)
    assert outcome(terms, "work.edit", basis="good") == "permit"
    assert outcome(terms, "force.strike", basis="good") == "hold"
    assert outcome(terms, "force.feint", basis="good") == "hold"
    assert outcome(terms, "force.feint", basis="good", approvals=["chief"]) == "permit"


def test_clauses_bind_new_values_through_chains_of_parents() -> None:
    terms = grown(STRICT)
    assert outcome(terms, "work.read", basis="good", place="orbit") == "deny"
    assert outcome(terms, "work.read", basis="good", place="moon") == "deny"
    assert outcome(terms, "work.read", basis="good", place="home") == "permit"
    assert outcome(terms, "work.read", basis="secret") == "deny"  # as unknown, but it is known: nothing to ask


def test_a_new_activity_is_never_freer_than_its_parent() -> None:
    """work.burn joins an old group that is permitted, but its parent is gen.unknown, which is not."""
    text = '@id("p") permit (principal, action in Action::"work", resource);'
    assert outcome(grown(text), "work.edit") == "permit"
    assert outcome(grown(text), "work.burn") == "deny"


def test_what_is_forbidden_to_a_group_is_forbidden_to_who_joins_it() -> None:
    text = """@id("p") permit (principal, action, resource);
              @id("f") forbid (principal, action in Action::"work", resource);"""
    assert outcome(grown(text), "work.burn") == "deny"
    assert outcome(grown(text), "force.strike") == "permit"


def test_a_word_that_the_text_names_means_what_the_text_says() -> None:
    text = """@id("p") permit (principal, action in [Action::"work", Action::"force"], resource);
              @id("f") forbid (principal, action, resource) when { context.place == "abroad" };
              @id("o") forbid (principal, action, resource) when { context.place == "orbit" }
                  unless { context.approvals.contains("general") };"""
    terms = grown(text)
    assert outcome(terms, "force.strike") == outcome(terms, "force.feint") == "permit"
    assert outcome(terms, "work.read", place="abroad") == "deny"
    assert outcome(terms, "work.read", place="orbit") == "hold"
    assert outcome(terms, "work.read", place="moon") == "hold"  # its parent is named, so it follows that


def test_new_members_of_sets_count_as_their_parents() -> None:
    text = """@id("p") permit (principal, action, resource);
              @id("f") forbid (principal, action, resource)
                  unless { context.duties.containsAll(["redact", "note"]) };"""
    assert outcome(grown(text), "work.read", duties=["blur", "note"]) == "permit"
    use = read_use(WORDS, {"activity": "work.read", "facts": {"duties": ["blur"]}})
    assert decide(grown(text), use, ALL).duties == ("note",)


def test_the_digest_covers_the_words_as_written_and_what_was_adopted() -> None:
    as_written = read_terms(ADOPTED, STRICT, "t.cedar")
    assert [c.policy for c in as_written.clauses] == [c.policy for c in grown(STRICT).clauses]
    assert len({as_written.digest, grown(STRICT).digest, read_terms(SMALL, STRICT, "t.cedar").digest}) == 3


CORE, DEFENCE = module("core").digest, module("defence").digest


def pack(toml: str, cedar: str) -> Terms:
    return read_pack("p", {"terms.toml": toml, "terms.cedar": cedar}).terms


def test_a_pack_of_the_core_adopts_defence() -> None:
    """Of weapons it says nothing, so weapon.engage is bound by what it says of acts that cannot be mapped."""
    cedar = """@id("office") permit (principal, action in [Action::"gen", Action::"intel"], resource);
               @id("dark") forbid (principal, action == Action::"gen.unknown", resource)
                   unless { context.approvals.contains("official") };
               @id("effects") forbid (principal, action, resource)
                   when { ["cyber", "unknown"].contains(context.effect) };"""
    terms = pack(f'[vocabulary]\ncore = "{CORE}"\n[adopted]\ndefence = "{DEFENCE}"\n', cedar)
    words = terms.scope.vocabulary

    def said(activity: str, **facts: str) -> str:
        use = read_use(words, {"activity": activity, "facts": facts})
        decision = decide(terms, use)
        confirm(terms, use, decision)
        return decision.outcome

    assert said("weapon.engage", effect="none") == said("gen.unknown", effect="none") == "hold"
    assert said("weapon.legal_review", effect="none") == said("gen.office", effect="none") == "permit"
    assert said("intel.osint", effect="none") == "permit"
    assert said("intel.foreign_analysis", effect="none") == "hold"
    assert said("gen.office", effect="kinetic") == said("gen.office", effect="nuclear") == "deny"
    assert said("surv.query_us_person", effect="none") == said("surv.profile", effect="none") == "deny"


@pytest.mark.parametrize(
    ("toml", "place", "text"),
    [
        ('[adopted]\ndefense = "x"', "adopted.defense", "no module is called 'defense'"),
        ('[adopted]\ndefence = "sha256:00"', "adopted.defence", "not the one pinned"),
        (f'[adopted]\ncore = "{CORE}"', "adopted.core", "stands in [vocabulary] too"),
    ],
)
def test_what_is_adopted_is_pinned(toml: str, place: str, text: str) -> None:
    with pytest.raises(TermsError) as e:
        pack(f'[vocabulary]\ncore = "{CORE}"\n{toml}\n', "")
    assert e.value.place == f"p/terms.toml:4: {place}"
    assert text in e.value.text
    assert e.value.cure
