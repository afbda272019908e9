"""C2SP checkpoints: three lines, strictly, signed by the log itself."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import RecordError
from brightline.keys import SigningKey
from brightline.record import checkpoint, note
from brightline.record.checkpoint import Checkpoint

KEY = SigningKey.new("example.com/log", bytes(range(32)))
ROOT = base64.b64encode(bytes(32)).decode()


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_round_trip(size: int, root: bytes) -> None:
    made = Checkpoint(KEY.name, size, root)
    assert Checkpoint.parse(made.text()) == made
    assert checkpoint.verify(bytes(checkpoint.sign(made, KEY)), [KEY.public]) == made


@pytest.mark.parametrize(
    "text",
    [
        f"\n1\n{ROOT}\n",
        f"o\n01\n{ROOT}\n",
        f"o\n-1\n{ROOT}\n",
        f"o\n+1\n{ROOT}\n",
        f"o\n1_0\n{ROOT}\n",
        f"o\n١\n{ROOT}\n",
        f"o\n{2**63}\n{ROOT}\n",
        f"o\n\n{ROOT}\n",
        f"o\n1\n{ROOT[:-4]}\n",
        f"o\n1\n{ROOT.replace('=', '')}\n",
        f"o\n1\n{ROOT}\nextension\n",
        f"o\n1\n{ROOT}",
        "o\n1\n",
    ],
)
def test_malformed_text_is_refused(text: str) -> None:
    with pytest.raises(RecordError, match=r"^checkpoint: "):
        Checkpoint.parse(text)


def test_only_the_log_itself_makes_a_checkpoint() -> None:
    witness = SigningKey.new("example.com/witness", bytes(32))
    made = Checkpoint(KEY.name, 3, bytes(32))
    with pytest.raises(RecordError, match="cannot sign for the log"):
        checkpoint.sign(made, witness)
    cosigned_alone = bytes(note.sign(made.text(), witness))
    with pytest.raises(RecordError, match="not signed by a known key"):
        checkpoint.verify(cosigned_alone, [KEY.public, witness.public])
