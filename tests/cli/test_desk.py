"""Stories at the desk without a browser: what waits is shown and decided; files travel and are judged by signatures."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from brightline.approvals import Grant, raise_concern
from brightline.canonical import dump, parse
from brightline.keys import Envelope
from brightline.storage.desk import DeskFolder
from tests.agreement.founding import GATEWAY
from tests.approvals.scene import KEYS, act, says
from tests.cli.desks import CONTENT, ROSTER, posted, settled_desk
from tests.cli.shell import Shell


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, dict[str, str]]:
    shell = Shell(tmp_path_factory.mktemp("desk"))
    return shell, settled_desk(shell)


@pytest.fixture
def names(shell: Shell, settled: tuple[Shell, dict[str, str]]) -> dict[str, str]:
    shutil.copytree(settled[0].folder, shell.folder, dirs_exist_ok=True)
    return settled[1]


def states(shell: Shell) -> dict[str, str]:
    return {h["hold"]: h["state"] for h in shell("desk", "list", "army", "--json").document["holds"]}


def test_a_hold_is_shown_and_granted_once(shell: Shell, names: dict[str, str]) -> None:
    hold = names["HOLD"]
    listed = shell("desk", "list", "army")
    assert hold[:8] in listed.out
    assert "waiting" in listed.out
    shown = shell("desk", "show", "army", hold[:12])
    assert "calls the tool effector.engage" in shown.out
    assert "target_selected_by = operator  (attested)" in shown.out
    assert "granted by operator: permit, with note" in shown.out
    assert "operator (the operator who selected the target): ortiz, lee, rao" in shown.out
    said = shell("desk", "grant", "army", hold[:12], "--key", "lee.key", "--json").document
    assert said["state"] == "granted"
    again = shell.fails("desk", "grant", "army", hold, "--key", "ortiz.key")
    assert "no grant of what is granted" in again
    assert "granted by lee as operator" in shell("desk", "show", "army", hold).out


def test_the_content_opens_for_who_may_decide_and_the_look_is_written_down(shell: Shell, names: dict[str, str]) -> None:
    hold = names["HOLD"]
    assert "content" not in shell("desk", "show", "army", hold).out
    everything = b"".join(p.read_bytes() for p in (shell.folder / "army").rglob("*.json"))
    assert CONTENT not in everything
    before = len(list((shell.folder / "army/said").iterdir()))
    assert shell("desk", "show", "army", hold, "--key", "lee.key", "--json").document["content"] == CONTENT.decode()
    assert len(list((shell.folder / "army/said").iterdir())) == before + 1
    assert list((shell.folder / "army/said").glob("*-look-*.json"))
    assert "no content is sealed to may" in shell.fails("desk", "show", "army", hold, "--key", "may.key")


def test_a_refusal_is_appealed_and_overturned(shell: Shell, names: dict[str, str]) -> None:
    hold = names["REFUSED"]
    assert states(shell)[hold] == "refused"
    assert "did not ask" in shell.fails("desk", "appeal", "army", hold, "--key", "may.key", "--reason", "x")
    shell("desk", "appeal", "army", hold, "--key", "asker.key", "--reason", "the track is ours to judge")
    assert states(shell)[hold] == "appealed"
    said = shell("desk", "grant", "army", hold, "--key", "quinn.key", "--reason", "it is", "--json").document
    assert said["state"] == "waiting"


def test_an_appeal_is_upheld(shell: Shell, names: dict[str, str]) -> None:
    hold = names["REFUSED"]
    shell("desk", "appeal", "army", hold, "--key", "asker.key", "--reason", "why")
    assert shell("desk", "refuse", "army", hold, "--key", "quinn.key", "--reason", "no").status == 0
    assert states(shell)[hold] == "upheld"


def test_who_may_not_is_told_why(shell: Shell, names: dict[str, str]) -> None:
    hold = names["HOLD"]
    assert "which role you decide in is not clear" in shell.fails("desk", "grant", "army", hold, "--key", "may.key")
    assert "may is not operator" in shell.fails("desk", "grant", "army", hold, "--key", "may.key", "--role", "operator")
    assert "nobody on the roster has this key" in shell.fails("desk", "grant", "army", hold, "--key", "customer.key")
    too_long = shell.fails("desk", "grant", "army", hold, "--key", "lee.key", "--seconds", "31")
    assert "at most 30" in too_long
    assert "no hold is called 'ffffff'" in shell.fails("desk", "show", "army", "ffffff")
    assert "at least six digits" in shell.fails("desk", "show", "army", hold[:5])
    assert "there is no desk" in shell.fails("desk", "list", "nowhere")
    refused = shell.fails("desk", "refuse", "army", hold, "--key", "lee.key", "--reason", " ")
    assert "reason" in refused
    assert states(shell)[f"sha256:{hold}"] == "waiting"


def test_a_disc_carries_a_grant_to_the_desk(shell: Shell, names: dict[str, str]) -> None:
    """The folder is copied, the grant is made over there, and the one new file comes back."""
    hold = names["HOLD"]
    shutil.copytree(shell.folder / "army", shell.folder / "disc")
    written = shell("desk", "grant", "disc", hold, "--key", "lee.key", "--json").document["statement"]
    shutil.copy(shell.folder / written, shell.folder / "army/said")
    assert states(shell)[f"sha256:{hold}"] == "granted"


def test_what_nobody_signed_who_may_does_nothing_and_is_named(shell: Shell, names: dict[str, str]) -> None:
    opened = DeskFolder.open(shell.folder / "army")
    now = int(time.time() * 1000)
    hold = next(h for h in opened.desk.holds(now) if h.id == f"sha256:{names['HOLD']}")
    forged = says(Grant, "lee", hold, now, key="may").to_bytes()
    shell.write("army/said/29990101T000000-grant-forged.json", forged)
    posting = next(Path(shell.folder / "army/posted").iterdir())
    envelope = Envelope.from_bytes(posting.read_bytes())
    changed = dump(parse(envelope.payload) | {"entry": 3})
    shell.write("army/posted/changed.json", Envelope(envelope.payload_type, changed, envelope.signatures).to_bytes())
    shell.write("army/said/broken.json", "{")
    shell.write("army/said/other.json", Envelope("text/plain", b"x").signed(KEYS["lee"]).to_bytes())
    said = shell("desk", "list", "army", "--json").document
    assert {Path(v["file"]).name: v["fault"] for v in said["void"]} == {
        "29990101T000000-grant-forged.json": "forged",
        "changed.json": "forged",
        "broken.json": "",
        "other.json": "malformed",
    }
    assert states(shell)[hold.id] == "waiting"
    assert "does nothing: " in shell("desk", "list", "army").out


def test_a_denial_and_a_use_are_posted_too(shell: Shell, names: dict[str, str]) -> None:
    opened = DeskFolder.open(shell.folder / "army")
    now = int(time.time() * 1000)
    posted(opened, act(b"track 43"), now)
    shell("desk", "grant", "army", names["HOLD"], "--key", "lee.key")
    opened = DeskFolder.open(shell.folder / "army")
    spent = opened.desk.use(act(CONTENT), {"operator"}, int(time.time() * 1000))
    opened.post(spent.event, GATEWAY)
    assert sorted(states(shell).values()) == ["refused", "used", "waiting"]
    assert "the act has happened" in shell.fails("desk", "grant", "army", names["HOLD"], "--key", "ortiz.key")


def test_an_agreement_that_one_party_signed_makes_no_desk(shell: Shell, names: dict[str, str]) -> None:
    whole = json.loads((shell.folder / "signed.json").read_bytes())
    whole["signatures"].pop()
    shell.write("half.json", dump(whole))
    wrong = shell.fails("desk", "new", "roster.toml", "new", "--agreement", "half.json", "--key", "customer.key")
    assert "Not in force" in wrong
    wrong = shell.fails("desk", "new", "roster.toml", "new", "--agreement", "signed.json", "--key", "lee.key")
    assert "not signed by the customer" in wrong
    assert not (shell.folder / "new").exists()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('desk = "army"', 'desk = "army"\nmore = 1', "unknown field"),
        ('roles = ["operator", "operator_2"]', 'roles = ["general"]', "the terms know no role 'general'"),
        ('key = "lee.pub"', 'key = "ortiz.pub"', "two persons have the key of"),
        ("grant_seconds = 30", "grant_seconds = 0", "expected `int` >= 1"),
        ('key = "lee.pub"', 'key = "nobody.pub"', "nobody.pub: cannot be read"),
    ],
)
def test_a_roster_with_a_slip(shell: Shell, names: dict[str, str], old: str, new: str, sentence: str) -> None:
    text = ROSTER.replace("'", '"')
    assert old in text
    shell.write("roster.toml", text.replace(old, new, 1))
    said = shell.fails("desk", "new", "roster.toml", "new", "--agreement", "signed.json", "--key", "customer.key")
    assert sentence in said


def test_exceptions_and_break_glass_begin_and_end(shell: Shell, names: dict[str, str]) -> None:
    shell(
        *("exception", "grant", "army", "supervised_defence", "--key", "rao.key", "--reason", "why", "--days", "365"),
        *("--fact", "target=materiel", "--fact", "phase=execute", "--cite", "senior review=17"),
    )
    listed = shell("exception", "list", "army", "--json").document["exceptions"]
    assert [e["in_force"] for e in listed] == [True, True]
    assert listed[1]["facts"] == {"target": ["materiel"], "phase": ["execute"]}
    assert listed[1]["cites"] == {"senior review": "17"}
    shell("exception", "revoke", "army", names["EXCEPTION"], "--key", "quinn.key", "--reason", "over")
    listed = shell("exception", "list", "army", "--json").document["exceptions"]
    assert sorted(e["in_force"] for e in listed) == [False, True]
    gone = shell.fails("exception", "revoke", "army", names["EXCEPTION"], "--key", "quinn.key", "--reason", "over")
    assert "names no one exception" in gone
    assert "no break-glass runs" in shell.fails("break-glass", "end", "army", "--key", "quinn.key", "--reason", "x")
    start = ("break-glass", "start", "army", "--key", "quinn.key", "--reason", "disk full")
    assert "sign for at most 14400" in shell.fails(*start, "--minutes", "241")
    assert "the glass is broken until" in shell(*start, "--minutes", "30").out
    assert "disk full" in shell("exception", "list", "army").out
    assert "broken already" in shell.fails(*start, "--minutes", "31")
    shell("break-glass", "end", "army", "--key", "rao.key", "--reason", "mended")
    assert shell("exception", "list", "army", "--json").document["break_glass"] is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("no_such", "--days", "9"), "the terms know no certificate 'no_such'"),
        (("supervised_defence", "--days", "366"), "should be less than or equal to 365"),
        (("supervised_defence", "--days", "9", "--fact", "target"), "write NAME=VALUE"),
        (("supervised_defence", "--days", "9", "--fact", "target=tank"), "target has no value 'tank'"),
        (("supervised_defence", "--days", "9", "--activity", "weapon.engag"), "did you mean 'weapon.engage'"),
        (("supervised_defence", "--days", "9", "--component", "marines"), "no component 'marines'"),
    ],
)
def test_an_exception_with_a_slip(
    shell: Shell, names: dict[str, str], arguments: tuple[str, ...], sentence: str
) -> None:
    said = shell.fails("exception", "grant", "army", *arguments, "--key", "quinn.key", "--reason", "why")
    assert sentence in said


def test_an_operator_signs_no_exception(shell: Shell, names: dict[str, str]) -> None:
    said = shell.fails(
        *("exception", "grant", "army", "supervised_defence", "--days", "9", "--key", "lee.key", "--reason", "why")
    )
    assert "lee is not official" in said


def test_who_asked_withdraws_and_nobody_else(shell: Shell, names: dict[str, str]) -> None:
    assert "did not ask for it" in shell.fails("desk", "withdraw", "army", names["HOLD"], "--key", "lee.key")
    said = shell("desk", "withdraw", "army", names["HOLD"], "--key", "asker.key", "--json").document
    assert said["state"] == "withdrawn"
    assert "no grant of what is withdrawn" in shell.fails("desk", "grant", "army", names["HOLD"], "--key", "lee.key")


@pytest.mark.usefixtures("names")
def test_concerns_open_for_the_inspector_alone(shell: Shell) -> None:
    opened = DeskFolder.open(shell.folder / "army")
    now = int(time.time() * 1000)
    opened.post(raise_concern(opened.desk.roster, "They file it as logistics.", now, who="g2/analyst-7"), GATEWAY, 52)
    assert "nothing" not in (read := shell("desk", "concerns", "army", "--key", "iris.key").out)
    assert "g2/analyst-7" in read
    assert "They file it as logistics." in read
    assert "no letter is to lee" in shell.fails("desk", "concerns", "army", "--key", "lee.key")
