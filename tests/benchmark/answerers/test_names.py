"""A model is called what the user called it, by as little as tells it from the others."""

from hypnos.benchmark.answerers.names import name_entries


def test_the_end_of_a_path_or_of_a_hubs_name_is_enough():
    assert name_entries(["hub:Qwen/Qwen2.5-7B-Instruct", "models/a", "answers:x/gpt4.jsonl"]) == [
        *("Qwen2.5-7B-Instruct", "a", "gpt4")
    ]


def test_equal_ends_take_as_much_as_tells_them_apart_and_no_more():
    entries = ["run1/final", "run2/final", "run2/best", "hub:a/final", "answers:x/best.jsonl"]
    assert name_entries(entries) == ["run1/final", "run2/final", "run2/best", "a/final", "x/best"]
    assert name_entries(["/a/x/final", "/b/x/final"]) == ["a/x/final", "b/x/final"]


def test_a_name_that_a_baseline_has_is_not_given_again():
    assert name_entries(["models/qwen"], taken=["qwen"]) == ["models/qwen"]


def test_a_snapshot_in_the_hubs_cache_is_called_as_the_hub_calls_it():
    cache = "/cache/models--Qwen--Qwen2.5-7B/snapshots"
    assert name_entries([f"{cache}/0a1b2c", "models/a"]) == ["Qwen2.5-7B", "a"]
    assert name_entries([f"{cache}/0a1b2c", "models/Qwen2.5-7B"]) == ["Qwen/Qwen2.5-7B", "models/Qwen2.5-7B"]


def test_the_same_entry_twice_cannot_be_told_apart():
    assert name_entries(["hub:a/b", "hub:a/b"]) == ["b", "b"]
    first, second = name_entries(["/a/b", "/a/./b"])
    assert first == second == "a/b"


def test_a_link_keeps_its_name_and_an_adapter_that_of_its_stage(tmp_path):
    (tmp_path / "stage-1f" / "adapter").mkdir(parents=True)
    (tmp_path / "stage-1f" / "adapter" / "adapter_config.json").write_text("{}")
    (tmp_path / "latest").symlink_to(tmp_path / "stage-1f")
    assert name_entries([str(tmp_path / "latest")]) == ["latest"]
    assert name_entries([str(tmp_path / "stage-1f" / "adapter")]) == ["stage-1f/adapter"]
