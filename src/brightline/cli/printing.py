"""What every verb prints with: one JSON document, or plain text that reads well at 100 columns."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from brightline.errors import ConfigError
from brightline.paper.seen import seen
from brightline.storage.files import MAX_FILE, read_file

WIDTH = 100
HANGING = 4
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]

_STYLES = {"permit": "bold green", "hold": "bold yellow", "ask": "bold cyan", "deny": "bold red"}


def prepare_streams() -> None:
    """UTF-8 on stdout wherever it goes, as JSON asks; what a shell closed (`>&-`) is opened on nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - open until we end
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def print_json(document: Any) -> None:
    """One JSON document on one line, so that `decide` gives JSON Lines; it leaves at once."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def say(*parts: str | Text) -> None:
    """Plain text on stdout; on a terminal wrapped at its width, at most 100 columns, what is wrapped set in."""
    console, text = _console(), Text.assemble(*[seen(part) if isinstance(part, str) else part for part in parts])
    if not sys.stdout.isatty():
        console.print(text, soft_wrap=True)
        return
    for line in text.split("\n", allow_blank=True):
        indent = len(line.plain) - len(line.plain.lstrip()) + HANGING
        first, *rest = line.wrap(console, console.width - indent) if len(line) > console.width else [line]
        console.print(first, soft_wrap=True)
        for more in rest:
            console.print(Text(" " * indent), more, sep="", soft_wrap=True)


def quote(text: str, lead: str = "    │ ") -> None:
    """A paragraph within 100 columns, or the terminal's where it has fewer, each line after `lead`."""
    width = max(_console().width - len(lead), 20)
    for line in textwrap.wrap(seen(text), width, break_long_words=False, break_on_hyphens=False):
        say(lead + line)


def fault(sentence: str) -> int:
    """One line on stderr that says what is wrong, and the exit status for it."""
    line = re.sub(r"\s*\n\s*", " ", sentence)
    sys.stderr.write(f"brightline: {seen(line)}\n")
    return 2


def outcome(word: str) -> Text:
    """An outcome in its colour; the word says it too, so nothing rests on colour alone."""
    return Text(word, style=_STYLES.get(word.partition("(")[0].strip(), ""))


def table(head: Sequence[str], rows: Sequence[Sequence[str | Text]], title: str = "") -> None:
    """A table within 100 columns."""
    shown = Table(*head, box=SIMPLE_HEAD, title=title or None, title_justify="left", width=None, pad_edge=False)
    for row in rows:
        shown.add_row(*[cell if isinstance(cell, Text) else Text(seen(cell)) for cell in row])
    _console().print(shown)


def progress(text: str) -> None:
    """One line on a terminal's stderr; silent elsewhere."""
    if sys.stderr.isatty():
        sys.stderr.write(f"  … {text}\n")


class _Plain(Console):
    """Rich's own console ends the program with 1 where the reader has gone: that would answer "no"."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _console() -> Console:
    width = min(Console().width, WIDTH) if sys.stdout.isatty() else WIDTH
    return _Plain(width=width, highlight=False, markup=False, emoji=False)


def read_bytes(path: str) -> bytes:
    """A file's bytes, or stdin for `-`, within bounds. Raises ConfigError naming the file."""
    if path != "-":
        return read_file(path)
    data = sys.stdin.buffer.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise ConfigError(f"over {MAX_FILE >> 20} MiB", place="stdin", cure="give it in parts")
    return data


def open_file(path: Path) -> BufferedReader:
    """A file to read in pieces. Raises ConfigError naming it."""
    try:
        return path.open("rb")
    except OSError as e:
        cure = "check the path and its rights"
        raise ConfigError(f"cannot be read: {e.strerror}", place=str(path), cure=cure) from None


def refuse_existing(*paths: Path) -> None:
    """Raises ConfigError where one of `paths` is taken: before anything is written, so that nothing is half done."""
    for path in paths:
        if os.path.lexists(path):
            cure = "choose another name or move it away"
            raise ConfigError("there is such a file already", place=str(path), cure=cure)


def put_in_place(part: Path, path: Path) -> None:
    """Give a file that was written whole its name, both durable: a name that a power cut takes back is a lost key."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.rename(path)
    number = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def write_new(path: Path, data: bytes, *, secret: bool = False) -> None:
    """Write a file that must not exist yet, whole and durable or not at all. Raises ConfigError."""
    refuse_existing(path)
    temporary = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)  # what a crash left
        # O_EXCL: never through a link or a file of somebody else's, who could then read the secret
        number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644)
        with open(number, "wb") as file:  # noqa: PTH123 - of a descriptor
            file.write(data)
        put_in_place(temporary, path)
    except OSError as e:
        with suppress(OSError):
            temporary.unlink()
        cure = "check the folder, its rights and the disk"
        raise ConfigError(f"cannot be written: {e.strerror}", place=str(path), cure=cure) from None
