"""Sends kept records or a stage to a hub: `python -m hypnos.push <folder> hub:owner/name`.

python -m hypnos.push artefacts/instructions-... hub:owner/name --dry-run    what would go
python -m hypnos.push artefacts/models/anesthesia-... ms:owner/name          private; --public for everybody
"""

import argparse
import logging
from pathlib import Path
from tempfile import TemporaryDirectory

from hypnos.errors import UserError, one_line


def push(folder: Path, target: str, *, public: bool, dry_run: bool) -> None:
    """Send a folder, or say what would be sent.

    Raises:
        UserError: the folder holds neither, the name is none, or the hub refuses.
    """
    from hypnos.artefacts.model_folder import STAGE
    from hypnos.artefacts.upload import check_target, send

    check_target(target, "push")
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    if (folder / STAGE).is_file():
        from hypnos.experiment.pushed_stage import stage_to_push as gather
    else:
        from hypnos.curation.pushed_records import records_to_push as gather
    with TemporaryDirectory(prefix="hypnos-push-") as temporary:
        upload = gather(folder, Path(temporary))
        print(upload.describe(target, public=public))
        if not dry_run:
            send(upload, target, public=public)


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, and push what it names."""
    parser = argparse.ArgumentParser(prog="python -m hypnos.push", description="Send records or a stage to a hub.")
    parser.add_argument("folder", type=Path, help="instructions-... of filter.py, or a stage of train.py")
    parser.add_argument("target", help="hub:owner/name (Hugging Face) or ms:owner/name (ModelScope)")
    parser.add_argument("--public", action="store_true", help="for everybody to read; without it: private")
    parser.add_argument("--dry-run", action="store_true", help="list what would go, and send nothing")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with one_line(reraise=False):
        push(options.folder, options.target, public=options.public, dry_run=options.dry_run)


if __name__ == "__main__":
    main()
