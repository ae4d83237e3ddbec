"""Files: UTF-8 text in; out, new content goes to a temporary file, which then replaces the old one in one step."""

from __future__ import annotations

import os
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import suppress
from pathlib import Path
from tempfile import mktemp

from .errors import InputError, shown

_LONGEST = 255
"""Characters of a path in a message; a longer one is cut."""


def path_of(value: object, what: str) -> Path:
    """The path that a person gave; raises InputError naming `what` for what no file can be called."""
    if not isinstance(value, str | Path):
        raise InputError(f"{what} is the path of a file, not {shown(value)}")
    try:
        possible = b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise InputError(f"{what} {shown(str(value))} is no path that a file can have")
    return Path(value)


def read(value: object, what: str) -> str:
    """The text of a file, its ends of lines as they are.

    value: its path
    what: what the file is to be, such as "a ledger"

    Text is UTF-8, or UTF-16 that begins with a byte order mark, as spreadsheets save it. Raises InputError where it
    cannot be read or is neither.
    """
    path = path_of(value, what)
    try:
        content = path.read_bytes()
        return content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8")
    except OSError as error:
        raise InputError(f"{_named(path)}: cannot be read as {what} ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{_named(path)}: cannot be read as {what} (it is not UTF-8 text; save it as UTF-8)") from None


def starts_with(value: object, mark: bytes, what: str) -> bool:
    """Whether the content of a file starts with a mark.

    value: its path
    mark: the mark
    what: what the file is to be, such as "a ledger"

    Raises InputError where it cannot be read.
    """
    path = path_of(value, what)
    try:
        with open(path, "rb") as file:
            return file.read(len(mark)) == mark
    except OSError as error:
        raise InputError(f"{_named(path)}: cannot be read as {what} ({error.strerror})") from None


def _named(path: Path) -> str:
    return str(path) if len(str(path)) <= _LONGEST else shown(str(path))


def can_be_stored(text: str) -> bool:
    """Whether a text can be written as UTF-8; a lone surrogate, which is half a character, cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def storable(text: str) -> str:
    """A text with a replacement character for every lone surrogate, such as a name of a file that is not UTF-8 has."""
    return text if can_be_stored(text) else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def save(path: Path, content: bytes | str) -> None:
    """Write a file; a full disk or an interruption at any moment leaves the old file whole.

    path: the file. A symbolic link is followed, and the file it points to is replaced; permissions and owner are
        kept. A device, a pipe, and the file that our standard output already goes to are appended to instead.
    content: the whole content; text is stored as UTF-8

    Raises InputError where the file cannot be written, or the text contains half a character (a lone surrogate).
    Where files can be made without a name (most file systems of Linux), a process that is killed leaves nothing beside
    the old file either, except between the last two system calls: then the new content, whole, lies in a file
    `.ecs_images.…` of the same folder. Elsewhere a killed process leaves such a file with what it has written so far.
    """
    try:
        data = content.encode("utf-8") if isinstance(content, str) else content
        if (path.exists() and not path.is_file()) or _open_already(path):
            # A device must not become a plain file, nor may `>> FILE` of a shell lose what it has so far.
            with open(path, "ab") as file:
                file.write(data)
        else:
            _replace(Path(os.path.realpath(path)), data)
    except UnicodeEncodeError as error:
        half = shown(error.object[error.start : error.end])
        raise InputError(
            f"{_named(path)}: cannot be written ({half} is half a character, which no file can hold)"
        ) from None
    except OSError as error:
        raise InputError(f"{_named(path)}: cannot be written ({error.strerror or error})") from None


def save_in_folder(path: Path, content: bytes | str) -> None:
    """Write a file as `save`, in a folder that is made where it does not exist."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{_named(path.parent)}: cannot be made ({error.strerror})") from None
    save(path, content)


def _replace(target: Path, data: bytes) -> None:
    old = target.stat() if target.exists() else None
    if old is not None and not os.access(target, os.W_OK):
        # The folder would allow the replacement, but whoever write-protects a file wants to keep it.
        raise PermissionError(0, "the file is write-protected")
    beside = mktemp(dir=target.parent, prefix=".ecs_images.")
    number, named = _new_file(target.parent, beside)
    try:
        with open(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(number)
            written = beside if named else number
            if old is not None and hasattr(os, "chown"):
                with suppress(OSError):  # only root may change the owner of a file
                    os.chown(written, old.st_uid, old.st_gid)
            os.chmod(written, (old.st_mode if old is not None else 0o666 & ~_umask()) & 0o777)
            if not named:
                # Only with a folder to start from does Python follow this link to the file itself.
                os.link(f"/proc/self/fd/{number}", beside, src_dir_fd=number)
        os.replace(beside, target)
    except BaseException:  # Ctrl-C too
        with suppress(OSError):  # it may have no name yet
            os.unlink(beside)
        raise


def _new_file(folder: Path, beside: str) -> tuple[int, bool]:
    """A new file, open for writing, and whether it is called `beside` already.

    Linux makes files without a name: a process that is killed leaves nothing of them. They get one when all is written.
    """
    if hasattr(os, "O_TMPFILE") and os.path.exists("/proc/self/fd"):
        with suppress(OSError):  # some file systems have no such files
            return os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600), False
    return os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600), True


def _open_already(path: Path) -> bool:
    """Whether our standard output or error goes to this file, as for /dev/stdout."""
    for number in (1, 2):
        with suppress(OSError):
            if os.path.samestat(os.stat(path), os.fstat(number)):
                return True
    return False


def _umask() -> int:
    """The permissions that new files must not have; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
