"""`brightline decide PACK USE.json…`: what terms say of uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from brightline.canonical import parse
from brightline.cli.opening import open_pack
from brightline.cli.printing import Json, outcome, print_json, read_bytes, say
from brightline.errors import InputError, UseError
from brightline.terms import Decision, Outcome, confirm
from brightline.terms import decide as decide_use
from brightline.vocabulary import read_use


def add(app: typer.Typer) -> None:
    app.command("decide")(decide)


def decide(
    pack: Annotated[str, typer.Argument(help="A pack's folder, a .cedar file, or a shipped pack's name.")],
    uses: Annotated[list[str], typer.Argument(help="Files with a use in JSON, or uses in JSON Lines; - is stdin.")],
    as_json: Json = False,
) -> None:
    """What the terms say of each use. Ends 1 where not all are permitted."""
    terms = open_pack(pack).terms
    # 1. read and decide them all, so that where one is at fault nothing else is said
    decided = []
    for place, obj in _objects(uses):
        use = read_use(terms.scope.vocabulary, obj, place)
        decision = decide_use(terms, use)
        confirm(terms, use, decision)
        decided.append((use.activity, decision))
    # 2. say what was decided
    for activity, decision in decided:
        if as_json:
            print_json(decision.to_json())
        else:
            _show(activity, decision)
    raise typer.Exit(0 if all(d.outcome is Outcome.PERMIT for _, d in decided) else 1)


def _objects(paths: list[str]) -> Iterator[tuple[str, object]]:
    """(place, parsed JSON) of every use: a file holds one document, a list of uses, or JSON Lines."""
    for path in paths:
        data = read_bytes(path)
        name = "stdin" if path == "-" else path
        lines = [(i, line) for i, line in enumerate(data.splitlines(), 1) if line.strip()]
        if len(lines) > 1 and _is_json(lines[0][1]):
            for i, line in lines:
                yield f"{name}:{i}", parse(line, f"{name}:{i}", error=UseError)
            continue
        document = parse(data, name, error=UseError) if lines else []
        if document == []:
            raise UseError("no use in it", place=name, cure='write {"activity": "gen.office", "facts": {}}')
        if isinstance(document, list):
            yield from ((f"{name}[{i}]", item) for i, item in enumerate(document))
        else:
            yield name, document


def _is_json(line: bytes) -> bool:
    """Whether a line is a whole document, so that the file is JSON Lines and no document on many lines."""
    try:
        parse(line)
    except InputError:
        return False
    return True


def _show(activity: str, decision: Decision) -> None:
    say(outcome(decision.outcome), f"  {activity}: {decision.text}")
    if decision.outcome is Outcome.ASK:
        for n, need in enumerate(decision.needs):
            facts = ", ".join(f"{name} ({source})" for name, source in need.facts.items())
            say(f"    {'or state' if n else 'state'} {facts}")
