from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modernize.cli import main
from modernize.errors import EXIT_CODES, DiskError, ModernizeError
from modernize.results import files
from modernize.results.files import write_atomically


@pytest.fixture
def unswept():
    """As in a process that has written nothing yet."""
    files._remove_leftovers.cache_clear()
    yield
    files._remove_leftovers.cache_clear()


def aged(path: Path, seconds: float) -> Path:
    path.write_text("half")
    os.utime(path, (path.stat().st_atime - seconds, path.stat().st_mtime - seconds))
    return path


def failing(number: int):
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "a.txt")

    return fail


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = write_atomically(tmp_path / "a.txt", "old")
    monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
    with pytest.raises(ModernizeError, match=r"a.txt cannot be written: No space left on device"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_what_is_written_outlives_a_power_cut(tmp_path, monkeypatch):
    """The bytes are flushed before the rename, the folder after it, and new folders in the folders above them."""
    happened: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(number: int) -> None:
        happened.append(f"sync {os.path.relpath(Path(f'/proc/self/fd/{number}').readlink(), tmp_path)}")
        real_sync(number)

    def replace(self: Path, target: Path) -> Path:
        happened.append("rename")
        return real_replace(self, target)

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    write_atomically(tmp_path / "new" / "study" / "a.txt", "text")
    assert set(happened[:2]) == {"sync new", "sync ."}
    assert happened[2].startswith("sync new/study/.a.txt.")
    assert happened[3:] == ["rename", "sync new/study"]


def test_writers_with_one_process_id_do_not_meet(tmp_path, monkeypatch):
    """Containers that share a folder count their processes each from 1."""
    names: list[str] = []
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *a, **k: (names.append(self.name), real(self, *a, **k))[1])
    for _ in range(2):
        write_atomically(tmp_path / "a.txt", "text")
    assert len(set(names)) == 2


def test_what_a_killed_writer_left_is_removed_and_a_living_ones_is_not(tmp_path, unswept):
    code = """if True:
        import os, signal, sys
        from pathlib import Path
        from modernize.results.files import write_atomically
        os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
        write_atomically(Path(sys.argv[1]), "text")
    """
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.txt")], check=False)
    (left,) = tmp_path.iterdir()
    others = [aged(tmp_path / name, 1e6) for name in (".other.tmp", "part.json", ".a.txt.1234.tmp")]
    write_atomically(tmp_path / "b.txt", "text")
    assert left.exists()
    files._remove_leftovers.cache_clear()
    aged(left, 2 * files.LEFTOVER_SECONDS)
    write_atomically(tmp_path / "b.txt", "text")
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "b.txt"])


def test_a_writer_whose_file_was_taken_for_a_leftover_writes_again(tmp_path, monkeypatch):
    real = Path.replace

    def swept(self: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", real)
        self.unlink()
        return real(self, target)

    monkeypatch.setattr(Path, "replace", swept)
    assert write_atomically(tmp_path / "a.txt", "text").read_text() == "text"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS], ids=errno.errorcode.get)
def test_a_full_or_broken_disk_is_not_wrong_usage(tmp_path, monkeypatch, capsys, number):
    monkeypatch.setattr(os, "fsync", failing(number))
    with pytest.raises(DiskError):
        write_atomically(tmp_path / "a.txt", "text")
    assert main(["report", "--published", "resnet50", "--format", "latex", "--out", str(tmp_path)]) == 5
    assert "full" in EXIT_CODES[5]
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.setattr("modernize.report.write.write_paper_report", failing(number))
    assert main(["report", "--published", "resnet50", "--out", str(tmp_path)]) == 5
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_that_is_not_ones_own_is_wrong_usage(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", failing(errno.EACCES))
    with pytest.raises(ModernizeError, match=r"Permission denied") as error:
        write_atomically(tmp_path / "a.txt", "text")
    assert error.value.exit_code == 2
