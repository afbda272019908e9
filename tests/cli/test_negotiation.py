"""Two parties come to an agreement in a folder of files, and take every wrong turn on the way."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime

import pytest

from tests.cli.shell import Said, Shell

KNOWN = ("--vendor-key", "vendor.pub", "--customer-key", "customer.pub")
STEPS = (
    ("offer", "vendor", "000-ContractOfferMessage.json", "OFFERED"),
    ("accept", "customer", "001-ContractNegotiationEventMessage-ACCEPTED.json", "ACCEPTED"),
    ("agree", "vendor", "002-ContractAgreementMessage.json", "AGREED"),
    ("confirm", "customer", "003-ContractAgreementVerificationMessage.json", "VERIFIED"),
    ("finalize", "vendor", "004-ContractNegotiationEventMessage-FINALIZED.json", "FINALIZED"),
)


def says(shell: Shell, verb: str, who: str, *more: str, folder: str = "talks", draft: str = "draft.toml") -> Said:
    drafts = (draft,) if verb in ("offer", "counter") else ()
    return shell("agreement", verb, *drafts, folder, "--key", f"{who}.key", *more)


def run_to(shell: Shell, state: str) -> None:
    for verb, who, _, after in STEPS:
        assert says(shell, verb, who).status == 0
        if after == state:
            return


def test_from_offer_to_final(parties: Shell) -> None:
    for n, (verb, who, file, state) in enumerate(STEPS):
        document = says(parties, verb, who, "--json").document
        signed = n >= 2
        assert document == {
            "state": state,
            "message": f"talks/{file}",
            "both_signed": signed,
            "agreement": "talks/agreement.json" if signed else None,
        }
        shown = parties("agreement", "show", "talks", *KNOWN, "--json")
        assert shown.status == (0 if signed else 1)
        assert shown.document["state"] == state
        assert shown.document["in_force"] is signed
        assert (parties.folder / "talks/agreement.json").exists() is signed
    assert sorted(p.name for p in (parties.folder / "talks").iterdir()) == [
        *(f for _, _, f, _ in STEPS),
        "agreement.json",
    ]
    alone = parties("agreement", "show", "talks/agreement.json", *KNOWN)
    assert alone.status == 0
    assert "In force: both parties signed the same agreement." in alone.out
    assert "Notes\n  No signatory is named for the vendor." in alone.out


def test_the_verbs_say_what_they_wrote(parties: Shell) -> None:
    offered = says(parties, "offer", "vendor", "--reason", "as we discussed").out
    assert offered == "wrote talks/000-ContractOfferMessage.json; the negotiation is now OFFERED\n"
    document = parties("agreement", "show", "talks", "--json").document
    assert document["messages"][0]["reason"] == "as we discussed"
    says(parties, "accept", "customer")
    assert says(parties, "agree", "vendor").out.endswith("both have signed the same text: talks/agreement.json\n")


def test_the_customer_may_begin_and_each_may_counter(parties: Shell) -> None:
    assert "now REQUESTED" in says(parties, "offer", "customer").out
    assert "now OFFERED" in says(parties, "counter", "vendor", draft="other.toml").out
    assert "now REQUESTED" in says(parties, "counter", "customer").out
    assert "now AGREED" in says(parties, "agree", "vendor").out
    assert parties("agreement", "show", "talks").status == 1  # the customer has requested it, and not yet signed
    says(parties, "confirm", "customer")
    assert parties("agreement", "show", "talks").status == 0


def test_terminated_is_over(parties: Shell) -> None:
    run_to(parties, "OFFERED")
    assert "now TERMINATED" in says(parties, "terminate", "customer", "--reason", "too dear").out
    assert parties("agreement", "show", "talks", "--json").document["state"] == "TERMINATED"
    for verb, who in (("accept", "customer"), ("terminate", "vendor"), ("counter", "vendor")):
        sentence = says(parties, verb, who, draft="other.toml").err
        assert "talks: the negotiation was terminated" in sentence


# the state it is in, who says what, and what the sentence says
TURNS = {
    "accept before an offer": ("", "accept", "customer", "talks: no message in it"),
    "counter before an offer": ("", "counter", "vendor", "talks: no message in it"),
    "offer twice": ("OFFERED", "offer", "vendor", "answer with `brightline agreement counter`"),
    "counter oneself": ("OFFERED", "counter", "vendor", "the customer may send `counter` or `accept`"),
    "counter with the same": ("OFFERED", "counter", "customer", "a counter-offer changes something"),
    "the vendor accepts": ("OFFERED", "accept", "vendor", "the vendor never sends `accept`"),
    "agree before it is accepted": ("OFFERED", "agree", "vendor", "the customer may send"),
    "the customer agrees": ("ACCEPTED", "agree", "customer", "the customer never sends `agree`"),
    "accept twice": ("ACCEPTED", "accept", "customer", "the vendor may send `agree` or `terminate`"),
    "confirm before it is agreed": ("ACCEPTED", "confirm", "customer", "not the customer's turn for `confirm`"),
    "finalize too early": ("AGREED", "finalize", "vendor", "the customer may send `confirm`"),
    "the vendor confirms": ("AGREED", "confirm", "vendor", "the vendor never sends `confirm`"),
    "end what both signed": ("AGREED", "terminate", "customer", "no message of one party ends what both signed"),
    "finalize twice": ("FINALIZED", "finalize", "vendor", "the negotiation is finalized"),
    "a stranger": ("OFFERED", "accept", "stranger", "stranger.key: stranger.example+"),
    "no such key": ("OFFERED", "accept", "nobody", "nobody.key: cannot be read: No such file"),
}


@pytest.mark.parametrize(("state", "verb", "who", "words"), TURNS.values(), ids=TURNS)
def test_a_wrong_turn_is_refused_and_leaves_no_trace(
    parties: Shell, state: str, verb: str, who: str, words: str
) -> None:
    if state:
        run_to(parties, state)
    before = sorted(parties.folder.rglob("*"))
    sentence = says(parties, verb, who).err
    assert words in sentence
    assert "Contract" not in sentence  # the verbs, not the protocol's names
    assert "PRIVATE" not in sentence
    assert sorted(parties.folder.rglob("*")) == before


def test_a_public_key_signs_nothing(parties: Shell) -> None:
    run_to(parties, "OFFERED")
    sentence = parties.fails("agreement", "accept", "talks", "--key", "customer.pub")
    assert sentence.startswith("customer.pub: a public key where the secret one is asked for")
    assert "name the .key file" in sentence


def test_a_draft_between_strangers_is_not_offered(parties: Shell) -> None:
    sentence = says(parties, "offer", "stranger").err
    assert "stranger.key: stranger.example+" in sentence
    assert "is neither party's key — sign with the key that the agreement names" in sentence


@pytest.mark.parametrize("n", range(len(STEPS)))
def test_one_changed_byte_is_found_wherever_it_is(parties: Shell, n: int) -> None:
    run_to(parties, "FINALIZED")
    path = parties.folder / "talks" / STEPS[n][2]
    data = path.read_bytes()
    for at in range(20, len(data), len(data) // 5):
        changed = bytearray(data)
        changed[at] = ord("A") if data[at] != ord("A") else ord("B")
        path.write_bytes(changed)
        sentence = parties.fails("agreement", "show", "talks")
        assert sentence.startswith("talks/"), (at, sentence)


def test_a_changed_agreement_is_not_in_force(parties: Shell) -> None:
    run_to(parties, "FINALIZED")
    path = parties.folder / "talks/agreement.json"
    envelope = json.loads(path.read_bytes())
    sig = envelope["signatures"][0]["sig"]
    envelope["signatures"][0]["sig"] = ("A" if sig[0] != "A" else "B") + sig[1:]
    path.write_bytes(json.dumps(envelope).encode())
    said = parties("agreement", "show", "talks/agreement.json")
    assert said.status == 1
    assert "Not in force: no good signature of the customer." in said.out
    assert "they were changed after it was signed" in " ".join(said.out.split())


def test_a_missing_message_is_named(parties: Shell) -> None:
    run_to(parties, "AGREED")
    (parties.folder / "talks" / STEPS[1][2]).unlink()
    sentence = parties.fails("agreement", "show", "talks")
    assert sentence.startswith("talks/002-ContractAgreementMessage.json: number 2 where 1 is due")


def test_an_answer_to_an_older_draft_is_stale(parties: Shell) -> None:
    run_to(parties, "OFFERED")
    shutil.copytree(parties.folder / "talks", parties.folder / "theirs")
    says(parties, "counter", "customer", draft="other.toml")
    says(parties, "accept", "customer", folder="theirs")
    shutil.copy(parties.folder / "theirs" / STEPS[1][2], parties.folder / "talks/001-late.json")
    sentence = parties.fails("agreement", "show", "talks")
    assert sentence.startswith("talks/001-late.json: stale: it is number 1")


def test_both_signed_different_drafts(parties: Shell) -> None:
    run_to(parties, "OFFERED")
    shutil.copytree(parties.folder / "talks", parties.folder / "theirs")
    says(parties, "accept", "customer", folder="theirs")
    says(parties, "counter", "customer", draft="other.toml")
    says(parties, "agree", "vendor")
    files = (f"theirs/{STEPS[1][2]}", "talks/002-ContractAgreementMessage.json")
    said = parties("agreement", "show", *files, *KNOWN)
    assert said.status == 1
    assert "Not in force: the parties signed different agreements" in said.out
    assert "title" in said.out
    assert "our best models" in said.out
    document = parties("agreement", "show", *files, *KNOWN, "--json").document
    assert document["in_force"] is False
    assert [f["path"] for d in document["differences"] for f in d["fields"]] == ["title"]


def test_other_peoples_keys(parties: Shell) -> None:
    run_to(parties, "FINALIZED")
    wrong = ("--vendor-key", "stranger.pub", "--customer-key", "customer.pub")
    assert "forged: not signed by the vendor's key" in parties.fails("agreement", "show", "talks", *wrong)
    said = parties("agreement", "show", "talks/agreement.json", *wrong)
    assert said.status == 1
    assert "The vendor's key is not the one that you know" in said.out
    assert "give both or neither" in parties.fails("agreement", "show", "talks", *wrong[:2])
    assert parties("agreement", "show", "talks").out.endswith("No signatory is named for the customer.\n")


def test_another_agreement_in_the_way_is_not_taken_for_this_one(parties: Shell) -> None:
    run_to(parties, "ACCEPTED")
    parties.write("talks/agreement.json", "{}")
    sentence = says(parties, "agree", "vendor").err
    assert "talks/agreement.json: another agreement lies there — move it away" in sentence
    assert not (parties.folder / "talks/002-ContractAgreementMessage.json").exists()
    (parties.folder / "talks/agreement.json").unlink()
    assert says(parties, "agree", "vendor").status == 0


def test_a_lost_agreement_file_is_written_again(parties: Shell) -> None:
    run_to(parties, "AGREED")  # a crash after the message and before agreement.json
    (parties.folder / "talks/agreement.json").unlink()
    assert says(parties, "confirm", "customer").status == 0
    assert parties("agreement", "show", "talks/agreement.json").status == 0


def test_dates_are_told_and_end_nothing(parties: Shell) -> None:
    year = datetime.now(UTC).year
    parties.change("draft.toml", "from = 2026-01-01", "from = 2020-01-01\nuntil = 2020-12-31")
    run_to(parties, "AGREED")
    said = parties("agreement", "show", "talks")
    assert said.status == 0
    assert "Its term ended on 2020-12-31 without a successor: it stays in force" in said.out
    parties.change("other.toml", "from = 2026-01-01", f"from = {year + 2}-01-01")
    says(parties, "offer", "vendor", folder="next", draft="other.toml")
    says(parties, "accept", "customer", folder="next")
    says(parties, "agree", "vendor", folder="next")
    assert f"In force from {year + 2}-01-01" in parties("agreement", "show", "next").out
