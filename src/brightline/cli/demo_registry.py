"""The demo's registry: what the department's owners say, as the files that they sign (docs/reference/registry.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

OWNERS = ("steward", "counsel", "wiring", "personnel")
"""Who signs, each with a key of their own: data and purposes, the law, tools and prices, people."""


def files(actor: str, authorities: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Owner (or `owners`) → the TOML file that they sign. `authorities`: as the terms pin them."""
    fisa = authorities["fisa"]
    law = _LAW.format(title=fisa["title"], date=fisa["date"], digest=fisa["digest"])
    people = _PERSONNEL.format(actor=actor)
    return {"owners": _OWNERS, "steward": _STEWARD, "counsel": law, "personnel": people, "wiring": _wiring()}


def _wiring() -> str:
    text = _WIRING
    for name, wired in ENDPOINTS.items():
        text = text.replace(f"@{name}@", str(wired["url"]))
    return text


def definitions() -> dict[str, str]:
    """File name → the definition of a tool as agents are given it; what is registered is its digest."""
    return {f"{name}.json": json.dumps(tool, indent=1) for name, tool in TOOLS.items()}


def _tool(name: str, description: str, **fields: str) -> dict[str, Any]:
    properties = {n: {"type": "string", "description": d} for n, d in fields.items()}
    schema = {"type": "object", "properties": properties, "required": [*fields]}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


TOOLS: Mapping[str, Any] = {
    "task_drone": _tool("task_drone", "Task a drone.", drone="its call sign", holding_point="where to"),
    "close_track": _tool("close_track", "Close a track.", track="the track"),
}
"""Tool → its definition, in the form of OpenAI's chat API."""
ENDPOINTS: Mapping[str, Mapping[str, str]] = {
    "task_drone": {"url": "https://drones.department.example"},
    "close_track": {"url": "https://effector.department.example"},
}
"""Tool → where whoever runs it sends its calls; what is registered is its digest."""


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

[purposes.supply-papers]
text = "Papers of maintenance and supply"
activity = "mil.support_admin"
may_use = ["army/g2"]

[purposes.drone-tasking]
text = "Plan and task drones"
activity = "mil.platform_control"
may_use = ["army/g2"]

[purposes.foreign-calls]
text = "Calls collected abroad, with U.S. persons on some lines"
activity = "surv.comms_content"
may_use = ["army/g2"]
datasets = ["intercepts"]
[purposes.foreign-calls.facts]
purpose = "foreign_intelligence"

[datasets.intercepts]
origin = "classified_collection"
acquisition = "Collected abroad"
protected_persons = "incidental"
facts = { place = "abroad" }

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

_WIRING = """\
[tools.task_drone]
definition = "task_drone.json"
endpoint = { url = "@task_drone@" }
effect = "kinetic"
actuation = "act"
phase = "execute"
activity = "mil.platform_control"
facts = { autonomy = "semi_autonomous", target = "none" }

[tools.close_track]
definition = "close_track.json"
endpoint = { url = "@close_track@" }
effect = "kinetic"
actuation = "act"
phase = "execute"
activity = "weapon.engage"
facts = { autonomy = "autonomous", target = "person", target_selected_by = "model" }
"""
