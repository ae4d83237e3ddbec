"""Price files: CSV rows → `PriceRow`s, with every problem of a file found at once.

The published book and a person's own layer have the same form, so this module declares it.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise
from pathlib import Path

from ..errors import FileProblems, InputError, Problem, did_you_mean, nearest, shown
from ..tables import Column, Table
from .limits import constant
from .regions import SCOPES, regions

CURRENCIES = ("CNY", "USD")
BASES = ("stated", "observed", "assumed")

PRICE_TABLE = Table(
    "prices",
    "one price (or one tier of a price) from a date, in one currency",
    (
        Column("meter", "text", "", "what is metered, such as snapshot_standard or os_licence", True),
        Column("item", "text", "", "operating system, product code, disk category or instance type"),
        Column("region_id", "text", "", "a region, or a scope such as mainland_china or all_regions", True),
        Column("to_region_id", "text", "", "destination region or scope of traffic"),
        Column("billing_method", "text", "", "how it is paid", True, ("pay_as_you_go", "subscription", "scu_pack")),
        Column("from_quantity", "number", "quantity_unit", "lower bound of the tier or band, inside it", True),
        Column("to_quantity", "number", "quantity_unit", "upper bound, outside it; empty: no bound"),
        Column("quantity_unit", "text", "", "what the bounds count", values=("", "GiB", "vCPU", "Mbps")),
        Column("unit", "text", "", "what the price is for, such as per_gib_month"),
        Column("currency", "text", "", "currency of the price list", True, CURRENCIES),
        Column("price", "number", "currency per unit", "list price; empty: not published"),
        Column("valid_from", "date", "", "first day of the billing clock (UTC+8) with this price", True),
        Column("valid_until", "date", "", "first day without it; empty: until a later row"),
        Column("valid_from_basis", "text", "", "how the first day is known", True, BASES),
        Column("source", "text", "", "where the figure stands", True),
        Column("source_date", "text", "", "date of that source; undated where it prints none", True),
        Column("confidence", "text", "", "official, derived_official, third_party, assumed, example …", True),
        Column("status", "text", "", "current, last_known, superseded, example …", True),
        Column("note", "text", "", "what else a reader must know"),
    ),
)


@dataclass(frozen=True, slots=True)
class Unit:
    """What a price is for: a basis (GiB, vCPU, Instance) during `hours`; 0 hours: the bill has no use for it.

    With `once` the price is for the quantity itself, however long it takes; such use is metered
    as lasting one hour.
    """

    basis: str
    hours: float
    name: str
    once: bool = False

    @property
    def consumed(self) -> str:
        """The unit in which use is counted."""
        return self.basis if self.once else f"{self.basis}-Hour"


@cache
def units() -> dict[str, Unit]:
    """Every unit a price may have; a pricing month has 720 hours (BILL-2)."""
    month = constant("pricing_month_hours")
    names = {
        "per_gib_month": Unit("GiB", month, "GiB-Month"),
        "per_gib_hour": Unit("GiB", 1, "GiB-Hour"),
        "per_gib": Unit("GiB", 1, "GiB", once=True),
        # OSS prints GB and counts 2^30 bytes (ASSUME-7).
        "per_gb": Unit("GiB", 1, "GiB", once=True),
        "per_vcpu_hour": Unit("vCPU", 1, "vCPU-Hour"),
        "per_instance_hour": Unit("Instance", 1, "Instance-Hour"),
    }
    others = (
        "per_vcpu_month per_vcpu_year per_instance_month per_instance_year per_activation "
        "per_gib_disk_hour per_month per_hour per_mbps_month per_mbps_hour per_10000_requests"
    )
    return names | {name: Unit("", 0, name) for name in others.split()}


# The units each metered fee may be priced in.
UNITS_OF_METER = {
    "snapshot_standard": ("per_gib_month", "per_gib_hour"),
    "snapshot_copy_traffic": ("per_gib",),
    "image_copy_traffic": ("per_gib",),
    "oss_standard_lrs_storage": ("per_gib_month", "per_gib_hour"),
    "oss_cross_region_replication": ("per_gb", "per_gib"),
    "os_licence": ("per_vcpu_hour", "per_instance_hour"),
    "marketplace_fee": ("per_vcpu_hour", "per_instance_hour"),
}
TRAFFIC_METERS = frozenset({"snapshot_copy_traffic", "image_copy_traffic", "oss_cross_region_replication"})
"""Meters priced from a region to another."""
FREE_UNLESS_PRICED = frozenset({"image_copy_traffic"})
"""Meters for which no source names a fee: 0 by a named assumption, until a layer prices them (COPY-10, UNK-2)."""


def item_in_words(meter: str, item: str) -> str:
    """The item of a meter in a sentence: of traffic, the region it goes to."""
    return f"to {item}" if meter in TRAFFIC_METERS else item


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One row of a price book; see `PRICE_TABLE` for the columns. `layer` 0 is the published book."""

    meter: str
    item: str
    region_id: str
    to_region_id: str
    billing_method: str
    from_quantity: float
    to_quantity: float
    quantity_unit: str
    unit: str
    currency: str
    price: float | None
    valid_from: date
    valid_until: date | None
    valid_from_basis: str
    source: str
    source_date: str
    confidence: str
    status: str
    note: str
    layer: int = 0

    @property
    def band(self) -> tuple[str, ...]:
        """What must agree for two rows to be prices of the same thing; month and hour are one thing."""
        unit = "over time" if self.unit and units()[self.unit].hours else self.unit
        return self.meter, self.item, self.region_id, self.to_region_id, self.billing_method, unit


