"""`brightline evidence thin · release · refuse · meters`: totals on a sheet, the officer's word, many sites' counts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brightline.assurance.explain import explain
from brightline.assurance.release import REASONS, Release, digest_of, sign_release
from brightline.assurance.thin import thin as make_thin
from brightline.assurance.verify.bundle import CHUNK, open_bundle
from brightline.assurance.verify.statements import KNOWN
from brightline.canonical import dump
from brightline.cli.key import read_witness_key
from brightline.cli.printing import Json, open_file, print_json, read_bytes, say, write_new
from brightline.cli.released import check_entries, check_lines
from brightline.errors import ConfigError, RecordError, StorageError
from brightline.meters import union
from brightline.record.entry import ENTRY, ENTRY_BYTES, Kind
from brightline.record.opening import Opened, open_fields
from brightline.storage.disk import Looking
from brightline.storage.keyfile import read_signing_key
from brightline.storage.published import Published
from brightline.storage.vault import Vault

if TYPE_CHECKING:
    from brightline.gateway.config import Config

Settings = Annotated[Path, typer.Option("--config", "-c", help="The gateway's settings.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="The file; it must not exist yet.")]
Officer = Annotated[str, typer.Option("--key", help="The releasing officer's signing key.")]
Bundle = Annotated[Path, typer.Argument(help="The bundle's file.")]
_USUAL = Path("brightline.toml")


def add(app: typer.Typer) -> None:
    for verb in (thin, release, refuse, meters):
        app.command()(verb)


def thin(
    out: Out,
    config: Settings = _USUAL,
    witnessed: Annotated[bool, typer.Option("--witnessed", help="Of the newest cosigned checkpoint.")] = False,
    as_json: Json = False,
) -> None:
    """Write the log's totals with their proof in at most 1,400 bytes of text: for a sheet of paper or a QR code."""
    settings = _settings(config)
    published = (Published.witnessed if witnessed else Published)(settings.data / "log")
    counters, proof = published.counters()
    made, left_out = make_thin(read_bytes(str(settings.agreement)), published.checkpoint, counters, proof)
    write_new(out, made)
    if as_json:
        print_json({"thin": str(out), "bytes": len(made), "entries": published.size, "cosignatures_left_out": left_out})
    else:
        say(f"wrote {out}: {len(made)} bytes of text, the totals of {published.size} entries")
        if left_out:
            say(f"there was no room for {left_out} cosignatures")


def release(
    bundle: Bundle,
    key: Officer,
    out: Out,
    config: Settings = _USUAL,
    witness: Annotated[
        list[str] | None, typer.Option(help="The key of a witness whose cosignature may leave; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Sign that a bundle may leave; the record says so. First every byte of it is read and explained.

    Refused where it opens what cannot be explained, bears a line that nobody known signed, or is not of this record.
    """
    settings = _settings(config)
    with open_file(bundle) as file:
        told = explain(file, read_bytes(str(settings.agreement)))
    if unknown := [p.example for p in told.parts if p.name == "opened" and p.example.split(",")[0] not in KNOWN]:
        cure = "refuse it: `brightline evidence refuse --reason unexplained`"
        raise RecordError(f"{unknown[0]} cannot be explained", place=str(bundle), cure=cure)
    with open_file(bundle) as file:
        opened = open_bundle(file)
        check_lines(settings, opened.checkpoint, [read_witness_key(w) for w in witness or ()])
        check_entries(Published(settings.data / "log"), opened)
    _sign(settings, bundle, key, out, "none", as_json)


def refuse(
    bundle: Bundle,
    key: Officer,
    out: Out,
    reason: Annotated[str, typer.Option("--reason", help=f"One of {', '.join(REASONS)}.")],
    config: Settings = _USUAL,
    as_json: Json = False,
) -> None:
    """Sign that a bundle may not leave, and why, as one of seven classes; the record says so."""
    if reason not in REASONS:
        raise ConfigError(f"no reason is called {reason[:40]!r}", place="--reason", cure=f"one of {', '.join(REASONS)}")
    _sign(_settings(config), bundle, key, out, reason, as_json)


def meters(
    exports: Annotated[list[Path], typer.Argument(help="Exports of meters, one for each site.")],
    out: Out,
    as_json: Json = False,
) -> None:
    """Count over sites that have no link, inside the customer; what is written names nobody. Ends 1 past a limit.

    A running gateway leaves its site's as `statements/meters.export` in the record's folder. Put what is written here
    into `statements/meters.json` of one: its next epoch states it.
    """
    read = [union.Export.from_bytes(read_bytes(str(path)), str(path)) for path in exports]
    found = union.summary(read, union.merge(read, max((e.time for e in read), default=0)))
    value = found.value()
    write_new(out, dump(value))
    if as_json:
        print_json({"statement": str(out), **value})
    else:
        exact = "" if found.exact else ", at least"
        say(f"{found.sites} sites, {found.scopes} counts, the highest {found.highest}{exact}")
        say(f"{found.at_hard} of them reached the limit of {found.hard}")
    raise typer.Exit(1 if found.at_hard else 0)


def opened_epochs(settings: Config, published: Published) -> list[Opened]:
    """What the log's epochs state, opened for a bundle. An epoch whose private side was erased states nothing."""
    from brightline.gateway.gateway import read_keys  # noqa: PLC0415

    epochs, at = [], 0
    for block in published.entries():
        kinds = memoryview(block)[ENTRY.fields["kind"][1] :: ENTRY_BYTES]  # type: ignore[index]
        epochs += [at + i for i, kind in enumerate(kinds) if kind == Kind.EPOCH]
        at += len(kinds)
    if not epochs or not (settings.data / "private").is_dir():
        return []
    _, site_key = read_keys(settings)
    vault, found = Vault(settings.data / "private", site_key, Looking()), list[Opened]()
    try:
        for index in epochs:
            if vault.has(index, index + 1)[0] and (private := vault.opened(index)) is not None:
                made = open_fields(index, *private, KNOWN)
                found += [made] if made is not None else []
    finally:
        vault.close()
    return found


def _settings(config: Path) -> Config:
    from brightline.gateway.config import read_config  # noqa: PLC0415

    settings = read_config(config)
    if settings.agreement is None:
        cure = "evidence is made for an agreement: set agreement in the settings"
        raise ConfigError("no agreement is set", place=str(config), cure=cure)
    return settings


def _sign(settings: Config, bundle: Path, key: str, out: Path, reason: str, as_json: bool) -> None:
    with open_file(bundle) as file:
        about = open_bundle(file).about
    with open_file(bundle) as file:
        digest = digest_of(_pieces(file))
    verdict = "released" if reason == "none" else "refused"
    fields: dict[str, Any] = {"verdict": verdict, "reason": reason, "time": int(time.time())}
    said = Release(agreement=about.agreement, origin=about.origin, bundle=digest, size=about.count, **fields)
    made = sign_release(said, read_signing_key(key)).to_bytes()
    write_new(out, made)
    name = f"{digest.removeprefix('sha256:')[:16]}-{verdict}-{said.time}.json"
    try:
        write_new(settings.data / "releases" / name, made)
    except ConfigError as e:
        raise StorageError(e.text, place=e.place, cure=e.cure) from None
    if as_json:
        print_json({"statement": str(out), "bundle": digest, "verdict": verdict, "reason": reason})
    else:
        say(f"{verdict}: {bundle} ({digest}); the gateway records it")


def _pieces(file: Any) -> Iterator[bytes]:
    while data := file.read(CHUNK):
        yield data
