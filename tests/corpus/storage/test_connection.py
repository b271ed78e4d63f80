"""What is an address, how it is shown, and one line for whatever a driver says."""

from pathlib import Path

import fsspec
import pytest

from hypnos.corpus.storage.connection import is_remote, local_path, open_storage, shown_address, storage_errors
from hypnos.errors import UserError


@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("s3://bucket/prefix", True),
        ("memory://a.jsonl", True),
        ("https://host/a.jsonl", True),
        ("file:///data/a.jsonl", False),
        ("/data/a.jsonl", False),
        ("data/a://b.jsonl", False),
        ("hub:owner/set@config#split", False),
        ("ms:owner/set", False),
        ("C://data", False),
    ],
)
def test_an_address_has_a_scheme_and_lies_elsewhere(path, remote):
    assert is_remote(path) is remote


def test_a_file_here_may_be_written_as_an_address():
    assert local_path("file:///data/麻醉.jsonl") == Path("/data/麻醉.jsonl")
    assert local_path("data/a.jsonl") == Path("data/a.jsonl")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://host/a.jsonl?X-Amz-Signature=00ff&x=1", "https://host/a.jsonl"),
        ("https://name:word@host/a", "https://host/a"),
        ("s3://bucket/prefix@2/a.jsonl", "s3://bucket/prefix@2/a.jsonl"),
        ("Forbidden, url='https://host/a?sig=x' no", "Forbidden, url='https://host/a' no"),
    ],
)
def test_what_lets_one_in_is_never_shown(address, shown):
    assert shown_address(address) == shown


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("sx://bucket/a", "sx://bucket/a: fsspec knows no sx:// (but s3, gs, oss, https and others)"),
        (
            "https://name:word@host/a.jsonl",
            "https://host/a.jsonl: an address must hold no user and password: fsspec's settings may",
        ),
    ],
)
def test_an_address_that_no_storage_opens_is_one_line(address, line):
    with pytest.raises(UserError) as refused:
        open_storage(address)
    assert str(refused.value) == line


@pytest.mark.parametrize(
    ("address", "said", "line"),
    [
        ("s3://bucket/a", "Install s3fs to access S3", "s3://bucket/a: s3:// needs s3fs: pip install -e '.[storage]'"),
        ("gs://bucket/a", "Please install gcsfs to\naccess it", "gs://bucket/a: gs:// needs a driver: Please install gcsfs to access it"),
    ],
)  # fmt: skip
def test_a_missing_driver_is_named(monkeypatch, address, said, line):
    def refuse(*_, **__):
        raise ImportError(said)

    monkeypatch.setattr(fsspec.core, "url_to_fs", refuse)
    with pytest.raises(UserError) as refused:
        open_storage(address)
    assert str(refused.value) == line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (FileNotFoundError("bucket/a"), "s3://bucket/a: nothing is there (FileNotFoundError: bucket/a)"),
        (PermissionError("Forbidden"), "s3://bucket/a: access is refused (PermissionError: Forbidden)"),
        (RuntimeError("two\nlines"), "s3://bucket/a: cannot be read: RuntimeError: two"),
        (TimeoutError(), "s3://bucket/a: cannot be read: TimeoutError"),
    ],
)
def test_what_a_driver_raises_is_one_line(error, line):
    with pytest.raises(UserError) as refused, storage_errors("s3://bucket/a"):
        raise error
    assert str(refused.value) == line


def test_a_full_disk_stays_what_it_is():
    with pytest.raises(OSError, match="No space left"), storage_errors("s3://bucket/a"):
        raise OSError(28, "No space left on device")


def test_settings_of_ones_own_stay_beside_ours(monkeypatch):
    """As FSSPEC_HTTPS_CLIENT_KWARGS gives them."""
    own = {"client_kwargs": {"headers": {"Authorization": "x"}, "trust_env": False}}
    monkeypatch.setitem(fsspec.config.conf, "https", own)
    storage, place = open_storage("https://host/a.jsonl")
    settings = storage.client_kwargs
    assert place == "https://host/a.jsonl"
    assert settings["headers"] == {"Accept-Encoding": "identity", "Authorization": "x"}
    assert (settings["trust_env"], settings["auto_decompress"], settings["timeout"].total) == (False, False, None)
