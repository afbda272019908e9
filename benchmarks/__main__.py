"""`python -m benchmarks [NAME…]`: run every module of this folder that has `run()`, or those named."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks
from benchmarks.measure import build


def main(wanted: list[str]) -> int:
    names = [m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name not in ("__main__", "measure")]
    if unknown := sorted(set(wanted) - set(names)):
        print(f"no benchmark is called {', '.join(unknown)} — known: {', '.join(names)}", file=sys.stderr)
        return 2
    print(build())
    for name in wanted or names:
        print(name)
        for figure in importlib.import_module(f"benchmarks.{name}").run():
            print(figure, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
