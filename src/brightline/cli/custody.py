"""`brightline evidence open · erase · purge · hold · lift · erase-copies`: the private side of the record, by order."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brightline.agreement import Agreement, Keys
from brightline.assurance.opening import Opened, opening_file, verify_opening
from brightline.cli.printing import Json, print_json, quote, read_bytes, refuse_existing, say, write_new
from brightline.errors import ApprovalError, ConfigError, RecordError
from brightline.keys import Envelope
from brightline.record.commitment import open_field
from brightline.record.entry import BUNDLE, ENTRY, ENTRY_BYTES
from brightline.record.merkle import hash_leaves, node_reader, prove_inclusion
from brightline.storage.keyfile import read_signing_key
from brightline.storage.sight import Sight, sight_of

if TYPE_CHECKING:
    from brightline.gateway.config import Config
    from brightline.storage.order import Do

Entries = Annotated[list[int], typer.Argument(help="Entries by index: decisions, or outcomes.")]
Settings = Annotated[Path, typer.Option("--config", "-c", help="The gateway's settings.")]
Key = Annotated[str, typer.Option("--key", help="Your signing key; the roster says who you are.")]
RosterFile = Annotated[
    Path | None, typer.Option("--roster", help="The roster that the customer signed; else the newest of [desk].")
]
Words = Annotated[str, typer.Option("--reason", help="Why, in your words; they stay on this side.")]
_USUAL = Path("brightline.toml")
DAY = 86_400


def add(app: typer.Typer) -> None:
    app.command("open")(open_one)
    for verb in (erase, purge, hold, lift):
        app.command()(verb)
    app.command("erase-copies")(erase_copies)


def open_one(
    entry: Annotated[int, typer.Argument(help="The entry's index.")],
    field: Annotated[str, typer.Argument(metavar="FIELD", help="The private field: content, answer, purpose, …")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The opening's file; it must not exist yet.")],
    key: Key,
    reason: Words,
    roster: RosterFile = None,
    config: Settings = _USUAL,
    as_json: Json = False,
) -> None:
    """Open one private field of one entry, with its proof, and nothing else. The look is recorded first."""
    from brightline.storage.order import Do  # noqa: PLC0415 - as below

    # 1. all that can go wrong, before a look is recorded that showed nothing
    refuse_existing(out)
    settings, agreement = _settings(config)
    with _seen(settings) as seen:
        _openable(seen, entry, field)
    # 2. the look, durable
    done = _order(settings, agreement, Do.LOOK, key, roster, reason, entries=(entry,))
    # 3. the field, and the proof that it is what the log committed to
    with _seen(settings) as seen:
        data = opening(seen, agreement.digest, entry, field)
    write_new(out, data)
    document = {"opening": str(out), "bytes": len(data), "entry": entry, "field": field, "recorded": done["recorded"]}
    if as_json:
        print_json(document)
    else:
        say(f"wrote {out}: the field {field} of entry {entry} and its proof; the look is entry {done['recorded'][0]}")
        say(f"anyone verifies it offline: brightline verify {out} --agreement {settings.agreement}")


def erase(
    entries: Entries,
    key: Key,
    reason: Words,
    why: Annotated[str, typer.Option("--why", help="spill, order (of a court), or request (of the person).")] = "spill",
    call: Annotated[bool, typer.Option("--call", help="With all of the same calls: answers and tool calls.")] = False,
    roster: RosterFile = None,
    config: Settings = _USUAL,
    as_json: Json = False,
) -> None:
    """Erase the content of entries for good. Every proof stays good; it is counted, and the agreement caps it."""
    from brightline.storage.order import Do, Reason  # noqa: PLC0415 - as below

    if why not in (Reason.SPILL, Reason.ORDER, Reason.REQUEST):
        raise ConfigError(f"{why[:40]!r} is no reason", place="--why", cure="say spill, order or request")
    settings, agreement = _settings(config)
    named = tuple(dict.fromkeys(entries))
    with _seen(settings) as seen:
        related = same_calls(seen, named)
    if call:
        named = tuple(sorted({*named, *related}))
    done = _order(settings, agreement, Do.ERASE, key, roster, reason, entries=named, why=Reason(why))
    left = [] if call else sorted(set(related) - set(named))
    document = {**done, "same_call": left}
    if as_json:
        print_json(document)
        return
    say(f"{done['text']}: {', '.join(map(str, done['erased']))}")
    if left:
        say(f"the same calls have content in these entries too: {', '.join(map(str, left))} (--call erases them)")
    say("copies of the record still hold it: brightline evidence erase-copies COPY…")


def purge(
    key: Key,
    reason: Words,
    last: Annotated[int | None, typer.Option(help="The last entry; else all that the schedule ends.")] = None,
    roster: RosterFile = None,
    config: Settings = _USUAL,
    as_json: Json = False,
) -> None:
    """Erase all content that the agreement's retention schedule ends, but for what a legal hold keeps."""
    from brightline.storage.order import Do, Reason  # noqa: PLC0415 - as below

    settings, agreement = _settings(config)
    if last is None:
        with _seen(settings) as seen:
            last = _schedule_ends(seen, time.time() - agreement.retention.content_days * DAY)
    done = _order(settings, agreement, Do.PURGE, key, roster, reason, last=last, why=Reason.RETENTION)
    _say(done, as_json, f"; a legal hold kept {done['kept']}" if done["kept"] else "")


