"""Runs in an environment of its own, without this project: lm-evaluation-harness on questions from a file.

python lm_eval_peer.py <model folder> <questions.jsonl> <answers.json> <dtype> <batch size>...
"""

import json
import sys
import time
from pathlib import Path

from lm_eval.evaluator import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager


def main(model: str, questions: str, answers: str, dtype: str, *sizes: str) -> None:
    """Each row of the questions has `prompt`, `choices` and `gold`; the answers get log-likelihoods and seconds."""
    task = {
        "task": "peer",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": questions}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{prompt}}",
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "{{gold}}",
        "target_delimiter": "",
        "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
    }
    folder = Path(answers).parent / "tasks"
    folder.mkdir(exist_ok=True)
    (folder / "peer.yaml").write_text(json.dumps(task))  # JSON is YAML
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    seconds = {}
    for size in sizes:
        lm = HFLM(pretrained=model, dtype=dtype, device="cpu", batch_size=int(size))
        spent: list[float] = []
        asked = lm.loglikelihood

        def timed(*args, asked=asked, spent=spent, **kwargs):
            start = time.perf_counter()
            found = asked(*args, **kwargs)
            spent.append(time.perf_counter() - start)
            return found

        lm.loglikelihood = timed
        found = simple_evaluate(lm, tasks=["peer"], task_manager=manager, bootstrap_iters=0, log_samples=True)
        seconds[size] = sum(spent)
    samples = sorted(found["samples"]["peer"], key=lambda sample: sample["doc_id"])
    scores = found["results"]["peer"]
    Path(answers).write_text(
        json.dumps(
            {
                "likelihoods": [[float(pair[0]) for pair in sample["filtered_resps"]] for sample in samples],
                "accuracy": scores["acc,none"],
                "accuracy_per_character": scores["acc_norm,none"],
                "seconds": seconds,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
