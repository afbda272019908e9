"""The corpus of conformance/: bundles, honest and hostile, and the answer that every verifier must give to each.

`python -m tools.conformance` writes conformance/cases.jsonl, the same bytes each time. Read `case` (what a case is and
how it is written), `record` (the honest records), then the mutations: `files` (steps 1 and 3), `agreements` (step 2),
`forged` (steps 4 to 8), `epochs` (step 9 and the grade), `honest` (what verifies, and what is found in it).

Law: what an answer must be is said beside each mutation by its author, from docs/reference; no verifier is asked.
"""
