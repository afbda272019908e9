"""Log key and site key in a token (SoftHSM2): everything works that works with files, and nothing without the token."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from brightline.agreement import Log
from brightline.errors import KeyFileError, StorageError
from brightline.keys import Envelope, SigningKey, VerifyKey, read_letter, write_letter
from brightline.keys import token as tokens_door
from brightline.storage.keyfile import read_signing_key, read_site_key
from tests.cli.shell import Shell
from tests.gateway import scripts
from tests.live.clients import CHAT, Ledger, Raw, assert_recorded
from tests.live.stage import ORIGIN, Site, agreed, make_site, refused_start, serving, upstream
from tests.live.tokens import MODULE, Token, prepare

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module", autouse=True)
def tokens(tmp_path_factory: pytest.TempPathFactory) -> tuple[Token, Token]:
    folder = tmp_path_factory.mktemp("softhsm")
    prepare(folder)
    return Token.made("brightline", folder), Token.made("fresh", folder)


@pytest.fixture
def token(tokens: tuple[Token, Token]) -> Token:
    """With a log's key and a secret of its own for each test."""
    made, _ = tokens
    for name in (ORIGIN, "site", "vendor.example", "loose", "other"):
        made.destroy(name)
    made.signing(ORIGIN)
    made.secret("site")
    return made


def placed(token: Token, folder: Path) -> SigningKey:
    """The files `log.key` and `site.key` that name the token."""
    folder.mkdir(exist_ok=True)
    for name, label in (("log.key", ORIGIN), ("site.key", "site")):
        (folder / name).write_text(token.uri(label))
        (folder / name).chmod(0o600)
    return read_signing_key(folder / "log.key")


def site_of(token: Token, folder: Path, url: str) -> Site:
    public = placed(token, folder).public
    site = make_site(folder, url, paper=agreed(logs=(Log(origin=ORIGIN, key=public),)))
    placed(token, folder)
    return site


async def test_a_gateway_serves_with_its_keys_in_the_token(tmp_path: Path, token: Token) -> None:
    ledger = Ledger()
    async with upstream(scripts.model) as (url, _):
        site = site_of(token, tmp_path / "site", url)
        for _ in range(2):  # started again it reads the record back with the same keys
            async with serving(site) as gateway, Raw(gateway.port, ledger) as raw:
                assert (await raw.call(CHAT)).status == 200
                assert await gateway.stop() == 0
    assert_recorded(ledger, site.entries())
    site.verified("a.bundle")
    said = await asyncio.to_thread(site.shell, "doctor", "--json")
    checks = {c["name"]: c for c in said.document["checks"]}
    assert checks["keys"]["ok"]
    assert checks["record"]["ok"]
    assert checks["private side"]["ok"]
    shown = site.shell("key", "show", "log.key").out.strip()
    assert VerifyKey.parse(shown) == placed(token, site.folder).public


async def test_a_key_that_goes_while_the_gateway_runs(tmp_path: Path, token: Token) -> None:
    ledger = Ledger()
    async with upstream(scripts.model) as (url, _):
        site = site_of(token, tmp_path / "site", url)
        async with serving(site) as gateway, Raw(gateway.port, ledger) as raw:
            assert (await raw.call(CHAT)).status == 200
            before = len(site.entries())
            await asyncio.to_thread(token.destroy, ORIGIN)
            for _ in range(2):
                async with Raw(gateway.port, Ledger()) as other:
                    seen = await other.call(CHAT)
                assert seen.status == 503
                assert b"nothing is answered" in seen.body
            assert len(site.entries()) >= before
            await gateway.stop()
        assert "has no private_key of this label" in await refused_start(site)


