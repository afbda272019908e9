"""TLS towards clients: the real SDKs over https with an authority of one's own, and what an operator gets wrong."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import anthropic
import httpx2
import openai
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from brightline.gateway.config import TlsConfig
from brightline.gateway.listening import client_tls
from tests.gateway import scripts
from tests.live.clients import Ledger, anthropic_call, assert_recorded, openai_call
from tests.live.stage import API_KEY, Site, make_site, serving, snapshot, upstream

TLS = '\n[tls]\ncertificate = "gateway.pem"\nkey = "gateway.key"\n'


def secured(folder: Path, url: str, certificates: Path) -> Site:
    site = make_site(folder / "site", url)
    shutil.copy(certificates / "host.pem", site.folder / "gateway.pem")
    shutil.copy(certificates / "host.key", site.folder / "gateway.key")
    (site.folder / "gateway.key").chmod(0o600)
    with (site.folder / "brightline.toml").open("a") as settings:
        settings.write(TLS)
    return site


async def test_the_sdks_over_https(tmp_path: Path, certificates: Path) -> None:
    ledger = Ledger()
    trust = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    async with upstream(scripts.model) as (url, _):
        site = secured(tmp_path, url, certificates)
        async with serving(site) as gateway:
            assert gateway.url == f"https://127.0.0.1:{gateway.port}"
            base = f"https://localhost:{gateway.port}"
            async with (
                openai.AsyncOpenAI(
                    base_url=f"{base}/v1", api_key=API_KEY, max_retries=0, http_client=httpx2.AsyncClient(verify=trust)
                ) as chat,
                anthropic.AsyncAnthropic(
                    base_url=base, api_key=API_KEY, max_retries=0, http_client=httpx2.AsyncClient(verify=trust)
                ) as messages,
            ):
                for stream in (False, True):
                    assert (await openai_call(chat, ledger, stream=stream)).whole
                    assert (await anthropic_call(messages, ledger, stream=stream)).whole
                    assert (await openai_call(chat, ledger, stream=stream, purpose="deny")).status == 403
            # Whoever does not trust the authority, or speaks no TLS, gets nothing.
            async with openai.AsyncOpenAI(base_url=f"{base}/v1", api_key=API_KEY, max_retries=0) as stranger:
                with pytest.raises(openai.APIConnectionError):
                    await stranger.models.list()
            with pytest.raises(httpx2.HTTPError):
                httpx2.get(f"http://localhost:{gateway.port}/healthz")
            assert await gateway.stop() == 0
    assert len(ledger.seen) == 6
    assert_recorded(ledger, site.entries())


def test_nothing_older_than_tls_1_2(certificates: Path) -> None:
    context = client_tls(TlsConfig(certificates / "host.pem", certificates / "host.key"))
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert client_tls(None) is None


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def encrypt(folder: Path) -> None:
    openssl(folder, "pkcs8", "-topk8", "-in", "gateway.key", "-out", "locked.key", "-passout", "pass:x")
    (folder / "locked.key").replace(folder / "gateway.key")


def another_key(folder: Path) -> None:
    openssl(folder, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "gateway.key")


def expired(folder: Path) -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), 1, datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
    )
    pem = serialization.Encoding.PEM
    (folder / "gateway.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem))
    form, bare = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "gateway.key").write_bytes(key.private_bytes(pem, form, bare))


def without(word: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        settings = folder / "brightline.toml"
        settings.write_text(re.sub(rf"^{word} = \"gateway.*\n", "", settings.read_text(), flags=re.MULTILINE))

    return change


MISTAKES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no certificate": (lambda f: (f / "gateway.pem").unlink(), r"^gateway.pem: cannot be read: No such file"),
    "no key": (lambda f: (f / "gateway.key").unlink(), r"^gateway.key: cannot be read: No such file"),
    "no PEM": (lambda f: (f / "gateway.pem").write_text("x"), r"^gateway.pem: not a file of certificates — name"),
    "the key for the certificate": (
        lambda f: shutil.copy(f / "gateway.key", f / "gateway.pem"),
        r"^gateway.pem: not a file of certificates — name",
    ),
    "the certificate for the key": (
        lambda f: shutil.copy(f / "gateway.pem", f / "gateway.key"),
        r"^gateway.key: not a private key in PEM — name",
    ),
    "another's key": (another_key, r"^gateway.key: not the key of this certificate — name"),
    "an encrypted key": (encrypt, r"^gateway.key: the key is encrypted — name .* not encrypted"),
    "a key alone": (without("certificate"), r"^brightline.toml: tls: certificate is missing .* — write certificate = "),
    "a certificate alone": (without("key"), r"^brightline.toml: tls: key is missing .* — write key = "),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_to_serve_and_doctor(tmp_path: Path, certificates: Path, mistake: str) -> None:
    site = secured(tmp_path, "http://127.0.0.1:1", certificates)
    make, sentence = MISTAKES[mistake]
    make(site.folder)
    with snapshot(site.folder):
        said = site.refused()
    assert re.search(sentence, said), said
    if "brightline.toml" in said:
        assert site.shell.fails("doctor") == said
        return
    check = checked(site)["tls"]
    assert (check["ok"], f"{check['text']} — {check['cure']}") == (False, said)


def checked(site: Site) -> dict[str, dict[str, object]]:
    return {c["name"]: c for c in site.shell("doctor", "--json").document["checks"]}


def test_doctor_says_how_long_the_certificate_lasts_and_who_can_read_the_key(
    tmp_path: Path, certificates: Path
) -> None:
    site = secured(tmp_path, "http://127.0.0.1:1", certificates)
    checks = checked(site)
    assert re.fullmatch(
        r"gateway.pem until 20\d\d-\d\d-\d\d, with its key; TLS 1.2 or newer", str(checks["tls"]["text"])
    )
    assert checks["rights"]["ok"] is True
    (site.folder / "gateway.key").chmod(0o644)
    assert checked(site)["rights"]["cure"] == "chmod 600 gateway.key"
    expired(site.folder)
    check = checked(site)["tls"]
    assert (check["ok"], check["text"]) == (False, "gateway.pem: the certificate expired on 2021-01-01")
    assert "in clear" in str(checked(make_site(tmp_path / "plain", "http://127.0.0.1:1"))["tls"]["text"])
