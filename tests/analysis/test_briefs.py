"""Briefs: what they may say, and the error for each thing that they may not; the table that they lay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from brightline.analysis.brief import Brief, read_brief
from brightline.analysis.joint import joint
from brightline.analysis.propose import propose
from brightline.analysis.propose.menus import lay
from brightline.errors import TermsError
from brightline.terms import Pack, read_pack
from tests.analysis.bargains import ALL, SCOPE, TOML, pack

OFFICE = 'action == Action::"gen.office"'
GOOD = {
    "requirements.cedar": f'@id("R1") @title("work") permit (principal, {OFFICE}, resource);\n'
    '@id("W1") @weight("5") forbid (principal, action, resource) when { context.place == "home" };',
    "options.cedar": '@menu("m") @option("no") @id("O1") forbid (principal, action, resource);\n'
    '@menu("m") @option("nothing") @id("O2") forbid (principal, action, resource) when { false };\n'
    '@menu("m") @option("no") @id("O3") forbid (principal, action, resource) when { context.place == "home" };',
}


def test_a_brief_is_read() -> None:
    brief = read_brief("home/vendor", GOOD, SCOPE)
    assert (brief.party, brief.title) == ("vendor", "vendor")
    assert [(r.id, r.title, r.weight, r.is_hard, r.party) for r in brief.requirements] == [
        ("R1", "work", 0, True, "vendor"),
        ("W1", "W1", 5, False, "vendor"),
    ]
    assert brief.requirements[1].place == "home/vendor/requirements.cedar:2"
    options = [(o.menu, o.name, [c.id for c in o.clauses]) for o in brief.options]
    assert options == [("m", "no", ["O1", "O3"]), ("m", "nothing", [])]


def test_brief_toml_names_the_party() -> None:
    brief = read_brief("folder", GOOD | {"brief.toml": 'party = "vendor"\ntitle = "ours"'}, SCOPE)
    assert (brief.party, brief.title) == ("vendor", "ours")


BAD = {
    "no file": ({}, "neither requirements.cedar nor options.cedar"),
    "a file too many": (GOOD | {"terms.cedar": ""}, "did you mean|known:"),
    "an unknown key": (GOOD | {"brief.toml": 'partei = "x"'}, "b/brief.toml.*did you mean 'party'"),
    "a party that is no text": (GOOD | {"brief.toml": "party = 1"}, "b/brief.toml.*party is text"),
    "an unknown annotation": (
        {"requirements.cedar": '\n@id("R") @wieght("5") permit (principal, action, resource);'},
        "b/requirements.cedar:2.*@wieght.*'weight'",
    ),
    "a menu among requirements": (
        {"requirements.cedar": '@id("R") @menu("m") permit (principal, action, resource);'},
        "requirements.cedar:1.*@menu",
    ),
    "a weight of nothing": (
        {"requirements.cedar": '@id("R") @weight("0") permit (principal, action, resource);'},
        r'requirements.cedar:1 \(R\).*@weight.*write @weight\("5"\)',
    ),
    "a weight below nothing": (
        {"requirements.cedar": '@id("R") @weight("-1") permit (principal, action, resource);'},
        "no weight",
    ),
    "a weight past counting": (
        {"requirements.cedar": '@id("R") @weight("100000000000000000000") permit (principal, action, resource);'},
        "no weight",
    ),
    "an empty weight": (
        {"requirements.cedar": '@id("R") @weight permit (principal, action, resource);'},
        "no weight",
    ),
    "a demand without a name": ({"requirements.cedar": "permit (principal, action, resource);"}, "no @id.*name it"),
    "a demand named twice": (
        {"requirements.cedar": '@id("R") permit (principal, action, resource);\n' * 2},
        "requirements.cedar:2.*stands twice.*line 1",
    ),
    "a demand about nothing": (
        {"requirements.cedar": '@id("R") permit (principal, action, resource) when { false };'},
        r"requirements.cedar:1 \(R\): covers no use",
    ),
    "an option without a menu": (
        {"options.cedar": '@id("O") @option("x") forbid (principal, action, resource);'},
        r"options.cedar:1 \(O\).*no @menu",
    ),
    "a menu without an option": (
        {"options.cedar": '@id("O") @menu("x") forbid (principal, action, resource);'},
        r"options.cedar:1 \(O\).*no @option",
    ),
    "words that decide nothing": (
        {"options.cedar": '@id("O") @menu("x") @option("y") @reading("literal") forbid (principal, action, resource);'},
        "options.cedar:1.*@reading means nothing here",
    ),
    "a name twice in an option": (
        {"options.cedar": '@id("O") @menu("x") @option("y") forbid (principal, action, resource);\n' * 2},
        r"options.cedar:2 \(O\).*stands twice in one option",
    ),
    "an unknown word": (
        {"requirements.cedar": '\n\n@id("R") permit (principal, action == Action::"gen.offce", resource);'},
        "requirements.cedar:3.*gen.offce.*did you mean 'gen.office'",
    ),
    "an unknown value": (
        {"options.cedar": '@id("O") @menu("x") @option("y") forbid (principal, action, resource)\n'
         'when { context.place == "hom" };'},
        "options.cedar:1.*'hom'.*did you mean 'home'",
    ),
    "outside the profile": (
        {"requirements.cedar": '@id("R") permit (principal, action, resource) '
         'unless { context.approvals.contains("legal_adviser") };'},
        "requirements.cedar:1.*having approvals must never forbid",
    ),
    "not Cedar": ({"options.cedar": '@id("O") @menu("x") @option("y") forbid (principal;'}, "not Cedar"),
    "demands that contradict each other": (
        {
            "requirements.cedar": f'@id("R1") permit (principal, {OFFICE}, resource) '
            'when { context.approvals.contains("legal_adviser") };\n'
            '@id("R2") forbid (principal, action, resource) when { context.place == "home" };'
        },
        r"requirements.cedar:1: R1 and R2 \(line 2\) contradict each other on gen.office with place = home.*@weight",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "said"), BAD.values(), ids=BAD)
def test_a_brief_at_fault_is_told_where_and_the_cure(files: dict[str, str], said: str) -> None:
    with pytest.raises(TermsError, match=said) as caught:
        read_brief("b", files, SCOPE)
    assert caught.value.place
    assert caught.value.cure


NO_CONTRADICTION = {
    "an approval that the one names and the other wants": (
        f'@id("R1") permit (principal, {OFFICE}, resource) when {{ context.approvals.contains("legal_adviser") }};\n'
        f'@id("R2") forbid (principal, {OFFICE}, resource) unless {{ context.approvals.contains("legal_adviser") }};'
    ),
    "a duty, which every permit may ask for": (
        f'@id("R1") permit (principal, {OFFICE}, resource);\n'
        f'@id("R2") forbid (principal, {OFFICE}, resource) unless {{ context.duties.contains("note") }};'
    ),
    "a claim of what is not known, which nobody makes": (
        f'@id("R1") permit (principal, {OFFICE}, resource) when {{ context.place == "unknown" }};\n'
        f'@id("R2") forbid (principal, {OFFICE}, resource) when {{ context.claimed.contains("place") }};'
    ),
    "a wish against a demand": (
        f'@id("R1") permit (principal, {OFFICE}, resource);\n'
        '@id("R2") @weight("1") forbid (principal, action, resource);'
    ),
}


@pytest.mark.parametrize("text", NO_CONTRADICTION.values(), ids=NO_CONTRADICTION)
def test_demands_that_can_stand_together(text: str) -> None:
    assert len(read_brief("b", {"requirements.cedar": text}, SCOPE).requirements) == 2


A_TEXT = (
    ALL.format("A")
    + '@id("A-home") forbid (principal, action, resource) when { context.place == "home" };\n'
    + '@id("both") forbid (principal, action == Action::"gen.office", resource) when { context.place == "home" };\n'
    + '@id("A-law") @kind("law") forbid (principal, action, resource) when { context.integrity == "drifted" };\n'
    + '@id("A-said") @reading("literal") forbid (principal, action, resource);\n'
)
B_TEXT = (
    ALL.format("B")
    + '@id("both") forbid (principal, action == Action::"gen.office", resource) when { context.place == "abroad" };\n'
    + '@id("B-part") forbid (principal, action == Action::"intel.osint", resource) when { context.place == "home" };\n'
)


def test_what_no_brief_speaks_of_comes_from_the_packs() -> None:
    table = lay(pack("A", A_TEXT), pack("B", B_TEXT), [])
    # what both say, law, and what the other's text says already
    assert [c.id for c in table.base] == ["A-all", "A-law", "B-part"]
    menus = {m: [(o.name, [c.id for c in o.clauses]) for o in some] for m, some in table.menus.items()}
    assert menus == {
        "A-home": [("as the A has it", ["A-home"]), ("left out", [])],
        "both": [("as the A has it", ["both"]), ("as the B has it", ["both"])],
    }


def test_a_menu_takes_the_clauses_that_it_words_off_the_packs() -> None:
    again = (
        '@menu("home") @option("{}") @id("{}") forbid (principal, action, resource) when {{ context.place == "{}" }};'
    )
    options = "\n".join([again.format("as it is", "other", "home"), again.format("abroad", "A-law", "abroad")])
    table = lay(pack("A", A_TEXT), pack("B", B_TEXT), [read_brief("A", {"options.cedar": options}, SCOPE)])
    assert "A-home" not in table.menus  # worded there, under another name
    assert "A-law" not in [c.id for c in table.base]  # named there, in other words
    assert [o.name for o in table.menus["home"]] == ["as it is", "abroad"]


def test_options_of_one_name_say_one_thing() -> None:
    option = '@menu("m") @option("x") @id("O{}") forbid (principal, action, resource) when {{ context.place == "{}" }};'
    same = [read_brief(p, {"options.cedar": option.format(p, "home")}, SCOPE) for p in "AB"]
    assert len(lay(pack("A", ALL.format("A")), pack("B", ALL.format("B")), same).menus["m"]) == 1
    other = [same[0], read_brief("B", {"options.cedar": option.format("B", "abroad")}, SCOPE)]
    with pytest.raises(TermsError, match=r"two options called 'x' that say different things.*A/options.cedar:1"):
        lay(pack("A", ALL.format("A")), pack("B", ALL.format("B")), other)


def test_two_clauses_that_can_stand_together_have_two_names() -> None:
    option = (
        '@menu("{}") @option("x") @id("same") forbid (principal, action, resource) when {{ context.place == "{}" }};'
    )
    text = option.format("m", "home") + "\n" + option.format("n", "abroad")
    with pytest.raises(TermsError, match=r"'same'.*names another clause as well.*rename one"):
        lay(pack("A", ALL.format("A")), pack("B", ALL.format("B")), [read_brief("A", {"options.cedar": text}, SCOPE)])


PARTIES = {
    "packs of one party": ("A", "A", ["A"], "both packs are of the party 'A'"),
    "no brief": ("A", "B", [], "no brief.*name the folder"),
    "a brief of a third": ("A", "B", ["C"], "the party 'C' has no pack here.*brief.toml"),
    "two briefs of one": ("A", "B", ["A", "A"], "a second brief of the party 'A'"),
}


@pytest.mark.parametrize(("a", "b", "briefs", "said"), PARTIES.values(), ids=PARTIES)
def test_every_brief_has_its_own_party(a: str, b: str, briefs: list[str], said: str) -> None:
    with pytest.raises(TermsError, match=said):
        propose(pack(a, ALL.format(a)), pack(b, ALL.format(b)), [read_brief(n, GOOD, SCOPE) for n in briefs])


def wanting(party: str, requirements: str, options: str = "") -> Brief:
    return read_brief(party, {"requirements.cedar": requirements, "options.cedar": options}, SCOPE)


WORK = f'@id("work") @title("work goes on") permit (principal, {OFFICE}, resource);'
NEVER = (
    f'@menu("home") @option("never") @id("never") forbid (principal, {OFFICE}, resource) '
    'when { context.place == "home" };'
)
NOTHING = '@menu("home") @option("nothing") @id("nothing") forbid (principal, action, resource) when { false };'
HOME = (
    f'@id("home") @title("not at home") forbid (principal, {OFFICE}, resource) when {{ context.place == "home" }};\n'
    '@id("free") @title("osint is free") permit (principal, action == Action::"intel.osint", resource);'
)


def test_an_impasse_is_told_in_a_sentence() -> None:
    briefs = [wanting("A", HOME, NEVER), wanting("B", WORK, NOTHING)]
    found = propose(pack("A", ALL.format("A")), pack("B", ALL.format("B")), briefs)
    assert found.impasse is not None
    assert [(r.party, r.id) for r in found.impasse.core] == [("A", "home"), ("B", "work")]
    assert found.to_json()["impasse"] == {
        "core": [
            {"party": "A", "id": "home", "title": "not at home"},
            {"party": "B", "id": "work", "title": "work goes on"},
        ],
        "text": "No text on the table meets these 2 demands together: the A's “not at home” and the B's “work goes "
        "on”. Each of them but one can be met: one gives way, or a menu gets another option.",
    }
    assert not found.proposals


def test_a_demand_that_no_option_meets_is_an_impasse_of_one() -> None:
    demand = '@id("all") @title("nothing at all") forbid (principal, action, resource);'
    found = propose(pack("A", ALL.format("A")), pack("B", ALL.format("B")), [wanting("A", demand)])
    assert found.impasse is not None
    assert [r.id for r in found.impasse.core] == ["all"]
    assert found.impasse.text.startswith("No text on the table meets the A's demand “nothing at all”")


def test_one_party_alone_and_demands_alone() -> None:
    text = A_TEXT.replace('"both"', '"A-work"').replace('@kind("law")', '@reading("literal")')
    found = propose(pack("A", text), pack("B", ALL.format("B")), [wanting("B", WORK)])
    (proposal,) = found.proposals
    assert "The A has no brief here. The B has its one demand." in proposal.text
    assert proposal.options == {"A-home": "left out", "A-work": "left out"}
    assert proposal.a.kept == proposal.a.given == ()
    assert [r.id for r in proposal.b.kept] == ["work"]


def test_words_of_a_pack_that_the_rest_covers_are_not_written() -> None:
    (demand, _) = HOME.splitlines()
    options = (
        '@menu("m") @option("o") @id("never") forbid (principal, action, resource) when { context.place == "home" };'
    )
    (proposal,) = propose(pack("A", ALL.format("A")), pack("B", B_TEXT), [wanting("A", demand, options)]).proposals
    assert [c.id for c in proposal.pack.terms.clauses if not c.permits] == ["both", "never"]


def test_a_text_past_the_limits_of_terms_is_not_proposed() -> None:
    """Eight approvals can matter to a use; options that only together are past that are never taken together."""
    roles = [f"r{n}" for n in range(10)]
    toml = 'party = "{}"\n' + TOML + "[roles]\n" + "".join(f'{r} = "{r}"\n' for r in roles)
    packs = [read_pack(p, {"terms.toml": toml.format(p), "terms.cedar": ALL.format(p)}) for p in "AB"]
    lift = "unless {{ context.approvals.containsAll({}) }}"
    options = "\n".join(
        f'@menu("{m}") @option("{m}") @id("{m}") forbid (principal, action, resource) '
        f'{lift.format(str(some).replace(chr(39), chr(34)))};\n'
        f'@menu("{m}") @option("none") @id("{m}-none") forbid (principal, action, resource) when {{ false }};'
        for m, some in (("x", roles[:5]), ("y", roles[5:]))
    )  # fmt: skip
    wishes = "\n".join(
        f'@id("{m}") @weight("{w}") forbid (principal, action, resource) '
        f'unless {{ context.approvals.contains("{r}") }};'
        for m, w, r in (("x", 2, roles[0]), ("y", 1, roles[9]))
    )
    brief = read_brief("A", {"requirements.cedar": wishes, "options.cedar": options}, packs[0].terms.scope)
    (proposal,) = propose(packs[0], packs[1], [brief]).proposals
    assert proposal.options == {"x": "x", "y": "none"}


MARK = "PRIVATE"


def test_nothing_private_is_written() -> None:
    """Every word of a brief that is not a clause's own, marked; none of the marks is in the files."""
    options = (
        f'// {MARK} 1\n@menu("m {MARK}") @option("o {MARK}") @id("said") @title("said") // {MARK} 2\n'
        f'@text("not // a comment") forbid (principal, action, resource) // {MARK} 3\n'
        f'when {{ // {MARK} 4\n context.place == "home" }};\n// {MARK} 5\n'
    )
    wanted = (
        f'// {MARK}\n@id("R-{MARK}") @title("{MARK}") @text("{MARK}") @source("{MARK}") @weight("987654")\n'
        f'forbid (principal, {OFFICE}, resource) when {{ context.place == "home" }};'
    )
    brief = read_brief(
        "A",
        {
            "brief.toml": f'party = "A"\ntitle = "{MARK}"',
            "requirements.cedar": wanted,
            "options.cedar": options,
        },
        SCOPE,
    )
    (proposal,) = propose(pack("A", ALL.format("A")), pack("B", ALL.format("B")), [brief]).proposals
    assert MARK in str(proposal.to_json())  # whoever runs it sees it
    assert not [m for m in (MARK, "987654", "@menu", "@option") if m in str(dict(proposal.pack.files))]
    assert '@id("said") @title("said")\n@text("not // a comment")\nforbid' in proposal.pack.files["terms.cedar"]


