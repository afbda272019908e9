"""`brightline demo`: the founding dispute, from two positions to a verified record, on a real model."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from brightline.cli import demo_calls
from brightline.cli.evidence import show_steps
from brightline.cli.demo_stage import Stage, aloud, chapter
from brightline.cli.printing import Json, outcome, print_json, say, table
from brightline.errors import ConfigError
from brightline.storage.packs import open_pack
from brightline.terms import run_scenarios

SHOWN = 12
FLIPPED = 200  # bytes before the end of the bundle: inside the last entry


def add(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    keep: Annotated[
        Path | None, typer.Option(help="Keep keys, agreement, record and bundle in this new folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The whole story on the embedded model, in about a minute. Ends 0."""
    if keep is not None and keep.exists():
        raise ConfigError("there is such a folder already", place=str(keep), cure="name a new one")
    folder = keep or Path(tempfile.mkdtemp(prefix="brightline-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with aloud(not as_json):
            document = _story(Stage(folder))
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        print_json(document)


def _story(stage: Stage) -> dict[str, object]:
    say("A vendor wants assurance that its models neither engage targets by themselves nor watch its own citizens.")
    say('A defence department wants "all lawful use cases". Both want to go on working.')
    say("Scripted here: the parties and their keys are made up for this run, and the six calls are fixed.")
    say("Real: the terms, both decision engines, the gateway, the model's tokens, the SDKs, the record, the proof.")
    # 1
    chapter(1, "Where the two positions differ")
    differing = _positions()
    # 2
    chapter(2, "A compromise, signed by both")
    _agreement(stage)
    # 3
    chapter(3, "The gateway, in front of a real model")
    with stage.gateway() as gateway:
        say(f"ready in {gateway.seconds:.1f} s: {gateway.url}")
        # 4
        chapter(4, "Six calls through the vendors' own SDKs")
        calls = demo_calls.make(gateway.url, stage.api_key)
    # 5
    chapter(5, "Evidence for the vendor: everything but the content")
    verdict = _evidence(stage)
    # 6
    chapter(6, "One byte of it changed on the way")
    forged = _forgery(stage)
    say()
    say("What it does not show: this grade covers what passed through the gateway, not what went round it.")
    say("Not in this version: tool calls, approvals, meters and the screen. The record says `not screened` throughout.")
    return {"differing": differing, "calls": calls, "verified": verdict, "forged": forged}


def _positions() -> list[str]:
    """The scenarios on which vendor and customer differ, and what the compromise says. Returns their ids."""
    results = {
        name: {r.scenario.id: r for r in run_scenarios(open_pack(name))}
        for name in ("vendor", "customer", "compromise")
    }
    common = [i for i in results["vendor"] if all(i in r for r in results.values())]
    rows: list[Sequence[str | Text]] = []
    differing: list[str] = []
    for i in common:
        said = [results[n][i].decision for n in ("vendor", "customer", "compromise")]
        if said[0].outcome is not said[1].outcome:
            differing.append(i)
            rows.append((i, results["vendor"][i].scenario.text, *(outcome(d.outcome) for d in said)))
    agreed = len(common) - len(rows)
    say(f"{len(common)} uses tried on both positions: they agree on {agreed} and differ on {len(rows)}.")
    table(("use", "", "vendor", "customer", "compromise"), rows[:SHOWN])
    if len(rows) > SHOWN:
        say(f"… and {len(rows) - SHOWN} more: `brightline terms test vendor` and `… customer` run them all.")
    return differing


def _agreement(stage: Stage) -> None:
    for name in ("vendor", "customer"):
        stage.command("key", "new", f"{name}.example", "-o", f"{name}.key")
    stage.command("key", "new", "department.example/gateway-1", "-o", "log.key")
    stage.command("key", "new", "department.example", "--site", "-o", "site.key")
    stage.write_draft()
    stage.command("agreement", "offer", "draft.toml", "talks", "--key", "vendor.key", show=True)
    stage.command("agreement", "accept", "talks", "--key", "customer.key", show=True)
    stage.command("agreement", "agree", "talks", "--key", "vendor.key", show=True)
    document = stage.json("agreement", "show", "talks/agreement.json", *stage.known_keys)
    say(f"{document['text']}")
    for signature in document["signatures"]:
        say(f"  {signature['text']} over {signature['over'][:23]}…")


def _evidence(stage: Stage) -> bool:
    stage.command("evidence", "export", "--config", "brightline.toml", "-o", "evidence.bundle", show=True)
    verdict = stage.json("verify", "evidence.bundle", "--agreement", "talks/agreement.json", *stage.known_keys)
    show_steps(verdict["steps"])
    say("Totals: " + ", ".join(f"{n} {name}" for name, n in verdict["totals"]["outcomes"].items()))
    say(f"Grade {verdict['grade']}: only what passed the gateway is shown.")
    return bool(verdict["verified"])


def _forgery(stage: Stage) -> bool:
    bundle = stage.folder / "evidence.bundle"
    data = bytearray(bundle.read_bytes())
    data[-FLIPPED] ^= 1
    (stage.folder / "forged.bundle").write_bytes(data)
    verdict = stage.json("verify", "forged.bundle", "--agreement", "talks/agreement.json", *stage.known_keys, status=1)
    show_steps(verdict["steps"])
    return bool(verdict["verified"])
