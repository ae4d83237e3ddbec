"""The price book: dated, sourced rows → the price of a meter in a region at a moment.

Each site has its own list in its own currency, and nothing converts between them. Within a list
a later row ends an earlier one, a region's own row goes before that of a wider scope, and a
person's layer goes before the published book. A region without a row of its own or of its scope
has no price, and the last known row goes on (UNK-3); Windows abroad and licences in USD a person
must supply (LIC-3, UNK-4).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, PriceNotFound, UnknownName, did_you_mean
from ..units import EARLIEST, LATEST, day_start_seconds, from_seconds, to_seconds
from .files import data_path
from .price_files import FREE_UNLESS_PRICED, PRICE_TABLE, TRAFFIC_METERS, PriceRow, item_in_words, read_price_file
from .regions import region
from .sites import sites

if TYPE_CHECKING:
    import pandas as pd

FIRST_DAY = EARLIEST.date()
_LAYER_HINT = "give a row of your own with --prices FILE, or prices: in a story"
_END_OF_TIME = to_seconds(LATEST)
_THIN = "third_party", "official_repo_readme", "low", "assumed", "example"


@dataclass(frozen=True, slots=True)
class Epoch:
    """A span `[start, end)` [s since 1970] with one price table; `tiers` ascend by quantity."""

    start: int
    end: int
    tiers: tuple[PriceRow, ...]


class PriceBook:
    """All prices of one currency."""

    def __init__(self, currency: str, rows: Iterable[PriceRow]) -> None:
        self.currency = currency
        self.rows: tuple[PriceRow, ...] = tuple(rows)
        self._by_item: dict[tuple[str, str], list[PriceRow]] = {}
        for row in self.rows:
            self._by_item.setdefault((row.meter, row.item), []).append(row)
        self._schedules: dict[tuple[str, str, str, int], tuple[Epoch, ...]] = {}

    def schedule(self, meter: str, region_id: str, item: str = "", vcpus: int = 0) -> tuple[Epoch, ...]:
        """The pay-as-you-go price tables of a meter in a region, in order of time.

        `vcpus` chooses the band where prices depend on the instance's size; for traffic `item` is
        the region it goes to. Times without a price are gaps between epochs.
        """
        key = meter, region_id, item, vcpus
        if key not in self._schedules:
            self._schedules[key] = tuple(self._build_schedule(*key))
        return self._schedules[key]

    def assumes_free(self, meter: str) -> bool:
        """Whether a meter for which no source names a fee has no row here either, so that it is 0 (COPY-10)."""
        return meter in FREE_UNLESS_PRICED and all(known != meter for known, _ in self._by_item)

    def at(self, meter: str, region_id: str, when: datetime, item: str = "", vcpus: int = 0) -> tuple[PriceRow, ...]:
        """The price table in force at `when`, as tiers; raises PriceNotFound."""
        second = to_seconds(when)
        for epoch in self.schedule(meter, region_id, item, vcpus):
            if epoch.start <= second < epoch.end:
                return epoch.tiers
        missing = meter, item_in_words(meter, item), region_id, f"{when:%Y-%m-%d}", self.currency
        raise PriceNotFound([missing], self.hint(meter, item))

    def hint(self, meter: str, item: str) -> str:
        """What to say beside a missing price: where there are prices of the same thing."""
        known = self._by_item.get((meter, "" if meter in TRAFFIC_METERS else item), [])
        places = sorted({row.region_id for row in known if row.price is not None})
        if places:
            first = min(row.valid_from for row in known if row.price is not None)
            shown = ", ".join(places[:6]) + (f" and {len(places) - 6} more" if len(places) > 6 else "")
            return f"known: {shown} from {first}; {_LAYER_HINT}"
        items = sorted({item for m, item in self._by_item if m == meter and item})
        meant = did_you_mean(item, items).removeprefix("; ") if item else ""
        return f"{meant} {_LAYER_HINT}".lstrip()

    def _build_schedule(self, meter: str, region_id: str, item: str, vcpus: int) -> Iterable[Epoch]:
        scopes = region(region_id).scopes
        spans: list[tuple[tuple[int, int], int, int, tuple[PriceRow, ...]]] = []
        for rank, layer, rows in self._ranked(meter, item, scopes, vcpus):
            starts = sorted({row.valid_from for row in rows})
            for day, following in zip(starts, [*starts[1:], None], strict=True):
                tiers = _tiers([row for row in rows if row.valid_from == day])
                ends = [day_start_seconds(end) for end in (following, tiers[0].valid_until) if end]
                span = day_start_seconds(day), min(ends, default=_END_OF_TIME)
                spans.append(((-layer, rank), *span, tiers))
        borders = sorted({border for _, start, end, _ in spans for border in (start, end)})
        for start, end in pairwise(borders):
            holding = [span for span in spans if span[1] <= start and end <= span[2]]
            if holding:
                yield Epoch(start, end, min(holding, key=lambda span: span[0])[3])

    def _ranked(
        self, meter: str, item: str, scopes: Sequence[str], vcpus: int
    ) -> Iterable[tuple[int, int, list[PriceRow]]]:
        groups: dict[tuple[int, int], list[PriceRow]] = {}
        traffic = meter in TRAFFIC_METERS
        to_scopes = region(item).scopes if traffic else ("",)
        for row in self._by_item.get((meter, "" if traffic else item), []):
            if row.price is None or row.billing_method != "pay_as_you_go":
                continue
            if row.region_id not in scopes or row.to_region_id not in to_scopes:
                continue
            if row.quantity_unit == "vCPU" and not row.from_quantity <= vcpus < row.to_quantity:
                continue
            rank = scopes.index(row.region_id) * len(to_scopes) + to_scopes.index(row.to_region_id)
            groups.setdefault((rank, row.layer), []).append(row)
        for (rank, layer), rows in groups.items():
            yield rank, layer, rows


def _tiers(rows: list[PriceRow]) -> tuple[PriceRow, ...]:
    """The rows of one day as tiers; of rows that repeat a tier, the one called current."""
    by_start: dict[float, PriceRow] = {}
    for row in sorted(rows, key=lambda row: (row.from_quantity, row.status != "current")):
        by_start.setdefault(row.from_quantity, row)
    return tuple(by_start.values())


class Prices:
    """The price books of both sites, with any layers of one's own on top.

    `Prices.published()` is the book that comes with the toolkit.
    """

    def __init__(self, rows: Iterable[PriceRow]) -> None:
        self.rows = tuple(rows)
        self.books = {
            site.currency: PriceBook(site.currency, [r for r in self.rows if r.currency == site.currency])
            for site in sites().values()
        }

    @classmethod
    def published(cls, *layers: str | Path) -> Prices:
        """The published book, with price files layered over it in the order given.

        Raises FileProblems with every problem of a layer.
        """
        own = [row for n, path in enumerate(layers, 1) for row in read_price_file(Path(path), n)]
        return cls((*_published_rows(), *own)) if own else _published()

    def book(self, currency: str) -> PriceBook:
        """The book of a currency; raises UnknownName."""
        try:
            return self.books[currency]
        except KeyError:
            raise UnknownName("currency", currency, self.books) from None

    def scaled(self, factor: float) -> Prices:
        """The same books with every price multiplied, for questions of the kind "what if"."""
        if not factor > 0:
            raise InputError(f"prices can be scaled by a factor above 0, not {factor}")
        from dataclasses import replace

        return Prices(row if row.price is None else replace(row, price=row.price * factor) for row in self.rows)

    def with_flat_price(self, meter: str, price: float, unit: str) -> Prices:
        """The same books with one price for a meter, everywhere and always, over all they say of it.

        For questions of the kind "what if"; the number counts in the currency of either book.
        """
        if not price >= 0:
            raise InputError(f"a price is 0 or more, not {price}")
        layer = max((row.layer for row in self.rows), default=0) + 1
        anywhere = "all_regions" if meter in TRAFFIC_METERS else ""
        own = (
            PriceRow(
                meter, "", "all_regions", anywhere, "pay_as_you_go", 0, math.inf, "", unit, currency, price, FIRST_DAY,
                None, "stated", "what if", "undated", "own", "current", "", layer,
            )
            for currency in self.books
        )  # fmt: skip
        return Prices((*self.rows, *own))

    def to_frame(self) -> pd.DataFrame:
        """Every row as a table with the columns of the price files and `layer`."""
        import numpy as np
        import pandas as pd

        columns = [*PRICE_TABLE.names, "layer"]
        frame = pd.DataFrame([[getattr(row, name) for name in columns] for row in self.rows], columns=columns)
        frame["to_quantity"] = frame["to_quantity"].where(np.isfinite(frame["to_quantity"]))
        for day in ("valid_from", "valid_until"):
            frame[day] = frame[day].map(lambda value: value.isoformat() if value else "")
        return frame

    def assumptions(self) -> pd.DataFrame:
        """The rows that rest on thin ground, and why: columns of the price files and `x_why`."""
        return assumption_frame(self.rows)


def assumption_frame(rows: Iterable[PriceRow]) -> pd.DataFrame:
    """Of some price rows, those that are assumed or thin, each with the reason."""
    import pandas as pd

    columns = [
        "meter",
        "item",
        "region_id",
        "currency",
        "price",
        "unit",
        "valid_from",
        "confidence",
        "status",
        "source",
    ]
    found = [[*(getattr(row, name) for name in columns), why] for row in rows if (why := weakness(row))]
    return pd.DataFrame(found, columns=[*columns, "x_why"])


def weakness(row: PriceRow) -> str:
    """Why a price is not a firm current quotation of the provider; empty where it is one."""
    reasons = []
    if row.status == "example":
        reasons.append("an example, not a real price")
    elif row.price is None:
        reasons.append("no price is published")
    elif row.confidence in _THIN:
        reasons.append(f"source is {row.confidence.replace('_', ' ')}")
    if row.status == "last_known":
        reasons.append(f"nothing newer known than {row.source_date}")
    if row.valid_from_basis == "assumed" and row.status != "example":
        reasons.append("first day assumed")
    return "; ".join(reasons)


@cache
def _published_rows() -> tuple[PriceRow, ...]:
    paths = sorted(data_path("prices").glob("*/*.csv"))
    return tuple(row for path in paths for row in read_price_file(path))


@cache
def _published() -> Prices:
    return Prices(_published_rows())


def show_epoch(epoch: Epoch) -> str:
    """An epoch as text: its days."""
    start = f"{from_seconds(epoch.start):%Y-%m-%d}"
    return f"{start} to {from_seconds(epoch.end):%Y-%m-%d}" if epoch.end < _END_OF_TIME else f"from {start}"
