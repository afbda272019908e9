"""`brightline audit commit · challenge · open · judge · report`: random audits, in a folder that a disc can carry."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brightline.agreement import Agreement
from brightline.agreement.rotation import Rotation, read_rotation
from brightline.assurance.audit import chain, challenge, opened, report, statements
from brightline.assurance.audit.challenge import Drawn, Scanned
from brightline.assurance.audit.statements import Challenge, How, Judged, Letter, Opened, Verdict, Why
from brightline.assurance.verify import verify as verify_bundle
from brightline.assurance.verify.agreed import Agreed, read_agreed
from brightline.assurance.verify.bundle import open_bundle
from brightline.cli.agreement import known_keys
from brightline.cli.evidence import AgreementFile, Bundle
from brightline.cli.judging import deciding_of, judged_one
from brightline.cli.printing import Json, print_json, quote, read_bytes, refuse_existing, say, write_new
from brightline.errors import ConfigError, RecordError
from brightline.keys import SigningKey, VerifyKey
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import ENTRY_BYTES, Entry, unpack
from brightline.storage.files import read_file
from brightline.storage.keyfile import read_signing_key

if TYPE_CHECKING:
    from brightline.storage.sight import Sight

app = typer.Typer(help="Random audits that neither side can steer.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="The audit's folder: what each side adds travels with it.")]
Key = Annotated[str, typer.Option("--key", help="Your signing key.")]
VendorKey = Annotated[str | None, typer.Option(help="The vendor's key as you know it from elsewhere.")]
CustomerKey = Annotated[str | None, typer.Option(help="The customer's key, likewise.")]
Changes = Annotated[list[str] | None, typer.Option("--rotation", help="A change of the log's key; may be repeated.")]


@app.command()
def commit(
    out: Annotated[Path, typer.Option("--out", "-o", help="The new file for the secret; keep it until the end.")],
    epochs: Annotated[int, typer.Option(help="For how many epochs.")] = 120,
    as_json: Json = False,
) -> None:
    """The vendor, before it signs: make the chain of nonces. Its end goes into the agreement's [audit]."""
    secret = secrets.token_bytes(chain.NONCE_BYTES)
    end = chain.commitment(secret, epochs)
    write_new(out, secret.hex().encode() + b"\n", secret=True)
    if as_json:
        print_json({"secret": str(out), "commitment": end, "epochs": epochs})
    else:
        say(f"secret  {out}  (whoever has it knows every draw in advance)")
        say(f'[audit]\ncommitment = "{end}"\nepochs = {epochs}')


@app.command("challenge")
def make_challenge(
    bundle: Bundle,
    folder: Folder,
    agreement: AgreementFile,
    secret: Annotated[Path, typer.Option(help="The file of `audit commit`.")],
    key: Key,
    auditor: Annotated[str | None, typer.Option(help="One of the accepted auditors; else the first.")] = None,
    rotation: Changes = None,
    as_json: Json = False,
) -> None:
    """The vendor, once the evidence of an epoch is in its hands: reveal the epoch's nonce, which draws the sample."""
    # 1. evidence that does not verify is no checkpoint to draw from
    agreed = read_agreed(read_bytes(agreement), None)
    audit = challenge.audit_of(agreed.agreement)
    with bundle.open("rb") as file:
        changed = [read_bytes(r) for r in rotation or []]
        if not (result := verify_bundle(file, read_bytes(agreement), None, rotations=changed)).verified:
            text = next(s.text for s in result.steps if s.ok is False)
            raise RecordError(f"it does not verify: {text}", place=str(bundle), cure="`brightline verify` says more")
    note, scanned = _scan(bundle)
    # 2. the challenge, after all that were made before
    before = _challenges(folder, agreed.agreement)
    named = auditor or next((a.name for a in audit.auditors), "")
    read = _rotations(agreed.agreement, rotation)
    made = challenge.make(agreed.agreement, _secret(secret), note, scanned, before, named, read)
    drawn = challenge.check(made, agreed.agreement, scanned, before, read)
    signing = _mine(key, agreed.agreement.parties.vendor.key, "the vendor's")
    path = folder / f"challenge-{made.epoch:05}.json"
    write_new(path, statements.sign(made, signing))
    document = {"challenge": str(path), "epoch": made.epoch, "decisions": drawn.decisions, "drawn": len(drawn.entries)}
    if as_json:
        print_json(document | {"auditor": made.auditor})
    else:
        say(f"wrote {path}: {len(drawn.entries)} of {drawn.decisions} decisions of epoch {made.epoch} are drawn")
        say("the nonce is revealed with it: challenge each log of the agreement before you hand any of them over")


