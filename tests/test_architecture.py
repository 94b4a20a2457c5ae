"""The shape of the program: rooms in order, each foreign library in its room."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "assistant"
FILES = [*sorted(PACKAGE.rglob("*.py")), ROOT / "app.py"]
NAMES = [str(path.relative_to(ROOT)) for path in FILES]

# A room imports only rooms before it. `__init__` is the package's door: it names some of them.
ORDER = [
    "types", "errors", "settings", "tokenization", "places", "days", "injection", "corpus",
    "endpoints", "embeddings", "users", "index", "question", "scope", "naming", "sides",
    "silence", "premise", "period", "quoted", "differing", "retrieval", "models", "prompts",
    "rewriting", "compose", "checking", "verify", "contested", "notices", "answering",
    "comparing", "render", "restoring", "records", "export", "evaluation", "web", "cli", "app",
    "__init__", "__main__",
]
HOMES = {
    "gradio": ("assistant/web/",),
    "chromadb": ("assistant/index/",),
    "llama_index": ("assistant/index/",),
    "openai": ("assistant/endpoints.py",),
    "mcp": ("assistant/web/",),
}
SLOW = tuple(HOMES)
_MAX_LINES = 400


def room_of(path: Path) -> str:
    """`corpus` for `assistant/corpus/readers.py`, `compose` for `assistant/compose.py`."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py") if path != FILES[-1] else "app"


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of all that a file imports, wherever in the file it does so."""
    package = ".".join(path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            home = resolve_name(module, package) if node.level else module
            yield from ((node.lineno, f"{home}.{alias.name}") for alias in node.names)


def imported_rooms(path: Path) -> Iterator[tuple[int, str]]:
    """Line and room; a name of the package itself counts as its `__init__`."""
    for line, name in imports(path):
        first, _, rest = name.partition(".")
        if first == "assistant":
            room = rest.partition(".")[0]
            yield line, room if room in ORDER else "__init__"


def test_every_room_has_its_place_in_the_order() -> None:
    assert {room_of(path) for path in FILES} <= set(ORDER)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_room_imports_only_earlier_rooms(path: Path) -> None:
    room = room_of(path)
    later = [
        f"line {line}: {other}" for line, other in imported_rooms(path)
        if other != room and ORDER.index(other) > ORDER.index(room)
    ]
    assert later == []


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {n: len(p.read_text(encoding="utf-8").splitlines())
               for n, p in zip(NAMES, FILES, strict=True)}
    assert {n: length for n, length in lengths.items() if length > _MAX_LINES} == {}


@pytest.mark.parametrize("library", HOMES)
def test_a_foreign_library_lives_in_its_room(library: str) -> None:
    guests = [
        f"{name}:{line}" for name, path in zip(NAMES, FILES, strict=True)
        for line, imported in imports(path)
        if imported.split(".")[0] == library and not name.startswith(HOMES[library])
    ]
    assert guests == []


@pytest.mark.parametrize("module", ["assistant", "assistant.cli", "assistant.answering"])
def test_importing_the_assistant_imports_no_slow_library(module: str) -> None:
    ask = f"import sys, {module}; print(*sorted({set(SLOW)} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