def hold(
    name: Annotated[str, typer.Argument(help="The hold's name: the case, or the request.")],
    key: Key,
    reason: Words,
    first: Annotated[int, typer.Option(help="The first entry that is kept.")] = 0,
    last: Annotated[int | None, typer.Option(help="The last; else all that come too.")] = None,
    roster: RosterFile = None,
    config: Settings = _USUAL,
    as_json: Json = False,
) -> None:
    """Place a legal hold: nothing of these entries is erased, whatever the schedule or an order says."""
    from brightline.storage.order import Do  # noqa: PLC0415 - as below

    settings, agreement = _settings(config)
    _say(_order(settings, agreement, Do.HOLD, key, roster, reason, name=name, first=first, last=last), as_json)


def lift(
    name: Annotated[str, typer.Argument(help="The hold's name.")],
    key: Key,
    reason: Words,
    roster: RosterFile = None,
    config: Settings = _USUAL,
    as_json: Json = False,
) -> None:
    """Lift a legal hold. Nothing is erased by that: the next purge may."""
    from brightline.storage.order import Do  # noqa: PLC0415 - as below

    settings, agreement = _settings(config)
    _say(_order(settings, agreement, Do.LIFT, key, roster, reason, name=name), as_json)


def erase_copies(
    copies: Annotated[list[Path], typer.Argument(help="Copies that `brightline doctor --copy` made.")],
    config: Settings = _USUAL,
    as_json: Json = False,
) -> None:
    """Erase in copies of the record all that was erased in the record itself. To be run after each erasure."""
    # Imported here, so that the other verbs do not wait for the gateway's libraries.
    from brightline.gateway.gateway import read_keys, standing_of  # noqa: PLC0415
    from brightline.storage.copies import erase_in_copy  # noqa: PLC0415
    from brightline.storage.custody import Custody  # noqa: PLC0415

    settings, agreement = _settings(config)
    log_key, site_key = read_keys(settings)
    terms = standing_of(settings, None).terms_digest
    with _seen(settings) as seen:
        custody = Custody.read(agreement, terms, seen.size, seen.read, seen.vault)
        counts = [erase_in_copy(copy, custody.erased, seen.read, log_key, site_key) for copy in copies]
    if as_json:
        print_json({"copies": [{"copy": str(c), "erased": n} for c, n in zip(copies, counts, strict=True)]})
        return
    for copy, count in zip(copies, counts, strict=True):
        say(f"{copy}: erased {count} entries that were erased in the record")


def opening(seen: Sight, agreement: str, entry: int, field: str) -> bytes:
    """The file that opens one field. Raises RecordError where there is nothing to open."""
    key, fields = _openable(seen, entry, field)
    raw = b"".join(seen.chunks(seen.size))
    node = node_reader(hash_leaves(raw, ENTRY_BYTES))
    own = raw[entry * ENTRY_BYTES : (entry + 1) * ENTRY_BYTES]
    proof = prove_inclusion(entry, seen.size, node)
    return opening_file(agreement, seen.checkpoint, own, proof, open_field(key, fields, field))


def same_calls(seen: Sight, entries: Sequence[int]) -> list[int]:
    """The entries of the calls that these belong to: decision, outcome, tool calls in the answer, their outcomes."""
    from brightline.storage.calls import whole_calls  # noqa: PLC0415

    return whole_calls(seen.chunks(seen.size), entries)


