"""The study's files: written once, the same at every start."""

from pathlib import Path

from bench.study.pairs import ANESTHESIA, GENERAL, OFF_TOPIC, Sizes, draw_pairs, read_lines, write_lines
from bench.study.planting import plant
from bench.study.scorers import score

FAULTS = "faults.jsonl"
PLANTED = "planted.jsonl"


def write_files(data: Path, folder: Path, sizes: Sizes) -> None:
    """Draw, plant, score and write.

    `general.jsonl` is what the first stage sees, `planted.jsonl` what is filtered, with scores; both also hold the
    held-out pairs, which their groups keep from training. `vocabulary.jsonl` is the text of both before anything was
    planted, and `faults.jsonl` the record of what was.

    Args:
        data: folder of the public sets.
        folder: of the study.
        sizes: numbers of pairs.

    Raises:
        UserError: there are too few pairs.
    """
    pairs = draw_pairs(read_lines(data / GENERAL), read_lines(data / ANESTHESIA), sizes)
    passages = dict.fromkeys(row["context"] for row in read_lines(data / OFF_TOPIC) if not row.get("medical"))
    planted = plant(pairs.to_plant, list(passages))
    scored = score(planted.rows, {row["id"] for row in planted.record})
    write_lines(folder / "general.jsonl", [*pairs.general, *pairs.held_out])
    write_lines(folder / "vocabulary.jsonl", [*pairs.general, *pairs.to_plant, *pairs.held_out])
    write_lines(folder / FAULTS, planted.record)
    write_lines(folder / PLANTED, [*scored, *pairs.held_out])
