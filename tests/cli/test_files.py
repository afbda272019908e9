"""Files that are not there, not readable, empty, huge or of another kind: every verb names them and the cure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import Shell

GOOD = b"permit (principal, action, resource);\n"


def unreadable(path: Path) -> None:
    path.symlink_to("/proc/self/mem")  # exists, and reading it fails for root too


UNFIT: dict[str, tuple[bytes | Callable[[Path], None], tuple[str, ...]]] = {
    "a folder": (Path.mkdir, ("cannot be read: Is a directory",)),
    "unreadable": (unreadable, ("cannot be read",)),
    "empty": (b"", ("no use in it", "names no pack", "not a", "expecting value", "not both set")),
    "binary": (b"\x00\xff\xfe\x80" * 100, ("not UTF-8 text", "not a key file", "not TOML")),
    "UTF-16": ("title = 1".encode("utf-16"), ("not UTF-8 text", "not a key file", "not TOML")),
}
READERS = {
    "use": ("decide", "vendor", "unfit"),
    "draft": ("agreement", "offer", "unfit", "talks", "--key", "vendor.key"),
    "signing key": ("agreement", "offer", "draft.toml", "talks", "--key", "unfit"),
    "key": ("key", "show", "unfit"),
    "agreement": ("agreement", "show", "unfit", "use.json"),
    "settings": ("serve", "--config", "unfit"),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("kind", UNFIT)
def test_an_unfit_file_is_named(parties: Shell, reader: tuple[str, ...], kind: str) -> None:
    content, why = UNFIT[kind]
    if isinstance(content, bytes):
        parties.write("unfit", content)
    else:
        content(parties.folder / "unfit")
    sentence = parties.fails(*reader)
    assert any(w in sentence for w in why), sentence
    if reader[0] != "serve" or content != b"":  # empty settings are settings, with keys missing
        assert sentence.startswith("unfit: ")
    assert not (parties.folder / "talks").exists()


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_file_that_is_not_there_is_named(parties: Shell, reader: tuple[str, ...]) -> None:
    sentence = parties.fails(*reader)
    assert sentence.startswith("unfit: cannot be read: No such file or directory — ")


PACKS: dict[str, tuple[str, bytes | None, str]] = {
    "nowhere": ("nope", None, "nope: there is no such pack"),
    "a slip in a shipped name": ("vendro", None, "did you mean 'vendor'?"),
    "a folder without clauses": ("empty", None, "empty: no terms.cedar"),
    "another file": ("a.toml", b"x = 1", "a.toml: not a pack"),
    "binary": ("a.cedar", b"\x00\xff" * 9, "a.cedar: not UTF-8 text"),
    "UTF-16": ("a.cedar", GOOD.decode().encode("utf-16"), "a.cedar: not UTF-8 text"),
    "over 1 MiB": ("a.cedar", b"//" + b"a" * (1 << 20) + b"\n" + GOOD, "a.cedar: over 1 MiB"),
    "over 4 MiB": ("a.cedar", b"//" + b"a" * (4 << 20) + b"\n" + GOOD, "a.cedar: over 4 MiB"),
    "a device without end": ("/dev/zero", None, "/dev/zero: there is no such pack"),
    "a name that is too long": ("a" * 5000, None, "File name too long"),
    "no name": ("", None, "terms.cedar"),
}


@pytest.mark.parametrize(("name", "content", "words"), PACKS.values(), ids=PACKS)
@pytest.mark.parametrize("verb", [("terms", "lint"), ("terms", "test"), ("decide",)], ids=" ".join)
def test_an_unfit_pack_is_named(
    user: Shell, verb: tuple[str, ...], name: str, content: bytes | None, words: str
) -> None:
    (user.folder / "empty").mkdir()
    if content is not None:
        user.write(name, content)
    assert words in user.fails(*verb, name, *(["use.json"] if verb == ("decide",) else []))


def test_an_empty_pack_permits_nothing(user: Shell) -> None:
    user.write("none.cedar", "// nothing yet\n")
    assert user("terms", "lint", "none.cedar").status == 1
    said = user("decide", "none.cedar", "use.json")
    assert said.status == 1
    assert said.out == "deny  gen.office: Denied by default: no clause permits it.\n"


def test_the_same_file_in_a_folder_that_is_not_ours_to_read(user: Shell) -> None:
    (user.folder / "terms/terms.cedar").unlink()
    unreadable(user.folder / "terms/terms.cedar")
    assert "terms" in user.fails("terms", "lint", "terms")


@pytest.mark.parametrize(
    "command",
    [("terms", "new"), ("key", "new", "me", "-o"), ("key", "new", "me", "--site", "-o")],
    ids=" ".join,
)
@pytest.mark.parametrize("target", ["use.json/below", "/proc/nobody/here"])
def test_what_cannot_be_written_is_named(user: Shell, command: tuple[str, ...], target: str) -> None:
    sentence = user.fails(*command, target)
    assert sentence.startswith(target)
    assert "cannot be written" in sentence
    assert ".part" not in sentence
