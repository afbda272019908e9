"""Row F07, the packs' side: a newer issue of a document changes a floating reference and never a dated one."""

import hashlib

import pytest

from brightline.analysis.compare import compare
from brightline.errors import TermsError
from brightline.terms import Outcome, Pack, decide, lint, read_pack, run_scenarios
from brightline.terms.amended import amended
from tests.packs.positions import reworded, scenarios_of, shipped_pack

O1 = "openai-2026-02-28"
PINNED = shipped_pack(O1)
TITLE = "DoDD 3000.09, Autonomy in Weapon Systems: senior review completed"
HEAD = "[authorities.dodd-3000-09]\n"
STRICTER = """
@id("dodd-1") @authority("dodd-3000-09") @title("Each engagement is of a target that an operator selected")
@text("Fixture: an operator selects each single target; no class is exempt from senior review.")
@source("made up: an issue of 2027")
forbid (principal, action == Action::"weapon.engage", resource)
when { context.target_selected_by != "operator" }
unless { context.authorities.contains("dodd-3000-09") };
"""
EMPTY = """
@id("dodd-1") @authority("dodd-3000-09") @title("Human control is required nowhere")
@text("Fixture: the directive is rescinded.")
@source("made up: an issue of 2027")
forbid (principal, action == Action::"weapon.engage", resource)
when { false };
"""


def floating() -> Pack:
    """The same words, the directive cited as amended."""
    toml = PINNED.files["terms.toml"].replace(HEAD, f'{HEAD}reference = "as amended"\n')
    cedar = PINNED.files["terms.cedar"].replace("3000.09 (dtd 25 January 2023)", "3000.09, as amended")
    return read_pack("floating", {**PINNED.files, "terms.toml": toml, "terms.cedar": cedar})


def issue(cedar: str, date: str = "2027-06-01", digest: str = "") -> Pack:
    """A made-up issue of the directive, as a pack."""
    head, _, rest = PINNED.files["terms.toml"].partition(HEAD)
    rest = rest[rest.index("\n[") :]
    digest = digest or "sha256:" + hashlib.sha256(f"{TITLE}\n{date}\n".encode()).hexdigest()
    entry = f'title = "{TITLE}"\ndate = {date}\ndigest = "{digest}"\n'
    return read_pack("dodd-3000-09", {"terms.toml": head + HEAD + entry + rest, "terms.cedar": cedar})


def moved(before: Pack, after: Pack) -> dict[str, tuple[Outcome, Outcome]]:
    pairs = {s.id: (decide(before.terms, s.use).outcome, decide(after.terms, s.use).outcome) for s in scenarios_of(O1)}
    return {row: (a, b) for row, (a, b) in pairs.items() if a is not b}


def test_a_dated_reference_does_not_move() -> None:
    for cedar in (STRICTER, EMPTY):
        assert amended(PINNED, issue(cedar)) is PINNED


def test_floating_and_dated_say_the_same_until_a_newer_issue_is_out() -> None:
    assert compare(PINNED.terms, floating().terms).equivalent
    assert amended(floating(), issue(STRICTER, "2023-01-25")).terms.digest == floating().terms.digest
    assert amended(floating(), issue(STRICTER, "2012-11-21")).terms.digest == floating().terms.digest


def test_a_stricter_issue_takes_a07_and_a08() -> None:
    after = amended(floating(), issue(STRICTER))
    found = moved(floating(), after)
    assert found["A07-materiel"] == found["A07-person"] == found["A08"] == (Outcome.PERMIT, Outcome.DENY)
    assert {row[:3] for row in found} <= {"A05", "A06", "A07", "A08"}
    assert after.terms.digest != floating().terms.digest
    assert after.terms.authorities["dodd-3000-09"]["date"] == "2027-06-01"
    gap = compare(floating().terms, after.terms)
    assert gap.complete
    assert gap.differences
    for d in gap.differences:
        assert set(d.activities) <= set(PINNED.terms.scope.vocabulary.in_group("weapon")) | {
            "mil.plan_ops", "mil.wargame_sim", "mil.command_decision", "gen.unknown"
        }  # fmt: skip


def test_an_empty_issue_empties_the_clause() -> None:
    """Where policy requires: nothing is left of it once policy requires nothing."""
    found = moved(floating(), amended(floating(), issue(EMPTY)))
    assert found["A05"] == found["A05-person"] == found["A08-person"] == (Outcome.DENY, Outcome.PERMIT)
    assert moved(PINNED, amended(PINNED, issue(EMPTY))) == {}


def test_what_is_read_again_is_a_pack_like_any_other() -> None:
    after = amended(floating(), issue(STRICTER))
    assert read_pack("again", after.files).terms.digest == after.terms.digest
    assert not [f for f in lint(after) if f.severity == "error"]
    wrong = {r.scenario.id for r in run_scenarios(after) if r.wrong}  # what the words were once meant to say
    assert {"A07-materiel", "A08"} <= wrong
    assert {c.id for c in PINNED.terms.clauses} - {c.id for c in after.terms.clauses} == {"O1-2", "O1-2-effector"}
    assert amended(after, issue(EMPTY, "2026-01-01")) is after


def test_lint_finds_that_it_floats() -> None:
    assert [f.clause for f in lint(floating()) if "'as amended'" in f.text] == ["O1-2"]


def toml(old: str, new: str) -> dict[str, str]:
    files = dict(floating().files)
    assert old in files["terms.toml"]
    return {**files, "terms.toml": files["terms.toml"].replace(old, new, 1)}


def test_a_reference_is_dated_or_as_amended() -> None:
    with pytest.raises(TermsError, match="reference is 'as ammended'") as e:
        read_pack("p", toml("as amended", "as ammended"))
    assert e.value.place == "p/terms.toml:44: authorities.dodd-3000-09"
    assert e.value.cure == "did you mean 'as amended'?"


def test_a_clause_speaks_for_a_document_that_is_declared() -> None:
    with pytest.raises(TermsError, match="no authority 'dodd-3000-9'") as e:
        reworded(PINNED, '@authority("dodd-3000-09")', '@authority("dodd-3000-9")')
    assert e.value.place == f"{O1}/terms.cedar:13 (O1-2)"
    assert "did you mean 'dodd-3000-09'?" in e.value.cure


def test_an_issue_says_what_the_document_asks() -> None:
    with pytest.raises(TermsError, match="no clause says what dodd-3000-09 asks") as e:
        amended(floating(), issue(STRICTER.replace('@authority("dodd-3000-09")', "")))
    assert '@authority("dodd-3000-09")' in e.value.cure


def test_an_issue_has_a_digest() -> None:
    bare = issue(STRICTER)
    text = bare.files["terms.toml"].replace(bare.terms.authorities["dodd-3000-09"]["digest"], "")
    text = text.replace('digest = ""\n', "", 1)
    with pytest.raises(TermsError, match="an issue without digest"):
        amended(floating(), read_pack("dodd-3000-09", {**bare.files, "terms.toml": text}))


def test_a_table_that_cannot_be_pointed_to_a_newer_issue() -> None:
    old = floating().terms.authorities["dodd-3000-09"]
    files = toml(f'title = "{old["title"]}"\n', f'"title" = "{old["title"]}"\n')
    with pytest.raises(TermsError, match="cannot be pointed to a newer issue") as e:
        amended(read_pack("p", files), issue(STRICTER))
    assert "a table of its own" in e.value.cure
