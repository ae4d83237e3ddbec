"""Files in and out: read as UTF-8 text, and written beside their place and put there at once.

So the old file stays whole until the new one is.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

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

    Raises InputError where it cannot be read or is not UTF-8.
    """
    path = path_of(value, what)
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(f"{_named(path)}: cannot be read as {what} ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{_named(path)}: cannot be read as {what} (it is not UTF-8 text)") from None


def _named(path: Path) -> str:
    return str(path) if len(str(path)) <= _LONGEST else shown(str(path))


def can_be_stored(text: str) -> bool:
    """Whether a file can hold a text; half a character, a surrogate that stands alone, it cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def save(path: Path, content: bytes | str) -> None:
    """Write a file; a full disk or a stop at any moment leaves what was there before.

    path: where to. A symbolic link is followed: the file it points to is replaced. Rights and owner stay.
        A device, a pipe, or the file that is our standard output already, is written to as it is.
    content: all of the file; text is stored as UTF-8

    Raises InputError where the file cannot be written, or the text holds half a character (a lone surrogate).
    Only a kill in the middle leaves something behind: a file of the same folder named `.ecs_images.…`.
    """
    try:
        data = content.encode("utf-8") if isinstance(content, str) else content
        if (path.exists() and not path.is_file()) or _open_already(path):
            # It is not for us to replace: /dev/full stays, and what a shell appends to is appended to.
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


def _replace(target: Path, data: bytes) -> None:
    before = target.stat() if target.exists() else None
    if before is not None and not os.access(target, os.W_OK):
        # Its folder would allow it; but who takes the right to write from a file wants to keep it.
        raise PermissionError(0, "the file is write-protected")
    with NamedTemporaryFile(dir=target.parent, prefix=".ecs_images.", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if before is not None and hasattr(os, "chown"):
                with suppress(OSError):  # only root may give a file to another
                    os.chown(file.name, before.st_uid, before.st_gid)
            os.chmod(file.name, (before.st_mode if before is not None else 0o666 & ~_umask()) & 0o777)
            file.close()
            os.replace(file.name, target)
        except BaseException:  # Ctrl-C too
            with suppress(OSError):  # closing writes what is left, on a disk that may be full
                file.close()
            os.unlink(file.name)
            raise


def _open_already(path: Path) -> bool:
    """Whether this is the file that our standard output or error goes to, as /dev/stdout is."""
    for number in (1, 2):
        with suppress(OSError):
            if os.path.samestat(os.stat(path), os.fstat(number)):
                return True
    return False


def _umask() -> int:
    """The rights that new files are not to have; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
