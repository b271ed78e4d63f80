import json

import pytest

from hypnos.benchmark.answerers.lineup import line_up, newest_stages
from hypnos.errors import UserError


def test_entries_become_folders_files_and_chats(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "b.jsonl").write_text("{}", "utf-8")
    built = []

    def build(config):
        built.append(config)
        return type("Made", (), {"name": str(len(built))})

    monkeypatch.setattr("hypnos.benchmark.answerers.api_model.key_variable", lambda model: "X_KEY")
    entries = {"folder": {"kind": "folder"}, "answers": {"kind": "answers"}, "chat": {"chat": {"kind": "chat"}}}
    entries["gguf"] = {"kind": "gguf"}
    models = [
        str(tmp_path / "a"),
        "hub:x/y",
        f"answers:{tmp_path}/b.jsonl",
        "openai/gpt-4o",
        "./gone",
        "gguf:m/x-q8_0.gguf",
    ]
    line_up(models, {"mine": {"path": "p"}}, entries=entries, build=build, outputs=tmp_path)
    assert built[0] == {"kind": "folder", "path": str(tmp_path / "a"), "name": "a"}
    assert built[1] == {"kind": "folder", "path": "hub:x/y", "name": "y"}
    assert built[2] == {"kind": "answers", "path": f"{tmp_path}/b.jsonl", "name": "b"}
    chat = {"kind": "chat", "name": "openai/gpt-4o", "model": "openai/gpt-4o", "key_variable": "X_KEY"}
    assert built[3] == {"chat": chat}
    assert built[4] == {"kind": "folder", "path": "./gone", "name": "gone"}
    assert built[5] == {"kind": "gguf", "path": "m/x-q8_0.gguf", "name": "x-q8_0"}
    assert built[6] == {"name": "mine", "path": "p"}


def test_a_model_that_stands_twice_is_named(tmp_path):
    entries = {"folder": {}, "answers": {}, "chat": {}}
    for twice in ([".", "./."], ["hub:a/b", "hub:a/b"]):
        with pytest.raises(UserError, match=r"models: .+ is there twice"):
            line_up(twice, {}, entries=entries, build=lambda c: type("M", (), {"name": c["name"]}), outputs=tmp_path)


def test_two_models_never_write_over_each_others_answers(tmp_path):
    def build(config):
        return type("Made", (), {"name": config["name"]})

    baselines = {"openai_gpt": {}, "openai/gpt": {}}
    with pytest.raises(UserError, match="answers of openai_gpt and openai/gpt would lie in one folder, openai_gpt"):
        line_up([], baselines, entries={}, build=build, outputs=tmp_path)
    assert len(line_up([], {"openai/gpt": {}, "openai-gpt": {}}, entries={}, build=build, outputs=tmp_path)) == 2


def test_the_newest_run_of_training_takes_part_when_nobody_is_named(tmp_path):
    with pytest.raises(UserError, match=r"models: none given, and no run of train\.py left results\.json"):
        newest_stages(tmp_path)
    (tmp_path / "stage").mkdir()
    for run, name in (("1", "old"), ("2", "new")):
        folder = tmp_path / "e" / run
        folder.mkdir(parents=True)
        rows = [{"name": "base", "directory": None}, {"name": name, "directory": str(tmp_path / "stage")}]
        (folder / "results.json").write_text(json.dumps(rows), "utf-8")
    import os

    os.utime(tmp_path / "e" / "1" / "results.json", (1, 1))
    assert newest_stages(tmp_path) == [{"name": "new", "path": str(tmp_path / "stage")}]
    (tmp_path / "stage").rmdir()
    with pytest.raises(UserError, match=r"stage, the stage new, is not there"):
        newest_stages(tmp_path)
