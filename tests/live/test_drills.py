"""Drills of docs/operations.md by the very commands of the page: a spill, new keys."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from brightline.errors import RecordError
from brightline.record.entry import Kind
from brightline.storage.disk import Looking
from brightline.storage.vault import Vault
from tests.cli.sites import KEYS, Recorded, recorded
from tests.live.stage import SITE_KEY, SOURCE

PAGE = (SOURCE.parent / "docs" / "operations.md").read_text("utf-8")
COMMANDS = dict(re.findall(r"```sh ([a-z-]+)\n(.*?)```", PAGE, re.DOTALL))


def does(here: Recorded, name: str, **variables: str) -> str:
    """The commands of a block of the page, as an operator with a shell types them."""
    folder = here.site.folder
    tools = folder.parent / "bin"
    tools.mkdir(exist_ok=True)
    brightline = tools / "brightline"
    brightline.write_text(f'#!/bin/sh\nPYTHONPATH={SOURCE} exec {sys.executable} -m brightline.cli "$@"\n')
    brightline.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "SITE": str(folder), **variables}
    done = subprocess.run(
        ["bash", "-uc", COMMANDS[name]], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert "brightline: " not in done.stderr, done.stderr
    return done.stdout


def there(data: Path, entry: int) -> bool:
    vault = Vault(data / "private", SITE_KEY, Looking())
    try:
        return vault.opened(entry) is not None
    finally:
        vault.close()


def test_a_spill(tmp_path: Path) -> None:
    here = recorded(tmp_path / "site")
    (here.site.folder / "official.key").write_text(KEYS["quinn"].secret_text())
    copy = tmp_path / "copy"
    here.shell("doctor", "--copy", str(copy))
    said = does(here, "spill", ENTRY=str(here.calls[0][0]), COPY=str(copy))
    gone = {*here.calls[0], *here.tool}
    assert f"erased {len(gone)} entries" in said
    for data in (here.site.data, copy):
        assert all(not there(data, e) for e in gone)
        assert there(data, here.calls[1][0])
    here.site.verified("after.bundle")
    assert sum(e.kind == Kind.ERASURE for e in here.site.entries()) == len(gone)


def test_a_compromised_site_key(tmp_path: Path) -> None:
    here = recorded(tmp_path / "site")
    said = does(here, "site-key", NEW_SITE="new.site")
    assert "wrapped 10 entry keys anew" in said or "wrapped 11 entry keys anew" in said
    assert "FAIL private side" not in said
    here.site.verified("after.bundle")
    vault = Vault(here.site.data / "private", SITE_KEY, Looking())
    try:
        with pytest.raises(RecordError):
            vault.opened(here.calls[0][0])
    finally:
        vault.close()


def test_a_compromised_log_key(tmp_path: Path) -> None:
    here = recorded(tmp_path / "site")
    said = does(here, "log-key", NEW_LOG="new.key", ROTATION="rotation-1.json")
    assert "verified, grade" in said
    assert here.site.verdict("rotated.bundle").status == 1, "without the statement it is another key"
