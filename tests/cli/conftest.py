"""Where stories begin: an empty folder, a user with a starter pack, two parties with keys and a draft."""

import shutil
from pathlib import Path

import pytest

from tests.cli.shell import Shell

DRAFT = """\
title = "Terms of use of our models"
pack = "terms"
from = 2026-01-01

[parties.vendor]
name = "Vendor, Inc."
key = "vendor.pub"

[parties.customer]
name = "The Department"
key = "customer.pub"
"""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `user` and `parties` begin with, made once by the program itself."""
    shell = Shell(tmp_path_factory.mktemp("home"))
    assert shell("terms", "new").status == 0
    for name in ("vendor", "customer", "stranger"):
        assert shell("key", "new", f"{name}.example", "-o", f"{name}.key").status == 0
    return shell.folder


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def user(shell: Shell, home: Path) -> Shell:
    """A user who has made `terms/` and a use in `use.json`."""
    shutil.copytree(home / "terms", shell.folder / "terms")
    shell.write("use.json", '{"activity": "gen.office", "facts": {}}')
    return shell


@pytest.fixture
def parties(user: Shell, home: Path) -> Shell:
    """The keys of vendor, customer and a stranger, a draft, and another that differs from it."""
    settle(user, home)
    return user


def settle(shell: Shell, home: Path) -> None:
    """What `parties` have beside a user's pack."""
    for path in home.glob("*.*"):
        shutil.copy(path, shell.folder)
    shell.write("draft.toml", DRAFT)
    shell.write("other.toml", DRAFT.replace("our models", "our best models"))
