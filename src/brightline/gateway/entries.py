"""What a call leaves in the record: drafts of its decision and outcome entries (steps 5 and 7).

Private fields carry the content, the actor and every fact with its source; the entry shows none of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from brightline.gateway.access import Purpose
from brightline.gateway.codec import Answer, Api, Call
from brightline.gateway.standing import Standing
from brightline.record import body as bodies
from brightline.record.body import Act, DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import Flag, OutcomeCode
from brightline.record.log import Draft
from brightline.terms import Decision, Outcome, Terms
from brightline.vocabulary import FactValue, Source, Use, Vocabulary

_API = {Api.CHAT: bodies.Api.OPENAI_CHAT, Api.MESSAGES: bodies.Api.ANTHROPIC_MESSAGES}
_OUTCOME = {
    Outcome.PERMIT: OutcomeCode.PERMIT,
    Outcome.HOLD: OutcomeCode.HOLD,
    Outcome.ASK: OutcomeCode.ASK,
    Outcome.DENY: OutcomeCode.DENY,
}
# Flags as plain integers: `|` on an enum costs a microsecond, and every call does it several times.
_FLAGS: tuple[tuple[str, FactValue, int], ...] = (
    ("screen", "not_screened", int(Flag.NOT_SCREENED)),
    ("screen", "flagged", int(Flag.SCREEN_FLAGGED)),
    ("integrity", "drifted", int(Flag.DRIFTED)),
    ("meter", "missing", int(Flag.METER_MISSING)),
    ("approval_tempo", "hurried", int(Flag.HURRIED)),
    ("end_user", "unidentified", int(Flag.UNIDENTIFIED)),
)
_STREAMED, _CLAIMED, _ALTERNATIVE = int(Flag.STREAMED), int(Flag.CLAIMED), int(Flag.ALTERNATIVE)
_OBSERVED, _ESTIMATED = int(Flag.OBSERVED), int(Flag.ESTIMATED)


def decision_draft(
    standing: Standing, call: Call, purpose: Purpose, use: Use, decision: Decision, flags: int, model: bytes
) -> Draft:
    """The entry of a decision. `flags`: what step 4 adds (sampled by the oracle, disagreed, failed)."""
    terms = standing.pack.terms
    words = terms.scope.vocabulary
    claimed = _claimed(words, use)
    for name, value, flag in _FLAGS:
        if use.facts.get(name) == value:
            flags |= flag
    if call.stream:
        flags |= _STREAMED
    if claimed:
        flags |= _CLAIMED
    if use.alternatives:
        flags |= _ALTERNATIVE
    if standing.observing:
        flags |= _OBSERVED
    body = DecisionBody(
        claimed=claimed,
        missing=_ranks(words.facts, {f for n in decision.needs for f in n.facts}),
        approvals=_ranks(words.facts["approvals"].names, {a for n in decision.needs for a in n.approvals}),
        duties=_ranks(words.facts["duties"].names, decision.duties),
        api=_API[call.api],
        act=Act.MODEL_CALL,
    )
    return Draft(
        body=body,
        activity=words.ranks[use.activity],
        outcome=_OUTCOME[decision.outcome],
        flags=flags,
        clauses=clause_bits(terms, decision.clauses),
        terms=standing.terms_digest,
        model=model,
        fields=(
            ("content", call.body),
            ("actor", use.actor.encode()),
            ("component", use.component.encode()),
            ("purpose", purpose.name.encode()),
            *_facts(use.facts, use.sources),
        ),
    )


def outcome_draft(
    standing: Standing, decision: int, status: OutcomeStatus, answer: Answer | None, upstream_status: int, model: bytes
) -> Draft:
    """The entry of how a call ended. Tokens that the model server did not tell are estimated, and flagged so."""
    flags = _OBSERVED if standing.observing else 0
    inputs = outputs = calls = 0
    text = b""
    if answer is not None:
        text = answer.text.encode("utf-8", "replace")
        calls = len(answer.tool_calls)
        # Negative counts are none: an entry has no place for them, and a call without its outcome would stay open.
        inputs = max(answer.input_tokens or 0, 0)
        outputs = -1 if answer.output_tokens is None else answer.output_tokens
        if outputs < 0:
            flags |= _ESTIMATED
            outputs = -(-len(text) // 4)
    return Draft(
        body=OutcomeBody(decision, status, inputs, outputs, calls, upstream_status),
        flags=flags,
        terms=standing.terms_digest,
        model=model,
        fields=(("answer", text),) if text else (),
    )


def interrupted_draft(standing: Standing, decision: int) -> Draft:
    """The outcome of a call whose end nobody saw: the gateway stopped while it ran."""
    return Draft(OutcomeBody(decision, OutcomeStatus.INTERRUPTED), terms=standing.terms_digest)


def clause_bits(terms: Terms, ids: Iterable[str]) -> int:
    """The bits of clauses by rank; none for `default-deny`."""
    bits = 0
    for i in ids:
        rank = terms.rank.get(i)
        if rank is not None:
            bits |= 1 << rank
    return bits


def _facts(facts: Mapping[str, FactValue], sources: Mapping[str, Source]) -> list[tuple[str, bytes]]:
    """Private fields `fact.NAME` = `VALUE SOURCE`; members of a set are joined with plus signs."""
    observed = Source.OBSERVED
    return [(_field(name), _said(value, sources.get(name, observed))) for name, value in facts.items()]


@lru_cache(1024)
def _field(fact: str) -> str:
    return f"fact.{fact}"


@lru_cache(4096)  # words of the vocabulary; the same few in nearly every call
def _said(value: FactValue, source: Source) -> bytes:
    return f"{'+'.join(sorted(value)) if isinstance(value, frozenset) else value} {source}".encode()


def _claimed(words: Vocabulary, use: Use) -> int:
    """Facts that rest on a claim alone, bits by rank in the vocabulary."""
    bits = 0
    for name, source in use.sources.items():
        if source is Source.DECLARED:
            bits |= 1 << words.index[name]
    return bits


def _ranks(order: Iterable[str], names: Collection[str]) -> int:
    """Bits of `names` by their place in `order`."""
    return sum(1 << i for i, n in enumerate(order) if n in names) if names else 0
