"""What docs/reference/evidence.md tells a stranger to run, run as it stands there and without Brightline."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from brightline.assurance.verify import STEPS
from brightline.assurance.verify.findings import findings
from brightline.assurance.verify.steps import verify
from tests.agreement.founding import CUSTOMER, VENDOR
from tests.assurance.records import LOG_KEY, Evidence, changed, founding, good, mixed

PAGE = (Path(__file__).parents[2] / "docs/reference/evidence.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```(?:python|sh) (\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def run(tmp_path: Path, block: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = tmp_path / block
    script.write_text(BLOCKS[block], encoding="utf-8")
    # -I: no PYTHONPATH and no current folder, so that no module of ours can be found
    command = ["sh"] if block == "signature" else [sys.executable, "-I"]
    command += [str(script), *arguments]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)


def written(tmp_path: Path, evidence: Evidence) -> str:
    path = tmp_path / "evidence.bundle"
    path.write_bytes(evidence.bundle)
    return str(path)


def test_the_log_is_ten_lines() -> None:
    assert len([line for line in BLOCKS["log"].splitlines() if line]) == 10
    assert "brightline" not in BLOCKS["log"].replace("brightline-bundle", "")


@pytest.mark.parametrize("entries", [1, 2, 3, 255, 256, 257, 594])
def test_the_log_by_hand(tmp_path: Path, entries: int) -> None:
    evidence = Evidence(mixed()[: entries * 256], founding())
    answer = run(tmp_path, "log", written(tmp_path, evidence), str(LOG_KEY.public))
    assert answer.returncode == 0, answer.stderr


def test_the_log_by_hand_refuses(tmp_path: Path) -> None:
    forged = Evidence(changed(mixed(), 7, flags=1), founding(), signed=good().checkpoint)
    answer = run(tmp_path, "log", written(tmp_path, forged), str(LOG_KEY.public))
    assert "not these entries" in answer.stderr
    assert answer.returncode == 1
    answer = run(tmp_path, "log", written(tmp_path, good()), str(VENDOR.public))
    assert "InvalidSignature" in answer.stderr


def test_the_agreement_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "agreement.json"
    path.write_bytes(good().file)
    keys = str(VENDOR.public), str(CUSTOMER.public)
    answer = run(tmp_path, "agreement", str(path), *keys)
    assert answer.stdout.startswith(good().agreement.digest), answer.stderr
    assert str(LOG_KEY.public) in answer.stdout
    path.write_bytes(good().file.replace(b'"sig":"', b'"sig":"A', 1).replace(b'=="', b'="', 1))
    assert run(tmp_path, "agreement", str(path), *keys).returncode == 1


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl on this machine")
def test_the_signature_by_openssl(tmp_path: Path) -> None:
    answer = run(tmp_path, "signature", written(tmp_path, good()), str(LOG_KEY.public))
    assert "Signature Verified Successfully" in answer.stdout, answer.stderr
    assert answer.stdout.split()[-2] == hashlib.sha256(b"\0" + mixed()[:256]).hexdigest()
    answer = run(tmp_path, "signature", written(tmp_path, good()), str(VENDOR.public))
    assert "Verified Successfully" not in answer.stdout


def test_every_step_stands_on_the_page_by_its_name() -> None:
    for n, (name, _) in STEPS.items():
        assert f"\n| {n} {name} |" in PAGE


def test_every_code_and_every_total_stands_on_the_page() -> None:
    source = Path(findings.__code__.co_filename).read_text() + Path(verify.__code__.co_filename).read_text()
    codes = set(re.findall(r'"([a-z_]+\.[a-z_]+|observed|break_glass)"', source))
    assert {"outcome.missing", "terms.drift", "record.invalid", "observed"} <= codes
    assert all(f"`{code}`" in PAGE for code in codes)
    assert all(f"`{key}`" in PAGE for key in good().verified().totals)
