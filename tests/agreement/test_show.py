"""`agreement show`: the keys of DESIGN section 4, and a page for people."""

from __future__ import annotations

import json
from datetime import date

import pytest

from brightline.agreement import (
    Kind,
    Negotiation,
    in_force,
    show,
    show_negotiation,
    show_text,
)
from brightline.errors import AgreementError
from tests.agreement.founding import CUSTOMER, KEYS, TO_AGREED, TO_FINALIZED, VENDOR, agreement, begun, run, signed

DESIGN = {"state", "parties", "signatories", "terms", "prevails", "signatures", "in_force", "consequences"}


def test_the_keys_of_the_design_and_plain_json() -> None:
    doc = show(in_force([signed(agreement(), VENDOR, CUSTOMER)], keys=KEYS))
    assert set(doc) >= DESIGN
    assert json.loads(json.dumps(doc)) == doc
    assert doc["state"] is None
    assert doc["in_force"] is True
    assert doc["prevails"] == "words"
    assert doc["parties"]["vendor"] == {"name": "Vendor, Inc.", "key": str(VENDOR.public)}
    assert doc["signatories"]["customer"][0]["authority"] == "FAR 1.602-1"
    assert doc["terms"] == {"digest": agreement().terms.digest, "files": ["terms.cedar", "terms.toml"]}
    assert [(s["party"], s["good"], s["over"]) for s in doc["signatures"]] == [
        ("vendor", True, agreement().digest),
        ("customer", True, agreement().digest),
    ]
    assert doc["consequences"]["audit.refused"]["trigger"] == "confer"


def test_a_negotiation_shows_its_state_and_messages() -> None:
    states = [show_negotiation(run(*TO_FINALIZED[:n])) for n in range(1, 6)]
    assert [d["state"] for d in states] == ["OFFERED", "ACCEPTED", "AGREED", "VERIFIED", "FINALIZED"]
    assert [d["in_force"] for d in states] == [False, False, True, True, True]
    assert [len(d["signatures"]) for d in states] == [0, 1, 2, 2, 2]
    last = states[-1]["messages"]
    assert [m["sequence"] for m in last] == [0, 1, 2, 3, 4]
    assert last[1]["message"] == "ContractNegotiationEventMessage:ACCEPTED"
    assert {m["agreement"] for m in last} == {states[-1]["digest"]}
    assert json.loads(json.dumps(states[-1])) == states[-1]


def test_a_terminated_negotiation_shows_what_was_on_the_table() -> None:
    doc = show_negotiation(run(Kind.OFFER, Kind.TERMINATION))
    assert (doc["state"], doc["in_force"], doc["title"]) == ("TERMINATED", False, "draft 0")
    assert doc["messages"][-1]["agreement"] is None


def test_keys_that_only_the_file_names_are_noted() -> None:
    known, unknown = run(*TO_AGREED), Negotiation.replay(run(*TO_AGREED).envelopes)
    assert show_negotiation(known)["notes"] == []
    assert [n["code"] for n in show_negotiation(unknown)["notes"]] == ["agreement.keys_unknown"]


def test_nothing_to_show() -> None:
    with pytest.raises(AgreementError, match="nothing is on the table"):
        show_negotiation(begun())


def test_the_page_for_people() -> None:
    page = show_text(show_negotiation(run(*TO_FINALIZED), date(2030, 1, 1)))
    assert "In force: both parties signed the same agreement." in page
    assert "State of the negotiation: FINALIZED." in page
    assert "J. Doe, Contracting Officer (FAR 1.602-1)" in page
    assert "good: the customer's" in page
    assert "prevails:    the words, where words and code differ" in page
    assert "ceiling:     USD 200000000.00, funded 50000000" in page
    assert "audit.refused: confer." in page
    assert "Its term ended on 2027-11-30 without a successor: it stays in force" in page
    wide = [line for line in page.splitlines() if len(line) > 100]
    assert all("sha256:" in line or "+" in line for line in wide)


def test_the_page_shows_where_two_drafts_differ() -> None:
    status = in_force([signed(agreement(), VENDOR), signed(agreement(title="Other"), CUSTOMER)], keys=KEYS)
    page = show_text(show(status))
    assert "Not in force: the parties signed different agreements" in page
    assert "  title: Terms of use of models → Other" in page
    page = show_text(show(in_force([agreement().envelope()], keys=KEYS)))
    assert "Signatures over the agreement\n  none" in page
