"""The files that a person saved: found in folders and archives, decoded, and placed by what their names say."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path, PurePosixPath

from ..catalog.regions import regions
from ..errors import InputError, shown
from ..saving import path_of

_REGION = re.compile(r"(?<![a-z0-9])[a-z]{2}-[a-z]+(?:-[a-z]+)?(?:-\d+)?(?![a-z0-9])")
_DAY = re.compile(r"(?<!\d)(20\d\d)-?([01]\d)-?([0-3]\d)(?!\d)")
_ACCOUNT = re.compile(r"(?<!\d)\d{12,19}(?!\d)")
_IMAGE = re.compile(r"(?<![a-z0-9])m-[a-z0-9]+")
_ENCODINGS = (("\ufeff".encode("utf-16-le"), "utf-16"), ("\ufeff".encode("utf-16-be"), "utf-16"))


@dataclass(frozen=True)
class Source:
    """One saved file.

    name: its path, or that of its archive and its name inside
    content: its bytes
    """

    name: str
    content: bytes

    def text(self) -> str:
        """The content as text: UTF-8, or UTF-16 as Windows PowerShell writes it; raises InputError for neither."""
        encoding = next((name for mark, name in _ENCODINGS if self.content.startswith(mark)), "utf-8-sig")
        try:
            return self.content.decode(encoding)
        except UnicodeDecodeError:
            raise InputError(f"{self.name}: it is neither UTF-8 nor UTF-16 text") from None

    @property
    def region(self) -> str:
        """The region that its name says, the last where there are several; empty where there is none."""
        return next((word for word in reversed(_REGION.findall(self.name)) if word in _known_regions()), "")

    @property
    def day(self) -> str:
        """The day that its name says, such as 2026-11-01; empty where there is none."""
        found = _DAY.findall(self.name)
        return "-".join(found[-1]) if found else ""

    @property
    def account(self) -> str:
        """The account's number that its name says; empty where there is none."""
        found = _ACCOUNT.findall(self.name)
        return str(found[-1]) if found else ""

    @property
    def image(self) -> str:
        """The image's id that its name says; empty where there is none."""
        found = _IMAGE.findall(PurePosixPath(self.name).name)
        return str(found[-1]) if found else ""


def sources(places: str | Path | Iterable[str | Path]) -> Iterator[Source]:
    """Every file of some folders, archives and files, in the order of their names.

    Raises InputError for a place that cannot be read, or a folder without a file.
    """
    for place in [places] if isinstance(places, str | Path) else places:
        path = path_of(place, "an inventory")
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        files = [file for file in found if file.is_file() and not file.name.startswith(".")]
        if not files:
            raise InputError(f"{path}: {'the folder has no file' if path.is_dir() else 'there is no such file'}")
        for file in files:
            yield from _opened(file)


def _opened(file: Path) -> Iterator[Source]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{shown(str(file))}: cannot be read ({error.strerror})") from None
    if not zipfile.is_zipfile(BytesIO(content)):
        yield Source(str(file), content)
        return
    with zipfile.ZipFile(BytesIO(content)) as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith("/"):
                yield Source(f"{file}/{name}", archive.read(name))


@cache
def _known_regions() -> frozenset[str]:
    return frozenset(regions())
