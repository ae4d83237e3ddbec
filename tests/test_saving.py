"""Files are put in place at once: whatever goes wrong, the old file is whole and nothing lies beside it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ecs_images.errors import InputError
from ecs_images.saving import save

OLD, NEW = b"what was there before", b"what is there now" * 100_000

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, links and limits of POSIX")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "bill.csv"
    path.write_bytes(OLD)
    return path


def python(text: str, **options) -> subprocess.CompletedProcess[bytes]:
    """Run a few lines in a Python of their own."""
    return subprocess.run([sys.executable, "-c", textwrap.dedent(text)], capture_output=True, check=False, **options)


def whole_and_alone(path: Path) -> bool:
    return path.read_bytes() == OLD and os.listdir(path.parent) == [path.name]


def test_a_file_is_replaced_and_nothing_lies_beside_it(old: Path):
    save(old, NEW)
    assert old.read_bytes() == NEW
    assert os.listdir(old.parent) == [old.name]


def test_text_is_stored_as_utf_8(tmp_path: Path):
    save(tmp_path / "names", "镜像\n")
    assert (tmp_path / "names").read_bytes() == b"\xe9\x95\x9c\xe5\x83\x8f\n"


def test_half_a_character_is_refused_with_a_sentence(old: Path):
    with pytest.raises(InputError, match=r"bill.csv: cannot be written \('\\ud800' is half a character"):
        save(old, "name \ud800")
    assert whole_and_alone(old)


def test_a_full_disk_leaves_the_old_file(old: Path):
    """A limit on the size of files stands for a disk that is full after 4 KiB."""
    script = f"""
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        from pathlib import Path
        from ecs_images.errors import InputError
        from ecs_images.saving import save
        try:
            save(Path({str(old)!r}), b"x" * 10_000_000)
        except InputError as error:
            print(error)
    """
    ended = python(script)
    assert (ended.stdout.decode(), ended.stderr) == (f"{old}: cannot be written (File too large)\n", b"")
    assert whole_and_alone(old)


KILLED_AT = {
    # The system ends a process that writes past its limit, unless it asks to be told instead, as Python does.
    "4 KiB written": "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
    "signal.signal(signal.SIGXFSZ, signal.SIG_DFL)",
    **{
        name: f"os.{name} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)"
        for name in ("fsync", "chmod", "link")
    },
}


def killed(path: Path, how: str) -> int:
    """The exit code of a process that is killed while it saves 10 MB."""
    script = f"""
        import os, resource, signal
        from pathlib import Path
        from ecs_images.saving import save
        {how}
        save(Path({str(path)!r}), b"x" * 10_000_000)
    """
    return python(script).returncode


@pytest.mark.parametrize("moment", KILLED_AT)
def test_a_kill_while_it_is_written_leaves_the_old_file_and_nothing_beside_it(old: Path, moment: str):
    try:
        os.close(os.open(old.parent, os.O_TMPFILE | os.O_WRONLY))
    except (AttributeError, OSError):
        pytest.skip("this file system has no files without a name")
    assert killed(old, KILLED_AT[moment]) in (-signal.SIGXFSZ, -signal.SIGKILL)
    assert whole_and_alone(old)


@pytest.mark.parametrize("nameless", [True, False])
def test_a_kill_just_before_the_end_leaves_both_files_whole(old: Path, nameless: bool):
    how = "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)"
    assert killed(old, how if nameless else f"{how}; del os.O_TMPFILE") == -signal.SIGKILL
    assert old.read_bytes() == OLD
    (beside,) = {*os.listdir(old.parent)} - {old.name}
    assert beside.startswith(".ecs_images.")
    assert (old.parent / beside).read_bytes() == b"x" * 10_000_000


def test_files_are_replaced_where_no_file_is_without_a_name(old: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    old.chmod(0o640)
    save(old, NEW)
    assert old.read_bytes() == NEW
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert os.listdir(old.parent) == [old.name]


def test_ctrl_c_leaves_the_old_file_and_nothing_beside_it(old: Path):
    script = f"""
        import os, signal
        from pathlib import Path
        from ecs_images.saving import save
        os.fsync = lambda *_: os.kill(os.getpid(), signal.SIGINT)
        try:
            save(Path({str(old)!r}), b"x" * 10_000_000)
        except KeyboardInterrupt:
            print("stopped")
    """
    assert python(script).stdout == b"stopped\n"
    assert whole_and_alone(old)


def test_a_link_stays_and_what_it_points_to_is_replaced(old: Path, tmp_path: Path):
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "latest.csv"
    link.symlink_to(old)
    save(link, NEW)
    assert link.is_symlink()
    assert old.read_bytes() == NEW
    assert os.listdir(link.parent) == [link.name]


def test_rights_stay_and_new_files_have_those_of_the_person(old: Path, tmp_path: Path):
    old.chmod(0o640)
    save(old, NEW)
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    before = os.umask(0o027)
    try:
        save(tmp_path / "new.csv", NEW)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.csv").stat().st_mode) == 0o640


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_write_protected_file_or_folder_is_refused(old: Path):
    old.chmod(0o440)
    with pytest.raises(InputError, match="write-protected"):
        save(old, NEW)
    old.chmod(0o640)
    old.parent.chmod(0o550)
    try:
        with pytest.raises(InputError, match="Permission denied"):
            save(old, NEW)
    finally:
        old.parent.chmod(0o750)
    assert whole_and_alone(old)


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path):
    """255 bytes: 85 Chinese characters of three bytes."""
    path = tmp_path / ("镜" * 85)
    save(path, NEW)
    assert path.read_bytes() == NEW
    with pytest.raises(InputError, match="File name too long"):
        save(tmp_path / ("镜" * 86), NEW)


@pytest.mark.parametrize(("name", "words"), [("folder", "Is a directory"), ("none/bill.csv", "No such file")])
def test_where_nothing_can_be_written_a_sentence_says_why(tmp_path: Path, name: str, words: str):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=words):
        save(tmp_path / name, NEW)
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_device_is_written_to_and_stays():
    with pytest.raises(InputError, match="/dev/full: cannot be written \\(No space left on device\\)"):
        save(Path("/dev/full"), NEW)
    assert Path("/dev/full").is_char_device()
    save(Path("/dev/null"), NEW)


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="no /dev/stdout")
def test_our_own_output_is_appended_to_where_a_shell_appends(old: Path):
    """`-o /dev/stdout >> bill.csv`: replacing the file would lose what it holds."""
    script = "from pathlib import Path; from ecs_images.saving import save; save(Path('/dev/stdout'), b' and more')"
    with old.open("ab") as output:
        subprocess.run([sys.executable, "-c", script], stdout=output, check=True)
    assert old.read_bytes() == OLD + b" and more"
    assert python(script).stdout == b" and more", "a pipe"
