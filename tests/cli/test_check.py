"""Stories of `brightline check` (docs/reference/check.md)."""

from __future__ import annotations

import json

import pytest

from tests.cli.shell import Shell

NAME = "no-autonomous-weapons"


def test_a_property_that_holds(shell: Shell) -> None:
    said = shell("check", "compromise", NAME)
    assert said.status == 0
    assert [line.partition(" ")[0] for line in said.out.splitlines()] == ["AW1", "AW2", "AW3"]
    document = shell("check", "compromise", NAME, "--json").document
    assert (document["holds"], document["counterexample"], document["clause"]) == (True, None, None)


def test_a_property_that_does_not_and_its_use_decided_again(shell: Shell) -> None:
    said = shell("check", "customer", NAME)
    assert said.status == 1
    assert "AW1 (No autonomous system" in said.out
    assert "does not hold; this use should never be permitted" in said.out
    assert "target_selected_by = operator" in said.out
    document = shell("check", "customer", NAME, "--json").document
    assert (document["holds"], document["clause"]) == (False, "AW1")
    shell.write("use.json", json.dumps(document["counterexample"]))
    assert shell("decide", "customer", "use.json", "--json").document == document["decision"]
    assert document["decision"]["outcome"] == "permit"


def test_the_same_bytes_on_every_run(shell: Shell) -> None:
    assert len({shell("check", "customer", NAME, "--json").out for _ in range(2)}) == 1


WEAPON = 'forbid (principal, action == Action::"weapon.engag", resource);'
TWO_FACTS = "forbid (principal, action, resource) when { context.place == context.audience };"


@pytest.mark.parametrize(
    ("text", "place", "cure"),
    [
        (None, "mine.cedar: ", "did you mean"),
        ("", "mine.cedar: ", "no clause in it"),
        (WEAPON, "mine.cedar:1 ", "did you mean 'weapon.engage'?"),
        (b"\xff", "mine.cedar: ", "save the file as UTF-8"),
        (TWO_FACTS, "mine.cedar:1 ", "a condition combines"),
    ],
)
def test_what_is_no_property(shell: Shell, text: str | bytes | None, place: str, cure: str) -> None:
    if text is not None:
        shell.write("mine.cedar", text)
    sentence = shell.fails("check", "compromise", "mine.cedar")
    assert sentence.startswith(place)
    assert cure in sentence or (text is None and "name a .cedar file" in sentence)


def test_a_property_of_words_that_the_pack_does_not_have(shell: Shell) -> None:
    shell("terms", "new", "house", "--module", "health")
    assert "no activity or group is called 'weapon.engage'" in shell.fails("check", "house", NAME)


def test_a_file_of_ones_own_before_a_shipped_name(shell: Shell) -> None:
    shell.write(NAME, "permit (principal, action, resource);")
    assert shell("check", "customer", NAME).status == 1