@app.command("open")
def open_all(
    folder: Folder,
    key: Key,
    refuse: Annotated[
        list[int] | None, typer.Option(help="A drawn entry that is not opened: counted, and said.")
    ] = None,
    config: Annotated[Path, typer.Option("--config", "-c", help="The gateway's settings.")] = Path("brightline.toml"),
    as_json: Json = False,
) -> None:
    """The customer: open exactly what was drawn, sealed to the accepted auditor. Every look is recorded first."""
    # Imported here, so that the other verbs do not wait for the gateway's libraries.
    from brightline.gateway.config import read_config  # noqa: PLC0415
    from brightline.gateway.gateway import read_keys, standing_of  # noqa: PLC0415
    from brightline.storage.sight import sight_of  # noqa: PLC0415

    # 1. a challenge that stands
    settings = read_config(config)
    agreement = standing_of(settings, None).agreement
    assert agreement is not None  # noqa: S101 - standing_of refuses where nothing is agreed
    signing = _mine(key, agreement.parties.customer.key, "the customer's")
    found = _challenges(folder, agreement)
    if not found:
        raise ConfigError("there is no challenge", place=str(folder), cure="put the vendor's challenge-N.json there")
    path = _opened_path(folder, found[-1])
    refuse_existing(path, path.with_suffix(""))
    log_key, site_key = read_keys(settings)
    with sight_of(settings.data, log_key, site_key) as seen:
        read = _rotations(agreement, [str(p) for p in settings.rotations])
        drawn = challenge.check(found[-1], agreement, _own(seen, found[-1]), found[:-1], read)
        if drawn.challenge.origin != log_key.name:
            raise RecordError(
                f"it is about the log {drawn.challenge.origin}", place=str(folder), cure="use its gateway"
            )
        refused = frozenset(refuse or ())
        said, letters = opened.open_drawn(drawn, seen.vault.opened, refused)
    # 2. every look is in the record before anything leaves
    looks = [letter.entry for letter in said.letters]
    recorded = _record_looks(settings, agreement, signing, drawn, looks)
    # 3. letters, then the statement that names them: without it they are nothing
    for entry, letter in letters.items():
        write_new(path.with_suffix("") / f"{entry}.letter", letter)
    write_new(path, statements.sign(said, signing))
    counts = {str(why): sum(u.why is why for u in said.unopened) for why in Why}
    if as_json:
        print_json({"opened": str(path), "letters": len(letters), **counts, "recorded": recorded})
    else:
        say(f"wrote {path}: {len(letters)} decisions opened to {drawn.auditor.name}, and to nobody else")
        for why, count in counts.items():
            if count:
                say(f"{count} {why}: each counts as a failure in the report")


