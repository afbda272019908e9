"""`brightline agreement …`: the negotiation as files in a folder, which a disc can carry.

Names of states and messages are the Dataspace Protocol's 2025-1; each verb writes the next message into the folder,
and `agreement.json` beside them as soon as both parties have signed the same text.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brightline.agreement import (
    Agreement,
    Keys,
    Kind,
    Message,
    Negotiation,
    in_force,
    read_envelope,
    show_negotiation,
    show_text,
)
from brightline.agreement import show as status_document
from brightline.agreement.message import MESSAGE_TYPE
from brightline.cli.draft import read_draft
from brightline.cli.key import read_verify_key
from brightline.cli.opening import open_pack
from brightline.cli.printing import Json, print_json, read_bytes, refuse_existing, say, write_new
from brightline.errors import AgreementError
from brightline.keys import Envelope
from brightline.storage.keyfile import read_signing_key

if TYPE_CHECKING:
    from brightline.analysis.change import Change

SIGNED = "agreement.json"
_VERBS = {
    Kind.REQUEST: "counter",
    Kind.OFFER: "counter",
    Kind.ACCEPTED: "accept",
    Kind.AGREEMENT: "agree",
    Kind.VERIFICATION: "confirm",
    Kind.FINALIZED: "finalize",
    Kind.TERMINATION: "terminate",
}
_NUMBERED = re.compile(r"^message (\d+)")

app = typer.Typer(help="Offer, counter, sign and show agreements.", no_args_is_help=True)
Draft = Annotated[Path, typer.Argument(help="The draft: a TOML file (docs/reference/agreement.md).")]
Folder = Annotated[Path, typer.Argument(help="The negotiation's folder of message files.")]
Key = Annotated[str, typer.Option("--key", help="The signing key of the party that speaks.")]
Reason = Annotated[str | None, typer.Option("--reason", help="A word to the other side's people; decides nothing.")]


@app.command()
def offer(draft: Draft, folder: Folder, key: Key, reason: Reason = None, as_json: Json = False) -> None:
    """Begin a negotiation with a draft: the vendor offers (ContractOfferMessage), the customer requests."""
    if _messages(folder):
        cure = "answer with `brightline agreement counter`, or name a new folder"
        raise AgreementError("a negotiation is under way there", place=str(folder), cure=cure)
    _put(draft, folder, key, reason, as_json)


@app.command()
def counter(draft: Draft, folder: Folder, key: Key, reason: Reason = None, as_json: Json = False) -> None:
    """Answer with another draft: the vendor offers (ContractOfferMessage), the customer requests.

    Says what the draft changes, in words and in what it means for uses. A draft that only words the same otherwise is
    no new offer.
    """
    from brightline.analysis.change import change  # noqa: PLC0415 - a solver that other verbs need not load

    last, new = _negotiation(folder, None).agreement, read_draft(draft)
    changed = change(last, new) if last is not None else None
    if changed is not None and changed.same and changed.words.a != changed.words.b:
        cure = "accept the draft on the table, or change what it means"
        raise AgreementError(
            "it says the same in other words: every use is decided as before", place=str(draft), cure=cure
        )
    _put(draft, folder, key, reason, as_json, changed)


@app.command()
def accept(folder: Folder, key: Key, reason: Reason = None, as_json: Json = False) -> None:
    """Accept what is on the table and sign it, as the customer (ContractNegotiationEventMessage ACCEPTED)."""
    _send(folder, Kind.ACCEPTED, key, None, reason, as_json)


@app.command()
def agree(folder: Folder, key: Key, reason: Reason = None, as_json: Json = False) -> None:
    """Sign it as the vendor (ContractAgreementMessage)."""
    _send(folder, Kind.AGREEMENT, key, None, reason, as_json)


@app.command()
def confirm(folder: Folder, key: Key, reason: Reason = None, as_json: Json = False) -> None:
    """Confirm the vendor's signature as the customer (ContractAgreementVerificationMessage)."""
    _send(folder, Kind.VERIFICATION, key, None, reason, as_json)


@app.command()
def finalize(folder: Folder, key: Key, reason: Reason = None, as_json: Json = False) -> None:
    """Close the negotiation as the vendor (ContractNegotiationEventMessage FINALIZED)."""
    _send(folder, Kind.FINALIZED, key, None, reason, as_json)


@app.command()
def terminate(folder: Folder, key: Key, reason: Reason = None, as_json: Json = False) -> None:
    """End the negotiation without an agreement; what both have signed it does not end."""
    _send(folder, Kind.TERMINATION, key, None, reason, as_json)


@app.command()
def interim(
    a: Annotated[str, typer.Argument(metavar="A", help="A party's pack: a folder, a .cedar file, or a shipped name.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other party's.")],
    folder: Annotated[Path, typer.Argument(help="The new folder for the pack.")],
    as_json: Json = False,
) -> None:
    """Write the terms on which two packs do not differ as a pack of its own, to be signed while the rest is disputed.

    What both permit it permits, what either holds it holds, the rest it denies. Name it in a draft with
    `interim = true`.
    """
    from brightline.analysis.interim import interim as undisputed  # noqa: PLC0415 - as above

    refuse_existing(folder)
    pack = undisputed(open_pack(a), open_pack(b))
    for name, text in pack.files.items():
        write_new(folder / name, text.encode())
    scenarios = pack.files["scenarios.jsonl"].count("\n")
    if as_json:
        clauses = [c.id for c in pack.terms.clauses]
        print_json({"pack": str(folder), "terms": pack.terms.digest, "clauses": clauses, "scenarios": scenarios})
    else:
        say(f"wrote {folder}: {len(pack.terms.clauses)} clauses, {scenarios} scenarios on which both agree")
        say(f"next: name it in a draft (pack = {str(folder)!r}, interim = true)")


