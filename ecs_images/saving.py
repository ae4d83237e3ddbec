"""Files are written beside their place and put there at once, so that the old one stays whole until then."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from .errors import InputError


def can_be_stored(text: str) -> bool:
    """Whether a file can hold a text; half a character, a surrogate that stands alone, it cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def save(path: Path, content: bytes | str) -> None:
    """Write a file (text as UTF-8); a full disk or a stop at any moment leaves what was there before.

    Raises InputError where it cannot be written. A link is followed: what it points to is replaced.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        # A device or a pipe holds nothing that could be lost.
        _write_through(path, data)
        return
    temporary = None
    try:
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name[:100]}.", delete=False) as file:
            temporary = file.name
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mode = target.stat().st_mode if target.exists() else 0o666 & ~_umask()
        os.chmod(temporary, mode & 0o777)
        os.replace(temporary, target)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def _write_through(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def _umask() -> int:
    """The rights that new files are not to have; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