def test_signatures_are_ed25519_and_the_seed_stays(tmp_path: Path, token: Token) -> None:
    key = placed(token, tmp_path / "site")
    assert key.name == ORIGIN
    assert key.public.verify(key.sign(b"x" * 200), b"x" * 200)
    assert key == placed(token, tmp_path / "site")
    with pytest.raises(KeyFileError, match="does not leave it"):
        key.secret_text()
    with pytest.raises(KeyFileError, match="does not leave it"):
        read_letter(key, write_letter(key.public, b"for you", "a"), "a")
    site_key = read_site_key(tmp_path / "site" / "site.key")
    assert site_key == read_site_key(tmp_path / "site" / "site.key")
    assert len(set(site_key)) > 8


def test_a_party_signs_with_a_key_in_the_token(tmp_path: Path, token: Token) -> None:
    """`read_signing_key` is the one reader of the verbs: what it reads signs envelopes as a key in a file does."""
    token.signing("vendor.example")
    (tmp_path / "vendor.key").write_text(token.uri("vendor.example"))
    key = read_signing_key(tmp_path / "vendor.key")
    signed = Envelope("application/x", b"{}").signed(key)
    assert signed.signed_by(key.public)
    assert Shell(tmp_path)("key", "show", "vendor.key", "--json").document["key"] == str(key.public)
    assert "a key in a token" in Shell(tmp_path).fails(
        "agreement", "show", "x", "--vendor-key", "vendor.key", "--customer-key", "vendor.key"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"token": "another"}, "there is no such token"),
        ({"module": "/usr/lib/nothing.so"}, "there is no module"),
        ({"module": "libsofthsm2.so"}, "not absolute"),
        ({"module": "/etc/hostname"}, "the module does not load"),
        ({"pin": "token.pin"}, "not an absolute path"),
        ({"pin": "/nowhere/token.pin"}, "cannot be read"),
        ({"pin": "/etc/hostname"}, "others can read the PIN"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, token: Token, change: dict[str, str], words: str) -> None:
    path = tmp_path / "x.key"
    path.write_text(token.uri(ORIGIN, **change))
    with pytest.raises(KeyFileError, match=words) as refused:
        read_signing_key(path)
    assert refused.value.cure
    assert words in Shell(tmp_path).fails("key", "show", "x.key")


def test_a_wrong_pin(tmp_path: Path, tokens: tuple[Token, Token]) -> None:
    _, fresh = tokens  # nobody of this process is logged in to it
    (tmp_path / "wrong.pin").write_text("0000")
    (tmp_path / "wrong.pin").chmod(0o600)
    (tmp_path / "x.key").write_text(fresh.uri(ORIGIN, pin=str(tmp_path / "wrong.pin")))
    with pytest.raises(KeyFileError, match="refuses the PIN") as refused:
        read_signing_key(tmp_path / "x.key")
    assert "0000" not in str(refused.value)


def test_a_key_that_could_be_read_out_is_refused(tmp_path: Path, token: Token) -> None:
    token.signing("loose", extractable=True)
    (tmp_path / "x.key").write_text(token.uri("loose"))
    with pytest.raises(KeyFileError, match="give this key away"):
        read_signing_key(tmp_path / "x.key")


def test_a_token_that_signs_with_another_key(tmp_path: Path, token: Token) -> None:
    key = placed(token, tmp_path / "site")
    token.signing("other")
    (tmp_path / "other.key").write_text(token.uri("other"))
    other = read_signing_key(tmp_path / "other.key")
    swapped = tokens_door.TokenKey(key.public, other._private_key)
    with pytest.raises(StorageError, match="another key"):
        swapped.sign(b"x")


def test_a_module_that_others_can_change_is_not_opened(tmp_path: Path, token: Token) -> None:
    loose = tmp_path / "module.so"
    loose.write_bytes(Path(MODULE).read_bytes())
    loose.chmod(0o666)
    (tmp_path / "x.key").write_text(token.uri(ORIGIN, module=str(loose)))
    with pytest.raises(KeyFileError, match="others than root"):
        read_signing_key(tmp_path / "x.key")
    loose.chmod(0o644)
    os.chown(loose, 1000, -1)
    with pytest.raises(KeyFileError, match="others than root"):
        read_signing_key(tmp_path / "x.key")
