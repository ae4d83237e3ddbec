"""Price files: CSV rows → `PriceRow`s, with every problem of a file found at once.

The published book and a person's own layer have the same form.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import StringIO
from itertools import pairwise
from numbers import Real
from pathlib import Path
from typing import Any

from ..errors import FileProblems, InputError, Problem, did_you_mean, shown
from ..saving import read
from .images import public_images
from .meters import METERS, units
from .not_counted import NOT_COUNTED, not_counted
from .regions import SCOPES, covered, regions
from .schemas import FILES

CURRENCIES = ("CNY", "USD")
PRICE_TABLE = FILES["prices/*/*.csv"]
_KINDS: Mapping[str, type] = {"text": str, "number": Real, "date": date}
_MAY_BE_NONE = ("price", "valid_until")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One row of a price book; see `PRICE_TABLE` for the columns. `layer` 0 is the published book.

    `supposes` is empty, or the assumption and its value with which the row holds, such as `UNK-12=none`.
    Raises InputError for what no bill could use as it is meant, such as a price of a storage meter by
    the vCPU, wherever the row comes from.
    """

    meter: str
    region_id: str
    currency: str
    valid_from: date
    item: str = ""
    to_region_id: str = ""
    billing_method: str = "pay_as_you_go"
    from_quantity: float = 0
    to_quantity: float = math.inf
    quantity_unit: str = ""
    unit: str = ""
    price: float | None = None
    valid_until: date | None = None
    valid_from_basis: str = "stated"
    source: str = "your own price"
    source_date: str = "undated"
    confidence: str = "own"
    status: str = "current"
    note: str = ""
    layer: int = 0
    supposes: str = ""

    def __post_init__(self) -> None:
        if problems := list(self._kind_problems()) or [*self._value_problems(), *self._meter_problems()]:
            raise InputError("; ".join(problems[:3]))

    def _kind_problems(self) -> Iterator[str]:
        for column in PRICE_TABLE.columns:
            value = getattr(self, column.name)
            if not isinstance(value, _KINDS[column.kind]) and not (value is None and column.name in _MAY_BE_NONE):
                yield f"{column.name} {shown(value)} is not a {column.kind}"
            elif column.values and value not in column.values:
                yield f"{column.name} {shown(value)} is not one of {', '.join(v for v in column.values if v)}"

    def _value_problems(self) -> Iterator[str]:
        for name, place in (("region_id", self.region_id), ("to_region_id", self.to_region_id)):
            if place and place not in regions() and place not in SCOPES and place != "unspecified":
                near = did_you_mean(place, [*regions(), *SCOPES])
                yield f"{name} {shown(place)} is neither a region nor a scope{near}"
        if self.price is not None and not is_amount(self.price):
            yield f"price {shown(self.price)} is not a finite number of 0 or more"
        if not is_amount(self.from_quantity):
            yield f"from_quantity {shown(self.from_quantity)} is not a finite number of 0 or more"
        elif not self.to_quantity > self.from_quantity:
            yield "to_quantity must be above from_quantity"
        if self.valid_until and self.valid_until <= self.valid_from:
            yield "valid_until must be after valid_from"
        if self.unit and self.unit not in units():
            yield f"unit {shown(self.unit)} is not known{did_you_mean(self.unit, units())}"
        elif not self.unit and self.price is not None:
            yield "unit is empty although there is a price"

    def _meter_problems(self) -> Iterator[str]:
        """What the meter cannot use; a meter that is not billed takes everything."""
        meter = METERS.get(self.meter)
        if meter is None:
            return
        if self.unit in units():
            as_you_go, prepaid = self.billing_method == "pay_as_you_go", bool(units()[self.unit].term)
            if self.unit not in meter.units and (as_you_go or prepaid):
                yield f"unit {self.unit!r} cannot price {meter.name}; use {' or '.join(meter.units)}"
            elif as_you_go and prepaid:
                yield f"a price {self.unit} is prepaid; its billing_method is subscription, not pay_as_you_go"
        if self.item and meter.item in ("", "region"):
            where = "; the region it goes to is to_region_id" if meter.item else ""
            yield f"item {shown(self.item)} has no effect on {meter.name}, which has none{where}"
        if self.to_region_id and meter.item != "region":
            yield f"to_region_id has no effect on {meter.name}, which goes nowhere"
        bounded = self.from_quantity > 0 or self.to_quantity < math.inf
        if bounded and self.quantity_unit != meter.bounds and (self.quantity_unit or meter.bounds == "vCPU"):
            yield f"bounds of {meter.name} count {meter.bounds}; quantity_unit is {shown(self.quantity_unit)}"

    @property
    def band(self) -> tuple[str, ...]:
        """What must agree for two rows to be prices of the same thing; month and hour are one thing."""
        known = units()[self.unit] if self.unit else None
        unit = (known.term or "over time") if known and known.hours else self.unit
        return self.meter, self.item, self.region_id, self.to_region_id, self.billing_method, unit