def show_opening(data: bytes, agreement: bytes, keys: Keys | None, rotations: Sequence[bytes], as_json: bool) -> None:
    """`brightline verify` of an opening. Ends 1 where it shows nothing."""
    try:
        shown = verify_opening(data, agreement, keys, rotations)
    except RecordError as e:
        if as_json:
            print_json({"verified": False, "text": str(e)})
        else:
            say(f"NOT VERIFIED: {e}")
        raise typer.Exit(1) from None
    text = shown.value.decode("utf-8", "backslashreplace")
    if as_json:
        print_json({"verified": True, "entry": shown.entry.sequence, "field": shown.name, "value": text} | _log(shown))
        return
    say(f"verified: entry {shown.entry.sequence} of the log {shown.signed.origin} ({shown.signed.size} entries)")
    say(f"its private field {shown.name} (one of {shown.fields}) is:")
    quote(text)


def _log(shown: Opened) -> dict[str, Any]:
    return {"origin": shown.signed.origin, "size": shown.signed.size, "fields": shown.fields}


def _openable(seen: Sight, entry: int, field: str) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    if not 0 <= entry < seen.size:
        cure = f"it has {seen.size}" + ("; the newest come within seconds" if seen.running else "")
        raise RecordError("there is no such entry", place=f"entry {entry}", cure=cure)
    opened = seen.vault.opened(entry)
    if opened is None:
        raise RecordError("its content was erased", place=f"entry {entry}", cure="nothing brings it back")
    open_field(*opened, field)  # refuses a field that it has not
    return opened


def _schedule_ends(seen: Sight, before: float) -> int:
    import numpy as np  # noqa: PLC0415

    last = -1
    for chunk in seen.chunks(seen.size):
        times = np.frombuffer(chunk, ENTRY)["time"].astype(np.int64)
        old = int((times <= before).sum())  # times never run back
        last += old
        if old < len(times):
            break
    last -= last % BUNDLE == 0  # a counters entry
    if last < 0:
        cure = "wait: the agreement's content_days have not passed"
        raise ConfigError("no entry is that old", place="evidence purge", cure=cure)
    return last


def _order(
    settings: Config, agreement: Agreement, do: Do, key: str, roster: Path | None, reason: str, **what: Any
) -> dict[str, Any]:
    """Sign an order as whoever on the roster has this key, and have it carried out."""
    from brightline.approvals import read_roster  # noqa: PLC0415 - as above
    from brightline.gateway.gateway import read_keys, standing_of  # noqa: PLC0415
    from brightline.gateway.ordering import carry_out  # noqa: PLC0415
    from brightline.storage.order import Order, roles_for, sign_order, signer  # noqa: PLC0415

    signing = read_signing_key(key)
    standing = standing_of(settings, None)
    roster = roster or _newest(settings)
    envelope = Envelope.from_bytes(read_bytes(str(roster)), str(roster), error=ApprovalError)
    listed = read_roster(envelope, standing.pack.terms, agreement.parties.customer.key, str(roster))
    person = signer(listed, signing.public)
    roles = sorted(roles_for(do, agreement, listed) & set(person.roles))
    if not roles:
        cure = f"it takes {', '.join(sorted(roles_for(do, agreement, listed)))}"
        raise ApprovalError(f"{person.name!r} may not order this", "wrong_role", place=key, cure=cure)
    order = Order(
        do=do,
        origin=read_keys(settings)[0].name,
        agreement=agreement.digest,
        person=person.name,
        role=roles[0],
        time=int(time.time()),
        reason=reason,
        **what,
    )
    return carry_out(settings, sign_order(order, signing), envelope)


def _newest(settings: Config) -> Path:
    """The newest roster of the desk that the settings name."""
    found = [] if settings.desk is None else list(settings.desk.folder.glob("roster-*.json"))
    if not found:
        cure = "give the roster that the customer signed, or name a desk in the settings"
        raise ConfigError("no roster says who you are", place="--roster", cure=cure)
    return max(found, key=lambda p: (len(p.name), p.name))


def _settings(path: Path) -> tuple[Config, Agreement]:
    from brightline.gateway.config import read_config  # noqa: PLC0415 - as above
    from brightline.gateway.gateway import standing_of  # noqa: PLC0415

    settings = read_config(path)
    agreement = standing_of(settings, None).agreement
    assert agreement is not None  # noqa: S101 - standing_of refuses where nothing is agreed
    return settings, agreement


def _seen(settings: Config) -> Any:
    from brightline.gateway.gateway import read_keys  # noqa: PLC0415 - as above

    return sight_of(settings.data, *read_keys(settings))


def _say(done: dict[str, Any], as_json: bool, more: str = "") -> None:
    if as_json:
        print_json(done)
    else:
        say(f"{done['text']}{more}; recorded as entry {done['recorded'][0]}")
