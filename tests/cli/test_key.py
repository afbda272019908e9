"""`brightline key`: made once, never overwritten, never shown."""

from __future__ import annotations

import hashlib
import re
import stat
from pathlib import Path

import pytest

from brightline.keys import SigningKey, VerifyKey
from tests.cli.shell import Shell


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_signing_key_is_two_files_and_the_secret_is_the_owners(shell: Shell) -> None:
    document = shell("key", "new", "vendor.example", "--json").document
    secret, public = shell.folder / document["secret"], shell.folder / document["public"]
    assert (secret.name, public.name) == ("vendor.example.key", "vendor.example.pub")
    assert mode(secret) == 0o600
    signing = SigningKey.parse(secret.read_text())
    assert str(signing.public) == document["key"] == public.read_text().strip()
    assert VerifyKey.parse(public.read_text()).name == "vendor.example"
    assert list(shell.folder.glob("*.part")) == []


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_no_run_shows_a_secret(shell: Shell, form: tuple[str, ...]) -> None:
    made = shell("key", "new", "a", *form)
    secret = (shell.folder / "a.key").read_text().strip()
    seed = secret.split("+", 4)[4]
    site = shell("key", "new", "s", "--site", *form)
    wrapped = (shell.folder / "s.site").read_text().strip()
    runs = [made, site, shell("key", "show", "a.key", *form), shell("key", "show", "a.pub", *form)]
    runs += [shell("key", "new", "a", *form), shell("key", "show", "s.site", *form)]
    runs += [shell("key", "show", shell.write("bent.key", secret[:-4] + "AAAA"), *form)]
    runs += [shell("key", "show", shell.write("cut.key", secret[:-4]), *form)]
    runs += [shell("agreement", "show", "a.key", *form), shell("terms", "lint", "a.key", *form)]
    runs += [shell("decide", "vendor", "a.key", *form), shell("serve", "--config", "a.key", *form)]
    for said in runs:
        assert "PRIVATE" not in said.out + said.err
        for hidden in (seed, seed[8:30], wrapped, wrapped[:16]):
            assert hidden not in said.out + said.err
    assert [r.status for r in runs[:4]] == [0, 0, 0, 0]
    assert {r.status for r in runs[4:]} == {2}


def test_show_gives_the_public_half_of_either_file(shell: Shell) -> None:
    key = shell("key", "new", "a/b", "--json").document["key"]
    for file in ("a-b.key", "a-b.pub", key):
        assert shell("key", "show", file).out == f"{key}\n"
        assert shell("key", "show", file, "--json").document == {"name": "a/b", "id": key.split("+")[1], "key": key}


def test_a_key_is_never_overwritten(shell: Shell) -> None:
    shell("key", "new", "a")
    before = {p.name: p.read_bytes() for p in shell.folder.iterdir()}
    assert shell.fails("key", "new", "a").startswith("a.key: there is such a file already")
    assert shell.fails("key", "new", "b", "-o", "a.pub").startswith("a.pub: there is such a file already")
    (shell.folder / "c.pub").symlink_to("nowhere")
    assert shell.fails("key", "new", "c").startswith("c.pub: there is such a file already")
    after = {p.name: p.read_bytes() for p in shell.folder.iterdir() if not p.is_symlink()}
    assert after == before  # and no secret was left without its twin


def test_a_secret_goes_through_nobodys_link(shell: Shell) -> None:
    shell.write("public", b"")
    (shell.folder / "a.key.part").symlink_to("public")
    assert shell("key", "new", "a").status == 0
    assert (shell.folder / "public").read_bytes() == b""
    assert mode(shell.folder / "a.key") == 0o600
    shell.write("b.site.part", b"left by a crash")
    (shell.folder / "b.site.part").chmod(0o666)
    assert shell("key", "new", "b", "--site").status == 0
    assert mode(shell.folder / "b.site") == 0o600


def test_a_link_planted_at_the_last_moment_gets_nothing(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.write("public", b"")
    unlink = Path.unlink

    def raced(path: Path, missing_ok: bool = False) -> None:
        unlink(path, missing_ok=missing_ok)
        path.symlink_to("public")

    monkeypatch.setattr(Path, "unlink", raced)
    assert shell.fails("key", "new", "a").startswith("a.key: cannot be written: File exists")
    monkeypatch.undo()
    assert (shell.folder / "public").read_bytes() == b""
    assert not (shell.folder / "a.key").exists()


def test_the_secret_is_not_named_like_its_twin(shell: Shell) -> None:
    assert "end the secret file's name in .key" in shell.fails("key", "new", "a", "-o", "a.pub")
    assert list(shell.folder.iterdir()) == []


def test_a_site_key_is_32_bytes_of_hex(shell: Shell) -> None:
    document = shell("key", "new", "department.example", "--site", "--json").document
    path = shell.folder / document["secret"]
    assert mode(path) == 0o600
    assert len(bytes.fromhex(path.read_text())) == 32


def test_an_api_key_is_printed_and_kept_nowhere(shell: Shell) -> None:
    document = shell("key", "new", "g2/analyst-7", "--api", "--json").document
    assert document["key_sha256"] == hashlib.sha256(document["key"].encode()).hexdigest()
    text = shell("key", "new", "g2/analyst-7", "--api").out
    (key,) = re.findall(r"^key +(bl-\S+)$", text, re.MULTILINE)
    assert key != document["key"]
    assert hashlib.sha256(key.encode()).hexdigest() in text
    assert list(shell.folder.iterdir()) == []


@pytest.mark.parametrize("kind", [(), ("--api",), ("--site",)], ids=["signing", "api", "site"])
@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "\x1b[2J", "a" * 201])
def test_a_name_that_no_key_can_have(shell: Shell, kind: tuple[str, ...], name: str) -> None:
    assert "cannot name a key — use letters" in shell.fails("key", "new", name, *kind)
    assert list(shell.folder.iterdir()) == []


@pytest.mark.parametrize("more", [("--api", "--site"), ("--api", "-o", "x")], ids=" ".join)
def test_options_that_contradict_each_other(shell: Shell, more: tuple[str, ...]) -> None:
    assert " together — " in shell.fails("key", "new", "a", *more)
    assert list(shell.folder.iterdir()) == []


def test_two_keys_are_never_alike(shell: Shell) -> None:
    keys = [shell("key", "new", "same.example", "-o", f"{n}.key", "--json").document["key"] for n in range(4)]
    assert len(set(keys)) == 4
