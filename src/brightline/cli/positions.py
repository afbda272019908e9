"""Two positions and the briefs that belong to them, as `propose` and `brief` are given them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from brightline.cli.opening import hidden
from brightline.storage.briefs import SHIPPED, open_brief
from brightline.terms import Pack

if TYPE_CHECKING:
    from brightline.analysis.brief import Brief

_PACK = "A pack's folder, a .cedar file, or a shipped pack's name."
_BRIEF = (
    "A party's brief: its folder (requirements.cedar, options.cedar, brief.toml), or a shipped brief's name "
    "(vendor, customer, health-vendor, health-hospital)."
)

A: TypeAlias = Annotated[str, typer.Argument(metavar="A", help=_PACK)]
B: TypeAlias = Annotated[str, typer.Argument(metavar="B", help=_PACK)]
More: TypeAlias = Annotated[list[str] | None, typer.Argument(help="More briefs, so that `--briefs ONE TWO` names two.")]
Briefs: TypeAlias = Annotated[list[str] | None, typer.Option("--briefs", help=_BRIEF)]


def positions(packs: Sequence[Pack], briefs: Sequence[str]) -> tuple[Pack, Pack, list[Brief]]:
    """Both packs in one scope, and the briefs in its words. Raises TermsError naming file, line and cure."""
    from brightline.analysis.joint import joint  # noqa: PLC0415 - a solver that other verbs need not load

    terms = joint([p.terms for p in packs], [p.name for p in packs])
    mine, other = (replace(p, terms=t) for p, t in zip(packs, terms, strict=True))
    for name in briefs:
        if name in SHIPPED:
            hidden(name, "brief")
    return mine, other, [open_brief(name, mine.terms.scope) for name in briefs]
