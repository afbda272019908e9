"""The demo's stage: a folder, and the real command line and gateway run in it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brightline.cli import demo_variant
from brightline.cli.demo_registry import OWNERS, definitions, files
from brightline.cli.opening import open_pack
from brightline.cli.printing import say, write_new
from brightline.errors import MachineError
from brightline.models import EmbeddedModel

READY_SECONDS = 120
API_KEY = "analyst.api-key"
SETTINGS = "brightline.toml"
ACTOR = "g2/analyst-7"


@dataclass(frozen=True, slots=True)
class RunningGateway:
    url: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Stage:
    """Runs `brightline` in `folder`. `api_key` is the analyst's."""

    folder: Path
    api_key: str = field(default_factory=lambda: f"bl-{secrets.token_urlsafe(32)}")

    @property
    def known_keys(self) -> tuple[str, ...]:
        """What either party knows of the other's key from elsewhere."""
        return ("--vendor-key", "vendor.pub", "--customer-key", "customer.pub")

    def command(self, *args: str, status: int = 0, show: bool = False, most: int = 1000) -> str:
        """One verb, run as a person would, its first `most` lines shown. Raises MachineError where it does not end as
        the story says."""
        if show:
            say(f"$ brightline {shlex.join(args)}")
        done = subprocess.run(
            [sys.executable, "-m", "brightline.cli", *args],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != status:
            text = f"`brightline {shlex.join(args)}` ended {done.returncode}: {done.stderr.strip()}"
            raise MachineError(text, place="demo", cure="run `brightline doctor`, or report this")
        if show:
            lines = done.stdout.splitlines()
            say("".join(f"  {line}\n" for line in lines[:most]).rstrip())
            if len(lines) > most:
                say(f"  … and {len(lines) - most} lines more: run it yourself")
        return done.stdout

    def json(self, *args: str, status: int = 0) -> Any:
        """The document that a verb prints with --json."""
        return json.loads(self.command(*args, "--json", status=status))

    def prepare(self, listen: str, *, show: bool = False) -> None:
        """Keys of both parties, their agreement on the shipped compromise, and the settings of a gateway."""
        # 1. keys
        for name in ("vendor", "customer"):
            self.command("key", "new", f"{name}.example", "-o", f"{name}.key")
        self.command("key", "new", "department.example/gateway-1", "-o", "log.key")
        self.command("key", "new", "department.example", "--site", "-o", "site.key")
        write_new(self.folder / API_KEY, self.api_key.encode() + b"\n", secret=True)
        # 2. the customised model, and the terms that bind to it
        variant = demo_variant.prepare(self, show=show)
        # 3. the agreement
        draft = _DRAFT.format(model=EmbeddedModel.weights, variant=variant)
        write_new(self.folder / "draft.toml", draft.encode())
        self.command("agreement", "offer", "draft.toml", "talks", "--key", "vendor.key", show=show)
        self.command("agreement", "accept", "talks", "--key", "customer.key", show=show)
        self.command("agreement", "agree", "talks", "--key", "vendor.key", show=show)
        # 4. the registry: what its owners say, each with a key of their own
        self._registry(show)
        # 5. the desk: who may decide on what is held
        self.command("key", "new", "commander", "-o", "commander.key")
        write_new(self.folder / "roster.toml", _ROSTER.encode())
        desk = ("desk", "new", "roster.toml", "desk", "--agreement", "talks/agreement.json", "--key", "customer.key")
        self.command(*desk, show=show)
        # 6. the gateway's settings
        self.command("key", "new", "department.example", "--meter", "-o", "meter.secret")
        digest = hashlib.sha256(self.api_key.encode()).hexdigest()
        write_new(self.folder / SETTINGS, _CONFIG.format(listen=listen, key_sha256=digest, actor=ACTOR).encode())

    def _registry(self, show: bool) -> None:
        said = files(ACTOR, open_pack("compromise").terms.authorities)
        for name in OWNERS:
            self.command("key", "new", name, "-o", f"{name}.key")
        for name, text in definitions().items():
            write_new(self.folder / name, text.encode())
        for name, text in said.items():
            write_new(self.folder / f"{name}.toml", text.encode())
            key = "customer.key" if name == "owners" else f"{name}.key"
            verb = ("registry", "sign", f"{name}.toml", "--key", key, "--customer-key", "customer.pub")
            self.command(*verb, show=show)

    @contextmanager
    def gateway(self, upstream: str = "") -> Iterator[RunningGateway]:
        """A real gateway in a process of its own, on the embedded model or before another server."""
        started = time.monotonic()
        settings = self.folder / SETTINGS
        if upstream:
            text = settings.read_text("utf-8").replace(_ADAPTERS, "")  # which only the embedded engine loads
            settings = self.folder / "scripted.toml"
            write_new(settings, f'{text}\n[upstream]\nurl = "{upstream}"\n'.encode())
        with (self.folder / "gateway.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "brightline.cli", "serve", "--config", settings.name, "--json"],
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        try:
            assert child.stdout is not None  # noqa: S101 - a pipe was asked for
            line = child.stdout.readline()
            if not line:
                words = (self.folder / "gateway.log").read_text("utf-8", "replace").strip().splitlines()
                raise MachineError(
                    words[-1] if words else "the gateway ended", place="demo", cure="mend that, then again"
                )
            yield RunningGateway(json.loads(line)["ready"], time.monotonic() - started)
        finally:
            child.terminate()
            child.wait(READY_SECONDS)


@contextmanager
def aloud(speak: bool) -> Iterator[None]:
    """Let the story be told, or keep it quiet where only its document is wanted."""
    if speak:
        yield
        return
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def chapter(number: int, title: str) -> None:
    say()
    say(f"{number}  {title}")
    say("─" * (len(title) + 3))


_DRAFT = """\
title = "Use of the vendor's models by the department"
contract = "made up for this demo"
pack = "terms"
from = 2026-11-01
prevails = "words"

[parties.vendor]
name = "The vendor"
key = "vendor.pub"
[[parties.vendor.signatories]]
name = "V. Endor"
title = "head of safeguards"
authority = "board resolution, made up"

[parties.customer]
name = "The department"
key = "customer.pub"
[[parties.customer.signatories]]
name = "C. Ustomer"
title = "contracting officer"
authority = "warrant, made up"

[[models]]
name = "{model.name}"
digest = "{model.digest}"
family = "{model.family}"
variant = "{model.variant}"

[[models]]
name = "harbor"
digest = "{variant}"
family = "{model.family}"
variant = "harbor"

[[logs]]
origin = "department.example/gateway-1"
key = "log.pub"

[ceiling]
currency = "USD"
amount = "200000000"
funded = "50000000"
"""

_CONFIG = """\
listen = "{listen}"
data = "data"
agreement = "talks/agreement.json"
log_key = "log.key"
site_key = "site.key"
oracle_share = 1.0
registry = "registry"

[[actors]]
name = "{actor}"
key_sha256 = "{key_sha256}"
purposes = ["ordinary", "vehicle-ranking", "case-query", "dataset-review", "movement-profiles", "nuclear-assessment",
            "drone-tasking", "foreign-calls", "supply-papers"]

[desk]
folder = "desk"

[meters]
secret = "meter.secret"

[screen]

[signed_models.harbor]
statement = "harbor.model.json"
signature = "harbor.model.json.sig"
key = "model.pub.pem"
adapters = ["harbor.gguf"]
"""
_ADAPTERS = 'adapters = ["harbor.gguf"]\n'


_ROSTER = """\
desk = "army"

[[persons]]
name = "Colonel Commander"
key = "commander.pub"
roles = ["commander"]
"""
