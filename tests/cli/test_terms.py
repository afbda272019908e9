"""A new user writes terms, tries them, and breaks them in every way that hands do."""

from __future__ import annotations

import pytest

from tests.cli.shell import Shell

CEDAR, TOML, SCENARIOS = "terms/terms.cedar", "terms/terms.toml", "terms/scenarios.jsonl"


def test_the_starter_pack_is_clean_and_its_scenarios_pass(shell: Shell) -> None:
    made = shell("terms", "new", "house").out
    assert "house/" in made
    assert "terms lint house" in made  # what to do next
    assert shell("terms", "lint", "house").out == "0 errors, 0 other findings\n"
    assert shell("terms", "test", "house").out == "5 scenarios passed, 0 failed\n"


def test_a_pack_of_a_hospital_starts_without_a_weapon(shell: Shell) -> None:
    shell("terms", "new", "house", "--module", "health")
    assert set(shell("vocabulary", "--pack", "house", "--json").document["groups"]) >= {"care", "study", "gen"}
    assert "weapon" not in shell("vocabulary", "--pack", "house").out
    assert "weapon" in shell("vocabulary").out
    assert "supervisor" in shell("vocabulary", "--pack", "house", "--json").document["roles"]
    assert shell("terms", "lint", "house").out == "0 errors, 0 other findings\n"
    assert shell("terms", "test", "house").out == "5 scenarios passed, 0 failed\n"


def test_a_module_that_is_not_there(shell: Shell) -> None:
    assert "no module is called 'healt' — did you mean 'health'?" in shell.fails(
        "terms", "new", "a", "--module", "healt"
    )
    assert not (shell.folder / "a").exists()


def test_a_pack_is_never_overwritten_and_never_half_made(user: Shell) -> None:
    assert "there is such a file already" in user.fails("terms", "new")
    user.write("half/scenarios.jsonl", "")
    assert user.fails("terms", "new", "half").startswith("half/scenarios.jsonl: ")
    assert [p.name for p in (user.folder / "half").iterdir()] == ["scenarios.jsonl"]


# what a hand slips into, the file and line that the sentence names, and the word that mends it
SLIPS = {
    "a fact": (CEDAR, "context.legal_basis", "context.legal_bassis", f"{CEDAR}:10 (T2): ", "'legal_basis'"),
    "a value": (CEDAR, '"individual"', '"indvidual"', f"{CEDAR}:10 (T2): ", "did you mean 'individual'?"),
    "an activity": (CEDAR, "surv.profile", "surv.profil", f"{CEDAR}:10 (T2): ", "did you mean 'surv.profile'?"),
    "a group": (CEDAR, '"decide"', '"deicde"', f"{CEDAR}:16 (T3): ", "did you mean 'decide'?"),
    "a semicolon": (CEDAR, "resource);", "resource)", f"{CEDAR}:5: ", "unexpected token `@`"),
    "the quotes of a value": (CEDAR, '"individual"', "individual", f"{CEDAR}:10: ", "individual"),
    "the quotes of an activity": (CEDAR, '"gen.unknown"', "gen.unknown", f"{CEDAR}:23: ", "expected an entity uid"),
    "curly quotes": (CEDAR, '"T1"', "“T1”", f"{CEDAR}:5: ", "invalid token"),
    "an id used twice": (CEDAR, '@id("T2")', '@id("T1")', f"{CEDAR}:10: ", "line 5 has it too"),
    "approvals in a when": (CEDAR, "unless { context.approvals", "when { context.approvals", f"{CEDAR}:23 ", "unless"),
    "a role": (CEDAR, '"supervisor"', '"supervizor"', f"{CEDAR}:23 (T4): ", "did you mean 'supervisor'?"),
    "a role of one's own": (CEDAR, '"supervisor"', '"dpo"', f"{CEDAR}:23 (T4): ", "terms.toml under [roles]"),
    "one equals sign": (CEDAR, "== Action", "= Action", f"{CEDAR}:23: ", "'=' is not a valid operator"),
    "and for &&": (CEDAR, "&&", "and", f"{CEDAR}:14: ", "write &&"),
    "a wildcard": (CEDAR, '== "individual"', 'like "ind*"', f"{CEDAR}:10 (T2): ", "'like' is outside the profile"),
    "TOML without quotes": (TOML, '"vendor" ', "vendor ", f"{TOML}: not TOML: ", "line 3"),
    "a key of terms.toml": (TOML, "party", "partie", f"{TOML}:3: partie: ", "did you mean 'party'?"),
    "a table of terms.toml": (TOML, "[roles]", "[rolles]", f"{TOML}:14: rolles: ", "did you mean 'roles'?"),
    "a role without words": (TOML, '"the supervisor of', "3 #", f"{TOML}: ", "for example: [roles]"),
    "no vocabulary": (TOML, "[vocabulary]", "[lanes.x]", f"{TOML}: names no vocabulary", "core = "),
    "another vocabulary": (TOML, "sha256:", "sha256:0", f"{TOML}:10: vocabulary.core: ", "read what changed"),
}


