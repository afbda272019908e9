"""`brightline registry …`: signed registries as a folder of files, which a disc can carry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from brightline.agreement.reading import plain
from brightline.cli.key import read_verify_key
from brightline.cli.opening import open_pack
from brightline.cli.printing import Json, outcome, print_json, refuse_existing, say, table
from brightline.cli.registered import read_items
from brightline.errors import RegistryError, UseError, nearest
from brightline.keys import SigningKey, VerifyKey
from brightline.registry import (
    Claims,
    Kind,
    Refused,
    Registry,
    Version,
    all_unfit,
    changes_of,
    may,
    read_registry,
    statement,
)
from brightline.storage.keyfile import read_signing_key
from brightline.storage.registries import read_folder, write_folder
from brightline.terms import Outcome, Terms, confirm
from brightline.vocabulary import FactKind, FactValue, use_json
from brightline.vocabulary.use import read_value

app = typer.Typer(help="Purposes, data sets, authorities, tools, actors, models, prices: signed.", no_args_is_help=True)
Folder = Annotated[Path, typer.Option("--registry", help="The registry's folder.")]
Customer = Annotated[str, typer.Option("--customer-key", help="The customer's key as the agreement names it.")]
Key = Annotated[str, typer.Option("--key", help="The owner's signing key; for the owners, the customer's.")]
KindName = Annotated[
    str, typer.Argument(help="purposes, datasets, authorities, tools, actors, models, prices, owners.")
]
Name = Annotated[str, typer.Argument(help="The item's exact name.")]
HERE = Path("registry")
OBSERVED: Mapping[str, FactValue] = {
    "actuation": "none",
    "approval_tempo": "normal",
    "end_user": "identified",
    "integrity": "intact",
    "meter": "missing",
    "screen": "not_screened",
}
"""What a gateway would see of a plain model call by somebody with a key of their own."""


@app.command("list")
def list_(kind: KindName, customer_key: Customer, registry: Folder = HERE, as_json: Json = False) -> None:
    """What is registered of a kind, and by whom."""
    of, found = _kind(kind), _read(registry, customer_key)
    rows = [_row(found, of, name) for name in found.items(of)]
    if as_json:
        print_json({"registry": found.name, "kind": str(of), "items": rows, "refused": len(found.refused)})
        return
    if rows:
        table(
            ("name", "version", "owner", "signed"),
            [(r["name"], str(r["version"]), r["owner"], r["time"]) for r in rows],
        )
    else:
        say(f"no {of} registered")
    _warn(found.refused)


@app.command()
def show(kind: KindName, name: Name, customer_key: Customer, registry: Folder = HERE, as_json: Json = False) -> None:
    """One item with its history."""
    of, found = _kind(kind), _read(registry, customer_key)
    if name not in found.items(of):
        cure = nearest(name, found.items(of))
        why = "it is not registered" if of is Kind.OWNERS else found.why_not(of, name)
        raise RegistryError(why, place=f"{of} {name[:60]!r}", cure=cure)
    document = _row(found, of, name) | {"kind": str(of), "item": plain(found.items(of)[name])}
    document["history"] = [
        {"version": v.statement.version, "time": plain(v.statement.time), "digest": v.digest, "item": plain(v.item)}
        for v in _line(found, of, name)
    ]
    if as_json:
        print_json(document)
        return
    say(f"{of} {name}, version {document['version']}, signed by {document['owner']} at {document['time']}")
    for member, value in document["item"].items():
        say(f"    {member}: {_words(value)}")
    for v in document["history"][:-1]:
        say(f"    before: version {v['version']} of {v['time']}{'' if v['item'] else ', a removal'}")


@app.command()
def sign(
    file: Annotated[Path, typer.Argument(help="The items: a TOML file (docs/reference/registry.md).")],
    key: Key,
    customer_key: Customer,
    registry: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Sign the items of a file as their owner. What stands already as the file says is left as it is."""
    # 1. what to sign
    name, items = read_items(file)
    signing, customer = read_signing_key(key), read_verify_key(customer_key)
    files = read_folder(registry) if registry.is_dir() else {}
    signed: list[Version] = []
    unchanged: list[str] = []
    before: Registry | None = None
    if files or set(items) != {(Kind.OWNERS, name)}:
        before = read_registry(files, customer)
        if name and name != before.name:
            raise RegistryError(
                f"the registry there is {before.name!r}", place=str(file), cure="name that, or a new folder"
            )
    # 2. a statement for each item that says something new, or that its last owner may no longer answer for
    now = datetime.now(UTC)
    for (kind, called), item in items.items():
        if before is not None and before.items(kind).get(called) == item:
            unchanged.append(f"{kind} {called}")
        elif before is None:
            signed.append(_signed(statement(kind, called, item, now, None, None), signing))
        else:
            signed.append(_signed(before.next(kind, called, item, now), signing))
    # 3. all of it stands, or none of it is written
    _write(registry, files, before, customer, signed, key)
    if as_json:
        print_json({"signed": [_named(v, registry) for v in signed], "unchanged": unchanged})
        return
    for v in signed:
        say(f"signed {v.statement.kind} {v.statement.name}, version {v.statement.version}")
    for text in unchanged:
        say(f"unchanged: {text}")


