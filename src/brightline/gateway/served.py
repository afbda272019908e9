"""Which models this gateway serves, and what each call to the engine must carry for it (steps 2 and 6).

Law: a model with a statement is served only where the statement is signed as the settings say, and its digest is the
one that the agreement has under that name; the embedded engine loads adapters only from such statements. While adapters
are loaded, every call carries the scale of each, which only the gateway sets (`models.variants`), and an API of which
the engine takes no scales is served for no model: it would be answered by whichever adapter the last call used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from brightline.errors import AgreementError, CallError, ConfigError, ModelError
from brightline.gateway.codec import Api
from brightline.gateway.config import EMBEDDED, Config, SignedModelConfig
from brightline.gateway.standing import Standing
from brightline.keys import EcVerifyKey
from brightline.models import ModelStatement, Variant, Variants
from brightline.models.signing import verify_model
from brightline.registry import Kind, Model, Registry
from brightline.storage.files import read_file

# Of these llama.cpp takes scales; messages are translated to chat while adapters are loaded (`gateway._pool`).
_READ_SCALES = frozenset((Api.CHAT, Api.COMPLETIONS, Api.RESPONSES, Api.MESSAGES))
_CURE = "serve the model that both signed, or amend the agreement"


@dataclass(frozen=True, slots=True)
class Served:
    """`own`: the fields of each model's calls, by its digest; empty where the engine has no adapters."""

    own: Mapping[bytes, Mapping[str, Any]] = field(default_factory=dict)
    stock: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, loaded: Variants) -> Served:
        """What the engine has loaded."""
        own = {_raw(d): loaded.own_fields(d) for d in (loaded.stock, *loaded.statements)}
        return cls(own, own[_raw(loaded.stock)])

    def check(self, api: Api) -> None:
        """Raise CallError 501 where the engine would answer this API by no model in particular."""
        if self.stock and api not in _READ_SCALES:
            text = "the engine takes no adapter's scale on this API, so nobody could say which model answers"
            cure = "use /v1/chat/completions, /v1/responses or /v1/messages"
            raise CallError(text, status=501, code="api_not_served", place="path", cure=cure)

    def fields(self, api: Api, digest: bytes) -> Mapping[str, Any] | None:
        """The gateway's own fields of a call for the model with this digest; who only observes gets the stock one."""
        return self.own.get(digest, self.stock) if api in _READ_SCALES else None


def signed_models(config: Config) -> dict[str, Variant]:
    """The statements of the settings, each verified with its key, by the name that the agreement has. Raises
    ConfigError, ModelError, KeyFileError."""
    return {name: _signed(config, name, model) for name, model in config.signed_models.items()}


def _signed(config: Config, name: str, model: SignedModelConfig) -> Variant:
    key = EcVerifyKey.parse(read_file(model.key), str(model.key))
    verify_model(model.statement, read_file(model.signature), key, str(model.signature))
    statement = ModelStatement.from_bytes(read_file(model.statement), str(model.statement))
    if model.adapters and config.upstream.url != EMBEDDED:
        cure = "leave the files out: only the embedded engine loads them"
        raise ConfigError("adapters for a server elsewhere", place=f"{config.place}: signed_models.{name}", cure=cure)
    return Variant(statement, model.adapters)


def check_agreed(standing: Standing, signed: Mapping[str, Variant]) -> None:
    """Raises AgreementError where a statement is not of the model that the agreement has under its name."""
    if standing.agreement is None:
        return
    for name, variant in signed.items():
        agreed = standing.models.get(name)
        place = f"agreement: models {name}"
        if agreed is None:
            raise AgreementError("no model of this name is agreed, so it is not served", place=place, cure=_CURE)
        if _raw(variant.statement.digest) != agreed:
            text = f"not served: its statement has {variant.statement.digest}, and sha256:{agreed.hex()} is agreed"
            raise AgreementError(text, place=place, cure=_CURE)


def check_registered(standing: Standing, registry: Registry) -> None:
    """Raises ModelError where the registry has another model under an agreed name: its owner and the parties differ."""
    for name, item in registry.items(Kind.MODELS).items():
        agreed = standing.models.get(name)
        if isinstance(item, Model) and agreed is not None and _raw(item.digest) != agreed:
            text = f"not served: the registry has {item.digest}, and sha256:{agreed.hex()} is agreed"
            raise ModelError(text, place=f"registry: models {name}", cure=_CURE)


def _raw(digest: str) -> bytes:
    return bytes.fromhex(digest.removeprefix("sha256:"))
