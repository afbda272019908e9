"""Signing keys, envelopes and sealed content: the one door to the `cryptography` package."""

from brightline.keys.certificate import expiry
from brightline.keys.cosigning import WitnessKey, cosign
from brightline.keys.dsse import Envelope, Signature
from brightline.keys.ec import EcSigningKey, EcVerifyKey
from brightline.keys.jwk import Jwk, Token, read_jwks, read_token
from brightline.keys.letter import read_letter, write_letter
from brightline.keys.seal import open_sealed, seal, unwrap_keys, wrap_keys
from brightline.keys.signing import SigningKey, VerifyKey

__all__ = [
    "EcSigningKey",
    "EcVerifyKey",
    "Envelope",
    "Jwk",
    "Signature",
    "SigningKey",
    "Token",
    "VerifyKey",
    "WitnessKey",
    "cosign",
    "expiry",
    "open_sealed",
    "read_jwks",
    "read_letter",
    "read_token",
    "seal",
    "unwrap_keys",
    "wrap_keys",
    "write_letter",
]
