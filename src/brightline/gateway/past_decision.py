"""A decision of one's own, out of the record: to appeal a denial, or to answer what was asked, after the fact.

Nothing of it is kept in memory: whoever asked names the decision, and what it was is read again from its private side.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from brightline.errors import CallError, RecordError
from brightline.gateway.standing import Standing
from brightline.record.body import Act, DecisionBody
from brightline.record.body import unpack as unpack_body
from brightline.record.entry import Entry, Flag, Kind, OutcomeCode, unpack
from brightline.record.use import recorded_use
from brightline.storage.journal import Journal
from brightline.storage.vault import Vault
from brightline.terms import DEFAULT_DENY, Decision, Outcome
from brightline.vocabulary import Use


class Past(NamedTuple):
    """A decision, as it stands in the record at `place`. `tool`: of a tool call; `content`: as it was recorded."""

    place: int
    entry: Entry
    body: DecisionBody
    use: Use
    content: bytes
    tool: str
    purpose: str

    @property
    def of_model(self) -> bool:
        return self.body.act == Act.MODEL_CALL

    @property
    def outcome(self) -> OutcomeCode:
        return OutcomeCode(self.entry.outcome)


def past_decision(journal: Journal, vault: Vault, standing: Standing, index: int, actor: str) -> Past:
    """The decision at this place. Raises CallError 404 where it is none of this actor's: nobody learns which is whose;
    410 where it was erased, was made under other terms, or had alternatives, which the record does not keep."""
    cure = "name a decision of yours: the number in `brightline.decision` of the refusal"
    nothing = CallError("no such decision of yours", status=404, code="not_found", place="decision", cure=cure)
    if not 0 <= index < journal.log.size:
        raise nothing
    entry = unpack(journal.read(index, index + 1))
    if entry.kind != Kind.DECISION:
        raise nothing
    try:
        opened = vault.opened(index)
    except RecordError:
        raise nothing from None
    fields = dict(opened[1]) if opened is not None else {}
    if fields.get("actor", b"").decode() != actor:
        raise nothing
    terms = standing.pack.terms
    if entry.terms != standing.terms_digest or entry.flags & Flag.ALTERNATIVE:
        cure = "send the call again"
        raise CallError("it cannot be read back", status=410, code="gone", place="decision", cure=cure)
    words = terms.scope.vocabulary
    model = next((n for n, digest in standing.models.items() if digest == entry.model), "")
    activity = list(words.activities)[entry.activity - 1]
    use = replace(recorded_use(words, activity, opened[1] if opened else (), model, "decision"), actor=actor)
    body = unpack_body(Kind.DECISION, entry.body)
    assert isinstance(body, DecisionBody)  # noqa: S101 - the kind says so
    tool, purpose = fields.get("tool", b"").decode(), fields["purpose"].decode()
    return Past(index, entry, body, use, fields.get("content", b""), tool, purpose)


def denial(past: Past, standing: Standing) -> Decision:
    """What was decided, for the desk."""
    terms = standing.pack.terms
    clauses = terms.ids(past.entry.clauses) or (DEFAULT_DENY,)
    text = f"Denied by {', '.join(clauses)} (decision {past.place})."
    return Decision(Outcome.DENY, clauses, (), (), terms.digest, text)
