"""A specialty is a folder; a missing or wrong part is named in one line."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from hypnos.curation.generate.novelty import Novelty
from hypnos.errors import UserError
from hypnos.specialty.doses import find_doses, grade
from hypnos.specialty.folder import find_specialty, read_specialty

ROOT = Path(__file__).parents[2]
BUNDLED = sorted(folder.name for folder in (ROOT / "specialty").iterdir() if folder.is_dir())


@pytest.fixture
def folder(tmp_path) -> Path:
    return shutil.copytree(ROOT / "specialty" / "anesthesia", tmp_path / "anesthesia")


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_specialties_are_whole(name):
    specialty = read_specialty(ROOT / "specialty" / name)
    assert specialty.key == name
    assert [aspect.key for aspect in specialty.aspects if aspect.lower_is_better] == ["harmfulness"]
    assert len(specialty.aspects) == 5
    assert {probe["quality"] for probe in specialty.probes} == {"good", "bad"}
    assert any(probe["harmful"] for probe in specialty.probes)
    assert "$" not in specialty.fill("score_system")


def test_there_is_a_second_specialty():
    assert {"anesthesia", "dermatology"} <= set(BUNDLED)
    one, two = (read_specialty(ROOT / "specialty" / name) for name in ("anesthesia", "dermatology"))
    assert not {topic.key for topic in one.topics} & {topic.key for topic in two.topics}
    assert one.name != two.name


@pytest.mark.parametrize("name", BUNDLED)
def test_doses_of_seeds_and_good_probes_lie_inside_their_windows(name):
    specialty = read_specialty(ROOT / "specialty" / name)
    texts = [f"{seed.input}\n{seed.output}" for seed in specialty.seeds]
    texts += [probe["output"] for probe in specialty.probes if probe["quality"] == "good"]
    doses = [dose for text in texts for dose in find_doses(text, specialty.drugs)]
    assert doses
    assert [dose for dose in doses if grade(dose, slack=1) != "ok"] == []


@pytest.mark.parametrize("name", BUNDLED)
def test_no_seed_is_another_one_in_other_words(name):
    novelty = Novelty(threshold=0.7)
    for seed in read_specialty(ROOT / "specialty" / name).seeds:
        question = f"{seed.instruction}\n{seed.input}"
        assert novelty.nearest(question) is None
        novelty.add(seed.id, question)


@pytest.mark.parametrize(
    "part",
    [
        *("topics.yaml", "rubric.yaml", "names.yaml", "doses.yaml", "terms.txt", "seeds.jsonl", "probes.jsonl"),
        *("prompts/generate.txt", "prompts/score_system.txt", "prompts/documents.txt"),
    ],
)
def test_a_missing_part_is_named(folder, part):
    (folder / part).unlink()
    with pytest.raises(UserError, match=re.escape(part)) as caught:
        read_specialty(folder)
    assert "\n" not in str(caught.value)


def test_wrong_entries_are_named(folder):
    good = yaml.safe_load((folder / "topics.yaml").read_text("utf-8"))
    cases = [
        ({"topics": [{"key": "airway"}]}, "topics\\[0\\].*name"),
        ({"tasks": []}, "tasks: needs a list"),
        ({"difficulties": [{"key": "recall", "name": "记忆", "share": 0}]}, "every share is 0"),
        ({"difficulties": [{"key": "recall", "name": "记忆", "share": -1}]}, "share -1"),
        ({"exclude": [["airway", "knowledgee"]]}, "knowledgee is no key"),
        ({"exclude": [["airway", "obstetric"]]}, "same axis"),
        ({"exclude": ["airway"]}, "not a pair"),
        ({"audiences": [{"key": "airway", "name": "x"}]}, "two axes"),
    ]
    for values, message in cases:
        (folder / "topics.yaml").write_text(yaml.safe_dump({**good, **values}, allow_unicode=True), "utf-8")
        with pytest.raises(UserError, match=message):
            read_specialty(folder)


def test_a_seed_with_an_unknown_topic_is_named_with_its_line(folder):
    lines = (folder / "seeds.jsonl").read_text("utf-8").splitlines()
    (folder / "seeds.jsonl").write_text("\n".join([lines[0], lines[1].replace('"pharmacology"', '"farm"')]), "utf-8")
    with pytest.raises(UserError, match=r"seeds\.jsonl:2: topic 'farm'"):
        read_specialty(folder)


def test_a_task_with_a_quota_needs_a_seed(folder):
    lines = [line for line in (folder / "seeds.jsonl").read_text("utf-8").splitlines() if '"counselling"' not in line]
    (folder / "seeds.jsonl").write_text("\n".join(lines), "utf-8")
    with pytest.raises(UserError, match="no seed for the task counselling"):
        read_specialty(folder)


def test_a_place_that_nothing_fills_is_named(folder):
    (folder / "prompts" / "score.txt").write_text("评分 $drug", "utf-8")
    with pytest.raises(UserError, match=r"score\.txt: 'drug'.*\$code"):
        read_specialty(folder)


def test_what_is_filled_in_is_not_filled_again(folder):
    (folder / "prompts" / "score.txt").write_text("$output $code", "utf-8")
    assert read_specialty(folder).fill("score", output="$code ${code} $$", code="7") == "$code ${code} $$ 7"


def test_a_specialty_is_found_by_name_or_path(tmp_path):
    assert find_specialty("anesthesia", ROOT) == ROOT / "specialty" / "anesthesia"
    assert find_specialty(str(tmp_path), ROOT) == tmp_path
    with pytest.raises(UserError, match=r"specialty=urology: no such folder .*anesthesia, dermatology"):
        find_specialty("urology", ROOT)


def test_a_specialty_without_drugs_is_read_and_finds_none(folder):
    (folder / "doses.yaml").write_text("drugs: []", "utf-8")
    assert list(find_doses("丙泊酚 2 mg/kg，0.6", read_specialty(folder).drugs)) == []
    (folder / "doses.yaml").write_text("drugs:", "utf-8")
    with pytest.raises(UserError, match=r"doses\.yaml: drugs: drugs: needs a list, \[\] for a specialty"):
        read_specialty(folder)
