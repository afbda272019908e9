"""The page verifies in a real browser, from a file, without a network, and gives every answer (make test-extras)."""

from __future__ import annotations

import html
import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.conformance.__main__ import PATH
from tools.conformance.record import vocabulary

PAGE = PATH.parent.parent / "src" / "brightline" / "assurance" / "verify.html"
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
DRIVE = """<script>{const B=s=>Uint8Array.from(atob(s),c=>c.charCodeAt(0)), out=[];
for (const c of CASES) out.push(verify({bundle:B(c.bundle),agreement:B(c.agreement),keys:c.keys,
earlier:c.earlier.map(B),witnesses:c.witnesses}));
const p=document.createElement("pre"); p.id="answers"; p.textContent=JSON.stringify(out);
document.body.append(p);}</script></body>"""


def test_the_page_knows_the_shipped_vocabulary_and_no_network() -> None:
    text = PAGE.read_text("utf-8")
    found = re.search(r"const VOCABULARY = (\[.*?\]);\n", text)
    assert found
    assert json.loads(found[1]) == [[m["module"], m["digest"], m["activities"]] for m in vocabulary()]
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|fetch\(|XMLHttpRequest|WebSocket|import\(", text)


@pytest.mark.extras
def test_the_page_gives_every_answer(tmp_path: Path) -> None:
    assert shutil.which("chromium"), "apt-get install chromium"
    cases = list(runpy.run_path(str(PATH.parent / "run"))["expanded"]())
    given = json.dumps([case for case, _ in cases])
    page = PAGE.read_text("utf-8").replace("</body>", f"<script>const CASES={given};</script>{DRIVE}")
    (tmp_path / "page.html").write_text(page, "utf-8")
    home = f"--user-data-dir={tmp_path / 'home'}"
    command = ["chromium", *QUIET, home, "--dump-dom", (tmp_path / "page.html").as_uri()]
    dom = subprocess.run(command, capture_output=True, check=True, timeout=500).stdout.decode()
    found = re.search(r'<pre id="answers">(.*?)</pre>', dom, re.DOTALL)
    assert found, dom[-2000:]
    answers = json.loads(html.unescape(found[1]))
    wrong = {case["name"]: got for (case, expected), got in zip(cases, answers, strict=True) if got != expected}
    assert not wrong
