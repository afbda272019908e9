"""`brightline exception …` and `brightline break-glass …`: what an official of the customer puts in force, at once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from brightline.approvals import BreakGlass, Certificate, Emergency, Except, Mend, Revoke, Statement, identity, sign
from brightline.approvals.certificates import DAY
from brightline.cli.desk import Folder, Key, Reason, person_of, report
from brightline.cli.printing import Json, print_json, say, table
from brightline.errors import ApprovalError
from brightline.keys import SigningKey
from brightline.storage.desk import DeskFolder, shown_time
from brightline.storage.keyfile import read_signing_key

app = typer.Typer(help="Sign, revoke and list exceptions.", no_args_is_help=True)
glass = typer.Typer(help="Serve without a durable record, for a while.", no_args_is_help=True)


@app.command()
def grant(
    folder: Folder,
    certificate: Annotated[str, typer.Argument(help="The certificate, by its name in the terms.")],
    key: Key,
    reason: Reason,
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="Days that it lasts.")],
    activity: Annotated[list[str] | None, typer.Option("--activity", help="Only for this activity or group.")] = None,
    component: Annotated[list[str] | None, typer.Option("--component", help="Only for this component.")] = None,
    fact: Annotated[list[str] | None, typer.Option("--fact", help="Only for uses with FACT=VALUE.")] = None,
    cite: Annotated[list[str] | None, typer.Option("--cite", help="What it rests on, as NAME=TEXT.")] = None,
    as_json: Json = False,
) -> None:
    """Put a certificate in force for a scope, at once; the vendor learns the count of such, later."""
    opened, signing, now = _begin(folder, key)
    facts: dict[str, tuple[str, ...]] = {}
    for name, value in _pairs(fact, "--fact"):
        facts[name] = (*facts.get(name, ()), value)
    said = Except(
        **_by(opened, signing, now),
        certificate=certificate,
        until=now + days * DAY,
        reason=reason,
        activities=tuple(activity or ()),
        components=tuple(component or ()),
        facts=facts,
        cites=dict(_pairs(cite, "--cite")),
    )
    _say(opened, said, signing, now, as_json, f"{certificate} is in force until {shown_time(said.until)} UTC")


@app.command()
def revoke(
    folder: Folder,
    exception: Annotated[str, typer.Argument(help="The exception: the first digits of its digest.")],
    key: Key,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """End an exception before its time."""
    opened, signing, now = _begin(folder, key)
    found = _one([c.id for c in opened.desk.certificates() if c.in_force(now)], exception, opened)
    said = Revoke(**_by(opened, signing, now), exception=found, reason=reason)
    _say(opened, said, signing, now, as_json, "it is revoked")


@app.command("list")
def listing(folder: Folder, as_json: Json = False) -> None:
    """Exceptions and break-glass, with those that ended."""
    opened, now = DeskFolder.open(folder), _now()
    certificates, emergency = opened.desk.certificates(), opened.desk.emergency(now)
    if as_json:
        shown = None if emergency is None else _emergency(emergency)
        print_json({"exceptions": [_certificate(c, now) for c in certificates], "break_glass": shown})
        return
    rows = [
        (c.id[7:15], c.statement.certificate, "in force" if c.in_force(now) else "ended", shown_time(c.statement.until))
        for c in certificates
    ]
    if rows:
        table(("exception", "certificate", "state", "until (UTC)"), rows)
    else:
        say("no exception was signed")
    if emergency is not None:
        say(f"the glass is broken until {shown_time(emergency.statement.until)} UTC: {emergency.statement.reason}")


@glass.command()
def start(
    folder: Folder,
    key: Key,
    reason: Reason,
    minutes: Annotated[int, typer.Option("--minutes", min=1, help="Minutes that it lasts, at most.")],
    as_json: Json = False,
) -> None:
    """Serve decided uses without a durable record or meter; never a tool that acts."""
    opened, signing, now = _begin(folder, key)
    said = BreakGlass(**_by(opened, signing, now), until=now + 60_000 * minutes, reason=reason)
    _say(opened, said, signing, now, as_json, f"the glass is broken until {shown_time(said.until)} UTC")


@glass.command()
def end(folder: Folder, key: Key, reason: Reason, as_json: Json = False) -> None:
    """End break-glass before its time."""
    opened, signing, now = _begin(folder, key)
    emergency = opened.desk.emergency(now)
    if emergency is None:
        raise ApprovalError("no break-glass runs", "not_now", place=str(folder), cure="nothing is to end")
    said = Mend(**_by(opened, signing, now), started=emergency.id, reason=reason)
    _say(opened, said, signing, now, as_json, "it has ended")


def _begin(folder: Path, key: str) -> tuple[DeskFolder, SigningKey, int]:
    return DeskFolder.open(folder), read_signing_key(key), _now()


def _by(opened: DeskFolder, key: SigningKey, now: int) -> dict[str, Any]:
    roster = opened.desk.roster
    person = person_of(opened, key)
    return {"desk": roster.desk, "person": person.name, "time": now, "role": roster.exception_role}


def _say(opened: DeskFolder, said: Statement, key: SigningKey, now: int, as_json: bool, text: str) -> None:
    envelope = sign(said, key)
    report(identity(envelope), opened.say(envelope, now), {}, as_json, text)


def _pairs(given: list[str] | None, option: str) -> list[tuple[str, str]]:
    pairs = [tuple(p.partition("=")[::2]) for p in given or ()]
    if wrong := next((p for p in pairs if not p[0] or not p[1]), None):
        raise ApprovalError(f"no pair: {wrong[0][:60]!r}", "malformed", place=option, cure="write NAME=VALUE")
    return [(name, value) for name, value in pairs]


def _one(known: list[str], digits: str, opened: DeskFolder) -> str:
    wanted = digits.removeprefix("sha256:")
    found = [k for k in known if k.removeprefix("sha256:").startswith(wanted)]
    if len(found) != 1 or len(wanted) < 6:
        cure = "give at least six digits that name one; see `brightline exception list`"
        raise ApprovalError(f"{digits[:80]!r} names no one exception", "not_now", place=str(opened.folder), cure=cure)
    return found[0]


def _certificate(c: Certificate, now: int) -> dict[str, Any]:
    said = c.statement
    return {
        "id": c.id,
        "certificate": said.certificate,
        "in_force": c.in_force(now),
        "person": said.person,
        "role": said.role,
        "since": c.since,
        "until": said.until,
        "reason": said.reason,
        "activities": list(said.activities),
        "components": list(said.components),
        "facts": {k: list(v) for k, v in said.facts.items()},
        "cites": said.cites,
    }


def _emergency(e: Emergency) -> dict[str, Any]:
    said = e.statement
    return {"id": e.id, "person": said.person, "since": e.since, "until": said.until, "reason": said.reason}


def _now() -> int:
    return int(time.time() * 1000)
