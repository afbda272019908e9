"""An air gap: what the engine says to the network, seen from outside by strace."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from brightline.models import embedded

pytestmark = pytest.mark.extras

CALL = """
import http.client, json
from brightline.models import EmbeddedModel
with EmbeddedModel() as engine:
    connection = http.client.HTTPConnection(engine.url.removeprefix("http://"))
    body = json.dumps({"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 2})
    connection.request("POST", "/v1/chat/completions", body, {"Authorization": f"Bearer {engine.api_key}"})
    assert connection.getresponse().status == 200
"""
ADDRESS = re.compile(r'(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")')


def traced(code: str, trace: Path) -> list[str]:
    """The lines of every bind, connect and sendto to an Internet address, by `code` and its children."""
    environment = {**os.environ, "PYTHONPATH": str(Path(embedded.__file__).parents[2])}
    command = [
        "strace",
        "-f",
        "-qq",
        "-o",
        str(trace),
        "-e",
        "trace=bind,connect,sendto,sendmsg",
        sys.executable,
        "-c",
        code,
    ]
    subprocess.run(command, env=environment, check=True, timeout=300)
    return [line for line in trace.read_text().splitlines() if "AF_INET" in line]


def test_the_engine_speaks_to_this_machine_alone(tmp_path: Path) -> None:
    lines = traced(CALL, tmp_path / "trace")
    assert any("bind(" in line for line in lines)
    assert any("connect(" in line for line in lines)
    outside = [line for line in lines if [a or b for a, b in ADDRESS.findall(line)] != ["127.0.0.1"]]
    assert outside == []


def test_that_check_sees_a_word_to_another_machine(tmp_path: Path) -> None:
    # A datagram socket that "connects" sends nothing: 192.0.2.1 is for documentation (RFC 5737).
    code = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
    (line,) = traced(code, tmp_path / "trace")
    assert ADDRESS.findall(line) == [("192.0.2.1", "")]
