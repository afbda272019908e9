"""One parser under libFuzzer: `python -m tools.fuzz.harness PARSER [LIBFUZZER OPTION…] CORPUS`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["brightline"]):
    from tests.hostile.laws import lawful
    from tests.hostile.parsers import PARSERS


def main() -> None:
    (parser,) = (parser for parser in PARSERS if parser.name == sys.argv[1])

    def one(data: bytes) -> None:
        lawful(lambda: parser.read(data), parser.errors)

    one(parser.seed)  # what is built once is built before memory and time are measured
    atheris.Setup([sys.argv[0], *sys.argv[2:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
