"""Talks with a trained stage, to try it: `python -m hypnos.chat <directory>`. Research only; not for clinical use.

python -m hypnos.chat artefacts/models/anesthesia-...
python -m hypnos.chat <directory of an adapter>               on its base, as the adapter names it
python -m hypnos.chat <directory> --prompt 什么是恶性高热？     one answer, then the end
python -m hypnos.chat <directory> <directory> --web           a page: both side by side, doses and drugs marked
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hypnos.benchmark.answerers.prompt_form import render_template
from hypnos.chat.model import load, pieces
from hypnos.errors import UserError, one_line
from hypnos.reasoning import cut_thinking, leaves_open

RESET = "/reset"
"""Typed instead of a question, it begins a new conversation."""

ROOT = Path(__file__).parents[2]


def answer(model: Any, tokenizer: Any, messages: list[dict[str, str]], *, max_new_tokens: int) -> str:
    """Say the next turn, piece by piece on standard output, greedily.

    Returns:
        The whole turn.
    """
    turn = ""
    for piece in pieces(model, tokenizer, messages, max_new_tokens=max_new_tokens):
        print(piece, end="", flush=True)
        turn += piece
    print()
    return turn


def questions() -> Iterator[str]:
    """What the user types, line by line, until the end of input."""
    while True:
        try:
            yield input("问：").strip()
        except EOFError:
            return


def talk(directory: Path, prompt: str | None, *, max_new_tokens: int) -> None:
    """Answer one prompt, or talk until the input ends.

    Raises:
        UserError: the one prompt cannot be answered; in a talk it is said, and the next question may be another.
    """
    model, tokenizer = load(directory)
    messages: list[dict[str, str]] = []
    for question in [prompt] if prompt else questions():
        if question == RESET:
            messages = []
        elif question:
            asked = [*messages, {"role": "user", "content": question}]
            try:
                reply = answer(model, tokenizer, asked, max_new_tokens=max_new_tokens)
            except UserError as error:
                if prompt:
                    raise
                print(f"error: {error}{f'; {RESET} begins anew' if messages else ''}", file=sys.stderr)
                continue
            # As in training: earlier thoughts are not seen again, and a turn without an answer is left out.
            said, _ = cut_thinking(reply, opened=leaves_open(render_template(tokenizer, asked)))
            messages = [*asked, {"role": "assistant", "content": said}] if said else messages


def show(directories: Sequence[Path], specialty: str, *, max_new_tokens: int, port: int | None) -> None:
    """Serve a page with a column for each directory."""
    from hypnos.chat.marked_text import MarkedText
    from hypnos.chat.page import load_gradio, make_page, serve
    from hypnos.specialty.drugs import read_windows
    from hypnos.specialty.folder import find_specialty

    load_gradio()  # before minutes of loading
    marked = MarkedText(read_windows(find_specialty(specialty, ROOT) / "doses.yaml"))
    names = [directory.resolve().name for directory in directories]
    if len(set(names)) < len(names):
        names = [str(directory) for directory in directories]
    models = {name: load(directory) for name, directory in zip(names, directories, strict=True)}
    serve(make_page(models, marked, max_new_tokens=max_new_tokens), port=port)


def main(arguments: list[str] | None = None) -> None:
    """Talk in the terminal, or serve a page."""
    parser = argparse.ArgumentParser(prog="python -m hypnos.chat", description="Talk with a stage.")
    parser.add_argument("directory", type=Path, nargs="+", help="of a stage, any Hugging Face model, or an adapter")
    parser.add_argument("--prompt", help="answer this and end")
    parser.add_argument("--max-new-tokens", type=int, default=512, help="of one answer")
    parser.add_argument("--web", action="store_true", help="a page on this machine, with a column for each directory")
    parser.add_argument("--port", type=int, help="of the page; by default one from 7860 on that is free")
    parser.add_argument("--specialty", default="anesthesia", help="whose drugs and doses the page marks")
    options = parser.parse_args(arguments)
    with one_line(reraise=False):
        if options.max_new_tokens < 1:
            raise UserError(f"--max-new-tokens {options.max_new_tokens}: an answer has at least one")
        if options.web:
            show(options.directory, options.specialty, max_new_tokens=options.max_new_tokens, port=options.port)
        elif len(options.directory) > 1:
            raise UserError("several directories: side by side they are shown on a page (--web)")
        else:
            talk(options.directory[0], options.prompt, max_new_tokens=options.max_new_tokens)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    main()
