"""`brightline guard`: a command line that cannot be followed is one sentence and status 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from brightline.keys import SigningKey
from tests.cli.shell import Shell

KEY = SigningKey.new("department.example/g1", bytes([9]) * 32)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"--engine": "ftp://x"}, "no http or https host"),
        ({"--engine": "http://127.0.0.1:1", "--listen": "here"}, "--listen"),
        ({"--engine": "http://127.0.0.1:1", "--listen": "127.0.0.1:99999"}, "--listen"),
        ({"--engine": "http://127.0.0.1:1", "--listen": "192.0.2.1:0"}, "cannot listen"),
        ({"--engine": "http://127.0.0.1:1", "--log-key": "none.pub"}, "none.pub"),
        ({"--engine": "http://127.0.0.1:1", "--log-key": "log.key"}, "log.key"),
        ({"--engine": "http://127.0.0.1:1", "--api-key-file": "empty"}, "not an API key"),
    ],
)
def test_what_cannot_be_followed(tmp_path: Path, change: dict[str, str], why: str) -> None:
    (tmp_path / "log.pub").write_text(str(KEY.public))
    (tmp_path / "log.key").write_text(KEY.secret_text())
    (tmp_path / "empty").write_text("two words")
    words = {"--log-key": "log.pub", "--listen": "127.0.0.1:0", **change}
    said = Shell(tmp_path).fails("guard", *[w for pair in words.items() for w in pair])
    assert why in said
    assert KEY.secret_text() not in said
