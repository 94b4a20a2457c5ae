"""Two texts or more → a table: which place of the others answers each provision of the first.

Every cell is the other text's own words at a place, or says that none was found: of a text held in
full "no answer to this found", of a digest "our digest shows none". No model writes anything.
"""

from assistant.comparing.comparison import ABSENCE, Absence, Cell, Comparison, Row, compare

__all__ = ["ABSENCE", "Absence", "Cell", "Comparison", "Row", "compare"]
