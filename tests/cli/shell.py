"""A shell for stories: runs `brightline` in a folder and holds every run to the contract of DESIGN section 4.

Most runs happen in this process, which takes milliseconds; `process` starts a real one, for what only that shows.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from brightline.cli import main

SOURCE = Path(__file__).parents[2] / "src"


@dataclass(frozen=True)
class Said:
    """What one run said. Exit status 0 or 1: stderr is silent. 2: stdout is, and stderr holds one plain sentence."""

    status: int
    out: str
    err: str

    def __post_init__(self) -> None:
        assert "Traceback" not in self.out + self.err
        if self.status == 2:
            assert self.out == ""
            assert self.err.startswith("brightline: ")
            assert self.err.endswith("\n")
            assert self.err.count("\n") == 1
            assert " — " in self.err, "no cure"
            assert "a defect (" not in self.err
        else:
            assert self.status in (0, 1)
            assert self.err == ""

    @property
    def document(self) -> dict[str, Any]:
        """What --json printed: exactly one document."""
        (line,) = self.out.splitlines()
        return cast(dict[str, Any], json.loads(line))

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The JSON Lines of `decide`."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Shell:
    """`brightline` in `folder`."""

    folder: Path

    def __call__(self, *arguments: str | Path, stdin: str | bytes = b"") -> Said:
        """One run, in this process."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        streams = sys.argv, sys.stdin, sys.stdout, sys.stderr
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
        status = 0
        try:
            sys.argv = ["brightline", *map(str, arguments)]
            sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO(given), "utf-8"), out, err
            with chdir(self.folder):
                main()
        except SystemExit as e:
            status = cast(int, e.code)
        finally:
            sys.argv, sys.stdin, sys.stdout, sys.stderr = streams
        return Said(status, written(out), written(err))

    def fails(self, *arguments: str | Path, stdin: str | bytes = b"") -> str:
        """The one sentence of a run that ends 2, without its head."""
        said = self(*arguments, stdin=stdin)
        assert said.status == 2, said.out
        return said.err.removeprefix("brightline: ").rstrip("\n")

    def process(self, *arguments: str | Path, **settings: Any) -> subprocess.Popen[bytes]:
        """A real process; `settings` as of Popen."""
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), **settings.pop("env", {})}
        command = [sys.executable, "-m", "brightline.cli", *map(str, arguments)]
        return subprocess.Popen(command, cwd=self.folder, env=environment, **settings)

    def write(self, name: str, text: str | bytes) -> str:
        """A file in the folder; returns its name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return name

    def change(self, name: str, old: str, new: str) -> None:
        """Exactly what a hand slips into: `old`, which stands there, becomes `new` once."""
        text = (self.folder / name).read_text("utf-8")
        assert old in text
        self.write(name, text.replace(old, new, 1))


def written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return cast(io.BytesIO, stream.buffer).getvalue().decode("utf-8")
