"""The command line as a user runs it: a process, its output, its exit status."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from typer.testing import CliRunner

from assistant.cli import app

Write = Callable[..., Path]


@pytest.fixture
def run(tmp_path: Path, write_source: Write) -> Callable[..., subprocess.CompletedProcess[str]]:
    write_source("harbour", "## Article 1\n\nEach city keeps twelve ships in the harbour.\n")

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "ASSISTANT_CORPUS": str(tmp_path / "corpus"), **settings}
        done = subprocess.run(
            [sys.executable, "-m", "assistant", *arguments], env=environment, text=True,
            capture_output=True, check=False, timeout=60,
        )
        assert "Traceback" not in done.stderr
        return done

    return run


Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_ask_prints_the_answer_with_numbered_sources(run: Run) -> None:
    done = run("ask", "How many ships does each city keep?")
    assert done.returncode == 0
    assert "“Each city keeps twelve ships in the harbour.” [1]" in done.stdout
    assert "[1] Title of harbour. Parties; 3 May 1904; in force; Article 1" in done.stdout


def test_ask_prints_json_alone_on_standard_output(run: Run) -> None:
    done = run("ask", "--json", "How many ships does each city keep?")
    data = json.loads(done.stdout)
    assert data["citations"][0]["quote"] == "Each city keeps twelve ships in the harbour."


def test_texts_are_compared_in_a_table(run: Run, write_source: Write) -> None:
    write_source("reply", "## Ships\n\nTwelve ships in the harbour are too many for each city.\n")
    shown = run("compare", "harbour", "title of reply").stdout
    assert "Title of harbour beside Title of reply" in shown and "Article 1" in shown
    assert "many" in shown and "no answer" not in shown


def test_answers_and_comparisons_are_written_to_files(
    run: Run, write_source: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_source("reply", "## Ships\n\nTwelve ships in the harbour are too many for each city.\n")
    monkeypatch.setenv("ASSISTANT_CORPUS", str(tmp_path / "corpus"))
    done = CliRunner().invoke(app, ["ask", "What does each city keep?", "--out", "ships.docx"])
    assert "keeps twelve ships" in done.stdout and "Written: ships.docx" in done.stderr
    words = [p.text for p in docx.Document(str(tmp_path / "ships.docx")).paragraphs]
    assert "“Each city keeps twelve ships in the harbour.”" in words
    done = CliRunner().invoke(app, ["compare", "harbour", "reply", "--out", "both.csv"])
    assert done.exit_code == 0 and done.stdout == "" and "Written: both.csv" in done.stderr
    assert "too many for each city" in (tmp_path / "both.csv").read_text(encoding="utf-8-sig")


def test_an_abstention_is_no_error(run: Run) -> None:
    done = run("ask", "Who won the 2018 World Cup?")
    assert done.returncode == 0
    assert "does not hold" in done.stdout


def test_history_makes_a_follow_up_complete(run: Run, tmp_path: Path) -> None:
    history = tmp_path / "history.json"
    history.write_text(
        json.dumps([{"role": "user", "content": "How many ships does each city keep?"}]),
        encoding="utf-8",
    )
    done = run("ask", "And where?", "--history", str(history), "--json")
    assert json.loads(done.stdout)["understood"].startswith("How many ships")


@pytest.mark.parametrize(
    "content", ["{", "[1]", '[{"role": "user"}]', '[{"role": "x", "content": ""}]']
)
def test_a_faulty_history_is_one_sentence(run: Run, tmp_path: Path, content: str) -> None:
    history = tmp_path / "history.json"
    history.write_text(content, encoding="utf-8")
    done = run("ask", "And where?", "--history", str(history))
    assert done.returncode == 1 and "history" in done.stderr


@pytest.mark.parametrize(("arguments", "settings", "said"), [
    (["ask", ""], {}, "The question is empty."),
    (["ask", "x" * 100_000], {}, "100,000 characters"),
    (["ask", "ships?", "--model", "gtp-4o"], {}, "There is no model 'gtp-4o'."),
    (["ask", "ships?"], {"ASSISTANT_CORPUS": "/nonexistent"}, "no such folder"),
    (["ask", "ships?"], {"ASSISTANT_MODLE": "x"}, "Did you mean ASSISTANT_MODEL?"),
    (["ask", "ships?"], {"ASSISTANT_CHROMA": "/proc/none"}, "cannot be used"),
    (["ask", "ships?"], {"ASSISTANT_EMBEDDING": "other"}, "no embedding model 'other'"),
    (["ask", "ships?", "--out", "ships.odt"], {}, "of no kind that is written"),
    (["add", "/nonexistent.txt"], {}, "cannot be read"),
    (["add", "/nonexistent.odt"], {}, "files of kind .odt cannot be read"),
])
def test_each_error_is_one_line_that_says_what_to_do(
    run: Run, arguments: list[str], settings: dict[str, str], said: str
) -> None:
    done = run(*arguments, **settings)
    assert done.returncode == 1
    assert done.stdout == ""
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_faulty_document_is_noted_and_the_rest_answers(run: Run, write_source: Write) -> None:
    path = write_source("bad", "Nine ships.", kind="treety")
    done = run("ask", "How many ships does each city keep?")
    assert done.returncode == 0 and "twelve ships" in done.stdout
    assert f"{path}:4" in done.stderr and "'kind'" in done.stderr


def test_corpus_check_fails_with_file_line_and_field(run: Run, write_source: Write) -> None:
    assert run("corpus", "check").returncode == 0
    path = write_source("bad", "Nine ships.", kind="treety")
    done = run("corpus", "check")
    assert done.returncode == 1
    assert f"{path}:4: field 'kind'" in done.stderr


def test_an_added_text_is_indexed_listed_and_cited(run: Run, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("The mayor asks for twenty sailing boats.", encoding="utf-8")
    added = run("add", str(letter), "--id", "letter", "--title", "A letter", "--voice", "Mayor",
                "--kind", "official_statement", "--date", "1905-06-09", "--status", "issued")
    assert added.returncode == 0 and "1 added with 1 passages, 0 not added." in added.stdout
    assert "letter" in run("corpus", "list").stdout
    data = json.loads(run("ask", "--json", "What did the mayor ask for?").stdout)
    assert data["citations"][0]["voice"] == "Mayor"
    assert data["citations"][0]["quote"] == "The mayor asks for twenty sailing boats."


def test_proposed_facts_are_shown_for_correction(run: Run, tmp_path: Path) -> None:
    (tmp_path / "1905-06-09-letter.txt").write_text("Ada Stone: Twenty boats.", encoding="utf-8")
    shown = run("add", "1905-06-09-letter.txt").stdout
    assert "1905-06-09 (?)" in shown and "Ada Stone (?)" in shown
    assert "assistant correct ID" in shown
    corrected = run("correct", "1905-06-09-letter", "--voice", "Mayor")
    assert corrected.returncode == 0 and "(?)" not in corrected.stdout
    data = json.loads(run("ask", "--json", "What about twenty boats?").stdout)
    assert data["citations"][0]["voice"] == "Mayor"


def test_a_home_folder_is_kept_and_brought_back(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("The mayor asks for twenty boats.", encoding="utf-8")
    run("add", "letter.txt", "--voice", "Mayor")
    assert "files kept in kept.zip" in run("backup", "kept.zip").stdout
    assert run("remove", "letter").returncode == 0
    refused = run("restore", "kept.zip")
    assert refused.returncode == 1 and "--replace" in refused.stderr
    assert run("restore", "kept.zip", "--replace").returncode == 0
    assert "letter" in run("corpus", "list").stdout


def test_index_says_what_it_did_and_nothing_the_second_time(run: Run) -> None:
    assert "1 added, 0 changed, 0 removed, 0 unchanged" in run("index").stdout
    assert "0 added, 0 changed, 0 removed, 1 unchanged" in run("index").stdout
    assert "1 added" in run("index", "--rebuild").stdout


def test_help_names_every_verb() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "assistant", "--help"], capture_output=True, text=True, check=True
    )
    for verb in ("ask", "chat", "index", "add", "correct", "remove", "fetch", "backup", "restore",
                 "corpus", "compare"):
        assert verb in done.stdout
