"""Key files: what names a token is read strictly, and nothing of others' opens a module."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from brightline.errors import ConfigError, KeyFileError
from brightline.keys import SigningKey
from brightline.storage.keyfile import Uri, read_signing_key, read_site_key
from tests.cli.shell import Shell

GOOD = "pkcs11:token=army;object=army.example%2Flog?module-path=/usr/lib/x.so&pin-source=file:///etc/pin\n"


def test_a_uri_is_read() -> None:
    found = Uri.parse(GOOD, "log.key")
    assert (found.token, found.object, found.module) == ("army", "army.example/log", "/usr/lib/x.so")
    assert found.pin_source == "/etc/pin"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("&pin-source=file:///etc/pin", "&pin-value=98765", "'pin-value' is not taken"),
        ("token=army;", "", "not all named"),
        ("token=army;", "token=army;token=navy;", "stands twice"),
        ("object=army.example%2Flog", "object=", "not all named"),
        ("?module-path", "?slot=1&module-path", "'slot' is not taken"),
        ("?", "", "not all named|is not taken|stands twice"),
    ],
)
def test_what_cannot_be_followed_is_refused(old: str, new: str, words: str) -> None:
    assert old in GOOD
    with pytest.raises(KeyFileError, match=words) as refused:
        Uri.parse(GOOD.replace(old, new), "log.key")
    assert refused.value.place == "log.key"
    assert "98765" not in str(refused.value)


def test_a_file_still_holds_a_key(tmp_path: Path) -> None:
    key = SigningKey.new("a", bytes([1]) * 32)
    (tmp_path / "a.key").write_text(key.secret_text() + "\n")
    (tmp_path / "a.site").write_text("07" * 32 + "\n")
    assert read_signing_key(tmp_path / "a.key") == key
    assert read_site_key(tmp_path / "a.site") == bytes([7]) * 32
    with pytest.raises(ConfigError, match="not a site key"):
        read_site_key(tmp_path / "a.key")


def test_a_public_key_of_others_opens_no_module(tmp_path: Path) -> None:
    (tmp_path / "theirs.pub").write_text(GOOD)
    with pytest.raises(KeyFileError, match="not a signing key"):
        SigningKey.parse(GOOD)
    both = ("--vendor-key", "theirs.pub", "--customer-key", "theirs.pub")
    assert "a key in a token" in Shell(tmp_path).fails("agreement", "show", "theirs.pub", *both)


def test_without_the_library_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    pin = tmp_path / "pin"
    pin.write_text("1")
    pin.chmod(0o600)
    text = f"pkcs11:token=a;object=b?module-path=/usr/bin/env&pin-source={pin}"
    (tmp_path / "x.key").write_text(text)
    with pytest.raises(KeyFileError, match=r"requirements/token\.txt"):
        read_signing_key(tmp_path / "x.key")
