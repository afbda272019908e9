"""What a new operator gets wrong: one plain sentence each, exit 2, and nothing in the folder was made or changed."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from brightline.agreement import Log
from brightline.keys import SigningKey
from brightline.record.log import Disclosure
from brightline.storage.disk import Disk
from brightline.storage.journal import Journal
from tests.agreement.founding import CUSTOMER, STRANGER, VENDOR, signed
from tests.live.stage import LOG_KEY, Site, agreed, make_site, snapshot

Change = Callable[[Site], None]
OTHER_LOG = SigningKey.new("elsewhere.example/gateway-3", bytes([53]) * 32)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A program that listens, and so an upstream that can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as open_port:
        yield open_port


@pytest.fixture
def site(tmp_path: Path, listener: socket.socket) -> Site:
    return make_site(tmp_path / "site", f"http://127.0.0.1:{listener.getsockname()[1]}")


def swap(old: str, new: str) -> Change:
    """`old`, a pattern that stands in brightline.toml, becomes `new`."""

    def change(site: Site) -> None:
        text = (site.folder / "brightline.toml").read_text()
        changed, count = re.subn(old, new, text, count=1, flags=re.MULTILINE)
        assert count, old
        (site.folder / "brightline.toml").write_text(changed)

    return change


def write(name: str, text: str | bytes) -> Change:
    def change(site: Site) -> None:
        (site.folder / name).write_bytes(text.encode() if isinstance(text, str) else text)

    return change


def both(*changes: Change) -> Change:
    def change(site: Site) -> None:
        for each in changes:
            each(site)

    return change


def remove(name: str) -> Change:
    return lambda site: (site.folder / name).unlink()


def paper(*signers: SigningKey, **changes: object) -> Change:
    """Another agreement in the place of the good one."""
    return write("agreement.json", signed(agreed(**changes), *signers).to_bytes())


with_ca = swap(r"^url.*$", 'url = "https://127.0.0.1:1"\nca_file = "ca.pem"')
MISTAKES: dict[str, tuple[Change, str]] = {
    "no settings": (remove("brightline.toml"), r"brightline.toml: cannot be read: No such file"),
    "a word too many": (swap(r"^log_key", "logkey"), r"there is no setting 'logkey' — did you mean 'log_key'"),
    "no log key set": (swap(r"^log_key.*$", ""), r"log_key and site_key are not both set — .*brightline key new"),
    "no log key": (remove("log.key"), r"log.key: cannot be read: No such file"),
    "a public log key": (write("log.key", str(LOG_KEY.public)), r"log.key: "),
    "no site key": (remove("site.key"), r"site.key: cannot be read: No such file"),
    "half a site key": (write("site.key", "07" * 16), r"site.key: not a site key — .*--site"),
    "no agreement set": (swap(r"^agreement.*$", ""), r"no agreement is set — .*--observe PACK"),
    "no agreement": (remove("agreement.json"), r"agreement.json: cannot be read: No such file"),
    "no JSON": (write("agreement.json", b"PK\x03\x04"), r"agreement.json: "),
    "signed by the vendor alone": (paper(VENDOR), r"agreement.json: .*customer.* — "),
    "signed by a stranger": (paper(VENDOR, STRANGER), r"agreement.json: .*customer.* — "),
    "signed with keys that the operator does not know": (
        swap(re.escape(str(CUSTOMER.public)), str(STRANGER.public)),
        r"agreement.json: Not in force: .*The customer's key is not the one that you know",
    ),
    "one party's key alone": (swap(r"^vendor = .*$", ""), r"parties names vendor and customer — "),
    "another log's key": (
        write("log.key", OTHER_LOG.secret_text()),
        r"agreement: logs: the agreement names no log elsewhere.example/gateway-3 with this gateway's key — ",
    ),
    "another key of the same name": (
        paper(VENDOR, CUSTOMER, logs=(Log(origin=LOG_KEY.name, key=replace(OTHER_LOG, name=LOG_KEY.name).public),)),
        r"(names no log|origin)",
    ),
    "terms that drifted": (
        paper(VENDOR, CUSTOMER, terms=replace(agreed().terms, digest="sha256:" + "cd" * 32)),
        r"the terms' text does not have the agreed digest — ",
    ),
    "an unknown activity": (swap(r'"gen.office"', '"gen.ofice"'), r"purposes.permit: .*did you mean 'gen.office'"),
    "an unknown fact": (
        swap(r'^activity = "gen.office"', 'activity = "gen.office"\nfacts = {plaice = "home"}'),
        "place",
    ),
    "an unknown value": (
        swap(r'^activity = "gen.office"', 'activity = "gen.office"\nfacts = {place = "homme"}'),
        r"purposes.permit.*did you mean 'home'",
    ),
    "a fact that is the gateway's": (
        swap(r'^activity = "gen.office"', 'activity = "gen.office"\nfacts = {screen = "clear"}'),
        r"screen cannot be attested — only the gateway sets it",
    ),
    "an undeclared component": (swap('"army/g2"', '"army/g3"'), r"no component 'army/g3' — did you mean 'army/g2'"),
    "an unknown purpose": (
        swap(r'\["permit"', '["permitt"'),
        r"no purpose is called 'permitt' — did you mean 'permit'",
    ),
    "an actor's key in clear": (swap(r'key_sha256 = ".*"', 'key_sha256 = "bl-live-test"'), r"SHA-256.* — .*--api"),
    "a limit of nothing": (swap(r"^\[limits\]", "[limits]\nconnections = 0"), r"limits.connections: .*above zero.* — "),
    "more connections than files": (
        swap(r"^\[limits\]", "[limits]\nconnections = 900000000"),
        r"limits: .*open files, and this process may have \d+ — raise",
    ),
    "turns of nothing": (swap(r"^component", "max_concurrent = 0\ncomponent"), r"max_concurrent is a whole number"),
    "nobody's address": (swap(r"^listen.*$", 'listen = "192.0.2.1:8080"'), r"listen = 192.0.2.1:8080: cannot listen"),
    "no address": (swap(r"^listen.*$", 'listen = "8080"'), r"write listen = "),
    "a server that is not there": (
        swap(r"^url.*$", 'url = "http://127.0.0.1:1"'),
        r"http://127.0.0.1:1: cannot connect .* — is the model server running there\?",
    ),
    "a server that has no name": (swap(r"^url.*$", 'url = "http://no.such.host.invalid"'), r"cannot connect"),
    "no URL": (swap(r"^url.*$", 'url = "127.0.0.1:8000"'), r'write "embedded", or http'),
    "no file of the upstream's key": (swap(r"^\[upstream\]", '[upstream]\napi_key_file = "k"'), r"k: cannot be read"),
    "no certificates": (with_ca, r"ca.pem: .* — "),
    "certificates that are none": (both(with_ca, write("ca.pem", "PEM")), r"ca.pem: .* — "),
    "an upstream's key of two lines": (
        both(write("k", "one\ntwo"), swap(r"^\[upstream\]", '[upstream]\napi_key_file = "k"')),
        r"k: .* — ",
    ),
    "a data folder that is a file": (swap(r"^data.*$", 'data = "agreement.json"'), r"agreement.json"),
    "a model that the embedded one is not": (swap(r"^url.*$", 'url = "embedded"'), r"is none of those agreed"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_one_sentence_and_nothing_half_made(site: Site, mistake: str) -> None:
    make, sentence = MISTAKES[mistake]
    make(site)
    with snapshot(site.folder):
        said = site.refused()
    assert re.search(sentence, said), said
    assert str(LOG_KEY.secret_text())[-20:] not in said


@pytest.mark.parametrize(
    "mistake",
    ["a word too many", "no log key set", "no agreement set", "one party's key alone", "an unknown activity",
     "an undeclared component", "more connections than files", "nobody's address"],
)  # fmt: skip
def test_the_settings_are_named_as_they_were_given(site: Site, mistake: str) -> None:
    MISTAKES[mistake][0](site)
    (site.folder / "brightline.toml").rename(site.folder / "c.toml")
    said = site.shell.fails("serve", "-c", "c.toml")
    assert said.startswith("c.toml: ")
    assert "brightline.toml" not in said


def test_the_port_is_taken(site: Site, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    swap(r"^listen.*$", f'listen = "127.0.0.1:{port}"')(site)
    with snapshot(site.folder):
        said = site.refused()
    assert said.startswith(f"brightline.toml: listen = 127.0.0.1:{port}: another program listens there — ")


def test_the_data_folder_of_another_log(site: Site) -> None:
    Journal.open(site.data, OTHER_LOG, Disclosure(), Disk()).close()
    with snapshot(site.folder):
        said = site.refused()
    assert re.search(r"data/.*another log", said), said
