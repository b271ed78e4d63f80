import pytest

from hypnos.errors import Interrupted, UserError, one_line


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
