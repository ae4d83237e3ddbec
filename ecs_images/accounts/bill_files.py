"""Bills of the provider, from files: whatever their form, the lines come out as one table of exact decimals.

Read are the detail file (61 columns, Chinese or English), the day file (39), the older file with English names,
answers of DescribeInstanceBill, QueryInstanceBill and DescribeSplitItemBill, and the FOCUS export; in UTF-8, UTF-16
or GB18030, alone, in a folder or in an archive. A form is known by the names of its columns, never by the file's name.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import InputError, shown
from ..saving import path_of
from ..wire.answers import count_of
from .bill_forms import BILL_LINES, Form, has_amounts
from .files import encoding_of, unpacked
from .values import values_of

_ENDINGS = (".csv", ".json", ".jsonl", ".ndjson", ".txt", ".zip", ".gz", ".tgz", ".tar", ".xlsx")
_AT_ONCE = 4_000
"""Rows that are put in one form together: enough to share the work, few enough for the memory."""
_ABOVE = 20
"""Lines among which the headers are, below a title or what a spreadsheet puts first."""
_SUMS = frozenset(["合计", "总计", "total", "Total"])
"""What the first fields of a line say that is the sum of others."""
_Rows = Iterable[tuple[int, list[str]]]
"""Rows, each with the number of its line or item."""


@dataclass(frozen=True)
class RealBill:
    """The lines of real bills.

    lines: a `BILL_LINES` table, each line once
    remarks: what was kept aside, counted once, is missing or looks cut off; a sentence each
    """

    lines: pd.DataFrame
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        sums = " and ".join(f"{amount} {currency}" for currency, amount in self.total().items())
        return f"<RealBill: {len(self.lines)} lines, {sums or 'empty'}>"

    def total(self) -> dict[str, Decimal]:
        """What is to be paid by currency, exact."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for currency, payable in zip(self.lines["currency"], self.lines["payable"], strict=True):
            sums[currency] += Decimal(payable or 0)
        return dict(sums)


@dataclass
class _Reading:
    """What has been read so far: lines, each with its file, and remarks."""

    lines: list[pd.DataFrame] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    promised: dict[tuple[str, ...], int] = field(default_factory=dict)
    found: Counter[tuple[str, ...]] = field(default_factory=Counter)
    progress: Callable[[int], None] = lambda _: None
    read: int = 0


def read_bill(*paths: str | Path, progress: Callable[[int], None] | None = None) -> RealBill:
    """Read real bills.

    paths: files, archives, or folders, of which every .csv, .json, .jsonl, .txt and archive (.zip, .gz, .tar) is read
    progress: called now and then with the number of lines read

    Lines with an id are counted once, however many files have them. Where a form has no ids, lines that are equal in
    several files are counted as often as in the file that has most of them. Raises InputError where a path does not
    exist or none of the files is a bill; a file that cannot be read among others is a remark.
    """
    if not paths:
        raise InputError("give at least one file of a bill")
    reading = _Reading(progress=progress or (lambda _: None))
    for file, name in _files(paths):
        try:
            _read_content(name, file.read_bytes(), reading)
        except OSError as error:
            reading.remarks.append(f"{name}: cannot be read ({error.strerror})")
    for key, promised in reading.promised.items():
        if reading.found[key] < promised:
            of = " of ".join(filter(None, (key[2] or key[1], key[0])))
            reading.remarks.append(
                f"the answers for {of or 'this bill'} hold {reading.found[key]} of {promised} lines; "
                "fetch the other pages"
            )
    if not any(map(len, reading.lines)):
        raise InputError("; ".join(reading.remarks[:3]) or f"no bill in {', '.join(map(str, paths))[:80]}")
    lines = BILL_LINES.frame(_counted_once(reading))
    payers = sorted(set(lines["payer_id"].unique()) - {""})
    if len(payers) > 1:
        named = ", ".join(payers[:3])
        reading.remarks.append(f"the lines have {len(payers)} payers, such as {named}; each account stays apart")
    return RealBill(lines, tuple(reading.remarks))


def _files(paths: Iterable[str | Path]) -> Iterator[tuple[Path, str]]:
    """The files of paths, each with the name that messages use."""
    for given in paths:
        path = path_of(given, "a bill")
        if path.is_dir():
            inside = (found for found in sorted(path.rglob("*")) if found.suffix.lower() in _ENDINGS)
            yield from ((found, str(found.relative_to(path))) for found in inside if found.is_file())
        elif path.exists():
            yield path, path.name
        else:
            raise InputError(f"{shown(str(path))}: there is no such file")


def _read_content(name: str, content: bytes, reading: _Reading) -> None:
    for file in unpacked(name, content):
        if file.name != name and not file.name.lower().endswith(_ENDINGS):
            continue
        if file.why_not:
            reading.remarks.append(f"{file.name}: {file.why_not}")
        elif not file.content or file.content.isspace():
            reading.remarks.append(f"{file.name} is empty")
        elif (encoding := encoding_of(file.content)) is None:
            reading.remarks.append(f"{file.name} is not text, and was kept aside")
        elif file.content[:64].decode(encoding, errors="ignore").lstrip()[:1] in ("{", "[", "<"):
            _read_answers(file.name, file.content.decode(encoding).strip(), reading)
        else:
            _read_csv(file.name, io.TextIOWrapper(io.BytesIO(file.content), encoding, newline=""), reading)


# Answers --------------------------------------------------------------------------------------------


