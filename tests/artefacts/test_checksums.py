import pytest

from hypnos.artefacts.checksums import CHECKSUMS, check_files, write_checksums
from hypnos.artefacts.store import make_once
from hypnos.errors import UserError


@pytest.fixture
def folder(tmp_path):
    def write(partial):
        (partial / "rows.arrow").write_bytes(bytes(range(256)) * 40_000)
        (partial / "below").mkdir()
        (partial / "below" / "report.json").write_text("{}")

    made = tmp_path / "data-1"
    assert make_once(made, write, sealed=True)
    assert not make_once(made, write, sealed=True)
    return made


def test_a_flipped_bit_is_one_line_with_the_file_and_the_remedy(folder):
    file = folder / "rows.arrow"
    content = bytearray(file.read_bytes())
    content[5_000_000] ^= 4
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"^.*rows\.arrow: changed since it was written: \w{16} then, \w{16} now; "):
        make_once(folder, lambda partial: None, sealed=True)


def test_a_file_that_is_gone_and_checksums_that_broke_are_named(folder):
    (folder / "below" / "report.json").unlink()
    with pytest.raises(UserError, match=r"report\.json: No such file or directory; remove the folder data-1"):
        check_files(folder)
    (folder / CHECKSUMS).write_text("{")
    with pytest.raises(UserError, match=r"checksums\.json: cannot be read; remove the folder data-1"):
        check_files(folder)


def test_a_folder_of_an_earlier_version_is_taken_as_it_is(folder):
    (folder / CHECKSUMS).unlink()
    (folder / "rows.arrow").write_bytes(b"")
    check_files(folder)


def test_checksums_are_the_published_hash(tmp_path):
    import json

    import xxhash

    (tmp_path / "a").write_bytes(b"abc")
    write_checksums(tmp_path)
    assert json.loads((tmp_path / CHECKSUMS).read_text()) == {"a": xxhash.xxh3_64_hexdigest(b"abc")}
