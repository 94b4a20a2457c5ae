"""Loaded words of a question stay in their users' mouths."""

from collections.abc import Callable
from pathlib import Path

from assistant.answering import Assistant
from assistant.corpus.catalogue import read_corpus
from assistant.settings import Settings


def test_a_contested_word_of_the_question_is_given_back_to_those_who_use_it(
    bundled: Assistant,
) -> None:
    answer = bundled.ask("How did Putin stop the genocide in Donbass?")
    notice, = (n for n in answer.notices if "contested" in n)
    assert notice.startswith("“genocide” is a contested word, not the answer's own; used here by: ")
    assert "Vladimir Putin" in notice
    assert not any("contested" in n for n in bundled.ask("When was the INF Treaty signed?").notices)


def test_the_words_are_the_corpus_own_and_one_that_nobody_uses_is_called_so(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    write_source("harbour", "Each city keeps ships in the harbour.", title="Harbour Treaty")
    (tmp_path / "corpus" / "contested.yaml").write_text("- pirate\n", encoding="utf-8")
    assistant = Assistant.open(settings_for(corpus=tmp_path / "corpus"))
    answer = assistant.ask("How many ships do the pirates keep in the harbour?")
    assert "“pirate” is a contested word" in " ".join(answer.notices)
    assert "no source here uses it" in " ".join(answer.notices)


def test_a_list_of_another_form_is_a_fault_that_names_the_file(
    write_source: Callable[..., Path], tmp_path: Path
) -> None:
    write_source("harbour", "Each city keeps ships in the harbour.", title="Harbour Treaty")
    (tmp_path / "corpus" / "contested.yaml").write_text("pirate: yes\n", encoding="utf-8")
    corpus = read_corpus(tmp_path / "corpus")
    fault, = corpus.faults
    assert "contested.yaml" in str(fault) and "no list of words" in str(fault)
    assert corpus.contested == () and len(corpus.sources) == 1
