"""A verification as an in-toto Statement in DSSE: predicate Simple Verification Result, signed by who verified.

in-toto Attestation Framework, Statement v1; predicate https://in-toto.io/attestation/svr/v0.1. Its `properties` are
those that *passed*, so there is no statement of a bundle that did not verify.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from brightline.canonical import dump
from brightline.errors import InputError
from brightline.keys import Envelope, SigningKey
from brightline.paper.verified import Verified

STATEMENT: Final = "https://in-toto.io/Statement/v1"
PREDICATE: Final = "https://in-toto.io/attestation/svr/v0.1"
PAYLOAD: Final = "application/vnd.in-toto+json"


def statement(verified: Verified, signer: str) -> dict[str, Any]:
    """The unsigned Statement. `signer`: the verifier's key as text. Raises InputError where nothing was verified."""
    result = verified.result
    if not result.verified or result.grade is None:
        cure = "mend what the failed step names; a statement lists only what passed"
        raise InputError("the bundle did not verify, and nothing is stated of it", place=verified.bundle, cure=cure)
    passed = [f"BRIGHTLINE_STEP_{step.n}" for step in result.steps if step.ok]
    levels = [f"BRIGHTLINE_GRADE_C{n}" for n in range(int(result.grade.removeprefix("C")) + 1)]
    policy = {"uri": f"urn:brightline:agreement:{verified.digest}", "digest": {"sha256": verified.digest[7:]}}
    return {
        "_type": STATEMENT,
        "subject": [{"name": verified.bundle, "digest": {"sha256": verified.sha256}}],
        "predicateType": PREDICATE,
        "predicate": {
            "verifier": {"id": f"urn:brightline:verifier:{version('brightline')}:{signer}", "policy": policy},
            "timeCreated": verified.time,
            "properties": ["BRIGHTLINE_VERIFIED", *passed, *levels],
        },
    }


def signed_statement(verified: Verified, key: SigningKey) -> bytes:
    """The Statement as the bytes of a DSSE envelope, signed by `key`. Raises as `statement`."""
    return Envelope(PAYLOAD, dump(statement(verified, str(key.public)))).signed(key).to_bytes()
