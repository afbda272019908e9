"""Who is behind a shared key: the header `Brightline-End-User`, an ID token or the front end's own signature (step 3).

Law: without the header the end user is unidentified, and what the terms say of that decides. A header that does not
hold is refused with its reason and never taken for none: the front end means somebody, and should hear that it failed.
A signed header is good once; those from before this gateway started are refused: what was used then is not known.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from brightline.errors import CallError
from brightline.gateway.config import ActorConfig, EndUsersConfig
from brightline.gateway.wire import Request
from brightline.keys import VerifyKey, read_jwks
from brightline.registry import EndUser, Issuer, Seen, end_user, signed_user
from brightline.registry.end_user import MAX_HEADER_AGE
from brightline.storage.files import read_file

HEADER = b"brightline-end-user"
PLACE = "Brightline-End-User"
NOBODY = EndUser()


@dataclass(slots=True)
class Users:
    """`audience`: the log's origin, to which front ends sign; `issuer`: the identity provider, where one is set."""

    audience: str
    issuer: Issuer | None = None
    clock: Callable[[], float] = time.time
    started: int = 0  # in whole seconds, as headers tell them
    seen: Seen = field(default_factory=Seen)

    def __post_init__(self) -> None:
        self.started = int(self.clock())

    def of(self, actor: ActorConfig, key: VerifyKey | None, request: Request) -> EndUser:
        """Who is behind a call of this actor, whose registered key is `key`. Raises CallError 401, 400."""
        header = request.header(HEADER)
        if header is None:
            return NOBODY
        if not actor.shared:
            cure = "leave it out: the key is one actor's own; for a front end set `shared = true`"
            raise CallError("this key has nobody else behind it", code="no_shared_key", place=PLACE, cure=cure)
        text, now = header.decode("latin-1"), self.clock()
        if text.startswith("v1."):
            found = self._signed(text, request.body, key, now)
        elif self.issuer is not None:
            found = end_user(text, self.issuer, now)
        else:
            found = EndUser(reason="no identity provider is set here")
        if not found.name:
            raise _refused(found.reason)
        return found

    def _signed(self, header: str, body: bytes, key: VerifyKey | None, now: float) -> EndUser:
        if key is None:
            return EndUser(reason="the registry has no key of this front end")
        found = signed_user(header, body, self.audience, [key], now)
        if not found.name:
            return found
        signed_at = int(header.split(".", 2)[1])
        if signed_at < self.started and now - self.started < MAX_HEADER_AGE:
            return EndUser(reason="it was signed before this gateway started")
        return found if self.seen.fresh(found.once, now) else EndUser(reason="it was used before")


def issuer_of(config: EndUsersConfig | None) -> Issuer | None:
    """The identity provider of the settings, its keys read. Raises ConfigError, KeyFileError."""
    if config is None:
        return None
    return Issuer(config.issuer, config.audience, read_jwks(_keys(config.keys), str(config.keys)))


def _keys(path: Path) -> bytes:
    return read_file(path)


def _refused(reason: str) -> CallError:
    cure = "sign each request anew, or send the user's present ID token; without the header the user is unidentified"
    return CallError(reason, status=401, code="bad_end_user", place=PLACE, cure=cure)
