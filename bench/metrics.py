"""Promises about metrics and statistics: equal to the libraries that define them, quick, and honest intervals."""

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from bench.promise import ROOT, SHARED, Promise

METRICS = ["exact_match", "f1", "bleu", "gleu", "rouge", "distinct", "safety", "length", "unfinished"]


def quick_metrics(pairs: int = 10_000, characters: int = 150) -> list[Promise]:
    """CPU seconds of one core, from texts to every number in both segmentations, without the libraries' import."""
    import datasets
    import rapidfuzz
    import rjieba

    import evaluate
    from hypnos.benchmark.metrics.measure import measure
    from hypnos.benchmark.predictions import Prediction
    from hypnos.benchmark.tasks.prompts import Prompt
    from hypnos.benchmark.tasks.task import Task
    from hypnos.specialty.folder import read_specialty

    assert datasets and evaluate and rapidfuzz and rjieba
    text = "".join(_texts())
    pieces = [text[at : at + characters] for at in range(0, len(text) - characters, characters)]
    chosen = random.Random(0).choices(pieces, k=2 * pairs)
    answers = [
        Prediction(item=f"{n}", prompt="", raw="", answer=chosen[2 * n + 1], finished=True, tokens=1)
        for n in range(pairs)
    ]
    specialty = read_specialty(ROOT / "specialty" / "anesthesia")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "t.jsonl"
        rows = ({"id": f"{n}", "question": f"{n}", "answer": chosen[2 * n]} for n in range(pairs))
        file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        prompt = Prompt(template="{question}")
        task = Task(name="t", kind="question", path=str(file), prompt=prompt, metrics=METRICS)
        task.items()
    start = time.process_time()
    measure(task, "m", {"generation": answers}, specialty)
    seconds = time.process_time() - start
    return [Promise(f"all metrics on {pairs:,} pairs of {characters} characters, CPU seconds", seconds, 15.0)]


def equal_metrics(pairs: int = 1_000) -> list[Promise]:
    """Largest difference to sacrebleu, NLTK and rouge-chinese over answers, on characters and on words."""
    names = {
        "bleu": "BLEU-1 to 4: largest difference to sacrebleu and NLTK",
        "gleu": "GLEU: largest difference to NLTK",
        "rouge": "ROUGE-1, 2, L: largest difference to rouge-chinese",
    }
    if not SHARED.is_dir():
        return [Promise(what, None, 1e-9) for what in names.values()]
    texts = _texts()
    blurred = list(zip(_blur(texts), texts, strict=True))
    worst = dict.fromkeys(names, 0.0)
    from hypnos.benchmark.metrics.segment import Segmentation, characters, words

    cuts: dict[Segmentation, Callable[[str], list[str]]] = {"characters": characters, "words": words}
    for segmentation, cut in cuts.items():
        # NLTK counts one n-gram too many where an answer has none, so every text has four tokens or more.
        long = [(a, b) for a, b in blurred if min(len(cut(a)), len(cut(b))) > 3][:pairs]
        for name, difference in _differences(long, segmentation, cut).items():
            worst[name] = max(worst[name], difference)
    return [Promise(f"{what}, {pairs:,} pairs", worst[name], 1e-9) for name, what in names.items()]


