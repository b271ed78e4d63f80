"""Words of a command line, held against Hydra's own grammar: what it reads after quoting is what the user typed."""

import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from hypnos.commands import name_files, quote
from hypnos.override_words import quote_text, split_at_commas, unquote

ROOT = Path(__file__).parents[1]
PARSER = OverridesParser.create()


def read(word: str, *flags: str):
    value = PARSER.parse_override(quote("train.py", [*flags, word])[-1]).value()
    return [getattr(part, "text", part) for part in value.list] if hasattr(value, "list") else value


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("/data/麻醉.jsonl", "/data/麻醉.jsonl"),
        ("hub:owner/name@config#split", "hub:owner/name@config#split"),
        ("/data/my file (1)=2.jsonl", "/data/my file (1)=2.jsonl"),
        ("/data/it's 麻醉.jsonl", "/data/it's 麻醉.jsonl"),
        ("'/data/麻醉.jsonl'", "/data/麻醉.jsonl"),
        ('"/data/麻醉.jsonl"', "/data/麻醉.jsonl"),
        ("D:\\数据\\", "D:\\数据\\"),
        ("[/data/模型,answers:回答.jsonl,3]", ["/data/模型", "answers:回答.jsonl", 3]),
        ("['甲,乙',丙]", ["甲,乙", "丙"]),
        ("[[甲,乙],{name: 丙 丁}]", [["甲", "乙"], {"name": "丙 丁"}]),
        ("{name: 甲, number: 2}", {"name": "甲", "number": 2}),
        ("什么是恶性高热？,是", "什么是恶性高热？,是"),
        ("choice(甲,乙)", ["甲", "乙"]),
        ("${paths.root}/麻醉", "${paths.root}/麻醉"),
        ("1e-5", 1e-5),
        ("null", None),
    ],
)
def test_hydra_reads_what_was_typed(typed, value):
    assert read(f"a.b={typed}") == value
    assert read(f"+a.b={typed}") == value


def test_in_a_sweep_commas_part_values():
    assert read("a=/data/甲.jsonl,/data/乙.jsonl", "-m") == ["/data/甲.jsonl", "/data/乙.jsonl"]
    assert quote("train.py", ["--multirun", "a=[甲,乙],[丙]"])[-1] == "a=['甲','乙'],['丙']"
    assert read("a=/data/甲.jsonl,乙") == "/data/甲.jsonl,乙"


def test_what_the_grammar_takes_stays_as_it_is():
    words = ["-m", "a=1,2", "b=/x y", "--config-dir", "/data/麻", "~c", "d='a'", "tasks=[anecq]"]
    assert quote("train.py", words) == words


@pytest.mark.parametrize("word", ["sources.麻醉.path=x", "麻醉", "a=[甲"])
def test_what_cannot_be_quoted_ends_in_one_line(capsys, word):
    if word == "a=[甲":  # an open bracket is text
        assert read(word) == "[甲"
        return
    with pytest.raises(SystemExit) as ended:
        quote("train.py", [word])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: train.py: cannot read {word}: ") and "key=\"'...'\"" in line


@pytest.mark.parametrize("text", ["a", "it's", "a\\'b", "end\\", "'", "麻 醉", 'say "x"', "\\\\"])
def test_quoted_text_is_read_back_by_hydra_and_by_us(text):
    assert PARSER.parse_override(f"a={quote_text(text)}").value() == text
    assert unquote(quote_text(text)) == text


def test_an_input_is_the_same_with_quotes_and_without():
    for word in ("input=/data/麻醉.jsonl", "input='/data/麻醉.jsonl'", 'input="/data/麻醉.jsonl"'):
        assert name_files([word]) == ["input=files", "input.path='/data/麻醉.jsonl'"]
    assert name_files(["input=generate"]) == ["input=generate"]


def test_commas_within_brackets_and_quotes_part_nothing():
    assert list(split_at_commas("a,[b,c],'d,e',it's,{f: 'g,h'}")) == ["a", "[b,c]", "'d,e'", "it's", "{f: 'g,h'}"]


@pytest.mark.parametrize(
    ("script", "word", "shown"),
    [
        ("train.py", "sources.anesthesia.path=/data/麻醉 1.jsonl", "path: /data/麻醉 1.jsonl"),
        ("filter.py", "input=/data/麻醉#1.jsonl", "path: /data/麻醉#1.jsonl"),
        ("evaluate.py", "models=[/data/模型,hub:owner/name#split]", "- /data/模型\n- hub:owner/name#split"),
    ],
)
def test_all_three_scripts_take_chinese_blanks_and_signs(script, word, shown):
    done = subprocess.run(
        [sys.executable, str(ROOT / script), word, "--cfg", "job"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout
