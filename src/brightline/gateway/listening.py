"""Where the gateway listens: its address, and TLS towards clients."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from brightline.errors import ConfigError
from brightline.gateway.config import Config, TlsConfig
from brightline.storage.files import read_file

_NO_KEY = "name the certificate's own private key, in PEM and not encrypted"


def check_address(config: Config) -> None:
    """Raises ConfigError where nobody can listen there, or somebody does."""
    with address(config):
        socket.create_server((config.host, config.port), family=_family(config.host)).close()


@contextmanager
def address(config: Config) -> Iterator[None]:
    """What the system says of the address becomes a ConfigError."""
    try:
        yield
    except OSError as e:
        why = "another program listens there" if e.errno == errno.EADDRINUSE else f"cannot listen: {e.strerror or e}"
        place, cure = f"{config.place}: listen = {config.host}:{config.port}", "stop it, or name an address of your own"
        raise ConfigError(why, place=place, cure=cure) from None


def url_of(config: Config, host: str, port: int) -> str:
    """What SDKs take as base URL, without the API's path."""
    return f"{'https' if config.tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def client_tls(tls: TlsConfig | None) -> ssl.SSLContext | None:
    """TLS 1.2 or newer towards clients; None where none is set. Raises ConfigError naming the file and the cure."""
    if tls is None:
        return None
    _check_certificates(tls.certificate)
    read_file(tls.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(tls.certificate, tls.key, password=_refuse_encrypted(tls.key))
    except ssl.SSLError as e:
        why = "not the key of this certificate" if e.reason == "KEY_VALUES_MISMATCH" else "not a private key in PEM"
        raise ConfigError(why, place=str(tls.key), cure=_NO_KEY) from None
    return context


def _check_certificates(path: Path) -> None:
    """They are read by themselves first: of two bad files, OpenSSL does not say which."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=read_file(path).decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError, ValueError):
        cure = "name the gateway's certificate in PEM, followed by those between it and the authority"
        raise ConfigError("not a file of certificates", place=str(path), cure=cure) from None


def _refuse_encrypted(path: Path) -> Callable[[], str]:
    def ask() -> str:
        """Without this OpenSSL would ask on the terminal, and a gateway starts where nobody answers."""
        raise ConfigError("the key is encrypted", place=str(path), cure=_NO_KEY)

    return ask


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
