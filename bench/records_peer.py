"""Records a second and core beside data-juicer, on the same pairs: `python -m bench.records_peer 20000`.

data-juicer lives in an environment of its own, with `pip install py-data-juicer aiohttp`: DATA_JUICER=<interpreter>.
Its filters look at one text, ours at a question with its answer: it gets both in one. Its operators are those that do
what our rules do; it has none for doses, drugs, refusals or cut answers. Both take copies by MinHash on character
trigrams at a likeness of 0.8, in 20 bands of 6; it takes what shares a band for copies, we measure the likeness. One
process each; time of a processor, with that of processes they start.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

from bench.all_cores import write_pairs
from bench.curation import steps
from hypnos.curation.pipeline.blocks import run_blocks

THEIRS = """
import json, os, sys
from data_juicer.core.data import NestedDataset
from data_juicer.ops.deduplicator.document_minhash_deduplicator import DocumentMinhashDeduplicator
from data_juicer.ops.filter.alphanumeric_filter import AlphanumericFilter
from data_juicer.ops.filter.character_repetition_filter import CharacterRepetitionFilter
from data_juicer.ops.filter.special_characters_filter import SpecialCharactersFilter
from data_juicer.ops.filter.text_length_filter import TextLengthFilter
from data_juicer.ops.mapper.clean_email_mapper import CleanEmailMapper
from data_juicer.ops.mapper.clean_ip_mapper import CleanIpMapper
from data_juicer.ops.mapper.clean_links_mapper import CleanLinksMapper
from data_juicer.ops.mapper.punctuation_normalization_mapper import PunctuationNormalizationMapper
from data_juicer.ops.mapper.whitespace_normalization_mapper import WhitespaceNormalizationMapper

rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
texts = [{"text": row["instruction"] + "\\n" + row["input"] + "\\n" + row["output"]} for row in rows]
filters = [
    CleanEmailMapper(), CleanLinksMapper(), CleanIpMapper(), WhitespaceNormalizationMapper(),
    PunctuationNormalizationMapper(), TextLengthFilter(min_len=3, max_len=16000), AlphanumericFilter(min_ratio=0.2),
    SpecialCharactersFilter(max_ratio=0.4), CharacterRepetitionFilter(rep_len=10, max_ratio=0.3),
]
copies = [
    DocumentMinhashDeduplicator(
        tokenization="character", window_size=3, jaccard_threshold=0.8, num_permutations=120, num_bands=20,
        num_rows_per_band=6,
    )
]
seconds = {}

def spent():
    return sum(os.times()[:4])   # also of processes that it starts

data = NestedDataset.from_list(texts)
for name, ops in (("clean", filters), ("deduplicate", copies)):
    for op in ops:
        op.num_proc = 1
    start = spent()
    data = data.process(ops)
    seconds[name] = spent() - start
print(json.dumps({"seconds": seconds, "kept": len(data)}))
"""


def ours(file: Path, folder: Path) -> dict[str, Any]:
    """CPU-seconds of two steps on a file of pairs, in this process, and how many stay."""
    seconds, kept = {}, 0
    for step in steps()[:2]:
        out = folder / step.name
        out.mkdir()
        start = time.process_time()
        work = step.block_work(file)
        made = run_blocks(step.name, work, file, out)
        seconds[step.name] = time.process_time() - start
        file, kept = out / "kept.jsonl", made.counts.kept
    return {"seconds": seconds, "kept": kept}


def theirs(file: Path, interpreter: str) -> dict[str, Any]:
    """The same by data-juicer, in a process of its own."""
    place = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    command = [interpreter, "-c", THEIRS, str(file)]
    done = subprocess.run(
        command, env=os.environ | place, cwd=file.parent, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main(count: int) -> None:
    """Print records a second and core of both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = write_pairs(folder, count)
        rows = [orjson.loads(line) for line in file.read_bytes().splitlines()]
        file.write_bytes(b"".join(orjson.dumps({"input": "", **row}, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
        measured = {"ours": ours(file, folder)}
        if interpreter := os.environ.get("DATA_JUICER"):
            measured["data-juicer"] = theirs(file, interpreter)
    for who, figures in measured.items():
        rates = {step: round(count / seconds) for step, seconds in figures["seconds"].items()}
        print(f"{who}: records a second and core {rates}, kept {figures['kept']:,} of {count:,}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 20_000)
