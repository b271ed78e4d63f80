import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from hypnos.artefacts.store import artefact_folder, disk_errors, make_once
from hypnos.errors import UserError


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def write(partial: Path) -> None:
    (partial / "a").write_text("made")


def test_an_artefact_is_named_by_its_kind_and_key() -> None:
    assert artefact_folder(Path("root"), "data", "0123456789abcdef0123") == Path("root/data-0123456789abcdef")


def test_it_is_made_once_and_then_reused(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "x"
    assert make_once(target, write) is True
    assert make_once(target, lambda _: pytest.fail("made twice")) is False
    assert (target / "a").read_text() == "made"
    assert visible(target.parent) == ["x"]


@pytest.mark.parametrize(
    ("umask", "weights", "script"), [(0o022, 0o644, 0o744), (0o002, 0o664, 0o764), (0o077, 0o600, 0o700)]
)
def test_weights_that_a_library_wrote_for_their_owner_alone_are_read_by_who_may(tmp_path, umask, weights, script):
    def write_alone(partial: Path) -> None:
        (partial / "adapter").mkdir()
        for name, mode in (("adapter/weights", 0o600), ("script", 0o700)):
            (partial / name).write_text("made")
            (partial / name).chmod(mode)

    before = os.umask(umask)
    try:
        make_once(tmp_path / "x", write_alone, sealed=True)
    finally:
        os.umask(before)
    modes = [(tmp_path / "x" / name).stat().st_mode & 0o777 for name in ("adapter/weights", "script")]
    assert modes == [weights, script]
    assert make_once(tmp_path / "x", write_alone, sealed=True) is False


def test_it_appears_only_when_whole(tmp_path: Path) -> None:
    target = tmp_path / "x"

    def look(partial: Path) -> None:
        write(partial)
        assert not target.exists()
        assert partial.parent == tmp_path  # one disk: the renaming is atomic

    make_once(target, look)
    assert target.is_dir()


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    def fill(partial: Path) -> None:
        write(partial)
        with Path("/dev/full").open("w") as full:
            full.write("x")

    with pytest.raises(UserError, match=r"no space left on the disk$"):
        make_once(tmp_path / "x", fill)
    assert visible(tmp_path) == []


def test_any_other_fault_leaves_nothing_and_stays_as_it_is(tmp_path: Path) -> None:
    def stop(partial: Path) -> None:
        write(partial)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_once(tmp_path / "x", stop)
    assert visible(tmp_path) == []
    assert make_once(tmp_path / "x", write)


@pytest.mark.parametrize("keep", [False, True])
def test_what_a_killed_process_left_is_replaced_or_kept_as_asked(tmp_path: Path, keep: bool) -> None:
    script = f"""
        import os, signal
        from pathlib import Path
        from hypnos.artefacts.store import make_once
        def write(partial):
            (partial / "old").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
        make_once(Path({str(tmp_path / "x")!r}), write, keep_partial={keep})
    """
    died = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=environment(), timeout=60)
    assert died.returncode == -signal.SIGKILL
    assert visible(tmp_path) == [".x.partial"]
    found = []
    make_once(tmp_path / "x", lambda partial: found.extend(os.listdir(partial)), keep_partial=keep)
    assert found == (["old"] if keep else [])
    assert visible(tmp_path) == ["x"]


def test_a_run_stopped_in_the_middle_finds_its_own_part_again(tmp_path: Path) -> None:
    def half(partial: Path) -> None:
        write(partial)
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        make_once(tmp_path / "x", half, keep_partial=True)
    assert make_once(tmp_path / "x", lambda partial: (partial / "b").write_text("more"), keep_partial=True)
    assert sorted(os.listdir(tmp_path / "x")) == ["a", "b"]


def test_of_several_processes_one_makes_it_and_the_others_wait_for_the_whole(tmp_path: Path) -> None:
    script = f"""
        import os, time
        from pathlib import Path
        from hypnos.artefacts.store import make_once
        root = Path({str(tmp_path)!r})
        (root / f"ready-{{os.getpid()}}").touch()
        while not (root / "go").exists():
            time.sleep(0.005)
        def write(partial):
            with (root / "log").open("a") as log:
                log.write("made\\n")
            time.sleep(0.5)
            (partial / "a").write_text("whole")
        made = make_once(root / "x", write)
        print(made, (root / "x" / "a").read_text())
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    racers = [subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) for _ in range(3)]
    limit = time.monotonic() + 60
    while len(list(tmp_path.glob("ready-*"))) < 3 and time.monotonic() < limit:
        time.sleep(0.01)
    (tmp_path / "go").touch()
    said = sorted(racer.communicate(timeout=60)[0].strip() for racer in racers)
    assert said == ["False whole", "False whole", "True whole"]
    assert (tmp_path / "log").read_text() == "made\n"


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (errno.ENOSPC, "data: no space left on the disk"),
        (errno.EDQUOT, "data: no space left on the disk"),
        (errno.EACCES, r"data/f: cannot be written \(Permission denied\)"),
        (errno.EROFS, r"data/f: cannot be written \(Read-only file system\)"),
    ],
)
def test_faults_of_the_disk_become_one_line(number: int, line: str) -> None:
    with pytest.raises(UserError, match=f"^{line}$"), disk_errors(Path("data")):
        raise OSError(number, os.strerror(number), "data/f")


def test_a_source_that_may_not_be_read_is_not_said_to_be_unwritable(tmp_path: Path, monkeypatch) -> None:
    source = tmp_path / "source.jsonl"
    source.touch()
    monkeypatch.setattr(os, "access", lambda file, mode: False)  # whoever runs the tests may read everything
    with pytest.raises(UserError, match=r"source.jsonl: cannot be read"), disk_errors(tmp_path / "made"):
        raise OSError(errno.EACCES, "Permission denied", str(source))


def test_a_full_disk_is_told_from_the_words_of_another_library(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no space left on the disk$"), disk_errors(tmp_path):
        raise RuntimeError("inline_container.cc: write failed: No space left on device (os error 28)")


def test_a_fault_on_a_disk_with_room_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"^a bug$"), disk_errors(tmp_path):
        raise RuntimeError("a bug")


def test_the_users_own_line_is_not_rewritten(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^mine$"), disk_errors(tmp_path):
        raise UserError("mine")


def test_other_faults_of_the_system_are_no_mistake_of_the_user() -> None:
    with pytest.raises(TimeoutError), disk_errors(Path("data")):
        raise TimeoutError(errno.ETIMEDOUT, "timed out")


def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file" / "x", tmp_path / "file" / "deep" / "x"):
        with pytest.raises(UserError, match=r"file.*: cannot be written"):
            make_once(folder, write)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
