"""The price book: dated, sourced rows → the price of a meter in a region at a moment.

Each site has its own list in its own currency, and nothing converts between them. Within a list
a later row ends an earlier one, a region's own row goes before that of a wider scope, and a
person's layer goes before the published book. A region without a row of its own or of its scope
has no price, and the last known row goes on (UNK-3); Windows abroad and licences in USD a person
must supply (LIC-3, UNK-4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..cards import card, counted, line
from ..errors import InputError, PriceNotFound, did_you_mean, look_up, shown
from ..units import EARLIEST, LATEST, Time, day_start_seconds, from_seconds, parse_time, to_seconds
from .files import data_path
from .limits import turning_day
from .meters import METERS, STORAGE, goes_to_a_region, item_in_words, units
from .price_files import PRICE_TABLE, PriceRow, is_amount, read_price_file
from .regions import nearest_regions, region
from .rule_book import supposed, taken
from .sites import sites

if TYPE_CHECKING:
    import pandas as pd

FIRST_DAY = EARLIEST.date()
FREE_RANGE = "UNK-12"
"""The assumption on the free first range of snapshot storage."""
NEAREST = "nearest"
"""What a missing price may be taken from, where that is asked for."""
_LAYER_HINT = "give a row of your own with --prices FILE, or prices: in a story"
_END_OF_TIME = to_seconds(LATEST)
_THIN = "third_party", "official_repo_readme", "low", "assumed", "example"


def _of_prices(assume: Mapping[str, str] | None) -> dict[str, str]:
    """Of what is supposed, that which prices depend on; raises InputError for what cannot be supposed."""
    return {name: value for name, value in supposed(assume).items() if name == FREE_RANGE}


def layer_hint(known: str) -> str:
    """What to do where a price is missing, after what is known of it."""
    return f"{known}{' ' if known.endswith('?') else '; ' if known else ''}{_LAYER_HINT}"


@dataclass(frozen=True, slots=True)
class Epoch:
    """A span `[start, end)` [s since 1970] with one price table; `tiers` ascend by quantity."""

    start: int
    end: int
    tiers: tuple[PriceRow, ...]


class PriceBook:
    """All prices of one currency; read-only.

    With `nearest` a price that is missing in a region is that of the nearest region which has one of its own.
    """

    def __init__(self, currency: str, rows: Iterable[PriceRow], *, nearest: bool = False) -> None:
        self._currency, self._nearest = currency, nearest
        self._by_item: dict[tuple[str, str], list[PriceRow]] = {}
        for row in rows:
            self._by_item.setdefault((row.meter, row.item), []).append(row)
        self._meters = {meter for meter, _ in self._by_item}
        self._schedules: dict[tuple[str, str, str, int, str], tuple[Epoch, ...]] = {}

    @property
    def currency(self) -> str:
        return self._currency

    def schedule(self, meter: str, region_id: str, item: str = "", vcpus: int = 0, term: str = "") -> tuple[Epoch, ...]:
        """The price tables of a meter in a region, in order of time: pay-as-you-go, or what a `term` costs.

        `vcpus` chooses the band where prices depend on the instance's size; for traffic `item` is
        the region it goes to. Times without a price are gaps between epochs.
        """
        key = meter, region_id, item, vcpus, term
        if key not in self._schedules:
            self._schedules[key] = tuple(self._build_schedule(*key))
        return self._schedules[key]

    def assumes_free(self, meter: str) -> bool:
        """Whether a meter for which no source names a fee has no row here either, so that it is 0 (COPY-10)."""
        return meter in METERS and METERS[meter].free_unless_priced and meter not in self._meters

    def at(
        self, meter: str, region_id: str, when: Time, item: str = "", vcpus: int = 0, term: str = ""
    ) -> tuple[PriceRow, ...]:
        """The price table in force at `when`, as tiers; `schedule` says what is what. Raises PriceNotFound."""
        moment = parse_time(when, "when")
        second = to_seconds(moment)
        for epoch in self.schedule(meter, region_id, item, vcpus, term):
            if epoch.start <= second < epoch.end:
                return epoch.tiers
        missing = meter, item_in_words(meter, item, term), region_id, f"{moment:%Y-%m-%d}", self._currency
        raise PriceNotFound([missing], self.hint(meter, item, term))

    def hint(self, meter: str, item: str, term: str = "") -> str:
        """What to say beside a missing price: where there are prices of the same thing, and what to do."""
        return layer_hint(self.known(meter, item, term))

    def known(self, meter: str, item: str, term: str = "") -> str:
        """Where there are prices of the same thing, how else it is sold, or of which other items; else empty."""
        rows = [row for row in self._rows_of(meter, item) if row.price is not None]
        method = "subscription" if term else "pay_as_you_go"
        known = [row for row in rows if units()[row.unit].term == term and row.billing_method == method]
        others = {units()[row.unit].term for row in rows} - {term}
        if others and not known:
            ways = {"": "by time", "once": "once for good (buy_product)"}
            return f"it is sold {', '.join(sorted(ways.get(way, f'by the {way}') for way in others))}"
        places = sorted({row.region_id for row in known})
        if places:
            first = min(row.valid_from for row in known)
            listed = ", ".join(places[:6]) + (f" and {len(places) - 6} more" if len(places) > 6 else "")
            return f"known: {listed} from {first}"
        items = sorted({item for m, item in self._by_item if m == meter and item})
        return did_you_mean(item, items).removeprefix("; ") if item else ""

    def _rows_of(self, meter: str, item: str) -> list[PriceRow]:
        """The rows for an item and, of a meter whose prices name items, those for any item."""
        if goes_to_a_region(meter):
            item = ""
        return self._by_item.get((meter, item), []) + (self._by_item.get((meter, ""), []) if item else [])

    def _build_schedule(self, meter: str, region_id: str, item: str, vcpus: int, term: str) -> Iterable[Epoch]:
        spans: list[tuple[tuple[int, ...], int, int, tuple[PriceRow, ...]]] = []
        for precedence, rows in self._alternatives(meter, item, region_id, vcpus, term).items():
            starts = sorted({row.valid_from for row in rows})
            for day, following in zip(starts, [*starts[1:], None], strict=True):
                tiers = _tiers([row for row in rows if row.valid_from == day])
                ends = [day_start_seconds(end) for end in (following, tiers[0].valid_until) if end]
                spans.append((precedence, day_start_seconds(day), min(ends, default=_END_OF_TIME), tiers))
        borders = sorted({border for _, start, end, _ in spans for border in (start, end)})
        for start, end in pairwise(borders):
            holding = [span for span in spans if span[1] <= start and end <= span[2]]
            if holding:
                yield Epoch(start, end, min(holding, key=lambda span: span[0])[3])

    def _alternatives(
        self, meter: str, item: str, region_id: str, vcpus: int, term: str
    ) -> dict[tuple[int, ...], list[PriceRow]]:
        """The rows that may price something, by precedence, the lowest first.

        A later layer goes before an earlier one; within a layer the item's own row before one for
        any item, then the narrower scope where it is used, then the narrower scope where it goes. What stands
        in for a missing price comes after all of that.
        """
        groups: dict[tuple[int, ...], list[PriceRow]] = {}
        rows = [
            row
            for row in self._rows_of(meter, item)
            if row.price is not None
            and row.billing_method == ("subscription" if term else "pay_as_you_go")
            and (not term or units()[row.unit].term == term)
            and (row.quantity_unit != "vCPU" or row.from_quantity <= vcpus < row.to_quantity)
        ]
        for place, (scopes, to_scopes) in enumerate(self._places(meter, item, region_id)):
            for row in rows:
                if row.region_id in scopes and row.to_region_id in to_scopes:
                    narrowness = scopes.index(row.region_id), to_scopes.index(row.to_region_id)
                    groups.setdefault((place, -row.layer, not row.item, *narrowness), []).append(row)
        return groups

    def _places(self, meter: str, item: str, region_id: str) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
        """Where a price may be of, and of traffic where it goes to: the region with its scopes, then what stands in.

        Only a region's own row stands in for another's: a row for a wider scope says itself where it holds.
        Traffic is stood in for by traffic between the same two areas.
        """
        traffic = goes_to_a_region(meter)
        yield region(region_id).scopes, region(item).scopes if traffic else ("",)
        if self._nearest and traffic:
            for source in (region_id, *_in_area(region_id)):
                for target in (item, *_in_area(item)):
                    yield (source,), region(target).scopes
        elif self._nearest:
            yield from (((other,), ("",)) for other in nearest_regions(region_id))


def _in_area(region_id: str) -> list[str]:
    """The other regions of the same area, the nearest first."""
    return [other for other in nearest_regions(region_id) if region(other).area == region(region_id).area]


def stands_in(row: PriceRow, region_id: str, item: str) -> bool:
    """Whether a price is of another region than the one it is taken in, or of traffic to another than it goes to."""
    elsewhere = row.region_id not in region(region_id).scopes
    return elsewhere or (goes_to_a_region(row.meter) and row.to_region_id not in region(item).scopes)


def _tiers(rows: list[PriceRow]) -> tuple[PriceRow, ...]:
    """The rows of one day as tiers; of rows that repeat a tier, the one called current."""
    by_start: dict[float, PriceRow] = {}
    for row in sorted(rows, key=lambda row: (row.from_quantity, row.status != "current")):
        by_start.setdefault(row.from_quantity, row)
    return tuple(by_start.values())


class Prices:
    """The price books of both sites, with any layers of one's own on top; read-only.

    `Prices.published()` is the book that comes with the toolkit.

    >>> (price,) = ecs.Prices.published().book("CNY").at("snapshot_standard", "cn-beijing", "2026-01-15")
    >>> price.price, price.unit
    (0.12, 'per_gib_month')
    """

    def __init__(
        self, rows: Iterable[PriceRow], *, assume: Mapping[str, str] | None = None, assume_prices: str | None = None
    ) -> None:
        """Books of some rows.

        rows: the rows, of which those hold that suppose nothing, or what is supposed
        assume: the value of UNK-12 to suppose, none or as_published; other assumptions play no part
        assume_prices: nearest, for the price of the nearest region where one is missing; None: it stays missing

        Raises InputError for what is no `PriceRow`, and for what cannot be supposed.
        """
        if assume_prices not in (None, NEAREST):
            raise InputError(f"assume_prices is {NEAREST!r} or left out, not {shown(assume_prices)}")
        self._all, self._assume, self._assume_prices = tuple(rows), _of_prices(assume), assume_prices
        for row in self._all:
            if not isinstance(row, PriceRow):
                raise InputError(f"prices are made of PriceRow objects, not of {shown(row)}")
        free = f"{FREE_RANGE}={taken(FREE_RANGE, self._assume)}"
        self._rows = tuple(row for row in self._all if row.supposes in ("", free))

    def __repr__(self) -> str:
        own = sum(row.layer > 0 for row in self._rows)
        near = "the nearest region's where one is missing" if self.bridged else ""
        return line("Prices", counted(len(self._rows), "row"), f"{own:,} of your own" if own else "", near)

    def _repr_html_(self) -> str:
        """In a notebook: how many prices each book has of what is billed."""
        kinds = Counter((row.currency, row.meter) for row in self._rows if row.meter in METERS)
        return card(self, {}, ("currency", "meter", "rows"), ((*kind, rows) for kind, rows in kinds.items()))

    @classmethod
    def published(cls, *layers: str | Path) -> Prices:
        """The published book, with price files of your own over it.

        layers: paths of price files; a row of a later one goes before those of earlier ones, and any
            before the published book, even for a wider scope

        Raises FileProblems with every problem of a layer, InputError for a file that cannot be read.
        """
        own = []
        for number, path in enumerate(layers, 1):
            own += read_price_file(path, number, _published_rows())
        return cls((*_published_rows(), *own)) if own else _published()

    @property
    def rows(self) -> tuple[PriceRow, ...]:
        """Every row that holds, the published ones first, then layer by layer."""
        return self._rows

    @cached_property
    def position(self) -> Mapping[PriceRow, int]:
        """The position of each row in `rows`; of equal rows, the last."""
        return MappingProxyType({row: position for position, row in enumerate(self._rows)})

    @cached_property
    def books(self) -> Mapping[str, PriceBook]:
        """The book of each currency."""
        currencies = [site.currency for site in sites().values()]
        near = self._assume_prices == NEAREST
        of = {c: [row for row in self._rows if row.currency == c] for c in currencies}
        return MappingProxyType({c: PriceBook(c, rows, nearest=near) for c, rows in of.items()})

    @property
    def bridged(self) -> bool:
        """Whether missing prices are those of the nearest region."""
        return self._assume_prices == NEAREST

    def supposing(self, assume: Mapping[str, str] | None = None, *, assume_prices: str | None = None) -> Prices:
        """The same prices where something else is supposed; these stay as they are.

        assume: the value of UNK-12 to suppose, none or as_published; other assumptions play no part
        assume_prices: nearest, for the price of the nearest region where one is missing; None: as before

        Raises InputError for what cannot be supposed.
        """
        together, near = {**self._assume, **_of_prices(assume)}, assume_prices or self._assume_prices
        same = (together, near) == (self._assume, self._assume_prices)
        return self if same else Prices(self._all, assume=together, assume_prices=near)

    def free_range(self, free_gib: float) -> str:
        """The value of UNK-12 by which so much snapshot storage is free in each region.

        free_gib: 0, or what the published tables have free [GiB]; raises InputError for another size
        """
        published = {row.to_quantity for row in self._all if row.meter == STORAGE and row.supposes and not row.price}
        if isinstance(free_gib, bool) or free_gib not in {0, *published}:
            sizes = " or ".join(f"{size:g}" for size in sorted({0.0, *published}))
            raise InputError(f"free_gib is {sizes}, as published price tables have it, not {shown(free_gib)}")
        return "as_published" if free_gib else "none"

    def _with(self, rows: Sequence[PriceRow]) -> Prices:
        """Other rows under the same suppositions."""
        return Prices(rows, assume=self._assume, assume_prices=self._assume_prices)

    @cached_property
    def free_range_in_doubt(self) -> frozenset[tuple[str, ...]]:
        """The bands of prices whose first, free range is or is not there since the day of UNK-12."""
        return frozenset((*row.band, row.currency) for row in self._all if row.supposes)

    def book(self, currency: str) -> PriceBook:
        """The book of a currency; raises UnknownName."""
        return look_up("currency", currency, self.books)

    def changed(
        self,
        meter: str | None = None,
        *,
        price: float | None = None,
        unit: str | None = None,
        factor: float | None = None,
    ) -> Prices:
        """The same books with other prices, for questions of the kind "what if"; these stay as they are.

        meter: a meter, such as snapshot_standard; None, with `factor`: all
        price: one price for the meter, everywhere, always, and for every item, over all the books say
            of it [currency of either book per unit]
        unit: what that price is for; it may be left out where the meter is priced in one unit only
        factor: multiply every price by this; 0 makes it free

        Give either `price` or `factor`. Raises UnknownName for a meter that is not billed, InputError
        for an amount that is not finite or below 0, for a unit that cannot price the meter, and for a
        factor where there is no price to multiply.
        """
        if (price is None) == (factor is None) or (factor is not None and unit is not None):
            raise InputError("give either factor=…, or price=… with its unit=…")
        known = None if meter is None else look_up("meter", meter, METERS)
        if factor is not None:
            if not is_amount(factor):
                raise InputError(f"prices can be multiplied by 0 or more, not by {shown(factor)}")
            times = float(factor)
            rows = [
                row if row.price is None or meter not in (None, row.meter) else replace(row, price=row.price * times)
                for row in self._all
            ]
            if all(row is before for row, before in zip(rows, self._all, strict=True)):
                raise InputError(
                    f"there is no price of {meter or 'anything'} to multiply; give one first: "
                    "prices.changed(METER, price=…, unit=…)"
                )
            return self._with(rows)
        if known is None:
            raise InputError("one price is for one meter; say which")
        if unit is None and len(known.units) > 1:
            raise InputError(f"say what the price of {known.name} is for: unit={' or '.join(map(repr, known.units))}")
        flat = PriceRow(
            meter=known.name,
            region_id="all_regions",
            to_region_id="all_regions" if known.item == "region" else "",
            billing_method=_method_of(unit or known.units[0]),
            unit=unit or known.units[0],
            currency=next(iter(self.books)),
            price=price,
            valid_from=FIRST_DAY,
            source="what if",
            status="own",
            layer=max((row.layer for row in self._rows), default=0) + 1,
        )
        return self._with((*self._all, *(replace(flat, currency=currency) for currency in self.books)))

    def to_frame(self, rows: Iterable[PriceRow] | None = None) -> pd.DataFrame:
        """Every row, or some rows, as a table with the columns of the price files and `layer`."""
        import numpy as np
        import pandas as pd

        columns = [*PRICE_TABLE.names, "layer"]
        frame = pd.DataFrame([[getattr(row, name) for name in columns] for row in rows or self.rows], columns=columns)
        frame["to_quantity"] = frame["to_quantity"].where(np.isfinite(frame["to_quantity"]))
        for day in ("valid_from", "valid_until"):
            frame[day] = frame[day].map(lambda value: value.isoformat() if value else "")
        return frame

    def assumptions(self, rows: Iterable[PriceRow] | None = None) -> pd.DataFrame:
        """Of every row, or of some, those that are assumed or weakly sourced.

        Returns columns of the price files, `x_stated_by` (who says it, and when), `x_otherwise` (what an
        official figure says instead) and `x_why`.
        """
        return assumption_frame(rows or self.rows, self.otherwise)

    @cached_property
    def _firm(self) -> Mapping[tuple[str, ...], list[PriceRow]]:
        """Every row that rests on official figures, by what it prices."""
        firm: dict[tuple[str, ...], list[PriceRow]] = {}
        for row in self._rows:
            if row.price is not None and row.confidence in ("official", "derived_official"):
                firm.setdefault((*row.band, row.currency), []).append(row)
        return firm

    def otherwise(self, row: PriceRow) -> str:
        """What the newest official figure says where a row of a weaker source says another price; else empty."""
        if row.price is None or row.layer or row.confidence in ("official", "derived_official"):
            return ""
        firm = [
            other
            for other in self._firm.get((*row.band, row.currency), ())
            if other.from_quantity < row.to_quantity and row.from_quantity < other.to_quantity and other.price
        ]
        newest = max(firm, key=lambda other: (other.valid_from, -other.from_quantity), default=None)
        if newest is None or newest.unit != row.unit or newest.price == row.price:
            return ""
        return f"; but {newest.price:g} from {newest.valid_from} ({stated_by(newest)})"


_STATED = {"official": "official", "derived_official": "derived", "official_repo_readme": "third party"}


def stated_by(row: PriceRow) -> str:
    """Who says a price, and when: official, derived from official figures, third party …, and the source's date."""
    changed = f" but for {FREE_RANGE}" if row.supposes.endswith("=none") else ""
    who = (
        "example"
        if row.status == "example"
        else _STATED.get(row.confidence, row.confidence.replace("_", " ")) + changed
    )
    return who if row.layer and row.confidence == "own" else f"{who}, {row.source_date}"


