import resource
import sqlite3

import pytest

from hypnos.errors import Interrupted, UserError, find_message, is_disk_full, one_line


@pytest.mark.parametrize(("error", "status"), [(UserError("a.jsonl:3: empty"), 1), (Interrupted("stopped"), 130)])
def test_a_command_ends_with_one_line_and_a_status(capsys, error: Exception, status: int) -> None:
    with pytest.raises(SystemExit) as ended, one_line(reraise=False):
        raise error
    assert ended.value.code == status
    captured = capsys.readouterr()
    assert captured.err == f"error: {error}\n"
    assert captured.out == ""


def test_the_users_line_is_found_below_what_a_builder_wrapped_around_it(capsys) -> None:
    with pytest.raises(SystemExit) as ended, one_line(reraise=False):
        try:
            raise UserError("limit must be above 0")
        except UserError as error:
            raise RuntimeError("error in call to target") from error
    assert ended.value.code == 1
    assert capsys.readouterr().err == "error: limit must be above 0\n"


def test_a_sweep_gets_the_error_itself() -> None:
    with pytest.raises(UserError, match="x"), one_line(reraise=True):
        raise UserError("x")


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), one_line(reraise=False):
        _ = 1 / 0


def test_nothing_happens_without_an_error(capsys) -> None:
    with one_line(reraise=False):
        pass
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("reraise", [False, True])
def test_ctrl_c_is_one_line_and_stops_a_sweep(capsys, reraise):
    with pytest.raises(SystemExit) as ended, one_line(reraise=reraise):
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert capsys.readouterr().err == "error: stopped; the same command goes on, and what was made is kept\n"


@pytest.fixture
def small_files():
    """No file may grow beyond 64 KiB, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_that_has_no_room_is_one_line_with_its_name(small_files, tmp_path):
    file = tmp_path / "predictions.jsonl"
    with pytest.raises(OSError) as raised:
        file.write_bytes(b"x" * (1 << 17))
    assert is_disk_full(raised.value)
    raised.value.filename = str(file)
    assert find_message(raised.value) == f"{file}: no space left on the disk; what is whole is kept"


def test_what_libraries_in_other_languages_raise_is_known_too(small_files, tmp_path):
    import numpy
    import torch
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    with pytest.raises(RuntimeError) as raised:
        torch.save(torch.zeros(1 << 16), str(tmp_path / "a.pt"))
    assert is_disk_full(raised.value)
    with pytest.raises((SafetensorError, OSError)) as written:
        save_file({"a": numpy.zeros(1 << 16)}, tmp_path / "a.safetensors")
    assert is_disk_full(written.value)
    connection = sqlite3.connect(tmp_path / "journal.sqlite")
    with pytest.raises(sqlite3.OperationalError) as full:
        connection.execute("pragma max_page_count = 10")
        connection.execute("create table t (x)")
        connection.executemany("insert into t values (?)", [("x" * 4000,)] * 100)
    assert is_disk_full(full.value)
    assert find_message(ValueError("a number")) is None
