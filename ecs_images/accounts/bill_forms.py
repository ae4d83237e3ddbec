"""The rows of a bill's file in one form, column by column, so that a large bill takes seconds, not minutes.

Amounts are exact: they stay decimal digits in text. Whatever many rows share is worked out once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import pandas as pd

from ..catalog.regions import regions
from ..catalog.schemas import TABLES
from ..units import BILLING_CLOCK
from ..wire.bills import NAMES, TAX_MODES
from .files import plain, region_named

BILL_LINES = TABLES["bill lines"]
AMOUNTS = (
    *("quantity_before", "quantity_deducted", "quantity", "duration"),
    *("list_price", "gross", "discount", "coupon", "payable"),
)
_MOST_DIGITS = 40
"""Digits before or after the point beyond which a number is no amount."""
_KNOWN = 1 << 16
"""How many different texts of a kind are remembered with what they mean."""
_TAGS = re.compile(r"key:(.*?) value:(.*?)(?:;|$)")
_AMOUNT_NAMES = frozenset(plain(name) for name in (*NAMES["gross"], *NAMES["payable"]))
_WITHOUT = {
    ("payable",): "it is computed as list cost less discount and coupons",
    ("gross",): "list costs are not known",
    ("currency",): "the currency is not known",
    ("account_id", "payer_id"): "its lines name no account",
    ("list_price",): "prices are worked out from list costs",
    ("discount",): "discounts are not known",
    ("coupon",): "coupons are not known",
    ("commodity_code", "product_code"): "its lines name no product, and nothing is compared",
    ("item_code", "item_name"): "its lines name no item",
    ("region_id", "resource_id"): "its lines name no region",
    ("quantity", "quantity_before"): "use is not known",
}
"""What follows where a file has none of some of our columns."""
_NOT_OF_FOCUS = {"coupon", "discount"}


def has_amounts(header: Iterable[str]) -> bool:
    """Whether these are headers of a bill's lines: a list cost, or what is to be paid, is among them."""
    return not _AMOUNT_NAMES.isdisjoint(plain(head).rpartition("/")[2] for head in header)


@dataclass(frozen=True)
class Form:
    """How the columns of a file become ours.

    name: the file, as messages call it
    header: its headers
    columns: the headers under each of our columns, the one that counts first
    """

    name: str
    header: Sequence[str]
    columns: Mapping[str, list[str]]

    @classmethod
    def of(cls, name: str, header: Sequence[str]) -> Form:
        by_name: dict[str, str] = {}
        for head in header:
            by_name.setdefault(plain(head).rpartition("/")[2], head)
            by_name[plain(head)] = head
        found = {
            ours: [by_name[plain(name)] for name in names if plain(name) in by_name] for ours, names in NAMES.items()
        }
        before = found["quantity_before"]
        if len(before) > 1:  # with 抵扣前用量 beside it, 用量 is what is left after plans
            found["quantity"] = [*found["quantity"], *before[1:]]
        elif before and before[0] in found["quantity"]:
            found["quantity_before"] = []
        return cls(name, header, found)

    @property
    def focus(self) -> bool:
        """Whether it is the export in FOCUS columns, in which what lies between the two costs are discounts."""
        return any(plain(head) == "billedcost" for head in self.columns["payable"])

    @property
    def lacks(self) -> Iterator[str]:
        """What the file does not have, and what follows from that; a sentence each."""
        for some, without in _WITHOUT.items():
            if not any(self.columns[ours] for ours in some) and not (self.focus and some[0] in _NOT_OF_FOCUS):
                yield f"{self.name} lacks the column {NAMES[some[0]][0]}; {without}"
        if not self.columns["day"] and not self.columns["charge_period_start"]:
            yield f"{self.name} has no days; its lines are compared with whole months"

    @property
    def tax_mode(self) -> str:
        """Whether tax is in what is to be paid: included, excluded, or empty where the header does not say."""
        tax_names = {plain(head): mode for head, mode in TAX_MODES.items()}
        return next((tax_names.get(plain(head).rpartition("/")[2], "") for head in self.columns["payable"]), "")

    def lines(self, rows: Sequence[Sequence[str]]) -> tuple[pd.DataFrame, dict[int, str]]:
        """The lines of some rows, without those that have no amount; these, by their number, with why."""
        cells = dict(zip(self.header, map(list, zip(*rows, strict=True)), strict=False))
        found = {ours: _first([cells[head] for head in heads], len(rows)) for ours, heads in self.columns.items()}
        wrong: dict[int, str] = {}
        for ours in AMOUNTS:
            amounts = {text: _amount(text) if text else "" for text in set(found[ours])}
            if any(text and not amount for text, amount in amounts.items()):
                for number, text in enumerate(found[ours]):
                    if text and not amounts[text] and (ours in ("payable", "gross") or number in wrong):
                        wrong[number] = f"{ours} is not an amount"
            found[ours] = [amounts[text] for text in found[ours]]
        for number, (payable, gross) in enumerate(zip(found["payable"], found["gross"], strict=True)):
            if not payable and not gross:
                wrong.setdefault(number, "it has no amount")
        self._complete(found)
        used = {head for heads in self.columns.values() for head in heads}
        found["tax_mode"] = [self.tax_mode] * len(rows)
        found["extra"] = _rest({head: texts for head, texts in cells.items() if head not in used}, len(rows))
        found["source_file"] = [self.name] * len(rows)
        frame = pd.DataFrame(found, columns=BILL_LINES.names, dtype="str")
        return frame.drop(index=list(wrong)) if wrong else frame, wrong

    def _complete(self, found: dict[str, list[str]]) -> None:
        """Put days, months, regions and the amounts that follow from others in one form."""
        for ours in ("charge_period_start", "charge_period_end"):
            found[ours] = [_moment(text) for text in found[ours]]
        found["day"] = [
            (_moment(day) or start)[:10] for day, start in zip(found["day"], found["charge_period_start"], strict=True)
        ]
        found["month"] = [_month(month) or day[:7] for month, day in zip(found["month"], found["day"], strict=True)]
        found["account_id"] = [
            account or payer for account, payer in zip(found["account_id"], found["payer_id"], strict=True)
        ]
        found["region_id"] = [
            _region(region) or _region(resource.partition(";")[0])
            for region, resource in zip(found["region_id"], found["resource_id"], strict=True)
        ]
        found["tags"] = [_tags(text) for text in found["tags"]]
        if self.focus:
            found["discount"] = [
                discount or (_less(gross, payable) if gross else "")
                for discount, gross, payable in _together(found, "discount", "gross", "payable")
            ]
        found["payable"] = [
            payable or _less(gross, discount, coupon)
            for payable, gross, discount, coupon in _together(found, "payable", "gross", "discount", "coupon")
        ]
        found["quantity"] = [
            quantity or (_less(before, deducted) if before else "")
            for quantity, before, deducted in _together(found, "quantity", "quantity_before", "quantity_deducted")
        ]


