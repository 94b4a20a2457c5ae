"""A model in a file: its process starts on demand, is shared, ends, and dies. The process here is
a small program that hands out the address of the stub server; `tests/local_model` has a real one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.answering import Assistant, Finished, Reading
from assistant.errors import ModelError, Refused, SettingsError, Unreachable
from assistant.models import Prompt, local, open_model, serving
from assistant.models.local import Local, open_local
from assistant.render import say_model
from assistant.settings import Settings
from tests.processes import is_alive
from tests.stub_server import StubServer

PROMPT = Prompt("You are brief.", "How many ships?")
# Does as the last lines of the "model" say; `starts` beside it counts how often it was started.
FAKE = """
import os, pathlib, sys, time
model = pathlib.Path(sys.argv[1])
key = sys.stdin.readline().strip()
with model.with_name("starts").open("a") as starts:
    starts.write(f"{os.getpid()} {key}\\n")
for order in model.read_text().splitlines()[1:]:
    verb, _, rest = order.partition(" ")
    if verb == "log":
        print(rest, file=sys.stderr, flush=True)
    elif verb == "sleep":
        time.sleep(float(rest))
    elif verb == "exit":
        os._exit(int(rest))
    else:
        print(order, flush=True)
while sys.stdin.readline():
    pass
os._exit(0)
"""

SettingsFor = Callable[..., Settings]
Write = Callable[..., Path]


@pytest.fixture
def write_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a "model" that the small program serves as the orders in it say."""
    program = tmp_path / "fake.py"
    program.write_text(FAKE, encoding="utf-8")
    monkeypatch.setattr(serving, "__file__", str(program))

    def write(*orders: str, name: str = "small.gguf") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(["GGUF", *orders]), encoding="utf-8")
        return path

    yield write
    for process in opened:
        process.stop()
    opened.clear()


opened: list[local.Process] = []


@pytest.fixture
def open_it(settings_for: SettingsFor) -> Callable[[Path], Local]:
    def open_(path: Path) -> Local:
        model = open_model(settings_for(model=f"gguf:{path}", model_timeout=2))
        assert isinstance(model, Local)
        opened.append(model._process)
        return model

    return open_


def starts(path: Path) -> list[int]:
    """The process of each start, in order."""
    told = path.with_name("starts")
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    return [int(line.split()[0]) for line in lines]


def test_a_file_is_served_once_it_is_asked_and_by_one_process_for_all(
    write_model: Write, open_it: Callable[[Path], Local], stub: StubServer
) -> None:
    stub.text = "Twelve."
    path = write_model(f"{stub.url}/ok")
    model = open_it(path)
    assert starts(path) == []
    threads = [
        threading.Thread(target=lambda: list(model.fresh().stream(PROMPT))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "".join(open_it(path).stream(PROMPT)) == "Twelve."
    assert len(starts(path)) == 1 and len(stub.requests) == 5


def test_the_first_to_ask_is_told_that_it_is_loaded_and_how_long_that_took(
    bundled: Assistant, write_model: Write, open_it: Callable[[Path], Local], stub: StubServer
) -> None:
    model = open_it(write_model("sleep 0.2", f"{stub.url}/ok"))
    assistant = Assistant(bundled.corpus, bundled.index, model, bundled.settings)
    told: list[object] = []
    for _ in range(2):
        events = list(assistant.stream("What did Russia ask about the 1997 Founding Act?"))
        told.append([event.loading for event in events if isinstance(event, Reading)])
        assert isinstance(events[-1], Finished)
        times = events[-1].answer.timings
        told.append(times.get("model_loaded", 0.0) - times.get("model_loading", 0.0) >= 0.2)
    assert told == [[True, False], True, [False], False]


def test_of_several_files_those_asked_last_are_kept_running(
    write_model: Write, open_it: Callable[[Path], Local], stub: StubServer
) -> None:
    first, second, third = (
        open_it(write_model(f"{stub.url}/ok", name=f"{n}.gguf")) for n in ("one", "two", "three")
    )
    for model in (first, second, first, third):
        list(model.stream(PROMPT))
    assert first.process_id and third.process_id
    assert second.process_id is None
    list(second.stream(PROMPT))
    assert second.process_id and first.process_id is None


def test_the_key_is_random_and_neither_in_the_arguments_nor_in_what_is_shown(
    write_model: Write, open_it: Callable[[Path], Local], stub: StubServer
) -> None:
    path = write_model(f"{stub.url}/ok")
    model = open_it(path)
    list(model.stream(PROMPT))
    key = path.with_name("starts").read_text(encoding="utf-8").split()[1]
    assert len(key) >= 32
    assert stub.requests[0].headers["authorization"] == f"Bearer {key}"
    child = model._process.running().child
    assert key not in str(child.args)
    assert key not in repr(model._process.running())


def test_its_name_is_that_of_the_file_without_the_folder(
    write_model: Write, open_it: Callable[[Path], Local]
) -> None:
    model = open_it(write_model(name="My Model.Q4_1.gguf"))
    assert model.name == "gguf:My Model.Q4_1.gguf"
    assert say_model(model.name) == "My Model.Q4_1"


def test_tokens_are_counted_over_all_calls_and_from_nothing_by_a_fresh_copy(
    write_model: Write, open_it: Callable[[Path], Local], stub: StubServer
) -> None:
    model = open_it(write_model(f"{stub.url}/counting"))
    list(model.stream(PROMPT))
    first = model.tokens
    list(model.stream(PROMPT))
    assert first.read > 0 and model.tokens.read == 2 * first.read
    assert model.fresh().tokens.read == 0


def test_a_process_that_died_between_questions_is_started_again(
    write_model: Write, open_it: Callable[[Path], Local], stub: StubServer
) -> None:
    stub.text = "Twelve."
    path = write_model(f"{stub.url}/ok")
    model = open_it(path)
    list(model.stream(PROMPT))
    os.kill(starts(path)[0], signal.SIGKILL)
    wait_until(lambda: model.process_id is None)
    assert "".join(model.stream(PROMPT)) == "Twelve."
    assert len(starts(path)) == 2


def test_a_process_that_dies_over_a_question_is_started_once_more_and_then_given_up(
    write_model: Write, open_it: Callable[[Path], Local]
) -> None:
    path = write_model("log 0.01 E ggml: tensor of no size", "http://127.0.0.1:9", "exit 7")
    model = open_it(path)
    with pytest.raises(Unreachable) as caught:
        list(model.stream(PROMPT))
    assert len(starts(path)) == 2
    assert caught.value.fact == (
        "The model small.gguf stopped while it answered (it ended with status 7; "
        "ggml: tensor of no size)."
    )
    assert "smaller model" in caught.value.next_step
    assert "ASSISTANT_MODEL=quotes" in caught.value.next_step
    with pytest.raises(Unreachable):
        model.margin(PROMPT)
    assert len(starts(path)) == 4


def test_a_process_that_dies_in_the_middle_of_an_answer_is_told_and_the_next_question_starts_it(
    write_model: Write, open_it: Callable[[Path], Local], stub: StubServer
) -> None:
    path = write_model(f"{stub.url}/cut")
    model = open_it(path)
    pieces = model.stream(PROMPT)
    assert next(pieces) == "Article"
    os.kill(starts(path)[0], signal.SIGKILL)
    with pytest.raises(Unreachable, match="perhaps for want of memory"):
        list(pieces)
    assert len(starts(path)) == 1 and model.process_id is None
    assert next(model.stream(PROMPT)) == "Article"
    assert len(starts(path)) == 2


def test_what_a_living_process_does_wrong_is_told_as_of_any_server(
    write_model: Write, open_it: Callable[[Path], Local], stub: StubServer
) -> None:
    path = write_model(f"{stub.url}/500")
    with pytest.raises(ModelError, match="failed"):
        list(open_it(path).stream(PROMPT))
    assert len(starts(path)) == 1


@pytest.mark.parametrize(("orders", "reason"), [
    (["log 0.1 E llama_model_load: error loading model: no tensor 'output'", "exit 1"],
     "no tensor 'output'"),
    (["exit 1"], "it ended with status 1"),
])
def test_a_file_that_cannot_be_loaded_is_told_with_what_its_log_says(
    orders: list[str], reason: str, write_model: Write, open_it: Callable[[Path], Local]
) -> None:
    model = open_it(write_model(*orders))
    with pytest.raises(Refused) as caught:
        model.load()
    assert caught.value.fact == f"The model small.gguf cannot be loaded: {reason}."
    assert str(model._process.log) in caught.value.next_step
    assert caught.value.spec == "gguf:small.gguf"


def test_a_load_that_never_ends_is_ended(
    write_model: Write, open_it: Callable[[Path], Local], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_START_SECONDS", 0.3)
    path = write_model("sleep 60")
    with pytest.raises(Refused, match="cannot be loaded"):
        open_it(path).load()
    assert not is_alive(starts(path)[0])


def test_a_program_that_ends_while_the_model_loads_does_not_wait_for_it(
    write_model: Write, open_it: Callable[[Path], Local]
) -> None:
    path = write_model("sleep 60")
    model = open_it(path)
    failed: list[ModelError] = []

    def load() -> None:
        try:
            model.load()
        except ModelError as error:
            failed.append(error)

    loading = threading.Thread(target=load)
    loading.start()
    wait_until(lambda: bool(starts(path)))
    model._process.stop()
    loading.join(timeout=5)
    assert not loading.is_alive() and len(failed) == 1
    assert not is_alive(starts(path)[0])


@pytest.mark.parametrize("end", ["pass", "os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_no_process_is_left_when_the_program_ends_in_whatever_way(
    end: str, write_model: Write, tmp_path: Path, stub: StubServer
) -> None:
    path = write_model(f"{stub.url}/ok")
    code = (
        "import os\n"
        "from assistant.models import open_model, serving\n"
        "from assistant.settings import read_settings\n"
        f"serving.__file__ = {str(tmp_path / 'fake.py')!r}\n"
        f"open_model(read_settings(model='gguf:{path}')).load()\n{end}"
    )
    subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    process, = starts(path)
    wait_until(lambda: not is_alive(process))
    assert not is_alive(process)


def wait_until(happened: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.02)


def test_a_model_in_a_file_writes_the_answer(
    write_model: Write, bundled: Assistant, stub: StubServer
) -> None:
    path = write_model(f"{stub.url}/ok")
    stub.text = "NONE"
    settings = bundled.settings.model_copy(update={"model": f"gguf:{path}"})
    assistant = Assistant(bundled.corpus, bundled.index, open_model(settings), settings)
    answer = assistant.ask("What did Russia ask about the 1997 Founding Act?")
    assert answer.model == "gguf:small.gguf" and answer.statements
    assert str(path.parent) not in repr(answer.model)
    opened.append(local._process(path, settings.home / "logs" / "small.log"))


def test_a_home_and_spaces_in_the_path_are_understood(
    tmp_path: Path, settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my models").mkdir()
    (tmp_path / "my models" / "a b.gguf").write_bytes(b"GGUF")
    monkeypatch.setenv("HOME", str(tmp_path))
    model = open_local("gguf: ~/my models/a b.gguf ", settings_for())
    assert model._process.path == tmp_path / "my models" / "a b.gguf"
    assert open_local("gguf:my models/a b.gguf", settings_for())._process is model._process


def test_a_link_keeps_its_own_name(tmp_path: Path, settings_for: SettingsFor) -> None:
    (tmp_path / "b179c952").write_bytes(b"GGUF")
    (tmp_path / "small.gguf").symlink_to(tmp_path / "b179c952")
    assert open_local("gguf:small.gguf", settings_for()).name == "gguf:small.gguf"


@pytest.mark.parametrize(("spec", "fact", "next_step"), [
    ("gguf:", "gguf: names no file.", "gguf:PATH"),
    ("gguf:  ", "gguf: names no file.", "gguf:PATH"),
    ("gguf:smal.gguf", "There is no file {here}/smal.gguf.",
     "Did you mean gguf:{here}/small.gguf?"),
    ("gguf:.", "{here} is a folder.", "Did you mean gguf:{here}/large.gguf?"),
    ("gguf:nowhere/x.gguf", "There is no file {here}/nowhere/x.gguf.", "Check the path."),
    ("gguf:page.gguf", "{here}/page.gguf is not a GGUF file.", "downloaded in full"),
])
def test_a_path_that_names_no_model_is_told_at_once(
    spec: str, fact: str, next_step: str, tmp_path: Path, settings_for: SettingsFor
) -> None:
    for name in ("large.gguf", "small.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    (tmp_path / "page.gguf").write_bytes(b"<!doctype html>")
    with pytest.raises(SettingsError) as caught:
        open_model(settings_for(model=spec))
    assert caught.value.fact == fact.format(here=tmp_path)
    assert next_step.format(here=tmp_path) in caught.value.next_step
    assert caught.value.variable == "ASSISTANT_MODEL"


def test_without_the_extra_it_says_how_to_install_it(
    tmp_path: Path, settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "small.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(local, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match="xllamacpp.*is missing.*'.\\[local\\]'"):
        open_model(settings_for(model="gguf:small.gguf"))
