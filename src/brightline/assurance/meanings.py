"""What each field of an entry says, and what it cannot say: for the officer who decides whether a bundle may leave.

`HEAD`: the fields that every entry has. `BODY`: the fields of the body, by kind. Both hold every name of the dtypes in
`brightline.record`; a test shows that none is missing and none is left over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from brightline.record.entry import Kind

Meaning: TypeAlias = tuple[str, str]
"""(what it says, what it cannot say)"""

_REFERENCE: Final = "Nothing about what that entry was about; 0 means that there is none."
_BUCKET: Final = "Nothing finer than a step of the agreed disclosure profile."
_TOTAL: Final = "Nothing about any single use."
_COMMITTED: Final = (
    "Anything about that side, even to somebody who guesses all of it: every field is salted with random bytes that "
    "stay with the customer. It looks random, so these 32 bytes alone cannot show that no message is hidden in them; "
    "opening the entry to an auditor does."
)
_SPARE: Final = ("Nothing: these bytes are zero.", "Anything: `verify` refuses an entry in which one is not zero.")

HEAD: Final[Mapping[str, Meaning]] = {
    "sequence": ("The number of the entry in the log.", "Nothing but its place."),
    "time": ("When it was recorded, rounded down as agreed.", f"{_BUCKET} It is the gateway's own clock."),
    "kind": ("Which of eleven kinds of entry it is.", "Nothing else."),
    "outcome": ("What was decided: permit, hold, ask or deny; 0 on other kinds.", "Who asked, what, or why."),
    "activity": (
        "Which word of the agreed vocabulary the use was decided as.",
        "What was asked. That the word was true of the use: it may have been declared.",
    ),
    "flags": ("How it was decided and served, as yes or no.", "Anything but the named yes-or-no marks."),
    "clauses": ("Which agreed clauses decided, one bit each.", "Which facts of the use met them."),
    "terms": ("The digest of the terms in force, which both parties hold.", "Nothing that they do not hold."),
    "model": ("The digest of the model named in the agreement, or zeros.", "What was said to it, or by it."),
    "commitment": (
        "That the private side of the entry, content included, cannot be exchanged afterwards.",
        _COMMITTED,
    ),
}

BODY: Final[Mapping[Kind, Mapping[str, Meaning]]] = {
    Kind.DECISION: {
        "parent": ("For a tool call: the model call in whose answer it stood.", _REFERENCE),
        "approval": ("The approval that this use spent.", _REFERENCE),
        "second_approval": ("The second person's approval that it spent.", _REFERENCE),
        "exception": ("The certificate's entry on which it rests.", _REFERENCE),
        "claimed": ("Which facts rest on a claim alone, one bit for each fact's name.", "Their values."),
        "missing": ("Which facts an `ask` wants, one bit for each fact's name.", "The values that would help."),
        "approvals": ("Whose approval a hold waits for, one bit for each role.", "Any person's name."),
        "duties": ("Which duties the gateway undertook, one bit each.", "What they did to the content."),
        "api": ("Which API it came by.", "From which machine or person."),
        "act": ("Whether it is a model call or a tool call.", "Which tool, or its arguments."),
        "spare": _SPARE,
    },
    Kind.OUTCOME: {
        "decision": ("Which decision's call this is the end of.", "Nothing else about it."),
        "status": ("How the call ended.", "What was answered."),
        "input_tokens": ("How many tokens went in, rounded as agreed.", f"{_BUCKET} Which tokens."),
        "output_tokens": ("How many tokens came out, rounded as agreed.", f"{_BUCKET} Which tokens."),
        "tool_calls": ("How many tool calls the answer asked for.", "Which tools, or their arguments."),
        "upstream_status": ("The HTTP status of the model server, 0 if there was none.", "Its words."),
        "spare": _SPARE,
    },
    Kind.APPROVAL: {
        "decision": ("Which hold or denial it is about.", "What was asked."),
        "until": ("When the approval lapses, rounded as agreed; 0 if none was given.", _BUCKET),
        "role": ("In which role the person spoke, by number.", "The person's name or reasons."),
        "verdict": (
            "Granted, refused, expired, appealed, overturned, upheld, rejected as no lawful statement.",
            "Why.",
        ),
        "spare": _SPARE,
    },
    Kind.EXCEPTION: {
        "granted": ("The entry that it revokes or ends.", _REFERENCE),
        "since": ("From when it holds, rounded as agreed.", _BUCKET),
        "until": ("Until when it holds, rounded as agreed.", _BUCKET),
        "certificate": ("Which certificate of the agreed terms, by number.", "For what it was given."),
        "role": ("In which role the official acted, by number.", "The official's name or reasons."),
        "act": ("Granted, revoked, or break-glass started or ended.", "Why."),
        "spare": _SPARE,
    },
    Kind.CHANGE: {
        "subject": ("What was changed: the agreement, terms, build, a register.", "What it was changed to."),
        "digest": (
            "The digest of what holds now, where both parties hold it; zeros where it is the customer's own.",
            "Anything of the customer's own registers: those digests could be guessed, so they are committed to.",
        ),
        "previous": ("The digest of what held before, by the same rule.", "As for the digest."),
        "spare": _SPARE,
    },
    Kind.ERASURE: {
        "erased": ("Which entry's content was erased for good.", "What it was."),
        "role": ("In which role it was ordered, by number.", "The person's name."),
        "reason": ("Spill, retention, order or request.", "The order's words."),
        "spare": _SPARE,
    },
    Kind.COUNTERS: {
        "decisions": ("How many decisions stand before this entry.", _TOTAL),
        "permits": ("How many of them permitted.", _TOTAL),
        "holds": ("How many of them held.", _TOTAL),
        "asks": ("How many of them asked.", _TOTAL),
        "denies": ("How many of them denied.", _TOTAL),
        "outcomes": ("How many ends of calls stand before this entry.", _TOTAL),
        "input_tokens": ("The sum of their input tokens, each rounded as agreed.", _TOTAL),
        "output_tokens": ("The sum of their output tokens, each rounded as agreed.", _TOTAL),
        "spare": _SPARE,
    },
    Kind.ENGINE: {
        "epoch": ("The epoch entry that it speaks of.", "Nothing else."),
        "input_tokens": ("Tokens of all prompts of the epoch, in one sum, rounded.", "The tokens of any one call."),
        "output_tokens": ("Tokens of all answers of the epoch, in one sum, rounded.", "The tokens of any one call."),
        "engine_input_tokens": ("The same, as the model server counted them.", "That its counters are true."),
        "engine_output_tokens": ("The same, as the model server counted them.", "That its counters are true."),
        "doubt_input_tokens": ("How much of that rests on calls under way, or is estimated.", "Which calls."),
        "doubt_output_tokens": ("How much of that rests on calls under way, or is estimated.", "Which calls."),
        "answered": ("How many calls were sent with a receipt and answered.", "Which calls."),
        "accepted": ("How many receipts the guard before the model server accepted.", "That it is the only way there."),
        "refused": ("How many calls without a good receipt the guard refused.", "Who sent them, or what they held."),
        "under_way": ("How many calls were under way when the epoch began or ended.", "Which calls."),
        "tolerance": ("The share of tokens, in millionths, that may differ.", "Nothing else."),
        "resets": ("How often model server, guard or gateway began anew.", "Why."),
        "guarded": ("Whether a guard stands before the model server.", "That nothing else reaches it."),
        "spare": _SPARE,
    },
    Kind.EPOCH: {
        "number": ("Which epoch ended.", "Nothing else."),
        "first": ("The first entry of the epoch.", "Nothing else."),
        "since": ("When the epoch began, rounded as agreed.", _BUCKET),
        "until": ("When the epoch ended, rounded as agreed.", _BUCKET),
        "engine_input_tokens": ("The model server's own count of tokens in.", "Whose tokens they were."),
        "engine_output_tokens": ("The model server's own count of tokens out.", "Whose tokens they were."),
        "grade": (
            "The grade of completeness that the customer claims.",
            "That it is so: `verify` does not believe it.",
        ),
        "clock": ("Whether the clock was synchronised, as the operator states.", "That it was right."),
        "spare": _SPARE,
    },
    Kind.CLOCK: {
        "event": ("That the gateway started or stopped, was idle, or noticed a step of its clock.", "What it did."),
        "source": ("What sets the clock, as the operator states.", "That it was right."),
        "seconds": ("How far the clock was stepped, rounded up as agreed; 0 if it was not.", _BUCKET),
        "spare": _SPARE,
    },
    Kind.RELEASE: {
        "size": ("How many entries the bundle had on which the officer spoke.", "Nothing else."),
        "verdict": ("Released, or refused.", "Who the officer is: the signed statement stays with the customer."),
        "reason": ("Why it was refused: one of seven classes; 0 if it was released.", "Any word of the officer's own."),
        "bundle": ("The digest of the bundle's file.", "Anything about a bundle that its reader does not hold."),
        "spare": _SPARE,
    },
}

FILE: Final[Mapping[str, Meaning]] = {
    "magic": ("That this is an evidence bundle of version 1.", "Nothing else."),
    "line": ("Which section follows, and its length in bytes.", "Nothing else."),
    "about": (
        "The digest of the agreement, the log's name, and how many entries follow.",
        "Nothing that the parties have not signed: `verify` compares each word of it.",
    ),
    "origin": ("The log's name, which stands in the agreement.", "Nothing else."),
    "size": ("How many entries the log signs for.", "Whether it has more by now."),
    "root": ("One hash over all entries, so that none can be changed unseen.", "Anything about a single entry."),
    "blank": ("Where the signatures begin.", "Nothing."),
    "signature": (
        "Who signed, and the signature: of the log, perhaps also of witnesses.",
        "Anything else. `verify` checks the log's; a line of a key that the agreement does not name is not checked.",
    ),
    "opening": (
        "Which epoch's entry is opened, and how many fields it committed to.",
        "What the fields are that stay closed.",
    ),
    "closed": (
        "A field that stays closed: one salted hash.",
        "What it holds, even to somebody who guesses all of it: 16 random bytes go into the hash.",
    ),
    "opened": (
        "The name of an opened field, 16 random bytes that prove it, and lengths.",
        "Anything about a field that is not shown.",
    ),
    "statement": (
        "What the customer states of the epoch: numbers and yes-or-no marks under the names shown.",
        "Any name, content or hash of what was counted. That it is true: only that it was stated when the epoch ended.",
    ),
    "entries": ("The entries, 256 bytes each; each field is explained below.", "What is not listed below."),
}
