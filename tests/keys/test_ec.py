"""ECDSA keys in PEM: what they sign verifies, and what is no such key is refused with a cure."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from brightline.errors import KeyFileError
from brightline.keys import EcSigningKey, EcVerifyKey

PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
CURVES: list[ec.EllipticCurve] = [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()]


def secret(curve: ec.EllipticCurve, passphrase: bytes = b"") -> bytes:
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        protection = serialization.BestAvailableEncryption(passphrase)
    return ec.generate_private_key(curve).private_bytes(PEM, PKCS8, protection)


@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.name)
def test_what_is_signed_verifies_and_nothing_else(curve: ec.EllipticCurve) -> None:
    key, other = EcSigningKey.parse(secret(curve)), EcSigningKey.parse(secret(curve))
    signature = key.sign(b"message")
    assert signature == key.sign(b"message")  # RFC 6979
    assert key.public.verify(signature, b"message")
    assert not key.public.verify(signature, b"messagf")
    assert not key.public.verify(signature[:-1], b"message")
    assert not key.public.verify(b"", b"message")
    assert not other.public.verify(signature, b"message")
    again = EcVerifyKey.parse(key.public.pem)
    assert (again.hint, again.verify(signature, b"message")) == (key.public.hint, True)


def test_the_hash_is_that_of_the_curve(tmp_path: Path) -> None:
    """openssl, another implementation, verifies with SHA-384 what a P-384 key signed."""
    key = EcSigningKey.parse(secret(ec.SECP384R1()))
    for name, data in (("public", key.public.pem), ("message", b"m"), ("signature", key.sign(b"m"))):
        (tmp_path / name).write_bytes(data)
    for digest, status in (("-sha384", 0), ("-sha256", 1)):
        command = ["openssl", "dgst", digest, "-verify", "public", "-signature", "signature", "message"]
        assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == status


REFUSED = {
    "nothing": (b"", "not a secret key in PEM"),
    "noise": (b"-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n", "not a secret key in PEM"),
    "passphrase": (secret(ec.SECP256R1(), b"secret"), "under a passphrase"),
    "curve": (secret(ec.SECP256K1()), "not a key on P-256"),
    "kind": (
        ed25519.Ed25519PrivateKey.generate().private_bytes(PEM, PKCS8, serialization.NoEncryption()),
        "not a key on P-256",
    ),
    "size": (secret(ec.SECP256R1()) + b" " * 20_000, "over 16 KiB"),
}


@pytest.mark.parametrize(("pem", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_signing_key(pem: bytes, why: str) -> None:
    with pytest.raises(KeyFileError, match=why) as caught:
        EcSigningKey.parse(pem, "model.pem")
    assert caught.value.place == "model.pem"
    assert "openssl" in caught.value.cure


def test_a_secret_key_is_not_taken_for_a_public_one() -> None:
    with pytest.raises(KeyFileError, match="a secret key where a public one"):
        EcVerifyKey.parse(secret(ec.SECP256R1()))
    with pytest.raises(KeyFileError, match="not a public key in PEM"):
        EcVerifyKey.parse(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")


def test_a_secret_is_never_shown() -> None:
    pem = secret(ec.SECP256R1())
    assert pem.splitlines()[1].decode()[:20] not in repr(EcSigningKey.parse(pem))
