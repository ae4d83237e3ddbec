"""Bills of the provider, from files: whatever their form, the lines come out as one table of exact decimals.

Read are the detail file (61 columns, Chinese or English), the day file (39), the older file with English names,
answers of DescribeInstanceBill, QueryInstanceBill and DescribeSplitItemBill, and the FOCUS export; in UTF-8, UTF-16
or GB18030, alone, in a folder or in a zip. A form is known by the names of its columns, never by the file's name.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from ..catalog.regions import regions
from ..errors import InputError, shown
from ..saving import path_of
from ..units import BILLING_CLOCK
from ..wire.bills import NAMES, TAX_MODES
from .bill_lines import BILL_LINES
from .files import decoded, unpacked

AMOUNTS = ("quantity_before", "quantity_deducted", "quantity", "list_price", "gross", "discount", "coupon", "payable")
_ENDINGS = (".csv", ".json", ".jsonl", ".ndjson", ".txt", ".zip", ".gz", ".tgz", ".tar", ".xlsx")
_MOST_DIGITS = 40
"""Digits before or after the point beyond which a number is no amount."""
_TAGS = re.compile(r"key:(.*?) value:(.*?)(?:;|$)")


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
    """What has been read so far: lines as texts by column, each with its file, and remarks."""

    lines: list[dict[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    promised: dict[tuple[str, ...], int] = field(default_factory=dict)
    found: Counter[tuple[str, ...]] = field(default_factory=Counter)


def read_bill(*paths: str | Path) -> RealBill:
    """Read real bills.

    paths: files, zips, or folders, of which every .csv, .json, .jsonl, .txt and archive (.zip, .gz, .tar) is read

    Lines with an id are counted once, however many files have them. Where a form has no ids, lines that are equal in
    several files are counted as often as in the file that has most of them. Raises InputError where a path does not
    exist or none of the files is a bill; a file that cannot be read among others is a remark.
    """
    if not paths:
        raise InputError("give at least one file of a bill")
    reading = _Reading()
    for file, name in _files(paths):
        try:
            content = file.read_bytes()
        except OSError as error:
            reading.remarks.append(f"{name}: cannot be read ({error.strerror})")
            continue
        _read_content(name, content, reading)
    for key, promised in reading.promised.items():
        if reading.found[key] < promised:
            of = " of ".join(filter(None, (key[2] or key[1], key[0])))
            reading.remarks.append(
                f"the answers for {of or 'this bill'} hold {reading.found[key]} of {promised} lines; "
                "fetch the other pages"
            )
    if not reading.lines:
        raise InputError("; ".join(reading.remarks[:3]) or f"no bill in {', '.join(map(str, paths))[:80]}")
    lines = _counted_once(reading)
    return RealBill(BILL_LINES.frame(pd.DataFrame(lines, columns=BILL_LINES.names)), tuple(reading.remarks))


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
        elif not file.content.strip():
            reading.remarks.append(f"{file.name} is empty")
        elif (text := decoded(file.content)) is None:
            reading.remarks.append(f"{file.name} is not text, and was kept aside")
        elif text.lstrip()[:1] in ("{", "["):
            _read_json(file.name, text, reading)
        else:
            _read_csv(file.name, text, reading)


# Answers --------------------------------------------------------------------------------------------


def _read_json(name: str, text: str, reading: _Reading) -> None:
    values: list[object] = []
    try:
        values = [_loads(text)]
    except (ValueError, RecursionError):
        for number, line in enumerate(text.splitlines(), 1):
            try:
                values += [_loads(line)] if line.strip() else []
            except (ValueError, RecursionError):
                reading.remarks.append(f"{name}, line {number}: not JSON, or only a part of it; it was kept aside")
                break
    rows = list(_rows(values, {}, reading))
    header = list(dict.fromkeys(head for row in rows for head in row))
    _add(name, header, enumerate(rows, 1), reading, "item")


def _loads(text: str) -> object:
    """JSON with every number as the text that stands there, so that amounts and long ids stay exact."""
    return json.loads(text, parse_float=str, parse_int=str)


def _rows(value: object, around: Mapping[str, str], reading: _Reading) -> Iterator[dict[str, str]]:
    """The lines inside an answer, however deep; each has what stands around its list, such as the month."""
    if isinstance(value, list):
        for part in value:
            yield from _rows(part, around, reading)
    elif isinstance(value, dict):
        plain = {str(key): _plain(part) for key, part in value.items() if not isinstance(part, list)}
        if _has_amounts(plain):
            yield {**around, **plain}
            return
        inside = {**around, **{key: plain[key] for key in ("AccountID", "BillingCycle") if plain.get(key)}}
        rows = [row for part in value.values() for row in _rows(part, inside, reading)]
        if rows and str(plain.get("TotalCount", "")).isdigit():
            key = inside.get("AccountID", ""), inside.get("BillingCycle", ""), rows[0].get("BillingDate", "")
            reading.promised[key] = max(int(plain["TotalCount"]), reading.promised.get(key, 0))
            reading.found[key] += len(rows)
        yield from rows


def _plain(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _has_amounts(header: Iterable[str]) -> bool:
    """Whether these are headers of a bill's lines: a list cost, or what is to be paid, is among them."""
    return not _amount_names().isdisjoint(_spelt(head).rpartition("/")[2] for head in header)


