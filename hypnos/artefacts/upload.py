"""Sends files to the Hugging Face hub or to ModelScope, private unless it is said otherwise."""

import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.artefacts.hub import HUB, MODELSCOPE, Kind, bare_name, first_line, open_modelscope
from hypnos.errors import UserError

log = logging.getLogger(__name__)

_TARGET = re.compile(r"(?:hub|ms):[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What is sent.

    Attributes:
        kind: a model or a set of data.
        folder: holds it and nothing else; large files are links.
        left_out: what does not go, said for people.
    """

    kind: Kind
    folder: Path
    left_out: tuple[str, ...] = ()

    def describe(self, target: str, *, public: bool) -> str:
        """What would go where, a line each."""
        there = "Hugging Face" if target.startswith(HUB) else "ModelScope"
        sizes = {str(file.relative_to(self.folder)): file.stat().st_size for file in self.folder.rglob("*")}
        lines = [f"{target} ({there}, {self.kind}, {'public' if public else 'private'})"]
        lines += [f"  {size:>15,}  {name}" for name, size in sorted(sizes.items())]
        lines += [f"  not sent: {what}" for what in self.left_out]
        return "\n".join(lines)


def check_target(target: str, where: str) -> None:
    """Check a name to push to.

    Raises:
        UserError: it is no `hub:owner/name` or `ms:owner/name`.
    """
    if not _TARGET.fullmatch(target):
        raise UserError(f"{where}: {target}: must be hub:owner/name or ms:owner/name")


def send(upload: Upload, target: str, *, public: bool) -> None:
    """Send files as one commit; the repository is made where there is none.

    Args:
        upload: what.
        target: `hub:owner/name` or `ms:owner/name`.
        public: whether the repository may be read by everybody.

    Raises:
        UserError: the hub refuses, the library is not installed, or a repository that is there is public and `public`
            is not set: then nothing is sent.
    """
    check_target(target, "push")
    name = bare_name(target)
    push = _push_modelscope if target.startswith(MODELSCOPE) else _push_hub
    try:
        push(upload.folder, name, upload.kind, public)
    except UserError:
        raise
    except Exception as error:  # of the library, of its HTTP client or of the system, without a common type
        raise UserError(f"push {target}: {first_line(error)}") from None
    log.info("pushed: %s", target)


def _push_hub(folder: Path, name: str, kind: Kind, public: bool) -> None:
    from huggingface_hub import HfApi

    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    if api.repo_exists(name, repo_type=kind):
        _check_private(f"{HUB}{name}", not api.repo_info(name, repo_type=kind).private, public)
    else:
        api.create_repo(name, repo_type=kind, private=not public)
    api.upload_folder(folder_path=folder, repo_id=name, repo_type=kind, commit_message="Pushed by Hypnos")


def _push_modelscope(folder: Path, name: str, kind: Kind, public: bool) -> None:
    api: Any = open_modelscope(f"push {MODELSCOPE}{name}:")
    if api.repo_exists(name, kind):
        _check_private(f"{MODELSCOPE}{name}", not _is_private(api.get_repo(name, kind)), public)
    else:
        api.create_repo(name, kind, visibility="public" if public else "private")
    api.upload_folder(name, kind, folder, commit_message="Pushed by Hypnos", use_cache=False, disable_tqdm=True)


def _is_private(info: Any) -> bool:
    """Whether ModelScope says that a repository is private; what it does not say counts as public."""
    return getattr(info, "private", None) is True or getattr(info, "visibility", None) == 1


def _check_private(target: str, there_public: bool, public: bool) -> None:
    if there_public and not public:
        raise UserError(
            f"push {target}: everybody can read what is there, and the push is private: nothing was sent (make it"
            " private there, choose another name, or say that it may be public)"
        )
