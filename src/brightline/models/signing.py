"""OpenSSF model-signing v1.0, key mode: a Sigstore bundle v0.3 holds a DSSE envelope, that an in-toto statement, that a
manifest of file digests. Made and verified with `brightline.keys` alone, so it works in an air gap.

Sources: github.com/sigstore/model-transparency (predicate `https://model_signing/signature/v1.0`); Sigstore bundle
v0.3 (one signature an envelope); in-toto Statement v1. Left out on purpose, each refused with its reason: certificates
and keyless signing (they need a network or a trust root), serialization by shards, digests other than SHA-256, and the
unsigned-type envelopes of model-signing 0.2.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

from brightline.canonical import dump, parse
from brightline.errors import ModelError
from brightline.keys import EcSigningKey, EcVerifyKey
from brightline.keys.dsse import pae
from brightline.models.manifest import GIT, MAX_FILES, Manifest, Progress, hash_model

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://model_signing/signature/v1.0"
MAX_LEFT_OUT = 64  # paths that a signer may leave out

_HEX = re.compile("[0-9a-f]{64}")
_CURE = "use the signature as it was sent, or have the model signed again"


@dataclass(frozen=True, slots=True)
class Signed:
    """What one signature vouches for. `left_out`: paths that its signer left out; nothing vouches for what is there."""

    manifest: Manifest
    left_out: tuple[str, ...]


def sign_model(path: Path, key: EcSigningKey, progress: Progress = lambda _: None, out: Path | None = None) -> bytes:
    """The bundle over all files at `path`, git's own left out, and `out` where the bundle will lie within.

    Raises ModelError.
    """
    left_out = [*GIT]
    if out is not None and path.is_dir() and out.resolve().is_relative_to(path.resolve()):
        left_out.append(out.resolve().relative_to(path.resolve()).as_posix())
    manifest = hash_model(path, tuple(left_out), progress)
    payload = dump(_statement(manifest, left_out))
    signature = {"sig": _base64(key.sign(pae(PAYLOAD, payload))), "keyid": ""}
    envelope = {"payload": _base64(payload), "payloadType": PAYLOAD, "signatures": [signature]}
    material = {"publicKey": {"hint": key.public.hint}, "tlogEntries": []}
    return dump({"mediaType": BUNDLE, "verificationMaterial": material, "dsseEnvelope": envelope})


def verify_model(
    path: Path, bundle: bytes, key: EcVerifyKey, place: str = "", progress: Progress = lambda _: None
) -> Signed:
    """What the bundle vouches for, where every file at `path` is as it says and there is no other.

    Raises ModelError naming the bundle (`place`) or the first file at fault.
    """
    # 1 to 4: the signature, before a byte of the model is read
    signed = read_bundle(bundle, key, place)
    # 5. the files
    found = hash_model(path, signed.left_out, progress)
    if wrong := signed.manifest.difference(found):
        raise ModelError(f"not the model that was signed: {wrong}", place=str(path), cure="get the signed files again")
    return signed


def read_bundle(data: bytes, key: EcVerifyKey, place: str = "") -> Signed:
    """What a bundle says, once its signature is seen to be `key`'s. Raises ModelError."""
    bad = _Bad(place)
    # 1. the bundle, in a form that we know
    bundle = bad.table(parse(data, place, error=ModelError), "the bundle")
    if bundle.get("mediaType") != BUNDLE:
        bad(f"not a Sigstore bundle v0.3 but {str(bundle.get('mediaType'))[:80]!r}")
    material = bad.table(bundle.get("verificationMaterial"), "verificationMaterial")
    if "publicKey" not in material:
        bad("signed with a certificate, not with a key", "ask for a signature in key mode")
    # 2. its one signature, over payload and type
    hint = bad.table(material["publicKey"], "publicKey").get("hint")
    envelope = bad.table(bundle.get("dsseEnvelope"), "dsseEnvelope")
    if envelope.get("payloadType") != PAYLOAD:
        bad("its payload is not an in-toto statement")
    signatures = bad.list(envelope.get("signatures"), "signatures")
    if len(signatures) != 1:
        bad(f"{len(signatures)} signatures where a bundle has one")
    payload = bad.bytes(envelope.get("payload"), "payload")
    signature = bad.bytes(bad.table(signatures[0], "signatures[0]").get("sig"), "sig")
    if hint and hint != key.hint:
        bad("signed with another key than the one given", "name the signer's key")
    if not key.verify(signature, pae(PAYLOAD, payload)):
        bad("the signature does not verify")
    # 3. from here on the signer vouches for each word
    statement = bad.table(parse(payload, place, error=ModelError), "the statement")
    if statement.get("_type") != STATEMENT or statement.get("predicateType") != PREDICATE:
        bad(f"signed, but no model's signature v1.0: {str(statement.get('predicateType'))[:80]!r}")
    predicate = bad.table(statement.get("predicate"), "predicate")
    left_out = _left_out(bad.table(predicate.get("serialization"), "serialization"), bad)
    files = _files(bad.list(predicate.get("resources"), "resources"), bad)
    # 4. the subject names exactly these files
    subject = bad.list(statement.get("subject"), "subject")
    if len(subject) != 1:
        bad(f"{len(subject)} subjects where one model is signed")
    name = bad.table(subject[0], "subject[0]").get("name")
    manifest = Manifest(name if isinstance(name, str) else "", files)
    if bad.table(subject[0].get("digest"), "digest") != {"sha256": manifest.root}:
        bad("the subject's digest is not that of the files listed")
    return Signed(manifest, left_out)


