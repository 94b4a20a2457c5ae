"""The gate that every sentence passes before it is shown: `check`, and what came of it all.

`support` tells whether the cited passages carry a sentence, `quotations` whether what stands in
quotation marks is in them word for word.
"""

from assistant.verify.gate import Numbering, check, conclude

__all__ = ["Numbering", "check", "conclude"]
