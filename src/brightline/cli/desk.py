"""`brightline desk …`: what waits for a person, and what that person says, as signed files in a folder."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from brightline.agreement import read_envelope
from brightline.approvals import (
    Appeal,
    Grant,
    Hold,
    Look,
    Overturn,
    Person,
    Refuse,
    Roster,
    State,
    Statement,
    Uphold,
    Withdraw,
    identity,
    read_concern,
    sheet,
    sign,
    sign_roster,
    will_happen,
)
from brightline.approvals.fold import OPEN
from brightline.approvals.roster import verify_key
from brightline.approvals.sheet import may_decide
from brightline.canonical import parse_toml
from brightline.cli.key import read_verify_key
from brightline.cli.printing import Json, print_json, quote, read_bytes, refuse_existing, say, table
from brightline.errors import ApprovalError
from brightline.keys import SigningKey, read_letter
from brightline.storage.desk import DeskFolder, content_subject, shown_time
from brightline.storage.keyfile import read_signing_key

app = typer.Typer(help="Decide on what is held for a person.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="The desk's folder.")]
Held = Annotated[str, typer.Argument(metavar="HOLD", help="The hold: the first digits of its digest.")]
Key = Annotated[str, typer.Option("--key", help="Your signing key; the roster says who you are.")]
Role = Annotated[str | None, typer.Option("--role", help="The role that you decide in, where you have several.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in your words.")]


@app.command()
def new(
    roster: Annotated[Path, typer.Argument(help="The roster: a TOML file (docs/reference/approvals.md).")],
    folder: Folder,
    agreement: Annotated[Path, typer.Option("--agreement", help="The agreement that both signed.")],
    key: Annotated[str, typer.Option("--key", help="The customer's signing key.")],
    as_json: Json = False,
) -> None:
    """Make a desk: the agreement and a roster of who may decide, signed by the customer."""
    refuse_existing(folder)
    envelope = sign_roster(read_roster_file(roster), read_signing_key(key))
    made = DeskFolder.make(folder, read_envelope(read_bytes(str(agreement)), str(agreement)), envelope)
    persons = [p.name for p in made.desk.roster.persons]
    if as_json:
        print_json({"folder": str(folder), "desk": made.desk.roster.desk, "persons": persons})
    else:
        say(f"made {folder}: the desk {made.desk.roster.desk}, {len(persons)} person{'s' * (len(persons) != 1)}")


@app.command("list")
def listing(folder: Folder, as_json: Json = False) -> None:
    """What waits, what was decided, and which files do nothing."""
    opened, now = DeskFolder.open(folder), _now()
    holds = opened.desk.holds(now)
    if as_json:
        print_json({"desk": opened.desk.roster.desk, "holds": [_row(h, opened) for h in holds], "void": _void(opened)})
        return
    rows = [(h.id[7:15], str(h.state), _roles(h), shown_time(h.deadline), _will(h, opened)) for h in holds]
    if rows:
        table(("hold", "state", "needs", "until (UTC)", "what will happen"), rows)
    else:
        say("nothing is on the desk")
    for void in opened.void:
        say(f"does nothing: {void.path}: {void.error.text}")


@app.command()
def show(
    folder: Folder,
    hold: Held,
    key: Annotated[str | None, typer.Option("--key", help="Your key: opens the content, and records the look.")] = None,
    role: Role = None,
    as_json: Json = False,
) -> None:
    """One act: what will happen, on which facts, by which clause, who may decide, and what a grant would mean."""
    opened, now = DeskFolder.open(folder), _now()
    found = _found(opened, hold, now)
    document = sheet(found, opened.desk.roster, opened.terms, now)
    document["content"] = None
    if key is not None:
        document["content"] = _content(opened, found, read_signing_key(key), role, now).decode("utf-8", "replace")
    if as_json:
        print_json(document)
    else:
        _print_sheet(document)


@app.command()
def grant(
    folder: Folder,
    hold: Held,
    key: Key,
    role: Role = None,
    seconds: Annotated[int | None, typer.Option("--seconds", min=1, help="How long it lives, at most.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, in your words.")] = "",
    as_json: Json = False,
) -> None:
    """Let exactly this act happen, once; of an appeal: say that it is right."""
    opened, now = DeskFolder.open(folder), _now()
    found, signing = _found(opened, hold, now), read_signing_key(key)
    person = person_of(opened, signing)
    if found.state in (State.APPEALED, State.CONTESTED):
        said: Statement = Overturn(**_of(opened, found, person, now), role=_judge(opened, role), reason=reason)
    else:
        chosen = _chosen(opened, found, person, role)
        lives = seconds or opened.desk.roster.rule(chosen).grant_seconds
        said = Grant(**_of(opened, found, person, now), role=chosen, until=now + 1000 * lives, reason=reason)
    _say(opened, said, signing, found, now, as_json)


@app.command()
def refuse(folder: Folder, hold: Held, key: Key, reason: Reason, role: Role = None, as_json: Json = False) -> None:
    """Say no, with a reason; of an appeal: that the refusal or denial stands."""
    opened, now = DeskFolder.open(folder), _now()
    found, signing = _found(opened, hold, now), read_signing_key(key)
    person = person_of(opened, signing)
    if found.state in (State.APPEALED, State.CONTESTED):
        said: Statement = Uphold(**_of(opened, found, person, now), role=_judge(opened, role), reason=reason)
    else:
        held = (
            role
            or next((r for r in sorted(found.roles) if r in person.roles), "")
            or _chosen(opened, found, person, role)
        )
        said = Refuse(**_of(opened, found, person, now), role=held, reason=reason)
    _say(opened, said, signing, found, now, as_json)


@app.command()
def appeal(folder: Folder, hold: Held, key: Key, reason: Reason, as_json: Json = False) -> None:
    """Appeal a refusal, an expiry or a denial, as the person who asked."""
    opened, now = DeskFolder.open(folder), _now()
    found, signing = _found(opened, hold, now), read_signing_key(key)
    said = Appeal(**_of(opened, found, person_of(opened, signing), now), reason=reason)
    _say(opened, said, signing, found, now, as_json)


@app.command()
def withdraw(folder: Folder, hold: Held, key: Key, as_json: Json = False) -> None:
    """Say that it need not happen any more, as the person who asked."""
    opened, now = DeskFolder.open(folder), _now()
    found, signing = _found(opened, hold, now), read_signing_key(key)
    _say(opened, Withdraw(**_of(opened, found, person_of(opened, signing), now)), signing, found, now, as_json)


@app.command()
def concerns(folder: Folder, key: Key, as_json: Json = False) -> None:
    """Read what was raised to the inspector, with the inspector's key; nobody else's opens it."""
    opened, signing = DeskFolder.open(folder), read_signing_key(key)
    person, desk = person_of(opened, signing), opened.desk.roster.desk
    found = [read_concern(raised, desk, person.name, signing) for raised in opened.concerns]
    if as_json:
        print_json({"desk": desk, "concerns": found})
        return
    for said in found:
        say(f"{shown_time(said['time'])} UTC, by {said['who'] or 'nobody named'}{_about(said['hold'])}:")
        quote(said["text"])
    if not found:
        say("nothing was raised")


def _about(hold: str) -> str:
    return f", about the hold {hold.removeprefix('sha256:')[:8]}" if hold else ""


def read_roster_file(path: Path) -> Roster:
    """The roster that a TOML file describes; a key is given as text, or as the file that holds it."""
    data = parse_toml(read_bytes(str(path)), str(path), error=ApprovalError)
    for person in data.get("persons", []) if isinstance(data.get("persons"), list) else []:
        if isinstance(person, dict) and isinstance(person.get("key"), str):
            beside = path.parent / person["key"]
            person["key"] = str(read_verify_key(str(beside) if beside.is_file() else person["key"]))
    try:
        return msgspec.convert(data, Roster)
    except msgspec.ValidationError as e:
        text = str(e)
        cure = "see docs/reference/approvals.md, section `The roster`"
        raise ApprovalError(text[:1].lower() + text[1:], place=str(path), cure=cure) from None


def person_of(opened: DeskFolder, key: SigningKey) -> Person:
    """The person on the roster whose key this is. Raises ApprovalError."""
    for person in opened.desk.roster.persons:
        if verify_key(person).public == key.public.public:
            return person
    cure = "let the customer put you on the roster"
    raise ApprovalError("nobody on the roster has this key", "unknown_signer", place=key.name, cure=cure)


def report(envelope_id: str, path: Path, extra: Mapping[str, Any], as_json: bool, text: str) -> None:
    """What every verb that says something prints."""
    if as_json:
        print_json({"statement": str(path), "id": envelope_id, **extra})
    else:
        say(f"wrote {path}; {text}")


def _say(opened: DeskFolder, said: Statement, key: SigningKey, hold: Hold, now: int, as_json: bool) -> None:
    envelope = sign(said, key)
    path = opened.say(envelope, now)
    after = next(h for h in opened.desk.holds(now) if h.id == hold.id)
    extra = {"hold": hold.id, "state": str(after.state)}
    report(identity(envelope), path, extra, as_json, f"it is now {after.state}")


def _found(opened: DeskFolder, digits: str, now: int) -> Hold:
    """The hold whose digest begins so; whole, or at least six digits."""
    known = {h.id.removeprefix("sha256:"): h for h in opened.desk.holds(now)}
    found = [h for name, h in known.items() if name.startswith(digits.removeprefix("sha256:"))]
    if len(found) != 1 or len(digits.removeprefix("sha256:")) < 6:
        several = "more than one hold" if len(found) > 1 else "no hold"
        cure = "give at least six digits that name one; see `brightline desk list`"
        raise ApprovalError(f"{several} is called {digits[:80]!r}", "no_hold", place=str(opened.folder), cure=cure)
    return found[0]


def _chosen(opened: DeskFolder, hold: Hold, person: Person, role: str | None) -> str:
    """The role that a grant is given in: the one named, or the only one that helps."""
    if role is not None:
        return role
    roster = opened.desk.roster
    roles = [r for r in sorted(hold.roles) if person in may_decide(hold, r, roster)]
    roles = [r for r in roles if r not in {a.role for a in hold.approvals} or len(roles) == 1]
    if len(roles) == 1:
        return roles[0]
    named = [r for r in sorted(hold.roles) if r in person.roles]
    if not roles and len(named) == 1:
        return named[0]  # the desk will say why not
    wanted = f"it needs {_roles(hold) or 'nobody: the terms deny it'}; your roles: {', '.join(person.roles) or 'none'}"
    raise ApprovalError("which role you decide in is not clear", "wrong_role", place="--role", cure=wanted)


def _judge(opened: DeskFolder, role: str | None) -> str:
    return role or opened.desk.roster.appeal_role


def _of(opened: DeskFolder, hold: Hold, person: Person, now: int) -> dict[str, Any]:
    desk = opened.desk.roster.desk
    return {"desk": desk, "person": person.name, "time": now, "hold": hold.id, "act": hold.held.act.digest}


def _content(opened: DeskFolder, hold: Hold, key: SigningKey, role: str | None, now: int) -> bytes:
    """The content that was sealed to this person; the look is written down before anything is shown."""
    person = person_of(opened, key)
    letter = opened.letters.get(hold.id, {}).get(person.name)
    if letter is None:
        cure = "read it at the site, out of the record"
        raise ApprovalError(f"no content is sealed to {person.name}", "wrong_person", place=hold.id, cure=cure)
    held = role or next((r for r in sorted(hold.roles) if r in person.roles), opened.desk.roster.appeal_role)
    opened.say(sign(Look(**_of(opened, hold, person, now), role=held), key), now)
    return read_letter(key, letter, content_subject(hold.id))


def _row(hold: Hold, opened: DeskFolder) -> dict[str, Any]:
    act = hold.held.act
    return {
        "hold": hold.id,
        "state": str(hold.state),
        "needs": [sorted(n) for n in hold.needs],
        "deadline": hold.deadline,
        "actor": act.actor,
        "activity": act.activity,
        "will": _will(hold, opened),
    }


def _will(hold: Hold, opened: DeskFolder) -> str:
    return will_happen(hold.held.act, opened.terms)


def _void(opened: DeskFolder) -> list[dict[str, str]]:
    faults = [getattr(v.error, "fault", "") for v in opened.void]
    return [{"file": str(v.path), "fault": f, "text": v.error.text} for v, f in zip(opened.void, faults, strict=True)]


def _roles(hold: Hold) -> str:
    return " or ".join(" and ".join(sorted(n)) for n in hold.needs) if hold.state in OPEN else ""


def _print_sheet(document: dict[str, Any]) -> None:
    say(f"hold   {document['hold']}")
    say(f"act    {document['act']}")
    say(f"state  {document['state']}, until {shown_time(document['deadline'])} UTC, else denied")
    quote(document["will"])
    say("facts, and who vouches for each:")
    for fact in document["facts"]:
        say(f"  {fact['name']} = {fact['value']}  ({fact['source']})")
    for clause in document["clauses"]:
        say(f"clause {clause['id']}: {clause['title']}")
        quote(clause["text"])
    for way in document["if_granted"]:
        duties = f", with {', '.join(way['duties'])}" if way["duties"] else ""
        say(f"granted by {' and '.join(way['approvals'])}: {way['outcome']}{duties}")
    for who in document["who"]:
        say(f"{who['role']} ({who['text']}): {', '.join(who['persons']) or 'nobody who may'}")
    for given in document["granted"]:
        say(f"granted by {given['person']} as {given['role']}, until {shown_time(given['until'])} UTC")
    if document["reason"]:
        say(f"reason: {document['reason']}")
    if document["content"] is not None:
        say("content:")
        quote(document["content"])


def _now() -> int:
    return int(time.time() * 1000)
