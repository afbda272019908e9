"""`brightline demo`: the founding dispute, from two positions to a verified record, on a real model."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from brightline.cli import demo_calls, demo_model, demo_variant
from brightline.cli.demo_stage import API_KEY, SETTINGS, Stage, aloud, chapter
from brightline.cli.evidence import show_steps
from brightline.cli.opening import open_pack
from brightline.cli.printing import Json, outcome, print_json, say, table
from brightline.errors import ConfigError
from brightline.terms import Result, run_scenarios

TRIED, COMPARED, PROPOSED = 12, 33, 52  # rows and lines shown
FLIPPED = 200  # bytes before the end of the bundle: inside the last entry


def add(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    keep: Annotated[
        Path | None, typer.Option(help="Keep keys, agreement, record and bundle in this new folder.")
    ] = None,
    setup: Annotated[Path | None, typer.Option(help="Only make this new folder, ready for `brightline serve`.")] = None,
    as_json: Json = False,
) -> None:
    """The whole story on the embedded model, in two minutes. Ends 0."""
    if keep is not None and setup is not None:
        raise ConfigError("--keep and --setup together", place="demo", cure="give one of them")
    if setup is not None:
        _new(setup)
        with aloud(not as_json):
            _set_up(setup)
        if as_json:
            print_json({"folder": str(setup), "settings": str(setup / SETTINGS), "api_key": str(setup / API_KEY)})
        return
    if keep is not None:
        _new(keep)
    folder = keep or Path(tempfile.mkdtemp(prefix="brightline-demo-"))
    try:
        with aloud(not as_json):
            document = _story(Stage(folder))
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        print_json(document)


def _new(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise ConfigError("there is such a folder already", place=str(folder), cure="name a new one") from None


def _set_up(folder: Path) -> None:
    Stage(folder).prepare("127.0.0.1:8080")
    say(f"made {folder}: two parties' keys, their signed agreement, settings, and an API key in {API_KEY}")
    say(f"next: brightline serve --config {folder / SETTINGS}")


def _story(stage: Stage) -> dict[str, object]:
    say("A vendor wants assurance that its models neither engage targets by themselves nor watch its own citizens.")
    say('A defence department wants "all lawful use cases". Both want to go on working.')
    say("Scripted here: parties, keys and people are made up, the calls are fixed, and so is the model of chapter 8.")
    say("Real: the terms, both decision engines, the gateway, the model's tokens, the SDKs, the record, the proof.")
    from brightline.cli import demo_tools  # noqa: PLC0415 - the SDKs, which only the demo needs

    # 1
    chapter(1, "Where the two positions differ")
    differing = _positions()
    stage.command("compare", "vendor", "customer", status=1, show=True, most=COMPARED)
    # 2
    chapter(2, "What could join them")
    stage.command("propose", "vendor", "customer", "--briefs", "vendor", "customer", show=True, most=PROPOSED)
    say("Both choose the first, which the shipped pack `compromise` words.")
    # 3
    chapter(3, "A compromise, signed by both")
    _agreement(stage)
    # 4
    chapter(4, "The gateway, in front of a real model")
    with stage.gateway() as gateway:
        say(f"ready in {gateway.seconds:.1f} s: {gateway.url}")
        # 5
        chapter(5, "Six calls through the vendors' own SDKs")
        calls = demo_calls.make(gateway.url, stage.api_key)
        # 6
        chapter(6, "What no single call shows: the meter")
        metered = demo_tools.crossing(stage, gateway.url)
        # 7
        chapter(7, "A customised model, and a clause that binds to it")
        variant = demo_variant.asked(stage, gateway.url)
    # 8
    chapter(8, "Tool calls: one held for the commander, one denied")
    say("The gateway starts again on the same record, before a scripted model: the embedded one asks for no tools.")
    with demo_model.asking_for_tools() as scripted, stage.gateway(scripted) as gateway:
        held = demo_tools.held_then_granted(stage, gateway.url)
        denied = demo_tools.denied(stage, gateway.url)
    # 9
    chapter(9, "Evidence for the vendor: everything but the content")
    verdict = _evidence(stage)
    # 10
    chapter(10, "One byte of it changed on the way")
    forged = _forgery(stage)
    say()
    say("What it does not show: this grade covers what passed through the gateway, not what went round it.")
    tools = {"held": held, "denied": denied}
    told = {"differing": differing, "calls": calls, "metered": metered, "variant": variant, "tools": tools}
    return {**told, "verified": verdict, "forged": forged}


def _positions() -> list[str]:
    """The scenarios on which vendor and customer differ, and what the compromise says. Returns their ids."""
    results = {
        name: {r.scenario.id: r for r in run_scenarios(open_pack(name))}
        for name in ("vendor", "customer", "compromise")
    }
    common = [i for i in results["vendor"] if all(i in r for r in results.values())]
    differing = [i for i in common if _outcome(results, "vendor", i) != _outcome(results, "customer", i)]
    agreed = len(common) - len(differing)
    say(f"{len(common)} uses tried on both positions: they agree on {agreed} and differ on {len(differing)}, such as:")
    # Variants of one use go by A07, A07-person, …: the first of each is shown.
    shown = list({i.partition("-")[0]: i for i in reversed(differing)}.values())[::-1][:TRIED]
    rows: list[Sequence[str | Text]] = [
        (results["vendor"][i].scenario.text, *(outcome(_outcome(results, n, i)) for n in results)) for i in shown
    ]
    table(("use", *results), rows)
    return differing


def _outcome(results: Mapping[str, Mapping[str, Result]], pack: str, scenario: str) -> str:
    return str(results[pack][scenario].decision.outcome)


def _agreement(stage: Stage) -> None:
    stage.prepare("127.0.0.1:0", show=True)
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
