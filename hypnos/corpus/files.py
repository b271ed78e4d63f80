"""Streams the rows of files, folders, addresses of a storage and sets of a hub, each with where it stands."""

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from hypnos.artefacts.hub import MODELSCOPE, bare_name, fetch_modelscope, on_hub
from hypnos.artefacts.keys import file_key, visible_files
from hypnos.corpus.formats import READERS, FileRow, Malformed, has_reader, read_file
from hypnos.corpus.storage.connection import is_remote, local_path, shown_address
from hypnos.corpus.storage.fetch import fetched, remote_key
from hypnos.corpus.storage.remote_files import RemoteFile, list_remote
from hypnos.errors import UserError

log = logging.getLogger(__name__)

_ABOUT = re.compile(r"^(?:readme|licen[sc]e|checksums)|\.(?:md|ya?ml|png|jpe?g|html|css|js|log|lock)$", re.IGNORECASE)
"""Files that hold no records, but tell of them."""

JOINED = ("question.csv", "answer.csv")
"""A folder that holds both is read as cMedQA2 is published."""


def read_rows(path: str, *, encoding: str = "utf-8-sig") -> Iterator[FileRow]:
    """Stream the rows of a file, of a folder of files, or of a Hugging Face set.

    Args:
        path: a `.jsonl`, `.json` (array or lines), `.csv`, `.tsv` or `.parquet` file, text also as `.gz` or `.zst`, a
            `.pdf` or `.docx` whose pages are passages, a folder of such files, or `hub:name[@config][#split]`,
            or `ms:` before the name for ModelScope. Files and folders also as addresses of a storage
            (`s3://bucket/prefix`), each file of which lies in TMPDIR while it is read.
        encoding: of text files; `gb18030` for many older Chinese sets.

    Raises:
        UserError: nothing is there, the file is empty or of an unknown kind, or is not in this encoding; the storage
            does not give it, or gives another one than before.
    """
    if on_hub(path):
        yield from _read_hub(path)
    elif is_remote(path):
        files = _remote_files(path)
        joined = [file for file in files if file.below in JOINED]
        for few in [joined] if len(joined) == len(JOINED) else [[file] for file in files]:
            yield from _read_fetched(few, encoding)
    elif all((local_path(path) / name).is_file() for name in JOINED):
        yield from _join(local_path(path), encoding)
    else:
        for file in list_files(local_path(path)):
            yield from read_file(file, encoding)


def _read_fetched(files: Sequence[RemoteFile], encoding: str) -> Iterator[FileRow]:
    """Rows of copies; where they stand is said by the address."""
    address = files[0].folder
    with fetched(files) as folder:
        rows = _join(folder, encoding) if len(files) > 1 else read_file(folder / files[0].name, encoding)
        try:
            for where, row in rows:
                yield address + where.removeprefix(str(folder)), row
        except UserError as error:
            raise UserError(str(error).replace(str(folder), address)) from error


def path_key(path: str) -> str:
    """What stands for the content at a path in a key: of a set on a hub its name.

    Raises:
        UserError: nothing is there, or it cannot be read.
    """
    if on_hub(path):
        return path
    return remote_key(_remote_files(path)) if is_remote(path) else file_key(local_path(path))


def file_sizes(path: str) -> dict[str, int | None]:
    """Bytes of each file at a path; None where a storage does not say. A set on a hub has none.

    Raises:
        UserError: nothing that can be read is there.
    """
    if on_hub(path):
        return {}
    if is_remote(path):
        listed = list_remote(path)
        _tell_unread(shown_address(path), [file.name for file in listed])
        return {file.address: file.size for file in _known(path, listed)}
    folder = local_path(path)
    if folder.is_dir():
        _tell_unread(str(folder), [file.name for file in visible_files(folder)])
    return {str(file): file.stat().st_size for file in list_files(folder)}


def _tell_unread(folder: str, names: Sequence[str]) -> None:
    """Warn of files in a folder that are left out because nothing here reads their kind."""
    if others := sorted(name for name in names if not has_reader(Path(name)) and not _ABOUT.search(name)):
        log.warning("%s: files of other kinds are not read: %s", folder, ", ".join(others[:5]))


def _remote_files(address: str) -> list[RemoteFile]:
    """The files of a known kind at an address; as in a folder, those without a byte are left out beside others."""
    return _known(address, list_remote(address))


def _known(address: str, files: Sequence[RemoteFile]) -> list[RemoteFile]:
    known = [file for file in files if has_reader(Path(file.name))]
    if not known:
        shown = shown_address(address)
        raise UserError(f"{shown}: no file of a known kind ({', '.join(READERS)}) at this address")
    return [file for file in known if file.size != 0] or known


def _join(folder: Path, encoding: str) -> Iterator[FileRow]:
    """cMedQA2: answers in one file name their question in another; the questions are held in memory."""
    question_file, answer_file = (folder / name for name in JOINED)
    questions = {
        row["question_id"]: row["content"]
        for _, row in read_file(question_file, encoding)
        if isinstance(row, dict) and {"question_id", "content"} <= row.keys()
    }
    for where, row in read_file(answer_file, encoding):
        if isinstance(row, Malformed):
            yield where, row
        elif row.get("question_id") not in questions:
            yield where, Malformed(f"no question {row.get('question_id')} in {question_file.name}")
        else:
            pair = {"question": questions[row["question_id"]], "answer": row.get("content")}
            yield where, {**pair, "id": row.get("ans_id"), "group": row["question_id"]}


def list_files(path: Path) -> list[Path]:
    """The files a path stands for: itself, or the readable files below a folder in the order of their names.

    Beside others a file without a byte holds no rows, such as the rejected records of a run that rejected none.

    Raises:
        UserError: there are none.
    """
    if path.is_dir():
        files = [p for p in visible_files(path) if has_reader(p)]
        if not files:
            raise UserError(f"{path}: no file of a known kind ({', '.join(READERS)}) in this folder")
        return [file for file in files if file.stat().st_size] or files
    if not path.exists():
        raise UserError(f"{path}: no such file or folder (a set on a hub is named hub:owner/name or ms:owner/name)")
    return [path]


def _read_hub(path: str) -> Iterator[FileRow]:
    import datasets

    path, _, split = path.partition("#")
    path, _, config = path.partition("@")
    name = bare_name(path)
    if path.startswith(MODELSCOPE):  # its files, read as the hub's would be
        name = str(fetch_modelscope(name, "dataset", complaint=f"{path}:"))
    try:
        rows = datasets.load_dataset(name, config or None, split=split or "train", streaming=True)
        for number, row in enumerate(rows, 1):
            yield f"{path}#{number}", row
    except (OSError, ValueError, RuntimeError) as error:
        line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"{path}: cannot be read from the hub (HF_ENDPOINT sets a mirror): {line}") from error
