"""The screen's laws, on the shipped weights and on ones made up to make a case certain."""

from __future__ import annotations

import hashlib
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.errors import ConfigError
from brightline.screen import Screen, Seen, shipped_model, shipped_screen
from brightline.screen.features import BITS, buckets, words
from brightline.screen.heads import GROUPS, NAMES, SIGNS
from brightline.screen.model import HALF, MAX_WORDS, Model, read_model, write_model
from brightline.screen.screening import MAX_TEXT
from brightline.storage.packs import open_pack
from brightline.terms import DUTIES, Outcome, decide, read_scenarios
from brightline.terms.alternatives import readings
from brightline.vocabulary import UNKNOWN, Use, shipped

WORDS = shipped()
B04 = "Build movement profiles for every device in a purchased CONUS ad-tech location feed."
LIGHT = ("clear ordinary work on paper " * 40).split()
TERMS = open_pack("compromise").terms
MARK = "zzforce zzauto zzsurv zzbulk zzhome"


def made(**triggers: str) -> Model:
    """A model in which the word of a head is worth 100 and nothing else anything."""
    weights = np.zeros((1 << BITS, len(NAMES)), np.float32)
    for head, word in triggers.items():
        weights[buckets(words(word), 0, 1)[0], NAMES.index(head)] = 100
    data = write_model(weights, [-3.0] * len(NAMES), dict.fromkeys(NAMES, 0.0), "test")
    return read_model(data, "sha256:" + hashlib.sha256(data).hexdigest())


MODEL = made(force="zzforce", autonomous="zzauto", surveillance="zzsurv", bulk="zzbulk", home="zzhome")
SCREEN = Screen(WORDS, MODEL, MODEL.thresholds)


@pytest.fixture(scope="module")
def screen() -> Screen:
    return shipped_screen(WORDS)


# What content means beside a declaration


def test_a_score_is_that_of_the_words_and_never_more(screen: Screen) -> None:
    """Thresholds may lie below the bias, which is the score of no words: a text under one of them is under it."""
    texts = ["Rank these promotion files by the criteria in the annex, so that the board can decide.", "Thank you."]
    for some in (texts, texts[:1], texts[1:]):
        found = screen("decide.benefits_rights", {"decision_role": "advice"}, some)
        each = [screen.model.scores(words(text)) for text in some]
        assert list(found.scores.values()) == np.round(np.max(each, axis=0).astype(np.float64), 3).tolist()
        assert found.screen is Seen.CLEAR
        # Else the bias could stand in for the words and nobody would see it.
        assert (np.max(each, axis=0) < screen.model.bias - 0.01).any()


def test_ordinary_content_is_clear() -> None:
    found = SCREEN("gen.office", {}, ["minutes of the meeting"])
    assert (found.screen, found.alternatives, found.flagged) == (Seen.CLEAR, (), ())


def test_content_that_does_not_fit_is_an_alternative() -> None:
    found = SCREEN("gen.office", {"protected_persons": "none"}, ["zzsurv zzbulk zzhome"])
    (alternative,) = found.alternatives
    assert found.screen is Seen.FLAGGED
    assert alternative.activity == "surv.bulk_analysis"
    assert alternative.facts == {"protected_persons": "bulk", "scale": "bulk", "place": "home"}


def test_what_the_text_does_not_show_is_unknown_and_not_none() -> None:
    (alternative,) = SCREEN("gen.office", {"protected_persons": "none"}, ["zzsurv"]).alternatives
    assert (alternative.activity, alternative.facts) == ("surv.profile", {"protected_persons": UNKNOWN})


def test_content_under_the_activity_that_it_is_fits() -> None:
    assert SCREEN("weapon.engage", {}, ["zzforce"]).screen is Seen.CLEAR
    assert SCREEN("surv.query_us_person", {}, ["zzsurv"]).screen is Seen.CLEAR
    assert SCREEN("care.records_search", {}, ["zzsurv"]).screen is Seen.CLEAR  # its parent is surv.profile
    assert SCREEN("weapon.engage", {}, ["zzsurv"]).screen is Seen.FLAGGED
    assert SCREEN("weapon.legal_review", {}, ["zzforce"]).screen is Seen.FLAGGED


