"""`brightline terms new · lint · test · odrl`: write terms, look for what is wrong, try them, export them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from brightline.cli.opening import open_pack
from brightline.cli.printing import Json, outcome, print_json, progress, refuse_existing, say, write_new
from brightline.cli.starter import starter_pack
from brightline.terms import lint as lint_pack
from brightline.terms import run_scenarios
from brightline.terms.lint import Severity, in_order

app = typer.Typer(help="Write terms, lint their words, try them on scenarios.", no_args_is_help=True)
Pack = Annotated[str, typer.Argument(help="A pack's folder, a .cedar file, or a shipped pack's name.")]


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")] = Path("terms"),
    module: Annotated[
        list[str], typer.Option(help="A module of words besides the core, for example `health`; once for each.")
    ] = ["defence"],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Make a commented pack to start from."""
    files = starter_pack(module)
    refuse_existing(*(folder / name for name in files))
    for name, text in files.items():
        write_new(folder / name, text.encode())
    if as_json:
        print_json({"folder": str(folder), "files": sorted(files)})
    else:
        say(f"made {folder}/ with {', '.join(sorted(files))}")
        say(f"next: edit {folder}/terms.cedar, then `brightline terms lint {folder}` and `terms test {folder}`")


@app.command()
def lint(pack: Pack, as_json: Json = False) -> None:
    """Look for what is wrong with the words. Ends 1 where a finding is an error."""
    from brightline.analysis.lint import lint_meaning  # noqa: PLC0415 - z3 takes 0.1 s to load

    opened = open_pack(pack)
    progress(f"{len(opened.terms.clauses)} clauses, read together")
    findings = in_order(opened, [*lint_pack(opened), *lint_meaning(opened)])
    ok = all(f.severity is not Severity.ERROR for f in findings)
    if as_json:
        print_json({"ok": ok, "findings": [f.to_json() for f in findings]})
    else:
        for f in findings:
            say(f"{f.place}: {f.severity} {f.code}{f' ({f.clause})' if f.clause else ''}: {f.text}")
            if f.use:
                say(f"    for example: {_told(f.use)}")
        errors = sum(f.severity is Severity.ERROR for f in findings)
        say(f"{_count(errors, 'error')}, {_count(len(findings) - errors, 'other finding')}")
    raise typer.Exit(0 if ok else 1)


@app.command("test")
def run(pack: Pack, as_json: Json = False) -> None:
    """Run the pack's scenarios, each through the closures and the Cedar engine. Ends 1 where one fails."""
    results = list(run_scenarios(open_pack(pack)))
    failed = [r for r in results if r.wrong]
    if as_json:
        document = [
            {"id": r.scenario.id, "text": r.scenario.text, "wrong": list(r.wrong), "decision": r.decision.to_json()}
            for r in failed
        ]
        print_json({"passed": len(results) - len(failed), "failed": document})
    else:
        for r in failed:
            say(f"{r.scenario.id}: {'; '.join(r.wrong)}")
            say(f"    {r.scenario.text}")
            say("    ", outcome(r.decision.outcome), f": {r.decision.text}")
        say(f"{_count(len(results) - len(failed), 'scenario')} passed, {len(failed)} failed")
        if not results:
            say("there is no scenarios.jsonl: write some, so that the words can be tested")
    raise typer.Exit(1 if failed else 0)


@app.command("odrl")
def export(
    pack: Pack,
    file: Annotated[Path, typer.Argument(help="The new file for the policy (JSON-LD).")],
    as_json: Json = False,
) -> None:
    """Write the terms as an ODRL 2.2 policy, for tools that know no Cedar. What is lost: docs/reference/odrl.md."""
    from brightline.paper.odrl import odrl  # noqa: PLC0415 - other verbs need it not

    opened = open_pack(pack)
    policy = odrl(opened)
    write_new(file, (json.dumps(policy.document, indent=2) + "\n").encode())
    if as_json:
        left_out = [one.to_json() for one in policy.left_out]
        print_json({"file": str(file), "rules": policy.rules, "left_out": left_out, "terms": opened.terms.digest})
    else:
        say(f"wrote {file}: {_count(policy.rules, 'rule')} of {_count(len(opened.terms.clauses), 'clause')}")
        for one in policy.left_out:
            say(f"not in it: {one.clause}, {one.reason}")


def _told(use: dict[str, Any]) -> str:
    """A use in JSON form on one line."""
    facts = [f"{k} = {', '.join(v) if isinstance(v, list) else v}" for k, v in use["facts"].items()]
    rest = [f"{k} = {use[k]}" for k in ("component", "model") if k in use]
    return "; ".join([use["activity"], *facts, *rest]) + ("" if facts or rest else ", nothing else stated")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