def is_amount(value: object) -> bool:
    """Whether a value is a finite number of 0 or more."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and 0 <= float(value) < math.inf
    except OverflowError:
        return False


_LAYER_NEEDS = ("meter", "region_id", "unit", "currency", "price", "valid_from")
"""What a layer may not leave out; for the rest the defaults of `PriceRow` are taken."""
_FAR = 20
"""How many times off the book's own a price of a layer may be before it is taken for a slip."""


def read_price_file(path: str | Path, layer: int = 0, book: Sequence[PriceRow] = ()) -> list[PriceRow]:
    """The rows of one price file.

    path: the file
    layer: 0 for a file of the published book, which states everything; 1 and more for a person's own,
        which may leave out columns, and every row of which must have an effect
    book: rows that the prices of a layer are compared with

    Columns are apart by commas, semicolons or tabs. Raises FileProblems with every problem of the file, InputError
    where it cannot be read.
    """
    text = read(path, "a price file").removeprefix("\ufeff")
    try:
        # Where a comma is the sign of decimals, spreadsheets save columns apart by semicolons.
        apart = max(",;\t", key=text.partition("\n")[0].count)
        reader = csv.DictReader(StringIO(text, newline=""), delimiter=apart)
        header = list(reader.fieldnames or ())
        given = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise InputError(f"{path}: cannot be read as a CSV file ({error})") from None
    if wrong := list(_header_problems(header, _LAYER_NEEDS if layer else PRICE_TABLE.names)):
        raise FileProblems(str(path), [Problem(1, message) for message in wrong])
    problems: list[Problem] = []
    rows: list[tuple[int, PriceRow]] = []
    for line, fields in given:
        needed = _LAYER_NEEDS if layer else [column.name for column in PRICE_TABLE.columns if column.required]
        found = [*_field_problems(fields, needed), *(_effect_problems(fields, book) if layer else ())]
        if not found:
            try:
                row = _price_row(fields, layer)
            except InputError as error:
                found = [str(error)]
            else:
                rows.append((line, row))
                found = [*_far_off(row, book)] if layer else []
        problems += [Problem(line, message) for message in found]
    problems += _book_problems(rows)
    if problems:
        raise FileProblems(str(path), problems)
    return [row for _, row in rows]


def _header_problems(header: Sequence[str], needed: Sequence[str]) -> Iterator[str]:
    if missing := [name for name in needed if name not in header]:
        yield f"the header lacks {', '.join(missing)}"
    for name in dict.fromkeys(header):
        if name not in (*PRICE_TABLE.names, "layer"):  # A book that was written out says each row's layer.
            yield f"unknown column {shown(name)}{did_you_mean(name, PRICE_TABLE.names)}"
        elif header.count(name) > 1:
            yield f"the column {name} stands twice"


def _field_problems(fields: Mapping[str, str], needed: Collection[str]) -> Iterator[str]:
    """What is wrong with single fields as they are written."""
    if None in fields:
        yield "there are more fields than columns; quote text that holds the sign between columns"
    for column in PRICE_TABLE.columns:
        value = fields.get(column.name) or ""
        if not value:
            if column.name in needed:
                yield f"{column.name} is empty; it needs {column.meaning}"
        elif column.values and value not in column.values:
            yield f"{column.name} {shown(value)} is not one of {', '.join(v for v in column.values if v)}"
        elif column.kind == "number" and not _is_number(value):
            yield f"{column.name} {shown(value)} is not a number of 0 or more"
        elif column.kind == "date" and not _is_date(value):
            yield f"{column.name} {shown(value)} is not a date like 2026-01-15"


def _effect_problems(fields: Mapping[str, str], book: Iterable[PriceRow]) -> Iterator[str]:
    """Why a row of a person's own would have no effect."""
    meter, method = fields.get("meter") or "", fields.get("billing_method") or ""
    if meter and meter not in METERS:
        near = not_counted(meter) or did_you_mean(meter, METERS).removeprefix("; ") or f"billed are {', '.join(METERS)}"
        yield f"meter {shown(meter)} is not billed, so its price has no effect; {near}"
    item = fields.get("item") or ""
    if item and meter in METERS and METERS[meter].item == "system":
        systems = {row.item for row in book if row.meter == meter} | {
            image.os_family for image in public_images().values()
        }
        if item not in systems:
            yield f"item {shown(item)} is no operating system, so its price has no effect{did_you_mean(item, systems)}"
    if method == "scu_pack":
        yield f"billing_method scu_pack has no effect; {NOT_COUNTED['scu']}"
    unit = units().get(fields.get("unit") or "")
    if method == "subscription" and unit is not None and not unit.term:
        prepaid = [name for name in (METERS[meter].units if meter in METERS else ()) if units()[name].term]
        yield f"a price {fields['unit']} is not of a subscription, so it has no effect; " + (
            f"prepaid are {', '.join(prepaid)}" if prepaid else f"nothing of {meter} is prepaid"
        )