@cache
def _amount_names() -> frozenset[str]:
    return frozenset(_spelt(name) for name in (*NAMES["gross"], *NAMES["payable"]))


# Tables ---------------------------------------------------------------------------------------------


def _read_csv(name: str, text: str, reading: _Reading) -> None:
    first = text.lstrip().partition("\n")[0]
    csv.field_size_limit(1 << 24)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",\t;", key=first.count))
    try:
        header = [head.strip() for head in next(filter(any, reader), [])]
        _add(name, header, _rows_of_csv(name, header, reader, reading), reading, "line")
    except csv.Error as error:
        reading.remarks.append(f"{name}, line {reader.line_num}: {error}; the rest of the file was kept aside")


def _rows_of_csv(name: str, header: list[str], reader: Any, reading: _Reading) -> Iterator[tuple[int, dict[str, str]]]:
    """The whole rows of a CSV, each with its line; half ones and sums are remarks."""
    for fields in reader:
        place = f"{name}, line {reader.line_num}"
        if len(fields) == len(header) and any(fields):
            if {"合计", "总计", "total", "Total"} & set(fields[:3]):
                reading.remarks.append(f"{place}: a sum of other lines; it was not counted")
            else:
                yield reader.line_num, dict(zip(header, fields, strict=True))
        elif any(part.strip() for part in fields):
            count = f"{len(fields)} fields under {len(header)} headers"
            reading.remarks.append(f"{place}: {count}; the line was kept aside")


# Lines ----------------------------------------------------------------------------------------------


def _spelt(header: str) -> str:
    """A header as it is compared: without case, blanks and full-width forms."""
    return "".join(unicodedata.normalize("NFKC", header).split()).lower()


def _headers(header: Iterable[str]) -> dict[str, list[str]]:
    """The headers of a file under each of our columns, the one that counts first."""
    by_name: dict[str, str] = {}
    for head in header:
        spelt = _spelt(head)
        by_name.setdefault(spelt.rpartition("/")[2], head)
        by_name[spelt] = head
    found = {
        ours: [by_name[_spelt(name)] for name in names if _spelt(name) in by_name] for ours, names in NAMES.items()
    }
    before = found["quantity_before"]
    if len(before) > 1:  # with 抵扣前用量 beside it, 用量 is what is left after plans
        found["quantity"] = [*found["quantity"], *before[1:]]
    elif before and before[0] in found["quantity"]:
        found["quantity_before"] = []
    return found


def _add(
    name: str, header: list[str], rows: Iterable[tuple[int, dict[str, str]]], reading: _Reading, word: str
) -> None:
    """Add the lines of a file, or a remark where it is no bill."""
    columns = _headers(header)
    if not _has_amounts(header):
        reading.remarks.append(f"{name} has no column of a bill's amounts, such as 应付金额 or PretaxAmount")
        return
    focus = any(_spelt(head) == "billedcost" for head in columns["payable"])
    for ours in _WITHOUT:
        if not columns[ours] and not (focus and ours == "coupon"):
            reading.remarks.append(f"{name} lacks the column {NAMES[ours][0]}; {_WITHOUT[ours]}")
    if not columns["day"] and not columns["charge_period_start"]:
        reading.remarks.append(f"{name} has no days; its lines are compared with whole months")
    tax_names = {_spelt(head): mode for head, mode in TAX_MODES.items()}
    tax = next((tax_names.get(_spelt(head).rpartition("/")[2], "") for head in columns["payable"]), "")
    used = {head for heads in columns.values() for head in heads}
    for place, row in rows:
        line = {ours: _first(row, heads) for ours, heads in columns.items()}
        wrong = _amounts_made_plain(line)
        if {"payable", "gross"} & set(wrong) or not (line["payable"] or line["gross"]):
            why = f"{wrong[-1]} is not an amount" if wrong else "it has no amount"
            reading.remarks.append(f"{name}, {word} {place}: {why}; the line was kept aside")
            continue
        _complete(line, focus)
        kept = {head: value for head, value in row.items() if value and head not in used}
        line |= {"tax_mode": tax, "extra": json.dumps(kept, ensure_ascii=False) if kept else "", "source_file": name}
        reading.lines.append(line)


_WITHOUT = {
    "payable": "it is computed as list cost less discount and coupons",
    "gross": "list costs are not known",
    "currency": "the currency is not known",
    "account_id": "its lines name no account",
    "list_price": "prices are worked out from list costs",
    "coupon": "coupons are not known",
}


