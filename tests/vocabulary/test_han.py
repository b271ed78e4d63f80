"""The list of terms that a vocabulary keeps whole."""

from pathlib import Path

import pytest

from hypnos.errors import UserError
from hypnos.vocabulary.han import read_terms


def test_reading_terms(tmp_path: Path) -> None:
    file = tmp_path / "terms.txt"
    file.write_text("\ufeff# names\n丙泊酚  # propofol\n\n 喉罩\n", "utf-8")
    assert read_terms(file) == ["丙泊酚", "喉罩"]


@pytest.mark.parametrize(
    "file", sorted(Path(__file__).parents[2].glob("specialty/*/terms.txt")), ids=lambda file: file.parent.name
)
def test_the_terms_of_every_specialty_are_read(file: Path) -> None:
    terms = read_terms(file)
    assert len(terms) == len(set(terms)) > 10


@pytest.mark.parametrize("term", ["propofol", "丙泊酚2", "丙 泊酚", "罗库溴铵，", "▁丙泊酚"])
def test_a_term_that_is_not_han_names_file_and_line(tmp_path: Path, term: str) -> None:
    file = tmp_path / "terms.txt"
    file.write_text(f"# names\n喉罩\n{term}\n", "utf-8")
    with pytest.raises(UserError, match=r"terms\.txt:3: the term .* must be Han characters only"):
        read_terms(file)


def test_a_list_of_terms_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.txt: No such file"):
        read_terms(tmp_path / "none.txt")
    file = tmp_path / "old.txt"
    file.write_bytes("丙泊酚".encode("gb18030"))
    with pytest.raises(UserError, match=r"old\.txt: 'utf-8' codec"):
        read_terms(file)
