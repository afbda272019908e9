"""The tables of docs/reference/screen.md, from the table that the screen works by."""

from __future__ import annotations

from brightline.screen.heads import GROUPS, SIGNS


def page() -> str:
    """Groups of content, and facts that a text may show. Where a vocabulary lacks the activity, it is gen.unknown."""
    groups = ["| content | is looked for | fits under | alternative |", "|---|---|---|---|"]
    groups += [
        f"| `{g.name}` | {g.text} | {', '.join(f'`{f}`' for f in g.fits)} | `{g.activities[0]}` |" for g in GROUPS
    ]
    signs = ["| sign | is looked for | beside | facts of the alternative |", "|---|---|---|---|"]
    signs += [
        f"| `{s.name}` | {s.text} | {', '.join(f'`{g}`' for g in s.groups)} | "
        f"{', '.join(f'`{k}={v}`' for k, v in s.facts.items())}"
        f"{f'; activity `{s.activity}`' if s.activity else ''} |"
        for s in SIGNS
    ]
    return "\n".join([*groups, "", *signs])
