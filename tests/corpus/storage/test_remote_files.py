"""Which files lie at an address, in which order, and what tells their content apart."""

import pytest

from hypnos.corpus.files import list_files
from hypnos.corpus.storage.remote_files import list_remote, stated_content
from hypnos.errors import UserError

NAMES = ["b.jsonl", "a/z.csv", "a-1.jsonl", "a/.hidden/c.jsonl", ".d.jsonl", "a/b.parquet", "麻醉 1.jsonl"]


def test_files_have_the_order_that_they_have_in_a_folder(memory, tmp_path):
    for name in NAMES:
        memory.pipe(f"/bucket/set/{name}", b"x")
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    files = list_remote("memory://bucket/set/")
    assert [file.below for file in files] == [str(file.relative_to(tmp_path)) for file in list_files(tmp_path)]
    assert [file.address for file in files] == [f"memory://bucket/set/{file.below}" for file in files]
    assert [file.below for file in files] == ["a/b.parquet", "a/z.csv", "a-1.jsonl", "b.jsonl", "麻醉 1.jsonl"]


def test_a_file_is_itself_a_size_and_its_folder(memory):
    memory.pipe("/bucket/set/a.jsonl", b"four")
    (file,) = list_remote("memory://bucket/set/a.jsonl")
    assert (file.address, file.folder, file.name, file.below) == (
        *("memory://bucket/set/a.jsonl", "memory://bucket/set"),
        *("a.jsonl", "a.jsonl"),
    )
    assert (file.size, file.stated) == (4, None)


def test_a_page_of_links_is_a_folder(web):
    for name in ("b.jsonl", "a/z.csv", "麻醉.jsonl"):
        web.files[f"/set/{name}"] = b"12"
    web.etags["/set/b.jsonl"] = '"e1"'
    for address in (f"{web.address}/set", f"{web.address}/set/"):
        files = list_remote(address)
        assert [file.address.removeprefix(web.address) for file in files] == [
            "/set/a/z.csv",
            "/set/b.jsonl",
            "/set/麻醉.jsonl",
        ]
        assert [file.size for file in files] == [2, 2, 2]
        assert files[1].stated == f"ETag e1 {web.address}/set/b.jsonl"
    assert not web.sent


def test_a_part_of_the_pages_that_does_not_come_is_an_error(web, monkeypatch):
    """Passed over, its files would be missing and nobody would know."""
    web.files |= {"/set/a.jsonl": b"1", "/set/sub/b.jsonl": b"2"}
    asked = []

    def page(handler, path):
        asked.append(path)
        return None if path.startswith("/set/sub") else b'<a href="a.jsonl">x</a><a href="sub/">x</a>'

    monkeypatch.setattr(web.RequestHandlerClass, "_page", page)
    with pytest.raises(UserError, match=r"/set: (nothing is there|cannot be read)"):
        list_remote(f"{web.address}/set")
    assert any(path.startswith("/set/sub") for path in asked)


def test_what_is_looked_at_twice_stays_as_it_was(memory, anew):
    memory.pipe("/set/a.jsonl", b"1")
    before = list_remote("memory://set")
    memory.pipe("/set/b.jsonl", b"2")
    assert list_remote("memory://set") == before
    anew()
    assert len(list_remote("memory://set")) == 2


MD5 = "9e107d9d372bb6826bd81d3542a419d6"


@pytest.mark.parametrize(
    ("entry", "scheme", "stated"),
    [
        ({"ETag": f'"{MD5}"'}, "s3", f"md5 {MD5}"),
        ({"ETag": f'"{MD5.upper()}"'}, "oss", f"md5 {MD5}"),
        ({"ETag": f'"{MD5}-3"'}, "s3", f"ETag {MD5}-3 at"),
        ({"ETag": f'"{MD5}"'}, "https", f"ETag {MD5} at"),
        ({"ETag": 'W/"5f-63"', "Last-Modified": "Sun"}, "https", 'ETag W/"5f-63 at'),
        ({"md5Hash": "nhB9nTcr==", "etag": "CJ", "generation": "17"}, "gs", "md5Hash nhB9nTcr=="),
        ({"etag": "CJ", "generation": "17"}, "gs", "etag CJ at"),
        ({"size": 3, "Last-Modified": "Sun", "mtime": 1.0}, "sftp", None),
        ({"ETag": ""}, "s3", None),
    ],
)
def test_a_checksum_stands_for_the_bytes_and_another_mark_for_them_at_its_address(entry, scheme, stated):
    assert stated_content(entry, scheme, "at") == stated
