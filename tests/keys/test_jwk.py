"""JWK and JWS: the RFCs' own vectors, and every way to make a key or token mean something else."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import KeyFileError
from brightline.keys import read_jwks, read_token

_JOE = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
RSA = {
    "kty": "RSA",
    "e": "AQAB",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZ"
    "S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg6"
    "65xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp"
    "oQ",
}
EC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
ED = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
VECTORS = {
    "RFC 7515 A.2": (
        RSA,
        (
            f"eyJhbGciOiJSUzI1NiJ9.{_JOE}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YK"
            "t_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0Ga"
            "rZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLI"
            "hWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
        ),
    ),
    "RFC 7515 A.3": (
        EC,
        (
            f"eyJhbGciOiJFUzI1NiJ9.{_JOE}."
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        ),
    ),
    "RFC 8037 A.4": (
        ED,
        (
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        ),
    ),
}


def jwks(*keys: object) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(("key", "text"), VECTORS.values(), ids=VECTORS)
def test_the_vectors_of_the_rfcs(key: dict[str, str], text: str) -> None:
    (jwk,), token = read_jwks(jwks(key)), read_token(text)
    assert jwk.alg == token.alg
    assert jwk.verify(token.signature, token.signed)
    assert not jwk.verify(token.signature, token.signed + b" ")
    for i in range(0, len(token.signature), 7):
        flipped = bytearray(token.signature)
        flipped[i] ^= 1
        assert not jwk.verify(bytes(flipped), token.signed)
    assert not jwk.verify(token.signature[:-1], token.signed)
    assert not jwk.verify(b"", token.signed)


def test_a_key_verifies_no_other_keys_signature() -> None:
    keys = read_jwks(jwks(*({**k, "kid": str(i)} for i, (k, _) in enumerate(VECTORS.values()))))
    tokens = [read_token(text) for _, text in VECTORS.values()]
    good = [[k.verify(t.signature, t.signed) for t in tokens] for k in keys]
    assert good == [[i == j for j in range(3)] for i in range(3)]


WRONG_KEYS = {
    "not JSON": (b"{", "line 1"),
    "no set": (b"[]", "not a JWK set"),
    "too many": (jwks(*[{**EC, "kid": str(i)} for i in range(65)]), "not a JWK set"),
    "too long": (b" " * ((1 << 18) + 1), "at most"),
    "a secret": (jwks({**ED, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}), "a secret key"),
    "for HMAC": (jwks({"kty": "oct", "k": "AAAA"}), "a secret key"),
    "none for us": (jwks({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}), "no key in it"),
    "for encryption": (jwks({**RSA, "use": "enc"}), "no key in it"),
    "another algorithm": (jwks({**RSA, "alg": "PS256"}), "no key in it"),
    "one kid twice": (jwks(EC, ED), "two keys have one kid"),
    "off the curve": (jwks({**EC, "y": EC["x"]}), "not a public key"),
    "short RSA": (jwks({**RSA, "n": RSA["n"][:170] + "A"}), "RSA key under 2048 bits"),
    "no modulus": (jwks({"kty": "RSA", "e": "AQAB"}), "n is missing"),
    "small order": (jwks({**ED, "x": encoded(bytes(32))}), "small order"),
    "padded": (jwks({**ED, "x": ED["x"] + "="}), "not base64url"),
    "twice a member": (b'{"keys": [], "keys": []}', "stands twice"),
}


@pytest.mark.parametrize(("data", "said"), WRONG_KEYS.values(), ids=WRONG_KEYS)
def test_a_key_set_that_cannot_be_trusted(data: bytes, said: str) -> None:
    with pytest.raises(KeyFileError, match=said):
        read_jwks(data, "jwks.json")


def token(header: object, payload: bytes = b"{}") -> str:
    return f"{encoded(json.dumps(header).encode())}.{encoded(payload)}.{encoded(bytes(64))}"


WRONG_TOKENS = {
    "two parts": "a.b",
    "JSON form": '{"payload": "e30"}',
    "five parts, encrypted": "a.b.c.d.e",
    "no algorithm": token({}),
    "a list": token(["ES256"]),
    "critical": token({"alg": "ES256", "crit": ["exp"]}),
    "unencoded payload": token({"alg": "ES256", "b64": False}),
    "kid is a list": token({"alg": "ES256", "kid": ["a"]}),
    "white space": token({"alg": "ES256"}) + "\n",
    "not canonical base64": token({"alg": "ES256"})[:-1] + "B",
    "beyond ASCII": token({"alg": "ES256"}).replace(".", ".é", 1),
    "too long": token({"alg": "ES256"}, b" " * (1 << 14)),
}


@pytest.mark.parametrize("text", WRONG_TOKENS.values(), ids=WRONG_TOKENS)
def test_a_token_that_is_none(text: str) -> None:
    with pytest.raises(KeyFileError):
        read_token(text)


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda b: f"{encoded(b)}.{encoded(b)}.{encoded(b)}"))
def test_any_text_is_a_token_or_an_error(text: str) -> None:
    with contextlib.suppress(KeyFileError):
        assert read_token(text).signed.decode() == text.rpartition(".")[0]