def _statement(manifest: Manifest, left_out: list[str]) -> dict[str, Any]:
    how = {"method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": left_out}
    files = [{"name": n, "algorithm": "sha256", "digest": d} for n, d in manifest.files.items()]
    return {
        "_type": STATEMENT,
        "subject": [{"name": manifest.name, "digest": {"sha256": manifest.root}}],
        "predicateType": PREDICATE,
        "predicate": {"serialization": how, "resources": files},
    }


def _left_out(how: Mapping[str, Any], bad: _Bad) -> tuple[str, ...]:
    if how.get("method") != "files":
        bad(f"signed by {str(how.get('method'))[:40]!r}, not by files", "sign with the method `files`")
    paths = bad.list(how.get("ignore_paths", []), "ignore_paths")
    if len(paths) > MAX_LEFT_OUT:
        bad(f"over {MAX_LEFT_OUT} paths left out")
    for path in paths:
        if not _within(path):
            bad(f"leaves out {str(path)[:80]!r}, which is no path within the model")
    return tuple(paths)


def _files(resources: list[Any], bad: _Bad) -> dict[str, str]:
    """Path to digest, in the order signed. Two entries for one path could be read in two ways: refused."""
    if not 0 < len(resources) <= MAX_FILES:
        bad(f"{len(resources):,} files where there may be 1 to {MAX_FILES:,}")
    files: dict[str, str] = {}
    for i, resource in enumerate(resources):
        item = bad.table(resource, f"resources[{i}]")
        name, digest = item.get("name"), item.get("digest")
        if item.get("algorithm") != "sha256" or not isinstance(digest, str) or not _HEX.fullmatch(digest):
            bad(f"resources[{i}]: its digest is no hex SHA-256", "sign with SHA-256")
        if not isinstance(name, str) or (name != "." and not _within(name)):
            bad(f"resources[{i}]: {str(name)[:80]!r} is no path within the model")
        if name in files:
            bad(f"resources[{i}]: {name[:80]!r} stands twice")
        files[name] = digest
    if "." in files and len(files) > 1:
        bad("a file and a folder at once")
    return files


def _within(path: object) -> bool:
    """True iff a plain relative path: it leads nowhere but below the model, and is written in one way only."""
    if not isinstance(path, str) or not path.isprintable():
        return False
    return all(part not in ("", ".", "..") for part in path.split("/"))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class _Bad:
    """Raises ModelError at the bundle's place."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __call__(self, text: str, cure: str = _CURE) -> Never:
        raise ModelError(text, place=self._place, cure=cure)

    def table(self, value: Any, name: str) -> Mapping[str, Any]:
        return value if isinstance(value, dict) else self(f"{name} is no object")

    def list(self, value: Any, name: str) -> list[Any]:
        return value if isinstance(value, list) else self(f"{name} is no list")

    def bytes(self, value: Any, name: str) -> bytes:
        """Base64, in the standard or the URL alphabet, as protobuf's JSON reads both."""
        try:
            return base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
        except (AttributeError, ValueError):
            self(f"{name} is no base64")
