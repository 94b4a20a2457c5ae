"""Test prompts: questions with what a careful reader of the sources would want as the answer.

A suite is a YAML file (one group) or a folder of them. The bundled one lies in `prompts/tests`,
over the bundled corpus; anybody can write one over documents of their own:

    title: Plain facts
    prompts:
      - id: ships-of-a-city
        question: How many ships does each city keep?
        expect: [answered]
        facts:
          - vital: [twelve, "12"]
        must_cite: [harbour]

The group is the name of the file without its ending.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from assistant.errors import PromptError
from assistant.settings import bundled
from assistant.types import Outcome

BUNDLED = "bundled"
GIVES_AN_ANSWER: frozenset[Outcome] = frozenset({"answered", "partly_answered"})
"""Of a prompt that expects one of these, facts and sources are wanted as well."""
ABSTAINS: frozenset[Outcome] = frozenset({"not_in_corpus", "document_silent"})
"""The two ways to say that the sources hold no answer."""

_Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
_Text = Annotated[str, Field(min_length=1)]
_TYPOGRAPHY = str.maketrans({"“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "–": "-",
                             "—": "-", "‑": "-", "\u00a0": " "})


class Fact(BaseModel):
    """One thing a good answer says, as alternatives: plain words, found whole and in whatever
    case, or a pattern between slashes. `vital`: without it the answer lacks something; `okay`: good
    to have (the two kinds of nuggets of TREC's question answering track)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vital: tuple[_Text, ...] = Field((), description="alternatives of a fact that must be there")
    okay: tuple[_Text, ...] = Field((), description="alternatives of a fact that is good to have")

    @model_validator(mode="after")
    def _one_kind(self) -> Fact:
        if bool(self.vital) == bool(self.okay):
            raise ValueError("give either vital or okay, with at least one alternative")
        return self

    @field_validator("vital", "okay")
    @classmethod
    def _patterns(cls, alternatives: tuple[str, ...]) -> tuple[str, ...]:
        for one in alternatives:
            _pattern(one)
        return alternatives

    @property
    def alternatives(self) -> tuple[str, ...]:
        return self.vital or self.okay

    def found_in(self, text: str) -> bool:
        return any(says(text, one) for one in self.alternatives)


class TestPrompt(BaseModel):
    """A question, or a conversation whose last question counts, and what is wanted of the answer.

    `must_cite`: at least one of them has to be cited; `sides` are for comparisons, with one cited
    of each; `may_cite` are fit too. What `must_not` names the answer must not assert. `quotation`:
    the words of a source are wanted in quotation marks.
    """

    __test__ = False  # no test of pytest's
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: _Id
    question: str = Field("", description="what is asked; or write turns")
    turns: tuple[_Text, ...] = Field(
        (), description="the user's questions in order; each is asked, the last one counts"
    )
    expect: tuple[Outcome, ...] = Field(min_length=1, description="outcomes that are right")
    facts: tuple[Fact, ...] = ()
    must_cite: tuple[str, ...] = Field((), description="ids of sources: one of them is cited")
    sides: tuple[tuple[str, ...], ...] = Field(
        (), description="for a comparison: lists of ids, and one of each list is cited"
    )
    may_cite: tuple[str, ...] = Field((), description="ids of further sources that are fit")
    must_not: tuple[_Text, ...] = Field((), description="what the answer must not assert")
    quotation: bool = Field(False, description="a source's own words are wanted")
    note: str = Field("", description="for the reader: why this is the right answer")

    @model_validator(mode="after")
    def _asks(self) -> TestPrompt:
        if bool(self.question.strip()) == bool(self.turns):
            raise ValueError("give either question or turns")
        return self

    @field_validator("must_not")
    @classmethod
    def _patterns(cls, forbidden: tuple[str, ...]) -> tuple[str, ...]:
        for one in forbidden:
            _pattern(one)
        return forbidden

    @property
    def asked(self) -> tuple[str, ...]:
        """All questions of the conversation, the one that counts last."""
        return self.turns or (self.question,)

    @property
    def wanted(self) -> tuple[tuple[str, ...], ...]:
        """Lists of sources of which one each has to be cited."""
        return ((self.must_cite,) if self.must_cite else ()) + self.sides

    @property
    def answerable(self) -> bool:
        """Whether every right outcome gives an answer."""
        return GIVES_AN_ANSWER.issuperset(self.expect)

    @property
    def unanswerable(self) -> bool:
        """Whether every right outcome is to abstain."""
        return ABSTAINS.issuperset(self.expect)


class Group(BaseModel):
    """One file of test prompts, `name` being that of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field("", exclude=True, description="the name of the file; not written in it")
    title: _Text
    about: str = Field("", description="for the reader: what the group tests")
    prompts: tuple[TestPrompt, ...] = Field(min_length=1)


def bundled_prompts() -> Path:
    return bundled("prompts") / "tests"


def open_suite(spec: str = BUNDLED) -> tuple[Group, ...]:
    """The groups that `spec` names: `bundled`, a group of the bundled suite, a file or a folder.

    Raises PromptError if there is none, or if a file is not as it should be.
    """
    if spec == BUNDLED:
        return read_suite(bundled_prompts())
    of_the_bundled = bundled_prompts() / f"{spec}.yaml"
    return read_suite(of_the_bundled if of_the_bundled.is_file() else Path(spec).expanduser())


def read_suite(path: Path) -> tuple[Group, ...]:
    """The groups of a file or a folder, by name. Raises PromptError."""
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path] if path.is_file() else []
    if not files:
        names = ", ".join(sorted(file.stem for file in bundled_prompts().glob("*.yaml")))
        raise PromptError(
            f"There are no test prompts at {path}.",
            f"Name a YAML file, a folder of them, `{BUNDLED}`, or one of its groups: {names}.",
            template=str(path),
        )
    groups = tuple(map(_read_group, files))
    counted = Counter(prompt.id for group in groups for prompt in group.prompts)
    for id, count in counted.items():
        if count > 1:
            raise PromptError(
                f"{path}: the id {id} stands {count} times.", "Give each prompt its own.",
                template=str(path),
            )
    return groups


def _read_group(file: Path) -> Group:
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise PromptError(
                f"{file}: there is no title and no list of prompts.",
                "Begin with `title:` and `prompts:`; README.md shows an example.",
                template=str(file),
            )
        return Group.model_validate({**data, "name": file.stem})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PromptError(
            f"{file} cannot be read: {' '.join(str(error).split())}.",
            "Correct the file; lines of one list begin in the same column.", template=str(file),
        ) from error
    except ValidationError as error:
        raise PromptError(
            f"{file}: {_say_faults(error, data)}.",
            "Correct it; the fields are told in docs/test-prompts.schema.json.",
            template=str(file),
        ) from error


def _say_faults(error: ValidationError, data: dict[str, object]) -> str:
    """Prompt, field and fault of each, the first few of them."""
    faults = [_say_fault(data, e["loc"], e["msg"]) for e in error.errors()]
    more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
    return "; ".join(faults[:3]) + more


def _say_fault(data: dict[str, object], where: Sequence[int | str], fault: str) -> str:
    fault = fault.removeprefix("Value error, ")
    place = list(where)
    prompts = data.get("prompts")
    if len(place) > 1 and place[0] == "prompts" and isinstance(prompts, list):
        number = int(place[1])
        prompt = prompts[number]
        id = prompt.get("id") if isinstance(prompt, dict) else None
        place[:2] = [f"prompt {id or f'number {number + 1}'}"]
    return f"{', '.join(map(str, place))}: {fault[:1].lower()}{fault[1:]}"


def prompts_of(groups: Sequence[Group]) -> Iterator[tuple[Group, TestPrompt]]:
    for group in groups:
        for prompt in group.prompts:
            yield group, prompt


def strangers(groups: Sequence[Group], held: Collection[str]) -> list[str]:
    """A sentence for each prompt that names a source which the corpus does not hold."""
    told = []
    for _, prompt in prompts_of(groups):
        named = {*prompt.may_cite, *(id for side in prompt.wanted for id in side)}
        if missing := sorted(named.difference(held)):
            told.append(f"{prompt.id} names what the corpus does not hold: {', '.join(missing)}.")
    return told


def says(text: str, wanted: str) -> bool:
    """Whether a text has the words or matches the pattern `/…/`; case, kind of quotation mark and
    dash, and white space do not count."""
    return _pattern(wanted).search(plain(text)) is not None


def plain(text: str) -> str:
    return " ".join(text.translate(_TYPOGRAPHY).split())


@lru_cache(maxsize=4096)
def _pattern(wanted: str) -> re.Pattern[str]:
    """Raises ValueError for a pattern that is none."""
    if len(wanted) > 2 and wanted.startswith("/") and wanted.endswith("/"):
        try:
            return re.compile(wanted[1:-1], re.IGNORECASE)
        except re.error as error:
            raise ValueError(f"{wanted} is not a pattern ({error})") from error
    return re.compile(rf"(?<!\w){re.escape(plain(wanted))}(?!\w)", re.IGNORECASE)
