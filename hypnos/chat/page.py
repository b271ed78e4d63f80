"""A page on this machine with one column a model: one question, all answers as they are written."""

import queue
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from hypnos.chat.marked_text import STYLE, MarkedText, legend
from hypnos.chat.model import pieces
from hypnos.errors import UserError

NOTICE = (
    "### 仅供研究，不可用于临床 · Research only, not for clinical use\n"
    "模型可能言之凿凿地给出错误剂量；标记只比对参考范围，不是审核。"
    "A model can state wrong doses with confidence; the marks compare with usual ranges and are no review."
)
"""Stands on top of the page."""

HOST = "127.0.0.1"


def answers_side_by_side(
    models: Mapping[str, tuple[Any, Any]], question: str, *, max_new_tokens: int
) -> Iterator[dict[str, tuple[str, bool]]]:
    """What each model has said so far, and whether it has ended, each time that one says more.

    Args:
        models: model and tokenizer by name.
        question: asked of all, each in a conversation of its own.
        max_new_tokens: of one answer.
    """
    so_far = dict.fromkeys(models, ("", False))
    news: queue.SimpleQueue[tuple[str, str | Exception | None]] = queue.SimpleQueue()
    gone = threading.Event()

    def listen(name: str) -> None:
        turns = [{"role": "user", "content": question}]
        try:
            for piece in pieces(*models[name], turns, max_new_tokens=max_new_tokens):
                if gone.is_set():
                    return
                news.put((name, piece))
            news.put((name, None))
        except Exception as error:  # shown in the model's own column
            news.put((name, error))

    for name in models:
        threading.Thread(target=listen, args=(name,), daemon=True).start()
    try:
        while not all(ended for _, ended in so_far.values()):
            for name, piece in _waiting(news):
                text, _ = so_far[name]
                if isinstance(piece, Exception):
                    so_far[name] = (f"{text}\n[error: {piece}]", True)
                else:
                    so_far[name] = (text + (piece or ""), piece is None)
            yield dict(so_far)
    finally:
        gone.set()


def _waiting(news: "queue.SimpleQueue[Any]") -> Iterator[Any]:
    """What has come, once there is any: a page that is slower than its models skips steps between."""
    yield news.get()
    while not news.empty():
        yield news.get()


def make_page(models: Mapping[str, tuple[Any, Any]], marked: MarkedText, *, max_new_tokens: int) -> Any:
    """The page, which is not served yet.

    Raises:
        UserError: gradio is not installed.
    """
    gradio = load_gradio()
    with gradio.Blocks(title="Hypnos", analytics_enabled=False) as page:
        gradio.Markdown(NOTICE, elem_id="notice")
        question = gradio.Textbox(label="问题 Question", lines=2, elem_id="question", autofocus=True)
        with gradio.Row():
            ask = gradio.Button("提问 Ask", variant="primary", elem_id="ask")
            stop = gradio.Button("停止 Stop", elem_id="stop")
        with gradio.Row():
            columns = []
            for number, name in enumerate(models):
                with gradio.Column(min_width=280):
                    gradio.Markdown(f"**{name}**")
                    columns.append(gradio.HTML(marked.html("", ended=True), elem_id=f"answer-{number}"))
        gradio.HTML(legend())

        def respond(text: str) -> Iterator[list[str]]:
            if text.strip():
                for answers in answers_side_by_side(models, text.strip(), max_new_tokens=max_new_tokens):
                    yield [marked.html(answer, ended=ended) for answer, ended in answers.values()]

        asked = [event(respond, question, columns) for event in (ask.click, question.submit)]
        stop.click(None, cancels=asked)
    return page


def serve(page: Any, *, port: int | None, wait: bool = True) -> str:
    """Serve a page on this machine alone, until Ctrl-C; without `wait`, return its address at once.

    Raises:
        UserError: the port is taken.
    """
    gradio = load_gradio()
    theme = gradio.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"])  # none from an address
    try:
        _, address, _ = page.queue(default_concurrency_limit=1).launch(
            server_name=HOST,
            server_port=port,
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            theme=theme,
            css=STYLE,
        )
    except OSError as error:
        raise UserError(f"--port {port}: {error}") from error
    if wait:
        print(f"{address} (Ctrl-C ends it)", flush=True)
        page.block_thread()
    return str(address)


def load_gradio() -> Any:
    """The library that pages are made with.

    Raises:
        UserError: it is not installed.
    """
    import os

    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    try:
        import gradio
    except ImportError as error:
        raise UserError("--web needs a library: pip install -e '.[web]'") from error
    return gradio