def _together(found: Mapping[str, list[str]], *names: str) -> Iterator[tuple[str, ...]]:
    return zip(*(found[name] for name in names), strict=True)


def _first(columns: list[list[str]], count: int) -> list[str]:
    """Of several columns the first text that is not empty, row by row."""
    if not columns:
        return [""] * count
    if len(columns) == 1:
        return [text.strip() for text in columns[0]]
    return [next((text for part in row if (text := part.strip())), "") for row in zip(*columns, strict=True)]


def _rest(cells: Mapping[str, list[str]], count: int) -> list[str]:
    """What has no column of its own, row by row as JSON; empty where nothing is left."""
    parts: list[list[str]] = []
    for head, texts in cells.items():
        name = f"{json.dumps(head, ensure_ascii=False)}: "
        said = {text: name + json.dumps(text, ensure_ascii=False) if text else "" for text in set(texts)}
        if any(said):
            parts.append([said[text] for text in texts])
    rows = (", ".join(filter(None, row)) for row in zip(*parts, strict=True))
    return [f"{{{row}}}" if row else "" for row in rows] if parts else [""] * count


@lru_cache(_KNOWN)
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


def _less(amount: str, *parts: str) -> str:
    """An amount less others; what is not told is nothing."""
    return text_of(Decimal(amount or 0) - sum(Decimal(part or 0) for part in parts))


@lru_cache(_KNOWN)
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


@lru_cache(_KNOWN)
def _month(text: str) -> str:
    found = re.fullmatch(r"(\d{4})[-/年]?(\d{1,2})月?", text)
    return f"{found[1]}-{found[2]:0>2}" if found else _moment(text)[:7]


@lru_cache(_KNOWN)
def _region(text: str) -> str:
    """The id of a region from its id or name; empty for what is none."""
    found = region_named(text)
    return found if found in regions() else ""


@lru_cache(_KNOWN)
def _tags(text: str) -> str:
    """Tags as JSON, from JSON, `key:K value:V; …` or `K:V;…`."""
    if not text or text.startswith("{"):
        return text
    pairs = _TAGS.findall(text) or [part.partition(":")[::2] for part in text.split(";") if ":" in part]
    return json.dumps({key.strip(): value.strip() for key, value in pairs}, ensure_ascii=False) if pairs else ""
