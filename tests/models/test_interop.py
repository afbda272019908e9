"""The reference implementation of OpenSSF model-signing (`model-signing`) and ours read each other's signatures."""

from pathlib import Path

import pytest

from brightline.errors import ModelError
from brightline.keys import EcSigningKey
from brightline.models.signing import sign_model, verify_model
from tests.keys.test_ec import CURVES, secret

pytestmark = pytest.mark.extras
WHY = "model-signing is installed by `make test-extras`"


@pytest.fixture(params=CURVES, ids=lambda c: c.name)
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """Secret and public key of each curve, as files."""
    pem = secret(request.param)
    (tmp_path / "model.pem").write_bytes(pem)
    (tmp_path / "model.pub.pem").write_bytes(EcSigningKey.parse(pem).public.pem)
    return tmp_path / "model.pem", tmp_path / "model.pub.pem"


@pytest.fixture(params=["folder", "file"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    for name in ("a.gguf", "a/b.json", "a.b/c", "ünï cödé.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder if request.param == "folder" else folder / "a.gguf"


def verifies(model: Path, signature: Path, public: Path) -> None:
    verifying = pytest.importorskip("model_signing.verifying", reason=WHY)
    verifying.Config().use_elliptic_key_verifier(public_key=public).verify(model, signature)


def test_what_we_sign_it_verifies_and_refuses_once_changed(model: Path, keys: tuple[Path, Path]) -> None:
    signature = model.parent / "ours.sig" if model.is_file() else model / "ours.sig"
    key = EcSigningKey.parse(keys[0].read_bytes())
    signature.write_bytes(sign_model(model, key, out=signature))
    verifies(model, signature, keys[1])
    changed = model if model.is_file() else model / "a/b.json"
    changed.write_text("changed")
    with pytest.raises(ValueError, match="Signature mismatch"):
        verifies(model, signature, keys[1])


def test_what_it_signs_we_verify_and_refuse_once_changed(model: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    signing = pytest.importorskip("model_signing.signing", reason=WHY)
    signature = tmp_path / "theirs.sig"
    signing.Config().use_elliptic_key_signer(private_key=keys[0]).sign(model, signature)
    public = EcSigningKey.parse(keys[0].read_bytes()).public
    verify_model(model, signature.read_bytes(), public)
    (model if model.is_file() else model / "a.b/c").write_text("changed")
    with pytest.raises(ModelError, match="changed: "):
        verify_model(model, signature.read_bytes(), public)
