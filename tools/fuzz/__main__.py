"""`python -m tools.fuzz [--seconds N] [PARSER…]`: fuzz each parser for N seconds, one process each.

The law is that of the tests (`tests.hostile.laws.lawful`): a value, or the documented error with place and cure, in
TIMEOUT seconds and MEMORY MiB. An input that breaks it is kept in tests/hostile/found/PARSER, and the tests replay it
from then on, so mend the parser. Ends 1 where one was found. What was covered is kept in build/fuzz, and the next run
goes on from there.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from tests.hostile.parsers import FOUND, PARSERS, Parser

ROOT = Path(__file__).parents[2]
TIMEOUT = 10  # seconds for one input
MEMORY = 1024  # MiB


def main() -> None:
    names = [parser.name for parser in PARSERS]
    arguments = argparse.ArgumentParser(prog="make fuzz", description="Fuzz the parsers of tests/hostile/parsers.py.")
    arguments.add_argument("--seconds", type=int, default=30, help="for each parser")
    arguments.add_argument("parser", nargs="*", help=", ".join(names))
    asked = arguments.parse_args()
    if unknown := set(asked.parser) - set(names):
        arguments.error(f"no such parser: {', '.join(sorted(unknown))}")
    broken = [fuzz(parser, asked.seconds) for parser in PARSERS if parser.name in (asked.parser or names)]
    sys.exit(any(broken))


def fuzz(parser: Parser, seconds: int) -> bool:
    """Whether an input was found that breaks the law."""
    corpus, found = ROOT / "build" / "fuzz" / parser.folder, FOUND / parser.folder
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    (corpus / "seed").write_bytes(parser.seed)
    before = set(found.iterdir())
    options = [f"-max_total_time={seconds}", f"-timeout={TIMEOUT}", f"-rss_limit_mb={MEMORY}", "-max_len=16384"]
    options += [f"-artifact_prefix={found}/", "-print_final_stats=1"]
    command = [sys.executable, "-m", "tools.fuzz.harness", parser.name, *options, str(corpus)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    new = set(found.iterdir()) - before
    if not any(found.iterdir()):
        found.rmdir()
    runs = re.findall(r"number_of_executed_units: (\d+)", ran.stderr)
    covered = re.findall(r" cov: (\d+)", ran.stderr)
    print(
        f"{parser.name:16} {int(runs[-1]) if runs else 0:9,} inputs  {covered[-1] if covered else '?':>5} branches",
        end="",
    )
    if ran.returncode == 0 and not new:
        print("  ok", flush=True)
        return False
    print(f"  FOUND {', '.join(sorted(path.name for path in new)) or 'a crash without an input'}", flush=True)
    print("\n".join(ran.stderr.splitlines()[-40:]), flush=True)
    return True


if __name__ == "__main__":
    main()
