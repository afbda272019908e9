"""What a person sees before deciding: words, facts with their sources, who may, what a grant means; never content."""

from __future__ import annotations

import json

from brightline.approvals import Call, Grant, Refuse, sheet, will_happen
from tests.approvals.scene import NOON, SECOND, TERMS, act, desk, put, says, tell, use

SECRET = b"the content itself, bearing 270"


def test_one_plain_sentence() -> None:
    assert will_happen(act(selected_by="lee"), TERMS) == (
        "smollm2-135m-instruct, asked by the agent army/agent-1 of army, calls the tool effector.engage to select or "
        "engage a target: release, launch, fire, detonate, or command an effector; execution, a kinetic effect, "
        "semi-autonomous, a materiel target, an operator; chosen by lee."
    )
    asked = act(call=Call.MODEL, tool="", agent=False, of=use(effect="none", target="none"))
    assert will_happen(asked, TERMS).startswith("army/agent-1 of army asks the model smollm2-135m-instruct to select")
    agent = act(call=Call.MODEL, tool="")
    assert will_happen(agent, TERMS).startswith("The agent army/agent-1 of army asks the model smollm2-135m-instruct")


def test_the_sheet_says_what_a_grant_means_and_who_may() -> None:
    on = desk()
    what = act(SECRET, of=use(distinct_persons=3))
    hold = put(on, what)
    shown = sheet(hold, on.roster, TERMS, NOON)
    facts = {f["name"]: f for f in shown["facts"]}
    assert facts["target_selected_by"]["source"] == "attested"
    assert facts["target"]["source"] == "declared"
    assert facts["actuation"]["source"] == "observed"
    assert facts["target"]["text"] == "a materiel target"
    assert facts["target"]["bound"] is True
    assert facts["distinct_persons"] == {
        "name": "distinct_persons",
        "value": 3,
        "text": "distinct persons in the agreed window, this use counted: 3",
        "source": "observed",
        "bound": False,
    }
    assert [c["id"] for c in shown["clauses"]] == ["K13-force", "K2"]
    assert "fresh approval" in shown["clauses"][1]["text"]
    assert [(w["approvals"], w["outcome"], w["duties"]) for w in shown["if_granted"]] == [
        (["operator"], "permit", ["note"])
    ]
    assert [(w["role"], w["persons"]) for w in shown["who"]] == [("operator", ["ortiz", "lee", "rao"])]
    assert shown["who"][0]["text"] == "the operator who selected the target"
    assert shown["deadline"] == NOON + 3600 * SECOND
    assert "bearing" not in json.dumps(shown)


def test_who_chose_the_target_narrows_who_may() -> None:
    on = desk()
    shown = sheet(put(on, act(selected_by="ortiz")), on.roster, TERMS, NOON)
    assert shown["who"][0]["persons"] == ["ortiz"]


def test_what_was_granted_and_refused_is_shown() -> None:
    on, what = desk(), act(of=use(target_selected_by="operator_group"))
    hold = put(on, what)
    tell(on, says(Grant, "lee", hold))
    shown = sheet(on.holds(NOON)[0], on.roster, TERMS, NOON)
    assert shown["granted"] == [{"role": "operator", "person": "lee", "until": NOON + 30 * SECOND}]
    assert {w["role"]: w["persons"] for w in shown["who"]} == {"commander": ["may"], "operator": ["ortiz", "rao"]}
    tell(on, says(Refuse, "ortiz", hold, reason="not this one"))
    shown = sheet(on.holds(NOON)[0], on.roster, TERMS, NOON)
    assert (shown["state"], shown["reason"], shown["who"], shown["granted"]) == ("refused", "not this one", [], [])


def test_a_denial_is_shown_with_nobody_who_may() -> None:
    on = desk()
    shown = sheet(put(on, act(of=use(target_selected_by="model"))), on.roster, TERMS, NOON)
    assert (shown["state"], shown["if_granted"], shown["who"]) == ("denied", [], [])
