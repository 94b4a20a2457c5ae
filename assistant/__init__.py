"""A chat assistant over a curated source corpus: every sentence is tied to its passage.

>>> from assistant import Assistant, read_settings
>>> answer = Assistant.open(read_settings()).ask("What does Article 5 say?")  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.answering import Assistant
    from assistant.errors import AssistantError
    from assistant.settings import Settings, read_settings
    from assistant.types import Answer

__all__ = ["Answer", "Assistant", "AssistantError", "Settings", "read_settings"]

_HOMES = {
    "Answer": "types", "Assistant": "answering", "AssistantError": "errors",
    "Settings": "settings", "read_settings": "settings",
}


def __getattr__(name: str) -> Any:
    # Looked up on first use, so that `assistant --help` imports no search library.
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"assistant.{_HOMES[name]}"), name)
