"""`brightline evidence export · explain` and `brightline verify`: what leaves the customer, and what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from brightline.assurance.explain import explain as explain_bundle
from brightline.assurance.export import export as export_bundle
from brightline.assurance.opening import is_opening
from brightline.assurance.verify import Result, contradiction, thin
from brightline.assurance.verify import verify as verify_bundle
from brightline.cli import custody, releasing
from brightline.cli.agreement import known_keys
from brightline.cli.filing import Audits, Filing, Key, Oscal, Report, Statement
from brightline.cli.key import read_witness_key
from brightline.cli.printing import (
    Json,
    open_file,
    print_json,
    put_in_place,
    quote,
    read_bytes,
    refuse_existing,
    say,
    write_new,
)
from brightline.errors import BrightlineError, ConfigError
from brightline.record.opening import Opened
from brightline.storage.published import Published

app = typer.Typer(help="Make a bundle for the other side, and say what every byte of it tells.", no_args_is_help=True)
PAGE = Path(str(files("brightline.assurance") / "verify.html"))
Bundle = Annotated[Path, typer.Argument(help="The bundle's file.")]
AgreementFile = Annotated[str, typer.Option("--agreement", help="The agreement's file, signed by both parties.")]
MARKS = {True: Text("ok  ", style="green"), False: Text("FAIL", style="bold red"), None: Text("—   ")}


def add(root: typer.Typer) -> None:
    custody.add(app)
    releasing.add(app)
    root.add_typer(app, name="evidence")
    root.command("verify")(verify)


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The bundle's file; it must not exist yet.")],
    config: Annotated[Path, typer.Option("--config", "-c", help="The gateway's settings.")] = Path("brightline.toml"),
    witnessed: Annotated[
        bool, typer.Option("--witnessed", help="Up to the newest checkpoint that a witness cosigned.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the evidence bundle: entries, checkpoint, statements; no content. Works beside a running gateway."""
    # Imported here, so that the other verbs do not wait for the gateway's libraries.
    from brightline.gateway.config import read_config  # noqa: PLC0415
    from brightline.gateway.gateway import publish_record  # noqa: PLC0415

    page = out.with_name(f"{out.name}.verify.html")
    refuse_existing(out)
    refuse_existing(page)
    # 1. what is published, brought up to the newest entry where no gateway does that itself
    settings = read_config(config)
    if settings.agreement is None:
        cure = "evidence is made for an agreement: set agreement in the settings"
        raise ConfigError("no agreement is set", place=str(config), cure=cure)
    if not settings.data.is_dir():  # opening it would begin a log of this origin with nothing in it
        cure = "check `data` in the settings: `brightline serve` makes the record"
        raise ConfigError("there is no record", place=str(settings.data), cure=cure)
    running = not publish_record(settings)
    published = (Published.witnessed if witnessed else Published)(settings.data / "log")
    # 2. the bundle, whole or not at all
    agreement = read_bytes(str(settings.agreement))
    changed = [read_bytes(str(p)) for p in settings.rotations]
    size = _write(out, agreement, published, releasing.opened_epochs(settings, published), changed)
    # 3. a verifier beside it, for whoever has none: it opens in a browser, without a network
    write_new(page, PAGE.read_bytes())
    document = {"bundle": str(out), "bytes": size, "entries": published.size, "gateway_running": running}
    document["page"] = str(page)
    if as_json:
        print_json(document)
    else:
        say(f"wrote {out}: {published.size} entries, {size} bytes; no content and no name is in it")
        if running:
            say("the gateway is running: entries of the last seconds come with the next export")
        say(f"see every byte explained: brightline evidence explain {out} --agreement {settings.agreement}")
        say(f"to verify it in a browser, without Brightline: {page}")


@app.command()
def explain(bundle: Bundle, agreement: AgreementFile, as_json: Json = False) -> None:
    """Every byte of a bundle in words: what it says and what it cannot say. For whoever releases it."""
    with open_file(bundle) as file:
        explanation = explain_bundle(file, read_bytes(agreement))
    if as_json:
        print_json(explanation.to_json())
    else:
        say(explanation.text().rstrip())


