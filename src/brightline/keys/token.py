"""Keys that stay in a token (PKCS #11 v3.0): an Ed25519 key that signs there, a secret from which the site key follows.

The library comes with `requirements/token.txt`: only who keeps a key in a token needs it. The caller has looked at the
module's file before (`brightline.storage.keyfile`): to open a module is to run it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from brightline.errors import KeyFileError, StorageError
from brightline.keys.signing import SigningKey, VerifyKey

if TYPE_CHECKING:
    import pkcs11

SITE_LABEL: Final = b"brightline/site/v1"


class TokenKey(SigningKey):
    """An Ed25519 key in a token. It signs (CKM_EDDSA), and has no seed: no letter can be read with it.

    Law: what `sign` returns verifies under `public`. Where the token is gone, its key deleted, its PIN locked, or where
    it signs with another key, StorageError is raised and nothing is signed.
    """

    __slots__ = ("_known", "_private_key")
    _known: VerifyKey
    _private_key: pkcs11.PrivateKey

    def __init__(self, public: VerifyKey, private: pkcs11.PrivateKey) -> None:
        object.__setattr__(self, "name", public.name)
        object.__setattr__(self, "_known", public)
        object.__setattr__(self, "_private_key", private)

    @property
    def seed(self) -> NoReturn:
        cure = "use a key from a file for this: a token's key only signs"
        raise KeyFileError("the key is in a token and does not leave it", place=self.name, cure=cure)

    @property
    def public(self) -> VerifyKey:
        return self._known

    def sign(self, message: bytes) -> bytes:
        """64 bytes (RFC 8032). Raises StorageError."""
        import pkcs11  # noqa: PLC0415 - an optional library

        try:
            made = bytes(self._private_key.sign(message, mechanism=pkcs11.Mechanism.EDDSA))
        except pkcs11.PKCS11Error as e:
            _gone(self.name, f"the token gave no signature: {_why(e)}")
        if not self._known.verify(made, message):
            _gone(self.name, "the token signed with another key than the one it had")
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TokenKey) and other.public == self.public

    def __hash__(self) -> int:
        return hash(self.public)

    def __repr__(self) -> str:
        return f"TokenKey({self.name!r}, …)"


def token_key(module: str, token: str, label: str, pin: str) -> TokenKey:
    """The Ed25519 key called `label` in a token; the label is the key's name. Raises KeyFileError naming the cure."""
    session = _session(module, token, pin)
    import pkcs11  # noqa: PLC0415 - an optional library

    private = _object(session, label, pkcs11.ObjectClass.PRIVATE_KEY, token)
    twin = _object(session, label, pkcs11.ObjectClass.PUBLIC_KEY, token)
    point = bytes(twin[pkcs11.Attribute.EC_POINT])
    raw = point[2:] if point[:2] == b"\x04\x20" else point  # a DER octet string, or as PKCS #11 v3.0 has it: bare
    made = TokenKey(VerifyKey(label, raw), private)
    made.sign(b"brightline/token/v1")  # of two keys, or of another curve, nothing comes that verifies
    return made


def token_site_key(module: str, token: str, label: str, pin: str) -> bytes:
    """32 bytes: HMAC-SHA-256, in the token, of its generic secret called `label` over SITE_LABEL. Raises KeyFileError.

    The secret stays in the token; the site key that follows from it is in this process's memory while it runs.
    """
    session = _session(module, token, pin)
    import pkcs11  # noqa: PLC0415 - an optional library

    secret = _object(session, label, pkcs11.ObjectClass.SECRET_KEY, token)
    try:
        return bytes(secret.sign(SITE_LABEL, mechanism=pkcs11.Mechanism.SHA256_HMAC))
    except pkcs11.PKCS11Error as e:
        cure = "make it as a generic secret of 32 bytes that signs (docs/operations.md, Keys in a token)"
        raise KeyFileError(f"no site key follows from it: {_why(e)}", place=_place(token, label), cure=cure) from None


def _session(module: str, token: str, pin: str) -> pkcs11.Session:
    try:
        import pkcs11  # noqa: PLC0415 - an optional library
    except ImportError:
        cure = "install it: pip install --require-hashes -r requirements/token.txt"
        raise KeyFileError("the library for keys in tokens is not installed", place="pkcs11", cure=cure) from None
    try:
        library = pkcs11.lib(module)
        found = library.get_token(token_label=token)
    except (pkcs11.NoSuchToken, pkcs11.MultipleTokensReturned):
        cure = "put it in, or name it as its label says (`pkcs11-tool --module … --list-slots`); one of each label"
        raise KeyFileError("there is no such token, or two of them", place=f"token={token}", cure=cure) from None
    except pkcs11.PKCS11Error as e:
        cure = "name the module of the token's maker in module-path"
        raise KeyFileError(f"the module does not load: {_why(e)}", place=module, cure=cure) from None
    try:
        try:
            return found.open(user_pin=pin)
        except pkcs11.UserAlreadyLoggedIn:  # of one process all sessions are, once one is
            return found.open()
    except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.ArgumentsBad):
        cure = "put the right one into the file of pin-source; most tokens lock after a few wrong ones"
        raise KeyFileError("the token refuses the PIN", place=f"token={token}", cure=cure) from None
    except pkcs11.PKCS11Error as e:
        cure = "a locked PIN is set anew by the token's security officer"
        raise KeyFileError(f"the token does not open: {_why(e)}", place=f"token={token}", cure=cure) from None


def _object(session: pkcs11.Session, label: str, kind: pkcs11.ObjectClass, token: str) -> pkcs11.Key:
    import pkcs11  # noqa: PLC0415 - an optional library

    place = _place(token, label)
    try:
        found = session.get_key(object_class=kind, label=label)
        if kind is not pkcs11.ObjectClass.PUBLIC_KEY and (
            found[pkcs11.Attribute.EXTRACTABLE] or not found[pkcs11.Attribute.SENSITIVE]
        ):
            cure = "make it in the token, sensitive and not extractable; a key that can be read out is a key in a file"
            raise KeyFileError("the token would give this key away", place=place, cure=cure)
    except (pkcs11.NoSuchKey, pkcs11.MultipleObjectsReturned):
        cure = "the label is the key's name; one key of each label (docs/operations.md, Keys in a token)"
        raise KeyFileError(f"the token has no {kind.name.lower()} of this label", place=place, cure=cure) from None
    except pkcs11.PKCS11Error as e:
        raise KeyFileError(f"the key cannot be looked at: {_why(e)}", place=place, cure="look at the token") from None
    return found


def _place(token: str, label: str) -> str:
    return f"token={token};object={label}"


def _why(e: Exception) -> str:
    """The class names what PKCS #11 returned (CKR_…); its text may hold what was looked for."""
    return type(e).__name__


def _gone(name: str, text: str) -> NoReturn:
    raise StorageError(text, place=name, cure="bring the token back, then start again")