def test_what_a_pack_says_of_itself_is_joined() -> None:
    more = {"a": '[lanes]\nboth = "of A"\nours = "a"\n', "b": '[lanes]\nboth = "of B"\n"their.s" = "b \\" \\\\"\n'}
    packs = [
        read_pack(p, {"terms.toml": f'party = "{p}"\n{TOML}{more[p]}', "terms.cedar": ALL.format(p)}) for p in more
    ]
    scope = joint([p.terms for p in packs])
    ours = [replace(p, terms=t) for p, t in zip(packs, scope, strict=True)]
    brief = read_brief("a", {"requirements.cedar": WORK}, scope[0].scope)
    (proposal,) = propose(ours[0], ours[1], [brief]).proposals
    assert proposal.pack.terms.scope.vocabulary.names["lanes"] == {"both": "of A", "ours": "a", "their.s": 'b " \\'}
    assert proposal.pack.party == "a and b"


PINS = {
    "who is protected": ('protected_persons = "us"\n', 'protected_persons = "them"\n', "protected_persons"),
    "an authority": (
        '[authorities.law]\ntitle = "the law"\ndate = 2020-01-01\n',
        '[authorities.law]\ntitle = "the law"\ndate = 2021-01-01\n',
        "authorities.law",
    ),
}


@pytest.mark.parametrize(("mine", "other", "name"), PINS.values(), ids=PINS)
def test_what_both_pin_they_pin_alike(mine: str, other: str, name: str) -> None:
    def pinned(party: str, more: str) -> Pack:
        toml = f'party = "{party}"\n{more}{TOML}' if "[" not in more else f'party = "{party}"\n{TOML}{more}'
        return read_pack(party, {"terms.toml": toml, "terms.cedar": ALL.format(party)})

    a, b, same = pinned("A", mine), pinned("B", other), pinned("B", mine)
    brief = read_brief("A", {"requirements.cedar": WORK}, a.terms.scope)
    assert propose(a, same, [brief]).proposals
    with pytest.raises(TermsError, match=f"B/terms.toml: {name}.*is not what A says.*settle that first"):
        propose(a, b, [brief])
