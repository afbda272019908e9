"""Verify an evidence bundle: a pure function of the bundle, the agreement and the keys that its reader knows.

Read in this order: `bundle` (the file), `steps` (the eleven steps), then one module a step: `agreed` (2), `log` (3, 4)
and `witnesses` (3), `fields` (5), `counters` (6), `terms` (7), `outcomes` (8), `epochs` and `statements` (9), `totals`
and `clock` (10), `grade` (11). docs/reference/evidence.md says
what each step shows and does not show. No I/O, no clock, no gateway, storage or analysis code.
"""

from brightline.assurance.verify.result import STEPS, Finding, Result, Step
from brightline.assurance.verify.steps import verify

__all__ = ["STEPS", "Finding", "Result", "Step", "verify"]