def _first(row: Mapping[str, str], heads: Iterable[str]) -> str:
    return next((value for head in heads if (value := (row.get(head) or "").strip())), "")


def _amounts_made_plain(line: dict[str, str]) -> list[str]:
    """Write every amount of a line in plain digits; returns the columns whose text is no amount, emptied."""
    wrong = []
    for ours in filter(line.get, AMOUNTS):
        line[ours] = _amount(line[ours])
        wrong += [] if line[ours] else [ours]
    return wrong


def _complete(line: dict[str, str], focus: bool) -> None:
    """Put days, months, regions and the amounts that follow from others in one form."""
    for ours in ("charge_period_start", "charge_period_end"):
        line[ours] = _moment(line[ours])
    line["day"] = _moment(line["day"])[:10] or line["charge_period_start"][:10]
    line["month"] = _month(line["month"]) or line["day"][:7]
    line["account_id"] = line["account_id"] or line["payer_id"]
    line["region_id"] = _region(line["region_id"]) or _region(line["resource_id"].partition(";")[0])
    line["tags"] = _tags(line["tags"])
    if focus and not line["discount"] and line["gross"]:
        # By definition of FOCUS, what lies between the two costs are discounts.
        line["discount"] = text_of(Decimal(line["gross"]) - Decimal(line["payable"] or 0))
    if not line["payable"]:
        less = sum(Decimal(line[part] or 0) for part in ("discount", "coupon"))
        line["payable"] = text_of(Decimal(line["gross"] or 0) - less)
    if not line["quantity"] and line["quantity_before"]:
        line["quantity"] = text_of(Decimal(line["quantity_before"]) - Decimal(line["quantity_deducted"] or 0))


@lru_cache(65536)
def _amount(text: str) -> str:
    """An amount as plain decimal digits; empty for what is none."""
    try:
        value = Decimal(text.replace(",", "").strip())
    except InvalidOperation:
        return ""
    return text_of(value) if value.is_finite() and abs(value.adjusted()) < _MOST_DIGITS else ""


def text_of(value: Decimal) -> str:
    """A decimal as plain digits without needless zeros."""
    return f"{value.normalize():f}" if value else "0"


@lru_cache(65536)
def _moment(text: str) -> str:
    """A time or day as ISO text on the billing clock; without a zone it is on it already. Empty for what is none."""
    digits = re.sub(r"[./年月]", "-", text.strip()).removesuffix("日")
    parts = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", digits)
    try:
        moment = datetime.fromisoformat(f"{parts[1]}-{parts[2]:0>2}-{parts[3]:0>2}" if parts else digits)
    except ValueError:
        return ""
    moment = moment.replace(tzinfo=moment.tzinfo or BILLING_CLOCK).astimezone(BILLING_CLOCK)
    return moment.isoformat()


@lru_cache(1024)
def _month(text: str) -> str:
    found = re.fullmatch(r"(\d{4})[-/年]?(\d{1,2})月?", text)
    return f"{found[1]}-{found[2]:0>2}" if found else _moment(text)[:7]


@lru_cache(1024)
def _region(text: str) -> str:
    """The id of a region from its id or name; empty for what is none."""
    named = {_spelt(name): found.region_id for found in regions().values() for name in (found.name_en, found.name_zh)}
    return text if text in regions() else named.get(_spelt(text), "")


@lru_cache(1024)
def _tags(text: str) -> str:
    """Tags as JSON, from JSON, `key:K value:V; …` or `K:V;…`."""
    if not text or text.startswith("{"):
        return text
    pairs = _TAGS.findall(text) or [part.partition(":")[::2] for part in text.split(";") if ":" in part]
    return json.dumps({key.strip(): value.strip() for key, value in pairs}, ensure_ascii=False) if pairs else ""


def _counted_once(reading: _Reading) -> list[dict[str, str]]:
    """The lines without those that several files have.

    An id stands for one line, so the last file that has it counts. Without ids, two equal lines of one file may be
    two parts of one charge, which real bills split; but a file that was saved twice must not count twice. So the file
    with the most copies of a line says how many there are.
    """
    named = {line["row_id"]: line for line in reading.lines if line["row_id"]}
    copies: dict[tuple[str, ...], dict[str, list[dict[str, str]]]] = {}
    for line in reading.lines:
        if not line["row_id"]:
            content = tuple(value for key, value in line.items() if key != "source_file")
            copies.setdefault(content, {}).setdefault(line["source_file"], []).append(line)
    unnamed = [line for files in copies.values() for line in max(files.values(), key=len)]
    lines = [*named.values(), *unnamed]
    if left := len(reading.lines) - len(lines):
        reading.remarks.append(f"{left} line{'s were' if left > 1 else ' was'} read twice and counted once")
    twice = sum(len(found) - 1 for files in copies.values() for found in [max(files.values(), key=len)])
    if twice:
        reading.remarks.append(
            f"{twice} lines are equal to another of the same file and have no id: they were counted, "
            "as parts of a charge"
        )
    return lines
