"""Bytes that were valid once: flipped, cut, doubled, spliced; and words that parsers stumble over."""

from __future__ import annotations

from hypothesis import strategies as st

STUMBLING = (
    b"\0", b"\r", b"\n", b"\r\n", b"\x7f", b"\x85", b"\xff", b"\xc3", b"\xc3\xa9", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\xd9\xa3", b"\\ud800", b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b"(", b")",
    b",", b":", b";", b"=", b"#", b"//", b" ", b"\t", b"-1", b"+1", b"0x1", b"1e999", b"NaN", b"null", b"true",
    b"-Infinity", b"9" * 25, b"9" * 5_000, b"[" * 200, b"{" * 200, b"(" * 200, b"a." * 50, b"unknown", b"..",
)  # fmt: skip

# Values of TOML, each of another type or past some bound than the one that stands there.
VALUES = (
    b"1", b"-1", b"1.5", b"true", b'""', b'"x"', b"[]", b"[[]]", b"[1]", b'["x", "x"]', b"{}", b"{ a = 1 }", b"[{}]",
    b"2026-01-01", b"0001-01-01", b"9999-12-31", b"2026-01-01T00:00:00Z", b"07:32:00", b'"\\u0000"', b'"../x"', b'"/"',
    b'"' + b"x" * 70_000 + b'"', b"9223372036854775807", b"inf", b'"\\u202e"', b'"\\uFFFF"',
)  # fmt: skip


@st.composite
def retyped(draw: st.DrawFn, seed: bytes) -> bytes:
    """A file of `key = value` in which some values are others, some keys are gone, and some stand twice."""
    lines = seed.splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        key, equals, _ = lines[at].partition(b" = ")
        match draw(st.integers(0, 5)):
            case 0:
                lines[at] = b""
            case 1:
                lines[at] += lines[at]
            case _ if equals:
                lines[at] = key + equals + draw(st.sampled_from(VALUES)) + b"\n"
    return b"".join(lines)


@st.composite
def mutated(draw: st.DrawFn, seed: bytes, *words: bytes) -> bytes:
    """`seed` after one to four small changes; `words` are what this format in particular trips over."""
    data = seed
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        to = min(len(data), at + draw(st.integers(0, 24)))
        match draw(st.integers(0, 5)):
            case 0:
                data = data[:at] + data[to:]
            case 1:
                data = data[:to] + data[at:]
            case 2:
                data = data[:at] + draw(st.sampled_from(STUMBLING + words)) + data[at:]
            case 3:
                data = data[:at] + draw(st.sampled_from(STUMBLING + words)) + data[to:]
            case 4:
                data = data[:at] + draw(st.binary(max_size=4)) + data[to:]
            case _:
                cut = draw(st.integers(0, len(data)))
                data = data[:at] + data[cut : cut + 40] + data[at:]
    return data