# What a person's own layer may leave out, and what is taken then.
_LAYER_NEEDS = ("meter", "region_id", "unit", "currency", "price", "valid_from")
_LAYER_DEFAULTS = {
    "billing_method": "pay_as_you_go",
    "from_quantity": "0",
    "valid_from_basis": "stated",
    "source": "a price file of your own",
    "source_date": "undated",
    "confidence": "own",
    "status": "current",
}


def read_price_file(path: Path, layer: int = 0) -> list[PriceRow]:
    """The rows of one price file; raises FileProblems with every problem of the file.

    The published files (layer 0) say everything; a layer of one's own may leave out columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            header = list(reader.fieldnames or ())
            raw = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a CSV file ({error})") from None
    missing = [name for name in (_LAYER_NEEDS if layer else PRICE_TABLE.names) if name not in header]
    if missing:
        raise FileProblems(str(path), [Problem(1, f"the header lacks {', '.join(missing)}")])
    problems: list[Problem] = []
    rows: list[tuple[int, PriceRow]] = []
    for line, given in raw:
        fields = _with_defaults(given) if layer else given
        found = (_meter_problems(fields) if layer else []) + _row_problems(fields)
        if layer and not fields.get("price"):
            found.append("price is empty; a row of your own needs one")
        if found:
            problems += [Problem(line, message) for message in found]
        else:
            rows.append((line, _price_row(fields, layer)))
    problems += _book_problems(rows)
    if problems:
        raise FileProblems(str(path), problems)
    return [row for _, row in rows]


def _with_defaults(given: dict[str, str]) -> dict[str, str]:
    blank = dict.fromkeys(PRICE_TABLE.names, "")
    return {**blank, **given, **{name: given.get(name) or default for name, default in _LAYER_DEFAULTS.items()}}


def _row_problems(fields: dict[str, str]) -> list[str]:
    problems = []
    if None in fields:
        problems.append("there are more fields than columns; quote text that holds a comma")
    for column in PRICE_TABLE.columns:
        value = fields.get(column.name) or ""
        if not value:
            if column.required:
                problems.append(f"{column.name} is empty; it needs {column.meaning}")
        elif column.values and value not in column.values:
            problems.append(f"{column.name} {value!r} is not one of {', '.join(v for v in column.values if v)}")
        elif column.kind == "number" and not _is_amount(value):
            problems.append(f"{column.name} {value!r} is not a number of 0 or more")
        elif column.kind == "date" and not _is_date(value):
            problems.append(f"{column.name} {value!r} is not a date like 2026-01-15")
    problems += _place_problems(fields) + _unit_problems(fields)
    if problems:
        return problems
    if fields["to_quantity"] and float(fields["to_quantity"]) <= float(fields["from_quantity"]):
        problems.append("to_quantity must be above from_quantity")
    if fields["valid_until"] and fields["valid_until"] <= fields["valid_from"]:
        problems.append("valid_until must be after valid_from")
    return problems


def _meter_problems(fields: dict[str, str]) -> list[str]:
    """In a layer, a meter of another name is kept for what it is, but a slip in a billed one is told."""
    meter = fields.get("meter") or ""
    close = nearest(meter, UNITS_OF_METER, 1)
    slip = close and meter not in UNITS_OF_METER and SequenceMatcher(None, meter, close[0]).ratio() > 0.85
    return [f"meter {meter!r} is not billed; did you mean {close[0]}?"] if slip else []


def _place_problems(fields: dict[str, str]) -> list[str]:
    problems = []
    known = [*regions(), *sorted(SCOPES), "unspecified"]
    for name in ("region_id", "to_region_id"):
        value = fields.get(name) or ""
        if value and value not in known:
            problems.append(f"{name} {shown(value)} is neither a region nor a scope{did_you_mean(value, known)}")
    return problems


def _unit_problems(fields: dict[str, str]) -> list[str]:
    unit, meter = fields.get("unit") or "", fields.get("meter") or ""
    if not unit:
        return ["unit is empty although there is a price"] if fields.get("price") else []
    if unit not in units():
        return [f"unit {shown(unit)} is not known{did_you_mean(unit, units())}"]
    good = UNITS_OF_METER.get(meter)
    if good and fields.get("billing_method") == "pay_as_you_go" and unit not in good:
        return [f"unit {unit!r} cannot price {meter}; use {' or '.join(good)}"]
    return []


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


def _price_row(fields: dict[str, str], layer: int) -> PriceRow:
    text = {name: fields.get(name) or "" for name in PRICE_TABLE.names}
    return PriceRow(
        meter=text["meter"],
        item=text["item"],
        region_id=text["region_id"],
        to_region_id=text["to_region_id"],
        billing_method=text["billing_method"],
        from_quantity=float(text["from_quantity"]),
        to_quantity=float(text["to_quantity"]) if text["to_quantity"] else math.inf,
        quantity_unit=text["quantity_unit"],
        unit=text["unit"],
        currency=text["currency"],
        price=float(text["price"]) if text["price"] else None,
        valid_from=date.fromisoformat(text["valid_from"]),
        valid_until=date.fromisoformat(text["valid_until"]) if text["valid_until"] else None,
        valid_from_basis=text["valid_from_basis"],
        source=text["source"],
        source_date=text["source_date"],
        confidence=text["confidence"],
        status=text["status"],
        note=text["note"],
        layer=layer,
    )


def _is_amount(text: str) -> bool:
    return bool(re.fullmatch(r"\d+(\.\d*)?([eE][-+]?\d+)?", text)) and math.isfinite(float(text))


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
