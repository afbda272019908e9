"""`brightline replay PACK RECORDS`: terms tried on what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from brightline.analysis.layout import Layout
from brightline.analysis.past import NOT_RECORDED, Change, Replay
from brightline.cli.opening import open_pack
from brightline.cli.printing import Json, outcome, print_json, progress, quote, say, table
from brightline.terms import DUTIES

SHOWN = 10
_OUTCOMES = ("permit", "hold", "deny")
_LEFT_OUT = {
    "erased": "what they were about was erased",
    "alternatives": "the screen saw alternatives, which the record does not keep",
    "model": "the terms ask for the model, and the agreement does not name it",
    "vocabulary": "nothing at hand says which words their ranks stand for",
}


def add(app: typer.Typer) -> None:
    app.command("replay")(replay)


def replay(
    pack: Annotated[str, typer.Argument(help="A pack's folder, a .cedar file, or a shipped pack's name.")],
    records: Annotated[Path, typer.Argument(help="A gateway's data folder, uses in JSON Lines, or a .parquet file.")],
    config: Annotated[
        Path, typer.Option("--config", "-c", help="The gateway's settings; they name the keys of its record.")
    ] = Path("brightline.toml"),
    as_json: Json = False,
) -> None:
    """How terms would have decided what was done. Ends 1 where an outcome changes."""
    # Imported here, so that the other verbs do not wait for the database and the gateway's libraries.
    from brightline.analysis.replay import History  # noqa: PLC0415
    from brightline.gateway.config import read_config  # noqa: PLC0415
    from brightline.gateway.exchange import PERFORMABLE  # noqa: PLC0415
    from brightline.gateway.history import GatewayHistory  # noqa: PLC0415
    from brightline.storage.uses import read_uses  # noqa: PLC0415

    terms = open_pack(pack).terms
    layout = Layout(terms.scope)
    performable: Sequence[str] = DUTIES
    left_out: Mapping[str, int] = {}
    if records.is_dir():
        record = GatewayHistory(terms, records, read_config(config), progress)
        history = History.of_uses(layout, record, lambda place: f"{records}: entry {place}")
        left_out, performable = record.left_out, PERFORMABLE
    elif records.suffix == ".parquet":
        progress(f"reading {records}")
        history = History.of_parquet(layout, records)
    else:
        uses = read_uses(records, terms.scope.vocabulary, progress)
        history = History.of_uses(layout, uses, lambda place: f"{records}:{place}")
    with closing(history):
        found = history.replay(terms, performable, progress)
    if as_json:
        print_json(_document(terms.digest, found, left_out))
    else:
        _show(found, left_out)
    raise typer.Exit(1 if found.changed else 0)


def _document(digest: str, found: Replay, left_out: Mapping[str, int]) -> dict[str, Any]:
    return {
        "terms": digest,
        "uses": found.uses,
        "left_out": dict(left_out),
        "before": found.before.to_json(),
        "after": found.after.to_json(),
        "changed_uses": found.changed,
        "changed_kinds": found.kinds,
        "changed": [c.to_json() for c in found.changes],
    }


def _show(found: Replay, left_out: Mapping[str, int]) -> None:
    before, after = found.before, found.after
    names = [*_OUTCOMES, *([NOT_RECORDED] if NOT_RECORDED in before.outcomes else [])]
    rows: list[list[str | Text]] = [
        [outcome(o), _n(before.outcomes.get(o, 0)), _n(after.outcomes.get(o, 0))] for o in names
    ]
    table(["outcome", "before", "after"], rows, f"{found.uses:,} uses")
    ids = sorted({*before.clauses, *after.clauses})
    each = [[c, *(_n(x.clauses.get(c, {}).get(o, 0)) for o in _OUTCOMES for x in (before, after))] for c in ids]
    table(["clause", *(f"{o} {when}" for o in _OUTCOMES for when in ("before", "after"))], each, "decided by")
    if NOT_RECORDED in before.outcomes:
        say(f"of {before.outcomes[NOT_RECORDED]:,} uses no outcome is recorded: nothing is said of what they were")
    for why, count in left_out.items():
        if count:
            say(f"{count:,} decisions cannot be replayed: {_LEFT_OUT[why]}")
    for c in found.changes[:SHOWN]:
        _show_change(c)
    if found.kinds > SHOWN:
        say(f"{found.kinds - SHOWN:,} more kinds of change: --json lists up to 100")
    say(f"{found.changed:,} outcomes change" if found.changed else "no outcome changes")


def _show_change(c: Change) -> None:
    say(f"{c.count:,} × ", outcome(c.before), " → ", outcome(c.after.outcome), f"  {c.use.activity}, as at {c.place}")
    quote(c.text)
    quote(c.after.text)


def _n(count: int) -> str:
    return f"{count:,}" if count else "–"
