"""Places of prompts are checked before anything is asked."""

from pathlib import Path

import pytest

from hypnos.errors import UserError
from hypnos.specialty.prompt_places import check_places


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("generate", "写 $count 条 $drug", r"generate\.txt: 'drug' is filled by nothing; the places are \$audience"),
        ("generate", "写几条", r"generate\.txt: needs the place \$count"),
        ("score", "评分 $output", r"score\.txt: needs the place \$code"),
        ("score_system", "你是 $aspects", r"score_system\.txt: 'aspects' is filled by nothing"),
        ("documents", "费用 5$ $passage", r"documents\.txt: a \$ that begins no place must be written \$\$"),
        ("judge_absolute", "$aspects", r"judge_absolute\.txt: needs the place \$material"),
    ],
)
def test_a_place_that_is_wrong_or_missing_is_named(name, text, says):
    with pytest.raises(UserError, match=says):
        check_places(Path(f"{name}.txt"), text)


def test_sound_prompts_and_those_of_no_known_name_pass():
    check_places(Path("generate.txt"), "写 $count 条${specialty}题，5$$")
    check_places(Path("notes.txt"), "$anything")
