"""Evidence and statement with a label: what the checker learns from.

From `bench/`: the halves that may be tuned on (see each set's README): SummEdits without the
domains `news` and `scitldr` (CC BY 4.0), WiCE dev (CC BY-SA), SQuAD 2.0 and CLAPNQ first halves
(CC BY-SA 4.0, Apache-2.0), SciFact train claims (CC BY 4.0) and abstracts (ODC-By).
From the documents: one half of them (`tests.bench.perturbations`). A statement is true as its set
says, or as a sentence of the text; a false twin is a true one changed in one place.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from assistant.compose import lead
from assistant.corpus.passages import sentences
from assistant.verify.window import window
from tests.bench.perturbations import passages_of
from tests.training.changes import NAME, changed

# Learnt from; two more domains are kept back to choose the threshold on.
LEARNT = ("samsum", "sales_email", "sales_call", "ectsum")
KEPT_BACK = ("podcast", "qmsumm")
_WHO = re.compile(
    r"^(?:Who|What|Which [a-z]+|What [a-z]+) (?!(?:do|does|did|are|is|was|were) [a-z]*"
    r"(?:the|a|an|this|that)\b)(?=[a-z]+(?:s|ed|d|t)? )(.+?)\?*$"
)
_SHORTEST, _LONGEST = 6, 50


class Pair(NamedTuple):
    """Does the evidence support the statement, or, if it is `asked`, answer the question?"""

    evidence: str
    statement: str
    supported: bool
    origin: str
    asked: bool = False


def cut(text: str) -> list[str]:
    """The sentences of a text, of a dialogue its lines too."""
    return [
        " ".join(line[start:end].split()) for line in text.splitlines() if line.strip()
        for start, end in sentences(line)
    ]


def summaries(bench: Path, domain: str) -> Iterator[Pair]:
    """Each sentence of the summaries once: true unless its summary is not and it was edited."""
    rows = json.loads((bench / "summedits" / f"{domain}.json").read_text(encoding="utf-8"))
    seen = set()
    for row in rows:
        text, before = cut(row["doc"]), cut(row["original_summary"])
        for sentence in cut(row["summary"]):
            edited = sentence not in before
            if (row["doc"][:200], sentence) in seen:
                continue
            seen.add((row["doc"][:200], sentence))
            label = bool(row["label"]) or not edited
            yield Pair(window(sentence, text), sentence, label, f"summedits-{domain}")
            if edited:
                yield Pair(" ".join(before), sentence, label, f"summedits-{domain}")


def claims(bench: Path) -> Iterator[Pair]:
    for line in _lines(bench / "wice" / "claim_dev.jsonl"):
        text = [s for s in line["evidence"] if len(s.split()) > 2]
        pair = Pair(
            window(line["claim"], text), line["claim"], line["label"] == "supported", "wice",
        )
        yield pair
        if pair.supported:
            for spans in line["supporting_sentences"][:2]:
                yield pair._replace(evidence=" ".join(line["evidence"][n] for n in spans))


def scientific(bench: Path) -> Iterator[Pair]:
    texts = {line["_id"]: line["text"] for line in _lines(bench / "scifact" / "corpus.jsonl")}
    for line in _lines(bench / "scifact" / "claims.jsonl"):
        if line["split"] != "train":
            continue
        said = {str(one["doc_id"]): one["label"] == "SUPPORT" for one in line["evidence"]}
        for document in map(str, line["cited_doc_ids"]):
            if document in texts:
                yield Pair(
                    window(line["claim"], cut(texts[document])), line["claim"],
                    said.get(document, False), "scifact",
                )


def questions(bench: Path, pick: random.Random) -> Iterator[Pair]:
    """Questions with their answers put in: "Who ruled it?" and "Rollo" → "Rollo ruled it."."""
    paragraphs = list(_lines(bench / "squad2" / "dev_paragraphs.jsonl"))
    half = {p["_id"]: p for p in paragraphs[: len(paragraphs) // 2]}
    for line in _lines(bench / "squad2" / "dev_questions.jsonl"):
        paragraph = half.get(line["para"])
        if paragraph is None:
            continue
        text = cut(paragraph["text"])
        names = sorted(set(NAME.findall(paragraph["text"])))
        if line["is_impossible"]:
            answers, label = pick.sample(names, min(1, len(names))), False
        else:
            answers, label = line["answers"][:1], True
        for answer in answers:
            statement = _stated(line["question"], answer)
            yield Pair(window(statement, text), statement, label, "squad")
            wrong = [name for name in names if name not in answer and answer not in name]
            if label and wrong:
                false = _stated(line["question"], pick.choice(wrong))
                yield Pair(window(false, text), false, False, "squad")


def _stated(question: str, answer: str) -> str:
    subject = _WHO.match(question.strip())
    if subject:
        return f"{answer[0].upper()}{answer[1:]} {subject[1]}."
    return f"{question.strip()} {answer}."


def answers(bench: Path) -> Iterator[Pair]:
    for line in list(_lines(bench / "clapnq" / "clapnq_dev_answerable.jsonl"))[:150]:
        text = [s for passage in line["passages"] for s in cut(passage["text"])]
        for output in line["output"]:
            for sentence in cut(output["answer"]):
                if len(sentence.split()) >= _SHORTEST:
                    yield Pair(window(sentence, text), sentence, True, "clapnq")


def copies(bench: Path, docs: Path, pick: random.Random, most: int) -> Iterator[Pair]:
    """Sentences of texts, half of them with the sentence beside them, the documents' first, half
    of these with what is known of the document before them, as the check puts it."""
    texts = [(f"{lead(passage)}: ", cut(passage.text)) for passage in passages_of(docs, "tune")]
    others = [("", cut(line["text"])) for line in _lines(bench / "scifact" / "corpus.jsonl")]
    pick.shuffle(others)
    found = 0
    for known, text in [*texts, *others]:
        good = [s for s in text if _SHORTEST <= len(s.split()) <= _LONGEST and s[0].isupper()]
        for sentence in pick.sample(good, min(2, len(good))):
            statement = _reworded(sentence, pick)
            place = text.index(sentence)
            near = text[max(0, place - pick.randrange(2)) : place + 1 + pick.randrange(2)]
            yield Pair(pick.choice(("", known)) + " ".join(near), statement, True, "copies")
            found += 1
        if found >= most:
            return


_SYNONYMS = dict(pair.split("/") for pair in """
stated/said said/stated important/significant significant/important show/demonstrate shows/indicates
showed/found found/showed however/but although/though began/started start/begin large/big
big/large help/assist helps/assists use/employ used/employed uses/employs provide/give
provides/gives obtain/get require/need requires/needs needed/required many/numerous
countries/states nations/countries agreement/accord also/additionally because/since
therefore/thus thus/hence approximately/about about/around purchase/buy primarily/mainly
mainly/chiefly ensure/guarantee establish/create established/created main/principal
""".split())


def _reworded(sentence: str, pick: random.Random) -> str:
    """The sentence as it is, or with words like it, its clauses turned, or a clause left out."""
    way = pick.randrange(4)
    if way == 1:
        return re.sub(r"\b[a-z]+\b", lambda m: _SYNONYMS.get(m[0], m[0]), sentence)
    head, comma, rest = sentence.rstrip(".").partition(", ")
    if comma and way == 2 and 2 <= len(head.split()) <= 8 and len(rest.split()) >= _SHORTEST:
        return f"{rest[0].upper()}{rest[1:]}, {head[0].lower()}{head[1:]}."
    if comma and way == 3 and len(rest.split()) >= _SHORTEST and re.match(
        r"(?:In|On|At|According to|As|Moreover|However|After|Since|During)\b", head
    ):
        return f"{rest[0].upper()}{rest[1:]}."
    return sentence


def _twins(pairs: list[Pair], pick: random.Random) -> Iterator[Pair]:
    """A false twin of each true pair, where a change is to be made."""
    for pair in pairs:
        if pair.supported:
            near = NAME.findall(pair.evidence)
            false = changed(pair.statement, pick, near)
            if false and false not in pair.evidence:
                yield pair._replace(statement=false, supported=False)


def training_pairs(bench: Path, docs: Path, seed: int = 7) -> list[Pair]:
    pick = random.Random(seed)
    labelled = [pair for domain in LEARNT for pair in summaries(bench, domain)]
    labelled += [*claims(bench), *scientific(bench)]
    unlabelled = [*answers(bench), *copies(bench, docs, pick, 2_000)]
    asked = pick.sample(list(questions(bench, pick)), 2_000)
    twins = [*_twins(unlabelled, pick), *_twins(labelled, pick), *_twins(asked, pick)]
    pairs = [p for p in (*labelled, *unlabelled, *asked, *twins) if p.evidence]
    pick.shuffle(pairs)
    return pairs


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)
