"""What this gateway runs with, as change entries: a change of any of it is seen in the next bundle (G03)."""

from __future__ import annotations

from brightline.canonical import dump
from brightline.gateway.config import Config
from brightline.gateway.decided import Recorder
from brightline.gateway.standing import NO_DIGEST, Standing
from brightline.record.body import ChangeBody, ChangeSubject
from brightline.record.log import Draft


async def record_changes(recorder: Recorder, standing: Standing, config: Config, build: bytes) -> None:
    """One entry for each thing that decides, at every start: agreement, terms, vocabulary and build in clear, since
    both parties hold them; purposes, tools and actors, the customer's own, as private fields under a commitment."""
    words = standing.pack.terms.scope.vocabulary
    shared = {
        ChangeSubject.TERMS: standing.terms_digest,
        ChangeSubject.VOCABULARY: bytes.fromhex(words.digest.removeprefix("sha256:")),
        ChangeSubject.BUILD: build,
    }
    if standing.agreement is not None:
        shared[ChangeSubject.AGREEMENT] = bytes.fromhex(standing.agreement.digest.removeprefix("sha256:"))
    private = {
        ChangeSubject.ACTORS: [
            {"name": a.name, "component": a.component, "purposes": list(a.purposes), "shared": a.shared}
            for a in config.actors
        ],
    }
    if config.registry is None:
        private[ChangeSubject.PURPOSES] = [
            {"name": p.name, "activity": p.activity, "facts": dict(p.facts)} for p in config.purposes.values()
        ]
    if config.tools:
        private[ChangeSubject.TOOLS] = [
            {
                "name": t.name,
                "definition": t.definition,
                "activity": t.activity,
                "facts": {**t.facts, "effect": t.effect, "actuation": t.actuation, "phase": t.phase},
            }
            for t in config.tools.values()
        ]
    for subject, digest in shared.items():
        await recorder.append(Draft(ChangeBody(subject, digest, NO_DIGEST), terms=standing.terms_digest))
    for subject, registered in private.items():
        draft = Draft(ChangeBody(subject), terms=standing.terms_digest, fields=(("registered", dump(registered)),))
        await recorder.append(draft)
