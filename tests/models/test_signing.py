"""OpenSSF model-signing: what the reference implementation signed verifies here, and what was changed does not."""

import base64
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brightline.errors import ModelError
from brightline.keys import EcSigningKey, EcVerifyKey
from brightline.keys.dsse import pae
from brightline.models import manifest
from brightline.models.manifest import Manifest, hash_model
from brightline.models.signing import PAYLOAD, read_bundle, sign_model, verify_model
from tests.keys.test_ec import CURVES, secret

REFERENCE = Path(__file__).parent / "reference"
KEY = EcSigningKey.parse(secret(CURVES[0]))
Json = dict[str, Any]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REFERENCE / "model", tmp_path / "model"))


def signed_again(bundle: bytes, change: Callable[[Json], object], key: EcSigningKey = KEY) -> bytes:
    """The bundle over a changed statement, by a signer who means it."""
    outer = json.loads(bundle)
    statement = json.loads(base64.b64decode(outer["dsseEnvelope"]["payload"]))
    change(statement)
    payload = json.dumps(statement).encode()
    outer["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    outer["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(key.sign(pae(PAYLOAD, payload))).decode()
    return json.dumps(outer).encode()


@pytest.mark.parametrize(("path", "name"), [("model", "folder"), ("model/a.gguf", "file")])
def test_what_the_reference_signed_verifies(path: str, name: str) -> None:
    key = EcVerifyKey.parse((REFERENCE / "public.pem").read_bytes())
    bundle = (REFERENCE / f"{name}.sig").read_bytes()
    signed = verify_model(REFERENCE / path, bundle, key)
    assert signed.manifest == hash_model(REFERENCE / path)
    with pytest.raises(ModelError, match="another key"):
        verify_model(REFERENCE / path, bundle, KEY.public)


@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.name)
def test_what_we_sign_verifies(model: Path, curve: Any) -> None:
    key = EcSigningKey.parse(secret(curve))
    for path in (model, model / "a.gguf"):
        bundle = sign_model(path, key)
        assert bundle == sign_model(path, key)
        assert verify_model(path, bundle, key.public).manifest == hash_model(path)


def test_the_signature_may_lie_in_the_folder(model: Path) -> None:
    out = model / "model.sig"
    out.write_bytes(sign_model(model, KEY, out=out))
    assert "model.sig" in verify_model(model, out.read_bytes(), KEY.public).left_out


def test_files_come_in_the_order_of_the_parts_of_their_paths(tmp_path: Path) -> None:
    """As pathlib orders them: `a/b` before `a.b`, though "." sorts before "/"."""
    (tmp_path / "a").mkdir()
    for name in ("a/b", "a.b", "B"):
        (tmp_path / name).write_text(name)
    assert list(hash_model(tmp_path).files) == ["B", "a/b", "a.b"]


def test_each_file_is_told_before_it_is_hashed(model: Path) -> None:
    steps: list[str] = []
    hash_model(model, progress=steps.append)
    assert steps == ["hashing a.gguf", "hashing sub/b.json"]


def test_a_long_file_is_told_as_it_is_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "GIB", 2 << 20)
    path, steps = tmp_path / "m.gguf", list[str]()
    path.write_bytes(bytes(5 << 20))
    assert hash_model(path, progress=steps.append).files["."] == hashlib.sha256(bytes(5 << 20)).hexdigest()
    assert steps == ["hashing m.gguf", "hashing m.gguf: 1 GiB", "hashing m.gguf: 2 GiB"]


def tampered(model: Path) -> None:
    (model / "a.gguf").write_bytes(b"b\n")


def renamed(model: Path) -> None:
    (model / "a.gguf").rename(model / "c.gguf")


def emptied(model: Path) -> None:
    for name in ("a.gguf", "sub/b.json"):
        (model / name).unlink()


def linked(model: Path) -> None:
    (model / "c").symlink_to("a.gguf")


