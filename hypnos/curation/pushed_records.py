"""Puts together what of kept records goes to a hub: never one marked local, nobody's name, and the card."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypnos.artefacts.upload import Upload, send
from hypnos.curation.pipeline.rows import to_line
from hypnos.curation.pipeline.run_steps import KEPT, Lines
from hypnos.errors import UserError

CARD = "README.md"
HEAD = """---
language: [zh]
task_categories: [text-generation, question-answering]
tags: [medical, chinese, hypnos]
---
"""
"""What hubs read of a card."""

_OF_PEOPLE = ("review", "before_review")
"""Fields that name reviewers, or hold what they struck out."""


def records_to_push(directory: Path, into: Path) -> Upload:
    """Write the kept records of an artefact `instructions` that may leave the machine, and its data card.

    Args:
        directory: the artefact.
        into: an empty folder.

    Raises:
        UserError: it is no such artefact, or all of its records must stay.
    """
    kept = directory / "records" / KEPT
    if not kept.is_file() or not (directory / CARD).is_file():
        raise UserError(f"{directory}: no records of filter.py (records/{KEPT} and {CARD})")
    sent = local = 0
    with (into / KEPT).open("wb") as stream:
        for row in Lines(kept):
            if row.get("egress", "any") != "any":
                local += 1
                continue
            sent += 1
            stream.write(to_line({name: value for name, value in row.items() if name not in _OF_PEOPLE}))
    if not sent:
        raise UserError(f"{kept}: no record that may leave the machine ({local:,} are marked local)")
    title, _, rest = (directory / CARD).read_text("utf-8").partition("\n")
    note = f"\n> {local:,} of these records must not leave their house: they are counted here and are not there.\n"
    (into / CARD).write_text(f"{HEAD}{title}\n{note if local else ''}{rest}", "utf-8")
    marked = [f"{local:,} records marked `egress: local`"] if local else []
    return Upload(kind="dataset", folder=into, left_out=(*marked, "rejected records, the funnel's page, pairs"))


def push_records(directory: Path, target: str) -> None:
    """Send them to a hub, private.

    Raises:
        UserError: see `records_to_push` and `send`.
    """
    with TemporaryDirectory(prefix="hypnos-push-") as temporary:
        send(records_to_push(directory, Path(temporary)), target, public=False)