def _differences(pairs: list[tuple[str, str]], segmentation: Any, cut: Callable[[str], list[str]]) -> dict[str, float]:
    from nltk.translate import bleu_score, gleu_score
    from rouge_chinese import Rouge as RougeChinese
    from sacrebleu.metrics import BLEU

    from hypnos.benchmark.metrics.bleu import Bleu
    from hypnos.benchmark.metrics.gleu import Gleu
    from hypnos.benchmark.metrics.rouge import Rouge

    answers, given = [cut(a) for a, _ in pairs], [cut(b) for _, b in pairs]
    columns: dict[str, Any] = {"predictions": [a for a, _ in pairs], "references": [[b] for _, b in pairs]}
    joined = [" ".join(tokens) for tokens in answers], [" ".join(tokens) for tokens in given]
    with tempfile.TemporaryDirectory() as made:
        kinds: dict[str, Callable[..., Any]] = {"bleu": Bleu, "gleu": Gleu, "rouge": Rouge}
        found = {
            name: make(segmentation=segmentation, folder=Path(made)).measure(**columns) for name, make in kinds.items()
        }
    bleu = []
    smooth = bleu_score.SmoothingFunction().method3
    for n, values in enumerate(found["bleu"].items.values(), 1):
        library = BLEU(tokenize="none", smooth_method="exp", effective_order=True, max_ngram_order=n)
        bleu += [abs(library.sentence_score(a, [b]).score / 100 - v) for a, b, v in zip(*joined, values)]
        bleu += [
            abs(bleu_score.sentence_bleu([b], a, (1 / n,) * n, smooth) - v)
            for a, b, v in zip(answers, given, values)
            if set(a) & set(b)
        ]
    for n, value in enumerate(found["bleu"].corpus.values(), 1):
        whole = BLEU(tokenize="none", smooth_method="none", max_ngram_order=n)
        bleu.append(abs(whole.corpus_score(joined[0], [joined[1]]).score / 100 - value))
        bleu.append(abs(bleu_score.corpus_bleu([[b] for b in given], answers, (1 / n,) * n) - value))
    (values,) = found["gleu"].items.values()
    gleu = [abs(gleu_score.sentence_gleu([b], a) - v) for a, b, v in zip(answers, given, values)]
    expected = RougeChinese().get_scores(*joined)
    rouge = [
        abs(score[f"rouge-{n}"]["f"] - v)
        for n, values in zip("12l", found["rouge"].items.values())
        for score, v in zip(expected, values)
    ]
    return {"bleu": max(bleu), "gleu": max(gleu), "rouge": max(rouge)}


def honest_intervals(runs: int = 4_000) -> list[Promise]:
    """How far from 95 % of simulated intervals hold the truth: accuracy with stems of 1 to 3 questions."""
    from hypnos.report.statistics.intervals import SHARE, mean_interval

    promises = []
    for groups in (25, 80):
        random_ = np.random.default_rng(groups)
        covered = 0
        for run in range(runs):
            sizes = random_.integers(1, 4, groups)
            shares = np.repeat(random_.beta(3, 2, groups), sizes)
            values = (random_.random(len(shares)) < shares).astype(float)
            stems = np.repeat(np.arange(groups), sizes)
            found = mean_interval(values.tolist(), stems.tolist(), bounds=SHARE, resamples=1000, seed=run)
            covered += found.low <= 0.6 <= found.high
        what = f"95 % intervals over {groups} groups: percentage points off, {runs:,} simulations"
        promises.append(Promise(what, abs(100 * covered / runs - 95), 1.5))
    return promises


def _texts() -> list[str]:
    """Real answers, or those of the sample where there are none."""
    real = SHARED / "qa" / "general_medical_qa.jsonl"
    file = real if real.is_file() else ROOT / "hypnos" / "sample" / "general.jsonl"
    rows = map(orjson.loads, file.read_bytes().splitlines())
    return [text for row in rows if (text := row["output"].strip())]


def _blur(texts: list[str]) -> list[str]:
    """Answers as models give them: another text, sentences moved, characters lost, or cut off."""
    pick = random.Random(2)
    answers = []
    for at, text in enumerate(texts):
        sentences = text.split("。")
        pick.shuffle(sentences)
        lost = "".join(sign for sign in text if pick.random() < 0.8)
        answers.append([texts[at - 1], "。".join(sentences), lost, text[: len(text) // 2]][pick.randrange(4)])
    return answers


if __name__ == "__main__":
    for promise in (*quick_metrics(), *equal_metrics(), *honest_intervals()):
        figure = "-" if promise.figure is None else f"{promise.figure:.3g}"
        print(f"{promise.verdict:8} {figure:>10}  {promise.what}")
