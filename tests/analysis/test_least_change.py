"""Least change and smallest cores, each on a bargain made so that a slip shows."""

from __future__ import annotations

import json
from dataclasses import replace

from brightline.analysis.brief import read_brief
from brightline.analysis.propose import Proposals, propose
from brightline.terms import Pack
from tests.analysis.bargains import ALL, SCOPE, pack

PLACES = ("home", "abroad", "unknown")


def case(activity: str, place: str) -> str:
    use = {"activity": activity, "facts": {"place": place}}
    return json.dumps({"id": f"{activity}-{place}", "use": use, "expect": {"outcome": "deny"}}) + "\n"


def forbid(places: tuple[str, ...], activity: str = "gen.office", lifted: str = "") -> str:
    some = " || ".join(f'context.place == "{p}"' for p in places)
    return f'forbid (principal, action == Action::"{activity}", resource) when {{ {some or "false"} }}{lifted};'


def written(party: str, text: str, cases: str) -> Pack:
    made = pack(party, text)
    return replace(made, files={**made.files, "scenarios.jsonl": cases})


def settled(options: dict[str, list[str]], a_text: str, cases: str) -> str:
    """The option that is taken of one menu that no requirement speaks of."""
    text = "\n".join(
        f'@menu("m") @option("{name}") @id("{name}-{n}") {words}'
        for name, some in options.items()
        for n, words in enumerate(some)
    )
    a, b = written("A", ALL.format("A") + a_text, cases), written("B", ALL.format("B"), cases)
    (proposal,) = propose(a, b, [read_brief("A", {"options.cedar": text}, SCOPE)]).proposals
    return proposal.options["m"]


def test_of_equal_changes_the_one_shared_is_taken() -> None:
    """Every option changes two cases in all: two of the one party's, two of the other's, or one of each."""
    cases = case("gen.office", "home") + case("gen.office", "abroad")
    a_text = '@id("A-1") ' + forbid(("home", "abroad"))
    options = {"A": [forbid(("home", "abroad"))], "B": [forbid(())], "half": [forbid(("abroad",))]}
    assert settled(options, a_text, cases) == "half"


def test_what_both_agree_on_weighs_twice() -> None:
    """Three disputed cases that are held change for both parties: one change more each. Two on which they agree, and
    which are denied, change for both as well: two more each."""
    held = ' unless { context.approvals.contains("legal_adviser") }'
    cases = "".join(case("gen.office", p) for p in PLACES) + case("intel.osint", "home") + case("intel.osint", "abroad")
    a_text = '@id("A-1") ' + forbid(PLACES)
    options = {
        "agreed": [forbid(PLACES), forbid(("home", "abroad"), "intel.osint")],
        "held": [forbid(PLACES, lifted=held)],
    }
    assert settled(options, a_text, cases) == "held"


def bargain(wanted: str) -> Proposals:
    """A menu on which any two of three demands can be met, and one on which two parties want the opposite."""
    pairs = [("home", "abroad"), ("abroad", "unknown"), ("home", "unknown")]
    options = "\n".join(
        f'@menu("three") @option("{"-".join(some)}") @id("{"-".join(some)}") {forbid(some)}' for some in pairs
    )
    options += f'\n@menu("two") @option("never") @id("never") {forbid(PLACES, "intel.osint")}'
    options += f'\n@menu("two") @option("nothing") @id("nothing") {forbid((), "intel.osint")}'
    briefs = [
        read_brief("A", {"requirements.cedar": wanted, "options.cedar": options}, SCOPE),
        read_brief(
            "B",
            {"requirements.cedar": '@id("Q") permit (principal, action == Action::"intel.osint", resource);'},
            SCOPE,
        ),
    ]
    return propose(pack("A", ALL.format("A")), pack("B", ALL.format("B")), briefs)


THREE = "\n".join(f'@id("{p}") {forbid((p,))}' for p in PLACES)
OSINT = '\n@id("osint") ' + forbid(PLACES, "intel.osint")


def test_a_core_of_two_is_found_behind_one_of_three() -> None:
    found = bargain(THREE + OSINT)
    assert found.impasse is not None
    assert [r.id for r in found.impasse.core] == ["osint", "Q"]


def test_a_core_of_three() -> None:
    found = bargain(THREE)
    assert found.impasse is not None
    assert [r.id for r in found.impasse.core] == list(PLACES)


def test_any_two_of_the_three_can_be_met() -> None:
    for left_out in PLACES:
        wanted = "\n".join(f'@id("{p}") {forbid((p,))}' for p in PLACES if p != left_out)
        assert len(bargain(wanted).proposals) == 1
