"""docs/reference/cli.md from the command line itself: every verb, argument and option, with its own help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from brightline.cli import app


def verbs(root: typer.Typer = app) -> dict[str, Any]:
    """`terms lint` → its command, in the order of the help."""
    return dict(_leaves("", typer.main.get_command(root)))


def page() -> str:
    """One section a verb: what to type, what it does, what each argument and option means."""
    return "\n\n".join(_section(name, verb) for name, verb in verbs().items())


def typed(name: str, verb: Any) -> str:
    """`brightline decide PACK USES… [--json]`."""
    return " ".join(["brightline", name, *(_word(p) for p in verb.params if p.name != "help")])


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for word, inner in command.commands.items():
        if not inner.hidden:
            yield from _leaves(f"{name} {word}".strip(), inner)


def _section(name: str, verb: Any) -> str:
    rows = [f"| {_name(p)} | {_cell(p.help or '')} | {_default(p)} |" for p in verb.params if p.name != "help"]
    table = ["| | meaning | default |", "|---|---|---|", *rows] if rows else []
    return "\n".join([f"### {name}", "", "```", typed(name, verb), "```", "", verb.help.strip(), "", *table]).strip()


def _word(p: Any) -> str:
    if p.param_type_name == "argument":
        word = f"{p.name.upper()}{'…' if p.nargs == -1 else ''}"
    else:
        word = p.opts[0] if p.is_flag else f"{p.opts[0]} {_value(p)}"
    return word if p.required else f"[{word}]"


def _name(p: Any) -> str:
    if p.param_type_name == "argument":
        return f"`{p.name.upper()}`"
    return ", ".join(f"`{o}`" for o in p.opts)


def _value(p: Any) -> str:
    return str(p.name.removeprefix("as_").upper())


def _default(p: Any) -> str:
    if p.required:
        return "required"
    return f"`{p.default}`" if p.default not in (None, "", False) else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