def _read_answers(name: str, text: str, reading: _Reading) -> None:
    values: list[object] = []
    try:
        # Numbers stay the text that stands there, so that amounts and long ids are exact.
        for value in values_of(name, text, exact=True):
            values.append(value)
    except InputError as error:
        reading.remarks.append(f"{error}{'; what stands before it was read' if values else ''}")
    try:
        rows = list(_rows(values, {}, reading))
    except RecursionError:
        reading.remarks.append(f"{name}: it is nested too deeply")
        return
    if values or rows:
        header = list(dict.fromkeys(head for row in rows for head in row))
        _add(name, header, enumerate(([row.get(head, "") for head in header] for row in rows), 1), reading, "item")


def _rows(value: object, around: Mapping[str, str], reading: _Reading) -> Iterator[dict[str, str]]:
    """The lines inside an answer, however deep; each has what stands around its list, such as the month."""
    if isinstance(value, list):
        for part in value:
            yield from _rows(part, around, reading)
    elif isinstance(value, dict):
        plain = {str(key): _plain(part) for key, part in value.items() if not isinstance(part, list)}
        if has_amounts(plain):
            yield {**around, **plain}
            return
        inside = {**around, **{key: plain[key] for key in ("AccountID", "BillingCycle") if plain.get(key)}}
        rows = [row for part in value.values() for row in _rows(part, inside, reading)]
        if rows and (promised := count_of(plain.get("TotalCount"))) is not None:
            key = inside.get("AccountID", ""), inside.get("BillingCycle", ""), rows[0].get("BillingDate", "")
            reading.promised[key] = max(promised, reading.promised.get(key, 0))
            reading.found[key] += len(rows)
        yield from rows


def _plain(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# Tables ---------------------------------------------------------------------------------------------


def _read_csv(name: str, text: io.TextIOWrapper, reading: _Reading) -> None:
    first = max(islice(text, _ABOVE), key=lambda line: max(map(line.count, ",\t;")), default="")
    delimiter = max(",\t;", key=first.count)
    csv.field_size_limit(1 << 24)
    text.seek(0)
    reader = csv.reader(text, delimiter=delimiter)
    try:
        above = next((place for place, row in enumerate(islice(reader, _ABOVE)) if has_amounts(row)), 0)
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter)
        header = [head.strip() for head in next(filter(any, islice(reader, above, None)), [])]
        _add(name, header, _rows_of_csv(name, header, reader, reading), reading, "line")
    except csv.Error as error:
        reading.remarks.append(f"{name}, line {reader.line_num}: {error}; the rest of the file was kept aside")


def _rows_of_csv(name: str, header: list[str], reader: Any, reading: _Reading) -> Iterator[tuple[int, list[str]]]:
    """The whole rows of a CSV, each with its line; half ones and sums are remarks."""
    for fields in reader:
        if len(fields) == len(header) and any(fields):
            if _SUMS.isdisjoint(fields[:3]):
                yield reader.line_num, fields
            else:
                reading.remarks.append(f"{name}, line {reader.line_num}: a sum of other lines; it was not counted")
        elif any(part.strip() for part in fields):
            count = f"{len(fields)} fields under {len(header)} headers"
            reading.remarks.append(f"{name}, line {reader.line_num}: {count}; the line was kept aside")


# Lines ----------------------------------------------------------------------------------------------


def _add(name: str, header: list[str], rows: _Rows, reading: _Reading, word: str) -> None:
    """Add the lines of a file, or a remark where it is no bill."""
    if not has_amounts(header):
        reading.remarks.append(f"{name} has no column of a bill's amounts, such as 应付金额 or PretaxAmount")
        return
    form, numbered, before = Form.of(name, header), iter(rows), reading.read
    reading.remarks += form.lacks
    while some := list(islice(numbered, _AT_ONCE)):
        lines, wrong = form.lines([row for _, row in some])
        reading.lines.append(lines)
        reading.remarks += [
            f"{name}, {word} {some[number][0]}: {why}; the line was kept aside" for number, why in wrong.items()
        ]
        reading.read += len(some)
        reading.progress(reading.read)
    if reading.read == before:
        reading.remarks.append(f"{name} has headers and no whole line")


def _counted_once(reading: _Reading) -> pd.DataFrame:
    """The lines without those that several files have.

    An id stands for one line, so the last file that has it counts. Without ids, two equal lines of one file may be
    two parts of one charge, which real bills split; but a file that was saved twice must not count twice. So the file
    with the most copies of a line says how many there are.
    """
    lines = pd.concat(reading.lines, ignore_index=True)
    reading.lines.clear()
    unnamed = lines["row_id"] == ""
    keep = unnamed | ~lines["row_id"].duplicated(keep="last")
    if unnamed.any():
        content = lines.loc[unnamed].drop(columns="source_file")
        sames = pd.DataFrame({"line": pd.util.hash_pandas_object(content, index=False), "file": lines["source_file"]})
        copies = sames.loc[unnamed].groupby(["line", "file"], sort=False).size()
        most = copies.groupby("line", sort=False).idxmax()
        wanted = pd.MultiIndex.from_frame(sames).isin(list(most))
        keep &= ~unnamed | wanted
        twice = int((copies.loc[list(most)] - 1).sum())
    else:
        twice = 0
    if left := len(lines) - int(keep.sum()):
        reading.remarks.append(f"{left} line{'s were' if left > 1 else ' was'} read twice and counted once")
    if twice:
        reading.remarks.append(
            f"{twice} lines are equal to another of the same file and have no id: they were counted, "
            "as parts of a charge"
        )
    return lines[keep].reset_index(drop=True) if left else lines
