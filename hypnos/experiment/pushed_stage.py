"""Lists what of a stage goes to a hub: what loads it, and its card without paths of this machine."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypnos.artefacts.hub import name_of_snapshot
from hypnos.artefacts.model_folder import STAGE, read_json, tokenizer_files
from hypnos.artefacts.upload import Upload, send
from hypnos.errors import UserError

CARD = "README.md"
CONFIGS = ("config.json", "generation_config.json")


def stage_to_push(directory: Path, into: Path) -> Upload:
    """Gather weights, config, tokenizer and card of a stage; `stage.json`, which tells of this machine, stays.

    Args:
        directory: the stage.
        into: an empty folder.

    Raises:
        UserError: the folder is no stage of train.py.
    """
    if not (directory / STAGE).is_file() or not (directory / "config.json").is_file():
        raise UserError(f"{directory}: no stage of train.py ({STAGE} and config.json)")
    weights = [*directory.glob("*.safetensors"), *directory.glob("*.safetensors.index.json")]
    configs = [file for name in CONFIGS if (file := directory / name).is_file()]
    for file in (*weights, *configs, *tokenizer_files(directory)):
        (into / file.name).symlink_to(file.resolve())
    card = (directory / CARD).read_text("utf-8")
    base = str(read_json(directory / STAGE).get("base") or "")
    if Path(base).is_absolute():
        card = card.replace(base, name_of_snapshot(Path(base)) or Path(base).name)
    (into / CARD).write_text(card, "utf-8")
    adapter = ["the adapter beside it"] if (directory / "adapter").is_dir() else []
    return Upload(kind="model", folder=into, left_out=(f"{STAGE}, which names paths of this machine", *adapter))


def push_stage(directory: Path, target: str) -> None:
    """Send it to a hub, private.

    Raises:
        UserError: see `stage_to_push` and `send`.
    """
    with TemporaryDirectory(prefix="hypnos-push-") as temporary:
        send(stage_to_push(directory, Path(temporary)), target, public=False)
