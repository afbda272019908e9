"""What every verb prints with: one JSON document, or plain text that reads well at 100 columns."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from brightline.errors import ConfigError

WIDTH = 100
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]

_STYLES = {"permit": "bold green", "hold": "bold yellow", "ask": "bold cyan", "deny": "bold red"}


def print_json(document: Any) -> None:
    """One JSON document on one line, so that `decide` gives JSON Lines."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")


def say(*parts: str | Text) -> None:
    """Plain text on stdout, wrapped at the terminal's width but at most 100 columns where it is one."""
    _console().print(Text.assemble(*parts), soft_wrap=not sys.stdout.isatty())


def outcome(word: str) -> Text:
    """An outcome in its colour; the word says it too, so nothing rests on colour alone."""
    return Text(word, style=_STYLES.get(word.partition("(")[0].strip(), ""))


def table(head: Sequence[str], rows: Sequence[Sequence[str | Text]], title: str = "") -> None:
    """A table within 100 columns."""
    shown = Table(*head, box=SIMPLE_HEAD, title=title or None, title_justify="left", width=None, pad_edge=False)
    for row in rows:
        shown.add_row(*[cell if isinstance(cell, Text) else Text(cell) for cell in row])
    _console().print(shown)


def progress(text: str) -> None:
    """One line on a terminal's stderr; silent elsewhere."""
    if sys.stderr.isatty():
        sys.stderr.write(f"  … {text}\n")


def _console() -> Console:
    width = min(Console().width, WIDTH) if sys.stdout.isatty() else WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def read_bytes(path: str) -> bytes:
    """A file's bytes, or stdin for `-`. Raises ConfigError naming the file."""
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as e:
        raise ConfigError(f"cannot be read: {e.strerror}", place=path, cure="check the path and its rights") from None


def write_new(path: Path, data: bytes, *, secret: bool = False) -> None:
    """Write a file that must not exist yet, whole or not at all. Raises ConfigError."""
    temporary = path.with_name(path.name + ".part")
    if path.exists():
        raise ConfigError("there is such a file already", place=str(path), cure="choose another name or move it away")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch(mode=0o600 if secret else 0o644)
        temporary.write_bytes(data)
        temporary.rename(path)
    except OSError as e:
        temporary.unlink(missing_ok=True)
        raise ConfigError(f"cannot be written: {e.strerror}", place=str(path), cure="check the folder") from None
