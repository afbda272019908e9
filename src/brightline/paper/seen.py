"""Texts that come from the other party, made harmless to look at.

What would disturb a terminal, hide, or show words in another order than the machine reads them (CVE-2021-42574) is
written as an escape: controls, bidi marks and overrides, invisible letters, and what XML 1.0 section 2.2 does not take.
"""

from __future__ import annotations

import re

# Joiners U+200C and U+200D stay: Persian, the languages of India and emoji are written with them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)


def seen(text: str) -> str:
    """`text` with every character that would be obeyed or hidden written as an escape; tab and line feed stay."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
