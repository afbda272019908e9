"""What every verb prints with: one JSON document, or plain text that reads well at 100 columns."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from brightline.errors import ConfigError

WIDTH = 100
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]

_COLOURS = {
    "permit": typer.colors.GREEN,
    "hold": typer.colors.YELLOW,
    "ask": typer.colors.BLUE,
    "deny": typer.colors.RED,
}


def print_json(document: Any) -> None:
    """One JSON document on one line, so that `decide` gives JSON Lines."""
    say(json.dumps(document, ensure_ascii=False, default=str))


def say(text: str = "") -> None:
    """Plain text on stdout; colours are dropped where stdout is no terminal."""
    typer.echo(text)


def coloured(outcome: str) -> str:
    """An outcome in its colour; the word says it too, so nothing rests on colour alone."""
    return typer.style(outcome, fg=_COLOURS.get(outcome), bold=True)


def progress(text: str) -> None:
    """One line on a terminal's stderr; silent elsewhere."""
    if sys.stderr.isatty():
        typer.echo(f"  … {text}", err=True)


def table(rows: Sequence[Sequence[str]], head: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    """Lines of a table with columns of `widths`; the last column wraps."""
    import textwrap

    def line(cells: Sequence[str]) -> Iterable[str]:
        wrapped = [textwrap.wrap(typer.unstyle(c), w) or [""] for c, w in zip(cells, widths, strict=True)]
        for i in range(max(map(len, wrapped))):
            parts = [(w[i] if i < len(w) else "").ljust(width) for w, width in zip(wrapped, widths, strict=True)]
            for j, c in enumerate(cells):
                if c != typer.unstyle(c):
                    parts[j] = parts[j].replace(typer.unstyle(c), c, 1)
            yield "  ".join(parts).rstrip()

    yield from line(head)
    yield "  ".join("─" * w for w in widths)
    for row in rows:
        yield from line(row)


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
