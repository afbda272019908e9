"""The terms as one SQL expression: the fourth reading (DESIGN section 1), and the one door to `sqlglot`."""

from brightline.analysis.sql.counting import PLACES, counted, faulty
from brightline.analysis.sql.reading import clause_columns, decisions

__all__ = ["PLACES", "clause_columns", "counted", "decisions", "faulty"]