@app.command()
def show(
    files: Annotated[list[Path], typer.Argument(help="A negotiation's folder, or agreement and message files.")],
    vendor_key: Annotated[str | None, typer.Option(help="The vendor's key as you know it from elsewhere.")] = None,
    customer_key: Annotated[str | None, typer.Option(help="The customer's key, likewise.")] = None,
    as_json: Json = False,
) -> None:
    """State, parties, signatures and what follows from what. Ends 1 where the agreement is not in force."""
    keys = known_keys(vendor_key, customer_key)
    today = datetime.now(UTC).date()
    if len(files) == 1 and files[0].is_dir():
        document = show_negotiation(_negotiation(files[0], keys), today)
    else:
        document = status_document(in_force([_envelope(f) for f in files], keys=keys, today=today))
    if as_json:
        print_json(document)
    else:
        say(show_text(document).rstrip())
    raise typer.Exit(0 if document["in_force"] else 1)


def known_keys(vendor: str | None, customer: str | None) -> Keys | None:
    """The parties' keys as known from elsewhere; both or neither. Raises AgreementError."""
    if vendor is None and customer is None:
        return None
    if vendor is None or customer is None:
        raise AgreementError("one known key alone", place="--vendor-key, --customer-key", cure="give both or neither")
    return Keys(vendor=read_verify_key(vendor), customer=read_verify_key(customer))


def _put(draft: Path, folder: Path, key: str, reason: str | None, as_json: bool, changed: Change | None = None) -> None:
    """Put a draft on the table, as the party whose key it is."""
    agreement = read_draft(draft)
    mine = read_signing_key(key).public
    kind = Kind.REQUEST if mine == agreement.parties.customer.key else Kind.OFFER
    _send(folder, kind, key, agreement, reason, as_json, changed)


def _send(
    folder: Path,
    kind: Kind,
    key: str,
    draft: Agreement | None,
    reason: str | None,
    as_json: bool,
    changed: Change | None = None,
) -> None:
    """Write the next message of the negotiation in `folder`, and the agreement once both have signed it."""
    # 1. what was said so far; the first message begins a negotiation
    signing = read_signing_key(key)
    begins = draft is not None and not _messages(folder)
    negotiation = Negotiation.begin(secrets.token_bytes(16)) if begins else _negotiation(folder, None)
    # 2. the message, refused here where the other side would refuse it
    try:
        negotiation, envelope = negotiation.send(kind, signing, datetime.now(UTC), draft, reason)
    except AgreementError as e:
        place = key if e.place == "key" else str(folder)
        raise AgreementError(_in_verbs(e.text), place=place, cure=_in_verbs(e.cure)) from None
    path = folder / Message.of(envelope).file_name
    # 3. the agreement itself, once there is one
    signed = negotiation.signed_agreement if negotiation.both_signed else None
    kept = signed is not None and (folder / SIGNED).exists()
    if signed is not None and kept and read_bytes(str(folder / SIGNED)) != signed.to_bytes():
        cure = "move it away: it is not what this negotiation came to"
        raise AgreementError("another agreement lies there", place=str(folder / SIGNED), cure=cure)
    write_new(path, envelope.to_bytes())
    if signed is not None and not kept:
        write_new(folder / SIGNED, signed.to_bytes())
    if as_json:
        document = {"state": str(negotiation.state), "message": str(path), "both_signed": negotiation.both_signed}
        document |= {"agreement": str(folder / SIGNED) if signed is not None else None}
        print_json(document | ({"change": changed.to_json()} if changed else {}))
    else:
        say(f"wrote {path}; the negotiation is now {negotiation.state}")
        if signed is not None:
            say(f"both have signed the same text: {folder / SIGNED}")
        if changed is not None:
            say("what it changes:")
            for line in (*changed.words.heads(), *changed.sentences()):
                say(f"  {line}")


def _negotiation(folder: Path, keys: Keys | None) -> Negotiation:
    paths = _messages(folder)
    if not paths:
        raise AgreementError("no message in it", place=str(folder), cure="begin with `brightline agreement offer`")
    envelopes = [_envelope(p) for p in paths]
    try:
        return Negotiation.replay(envelopes, keys)
    except AgreementError as e:
        place = _NUMBERED.sub(lambda found: str(paths[int(found[1])]), e.place)
        raise AgreementError(_in_verbs(e.text), place=place, cure=_in_verbs(e.cure)) from None


def _in_verbs(text: str) -> str:
    """`text` with this program's verbs for the protocol's message names, which nobody types."""
    for kind, verb in _VERBS.items():
        text = text.replace(str(kind), f"`{verb}`")
    return text


def _messages(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("[0-9][0-9][0-9]-*.json") if p.is_file())


def _envelope(path: Path) -> Envelope:
    envelope = read_envelope(read_bytes(str(path)), str(path))
    if envelope.payload_type != MESSAGE_TYPE:
        Agreement.of(envelope, str(path))
    return envelope
