"""What the registry attests, and what it refuses to: each row is a way to have more attested than an owner said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from brightline.errors import UseError
from brightline.registry import Claims, Kind, Unattested, Why, all_unfit, attest, endpoint_digest, may, tool
from brightline.storage.packs import open_pack
from brightline.terms import Outcome, decide
from brightline.vocabulary import Source, Use, claimed
from tests.registry.made import DEFINITION, ENDPOINT, ITEMS, TODAY, Folder, full, terms

TERMS = terms()
REGISTRY = full().read()
ANALYST = Claims(actor="g2/analyst-7", component="army/g2")


def refused(found: object) -> dict[str, Why]:
    return {r.name: r.why for r in found.refused}


def test_a_purpose_gives_its_activity_and_facts_and_its_data_sets_theirs() -> None:
    found = attest(REGISTRY, TERMS, replace(ANALYST, purpose="files"), TODAY)
    assert found.activity == "surv.bulk_analysis"
    assert found.facts == {
        "phase": "plan",
        "scale": "bulk",
        "dataset": "registered",
        "data_origin": "own_records",
        "deidentified": "no",
        "protected_persons": "incidental",
    }
    assert set(found.sources.values()) == {Source.ATTESTED}
    assert claimed(TERMS.scope.vocabulary, found.facts, found.sources) == frozenset()
    assert found.alternatives == ()
    assert found.refused == ()


def test_the_component_is_the_registrys_word_and_not_the_callers() -> None:
    found = attest(REGISTRY, TERMS, Claims(actor="hr-bot", component="army/g2", purpose="ordinary"), TODAY)
    assert found.component == "army/g1"


def test_who_is_not_registered_has_no_roles_and_what_is_theirs_alone_is_refused() -> None:
    found = attest(REGISTRY, TERMS, Claims(actor="nobody", component="navy", purpose="files"), TODAY)
    assert refused(found) == {"nobody": Why.UNREGISTERED, "files": Why.NOT_YOURS}
    assert (found.activity, found.facts, found.roles) == ("gen.unknown", {}, ())


def test_a_component_lends_its_purposes_to_what_lies_below_it_and_to_no_namesake() -> None:
    folder = full()
    for name, component in (("below", "army/g2/cell"), ("namesake", "army/g22")):
        folder.sign(Kind.ACTORS, name, replace(ITEMS[Kind.ACTORS]["g2/analyst-7"], component=component))
    registry = folder.read()
    assert attest(registry, TERMS, Claims(actor="below", purpose="files"), TODAY).activity == "surv.bulk_analysis"
    assert attest(registry, TERMS, Claims(actor="namesake", purpose="files"), TODAY).activity == "gen.unknown"


def test_an_unknown_purpose_is_an_unknown_activity() -> None:
    found = attest(REGISTRY, TERMS, replace(ANALYST, purpose="fi1es"), TODAY)
    assert found.activity == "gen.unknown"
    assert found.refused == (Unattested(Kind.PURPOSES, "fi1es", Why.UNREGISTERED, "it is not registered"),)


# ---- data sets ------------------------------------------------------------------------------------------------


def test_b15_unknown_origin_stays_unknown_whatever_is_declared() -> None:
    asked = replace(ANALYST, purpose="ordinary", datasets=("found",))
    found = attest(REGISTRY, TERMS, asked, TODAY)
    assert found.facts["data_origin"] == "unknown"
    answer = may(TERMS, REGISTRY, asked, TODAY, declared={"data_origin": "public", "protected_persons": "none"})
    assert answer.use.facts["data_origin"] == "unknown"
    assert answer.overruled == ("data_origin", "protected_persons")


def test_an_unregistered_data_set_is_said_to_be_so_and_nothing_of_it_is_known() -> None:
    found = attest(REGISTRY, TERMS, replace(ANALYST, purpose="ordinary", datasets=("bought-elsewhere",)), TODAY)
    assert found.facts["dataset"] == "unregistered"
    assert found.sources["dataset"] is Source.OBSERVED
    assert {found.facts[n] for n in ("data_origin", "deidentified", "protected_persons")} == {"unknown"}
    assert refused(found) == {"bought-elsewhere": Why.UNREGISTERED}


def test_a_data_set_that_its_owner_removed_is_unregistered() -> None:
    folder = full()
    folder.sign(Kind.DATASETS, "personnel", None)
    found = attest(folder.read(), TERMS, replace(ANALYST, purpose="files"), TODAY)
    assert found.facts["dataset"] == "unregistered"
    assert [r.text for r in found.refused] == ["it was removed"]


def test_several_data_sets_are_decided_each_and_what_one_says_is_not_said_of_the_next() -> None:
    found = attest(REGISTRY, TERMS, replace(ANALYST, purpose="files", datasets=("purchased", "elsewhere")), TODAY)
    # purchased, elsewhere, and the purpose's own data set
    assert found.facts["data_origin"] == "commercial_purchase"
    assert found.facts["place"] == "home"
    assert [dict(a.facts) for a in found.alternatives] == [
        {"dataset": "unregistered", "data_origin": "unknown", "deidentified": "unknown", "protected_persons": "unknown",
         "place": "unknown"},
        {"data_origin": "own_records", "protected_persons": "incidental", "place": "unknown"},
    ]  # fmt: skip


def test_a_clean_data_set_does_not_whiten_a_dirty_one() -> None:
    clean = may(TERMS, REGISTRY, replace(ANALYST, purpose="files"), TODAY)
    assert clean.decision.outcome is Outcome.PERMIT
    both = may(TERMS, REGISTRY, replace(ANALYST, purpose="files", datasets=("purchased",)), TODAY)
    assert both.decision.outcome is Outcome.DENY
    assert "T3" in both.decision.clauses


def test_what_a_purpose_says_of_persons_does_not_hide_what_its_data_set_says() -> None:
    folder = full()
    folder.sign(
        Kind.PURPOSES,
        "files",
        replace(ITEMS[Kind.PURPOSES]["files"], facts={"protected_persons": "none"}, datasets=("purchased",)),
    )
    found = attest(folder.read(), TERMS, replace(ANALYST, purpose="files"), TODAY)
    assert found.facts["protected_persons"] == "none"
    assert {a.facts["protected_persons"] for a in found.alternatives} == {"bulk"}


# ---- authorities ----------------------------------------------------------------------------------------------


def test_an_authority_that_may_be_cited_is_attested_with_its_legal_basis() -> None:
    found = attest(REGISTRY, TERMS, replace(ANALYST, purpose="files", authorities=("warrant", "title-10")), TODAY)
    assert found.facts["authorities"] == {"warrant", "title-10"}
    assert found.facts["legal_basis"] == "individual"
    assert found.sources["authorities"] is found.sources["legal_basis"] is Source.ATTESTED


def cited(folder: Folder, name: str, claims: Claims = ANALYST, today: date = TODAY, **changed: object) -> object:
    if changed:
        folder.sign(Kind.AUTHORITIES, name, replace(ITEMS[Kind.AUTHORITIES][name], **changed))
    return attest(folder.read(), TERMS, replace(claims, purpose="files", authorities=(name,)), today)


CITED = {
    "unregistered": (lambda f: cited(f, "a-string-in-a-prompt"), Why.UNREGISTERED),
    "the day after its last": (lambda f: cited(f, "warrant", today=date(2027, 1, 1)), Why.EXPIRED),
    "before its date": (lambda f: cited(f, "warrant", today=date(2025, 12, 31)), Why.EXPIRED),
    "for another": (lambda f: cited(f, "warrant", Claims(actor="hr-bot")), Why.NOT_YOURS),
    "for other activities": (lambda f: cited(f, "title-10", activities=("gen",)), Why.OUT_OF_SCOPE),
    "a newer issue that nobody signed (K11)": (
        lambda f: cited(f, "title-10", digest=f"sha256:{'9' * 64}"),
        Why.NOT_AGREED,
    ),
    "a word that is none": (lambda f: cited(f, "warrant", legal_basis="royal"), Why.UNKNOWN_WORD),
}


@pytest.mark.parametrize(("cite", "why"), CITED.values(), ids=CITED)
def test_an_authority_that_may_not_be_cited_gives_nothing(cite: object, why: Why) -> None:
    found = cite(full())
    assert [r.why for r in found.refused] == [why]
    assert found.facts["authorities"] == frozenset()
    assert "legal_basis" not in found.facts


def test_its_last_day_is_a_day_on_which_it_may_be_cited() -> None:
    assert cited(full(), "warrant", today=date(2026, 12, 31)).facts["authorities"] == {"warrant"}


def test_an_authority_that_the_terms_do_not_name_is_none_to_them() -> None:
    folder = full()
    folder.sign(Kind.AUTHORITIES, "decree", ITEMS[Kind.AUTHORITIES]["title-10"])
    found = attest(folder.read(), TERMS, replace(ANALYST, purpose="files", authorities=("decree",)), TODAY)
    assert refused(found) == {"decree": Why.NOT_AGREED}


def test_two_legal_bases_are_decided_both() -> None:
    folder = full()
    folder.sign(Kind.AUTHORITIES, "title-10", replace(ITEMS[Kind.AUTHORITIES]["title-10"], legal_basis="programmatic"))
    found = attest(folder.read(), TERMS, replace(ANALYST, purpose="files", authorities=("warrant", "title-10")), TODAY)
    assert found.facts["legal_basis"] == "individual"
    assert [a.facts for a in found.alternatives] == [{"legal_basis": "programmatic"}]


# ---- tools ----------------------------------------------------------------------------------------------------


def test_a_tool_adds_its_facts_and_its_activity_is_decided_beside_the_purposes() -> None:
    found = attest(
        REGISTRY,
        TERMS,
        replace(ANALYST, purpose="files"),
        TODAY,
        tool(REGISTRY, "send_order", DEFINITION, ENDPOINT),
    )
    assert (found.facts["actuation"], found.facts["integrity"]) == ("act", "intact")
    assert found.sources["actuation"] is Source.ATTESTED
    assert found.sources["integrity"] is Source.OBSERVED
    (other,) = found.alternatives
    assert (other.activity, other.facts) == ("decide.benefits_rights", {"phase": "simulate"})


def test_an_authority_must_be_for_all_that_is_done() -> None:
    asked = replace(ANALYST, purpose="files", authorities=("warrant",))
    found = attest(REGISTRY, TERMS, asked, TODAY, tool(REGISTRY, "send_order", DEFINITION, ENDPOINT))
    assert refused(found) == {"warrant": Why.OUT_OF_SCOPE}


@pytest.mark.parametrize(("definition", "endpoint"), [(DEFINITION, DEFINITION), (ENDPOINT, ENDPOINT), (None, None)])
def test_a10_a_drifted_tool_attests_nothing_and_is_denied(definition: str, endpoint: str) -> None:
    found = tool(REGISTRY, "send_order", definition, endpoint)
    answer = may(TERMS, REGISTRY, replace(ANALYST, purpose="ordinary"), TODAY, tool=found)
    assert answer.use.facts["integrity"] == "drifted"
    assert {answer.use.facts[n] for n in ("effect", "phase", "actuation")} == {"unknown"}
    assert answer.decision.outcome is Outcome.DENY
    assert answer.decision.clauses == ("T4",)


def test_an_unlisted_tool_is_refused_and_nothing_of_it_is_known() -> None:
    found = attest(REGISTRY, TERMS, replace(ANALYST, purpose="ordinary"), TODAY, tool(REGISTRY, "rm", DEFINITION))
    assert refused(found) == {"rm": Why.UNREGISTERED}
    assert {found.facts[n] for n in ("effect", "phase", "actuation", "integrity")} == {"unknown"}


# ---- words ----------------------------------------------------------------------------------------------------

WORDS = {
    "an activity": (Kind.PURPOSES, "ordinary", {"activity": "gen.offfice"}),
    "a fact": (Kind.PURPOSES, "ordinary", {"facts": {"phas": "plan"}}),
    "a value": (Kind.PURPOSES, "ordinary", {"facts": {"phase": "plann"}}),
    "the gateway's": (Kind.PURPOSES, "ordinary", {"facts": {"meter": "counted"}}),
    "approvals": (Kind.PURPOSES, "ordinary", {"facts": {"approvals": ("official",)}}),
    "a set for a value": (Kind.PURPOSES, "ordinary", {"facts": {"phase": ("plan",)}}),
    "an origin": (Kind.DATASETS, "personnel", {"origin": "bukl"}),
    "an actuation": (Kind.TOOLS, "search", {"actuation": "fire", "endpoint": ENDPOINT}),
    "an effect": (Kind.TOOLS, "search", {"effect": "kinetic"}),
    "a tool's meter": (Kind.TOOLS, "search", {"facts": {"meter": "counted"}}),
}


@pytest.mark.parametrize(("kind", "name", "changed"), WORDS.values(), ids=WORDS)
def test_a_word_outside_the_agreed_vocabulary_attests_nothing(
    kind: Kind, name: str, changed: dict[str, object]
) -> None:
    folder = full()
    folder.sign(kind, name, replace(ITEMS[kind][name], **changed))
    registry = folder.read()
    claims = replace(ANALYST, purpose="ordinary", datasets=("personnel",) if kind is Kind.DATASETS else ())
    used = tool(registry, name, DEFINITION, ENDPOINT) if kind is Kind.TOOLS else None
    found = attest(registry, TERMS, claims, TODAY, used)
    assert refused(found) == {name: Why.UNKNOWN_WORD}
    assert "meter" not in found.facts
    assert "approvals" not in found.facts
    match kind:
        case Kind.PURPOSES:
            assert (found.activity, found.facts) == ("gen.unknown", {})
        case Kind.DATASETS:
            assert found.facts["data_origin"] == "unknown"
        case _:
            assert {found.facts[n] for n in ("effect", "phase", "actuation")} == {"unknown"}


@pytest.mark.parametrize(("kind", "name", "changed"), WORDS.values(), ids=WORDS)
def test_what_does_not_fit_the_terms_is_told_before_anybody_names_it(
    kind: Kind, name: str, changed: dict[str, object]
) -> None:
    folder = full()
    assert all_unfit(TERMS, folder.read()) == []
    folder.sign(kind, name, replace(ITEMS[kind][name], **changed))
    ((of, called, why, text),) = all_unfit(TERMS, folder.read())
    assert (of, called, why) == (kind, name, Why.UNKNOWN_WORD)
    assert text


def test_a_role_that_the_terms_do_not_have_is_held_by_nobody() -> None:
    folder = full()
    assert attest(folder.read(), TERMS, Claims(actor="g2/official"), TODAY).roles == ("official",)
    folder.sign(Kind.ACTORS, "g2/official", replace(ITEMS[Kind.ACTORS]["g2/official"], roles=("official", "king")))
    found = attest(folder.read(), TERMS, Claims(actor="g2/official"), TODAY)
    assert (found.roles, refused(found)) == ((), {"g2/official": Why.UNKNOWN_WORD})


def test_authorities_that_the_terms_pin_otherwise_are_told_beforehand() -> None:
    folder = full()
    for name, changed in (("warrant", {"digest": f"sha256:{'9' * 64}"}), ("decree", {})):
        folder.sign(Kind.AUTHORITIES, name, replace(ITEMS[Kind.AUTHORITIES]["warrant"], **changed))
    found = all_unfit(TERMS, folder.read())
    assert [(name, why) for _, name, why, _ in found] == [("decree", Why.NOT_AGREED), ("warrant", Why.NOT_AGREED)]


@pytest.mark.parametrize("pack", ["customer", "vendor", "compromise", "s4113"])
@pytest.mark.parametrize("activity", ["weapon.engage", "gen.office"])
def test_a10_the_shipped_packs_deny_a_drifted_tool(pack: str, activity: str) -> None:
    found = tool(REGISTRY, "send_order", DEFINITION, endpoint_digest({"url": "https://live.example/mcp"}))
    use = Use(activity, {"end_user": "identified", "meter": "counted", "screen": "clear", **found.facts}, found.sources)
    assert decide(open_pack(pack).terms, use).outcome is Outcome.DENY


def test_more_names_than_a_use_can_hold() -> None:
    with pytest.raises(UseError, match="33 datasets"):
        attest(REGISTRY, TERMS, replace(ANALYST, datasets=tuple(map(str, range(33)))), TODAY)


def test_the_most_names_make_no_more_alternatives_than_a_use_may_have() -> None:
    names = tuple(f"x{i}" for i in range(32))
    found = attest(REGISTRY, TERMS, replace(ANALYST, purpose="files", datasets=names, authorities=names), TODAY)
    assert len(found.alternatives) <= 64


# ---- what may I do? -------------------------------------------------------------------------------------------

UNDECLARABLE = {
    "the gateway's": {"meter": "counted"},
    "an authority as a string": {"authorities": frozenset({"title-10"})},
    "a registered data set without its name": {"dataset": "registered"},
}


@pytest.mark.parametrize("declared", UNDECLARABLE.values(), ids=UNDECLARABLE)
def test_what_nobody_may_declare(declared: dict[str, object]) -> None:
    with pytest.raises(UseError, match="cannot be declared"):
        may(TERMS, REGISTRY, replace(ANALYST, purpose="files"), TODAY, declared=declared)


def test_what_is_declared_beside_what_is_attested_is_a_claim() -> None:
    answer = may(TERMS, REGISTRY, replace(ANALYST, purpose="files"), TODAY, declared={"place": "abroad"})
    assert answer.use.sources["place"] is Source.DECLARED
    assert claimed(TERMS.scope.vocabulary, answer.use.facts, answer.use.sources) == {"place"}
    assert answer.decision.outcome is Outcome.PERMIT
    assert answer.decision.terms == TERMS.digest
