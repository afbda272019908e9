"""What this gateway shows and trusts when it calls another server: its API key there, and certificates."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from brightline.errors import ConfigError
from brightline.storage.files import read_file


def api_key(path: Path) -> bytes:
    """A key for a server: one word that a header can carry. Raises ConfigError."""
    key = read_file(path).strip()
    if not re.fullmatch(rb"[\x21-\x7e]{1,4096}", key):
        raise ConfigError("not an API key", place=str(path), cure="put the key alone into it, on one line")
    return key


def trusting(ca_file: Path) -> ssl.SSLContext:
    """TLS that trusts these certificates and no others. Raises ConfigError."""
    try:
        return ssl.create_default_context(cadata=read_file(ca_file).decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError, ValueError):
        cure = "name a file of certificates in PEM"
        raise ConfigError("not a file of certificates", place=str(ca_file), cure=cure) from None