@app.command()
def remove(
    kind: KindName, name: Name, key: Key, customer_key: Customer, registry: Folder = HERE, as_json: Json = False
) -> None:
    """Sign that an item is registered no more. Its history stays."""
    of, files, customer = _kind(kind), read_folder(registry), read_verify_key(customer_key)
    if of is Kind.OWNERS:
        raise RegistryError("the owners cannot be removed", place=f"{of} {name[:60]!r}", cure="sign a shorter list")
    before = read_registry(files, customer)
    removed = _signed(before.next(of, name, None, datetime.now(UTC)), read_signing_key(key))
    _write(registry, files, before, customer, [removed], key)
    if as_json:
        print_json(_named(removed, registry))
    else:
        say(f"removed {of} {name}, version {removed.statement.version}")


@app.command("export")
def export_(
    folder: Annotated[Path, typer.Argument(help="A new folder, on a disc for example.")],
    customer_key: Customer,
    registry: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Copy what stands, with its history, into a new folder. What was refused is left behind."""
    found = _read(registry, customer_key)
    refuse_existing(folder)
    written = write_folder(folder, _standing(found))
    if as_json:
        print_json({"folder": str(folder), "files": len(written), "digest": found.digest})
    else:
        say(f"wrote {folder}: {len(written)} files, digest {found.digest}")


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(help="The folder that another registry was exported to.")],
    customer_key: Customer,
    registry: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Take over what is newer in another copy of this registry. Whole or not at all; nothing goes back."""
    customer = read_verify_key(customer_key)
    theirs, mine = read_folder(folder), read_folder(registry) if registry.is_dir() else {}
    # 1. what they have must be sound of itself, so that a fault is told by its own file
    other = read_registry(theirs, customer)
    if other.refused:
        first = other.refused[0]
        raise RegistryError(first.text, place=first.place, cure=first.cure)
    before = read_registry(mine, customer) if mine else None
    # 2. both together must lose nothing that either has
    after = _write(registry, mine, before, customer, list(_standing(other)), str(folder))
    changes = [c.to_json() for c in changes_of(before, after)]
    if as_json:
        print_json({"changes": changes, "digest": after.digest})
        return
    for c in changes:
        for what in ("added", "altered", "removed"):
            for name in c[what]:
                say(f"{what} {c['kind']} {name}")
    say(f"the registry now has the digest {after.digest}")


@app.command()
def check(
    customer_key: Customer,
    registry: Folder = HERE,
    pack: Annotated[str | None, typer.Option(help="A pack: its vocabulary and pins must bear the items out.")] = None,
    as_json: Json = False,
) -> None:
    """Verify every signature and chain. Ends 1 where a file was refused, or an item does not fit the pack."""
    found = _read(registry, customer_key)
    unfit = all_unfit(open_pack(pack).terms, found) if pack is not None else []
    if as_json:
        refused = [
            {"place": r.place, "kind": str(r.kind or ""), "name": r.name, "text": r.text, "cure": r.cure}
            for r in found.refused
        ]
        counts = {str(k): len(found.items(k)) for k in Kind}
        print_json(
            {
                "ok": not (refused or unfit),
                "registry": found.name,
                "digest": found.digest,
                "items": counts,
                "refused": refused,
            }
            | {"unfit": [{"kind": str(k), "name": n, "why": str(w), "text": t} for k, n, w, t in unfit]}
        )
    else:
        say(f"{found.name}: {', '.join(f'{len(found.items(k))} {k}' for k in Kind if found.items(k))}")
        say(f"digest {found.digest}")
        _warn(found.refused)
        for kind, name, _, text in unfit:
            say(f"attests nothing under these terms: {kind} {name}: {text}")
    raise typer.Exit(1 if found.refused or unfit else 0)


@app.command("may")
def may_(
    pack: Annotated[str, typer.Argument(help="The terms: a pack's folder, a .cedar file, or a shipped pack's name.")],
    actor: Annotated[str, typer.Argument(help="The actor, as registered.")],
    customer_key: Customer,
    registry: Folder = HERE,
    purpose: Annotated[str, typer.Option(help="A registered purpose.")] = "",
    dataset: Annotated[list[str] | None, typer.Option(help="A registered data set; once for each.")] = None,
    authority: Annotated[list[str] | None, typer.Option(help="A registered authority; once for each.")] = None,
    fact: Annotated[list[str] | None, typer.Option(help="NAME=VALUE that the caller declares; once for each.")] = None,
    model: Annotated[str, typer.Option(help="The model, as the agreement names it.")] = "",
    as_json: Json = False,
) -> None:
    """What may an actor do? Decides a use that nobody makes; records nothing. Ends 1 where it is not permitted."""
    terms, found = open_pack(pack).terms, _read(registry, customer_key)
    declared = _declared(terms, fact or [])
    claims = Claims(actor=actor, purpose=purpose, datasets=tuple(dataset or ()), authorities=tuple(authority or ()))
    said = may(terms, found, claims, datetime.now(UTC).date(), declared=declared, observed=OBSERVED, model=model)
    confirm(terms, said.use, said.decision)
    document = said.decision.to_json() | {"use": use_json(said.use), "unattested": [str(r) for r in said.refused]}
    if as_json:
        print_json(document | {"overruled": list(said.overruled), "recorded": False})
    else:
        say(outcome(said.decision.outcome), f"  {said.use.activity}: {said.decision.text}")
        for text in document["unattested"]:
            say(f"    not attested: {text}")
        for name in said.overruled:
            say(f"    {name}: its owner says otherwise, which stands")
        say("A dry run: nothing was recorded. Meters and the screen took no part.")
    raise typer.Exit(0 if said.decision.outcome is Outcome.PERMIT else 1)


def _declared(terms: Terms, facts: list[str]) -> dict[str, FactValue]:
    """`place=home`, `lanes=a+b`. Raises UseError."""
    words, out = terms.scope.vocabulary, {}
    for text in facts:
        name, _, value = text.partition("=")
        known = words.fact(name, "--fact", UseError)
        given: object = value.split("+") if known.kind is FactKind.SET else value
        out[name] = read_value(words, known, given, f"--fact {name}")
    return out


def _read(folder: Path, customer: str) -> Registry:
    return read_registry(read_folder(folder), read_verify_key(customer))


def _kind(word: str) -> Kind:
    if word not in tuple(Kind):
        raise RegistryError(f"{word[:60]!r} is no kind", place="registry", cure=nearest(word, map(str, Kind)))
    return Kind(word)


def _signed(said: Any, signing: SigningKey) -> Version:
    return Version.read(Version.of(said).envelope.signed(signing))


def _write(
    folder: Path,
    files: dict[str, bytes],
    before: Registry | None,
    customer: VerifyKey,
    versions: list[Version],
    place: str,
) -> Registry:
    """Write new versions if, with them, all stand that stood, and they too. Raises RegistryError."""
    new = {str(folder / v.file_name): v.envelope.to_bytes() for v in versions}
    after = read_registry(files | new, customer)
    known = set(before.refused) if before is not None else set()
    for r in after.refused:
        # What lapses because the customer names other owners is the customer's will; the rest is a fault of `place`.
        if r not in known and (r.place in new or (r.kind is not None and _lost(before, after, r))):
            raise RegistryError(r.text, place=f"{place}: {r.kind or ''} {r.name}".rstrip(": "), cure=r.cure)
    write_folder(folder, versions)
    return after


def _lost(before: Registry | None, after: Registry, refused: Refused) -> bool:
    """Whether something that stood is lost, and not because its owner is named no more."""
    if before is None or refused.kind in (None, Kind.OWNERS):
        return False
    stood = refused.name in before.items(refused.kind)
    return stood and refused.name not in after.items(refused.kind) and (refused.kind, refused.name) not in after.lapsed


def _standing(found: Registry) -> list[Version]:
    """Every version that stands or stood, oldest first."""
    heads = [h for of in found.heads.values() for h in of.values()] + list(found.lapsed.values())
    return [*found.roots.versions, *(v for h in heads for v in (*h.before, h.version))]


def _line(found: Registry, kind: Kind, name: str) -> tuple[Version, ...]:
    if kind is Kind.OWNERS:
        return found.roots.versions
    head = found.heads[kind][name]
    return (*head.before, head.version)


def _row(found: Registry, kind: Kind, name: str) -> dict[str, Any]:
    version = _line(found, kind, name)[-1]
    owner = "customer" if kind is Kind.OWNERS else found.heads[kind][name].owner.name
    s = version.statement
    return {"name": name, "version": s.version, "owner": owner, "time": plain(s.time), "digest": version.digest}


def _named(v: Version, folder: Path) -> dict[str, Any]:
    s = v.statement
    return {"kind": str(s.kind), "name": s.name, "version": s.version, "file": str(folder / v.file_name)}


def _words(value: Any) -> str:
    match value:
        case None:
            return "-"
        case dict():
            return ", ".join(f"{k} = {_words(v).replace(', ', '+')}" for k, v in value.items()) or "-"
        case list():
            return ", ".join(map(_words, value)) or "-"
        case _:
            return str(value)


def _warn(refused: tuple[Refused, ...]) -> None:
    for r in refused:
        say(f"refused: {r}")
