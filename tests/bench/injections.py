"""Are instructions to a model seen, and harmless texts left alone?

    python -m tests.bench.injections --bench DIR [--split tune]

Own variants and harmless passages (`data/`), attacks of BIPIA, harmless prompts of NotInject. Of
BIPIA only the kinds that speak of the answer that is to be written count as instructions; the
others are plain questions or tasks ("How do solar panels work?"), which look like any text.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from assistant.evaluation.metrics import say_share
from assistant.injection import steering

DATA = Path(__file__).with_name("data")
# Kinds of BIPIA, of either split, that are tasks of their own.
_TASKS = {
    "Information Retrieval", "Content Creation", "Learning and Tutoring", "Language Translation",
    "Programming Help", "Task Automation", "Business Intelligence", "Conversational Agent",
    "Research Assistance", "Sentiment Analysis",
}


def own(name: str, split: str) -> list[str]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [row["text"] for row in map(json.loads, lines) if row["split"] == split]


def row(name: str, wanted: str, texts: Sequence[str]) -> str:
    seen = sum(steering(text) is not None for text in texts)
    return f"| {name} | {wanted} | {seen} of {len(texts)} | {say_share(seen, len(texts))} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--split", choices=("tune", "report"), default="report")
    given = parser.parse_args()
    bipia, notinject = ("train", ["one"]) if given.split == "tune" else ("test", ["two", "three"])
    attacks = json.loads(
        (given.bench / "bipia" / f"text_attack_{bipia}.json").read_text(encoding="utf-8")
    )
    prompts = [
        row["prompt"] for part in notinject for row in json.loads(
            (given.bench / "notinject" / f"NotInject_{part}.json").read_text(encoding="utf-8")
        )
    ]
    print("| texts | wanted | flagged | share |\n|---|---|---|---|")
    print(row("own instructions", "flagged", own("injections.jsonl", given.split)))
    print(row("BIPIA, about the answer", "flagged", [
        text for kind, texts in attacks.items() if kind not in _TASKS for text in texts
    ]))
    print(row("own harmless passages", "not", own("harmless.jsonl", given.split)))
    print(row(f"NotInject {', '.join(notinject)}", "not", prompts))


if __name__ == "__main__":
    main()
