"""A desk in a folder, with an act that waits, one that was refused, and an exception; keys of all persons."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

from brightline.agreement import Log, Party, Terms
from brightline.approvals import Act, Except, Refuse, sign, sign_roster
from brightline.approvals.certificates import DAY
from brightline.keys import Envelope, SigningKey
from brightline.storage.desk import DeskFolder, content_letters
from brightline.storage.packs import open_pack
from tests.agreement.founding import GATEWAY, VENDOR, agreement, signed
from tests.approvals.scene import CUSTOMER, KEYS, act, decided, roster, says
from tests.cli.shell import Shell

CONTENT = b"track 41, bearing 270"
PERSONS = "\n".join(
    f'[[persons]]\nname = "{p.name}"\nkey = "{p.name}.pub"\nroles = {list(p.roles)}\nactors = {list(p.actors)}\n'
    for p in roster().persons
)
ROSTER = f'desk = "army"\n\n{PERSONS}\n[roles.operator]\ngrant_seconds = 30\n'


def agreed() -> Envelope:
    """An agreement in force on the compromise's terms."""
    pack = open_pack("compromise")
    made = agreement()
    parties = replace(made.parties, customer=Party(name="The Department", key=CUSTOMER.public))
    terms = Terms(digest=pack.terms.digest, files=dict(pack.files))
    words = {m.name: m.digest for m in pack.terms.scope.vocabulary.modules}
    logs = (Log(origin=GATEWAY.name, key=GATEWAY.public),)
    made = replace(made, parties=parties, terms=terms, vocabulary=words, logs=logs, audit=None, begins=date(2020, 1, 1))
    return signed(made, VENDOR, CUSTOMER)


def settled_desk(shell: Shell) -> dict[str, str]:
    """`army/` in the shell's folder; HOLD, REFUSED and EXCEPTION as a person types them."""
    for name, key in KEYS.items():
        _keep(shell, name, key)
    _keep(shell, "customer", CUSTOMER)
    shell.write("signed.json", agreed().to_bytes())
    shell.write("roster.toml", ROSTER)
    now = int(time.time() * 1000) - 2000
    opened = DeskFolder.make(shell.folder / "army", agreed(), sign_roster(roster(), CUSTOMER))
    waiting = posted(opened, act(CONTENT), now)
    refused = posted(opened, act(b"track 42"), now + 1)
    hold = next(h for h in opened.desk.holds(now + 1) if h.id == refused)
    opened.say(says(Refuse, "lee", hold, now + 2), now + 2)
    exception = sign(certificate(now), KEYS["quinn"])
    path = opened.say(exception, now)
    return {"HOLD": waiting[7:], "REFUSED": refused, "EXCEPTION": path.stem.rpartition("-")[2]}


def posted(opened: DeskFolder, what: Act, now: int) -> str:
    """What the gateway does with a hold: it is posted with the content sealed to those who may decide."""
    event = opened.desk.hold(what, decided(what.use), now, bytes(16)).event
    assert event is not None
    readers = {name: KEYS[name].public for name in ("ortiz", "lee", "rao")}
    hold = next(h.id for h in opened.desk.holds(now) if h.held == event)
    opened.post(event, GATEWAY, 41, content_letters(hold, CONTENT, readers))
    return hold


def certificate(now: int) -> Except:
    return Except(
        desk="army",
        person="quinn",
        role="official",
        time=now,
        certificate="supervised_defence",
        until=now + 30 * DAY,
        reason="saturation attack",
        activities=("weapon.engage",),
        components=("navy",),
        facts={"target": ("materiel",)},
        cites={"senior review": "3000.09-17"},
    )


def _keep(shell: Shell, name: str, key: SigningKey) -> None:
    shell.write(f"{name}.key", key.secret_text() + "\n")
    shell.write(f"{name}.pub", f"{key.public}\n")
