"""The demo's registry: what the department's owners say, as the files that they sign (docs/reference/registry.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OWNERS = ("steward", "counsel", "wiring", "personnel")
"""Who signs, each with a key of their own: data and purposes, the law, tools and prices, people."""


def files(actor: str, authorities: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Owner (or `owners`) → the TOML file that they sign. `authorities`: as the terms pin them."""
    fisa = authorities["fisa"]
    law = _LAW.format(title=fisa["title"], date=fisa["date"], digest=fisa["digest"])
    return {"owners": _OWNERS, "steward": _STEWARD, "counsel": law, "personnel": _PERSONNEL.format(actor=actor)}


_OWNERS = """\
registry = "department.example"

[owners.steward]
key = "steward.pub"
kinds = ["purposes", "datasets"]
[owners.counsel]
key = "counsel.pub"
kinds = ["authorities"]
[owners.wiring]
key = "wiring.pub"
kinds = ["tools", "models", "prices"]
[owners.personnel]
key = "personnel.pub"
kinds = ["actors"]
"""

_STEWARD = """\
[purposes.ordinary]
text = "Ordinary staff work"
activity = "gen.office"
may_use = ["army"]

[purposes.vehicle-ranking]
text = "Rank detected vehicles for an analyst; a commander decides on each strike"
activity = "weapon.target_nomination"
may_use = ["army/g2"]
datasets = ["sensor-tracks"]
[purposes.vehicle-ranking.facts]
phase = "recommend"
effect = "informational"
autonomy = "decision_aid"
target = "materiel"
place = "abroad"
decision_role = "advice"

[purposes.case-query]
text = "Query the collected holdings by name, in a case with a court order"
activity = "surv.query_us_person"
may_use = ["army/g2"]
datasets = ["holdings"]
authorities = ["fisa"]
[purposes.case-query.facts]
scale = "individual"
purpose = "foreign_intelligence"
place = "home"

[purposes.dataset-review]
text = "Look through a data set that came in"
activity = "surv.bulk_analysis"
may_use = ["army/g2"]
datasets = ["came-on-a-disc"]

[purposes.movement-profiles]
text = "Movement profiles of all devices in a purchased location feed"
activity = "surv.bulk_analysis"
may_use = ["army/g2"]
datasets = ["location-feed"]

[purposes.nuclear-assessment]
text = "The assessment that feeds a recommendation on nuclear employment"
activity = "mil.command_decision"
may_use = ["army/g2"]
[purposes.nuclear-assessment.facts]
effect = "nuclear"
phase = "recommend"
decision_role = "principal_basis"

[datasets.sensor-tracks]
origin = "sensor"
acquisition = "Seen by the department's own sensors abroad"
protected_persons = "none"

[datasets.holdings]
origin = "classified_collection"
acquisition = "Collected under orders of the court"
protected_persons = "named"

[datasets.location-feed]
origin = "commercial_purchase"
acquisition = "Bought from a broker of advertising data"
protected_persons = "bulk"
facts = { place = "home", scale = "bulk" }

[datasets.came-on-a-disc]
origin = "unknown"
acquisition = "Came on a disc without papers"
protected_persons = "unknown"
"""

_LAW = """\
[authorities.fisa]
title = "{title}"
date = {date}
digest = "{digest}"
scope = "Queries of collected holdings by name, each under an order"
activities = ["surv"]
may_cite = ["army/g2"]
legal_basis = "individual"
"""

_PERSONNEL = """\
[actors."{actor}"]
nature = "person"
component = "army/g2"
"""
