"""The gate that every sentence passes before it is shown: `check`, and what came of it all.

`support` tells whether the cited passages carry a sentence in their own words, `judges` whether
they do in others, `quotations` whether what stands in quotation marks is in them word for word,
`bearing` whether the question asks for it.
"""

from assistant.verify.bearing import beside_the_point
from assistant.verify.gate import Numbering, check, conclude
from assistant.verify.judges import Judge, open_judge

__all__ = ["Judge", "Numbering", "beside_the_point", "check", "conclude", "open_judge"]
