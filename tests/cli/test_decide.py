"""Uses decided from files, stdin and JSON Lines; and uses that are none."""

from __future__ import annotations

import json

import pytest

from tests.cli.shell import Shell

OFFICE = '{"activity": "gen.office"}'
PROFILE = '{"activity": "surv.profile", "facts": {"legal_basis": "individual"}}'
UNSAID = '{"activity": "surv.profile"}'
BASELESS = '{"activity": "surv.profile", "facts": {"legal_basis": "none"}}'

GIVEN = {
    "one use": (OFFICE, ["permit"]),
    "one use on many lines": (json.dumps(json.loads(PROFILE), indent=2), ["hold"]),
    "a use whose first line looks whole": (PROFILE.removesuffix("}") + "\n}", ["hold"]),
    "a list": (f"[{OFFICE}, {PROFILE}]", ["permit", "hold"]),
    "JSON Lines": (f"{OFFICE}\n{PROFILE}\n{UNSAID}\n{BASELESS}\n", ["permit", "hold", "ask", "deny"]),
    "JSON Lines with gaps": (f"\n{OFFICE}\n\n\n{OFFICE}", ["permit", "permit"]),
    "JSON Lines from Windows": (f"{OFFICE}\r\n{BASELESS}\r\n", ["permit", "deny"]),
}


@pytest.mark.parametrize(("text", "outcomes"), GIVEN.values(), ids=GIVEN)
def test_a_file_and_stdin_are_decided_alike(user: Shell, text: str, outcomes: list[str]) -> None:
    user.write("uses.json", text)
    said = user("decide", "terms", "uses.json", "--json")
    assert [d["outcome"] for d in said.documents] == outcomes
    assert said.status == (0 if set(outcomes) == {"permit"} else 1)
    assert user("decide", "terms", "-", "--json", stdin=text) == said
    plain = user("decide", "terms", "uses.json")
    assert plain.status == said.status
    assert [line.partition(" ")[0] for line in plain.out.splitlines() if line[0] != " "] == outcomes


def test_many_files_are_decided_in_order(user: Shell) -> None:
    files = [user.write(f"{n}.json", text) for n, text in enumerate([BASELESS, OFFICE, PROFILE])]
    said = user("decide", "terms", *files, "-", "--json", stdin=UNSAID)
    assert [d["outcome"] for d in said.documents] == ["deny", "permit", "hold", "ask"]


def test_a_decision_has_the_keys_of_the_contract(user: Shell) -> None:
    document = user("decide", "terms", "-", "--json", stdin=UNSAID).document
    assert set(document) == {"outcome", "clauses", "needs", "duties", "terms", "text"}
    assert set(document["needs"][0]) == {"approvals", "facts", "exceptions", "duties"}
    assert document["clauses"] == ["T2"]
    assert document["needs"][0]["facts"] == {"legal_basis": "declared"}


def test_what_a_person_reads(user: Shell) -> None:
    said = user("decide", "terms", "-", stdin=f"{OFFICE}\n{PROFILE}\n{UNSAID}\n{BASELESS}\n").out.splitlines()
    why = "T2 (Nobody is profiled without a legal basis)"
    assert said == [
        "permit  gen.office: Permitted by T1 (Ordinary work is allowed).",
        f"hold  surv.profile: Held under {why} until approved by the privacy officer.",
        f"ask  surv.profile: Cannot be decided yet under {why}: it turns on the legal basis (legal_basis).",
        "    state legal_basis (declared)",
        f"deny  surv.profile: Denied by {why}.",
    ]


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_fault_late_in_the_input_says_nothing_else(user: Shell, form: tuple[str, ...]) -> None:
    uses = f"{OFFICE}\n{PROFILE}\n" + OFFICE.replace("office", "offic")
    sentence = user.fails("decide", "terms", "-", *form, stdin=uses)
    assert sentence == "stdin:3: activity: no activity is called 'gen.offic' — did you mean 'gen.office'?"
    assert user.fails("decide", "terms", "use.json", "nope.json", *form).startswith("nope.json: ")


WRONG = {
    "nothing": ("", "stdin: no use in it"),
    "blank lines": ("\n \n", "stdin: no use in it"),
    "an empty list": ("[]", "stdin: no use in it"),
    "a word": ("gen.office", "stdin: line 1, column 1"),
    "a text": ('"gen.office"', "stdin: a use is a JSON object"),
    "a number": ("5", "stdin: a use is a JSON object"),
    "no number": ("NaN", "stdin: NaN is not JSON"),
    "single quotes": ("{'activity': 'gen.office'}", "stdin: line 1, column 2"),
    "a comma too many": ('{"activity": "gen.office",}', "stdin: line 1, column "),
    "a key twice": ('{"activity": "gen.office", "activity": "gen.unknown"}', "'activity' stands twice"),
    "no activity": ('{"facts": {}}', "stdin: a use needs an activity"),
    "an activity that is none": ('{"activity": 1}', "stdin: activity: "),
    "a slip in a field": ('{"activity": "gen.office", "fact": {}}', "did you mean 'facts'?"),
    "a slip in a fact": ('{"activity": "gen.office", "facts": {"plce": "home"}}', "did you mean 'place'?"),
    "a slip in a value": ('{"activity": "gen.office", "facts": {"place": "hme"}}', "did you mean 'home'?"),
    "a list for a word": ('{"activity": "gen.office", "facts": {"place": ["home"]}}', "facts.place: "),
    "a word for a list": ('{"activity": "gen.office", "facts": {"lanes": "x"}}', "facts.lanes: "),
    "an unknown role": ('{"activity": "gen.office", "facts": {"approvals": ["boss"]}}', "under [roles]"),
    "a fraction": ('{"activity": "gen.office", "facts": {"distinct_persons": 1.5}}', "a whole number"),
    "a truth value": ('{"activity": "gen.office", "facts": {"distinct_persons": true}}', "a whole number"),
    "a source of nothing": ('{"activity": "gen.office", "sources": {"place": "attested"}}', "facts.place"),
    "no source": ('{"activity": "gen.office", "facts": {"place": "home"}, "sources": {"place": "said"}}', "no source"),
    "an alternative of approvals": (
        '{"activity": "gen.office", "alternatives": [{"facts": {"approvals": []}}]}',
        "alternatives[0]: ",
    ),
    "depth": ("[" * 100_000, "nested too deeply"),
    "a scenario": ('{"id": "S1", "use": {"activity": "gen.office"}}', "a use has no field"),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG)
def test_what_is_no_use_is_refused(user: Shell, text: str, words: str) -> None:
    assert words in user.fails("decide", "terms", "-", stdin=text)


def test_a_byte_order_mark_is_named(user: Shell) -> None:
    sentence = user.fails("decide", "terms", "-", stdin=b"\xef\xbb\xbf" + OFFICE.encode())
    assert "bom" in sentence.lower()


def test_the_command_line_may_set_what_only_a_gateway_sets(user: Shell) -> None:
    approved = '{"activity": "gen.unknown", "facts": {"approvals": ["supervisor"]}}'
    assert user("decide", "terms", "-", stdin=approved).status == 0
    assert user("decide", "terms", "-", stdin='{"activity": "gen.unknown"}').status == 1