@pytest.mark.parametrize(("file", "right", "wrong", "place", "cure"), SLIPS.values(), ids=SLIPS)
@pytest.mark.parametrize("verb", ["lint", "test"])
def test_a_slip_in_the_terms_is_named_with_its_place(
    user: Shell, verb: str, file: str, right: str, wrong: str, place: str, cure: str
) -> None:
    before = (user.folder / file).read_bytes()
    user.change(file, right, wrong)
    sentence = user.fails("terms", verb, "terms")
    assert sentence.startswith(place), sentence
    assert cure in sentence
    assert user.fails("decide", "terms", "use.json") == sentence  # whoever reads the pack says the same
    user.write(file, before)  # and nothing else is needed
    assert user("terms", verb, "terms").status == 0


SCENARIO_SLIPS = {
    "a value": ('"individual"', '"indivdual"', f"{SCENARIOS}:3: use: facts.legal_basis: ", "'individual'"),
    "an activity": ("gen.office", "gen.offic", f"{SCENARIOS}:1: use: activity: ", "'gen.office'"),
    "an outcome": ('"hold"', '"hodl"', f"{SCENARIOS}:3: no outcome is called 'hodl'", "hold"),
    "a key": ('"expect"', '"expects"', f"{SCENARIOS}:1: ", "id, text, use and expect"),
    "a brace": ('"duties": []}}', '"duties": []}', f"{SCENARIOS}:1: ", "line 1, column"),
}


@pytest.mark.parametrize(("right", "wrong", "place", "cure"), SCENARIO_SLIPS.values(), ids=SCENARIO_SLIPS)
def test_a_slip_in_a_scenario_is_named_with_its_line(
    user: Shell, right: str, wrong: str, place: str, cure: str
) -> None:
    user.change(SCENARIOS, right, wrong)
    sentence = user.fails("terms", "test", "terms")
    assert sentence.startswith(place), sentence
    assert cure in sentence


def test_words_that_mean_something_else_fail_their_scenario(user: Shell) -> None:
    user.change(CEDAR, 'unless { context.approvals.contains("supervisor") }', "")
    user.change(CEDAR, ' && context.approvals.contains("privacy_officer")', "")
    said = user("terms", "test", "terms")
    assert said.status == 1
    assert "S3: outcome is permit, meant is hold" in said.out
    assert said.out.endswith("4 scenarios passed, 1 failed\n")
    document = user("terms", "test", "terms", "--json").document
    assert document["passed"] == 4
    assert [f["id"] for f in document["failed"]] == ["S3"]
    assert document["failed"][0]["decision"]["outcome"] == "permit"


def test_lint_ends_1_on_an_error_and_0_on_a_warning(user: Shell) -> None:
    user.change(CEDAR, '@id("T1") ', "")
    said = user("terms", "lint", "terms")
    assert said.status == 0
    assert said.out.startswith(f"{CEDAR}:5: warning no-id (policy0): ")
    assert said.out.endswith("0 errors, 1 other finding\n")
    user.change(TOML, "# [authorities.data-protection-act]", '[authorities.act]\ntitle = "Act"')
    said = user("terms", "lint", "terms", "--json")
    assert said.status == 1
    assert said.document["ok"] is False
    findings = {f["code"]: f for f in said.document["findings"]}
    assert set(findings) == {"no-id", "unpinned-authority"}
    assert {"code", "clause", "severity", "use", "text"} <= set(findings["no-id"])


def test_a_bare_cedar_file_is_a_pack(user: Shell) -> None:
    user.write("mine.cedar", '@id("A") @title("t") @text("w") @source("s")\npermit (principal, action, resource);\n')
    assert user("terms", "lint", "mine.cedar").status == 0
    assert "no scenarios.jsonl" in user("terms", "test", "mine.cedar").out
    assert user("decide", "mine.cedar", "use.json").out == "permit  gen.office: Permitted by A (t).\n"


@pytest.mark.parametrize("name", ["vendor", "customer", "compromise"])
def test_a_shipped_pack_goes_by_its_name(user: Shell, name: str) -> None:
    assert user("terms", "lint", name).status == 0
    assert user("decide", name, "use.json").status == 0


def test_windows_line_ends_are_read_alike(user: Shell) -> None:
    digest = user("decide", "terms", "use.json", "--json").document["terms"]
    for path in (user.folder / "terms").iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert user("terms", "test", "terms").status == 0
    assert user("decide", "terms", "use.json", "--json").document["terms"] == digest
