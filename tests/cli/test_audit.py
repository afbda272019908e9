"""An audit by the command line alone, on a record of true decisions: vendor, customer, auditor."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from brightline.agreement import Audit, Auditor
from brightline.assurance.audit import chain, replay
from brightline.gateway.config import Config, read_config
from brightline.record.body import unpack as unpack_body
from brightline.record.entry import Kind
from brightline.terms import Decision, Terms, decide
from brightline.vocabulary import Use
from tests.agreement.founding import AUDITOR, CUSTOMER, STRANGER, VENDOR
from tests.cli.shell import Said
from tests.cli.sites import documents, keep_people
from tests.gateway.test_history import recorded, uses
from tests.live.stage import Site, agreed, make_site

KNOWN = ("--vendor-key", str(VENDOR.public), "--customer-key", str(CUSTOMER.public))
SECRET = bytes(range(32))
SAMPLE = 12
ABOUT = ("--agreement", "agreement.json")


class Scene:
    """The three sides share one folder here; what travels is the folder `audit`."""

    def __init__(self, folder: Path, sample: int = SAMPLE) -> None:
        audit = Audit(
            commitment=chain.commitment(SECRET, 24),
            epochs=24,
            sample=sample,
            auditors=(Auditor(name="IG", key=AUDITOR.public),),
        )
        begins = (datetime.now(UTC) - timedelta(days=10)).date()
        self.site: Site = make_site(folder, "http://127.0.0.1:9", paper=agreed(audit=audit, begins=begins, until=None))
        self.config: Config = read_config(folder / "brightline.toml")
        self.places = recorded(self.config, uses(40))
        keep_people(folder)
        for name, key in {"vendor": VENDOR, "auditor": AUDITOR, "stranger": STRANGER}.items():
            (folder / f"{name}.key").write_text(key.secret_text())
        (folder / "nonces").write_text(SECRET.hex())
        self.site.verified("e1.bundle")

    def run(self, verb: str, *words: str, stdin: str = "") -> Said:
        return self.site.shell("audit", verb, *words, stdin=stdin)

    def challenge(self, bundle: str = "e1.bundle") -> Said:
        return self.run("challenge", bundle, "audit", *ABOUT, "--secret", "nonces", "--key", "vendor.key", "--json")

    def open(self, *words: str) -> Said:
        return self.run("open", "audit", "--key", "customer.key", *words, "--json")

    def judge(self, *words: str, key: str = "auditor.key", stdin: str = "") -> Said:
        return self.run("judge", "audit", "e1.bundle", *ABOUT, "--key", key, *KNOWN, *words, stdin=stdin)

    def report(self) -> Said:
        return self.run("report", "audit", "e1.bundle", *ABOUT, *KNOWN, "--json")

    def fails(self, verb: str, *words: str) -> str:
        return self.site.shell.fails("audit", verb, *words)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit") / "site"
    scene = Scene(folder)
    documents(scene.challenge())
    return folder


@pytest.fixture
def scene(home: Path, tmp_path: Path) -> Scene:
    """A challenge lies in the folder."""
    shutil.copytree(home, tmp_path / "site")
    made = object.__new__(Scene)
    made.site = Site(tmp_path / "site")
    made.config = read_config(made.site.folder / "brightline.toml")
    made.places = [e.sequence for e in made.site.entries() if e.kind == Kind.DECISION]
    return made


def test_commit_makes_a_chain_that_an_agreement_takes(scene: Scene) -> None:
    made = documents(scene.run("commit", "-o", "mine", "--epochs", "12", "--json"))
    secret = bytes.fromhex((scene.site.folder / "mine").read_text())
    assert made["commitment"] == chain.commitment(secret, 12)
    assert (scene.site.folder / "mine").stat().st_mode & 0o077 == 0
    assert "already" in scene.fails("commit", "-o", "mine")


def test_an_audit_by_replay_from_end_to_end(scene: Scene) -> None:
    """G07: the customer opens exactly those drawn, to the accepted auditor; the record shows each look."""
    said = documents(scene.open())
    assert said == {"opened": "audit/opened-00001.json", "letters": 12, "erased": 0, "refused": 0, "recorded": 12}
    looks = [e for e in scene.site.entries() if e.kind == Kind.APPROVAL]
    drawn = {int(p.stem) for p in (scene.site.folder / "audit/opened-00001").glob("*.letter")}
    assert {unpack_body(Kind.APPROVAL, look.body)[0] for look in looks} == drawn <= set(scene.places)
    judged = scene.judge("--replay", "--json")
    assert judged.status == 0, judged.err
    assert judged.document["right"] == 12, "an audit is a replay: every decision comes out again"
    found = scene.report()
    assert found.status == 0, found.out
    document = found.document
    assert (document["drawn"], document["decisions"], document["counts"]["right"]) == (12, 40, 12)
    assert document["text"].startswith("With 95 % confidence fewer than ")
    assert "SECRET" not in scene.report().out


def test_a_guided_judgement_one_at_a_time(scene: Scene) -> None:
    """A person reads content, facts and clause of each; what was judged stays judged, and the rest waits."""
    documents(scene.open())
    first = scene.judge(stdin="r\nmaybe\nu\nq\n")
    assert first.status == 0
    assert "1 of 12" in first.out
    assert "SECRET words" in first.out
    assert "write r, w, u or q" in first.out
    assert "1 right, 0 wrong, 1 unclear, 10 left; 0 judged before" in first.out
    second = scene.judge(stdin="r\n" * 9 + "w\n")
    assert second.status == 1, "it was not all right"
    document = scene.report().document
    assert (document["counts"]["right"], document["counts"]["wrong"], document["counts"]["unclear"]) == (10, 1, 1)
    assert len(document["failed"]) == 2


def test_refused_erased_and_unjudged_count_as_failures(scene: Scene) -> None:
    drawn = sorted(documents_of_draw(scene))
    erased, refused = drawn[0], drawn[1]
    words = ("--key", "quinn.key", "--roster", "roster.json", "--reason", "a spill", "--json")
    documents(scene.site.shell("evidence", "erase", str(erased), *words))
    said = documents(scene.open("--refuse", str(refused)))
    assert (said["letters"], said["erased"], said["refused"]) == (10, 1, 1)
    found = scene.report()
    assert found.status == 1
    assert found.document["counts"] == {
        "right": 0, "wrong": 0, "unclear": 0, "erased": 1, "refused": 1, "unjudged": 10,
    }  # fmt: skip
    scene.judge("--replay", "--json")
    document = scene.report().document
    assert document["counts"]["right"] == 10
    assert {f["entry"]: f["shown"] for f in document["failed"]} == {erased: "erased", refused: "refused"}
    assert document["follows"], "the agreement says what follows from a refusal"


def documents_of_draw(scene: Scene) -> list[int]:
    """What is drawn, as anybody with the evidence computes it: here from the report of a customer that is silent."""
    found = scene.report()
    assert found.status == 1
    assert found.document["counts"]["refused"] == SAMPLE, "who answers nothing refuses everything"
    return [f["entry"] for f in found.document["failed"]]


def test_a_wrong_decision_is_found(scene: Scene) -> None:
    """A gateway that decides otherwise than the terms: the replay says so, whatever the clauses claim."""
    documents(scene.open())

    def otherwise(terms: Terms, use: Use, performable: Sequence[str]) -> Decision:
        return replace(decide(terms, use, performable), clauses=("another",))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "decide", otherwise)
        found = scene.judge("--replay", "--json")
    assert found.status == 1
    assert found.document["wrong"] > 0


def test_each_side_is_held_to_its_part(scene: Scene) -> None:
    assert "the nonce of epoch 1 was revealed" in scene.fails(
        "challenge", "e1.bundle", "audit", *ABOUT, "--secret", "nonces", "--key", "vendor.key"
    )
    assert "not the vendor's key" in scene.fails(
        "challenge", "e1.bundle", "other", *ABOUT, "--secret", "nonces", "--key", "stranger.key"
    )
    assert "not the customer's key" in scene.fails("open", "audit", "--key", "vendor.key")
    counters = "0"  # no decision, so never drawn; any other entry may be, at random
    assert "was not drawn" in scene.fails("open", "audit", "--key", "customer.key", "--refuse", counters)
    documents(scene.open())
    assert "already" in scene.fails("open", "audit", "--key", "customer.key")
    words = ("audit", "e1.bundle", *ABOUT, "--key", "stranger.key", *KNOWN)
    assert "not the accepted auditor's key" in scene.fails("judge", *words)
    assert "talks to a person" in scene.fails("judge", *words, "--json")
    assert "there is no challenge" in scene.fails("report", "empty", "e1.bundle", *ABOUT)


def test_a_letter_that_was_exchanged_is_unclear(scene: Scene) -> None:
    documents(scene.open())
    a, b = sorted((scene.site.folder / "audit/opened-00001").glob("*.letter"))[:2]
    a.write_bytes(b.read_bytes())
    found = scene.judge("--replay", "--json")
    assert (found.document["right"], found.document["unclear"]) == (11, 1)


def test_a_challenge_on_another_log_opens_nothing(scene: Scene, tmp_path: Path) -> None:
    """The customer checks the challenge against its own log, and not against what came with it."""
    recorded(scene.config, uses(3, seed=9))  # it has gone on: that is no matter
    assert scene.open().status == 0
    other = Scene(tmp_path / "other")
    shutil.copytree(scene.site.folder / "audit", other.site.folder / "audit")
    text = other.fails("open", "audit", "--key", "customer.key")
    assert "another" in text
