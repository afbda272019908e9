"""Who is behind a shared key: an OpenID Connect ID token, or a header that the front end signed (DESIGN section 5).

Law: `identified` only where every check holds; anything else is `unidentified` with its reason, which never repeats
the token. The reasons are for the one who runs the front end, the name is the customer's own and private.

The token: OpenID Connect Core 1.0, section 3.1.3.7, with RS256, ES256 or EdDSA. The header `Brightline-End-User`:

    v1.TIME.NONCE.USER.SIGNATURE     TIME in Unix seconds; NONCE 8 to 64 letters, digits, '-', '_'; the rest base64url

SIGNATURE is Ed25519 over the DSSE pre-authentication encoding of canonical JSON {audience, body, nonce, time, user},
where `body` is the SHA-256 of the request's body, so that no header goes with another request.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from brightline.canonical import dump, parse
from brightline.errors import InputError, KeyFileError
from brightline.keys import Jwk, SigningKey, VerifyKey, read_token
from brightline.keys.dsse import pae

END_USER_TYPE: Final = "application/vnd.brightline.end-user+json"
LEEWAY: Final = 60
"""Seconds by which clocks may differ."""
MAX_AGE: Final = 86_400
"""Seconds after which an ID token no longer says who is there, whatever it says of itself."""
MAX_HEADER_AGE: Final = 120
"""Seconds for which a signed header is good."""
MAX_SEEN: Final = 65_536
"""Headers remembered; past it none is fresh until some are too old to be used again."""

_HEADER = re.compile(r"v1\.([0-9]{1,12})\.([A-Za-z0-9_-]{8,64})\.([A-Za-z0-9_-]{1,400})\.([A-Za-z0-9_-]{86})", re.ASCII)
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class EndUser:
    """`name` where identified, else why not. `once`: what a signed header may be used for once (`Seen`)."""

    name: str = ""
    reason: str = ""
    once: bytes = b""

    @property
    def fact(self) -> str:
        """The value of the fact `end_user`."""
        return "identified" if self.name else "unidentified"


@dataclass(frozen=True, slots=True)
class Issuer:
    """An identity provider as the customer knows it: its exact `iss`, our `aud` (client id), its public keys."""

    issuer: str
    audience: str
    keys: tuple[Jwk, ...]


def end_user(token: str, issuer: Issuer, now: float) -> EndUser:
    """Who an ID token says is there, at `now` (Unix seconds)."""
    # 1. the token's parts; its header chooses a key, and never how the key is used
    try:
        parts = read_token(token)
        claims = parse(parts.payload, "token", error=KeyFileError)
    except KeyFileError as e:
        return EndUser(reason=e.text)
    if parts.type.upper() != "JWT":
        return EndUser(reason="it is no ID token")  # RFC 9068 access tokens say at+jwt
    keys = [k for k in issuer.keys if parts.kid in (k.kid, None)]
    if len(keys) != 1:
        return EndUser(reason="the issuer has no such key" if parts.kid is not None else "it does not say which key")
    # 2. the signature, before anything that the token claims is looked at
    if parts.alg != keys[0].alg:
        return EndUser(reason="its algorithm is not that of the key")
    if not keys[0].verify(parts.signature, parts.signed):
        return EndUser(reason="its signature does not verify")
    # 3. what it claims
    if not isinstance(claims, dict):
        return EndUser(reason="it claims nothing")
    reason = _wrong_parties(claims, issuer) or _wrong_time(claims, now)
    subject = claims.get("sub")
    if not reason and (not isinstance(subject, str) or not _nameable(subject)):
        reason = "it names no subject"
    return EndUser(reason=reason) if reason else EndUser(str(subject))


def signed_user(header: str, body: bytes, audience: str, keys: Iterable[VerifyKey], now: float) -> EndUser:
    """Who a front end's signed header says is there. `keys`: the front end's; `audience`: this gateway's log origin.

    The caller then asks `Seen` whether `once` is fresh: without that, a captured request could be sent again within
    its two minutes.
    """
    found = _HEADER.fullmatch(header)
    if not found:
        return EndUser(reason="the header is malformed")
    time, nonce = int(found[1]), found[2]
    user, signature = _decoded(found[3]), _decoded(found[4])
    try:
        name = (user or b"").decode()
    except UnicodeDecodeError:
        name = ""
    if signature is None or not _nameable(name):
        return EndUser(reason="the header is malformed")
    message = _message(name, body, audience, time, nonce)
    if not any(k.verify(signature, message) for k in keys):
        return EndUser(reason="the header's signature is not the front end's over this request")
    if not -LEEWAY <= now - time <= MAX_HEADER_AGE:
        return EndUser(reason="the header is too old, or from the future")
    return EndUser(name, once=hashlib.sha256(message).digest())


def sign_user(key: SigningKey, user: str, body: bytes, audience: str, time: int, nonce: str) -> str:
    """The header that a front end sends. Raises InputError where it could not be read back."""
    signature = key.sign(_message(user, body, audience, time, nonce))
    header = f"v1.{time}.{nonce}.{_encoded(user.encode())}.{_encoded(signature)}"
    if not _HEADER.fullmatch(header) or not _nameable(user):
        cure = "name the user in 1 to 200 visible characters; take a nonce of 8 to 64 letters and digits"
        raise InputError("cannot stand in a header", place="end user", cure=cure)
    return header


@dataclass(slots=True)
class Seen:
    """Signed headers used so far, until they are too old. Full, it says `not fresh`: it never forgets to make room."""

    _until: dict[bytes, float] = field(default_factory=dict)

    def fresh(self, once: bytes, now: float) -> bool:
        """True the first time, and never again while the header is good."""
        if once in self._until:
            return False
        if len(self._until) >= MAX_SEEN:
            self._until = {k: t for k, t in self._until.items() if t >= now}
        if len(self._until) >= MAX_SEEN:
            return False
        self._until[once] = now + MAX_HEADER_AGE + LEEWAY
        return True


def _wrong_parties(claims: dict[str, Any], issuer: Issuer) -> str:
    audiences = claims.get("aud")
    audiences = [audiences] if isinstance(audiences, str) else audiences
    if claims.get("iss") != issuer.issuer:
        return "it is another issuer's"
    if not isinstance(audiences, list) or issuer.audience not in audiences:
        return "it was issued for somebody else"
    if claims.get("azp", issuer.audience if len(audiences) == 1 else None) != issuer.audience:
        return "it was issued to somebody else"  # OpenID Connect Core 3.1.3.7, steps 4 and 5
    return ""


def _wrong_time(claims: dict[str, Any], now: float) -> str:
    times = {n: claims[n] for n in ("exp", "iat", "nbf") if n in claims}
    if not {"exp", "iat"} <= set(times) or any(
        isinstance(t, bool) or not isinstance(t, int | float) for t in times.values()
    ):
        return "it does not say from when until when it is good"
    if now >= times["exp"] + LEEWAY:
        return "it has expired"
    if max(times["iat"], times.get("nbf", 0)) > now + LEEWAY:
        return "it is from the future"
    if now - times["iat"] > MAX_AGE:
        return "it was issued too long ago"
    return ""


def _nameable(name: str) -> bool:
    return 0 < len(name) <= 200 and bool(name.strip()) and not _UNSEEN.search(name)


def _message(user: str, body: bytes, audience: str, time: int, nonce: str) -> bytes:
    said = {"audience": audience, "body": hashlib.sha256(body).hexdigest(), "nonce": nonce, "time": time, "user": user}
    return pae(END_USER_TYPE, dump(said))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes | None:
    """base64url in its one canonical form; None for anything else, so that one signature has one text."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return data if _encoded(data) == text else None