@app.command()
def judge(
    folder: Folder,
    bundle: Bundle,
    agreement: AgreementFile,
    key: Key,
    replay: Annotated[bool, typer.Option("--replay", help="Let the agreed terms decide the facts again.")] = False,
    vendor_key: VendorKey = None,
    customer_key: CustomerKey = None,
    rotation: Changes = None,
    as_json: Json = False,
) -> None:
    """The auditor: judge what was opened, one at a time, or let the terms decide again. Each verdict is signed."""
    if as_json and not replay:
        cure = "leave --json away, or use --replay"
        raise ConfigError("a guided judgement talks to a person", place="audit judge --json", cure=cure)
    agreed, drawn, before = _checked(folder, bundle, agreement, vendor_key, customer_key, rotation)
    signing = read_signing_key(key)
    opened.auditors_key(drawn, signing)
    said = _said(folder, drawn, agreed.agreement)
    done = set(_judged(folder, drawn))
    waiting = [e for e in drawn.entries if isinstance((said or {}).get(e), Letter) and e not in done]
    counts = dict.fromkeys((*map(str, Verdict), "left"), 0)
    entries = _entries(bundle, waiting)
    letters = _opened_path(folder, drawn.challenge).with_suffix("")
    deciding = deciding_of(agreed.agreement) if replay else None
    for n, entry in enumerate(waiting):
        verdict = judged_one(
            letters, drawn, entries[entry], said, signing, deciding, f"{n + 1} of {len(waiting)}", agreed
        )
        counts["left" if verdict is None else str(verdict)] += 1
        if verdict is None:
            if replay:
                continue
            counts["left"] += len(waiting) - n - 1
            break
        how = How.REPLAY if replay else How.READ
        made = Judged(challenge=drawn.id, entry=entry, verdict=verdict, how=how)
        write_new(_judged_folder(folder, drawn) / f"{entry}.json", statements.sign(made, signing))
    document = {"judged": str(_judged_folder(folder, drawn)), "epoch": drawn.challenge.epoch, **counts}
    if as_json:
        print_json(document | {"before": len(done), "earlier": len(before)})
    else:
        say(f"{', '.join(f'{n} {what}' for what, n in counts.items())}; {len(done)} judged before")
    raise typer.Exit(1 if counts["wrong"] else 0)


@app.command("report")
def make_report(
    folder: Folder,
    bundle: Bundle,
    agreement: AgreementFile,
    vendor_key: VendorKey = None,
    customer_key: CustomerKey = None,
    rotation: Changes = None,
    as_json: Json = False,
) -> None:
    """What the newest audit showed, with exact bounds. Anyone computes it alike. Ends 1 where anything failed."""
    agreed, drawn, _ = _checked(folder, bundle, agreement, vendor_key, customer_key, rotation)
    found = report.report(drawn, _said(folder, drawn, agreed.agreement), _judged(folder, drawn))
    follows = agreed.follows("audit.refused") if found.counts["refused"] or found.counts["erased"] else ""
    if as_json:
        print_json(found.to_json() | {"follows": follows})
    else:
        c = drawn.challenge
        say(f"audit of {c.origin}, epoch {c.epoch}: entries {c.first} to {drawn.signed.size - 1}, by {c.auditor}")
        say(", ".join(f"{n} {what}" for what, n in found.counts.items() if n) or "nothing was drawn")
        quote(found.bound.text, "")
        quote("Wrong, unclear, erased, refused and unjudged count as failures. The bound is on recorded decisions.", "")
        if follows:
            quote(f"The agreement says: {follows}", "")
    raise typer.Exit(1 if found.failed else 0)


# ---- the folder --------------------------------------------------------------------------------------------------


def _challenges(folder: Path, agreement: Agreement) -> list[Challenge]:
    """All challenges in the folder, oldest first, each signed by the vendor."""
    paths = sorted(folder.glob("challenge-*.json"))
    key = agreement.parties.vendor.key
    found = [statements.read(read_file(p), Challenge, key, str(p)) for p in paths]
    return sorted(found, key=lambda c: c.epoch)


def _opened_path(folder: Path, found: Challenge) -> Path:
    return folder / f"opened-{found.epoch:05}.json"


def _judged_folder(folder: Path, drawn: Drawn) -> Path:
    return folder / f"judged-{drawn.challenge.epoch:05}"


def _said(folder: Path, drawn: Drawn, agreement: Agreement) -> dict[int, Why | Letter] | None:
    path = _opened_path(folder, drawn.challenge)
    if not path.exists():
        return None
    said = statements.read(read_file(path), Opened, agreement.parties.customer.key, str(path))
    return dict(opened.check_opened(said, drawn))


