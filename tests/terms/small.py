"""A vocabulary small enough to enumerate: what the brute-force reference and the adoption tests run on."""

from __future__ import annotations

from brightline.terms import Scope
from brightline.vocabulary import Vocabulary, read_module

CORE = """
title = "small"
[groups]
work = "work"
gen = "the rest"
[activities]
"work.read" = "reading"
"work.act" = "acting"
"gen.unknown" = "not known"
[facts.place]
kind = "enum"
text = "where"
values = { home = "at home", abroad = "abroad" }
[facts.user]
kind = "enum"
text = "who asks"
values = { named = "named", unnamed = "not named" }
open = ["unnamed"]
[facts.basis]
kind = "enum"
text = "why"
values = { none = "none", good = "good" }
[facts.persons]
kind = "number"
text = "how many"
[facts.lanes]
kind = "set"
text = "lanes"
from = "lanes"
[facts.meter]
kind = "enum"
gateway = true
text = "the meter"
values = { counted = "counted" }
[facts.approvals]
kind = "set"
gateway = true
text = "approvals"
from = "roles"
[facts.exceptions]
kind = "set"
gateway = true
text = "certificates"
from = "certificates"
[facts.duties]
kind = "set"
gateway = true
text = "duties"
values = { note = "note it", redact = "redact it", minimise = "minimise it" }
[facts.claimed]
kind = "set"
gateway = true
text = "merely claimed"
from = "facts"
[roles]
chief = "the chief"
clerk = "the clerk"
judge = "the judge"
"""

NAMES = {"lanes": {"a": "a", "b": "b"}, "certificates": {"waiver": "a waiver", "pass": "a pass"}}
CORE_ONLY = Vocabulary.join([read_module("core", CORE)], NAMES)
SMALL = Scope(CORE_ONLY)

MORE = """
title = "more"
[groups]
force = "force"
[activities]
"force.strike" = { parent = "gen.unknown", text = "striking" }
"force.feint" = { parent = "force.strike", text = "feinting" }
"work.edit" = { parent = "work.read", text = "editing" }
"work.burn" = { parent = "gen.unknown", text = "burning" }
[values.place]
orbit = { parent = "abroad", text = "in orbit" }
moon = { parent = "orbit", text = "on the moon" }
[values.basis]
secret = { parent = "unknown", text = "not to be told" }
[values.duties]
blur = { parent = "redact", text = "blur it" }
[roles]
general = "the general"
"""
GROWN = Vocabulary.join([read_module("core", CORE), read_module("more", MORE)], NAMES)
ADOPTED = Scope(GROWN)
