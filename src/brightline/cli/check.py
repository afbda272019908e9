"""`brightline check PACK PROPERTY`: whether terms keep a property on every use, or the least use that breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from brightline.cli.opening import open_pack
from brightline.cli.printing import Json, print_json, progress, say
from brightline.storage.properties import open_property
from brightline.vocabulary import Vocabulary, use_json

if TYPE_CHECKING:
    from brightline.analysis.check import Check


def add(app: typer.Typer) -> None:
    app.command("check")(run)


def run(
    pack: Annotated[str, typer.Argument(help="A pack's folder, a .cedar file, or a shipped pack's name.")],
    property: Annotated[  # noqa: A002 - the word that the contract has
        str, typer.Argument(help="A .cedar file of demands, or a shipped property's name.")
    ],
    as_json: Json = False,
) -> None:
    """Whether the terms keep every demand of a property. Ends 1 where one is broken, or could not be settled."""
    from brightline.analysis.check import check, read_property, verdict  # noqa: PLC0415 - z3 takes 0.1 s to load

    terms = open_pack(pack).terms
    demands = read_property(terms.scope, *open_property(property))
    checks = []
    for found in check(terms, demands):
        progress(found.text)
        checks.append(found)
    if as_json:
        print_json(verdict(checks))
    else:
        for found in checks:
            _show(terms.scope.vocabulary, found)
    raise typer.Exit(0 if all(found.holds is True for found in checks) else 1)


def _show(words: Vocabulary, found: Check) -> None:
    say(found.text)
    if found.use is None:
        return
    use = use_json(found.use)
    say(f"    {use['activity']}: {words.activities[use['activity']].text}")
    for name, value in use["facts"].items():
        how = f" ({use['sources'][name]})" if name in use["sources"] else ""
        say(f"    {name} = {', '.join(value) if isinstance(value, list) else value}{how}")
    for name in ("component", "model"):
        if name in use:
            say(f"    {name} = {use[name]}")
    say("    everything else not stated")
