"""`brightline key rotate`: new keys for a record, while no gateway writes it."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brightline.agreement.rotation import Rotation, sign_rotation
from brightline.cli.printing import Json, print_json, refuse_existing, say, write_new
from brightline.errors import ConfigError, StorageError
from brightline.keys import SigningKey
from brightline.record.body import ChangeBody, ChangeSubject
from brightline.record.body import unpack as unpack_body
from brightline.record.entry import Kind, unpack
from brightline.record.log import Disclosure, Draft
from brightline.storage.disk import IN_USE, Looking
from brightline.storage.keyfile import read_signing_key, read_site_key

if TYPE_CHECKING:
    from brightline.storage.record import Record

KINDS = ("log", "site")


def rotate(
    kind: Annotated[str, typer.Argument(metavar="log|site", help="The log's key, or the site key of its content.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The new key's file; the old one stays where it is.")],
    customer_key: Annotated[
        str | None, typer.Option("--key", help="Of a log's key: the customer's key, which signs the change.")
    ] = None,
    statement: Annotated[
        Path | None, typer.Option("--statement", help="Of a log's key: the new file that tells others of the change.")
    ] = None,
    config: Annotated[Path, typer.Option("--config", "-c", help="The gateway's settings.")] = Path("brightline.toml"),
    as_json: Json = False,
) -> None:
    """Change the log's key, or the site key, of a stopped gateway. Cut short, run it again with the same files."""
    # Imported here, so that the other verbs do not wait for the gateway's libraries.
    from brightline.gateway.config import read_config  # noqa: PLC0415
    from brightline.gateway.gateway import read_keys, standing_of  # noqa: PLC0415
    from brightline.storage.record import Record  # noqa: PLC0415
    from brightline.storage.rotation import reseal, resealing, rewrap  # noqa: PLC0415

    if kind not in KINDS:
        raise ConfigError(f"there is no key {kind[:40]!r} of a record", place="key rotate", cure="say log, or site")
    settings = read_config(config)
    log_key, site_key = read_keys(settings)
    agreement = standing_of(settings, None).agreement
    assert agreement is not None  # noqa: S101 - standing_of refuses where nothing is agreed
    document: dict[str, object]
    if kind == "site":
        begun, new_site = out.exists(), _site(out)
        try:
            record = Record.open(settings.data, log_key, site_key, Disclosure())
        except StorageError as e:
            # Cut short when all was wrapped anew: then the record opens with the new key, and nothing is left to do.
            if e.text == IN_USE or not _opens(settings.data, log_key, new_site):
                raise
            count = rewrap(settings.data, new_site, new_site)
        else:
            _write(record, ChangeBody(ChangeSubject.CUSTODY), (("changed", b"site key"),), begun=begun)
            count = rewrap(settings.data, site_key, new_site)
        document = {"kind": kind, "secret": str(out), "keys": count, "statement": None}
        told = [f"wrapped {count} entry keys anew: set site_key to {out}; copies made before still need the old key"]
    else:
        if customer_key is None or statement is None:
            cure = "add --key with the customer's key, and --statement with a new file"
            raise ConfigError("a log's key is the customer's to change", place="key rotate log", cure=cure)
        customer = read_signing_key(customer_key)
        if customer.public.public != agreement.parties.customer.key.public:
            raise ConfigError("it is not the customer's key", place=customer_key, cure="use the one of the agreement")
        refuse_existing(statement)
        new_log = _log(out, log_key.name)
        if not resealing(settings.data, new_log):
            held = (hashlib.sha256(str(k.public).encode()).digest() for k in (new_log, log_key))
            record = Record.open(settings.data, log_key, site_key, Disclosure())
            _write(record, ChangeBody(ChangeSubject.LOG_KEY, *held), begun=True)
        signed = reseal(settings.data, log_key, new_log)
        made = Rotation(
            agreement=agreement.digest,
            origin=log_key.name,
            old=log_key.public,
            new=new_log.public,
            size=signed.size,
            root=signed.root.hex(),
        )
        write_new(statement, sign_rotation(made, log_key, new_log, customer))
        document = {"kind": kind, "secret": str(out), "keys": 1, "statement": str(statement)}
        told = [f"set log_key to {out}, and add {statement} to rotations; send it to the vendor and every witness"]
    if as_json:
        print_json(document)
        return
    for line in told:
        say(line)
    say("keep the old key until the gateway has started with the new one, then destroy it")


def _write(record: Record, body: ChangeBody, fields: tuple[tuple[str, bytes], ...] = (), *, begun: bool) -> None:
    """An entry that says that a key was changed; of a log's key, which both parties know, to which. Where the rotation
    may have `begun` before, not if the newest entry says it already."""
    try:
        size = record.journal.log.size
        last = unpack(record.journal.read(size - 1, size)) if size else None
        if not begun or last is None or last.kind != Kind.CHANGE or unpack_body(Kind.CHANGE, last.body) != body:
            record.write([Draft(body, fields=fields)])
        record.journal.publish()
    finally:
        record.close()


def _opens(data: Path, log_key: SigningKey, site_key: bytes) -> bool:
    from brightline.storage.record import Record  # noqa: PLC0415 - as above

    try:
        Record.open(data, log_key, site_key, Disclosure(), disk=Looking()).close()
    except StorageError:
        return False
    return True


def _site(path: Path) -> bytes:
    """The new site key: made, or of a rotation that was cut short."""
    if not path.exists():
        write_new(path, secrets.token_hex(32).encode() + b"\n", secret=True)
    return read_site_key(path)


def _log(path: Path, origin: str) -> SigningKey:
    if not path.exists():
        write_new(path, SigningKey.new(origin, secrets.token_bytes(32)).secret_text().encode() + b"\n", secret=True)
    made = read_signing_key(str(path))
    if made.name != origin:
        raise ConfigError(f"it is a key of {made.name}", place=str(path), cure=f"make one for {origin}")
    return made
