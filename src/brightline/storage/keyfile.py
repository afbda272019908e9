"""Key files: a secret in text, or the name of a key that stays in a token (RFC 7512).

    pkcs11:token=LABEL;object=NAME?module-path=/…/module.so&pin-source=/…/pin

The one line stands in the file in the place of the secret. Nothing else of RFC 7512 is taken: `pin-value` would be a
PIN in a file of settings. A module is run by opening it, so it must be root's: what others send opens nothing here.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from brightline.errors import ConfigError, KeyFileError
from brightline.keys import SigningKey
from brightline.keys.token import token_key, token_site_key
from brightline.storage.files import read_file

SCHEME: Final = "pkcs11:"
MAX_KEY: Final = 1 << 14
"""Bytes of a key file, and of a PIN's."""
_CURE = "write pkcs11:token=LABEL;object=NAME?module-path=/…/module.so&pin-source=/…/pin"


@dataclass(frozen=True, slots=True)
class Uri:
    """A key in a token, as its URI names it; `place` is the file that it stands in."""

    token: str
    object: str
    module: str
    pin_source: str
    place: str

    @classmethod
    def parse(cls, text: str, place: str) -> Uri:
        """Raises KeyFileError."""
        path, _, query = text.strip().removeprefix(SCHEME).partition("?")
        said: dict[str, str] = {}
        for piece in [*path.split(";"), *query.split("&")]:
            name, equals, value = piece.partition("=")
            if name in said or not equals or name not in ("token", "object", "module-path", "pin-source"):
                # the value is not repeated: it may be a PIN
                raise KeyFileError(f"{name[:20]!r} is not taken, or stands twice", place=place, cure=_CURE)
            said[name] = unquote(value, errors="replace")
        if len(said) < 4 or not all(said.values()):
            raise KeyFileError("token, object, module-path and pin-source are not all named", place=place, cure=_CURE)
        source = said["pin-source"].removeprefix("file:")
        return cls(said["token"], said["object"], said["module-path"], re.sub("^//(?=/)", "", source), place)

    def module_file(self) -> str:
        """The module, if nobody but root can change it. Raises KeyFileError."""
        path = Path(self.module)
        try:
            if not path.is_absolute():
                raise KeyFileError("module-path is not absolute", place=self.place, cure=_CURE)
            path = path.resolve(strict=True)
            states = [part.stat() for part in (path, path.parent)]
        except (OSError, ValueError):
            cure = "install the module of the token's maker, or mend module-path"
            raise KeyFileError(f"there is no module {self.module}", place=self.place, cure=cure) from None
        if any(state.st_uid != 0 or state.st_mode & (stat.S_IWGRP | stat.S_IWOTH) for state in states):
            cure = "give module and folder to root (chown root:, chmod go-w): whoever can change it can sign"
            raise KeyFileError("others than root can change the module", place=self.module, cure=cure)
        return str(path)

    def pin(self) -> str:
        """Raises KeyFileError; never repeats the PIN."""
        path = Path(self.pin_source)
        if not path.is_absolute():
            raise KeyFileError("pin-source is not an absolute path", place=self.place, cure=_CURE)
        data = read_file(path, MAX_KEY, error=KeyFileError)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyFileError("others can read the PIN", place=str(path), cure=f"chmod 600 {path}")
        try:
            return data.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise KeyFileError("the PIN is not text", place=str(path), cure="write the PIN into it") from None


def read_signing_key(path: Path | str, *, error: type[ConfigError | KeyFileError] = ConfigError) -> SigningKey:
    """The key in a file, or in the token that the file names. Raises KeyFileError; `error` where it cannot be read."""
    place, text = str(path), _text(path, error)
    if not text.startswith(SCHEME):
        return SigningKey.parse(text, place)
    uri = Uri.parse(text, place)
    return token_key(uri.module_file(), uri.token, uri.object, uri.pin())


def read_site_key(path: Path | str) -> bytes:
    """The 32 bytes in a site key's file, or that follow from a token's secret. Raises ConfigError, KeyFileError."""
    text = _text(path, ConfigError)
    if text.startswith(SCHEME):
        uri = Uri.parse(text, str(path))
        return token_site_key(uri.module_file(), uri.token, uri.object, uri.pin())
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ConfigError("not a site key", place=str(path), cure="make one with `brightline key new --site`")
    return key


def _text(path: Path | str, error: type[ConfigError | KeyFileError]) -> str:
    data = read_file(path, MAX_KEY, error=error)
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise KeyFileError("not a key file", place=str(path), cure="name a .key or .pub file") from None