def verify(
    bundle: Bundle,
    agreement: AgreementFile,
    vendor_key: Annotated[str | None, typer.Option(help="The vendor's key as you know it from elsewhere.")] = None,
    customer_key: Annotated[str | None, typer.Option(help="The customer's key, likewise.")] = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="The key of a witness that you trust; may be repeated.")
    ] = None,
    earlier: Annotated[
        list[str] | None, typer.Option(help="A checkpoint of this log that you kept from before; may be repeated.")
    ] = None,
    report: Report = None,
    statement: Statement = None,
    key: Key = None,
    oscal: Oscal = None,
    audits: Audits = None,
    rotation: Annotated[
        list[str] | None, typer.Option(help="A change of the log's key (`key rotate`), oldest first; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Whether a bundle is what it claims to be, in eleven steps, and what it then shows. Ends 1 where it is not.

    An opening, a thin export and a proof of a contradiction are told by their beginning, and have steps of their own.
    """
    filing = Filing(report, statement, key, oscal, audits or ())
    known, keys = [read_witness_key(w) for w in witness or []], known_keys(vendor_key, customer_key)
    with open_file(bundle) as file:
        changed = [read_bytes(r) for r in rotation or []]
        if is_opening(file.peek(1)):
            return custody.show_opening(read_bytes(str(bundle)), read_bytes(agreement), keys, changed, as_json)
        files: list[str] = []
        head, agreed = file.peek(len(contradiction.MAGIC)), read_bytes(agreement)
        if filing and head.startswith((thin.MAGIC, contradiction.MAGIC)):
            cure = "leave --report, --statement and --oscal out, or give the bundle"
            raise ConfigError("only a bundle can be filed", place=str(bundle), cure=cure)
        if head.startswith(thin.MAGIC):
            result = thin.verify_thin(file.read(thin.MAX_THIN + 1), agreed, keys, known)
        elif head.startswith(contradiction.MAGIC):
            result = contradiction.verify_contradiction(file.read(contradiction.MAX_FILE + 1), agreed, None, keys)
        else:
            kept = [read_bytes(e) for e in earlier or []]
            result = verify_bundle(file, agreed, keys, earlier=kept, witnesses=known, rotations=changed)
            files = filing.write(file, bundle.name, agreed, result) if filing else []
    if as_json:
        print_json(result.to_json())
    else:
        _show(result)
        for name in files:
            say(f"wrote {name}")
    raise typer.Exit(0 if result.verified else 1)


def show_steps(steps: list[Mapping[str, Any]]) -> None:
    """The steps for people: passed, failed, or not checked."""
    for s in steps:
        say("  ", MARKS[s["ok"]], f" {s['n']:>2} {s['name']}")
        quote(s["text"], " " * 10)


def _show(result: Result) -> None:
    document = result.to_json()
    show_steps(document["steps"])
    for f in result.findings:
        quote(f"finding {f.code}: {f.text} {f.follows}".rstrip(), "")
    good = f"verified, grade {result.grade}" if result.grade else "verified; completeness is not shown"
    say(good if result.verified else "NOT VERIFIED")


def _write(
    out: Path, agreement: bytes, published: Published, openings: list[Opened], rotations: Sequence[bytes]
) -> int:
    """The bundle's size. A fault on the way leaves no file that could be taken for a bundle."""
    if out.exists():
        raise ConfigError("there is such a file already", place=str(out), cure="choose another name or move it away")
    part = out.with_name(out.name + ".part")
    try:
        with part.open("wb") as file:
            size = sum(
                file.write(piece)
                for piece in export_bundle(agreement, published.checkpoint, published.entries(), openings, rotations)
            )
        put_in_place(part, out)
    except OSError as e:
        part.unlink(missing_ok=True)
        cure = "check the folder, its rights and the disk; then export it again"
        raise ConfigError(f"cannot be written: {e.strerror}", place=str(out), cure=cure) from None
    except BrightlineError:
        part.unlink(missing_ok=True)
        raise
    return size