def _far_off(row: PriceRow, book: Iterable[PriceRow]) -> Iterator[str]:
    """Why a price looks like a slip of unit or decimals beside what the book has for the same thing.

    Both are taken per GiB (vCPU, instance) and hour: 0.12 per GiB-Hour is 720 times 0.12 per GiB-Month.
    Of each region, the book's newest row before this one counts, and the nearest of its tiers. A row
    whose status is `own` or `example` is meant as it stands.
    """
    if not row.price or row.status in ("own", "example"):
        return
    price, of = _per_hour(row), ["meter", "item", "currency", "billing_method"]
    alike = [
        other
        for other in book
        if other.price
        and all(getattr(other, name) == getattr(row, name) for name in of)
        and units()[other.unit].basis == units()[row.unit].basis
        and units()[other.unit].term == units()[row.unit].term
        and (not row.to_region_id or covered(row.to_region_id) & covered(other.to_region_id))
    ]
    for region_id in sorted(covered(row.region_id)):
        here = [other for other in alike if region_id in covered(other.region_id)]
        days = sorted({other.valid_from for other in here})
        day = max((day for day in days if day <= row.valid_from), default=days[0] if days else None)
        tiers = [other for other in here if other.valid_from == day]
        near = min(tiers, key=lambda other: _times_off(price, _per_hour(other)), default=row)
        times = _times_off(price, _per_hour(near))
        if times > _FAR:
            yield (
                f"price {row.price:g} {row.currency} per {units()[row.unit].name} is {times:,.0f} times off the book's "
                f"{near.price:g} per {units()[near.unit].name} in {region_id}; check unit and decimals, "
                "or set the status to own"
            )
            return


def _times_off(price: float, other: float) -> float:
    return max(price / other, other / price)


def _per_hour(row: PriceRow) -> float:
    return (row.price or 0) / units()[row.unit].hours


def _book_problems(rows: list[tuple[int, PriceRow]]) -> list[Problem]:
    """What is wrong between rows: two currencies, overlapping validity, tiers that overlap or gap."""
    problems = []
    currencies = sorted({row.currency for _, row in rows})
    if len(currencies) > 1:
        line = next(line for line, row in rows if row.currency != rows[0][1].currency)
        problems.append(Problem(line, f"two currencies in one book ({', '.join(currencies)}); give each its own file"))
    groups: dict[tuple[str, ...], dict[date, list[tuple[int, PriceRow]]]] = {}
    for line, row in rows:
        groups.setdefault((*row.band, row.currency), {}).setdefault(row.valid_from, []).append((line, row))
    for by_date in groups.values():
        for tiers in by_date.values():
            problems += _tier_problems(tiers)
        problems += _overlaps([pair for tiers in by_date.values() for pair in tiers])
    return problems


def _overlaps(rows: list[tuple[int, PriceRow]]) -> list[Problem]:
    """Rows that say until when they hold, although another for the same starts before."""
    return [
        Problem(
            line,
            f"overlapping validity: this row holds until {row.valid_until}, "
            f"but another for the same starts on {following.valid_from}",
        )
        for line, row in rows
        for _, following in rows
        if row.valid_until
        and row.valid_from < following.valid_from < row.valid_until
        and row.from_quantity < following.to_quantity
        and following.from_quantity < row.to_quantity
    ]


def _tier_problems(tiers: list[tuple[int, PriceRow]]) -> list[Problem]:
    """Rows of one start day must be tiers side by side, or repeat one another's price."""
    problems = []
    ordered = sorted(tiers, key=lambda pair: pair[1].from_quantity)
    for (_, before), (line, row) in pairwise(ordered):
        if row.from_quantity == before.from_quantity:
            if row.price != before.price:
                problems.append(
                    Problem(line, f"overlapping validity: {before.price} and {row.price} both from {row.valid_from}")
                )
        elif row.from_quantity < before.to_quantity:
            problems.append(Problem(line, f"tier from {row.from_quantity:g} overlaps the tier before it"))
        elif row.from_quantity > before.to_quantity:
            problems.append(Problem(line, f"no price between {before.to_quantity:g} and {row.from_quantity:g}"))
    return problems


def _price_row(fields: Mapping[str, str], layer: int) -> PriceRow:
    read: dict[str, Callable[[str], Any]] = {"number": float, "date": date.fromisoformat, "text": str}
    values = {c.name: read[c.kind](fields[c.name]) for c in PRICE_TABLE.columns if fields.get(c.name)}
    if "billing_method" not in values and values.get("unit") in units():
        values["billing_method"] = units()[values["unit"]].billing_method
    return PriceRow(**values, layer=layer)


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\d+(\.\d*)?([eE][-+]?\d+)?", text)) and math.isfinite(float(text))


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
