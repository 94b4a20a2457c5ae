"""A run of test prompts: resumed, compared with the one before, reported, held to thresholds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from assistant.answering import Assistant
from assistant.cli.evaluate import _show
from assistant.errors import ModelError, SettingsError
from assistant.evaluation.judging import IndependentJudge, open_independent_judge
from assistant.evaluation.junit import junit_xml
from assistant.evaluation.metrics import BY_NAME, figure
from assistant.evaluation.running import RESULTS, Run, evaluate
from assistant.evaluation.suite import Group, read_suite
from assistant.evaluation.summary import Table, shortfalls, tables
from assistant.settings import Settings
from tests.stub_server import StubServer

SUITE = """title: Ships
prompts:
  - id: ships
    question: How many ships does each city keep?
    expect: [answered]
    facts: [{vital: [twelve]}]
    must_cite: [harbour]
  - id: lamps
    question: How many lamps does each city keep?
    expect: [answered]
    facts: [{vital: [forty]}]
    must_cite: [harbour]
  - id: ships-then-lamps
    turns: ["How many ships does each city keep?", "And lamps?"]
    expect: [answered]
    facts: [{vital: [seven]}]
    must_cite: [harbour]
  - id: football
    question: Who won the football cup?
    expect: [not_in_corpus]
"""
TEXT = "## Article 1\n\nEach city keeps twelve ships in the harbour.\n\n" \
    "## Article 2\n\nEach city keeps seven lamps in the tower.\n"


@pytest.fixture
def assistant(
    tmp_path: Path, write_source: Callable[..., Path], settings_for: Callable[..., Settings]
) -> Assistant:
    write_source("harbour", TEXT)
    return Assistant.open(settings_for(corpus=tmp_path / "corpus"))


@pytest.fixture
def groups(tmp_path: Path) -> tuple[Group, ...]:
    (tmp_path / "ships.yaml").write_text(SUITE, encoding="utf-8")
    return read_suite(tmp_path / "ships.yaml")


def lines(folder: Path) -> list[dict[str, object]]:
    text = (folder / RESULTS).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def passed(run: Run) -> dict[str, bool]:
    return {result.prompt.id: result.score.passed for result in run.results}


def test_every_prompt_is_asked_and_scored(
    assistant: Assistant, groups: tuple[Group, ...], tmp_path: Path
) -> None:
    done: list[tuple[int, int]] = []
    run = evaluate(assistant, groups, ["quotes"], tmp_path / "out",
                   progress=lambda *told: done.append(told))
    assert passed(run) == {
        "ships": True, "lamps": False, "ships-then-lamps": True, "football": True
    }
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert len(lines(tmp_path / "out")) == 4


def test_a_run_that_broke_off_is_gone_on_with(
    assistant: Assistant, groups: tuple[Group, ...], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    evaluate(assistant, groups, ["quotes"], out)
    file = out / RESULTS
    whole = file.read_bytes()
    file.write_bytes(whole[: whole.rindex(b"\n", 0, -1) + 40])  # killed in the last line
    asked: list[str] = []
    ask = Assistant.ask

    def counted(self: Assistant, text: str, *rest: object, **named: object) -> object:
        asked.append(text)
        return ask(self, text, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Assistant, "ask", counted)
    run = evaluate(assistant, groups, ["quotes"], out)
    assert asked == ["Who won the football cup?"]
    assert len(passed(run)) == 4
    evaluate(assistant, groups, ["quotes"], out)
    assert len(asked) == 1


def test_an_interrupted_run_ends_at_once_and_keeps_its_answers(
    assistant: Assistant, groups: tuple[Group, ...], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask = Assistant.ask

    def slowly(self: Assistant, text: str, *rest: object, **named: object) -> object:
        time.sleep(0.3)
        return ask(self, text, *rest, **named)  # type: ignore[arg-type]

    def interrupt(done: int, of: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Assistant, "ask", slowly)
    with pytest.raises(KeyboardInterrupt):
        evaluate(assistant, groups, ["quotes"], tmp_path / "out", progress=interrupt)
    assert 1 <= len(lines(tmp_path / "out")) < 4


def test_the_history_of_a_conversation_holds_the_assistants_own_answers(
    assistant: Assistant, groups: tuple[Group, ...], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    histories: list[list[str]] = []
    ask = Assistant.ask

    def seen(self: Assistant, text: str, history: object = (), **named: object) -> object:
        histories.append([turn.content for turn in history])  # type: ignore[attr-defined]
        return ask(self, text, history, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Assistant, "ask", seen)
    evaluate(assistant, groups, ["quotes"], tmp_path / "out")
    (told,) = [history for history in histories if history]
    assert told[0] == "How many ships does each city keep?"
    assert "twelve ships" in told[1]


@pytest.fixture
def changed(
    assistant: Assistant, groups: tuple[Group, ...], tmp_path: Path,
    write_source: Callable[..., Path],
) -> Run:
    """A second run, after the corpus was corrected: the lamps are forty now."""
    evaluate(assistant, groups, ["quotes"], tmp_path / "out")
    write_source("harbour", TEXT.replace("seven", "forty"))
    assistant.refresh()
    return evaluate(assistant, groups, ["quotes"], tmp_path / "out")


def test_another_corpus_is_another_run_and_the_one_before_is_kept(
    changed: Run, tmp_path: Path
) -> None:
    assert len(lines(tmp_path / "out")) == 8
    before = {result.prompt.id: result.score.passed for result in changed.before}
    assert (before["lamps"], passed(changed)["lamps"]) == (False, True)
    assert (before["ships-then-lamps"], passed(changed)["ships-then-lamps"]) == (True, False)


def test_the_difference_to_the_run_before_has_an_interval(changed: Run) -> None:
    told = {table.title: table.rows for table in tables(changed)}
    rows = told["quotes: now minus the run before (paired, 95 % by bootstrap)"]
    assert ("outcome right", "+0.000 [+0.000, +0.000]", "no difference told", "4") in rows


def test_what_falls_short_is_named_with_its_prompts(changed: Run) -> None:
    (short,) = shortfalls(changed, {"passed": 0.9, "outcome": 0.9, "false_refusals": 0.1})
    assert str(short) == "passed of quotes is 0.750, below 0.9: ships-then-lamps"
    (slow,) = shortfalls(changed, {"total": 0.0})
    assert "above 0" in str(slow)


@pytest.mark.parametrize("name", ["citation_recall", "goodness"])
def test_a_threshold_without_a_value_is_told(changed: Run, name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        list(shortfalls(changed, {name: 0.5}))


def test_the_xml_counts_failures_and_has_no_control_characters(changed: Run) -> None:
    root = ET.fromstring(junit_xml(changed))
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")
    (failure,) = root.iter("failure")
    assert failure.get("message") == "lacks “seven”"
    assert "\x00" not in junit_xml(changed)


def test_two_models_are_compared_prompt_by_prompt(
    assistant: Assistant, groups: tuple[Group, ...], tmp_path: Path, stub: StubServer
) -> None:
    stub.text = "Each city keeps twelve ships in the harbour [S1]. Each city eats grass [S1]."
    model = f"{stub.at('ok')}#small"
    run = evaluate(assistant, groups, ["quotes", model], tmp_path / "out", jobs=2)
    assert run.models == ("quotes", model)
    assert len(run.results) == 8
    gate = figure(BY_NAME["gate"], (r.score for r in run.results if r.model == model))
    assert 0 < gate.mean < 1
    assert any(table.title.startswith("small minus quotes") for table in tables(run))


def test_an_independent_judge_is_asked_once_and_its_verdicts_are_kept(
    assistant: Assistant, groups: tuple[Group, ...], tmp_path: Path
) -> None:
    asked: list[str] = []

    def supports(text: str, said: str) -> bool:
        asked.append(said)
        return "seven" not in said

    judge = IndependentJudge(name="reader", supports=supports)
    evaluate(assistant, groups, ["quotes"], tmp_path / "out")
    first = evaluate(assistant, groups, ["quotes"], tmp_path / "out", judge=judge)
    count = len(asked)
    assert count
    second = evaluate(assistant, groups, ["quotes"], tmp_path / "out", judge=judge)
    assert len(asked) == count
    recall = [figure(BY_NAME["citation_recall"], (r.score for r in run.results))
              for run in (first, second)]
    assert recall[0] == recall[1]
    assert 0 < recall[0].mean < 1


def test_what_gates_the_answers_is_no_judge_of_them(settings_for: Callable[..., Settings]) -> None:
    settings = settings_for(model="gpt-4o-mini", verify="model")
    with pytest.raises(SettingsError, match="checks the answers already"):
        open_independent_judge("gpt-4o-mini", settings)
    with pytest.raises(SettingsError, match="no language model"):
        open_independent_judge("quotes", settings)


def test_a_model_judges_by_how_likely_its_yes_is_and_its_silence_is_no_verdict(
    settings_for: Callable[..., Settings], stub: StubServer
) -> None:
    judge = open_independent_judge(f"{stub.at('unsure')}#judge", settings_for())
    # Yes at 60 of 100, no at 20: by ln 3 = 1.1 nats likelier, which is more than 1.
    assert judge.supports("Cities keep ships.", "Ships are kept.")
    assert "Ships are kept." in str(stub.requests[-1].body)
    away = open_independent_judge(f"{stub.at('401')}#judge", settings_for())
    with pytest.raises(ModelError):
        away.supports("Cities keep ships.", "Ships are kept.")


@pytest.fixture
def run_eval(
    assistant: Assistant, groups: tuple[Group, ...], tmp_path: Path
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "assistant", "eval", "--suite", str(tmp_path / "ships.yaml"),
             "--out", str(tmp_path / "out"), *arguments],
            env={**os.environ, "ASSISTANT_CORPUS": str(tmp_path / "corpus")}, text=True,
            capture_output=True, check=False, timeout=60,
        )

    yield run


def test_eval_prints_a_table_and_writes_its_files(
    run_eval: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = run_eval("--min", "passed=0.7")
    assert done.returncode == 0, done.stderr
    assert "3 of 4" in done.stdout
    assert (tmp_path / "out" / "junit.xml").is_file()
    assert "lacks “forty”" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_what_is_measured_is_named_however_long_the_models_names_are(
    capsys: pytest.CaptureFixture[str]
) -> None:
    table = Table(
        title="Figures", columns=("metric", *(letter * 40 for letter in "abc"), "prompts"),
        rows=(("abstention precision", *["0.88 [0.82, 0.92]"] * 3, "190"),),
    )
    _show([table])
    assert "abstention precision" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--min", "passed=0.9"), "passed of quotes is 0.750, below 0.9: lamps"),
        (("--min", "goodness=0.9"), "There is no metric goodness."),
        (("--min", "passed"), "'passed' is no threshold."),
    ],
)
def test_eval_below_a_threshold_ends_with_1_and_names_the_prompts(
    run_eval: Callable[..., subprocess.CompletedProcess[str]], arguments: tuple[str, ...],
    told: str,
) -> None:
    done = run_eval(*arguments)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
