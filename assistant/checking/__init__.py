"""What a model can do, measured by a few invented questions (`assistant models check`)."""

from assistant.checking.measuring import Checked, check_model

__all__ = ["Checked", "check_model"]
