"""How well the articles of real treaties are found: `python -m tests.bench.articles FOLDER`.

Each treaty is read as it is, with its `#` marks stripped, and with all line breaks joined. The
articles expected are 1 … n in order, n as the treaty has them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from assistant.corpus.headings import headings

TREATIES = {
    "north-atlantic-treaty-1949": 14, "npt-1968": 11, "cfe-treaty-1990": 23,
    "open-skies-treaty-1992": 19, "un-charter-1945": 111,
    "vienna-convention-law-of-treaties-1969": 85,
}
_ARTICLE = re.compile(r"(?:^|, )Article (\d+|[IVXLC]+)(?: \((?:(?!\), ).)*\))?$", re.IGNORECASE)


def variants(text: str) -> dict[str, str]:
    stripped = re.sub(r"^#+[ \t]*", "", text, flags=re.M)
    return {"as it is": text, "marks stripped": stripped, "joined": " ".join(stripped.split())}


def found_articles(text: str) -> list[tuple[str, int]]:
    """Number and place of each article, the place in letters and digits before it."""
    return [
        (m[1], sum(map(str.isalnum, text[: h.span.start]))) for h in headings(text)
        if (m := _ARTICLE.search(h.anchor))
    ]


def roman(number: int) -> str:
    signs = [(100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"),
             (4, "IV"), (1, "I")]
    written = ""
    for value, sign in signs:
        written += sign * (number // value)
        number %= value
    return written


def main(folder: Path) -> None:
    print("| treaty | articles | form | found | missed | out of order | invented | misplaced |")
    print("|---|---|---|---|---|---|---|---|")
    for name, count in TREATIES.items():
        text = (folder / f"{name}.txt").read_text(encoding="utf-8")
        marked = dict(found_articles(text))
        for form, variant in variants(text).items():
            places = found_articles(variant)
            found = [number for number, _ in places]
            wanted = [str(n) for n in range(1, count + 1)]
            if not set(found) & set(wanted):
                wanted = [roman(n) for n in range(1, count + 1)]
            missed = [n for n in wanted if n not in found]
            invented = [n for i, n in enumerate(found) if n not in wanted or n in found[:i]]
            in_order = [n for n in found if n in wanted] == [n for n in wanted if n in found]
            misplaced = [n for n, place in places if marked.get(n) != place]
            print(f"| {name} | {count} | {form} | {len(wanted) - len(missed)} | {len(missed)} "
                  f"| {'no' if in_order else 'yes'} | {len(invented)} | {len(misplaced)} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
