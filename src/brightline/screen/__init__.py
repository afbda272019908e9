"""The screen: does the content fit the declared use? A flag that adds alternatives, never the only wall.

    screen = shipped_screen(vocabulary)
    finding = screen(activity, facts, texts)     # texts: what is new since the last decided turn

No I/O: texts, weights and thresholds are passed in.
"""

from brightline.screen.finding import Finding, Seen
from brightline.screen.screening import Screen
from brightline.screen.shipped import shipped_model, shipped_screen

__all__ = ["Finding", "Screen", "Seen", "shipped_model", "shipped_screen"]
