"""The files that a person saved: found in folders and archives, decoded, and placed by what their names say."""

from __future__ import annotations

import codecs
import gzip
import lzma
import re
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path, PurePosixPath

from ..catalog.regions import regions
from ..errors import InputError, shown
from ..saving import path_of, storable

_REGION = re.compile(r"(?<![a-z0-9])[a-z]{2}-[a-z]+(?:-[a-z]+)?(?:-\d+)?(?![a-z0-9])")
_DAY = re.compile(r"(?<!\d)(20\d\d)-?([01]\d)-?([0-3]\d)(?!\d)")
_ACCOUNT = re.compile(r"(?<!\d)\d{12,19}(?!\d)")
_IMAGE = re.compile(r"(?<![a-z0-9])m-[a-z0-9]+")
_ENCODINGS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_LARGEST = 1 << 31
"""Bytes of a file in an archive, unpacked; a larger one is no saved answer or bill, or is meant to fill the memory."""
_PART = 1 << 20
_DAMAGED = (zlib.error, lzma.LZMAError)


@dataclass(frozen=True)
class Source:
    """One saved file.

    name: its path, or that of its archive and its name inside
    content: its bytes
    why_not: why it has no content, if it could not be unpacked
    """

    name: str
    content: bytes
    why_not: str = ""

    def text(self) -> str:
        """The content as text; raises InputError where it is none or could not be unpacked."""
        text = None if self.why_not else decoded(self.content)
        if text is None:
            raise InputError(f"{self.name}: {self.why_not or 'it is not text'}")
        return text

    @property
    def region(self) -> str:
        """The region that its name says, the last where there are several; empty where there is none."""
        return next((word for word in reversed(_REGION.findall(self.name)) if word in regions()), "")

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
    yield from unpacked(storable(str(file)), content)


def unpacked(name: str, content: bytes) -> Iterator[Source]:
    """The files of an archive, in the order of their names, or the one file that it is instead.

    name: what it is called in messages
    content: its bytes

    What cannot be unpacked, such as a file under a password, has its reason in place of its content.
    """
    if content[:2] == b"\x1f\x8b":
        try:
            with gzip.open(BytesIO(content)) as packed:
                content = packed.read(_LARGEST + 1)
        except (EOFError, OSError, zlib.error) as error:
            yield Source(name, b"", f"it cannot be unpacked ({str(error)[:80]})")
            return
        if len(content) > _LARGEST:
            yield Source(name, b"", "it is too large; unpack it first")
            return
    if content[257:262] == b"ustar":
        yield from _of_tar(name, content)
        return
    if content[:4] != b"PK\x03\x04":
        yield Source(name, content)
        return
    if b"[Content_Types].xml" in content:
        yield Source(name, b"", "it is a workbook; save its sheet as CSV")
        return
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for part in sorted(archive.infolist(), key=lambda part: part.filename):
                if part.is_dir() or "__MACOSX" in part.filename:
                    continue
                inside = f"{name}/{storable(part.filename[:200])}"
                if part.file_size > _LARGEST or part.filename.lower().endswith(".zip"):
                    yield Source(inside, b"", "it is too large or a zip itself; unpack it first")
                else:
                    yield Source(inside, archive.read(part))
    # What a damaged archive, a password, or a way of packing that Python lacks raises.
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError, *_DAMAGED) as error:
        yield Source(name, b"", f"it cannot be unpacked ({str(error)[:80]})")


def _of_tar(name: str, content: bytes) -> Iterator[Source]:
    try:
        with tarfile.open(fileobj=BytesIO(content)) as archive:
            for part in sorted(archive.getmembers(), key=lambda part: part.name):
                held = archive.extractfile(part) if part.isfile() else None
                inside = f"{name}/{storable(part.name[:200])}"
                if part.size > _LARGEST:
                    yield Source(inside, b"", "it is too large; unpack it first")
                elif held is not None:
                    yield Source(inside, held.read())
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        yield Source(name, b"", f"it cannot be unpacked ({str(error)[:80]})")


def decoded(content: bytes) -> str | None:
    """The text of a file in any encoding that answers and bills are saved in; None for what is no text."""
    encoding = encoding_of(content)
    return None if encoding is None else content.decode(encoding)


def encoding_of(content: bytes) -> str | None:
    """The encoding of a text that answers and bills are saved in; None for what is no text. Nothing large is kept."""
    marked = next((encoding for mark, encoding in _ENCODINGS if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            parts = (decoder.decode(content[at : at + _PART], at + _PART >= len(content)) for at in _parts(content))
            return None if any("\0" in part for part in parts) else encoding
        except UnicodeDecodeError:
            continue
    return None


def _parts(content: bytes) -> range:
    return range(0, len(content) or 1, _PART)


def region_named(text: str) -> str:
    """The id of a region from its id, or its name in English or Chinese; any other text as it is."""
    return text if text in regions() else _by_name().get(plain(text), text)


def plain(text: str) -> str:
    """A text as it is compared: without case, blanks, underscores and full-width forms."""
    return "".join(unicodedata.normalize("NFKC", text).replace("_", "").split()).lower()


@cache
def _by_name() -> dict[str, str]:
    return {plain(name): found.region_id for found in regions().values() for name in (found.name_en, found.name_zh)}