def linked_folder(model: Path) -> None:
    (model / "c").symlink_to("sub")


CHANGED: dict[str, tuple[Callable[[Path], object], str]] = {
    "tampered": (tampered, "changed: 'a.gguf' —"),
    "added": (lambda m: (m / "sub/new.bin").write_bytes(b""), "not signed for: 'sub/new.bin' —"),
    "added hidden": (lambda m: (m / ".hidden").write_bytes(b""), "not signed for: '.hidden' —"),
    "removed": (lambda m: (m / "sub/b.json").unlink(), "missing: 'sub/b.json' —"),
    "renamed": (renamed, "missing: 'a.gguf'; not signed for: 'c.gguf' —"),
    "all removed": (emptied, "no file in it"),
    "a link": (linked, "a link"),
    "a linked folder": (linked_folder, "a link"),
    "a pipe": (lambda m: os.mkfifo(m / "pipe"), "no plain file"),
    "gone": (shutil.rmtree, "cannot be read"),
    "a name in no alphabet": (lambda m: Path(os.fsdecode(bytes(m) + b"/\xff")).touch(), "not printable UTF-8"),
}


@pytest.mark.parametrize(("change", "why"), CHANGED.values(), ids=CHANGED)
def test_a_changed_model_is_refused_with_the_file(model: Path, change: Callable[[Path], object], why: str) -> None:
    bundle = sign_model(model, KEY)
    change(model)
    with pytest.raises(ModelError, match=why) as caught:
        verify_model(model, bundle, KEY.public)
    assert str(model) in caught.value.place or caught.value.place == str(model)
    assert caught.value.cure


def resource(**changes: object) -> Callable[[Json], object]:
    return lambda s: s["predicate"]["resources"][0].update(changes)


MEANT: dict[str, tuple[Callable[[Json], object], str]] = {
    "another root": (lambda s: s["subject"][0]["digest"].update(sha256="0" * 64), "the subject's digest is not"),
    "a root more": (lambda s: s["subject"][0]["digest"].update(sha512="0" * 128), "the subject's digest is not"),
    "two subjects": (lambda s: s["subject"].append(s["subject"][0]), "2 subjects"),
    "no subject": (lambda s: s["subject"].clear(), "0 subjects"),
    "no files": (lambda s: s["predicate"]["resources"].clear(), "0 files"),
    "a file twice": (lambda s: s["predicate"]["resources"].append(s["predicate"]["resources"][0]), "stands twice"),
    "above": (resource(name="../a.gguf"), "no path within"),
    "absolute": (resource(name="/a.gguf"), "no path within"),
    "in two spellings": (resource(name="./a.gguf"), "no path within"),
    "an escape": (resource(name="a\x1b[2J"), "no path within"),
    "no name": (resource(name=None), "no path within"),
    "file and folder": (resource(name="."), "a file and a folder"),
    "a weak digest": (resource(algorithm="md5"), "no hex SHA-256"),
    "blake3": (resource(algorithm="blake3"), "no hex SHA-256"),
    "short digest": (resource(digest="00"), "no hex SHA-256"),
    "shards": (lambda s: s["predicate"]["serialization"].update(method="shards"), "not by files"),
    "all left out": (lambda s: s["predicate"]["serialization"].update(ignore_paths=["."]), "leaves out '.'"),
    "too much left out": (
        lambda s: s["predicate"]["serialization"].update(ignore_paths=[f"p{i}" for i in range(65)]),
        "over 64 paths",
    ),
    "another predicate": (lambda s: s.update(predicateType="https://slsa.dev/provenance/v1"), "no model's signature"),
    "version 0.2": (lambda s: s.update(predicateType="https://model_signing/Digests/v0.1"), "no model's signature"),
    "another type": (lambda s: s.update(_type="x"), "no model's signature"),
    "no predicate": (lambda s: s.pop("predicate"), "predicate is no object"),
    "a huge manifest": (
        lambda s: s["predicate"].update(
            resources=[{"name": f"f{i}", "algorithm": "sha256", "digest": "0" * 64} for i in range(16_385)]
        ),
        "16,385 files where there may be 1 to 16,384",
    ),
}


