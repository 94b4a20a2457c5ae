"""What readers thought of answers becomes test prompts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from assistant.answering import Assistant
from assistant.errors import PromptError
from assistant.evaluation.drafting import drafts
from assistant.evaluation.suite import open_suite
from assistant.records import Kept, Records, Verdict, new_id
from assistant.render import as_model
from assistant.settings import Settings
from assistant.types import Scope

SHIPS, LAMPS = "How many ships does each city keep?", "And in which tower does it keep lamps?"
ANNA = "browser:anna"


@pytest.fixture
def assistant(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> Assistant:
    write_source("harbour", "## Article 1\n\nEach city keeps twelve ships in the harbour.\n\n"
                 "## Article 2\n\nEach city keeps seven lamps in the tower.\n")
    return Assistant.open(settings_for(corpus=tmp_path / "corpus"))


@pytest.fixture
def rate(assistant: Assistant) -> Callable[..., Records]:
    """Ask, keep the answer in the conversation `c`, and rate it."""
    records = Records(assistant.settings.records_file)

    def rate(question: str, verdict: Verdict, remark: str = "", **more: object) -> Records:
        answer = as_model(assistant.ask(question))
        kept = Kept(
            id=new_id(), question=question, asked=datetime.now(UTC), answer=answer,
            text=answer.text, **more,  # type: ignore[arg-type]
        )
        records.keep(ANNA, "c", kept)
        records.rate(ANNA, kept.id, verdict, remark)
        return records

    return rate


def test_an_approved_answer_is_a_whole_test_prompt(
    rate: Callable[..., Records], tmp_path: Path
) -> None:
    rate(SHIPS, "up", "Just so: \x1b[2Jtwelve", scope=Scope(voices=("Parties",)))
    records = rate("Who won the football cup?", "up")
    path = tmp_path / "drafts.yaml"
    path.write_text(drafts(records.ratings()), encoding="utf-8")
    ((ships, football),) = (group.prompts for group in open_suite(str(path)))
    assert (ships.id, ships.question) == ("how-many-ships-does-each-city-keep", SHIPS)
    assert (ships.expect, ships.must_cite) == (("answered",), ("harbour",))
    assert "Remark: Just so" in ships.note and "a part of the sources: " in ships.note
    assert (football.expect, football.must_cite) == (("not_in_corpus",), ())


def test_what_was_not_approved_is_left_for_the_reader_and_says_so(
    rate: Callable[..., Records], tmp_path: Path
) -> None:
    records = rate(SHIPS, "wrong_evidence", "Article 3 says it.")
    text = drafts(records.ratings())
    (draft,) = yaml.safe_load(text)["prompts"]
    assert draft["expect"] == [] and "must_cite" not in draft
    for told in ("the evidence is wrong", "Article 3 says it.", "cited harbour", "twelve ships"):
        assert told in draft["note"]
    path = tmp_path / "drafts.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PromptError, match=r"prompt how-many-ships-does-each-city-keep, expect"):
        open_suite(str(path))
    path.write_text(text.replace("expect: []", "expect: [answered]"), encoding="utf-8")
    assert open_suite(str(path))[0].prompts[0].expect == ("answered",)


def test_one_question_is_one_draft_and_a_follow_up_has_its_turns(
    rate: Callable[..., Records],
) -> None:
    rate(SHIPS, "down", "Too short.")
    rate(f" {SHIPS.upper()} ", "up")
    rate(SHIPS.replace("?", " ?"), "up", beside=True)
    records = rate(LAMPS, "up", follows=True)
    ships, other, lamps = yaml.safe_load(drafts(records.ratings()))["prompts"]
    assert ships["expect"] == ["answered"]
    assert "not good. Remark: Too short." in ships["note"] and "by quotes: good." in ships["note"]
    assert other["id"] == f"{ships['id']}-2"
    assert lamps["turns"] == [SHIPS, f" {SHIPS.upper()} ", LAMPS]


def test_the_command_line_lists_and_exports(
    rate: Callable[..., Records], tmp_path: Path
) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "assistant", "feedback", *arguments], text=True, check=False,
            capture_output=True, timeout=60, env=dict(os.environ),
        )

    assert "No answer was rated." in run("list").stderr
    rate(SHIPS, "up", "Clear \x1b]0;title\x07words")
    rate(LAMPS, "down")
    listed = run("list").stdout
    assert f"good                   quotes\n    {SHIPS}" in listed and LAMPS in listed
    assert "\x1b" not in listed and "Remark: Clear" in listed
    out = tmp_path / "drafts.yaml"
    assert run("export", "--only", "up", "--out", str(out)).returncode == 0
    assert [p.question for p in open_suite(str(out))[0].prompts] == [SHIPS]
    again = run("export", "--out", str(out))
    assert again.returncode == 1 and "exists already" in again.stderr
    printed = yaml.safe_load(run("export", "--only", "down").stdout)
    assert [p["question"] for p in printed["prompts"]] == [LAMPS]