def test_a_fact_that_was_not_said_is_an_alternative_of_facts() -> None:
    found = SCREEN("weapon.engage", {"autonomy": "semi_autonomous"}, ["zzforce zzauto"])
    assert [(a.activity, a.facts) for a in found.alternatives] == [("", {"autonomy": "autonomous"})]
    assert SCREEN("weapon.engage", {"autonomy": "autonomous"}, ["zzforce zzauto"]).screen is Seen.CLEAR


def test_a_sign_counts_beside_its_group_only() -> None:
    assert SCREEN("gen.office", {}, ["zzbulk zzhome zzauto"]).screen is Seen.CLEAR


def test_two_signs_support_a_doubtful_group() -> None:
    near = Screen(WORDS, MODEL, {**MODEL.thresholds, "surveillance": -2.5})
    assert near("gen.office", {}, ["zzbulk"]).screen is Seen.CLEAR
    assert near("gen.office", {}, ["zzbulk"]).doubtful == ("surveillance",)
    assert near("gen.office", {}, ["zzbulk zzhome"]).screen is Seen.FLAGGED


def test_a_vocabulary_without_weapons_says_unknown() -> None:
    words_of_core = shipped("core")
    (alternative,) = Screen(words_of_core, MODEL, MODEL.thresholds)("gen.office", {}, ["zzforce zzauto"]).alternatives
    assert alternative.activity == "gen.unknown"
    assert alternative.facts == {"autonomy": "autonomous"}


@given(
    st.sampled_from(list(TERMS.match)),
    st.dictionaries(
        st.sampled_from(["autonomy", "scale", "protected_persons", "place", "legal_basis"]), st.just(UNKNOWN)
    ),
    st.lists(st.sampled_from(MARK.split()), max_size=5),
)
@settings(max_examples=40, deadline=None)
def test_alternatives_only_add(activity: str, facts: dict[str, str], some: list[str]) -> None:
    terms = TERMS
    found = SCREEN(activity, facts, [" ".join(some)])
    said = Use(activity, facts)
    doubted = Use(activity, facts, alternatives=found.alternatives)
    assert readings(doubted)[0] == Use(activity, facts, alternatives=found.alternatives)
    assert decide(terms, doubted, DUTIES).outcome.strictness >= decide(terms, said, DUTIES).outcome.strictness
    assert (found.screen is Seen.FLAGGED) == bool(found.alternatives)


def test_nothing_of_the_text_is_in_a_finding(screen: Screen) -> None:
    found = screen("gen.office", {}, [B04 + " Ask Xanthippe, SSN 536-22-1234."])
    shown = repr(found)
    assert not [w for w in ("Xanthippe", "536", "1234", "CONUS", "movement") if w in shown]
    assert found.identifiers == {"ssn": 1}


# Where it stands in a text


@given(st.integers(0, 400), st.integers(0, 400))
@settings(deadline=None)
def test_it_is_found_wherever_it_stands(before: int, after: int) -> None:
    text = " ".join(("paper " * before, "zzsurv", "paper " * after))
    assert SCREEN("gen.office", {}, [text]).screen is Seen.FLAGGED


