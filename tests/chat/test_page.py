"""The page as a user has it, in Chromium; skipped where gradio or Chromium is absent."""

import builtins
import time
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from hypnos.chat.marked_text import MarkedText
from hypnos.chat.model import pieces
from hypnos.chat.page import answers_side_by_side, load_gradio, make_page, serve
from hypnos.errors import UserError
from hypnos.specialty.drugs import read_windows

DRUGS = Path(__file__).parents[2] / "specialty/anesthesia/doses.yaml"
QUESTION = "丙泊酚的剂量？"


@pytest.fixture(scope="module")
def model(directory):
    return AutoModelForCausalLM.from_pretrained(directory).eval(), AutoTokenizer.from_pretrained(directory)


def alone(model, tokens: int) -> str:
    return "".join(pieces(*model, [{"role": "user", "content": QUESTION}], max_new_tokens=tokens))


def test_models_are_asked_the_same_and_each_failure_stays_in_its_column(model):
    broken = (object(), model[1])
    slowly = model[0].register_forward_pre_hook(lambda *_: time.sleep(0.1))  # else all may be said before one looks
    *between, last = answers_side_by_side({"a": model, "b": broken}, QUESTION, max_new_tokens=12)
    slowly.remove()
    assert last["a"] == (alone(model, 12), True)
    assert last["b"][1] and "[error: " in last["b"][0]
    assert any(0 < len(step["a"][0]) < len(last["a"][0]) for step in between)


def test_without_the_library_it_is_one_line(monkeypatch):
    whole = builtins.__import__

    def without(name, *rest, **more):
        if name == "gradio":
            raise ImportError(name)
        return whole(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"--web needs a library: pip install -e '\.\[web\]'"):
        load_gradio()


@pytest.mark.slow
def test_the_page_in_chromium(model, chromium, monkeypatch):
    pytest.importorskip("gradio")
    dosed = "丙泊酚 2 mg/kg，罗库溴铵 60 mg/kg。<b>"

    def say(network, tokenizer, turns, *, max_new_tokens):
        for sign in dosed:  # another model's words, slowly enough to be seen as they come
            time.sleep(0.05)
            yield sign

    real = pieces
    monkeypatch.setattr(
        "hypnos.chat.page.pieces",
        lambda network, *rest, **more: (say if network is None else real)(network, *rest, **more),
    )
    page = make_page({"stage-a": model, "stage-b": (None, None)}, MarkedText(read_windows(DRUGS)), max_new_tokens=16)
    address = serve(page, port=None, wait=False)
    try:
        window = chromium.new_page(viewport={"width": 1200, "height": 900})
        asked_elsewhere: list[str] = []
        window.on("request", lambda one: None if "127.0.0.1" in one.url else asked_elsewhere.append(one.url))
        window.goto(address)
        window.wait_for_selector("#question textarea")
        assert "仅供研究" in window.inner_text("#notice") and "not for clinical use" in window.inner_text("#notice")
        assert [text for text in ("stage-a", "stage-b") if text in window.inner_text("body")] == ["stage-a", "stage-b"]
        window.fill("#question textarea", QUESTION)
        window.click("#ask button, button#ask")
        window.wait_for_function("document.querySelector('#answer-1 .answer').innerText.includes('丙泊酚')")
        assert dosed not in window.inner_text("#answer-1")  # streamed: it stands there before it is whole
        window.wait_for_function(
            "!document.querySelector('#answer-0 .writing') && !document.querySelector('#answer-1 .writing')"
        )
        assert window.inner_text("#answer-1 .answer") == dosed
        shown = window.eval_on_selector_all("#answer-1 mark", "marks => marks.map(m => [m.className, m.innerText])")
        assert shown[1:] == [["dose-ok", "2 mg/kg"], ["drug", "罗库溴铵"], ["dose-fault", "60 mg/kg"]]
        assert window.inner_text("#answer-0 .answer").split() == alone(model, 16).split()
        assert not [url for url in asked_elsewhere if url.startswith("http")]
    finally:
        page.close()
