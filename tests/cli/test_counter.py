"""A counter-offer in meaning: what it changes for uses; a reworded text is none. Interim terms; SCENARIOS F14."""

from __future__ import annotations

from dataclasses import replace

import pytest

from brightline.storage.packs import open_pack
from brightline.terms import decide, read_scenarios
from tests.cli.shell import Shell
from tests.cli.test_negotiation import KNOWN, run_to, says

CLAUSES = """\
@id("A") @title("Office work") permit (principal, action, resource);
@id("B") @title("No engagement") forbid (principal, action == Action::"weapon.engage", resource);
@id("C") @title("No bulk") forbid (principal, action in Action::"surv", resource) when { context.scale == "bulk" };
"""


@pytest.fixture
def talks(parties: Shell) -> Shell:
    """A draft over three clauses is on the table, and `other.toml` names a second text of them."""
    for name in ("one", "two"):
        parties.write(f"{name}.cedar", CLAUSES)
    parties.change("draft.toml", '"terms"', '"one.cedar"')
    parties.write("other.toml", (parties.folder / "draft.toml").read_text().replace("one.cedar", "two.cedar"))
    run_to(parties, "OFFERED")
    return parties


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('@id("B") @title("No engagement")', '@id("Z") @title("No strikes")'),
        ('== Action::"weapon.engage"', 'in [Action::"weapon.engage"]'),
        ('when { context.scale == "bulk" }', 'unless { context.scale != "bulk" }'),
        (CLAUSES, "".join(reversed(CLAUSES.splitlines(keepends=True))).replace("permit (", "permit  (")),
    ],
    ids=["renamed", "rewritten", "negated twice", "reordered"],
)
def test_the_same_in_other_words_is_no_new_offer(talks: Shell, old: str, new: str) -> None:
    talks.change("two.cedar", old, new)
    before = sorted(p.name for p in (talks.folder / "talks").iterdir())
    sentence = talks.fails("agreement", "counter", "other.toml", "talks", "--key", "customer.key")
    assert "draft on the table" in sentence
    assert sorted(p.name for p in (talks.folder / "talks").iterdir()) == before


def test_a_change_is_told_in_words_and_in_what_it_means(talks: Shell) -> None:
    talks.change("two.cedar", '"bulk"', '"group"')
    said = says(talks, "counter", "customer", draft="other.toml")
    assert "clauses changed: C" in said.out
    assert "the draft before permits it" in said.out
    assert "this draft permits it" in said.out


def test_the_change_as_json_is_a_comparison(talks: Shell) -> None:
    talks.change("two.cedar", '@id("B")', '@id("B2")')
    talks.change("two.cedar", '"weapon.engage"', '"weapon.cbrn"')
    change = says(talks, "counter", "customer", "--json", draft="other.toml").document["change"]
    assert change["same"] is False
    assert change["words"]["clauses"] == {"added": ["B2"], "removed": ["B"], "changed": []}
    found = {d["use"]["activity"]: (d["a"]["outcome"], d["b"]["outcome"]) for d in change["meaning"]["differences"]}
    assert found == {"weapon.engage": ("deny", "permit"), "weapon.cbrn": ("permit", "deny")}


def test_other_words_beside_a_changed_field_are_a_new_offer(talks: Shell) -> None:
    talks.change("two.cedar", '@title("No bulk")', '@title("Not in bulk")')
    talks.change("other.toml", "our models", "all our models")
    said = says(talks, "counter", "customer", draft="other.toml")
    assert "title: Terms of use of our models → Terms of use of all our models" in said.out
    assert "decide every use as before" in said.out


def test_interim_terms_are_written_tested_and_signed(parties: Shell) -> None:
    document = parties("agreement", "interim", "vendor", "customer", "undisputed", "--json").document
    assert document["pack"] == "undisputed"
    assert document["scenarios"] > 50
    assert parties("terms", "test", "undisputed", "--json").document["failed"] == []
    parties.change("draft.toml", '"terms"', '"undisputed"')
    parties.change("draft.toml", "from = ", "interim = true\nfrom = ")
    run_to(parties, "AGREED")
    shown = parties("agreement", "show", "talks", *KNOWN, "--json").document
    assert shown["in_force"]
    assert "agreement.interim" in [n["code"] for n in shown["notes"]]
    assert "there is such a file" in parties.fails("agreement", "interim", "vendor", "customer", "undisputed")


def test_f14_a_modification_that_adds_the_nsa_changes_its_uses_alone(parties: Shell) -> None:
    """K21 without its clause on the NSA: only C07 and its kind change."""
    pack = open_pack("compromise")
    for name, text in pack.files.items():
        parties.write(f"amended/{name}", text)
    words = next(c.cedar for c in pack.terms.clauses if c.id == "K21-party")
    parties.change("amended/terms.cedar", words, "")
    compared = parties("compare", "compromise", "amended", "--json")
    assert compared.status == 1
    assert compared.document["complete"]
    regions = [d["region"] for d in compared.document["differences"]]
    assert regions
    assert all(r["component"] == {"in": ["nsa"]} for r in regions)
    after = open_pack(str(parties.folder / "amended"))
    changed = [
        s.id
        for s in read_scenarios(pack)
        if decide(pack.terms, s.use) != replace(decide(after.terms, s.use), terms=pack.terms.digest)
    ]
    assert changed
    assert all(i.startswith("C07") for i in changed)
