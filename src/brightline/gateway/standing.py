"""What stands: the agreement and terms on which this gateway decides, or the pack it only observes with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from brightline.agreement import Agreement, Disclosure
from brightline.agreement.rotation import read_rotation, rotated
from brightline.errors import AgreementError
from brightline.keys import VerifyKey
from brightline.terms import Pack, read_pack

NO_DIGEST = bytes(32)


@dataclass(frozen=True, slots=True)
class Standing:
    """`agreement` is None exactly where `observing`: then every use is decided and recorded, and none is blocked."""

    pack: Pack
    agreement: Agreement | None
    models: Mapping[str, bytes]
    disclosure: Disclosure
    terms_digest: bytes = field(init=False)  # 32 bytes, as entries carry it

    @property
    def observing(self) -> bool:
        return self.agreement is None

    def __post_init__(self) -> None:
        digest = bytes.fromhex(self.pack.terms.digest.removeprefix("sha256:"))
        object.__setattr__(self, "terms_digest", digest)

    def model_digest(self, name: str) -> bytes | None:
        """The digest of a model that may be served; None for one that the agreement does not name."""
        if self.agreement is None:
            return self.models.get(name, NO_DIGEST)
        return self.models.get(name)


def agreed(agreement: Agreement) -> Standing:
    """What an agreement in force says. Raises AgreementError where its terms are not those of its digest."""
    pack = read_pack("agreement", agreement.terms.files)
    if pack.terms.digest != str(agreement.terms.digest):
        raise AgreementError(
            "the terms' text does not have the agreed digest",
            place="agreement: terms",
            cure="this program reads them otherwise than both parties did: use the version they signed with",
        )
    pinned = {m.name: str(m.digest or "").removeprefix("sha256:") for m in agreement.models}
    models = {name: bytes.fromhex(digest) or NO_DIGEST for name, digest in pinned.items()}
    return Standing(pack, agreement, models, agreement.disclosure)


def observed(pack: Pack, models: Mapping[str, bytes]) -> Standing:
    """Observe with a pack that nobody has agreed to."""
    return Standing(pack, None, models, Disclosure())


def answered_by(standing: Standing, digests: Sequence[bytes]) -> Standing:
    """The same, serving only the models with these digests: those that the engine has, its weights first. Raises
    AgreementError where none is agreed.

    Otherwise a call that names another model would be decided and recorded as that one, and answered by this.
    """
    if standing.agreement is None:
        return standing
    models = {name: agreed for name, agreed in standing.models.items() if agreed in digests}
    if not models:
        raise AgreementError(
            "the embedded model is none of those agreed: none has the digest of its weights",
            place="agreement: models",
            cure=f"set upstream.url to the server of the agreed model, or agree on sha256:{digests[0].hex()}",
        )
    return replace(standing, models=models)


def check_log(standing: Standing, origin: str, key: VerifyKey, rotations: Sequence[bytes] = ()) -> None:
    """Raises AgreementError where this is not the log, and the key that it has by now, of the agreement."""
    if standing.agreement is None:
        return
    agreement = standing.agreement
    read = [read_rotation(r, agreement.parties.customer.key, f"rotation {i + 1}") for i, r in enumerate(rotations)]
    logs = rotated(agreement, agreement.digest, read)
    if not any(log.origin == origin and str(log.key) == str(key) for log in logs):
        raise AgreementError(
            f"the agreement names no log {origin} with this gateway's key",
            place="agreement: logs",
            cure="use the log key that both parties signed, or amend the agreement",
        )
