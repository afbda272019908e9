"""Packs as people name them on the command line: what was opened is said where the name could mean two things."""

from __future__ import annotations

from pathlib import Path

from brightline.cli.printing import progress
from brightline.paper.seen import seen
from brightline.storage import packs
from brightline.terms import Pack


def open_pack(name: str) -> Pack:
    """As `storage.packs.open_pack`; tells people that a folder here was opened and not the shipped pack of its
    name. Raises TermsError."""
    if name in packs.SHIPPED:
        hidden(name, "pack")
    return packs.open_pack(name)


def hidden(name: str, kind: str) -> None:
    """Say on a terminal's stderr that `name` is a file or folder here, where one is shipped by that name too."""
    if Path(name).exists():
        progress(f"{seen(name)}: the {kind} of that name here, not the shipped one")
