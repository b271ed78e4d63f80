import hashlib
import os
from pathlib import Path

import pytest

from hypnos.artefacts.keys import content_key, file_key
from hypnos.errors import UserError


def test_the_key_is_the_hash_of_the_canonical_form() -> None:
    expected = hashlib.sha256('{"a":[1,2.5,null],"b":"麻醉"}'.encode()).hexdigest()
    assert content_key({"b": "麻醉", "a": [1, 2.5, None]}) == expected


def test_the_order_of_keys_is_no_content_but_that_of_a_list_is() -> None:
    assert content_key({"a": 1, "b": {"c": 2, "d": 3}}) == content_key({"b": {"d": 3, "c": 2}, "a": 1})
    assert content_key({"a": [1, 2]}) != content_key({"a": [2, 1]})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Path("a"), {1}])
def test_what_has_no_one_spelling_is_refused(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        content_key({"a": value})


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert file_key(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_change_of_the_same_length_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    before = file_key(file)
    file.write_bytes(b"abd")
    os.utime(file, (5, 5))
    assert file_key(file) != before


def test_a_folder_is_known_by_names_and_contents_of_its_visible_files(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    (folder / "sub" / ".cache").mkdir(parents=True)
    (folder / "sub" / "a").write_text("1")
    key = file_key(folder)
    (folder / ".lock").write_text("x")
    (folder / "sub" / ".cache" / "b").write_text("x")
    assert file_key(folder) == key
    (folder / "sub" / "a").rename(folder / "sub" / "c")
    assert file_key(folder) != key


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing: No such file"):
        file_key(tmp_path / "nothing")