def _judged(folder: Path, drawn: Drawn) -> dict[int, Judged]:
    found: dict[int, Judged] = {}
    for path in sorted(_judged_folder(folder, drawn).glob("*.json")):
        judged = statements.read(read_file(path), Judged, drawn.auditor.key, str(path))
        if judged.challenge != drawn.id or path.stem != str(judged.entry):
            raise RecordError("it is about another decision", place=str(path), cure="put it where it belongs")
        found[judged.entry] = judged
    return found


def _checked(
    folder: Path, bundle: Path, agreement: str, vendor: str | None, customer: str | None, rotation: list[str] | None
) -> tuple[Agreed, Drawn, Sequence[Challenge]]:
    """The newest challenge, checked against the evidence and against all before it."""
    agreed = read_agreed(read_bytes(agreement), known_keys(vendor, customer))
    found = _challenges(folder, agreed.agreement)
    if not found:
        raise ConfigError("there is no challenge", place=str(folder), cure="put the vendor's challenge-N.json there")
    size = int(Checkpoint.parse(found[-1].checkpoint.partition("\n\n")[0] + "\n").size)
    _, scanned = _scan(bundle, size)
    read = _rotations(agreed.agreement, rotation)
    return agreed, challenge.check(found[-1], agreed.agreement, scanned, found[:-1], read), found[:-1]


def _rotations(agreement: Agreement, files: Sequence[str] | None) -> list[Rotation]:
    return [read_rotation(read_bytes(f), agreement.parties.customer.key, f) for f in files or []]


# ---- evidence ----------------------------------------------------------------------------------------------------


def _scan(bundle: Path, size: int | None = None) -> tuple[bytes, Scanned]:
    with bundle.open("rb") as file:
        found = open_bundle(file)
        return found.checkpoint, Scanned.of(found.entries(), found.about.count if size is None else size)


def _own(seen: Sight, found: Challenge) -> Scanned:
    size = Checkpoint.parse(found.checkpoint.partition("\n\n")[0] + "\n").size
    return Scanned.of(seen.chunks(min(size, seen.size)), size)


def _entries(bundle: Path, wanted: Sequence[int]) -> dict[int, Entry]:
    """These entries of the bundle, which was checked before."""
    left, found, at = set(wanted), dict[int, Entry](), 0
    with bundle.open("rb") as file:
        for chunk in open_bundle(file).entries():
            count = len(chunk) // ENTRY_BYTES
            for entry in [e for e in left if at <= e < at + count]:
                found[entry] = unpack(chunk[(entry - at) * ENTRY_BYTES :][:ENTRY_BYTES])
                left.discard(entry)
            at += count
    return found


def _record_looks(settings: Any, agreement: Agreement, key: SigningKey, drawn: Drawn, looks: list[int]) -> int:
    from brightline.gateway.ordering import carry_out  # noqa: PLC0415 - as above
    from brightline.storage.order import MAX_ENTRIES, Do, Order, sign_order  # noqa: PLC0415

    for i in range(0, len(looks), MAX_ENTRIES):
        order = Order(
            do=Do.AUDIT,
            origin=drawn.challenge.origin,
            agreement=agreement.digest,
            person=agreement.parties.customer.name,
            role="inspector",
            time=int(time.time()),
            entries=tuple(looks[i : i + MAX_ENTRIES]),
            reason=f"audit of epoch {drawn.challenge.epoch}, {drawn.id}, to {drawn.auditor.name}",
        )
        carry_out(settings, sign_order(order, key), None)
    return len(looks)


def _secret(path: Path) -> bytes:
    try:
        return bytes.fromhex(read_file(path, 1024).decode("ascii").strip())
    except ValueError:
        raise ConfigError("not a secret of audits", place=str(path), cure="give the file of `audit commit`") from None


def _mine(key: str, known: VerifyKey, whose: str) -> SigningKey:
    signing = read_signing_key(key)
    if signing.public.public != known.public:
        raise ConfigError(f"it is not {whose} key of the agreement", place=key, cure=f"sign with {known.name}'s key")
    return signing
