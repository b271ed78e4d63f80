"""What the documentation site is made of: knobs as Hydra composes them, comments, doors; the site is built by make docs."""

import re

import pytest
import yaml

from manual.doors import ROOT, arguments, options, others_import, rooms
from manual.knobs import CONF, UNSHOWN, Knob, command_groups, command_knobs, file_knobs, header
from manual.pages import MODULES, SCRIPTS, generated_pages


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return generated_pages()


@pytest.fixture(scope="module")
def knobs() -> dict[str, Knob]:
    return {knob.path: knob for knob in command_knobs("filter")}


def test_defaults_are_those_that_hydra_composes_and_comments_say_what_they_do(knobs, compose):
    composed = compose("filter", [], complete=False)
    assert knobs["workers"].default == str(composed["workers"]) == "0"
    assert knobs["workers"].meaning.startswith("who work for the steps that ask no model")
    odds = knobs["step.clean.rules.truncated.odds"]
    assert (odds.default, odds.file) == (str(composed["step"]["clean"]["rules"]["truncated"]["odds"]), "step/clean")
    assert odds.meaning.startswith("log odds that a sentence ends there")
    # A choice that puts itself elsewhere, and one that another file was merged onto.
    assert knobs["tasks.anecq.shots.number"].file == "tasks/anecq"
    assert knobs["authors.second.name"].file == "llm/recorded_second"
    # Each value is a knob of its own, or comes with a table that is taken from elsewhere whole.
    leaves = {path for path, _ in _leaves(composed) if path.rpartition(".")[2] not in UNSHOWN}
    assert not [path for path in leaves if not any(f"{path}.".startswith(f"{knob}.") for knob in knobs)]


def _leaves(values, before=""):
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def test_a_knob_without_a_comment_says_what_its_constructor_says():
    assert arguments("hypnos.llm.client.Client")["journal"]
    assert arguments("torch.optim.AdamW") == arguments("hypnos.nowhere.Nobody") == {}
    by_path = {knob.path: knob for knob in file_knobs(CONF / "answerer/folder.yaml")}
    assert "adapter" in by_path["base"].meaning and "batch" in by_path["rows"].meaning


def test_most_knobs_have_words(knobs):
    silent = [knob.path for knob in knobs.values() if not knob.meaning]
    assert len(silent) < len(knobs) / 10


def test_every_file_of_conf_has_its_place(pages):
    for file in CONF.rglob("*.yaml"):
        if file.parent != CONF:
            folder, *rest = file.relative_to(CONF).with_suffix("").parts
            assert f"\n## {'/'.join(rest)}\n" in pages[f"configuration/{folder}.md"]
    assert {f"commands/{name}.md" for name in (*SCRIPTS, *MODULES)} <= pages.keys()


def test_every_door_of_a_room_is_on_its_page(pages):
    assert {"llm", "curation", "report"} <= set(rooms())
    for room in rooms():
        for module, name in others_import(room):
            whole = f"hypnos.{room}.{module}.{name}"
            assert f"\n::: {whole}\n" in pages[f"rooms/{room}.md"] or f"`{whole}`" in pages[f"rooms/{room}.md"]


def test_choices_and_options_are_those_of_the_commands(pages):
    groups = {group.override: group for group in command_groups("evaluate")}
    assert groups["engine"].choice is None and groups["answerer@entries.folder"].folder == "answerer"
    assert {"--gguf", "--ollama"} <= {option.name for option in options("export")}
    assert "| `--web` |" in pages["commands/chat.md"]
    assert header(CONF / "evaluate.yaml").splitlines()[0] in pages["commands/evaluate.md"]


def test_every_page_of_docs_has_its_place_in_the_navigation():
    class Loader(yaml.SafeLoader):
        """Reads what mkdocs imports by a tag of its own as nothing."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)
    nav = yaml.load((ROOT / "manual/mkdocs.yml").read_text("utf-8"), Loader)["nav"]

    def files(entries):
        for entry in entries:
            yield from [entry] if isinstance(entry, str) else (file for part in entry.values() for file in files(part))

    named = sorted(files(nav))
    # A page with a Chinese sister is named once.
    assert named == sorted(file.name for file in (ROOT / "docs").glob("*.md") if not file.name.endswith(".zh.md"))


def test_every_command_that_docs_name_has_its_page_and_its_options_have_words(pages):
    texts = [file.read_text("utf-8") for file in [*(ROOT / "docs").glob("*.md"), *ROOT.glob("README*.md")]]
    named = {name for text in texts for name in re.findall(r"python -m hypnos\.([\w.]*\w)", text)}
    assert {"push", "llm.journal.export"} <= set(MODULES)
    assert {name for name in named if not name.startswith("sample.")} <= set(MODULES)
    for name in MODULES:
        assert f"```bash\npython -m hypnos.{name} " in pages[f"commands/{name}.md"]
        assert all(option.meaning for option in options(name)), name
