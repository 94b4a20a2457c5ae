"""Documents that are made from the code are up to date, and what they show runs.

`python tests/test_docs.py` writes them again (`make schema`).
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from assistant.corpus.catalogue import FrontMatter
from assistant.evaluation.metrics import METRICS
from assistant.evaluation.suite import Group, bundled_prompts, read_suite
from assistant.render import AnswerJson
from assistant.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PROMPTS = bundled_prompts() / "README.md"
SCHEMAS: dict[str, type[BaseModel]] = {
    "answer": AnswerJson, "front-matter": FrontMatter, "test-prompts": Group,
}


def settings_table() -> str:
    rows = ["| variable | default | what for |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        given = isinstance(field.default, str | float | int) and field.default != ""
        default = f"`{field.default}`" if given else "–"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def metrics_table() -> str:
    rows = ["| metric | what | definition |", "|---|---|---|"]
    rows += [f"| `{m.name}` | {m.definition} | {m.source} |" for m in METRICS]
    return "\n".join(rows)


def schema_path(name: str) -> Path:
    return ROOT / "docs" / f"{name}.schema.json"


def schema(name: str) -> str:
    return json.dumps(SCHEMAS[name].model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def with_tables(text: str) -> str:
    return _filled(_filled(text, "settings", settings_table()), "metrics", metrics_table())


def _filled(text: str, name: str, table: str) -> str:
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
    return marked.sub(lambda m: f"{m[1]}{table}\n{m[2]}", text)


@pytest.mark.parametrize("path", [README, PROMPTS], ids=["README", "prompts"])
def test_the_tables_are_up_to_date(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert with_tables(text) == text, "run `make schema`"


def test_the_example_of_test_prompts_is_read(tmp_path: Path) -> None:
    text = PROMPTS.read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```", text, re.S | re.M)
    (tmp_path / "harbours.yaml").write_text(example, encoding="utf-8")
    (group,) = read_suite(tmp_path)
    assert [prompt.unanswerable for prompt in group.prompts] == [False, False, True]


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_are_up_to_date(name: str) -> None:
    assert schema_path(name).read_text(encoding="utf-8") == schema(name), "run `make schema`"


def test_every_dependency_has_a_line_and_every_line_a_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    names = {re.split(r"[\[<>=~]", requirement)[0].lower() for requirement in wanted}
    table = re.search(r"<!-- dependencies -->(.*?)<!-- /", README.read_text(encoding="utf-8"), re.S)
    assert table is not None
    cells = [row.split("|")[1] for row in table[1].strip().splitlines()[2:]]
    told = {name.strip().lower() for cell in cells
            for name in re.sub(r"\(.*?\)", "", cell).split(",")}
    assert told == names


def test_exact_versions_are_given_for_every_dependency_without_an_address() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in pins and "--" not in pins
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in pins.splitlines()}
    for requirement in project["dependencies"]:
        name = re.split(r"[\[<>=~]", requirement)[0].lower().replace("_", "-")
        assert name in pinned, name


def readme_commands() -> list[str]:
    blocks = re.findall(r"^```\n(.*?)^```", README.read_text(encoding="utf-8"), re.S | re.M)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if re.match(r"\.venv/bin/assistant (ask|corpus)", line)]


@pytest.mark.parametrize("line", readme_commands())
def test_the_commands_in_the_readme_run(
    line: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(home))
    arguments = shlex.split(line)[1:]
    done = subprocess.run(
        [sys.executable, "-m", "assistant", *arguments], capture_output=True, text=True,
        check=False, cwd=ROOT, timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 200


def test_the_readme_opens_with_the_two_commands() -> None:
    first_screen = README.read_text(encoding="utf-8").splitlines()[:25]
    assert any(line.startswith("make chat") for line in first_screen)
    assert any(line.startswith("make test") for line in first_screen)
    assert (ROOT / "docs" / "screenshot.png").is_file()


if __name__ == "__main__":
    for page in (README, PROMPTS):
        page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
    for each in SCHEMAS:
        schema_path(each).write_text(schema(each), encoding="utf-8")