@pytest.mark.parametrize(("change", "why"), MEANT.values(), ids=MEANT)
def test_a_statement_that_could_mislead_is_refused_though_signed(
    model: Path, change: Callable[[Json], object], why: str
) -> None:
    bundle = signed_again(sign_model(model, KEY), change)
    with pytest.raises(ModelError, match=why) as caught:
        verify_model(model, bundle, KEY.public, "model.sig")
    assert caught.value.place == "model.sig"


FORGED: dict[str, tuple[Callable[[Json], object], str]] = {
    "another payload": (lambda b: b["dsseEnvelope"].update(payload="e30="), "does not verify"),
    "no signature": (lambda b: b["dsseEnvelope"]["signatures"].clear(), "0 signatures"),
    "two signatures": (lambda b: b["dsseEnvelope"].update(signatures=[{}, {}]), "2 signatures"),
    "an empty signature": (lambda b: b["dsseEnvelope"]["signatures"][0].update(sig=""), "does not verify"),
    "no base64": (lambda b: b["dsseEnvelope"]["signatures"][0].update(sig="!"), "sig is no base64"),
    "no text": (lambda b: b["dsseEnvelope"].update(payload=1), "payload is no base64"),
    "another payload type": (lambda b: b["dsseEnvelope"].update(payloadType="text/plain"), "not an in-toto"),
    "an older bundle": (lambda b: b.update(mediaType=b["mediaType"].replace("0.3", "0.1")), "not a Sigstore bundle"),
    "a certificate": (lambda b: b.update(verificationMaterial={"certificate": {}}), "with a certificate"),
    "another hint": (lambda b: b["verificationMaterial"]["publicKey"].update(hint="00"), "another key"),
    "no envelope": (lambda b: b.pop("dsseEnvelope"), "dsseEnvelope is no object"),
}


@pytest.mark.parametrize(("change", "why"), FORGED.values(), ids=FORGED)
def test_a_forged_bundle_is_refused(model: Path, change: Callable[[Json], object], why: str) -> None:
    outer = json.loads(sign_model(model, KEY))
    change(outer)
    with pytest.raises(ModelError, match=why):
        read_bundle(json.dumps(outer).encode(), KEY.public, "model.sig")


def test_a_hint_is_no_proof_and_need_not_be_there(model: Path) -> None:
    outer = json.loads(sign_model(model, KEY))
    outer["verificationMaterial"]["publicKey"] = {}
    bundle = json.dumps(outer).encode()
    assert verify_model(model, bundle, KEY.public)
    other = EcSigningKey.parse(secret(CURVES[0]))
    with pytest.raises(ModelError, match="does not verify"):
        verify_model(model, bundle, other.public)


def test_a_bundle_of_another_model_is_refused(model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(model, other)
    (other / "a.gguf").write_bytes(b"other\n")
    with pytest.raises(ModelError, match=r"changed: 'a\.gguf'"):
        verify_model(model, sign_model(other, KEY), KEY.public)
    with pytest.raises(ModelError, match=r"missing: '\.'; not signed for: 'a.gguf' and 1 more"):
        verify_model(model, sign_model(model / "a.gguf", KEY), KEY.public)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b"{" * 100_000, b" " * (9 << 20)], ids=range(6))
def test_what_is_no_bundle(data: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        read_bundle(data, KEY.public, "model.sig")
    assert caught.value.place == "model.sig"


def test_a_folder_of_more_files_than_a_manifest_may_list(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MAX_FILES", 1)
    with pytest.raises(ModelError, match="over 1 files"):
        hash_model(model)


def test_the_difference_of_equal_manifests_is_none() -> None:
    assert Manifest("a", {"b": "00"}).difference(Manifest("c", {"b": "00"})) == ""