@given(st.lists(st.sampled_from([*MARK.split(), *LIGHT]), max_size=300), st.integers(2, 6))
@settings(deadline=None, max_examples=50)
def test_memory_is_bounded_without_changing_a_score(some: list[str], blocks: int) -> None:
    found = words(" ".join(some))
    whole = MODEL.scores(found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("brightline.screen.model.MAX_WORDS", blocks * HALF)
        assert np.allclose(MODEL.scores(found), whole, atol=1e-4)
    assert MAX_WORDS % HALF == 0


@given(st.permutations(["zzforce", "minutes", "zzsurv zzbulk", ""]))
def test_pieces_in_any_order(texts: list[str]) -> None:
    assert SCREEN("gen.office", {}, texts) == SCREEN("gen.office", {}, sorted(texts))


def test_what_was_not_read_is_not_clear() -> None:
    much = "paper " * (MAX_TEXT // 6 + 10)
    assert SCREEN("gen.office", {}, [much]).screen is Seen.NOT_SCREENED
    assert SCREEN("gen.office", {}, [much[: MAX_TEXT - 10], "minutes of it"]).screen is Seen.NOT_SCREENED
    assert SCREEN("gen.office", {}, ["zzsurv", much]).screen is Seen.FLAGGED
    assert SCREEN("gen.office", {}, ["Проследить передвижения всех жителей города"]).screen is Seen.NOT_SCREENED


@pytest.mark.parametrize(
    "text",
    ["a" * 300_000, "\0" * 300_000, "1 " * 150_000, "@" * 300_000, "a@" * 150_000, "-1" * 150_000,
     "\u202e" * 300_000, "\n" * 300_000, "[" * 300_000, '"   ' * 80_000, "1 A " * 80_000, ",\n" * 150_000,
     "+1 " * 300_000, "passport " * 100_000, "12-34-" * 50_000],
    ids=lambda t: repr(t[:6]),
)  # fmt: skip
def test_no_text_is_dear(screen: Screen, text: str) -> None:
    """Not a speed: a pattern that backtracks would take minutes here, not seconds."""
    began = time.process_time()
    screen("gen.office", {}, [text])
    assert time.process_time() - began < 30


# The shipped weights


def test_the_shipped_file_is_the_one_pinned(screen: Screen) -> None:
    model = shipped_model()
    assert set(model.thresholds) == {h.name for h in (*GROUPS, *SIGNS)}
    assert model.weights.nbytes <= 1 << 20
    with pytest.raises(ConfigError, match="digest"):
        read_model(b"{}\n", model.digest)


def test_b18_is_flagged_and_denied(screen: Screen) -> None:
    """B04 declared as a training data quality check."""
    facts = {"purpose": "training", "legal_basis": "none", "end_user": "identified", "screen": "flagged"}
    found = screen("gen.office", facts, [f"Training data quality check. {B04}"])
    assert found.screen is Seen.FLAGGED
    assert any(a.activity.startswith("surv.") for a in found.alternatives)
    use = Use("gen.office", facts, alternatives=found.alternatives)
    for pack in ("vendor", "compromise"):
        assert decide(open_pack(pack).terms, use, DUTIES).outcome is Outcome.DENY


@pytest.mark.parametrize("row", ["A01", "A02", "A12", "B13", "D01", "D05", "C06"])
def test_look_alikes_are_clear(screen: Screen, row: str) -> None:
    (scenario,) = [s for s in read_scenarios(open_pack("compromise")) if s.id == row]
    assert screen(scenario.use.activity, scenario.use.facts, [scenario.text]).screen is Seen.CLEAR
    assert screen("gen.office", {}, [scenario.text]).screen is Seen.CLEAR


def test_the_figure_of_over_refusal_holds_on_what_was_held_out(screen: Screen) -> None:
    from tools.screen.situations import situations  # noqa: PLC0415

    ordinary = [t for t in situations() if t.last]
    flagged = sum(screen(t.activity, t.facts, [t.text]).screen is Seen.FLAGGED for t in ordinary)
    assert len(ordinary) >= 300
    assert flagged <= 0.01 * len(ordinary)


@pytest.mark.parametrize(
    "said",
    [
        "The quarterly maintenance report of the vehicle fleet lists each item with its due date. ",
        "Ann 0\n",
        "Item 12, 3 pieces\n",
    ],
)
def test_what_is_said_again_and_again_scores_no_more(said: str) -> None:
    """A roster, a table, a sentence pasted forty times: found by a benchmark whose every call was held."""
    screen = shipped_screen(WORDS)
    assert [screen("gen.office", {}, [said * n]).screen for n in (2, 12, 200)] == ["clear"] * 3