def assumption_frame(rows: Iterable[PriceRow], otherwise: Callable[[PriceRow], str]) -> pd.DataFrame:
    """Of some price rows, those that are assumed or thin, each with who says it, what another says, and the reason."""
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
    found = [
        [*(getattr(row, name) for name in columns), stated_by(row), otherwise(row), why]
        for row in rows
        if (why := weakness(row))
    ]
    return pd.DataFrame(found, columns=[*columns, "x_stated_by", "x_otherwise", "x_why"])


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


def _method_of(unit: str) -> str:
    return units()[unit].billing_method if unit in units() else "pay_as_you_go"


@cache
def _published_rows() -> tuple[PriceRow, ...]:
    paths = sorted(data_path("prices").glob("*/*.csv"))
    return tuple(_free_range_ended([row for path in paths for row in read_price_file(path)]))


def _free_range_ended(rows: Sequence[PriceRow]) -> list[PriceRow]:
    """Published rows, with what holds instead of a table's free range since the day it ended (UNK-12, BILL-7).

    A table that began earlier goes on from that day with its first range at the price of the next:

        from 2018-06-07   0 to 5 GiB free, 5 to 51200 GiB 0.168, …
        from 2021-07-01   0 to 51200 GiB 0.168, …                      supposes UNK-12=none

    One that began later never has its free range, unless that is supposed (UNK-12=as_published).
    """
    day, tables = turning_day("free_snapshot_range_ends"), dict[tuple[str, ...], dict[date, list[PriceRow]]]()
    for row in rows:
        if row.meter == STORAGE:
            tables.setdefault((*row.band, row.currency), {}).setdefault(row.valid_from, []).append(row)
    never: set[PriceRow] = set()
    instead: list[PriceRow] = []
    for by_day in tables.values():
        in_force = max((start for start in by_day if start < day), default=day)
        for start, found in by_day.items():
            free, *paid = sorted(found, key=lambda row: row.from_quantity)
            if start < in_force or free.price != 0 or not paid or (free.valid_until or day) < day:
                continue
            never.update(found if start >= day else ())
            for place, row in enumerate(paid):
                low = free.from_quantity if place == 0 else row.from_quantity
                basis = row.valid_from_basis if start >= day else "assumed"
                instead.append(
                    replace(
                        row,
                        from_quantity=low,
                        valid_from=max(start, day),
                        valid_from_basis=basis,
                        supposes=f"{FREE_RANGE}=none",
                    )
                )
    as_published = [replace(row, supposes=f"{FREE_RANGE}=as_published") if row in never else row for row in rows]
    return [*as_published, *instead]


@cache
def _published() -> Prices:
    return Prices(_published_rows())


def show_epoch(epoch: Epoch) -> str:
    """An epoch as text: its days."""
    start = f"{from_seconds(epoch.start):%Y-%m-%d}"
    return f"{start} to {from_seconds(epoch.end):%Y-%m-%d}" if epoch.end < _END_OF_TIME else f"from {start}"
