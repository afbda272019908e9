"""C2SP signed notes: read strictly, signed, verified with known keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import RecordError
from brightline.keys import SigningKey, VerifyKey
from brightline.record import note

KEY = SigningKey.new("example.com/log", bytes(range(32)))
OTHER = SigningKey.new("example.com/witness", bytes(range(1, 33)))
# The example of c2sp.org/signed-note.
SPEC_KEY = VerifyKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1E"
    "RYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=60).map(lambda t: t + "\n")


def test_the_example_of_the_specification() -> None:
    assert note.verify(SPEC_NOTE, [SPEC_KEY]).text == "This is an example message.\n"


@given(texts)
def test_what_is_signed_verifies_and_reads_back(text: str) -> None:
    data = bytes(note.sign(text, KEY))
    found = note.verify(data, [KEY.public])
    assert found.text == text
    assert bytes(found) == data


@given(st.data())
def test_any_flipped_bit_of_a_note_is_refused(data: st.DataObject) -> None:
    whole = bytes(note.sign("origin\n7\nroot\n", KEY))
    at, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    broken = whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
    with pytest.raises(RecordError):
        note.verify(broken, [KEY.public])


def test_unknown_signatures_are_ignored_and_false_ones_are_not() -> None:
    signed = note.sign("text\n", KEY)
    by_other = note.sign("text\n", OTHER).signatures[0]
    both = bytes(note.sign("text\n", KEY, by_other))
    assert note.verify(both, [KEY.public]).signatures[1] == by_other
    note.verify(both, [KEY.public, OTHER.public])
    with pytest.raises(RecordError, match="not signed by a known key"):
        note.verify(bytes(signed), [OTHER.public])
    with pytest.raises(RecordError, match="no key at all"):
        note.verify(bytes(signed), [])
    false = note.NoteSignature(by_other.name, by_other.key_id, bytes(64))
    with pytest.raises(RecordError, match="witness is false"):
        note.verify(bytes(note.sign("text\n", KEY, false)), [KEY.public, OTHER.public])
    # Same name or same id alone is another key, to be ignored.
    stranger = note.NoteSignature(by_other.name, b"\0\0\0\0", bytes(64))
    note.verify(bytes(note.sign("text\n", KEY, stranger)), [KEY.public, OTHER.public])


LINE = str(note.sign("text\n", KEY).signatures[0])
MALFORMED = {
    "empty": b"",
    "no blank line": b"text\n" + LINE.encode(),
    "no text": b"\n" + LINE.encode(),
    "no signature": b"text\n\n",
    "no last newline": b"text\n\n" + LINE[:-1].encode(),
    "carriage return": b"text\r\n\n" + LINE.encode(),
    "tab": b"te\txt\n\n" + LINE.encode(),
    "zero": b"te\0xt\n\n" + LINE.encode(),
    "wrong UTF-8": b"te\xffxt\n\n" + LINE.encode(),
    "hyphen for a dash": b"text\n\n" + LINE.replace("—", "-").encode(),
    "two spaces": b"text\n\n" + LINE.replace("— ", "—  ").encode(),
    "plus in the name": b"text\n\n" + LINE.replace("example", "exa+mple").encode(),
    "no-break space in the name": b"text\n\n" + LINE.replace("example", "exa\u00a0mple").encode(),
    "name missing": b"text\n\n" + ("— " + LINE.split(" ")[2]).encode(),
    "base64 with a space": b"text\n\n" + (LINE[:-6] + " " + LINE[-5:]).encode(),
    "base64 without padding": b"text\n\n" + LINE.replace("=", "").encode(),
    "signature too short": b"text\n\n" + "— name AAAAAA==\n".encode(),
    "spare bits": b"text\n\n" + "— name AAAAAAB=\n".encode(),
    "line after the signatures": b"text\n\n" + LINE.encode() + b"more\n",
    "too many signatures": b"text\n\n" + LINE.encode() * 65,
    "too long": b"x" * (1 << 20) + b"\n\n" + LINE.encode(),
}


@pytest.mark.parametrize("defect", MALFORMED)
def test_malformed_notes_are_refused(defect: str) -> None:
    with pytest.raises(RecordError, match=r"^note: "):
        note.parse(MALFORMED[defect])


def test_sixteen_signatures_are_accepted() -> None:
    data = b"text\n\n" + LINE.encode() * 16
    assert len(note.verify(data, [KEY.public]).signatures) == 16


@pytest.mark.parametrize("text", ["no newline", "tab\t\n", ""])
def test_unfit_text_is_not_signed(text: str) -> None:
    with pytest.raises(RecordError):
        note.sign(text, KEY)
