"""The bundled test prompts are sound, and mistakes in one's own are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assistant.corpus.catalogue import read_corpus
from assistant.errors import PromptError
from assistant.evaluation.suite import (
    GIVES_AN_ANSWER,
    Group,
    TestPrompt,
    bundled_prompts,
    open_suite,
    prompts_of,
    says,
    strangers,
)
from assistant.settings import bundled
from assistant.types import Source

ROOT = Path(__file__).parent.parent
GROUPS = open_suite()
PROMPTS = [prompt for _, prompt in prompts_of(GROUPS)]
TOPICS = {
    "plain-facts", "articles", "attribution", "comparison", "conflicts", "dates-status",
    "follow-ups", "not-in-corpus", "document-silent", "false-premise", "loaded-wording",
    "quotations", "injection", "odd-input",
}
ONE = """title: Ships
prompts:
  - id: ships
    question: How many ships does each city keep?
    expect: [answered]
"""


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    return {source.id: source for source in read_corpus(bundled("corpus")).sources}


def test_there_are_at_least_150_prompts_in_all_the_groups() -> None:
    assert {group.name for group in GROUPS} == TOPICS
    assert len(PROMPTS) >= 150
    assert min(len(group.prompts) for group in GROUPS) >= 8


@pytest.mark.parametrize("page", [bundled_prompts() / "README.md", ROOT / "README.md"])
def test_the_pages_say_how_many_there_are(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"\d+(?= (?:test prompts over|in\n14 groups|bundled test))", text)) == {
        str(len(PROMPTS))
    }


def test_conversations_have_two_to_five_questions() -> None:
    lengths = {len(p.asked) for g in GROUPS if g.name == "follow-ups" for p in g.prompts}
    assert min(lengths) == 2
    assert max(lengths) == 5


def test_every_source_named_exists(sources: dict[str, Source]) -> None:
    assert strangers(GROUPS, sources) == []
    (told, *_) = strangers(GROUPS, sources.keys() - {"korybko-2022-02-18"})
    assert told == (
        "who-arakhamia-hybrid-war names what the corpus does not hold: korybko-2022-02-18."
    )


@pytest.mark.parametrize(
    "prompt", [p for p in PROMPTS if any(f.vital for f in p.facts)], ids=lambda p: p.id
)
def test_every_vital_fact_stands_in_a_source_that_must_be_cited(
    prompt: TestPrompt, sources: dict[str, Source]
) -> None:
    texts = [sources[id].text for side in prompt.wanted for id in side]
    impossible = [
        fact.vital for fact in prompt.facts
        if fact.vital and not any(fact.found_in(text) for text in texts)
    ]
    assert impossible == []


@pytest.mark.parametrize(
    "prompt", [p for p in PROMPTS if p.answerable and not p.must_not], ids=lambda p: p.id
)
def test_an_answerable_prompt_says_what_a_good_answer_holds(prompt: TestPrompt) -> None:
    assert prompt.facts
    assert prompt.wanted


@pytest.mark.parametrize("prompt", [p for p in PROMPTS if p.must_not], ids=lambda p: p.id)
def test_what_must_not_be_said_is_said_by_no_fact(prompt: TestPrompt) -> None:
    said = [one for fact in prompt.facts for one in fact.alternatives]
    assert not any(says(one, forbidden) for one in said for forbidden in prompt.must_not)


def test_most_documents_are_asked_about(sources: dict[str, Source]) -> None:
    asked = {id for p in PROMPTS for side in p.wanted for id in side}
    held = {id for id, source in sources.items() if source.text}
    assert len(asked & held) >= 0.6 * len(held)


def test_words_are_found_whole_in_any_case_and_typography() -> None:
    assert says("It keeps “Twelve  Ships” here.", 'keeps "twelve ships"')
    assert not says("It keeps 1,800,000 tanks and attention.", "ten")
    assert not says("The limit is 21,800.", "1,800")
    assert says("The limit is 21,800.", "/1,8\\d\\d/")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("expect: [answered]", "expect: [replied]"), r"prompt ships, expect, 0: input should be"),
        (("    question", "    asks"), r"prompt ships, asks: extra inputs are not permitted"),
        (("How many ships does each city keep?", "''"), "give either question or turns"),
        (("[answered]", "[answered]\n    facts: [{vital: ['/(/']}]"), r"/\(/ is not a pattern"),
        (("[answered]", "[answered]\n    facts: [{}]"), "give either vital or okay"),
        (("  - id: ships", "  - id: Two ships"), "prompt Two ships, id"),
        (("title: Ships\n", ""), "title: field required"),
    ],
)
def test_a_mistake_is_told_with_file_prompt_and_field(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    file = tmp_path / "own.yaml"
    assert change[0] in ONE
    file.write_text(ONE.replace(*change), encoding="utf-8")
    with pytest.raises(PromptError, match=told) as error:
        open_suite(str(file))
    assert str(file) in error.value.fact
    assert error.value.next_step


def test_a_file_that_is_no_yaml_is_told(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("title: [", encoding="utf-8")
    with pytest.raises(PromptError, match="cannot be read"):
        open_suite(str(tmp_path))


def test_an_id_that_stands_twice_is_told(tmp_path: Path) -> None:
    for name in ("first.yaml", "second.yaml"):
        (tmp_path / name).write_text(ONE, encoding="utf-8")
    with pytest.raises(PromptError, match="the id ships stands 2 times"):
        open_suite(str(tmp_path))


def test_one_group_can_be_named_and_an_unknown_one_lists_them() -> None:
    assert [group.name for group in open_suite("conflicts")] == ["conflicts"]
    with pytest.raises(PromptError, match="false-premise"):
        open_suite("no-such-group")


def test_a_suite_of_ones_own_is_read(tmp_path: Path) -> None:
    file = tmp_path / "harbours.yaml"
    file.write_text(ONE, encoding="utf-8")
    (group,) = open_suite(str(file))
    assert isinstance(group, Group)
    assert group.name == "harbours"
    assert group.prompts[0].asked == ("How many ships does each city keep?",)
    assert GIVES_AN_ANSWER.issuperset(group.prompts[0].expect)
