"""Everything that can go wrong for a reason the user can act on.

    AssistantError(fact, next_step)   retryable = False
    ├ SettingsError     variable, value
    ├ CorpusError       path, line, field
    │ ├ UnreadableSource
    │ └ EmptyCorpus
    ├ IndexUnavailable
    │ ├ OutdatedIndex
    │ └ IndexInUse                    retryable
    ├ BackupError
    ├ RecordsError
    ├ QuestionError
    ├ PromptError       template
    ├ PageUnavailable
    ├ UsersError
    ├ LimitReached      retry_after   retryable
    └ ModelError        spec
      ├ Unreachable                   retryable
      ├ Refused
      ├ Overloaded      retry_after   retryable
      ├ Stalled                       retryable
      └ ContextOverflow

Anything else that is raised is a bug.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class AssistantError(Exception):
    """A fact and what to do next, each one sentence (or a few short ones)."""

    retryable: ClassVar[bool] = False

    def __init__(self, fact: str, next_step: str) -> None:
        super().__init__(fact, next_step)
        self.fact = fact
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.fact} {self.next_step}"


class SettingsError(AssistantError):
    def __init__(self, fact: str, next_step: str, *, variable: str, value: str = "") -> None:
        super().__init__(fact, next_step)
        self.variable = variable
        self.value = value


class CorpusError(AssistantError):
    """`path` is a file, a folder or an address; `line` counts from 1 and is `None` when the fault
    has no line."""

    def __init__(
        self, fact: str, next_step: str, *,
        path: Path | str, line: int | None = None, field: str | None = None,
    ) -> None:
        place = f"{path}:{line}" if line else str(path)
        super().__init__(f"{place}: {fact}", next_step)
        self.path = path
        self.line = line
        self.field = field


class UnreadableSource(CorpusError):
    pass


class EmptyCorpus(CorpusError):
    pass


class BackupError(AssistantError):
    pass


class RecordsError(AssistantError):
    pass


class IndexUnavailable(AssistantError):
    pass


class OutdatedIndex(IndexUnavailable):
    pass


class IndexInUse(IndexUnavailable):
    retryable = True


class QuestionError(AssistantError):
    pass


class PromptError(AssistantError):
    def __init__(self, fact: str, next_step: str, *, template: str) -> None:
        super().__init__(fact, next_step)
        self.template = template


class PageUnavailable(AssistantError):
    pass


class UsersError(AssistantError):
    pass


class LimitReached(AssistantError):
    """`retry_after` is in seconds."""

    retryable = True

    def __init__(self, fact: str, next_step: str, *, retry_after: float) -> None:
        super().__init__(fact, next_step)
        self.retry_after = retry_after


class ModelError(AssistantError):
    def __init__(self, fact: str, next_step: str, *, spec: str) -> None:
        super().__init__(fact, next_step)
        self.spec = spec


class Unreachable(ModelError):
    retryable = True


class Refused(ModelError):
    pass


class Overloaded(ModelError):
    """`retry_after` is in seconds, `None` if the server did not say."""

    retryable = True

    def __init__(
        self, fact: str, next_step: str, *, spec: str, retry_after: float | None = None
    ) -> None:
        super().__init__(fact, next_step, spec=spec)
        self.retry_after = retry_after


class Stalled(ModelError):
    retryable = True


class ContextOverflow(ModelError):
    pass
