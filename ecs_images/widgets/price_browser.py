"""The price browser: what a price is in a region on a day, since when, and from which source.

It looks up the rows that bills use in the price book, as bills do, and also lists all rows of the price files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

import ipywidgets as ipw

from ..catalog.meters import METERS, STORAGE, goes_to_a_region, item_in_words
from ..catalog.price_files import CURRENCIES, PriceRow
from ..catalog.prices import Epoch, Prices, show_epoch, stated_by, weakness
from ..catalog.regions import regions
from ..errors import EcsImagesError, PriceNotFound, UnknownName
from ..units import parse_time, to_seconds
from . import pages
from .panel import LABELS, WIDE, Panel, dropdown

PARTS = ("summary", "prices", "history", "rows")


class Taken(NamedTuple):
    """A row that bills use.

    row: the row
    epoch: the time in which bills use it
    vcpus: the smallest instance it is used for; larger ones too, up to the size of the next row [vCPU]
    """

    row: PriceRow
    epoch: Epoch
    vcpus: int


class PriceBrowser:
    """The prices of a meter's item in a region, on a day and before and after it.

    prices: the price book; the published one unless given
    """

    def __init__(self, prices: Prices | None = None) -> None:
        self.prices = prices or Prices.published()

    def __repr__(self) -> str:
        return f"<PriceBrowser: {pages.counted(len(self.prices.rows), 'row')}>"

    def meters(self) -> list[str]:
        """The meters of bills, and others that have prices."""
        return sorted({*METERS, *(row.meter for row in self.prices.rows)})

    def items(self, meter: str) -> list[str]:
        """The items of a meter, for traffic the regions it may go to; one empty text for a meter without items."""
        if goes_to_a_region(meter):
            return list(regions())
        return sorted({row.item for row in self.prices.rows if row.meter == meter}) or [""]

    def rows(self, meter: str, item: str, currency: str) -> list[PriceRow]:
        """Every row of the price files, of any region and time, whether bills use it or not."""
        wanted = meter, "" if goes_to_a_region(meter) else item, currency
        return [row for row in self.prices.rows if (row.meter, row.item, row.currency) == wanted]

    def taken(self, meter: str, item: str, region: str, currency: str) -> list[Taken]:
        """The rows that bills use, by size and time; none for what bills do not meter.

        meter: the meter
        item: its item; for traffic, the region it goes to
        region: the region
        currency: CNY or USD

        Raises UnknownName for an unknown meter, region or currency.
        """
        if meter not in self.meters():
            raise UnknownName("meter", meter, self.meters())
        book = self.prices.book(currency)
        taken: list[Taken] = []
        smaller: set[tuple[PriceRow, Epoch]] = set()
        for vcpus in self._sizes(meter, item, currency) if meter in METERS else ():
            here = [(row, epoch) for epoch in book.schedule(meter, region, item, vcpus) for row in epoch.tiers]
            taken += [Taken(row, epoch, vcpus) for row, epoch in here if (row, epoch) not in smaller]
            smaller = set(here)
        return taken

    def in_force(self, meter: str, item: str, region: str, currency: str, day: str) -> list[Taken]:
        """The rows that bills use on a day (UTC+8), as `taken`; raises InputError for a day that is not a date."""
        second = to_seconds(parse_time(day, "day"))
        taken = self.taken(meter, item, region, currency)
        return [one for one in taken if one.epoch.start <= second < one.epoch.end]

    def summary(self, meter: str, item: str, region: str, currency: str, day: str) -> list[str]:
        """What bills use on the day and how well it is sourced, or why there is nothing, as sentences."""
        force, book = self.in_force(meter, item, region, currency, day), self.prices.book(currency)
        if meter not in METERS:
            return [f"Bills do not meter {meter}; below are its rows in the price files."]
        if book.assumes_free(meter):
            return [f"No source names a fee for {meter}; bills treat it as free until you price it (COPY-10, UNK-2)."]
        what = item_in_words(meter, item)
        if not force:
            return [f"{PriceNotFound([(meter, what, region, day, currency)], book.hint(meter, item))}."]
        priced = f"{pages.counted(len(force), 'price')} of {meter}{f' ({what})' if what else ''}"
        weak = dict.fromkeys(reason for one in force for reason in weakness(one.row).split("; ") if reason)
        care = [f"Caution: {pages.listed(list(weak))}."] if weak else []
        return [f"{priced} in {region} in force on {day}, in {currency}.", *care]

    def render(self, meter: str, item: str | None, region: str, currency: str, day: str) -> dict[str, str]:
        """Everything that is shown, as HTML by part; where there is no answer, a sentence says why."""
        item = item or ""
        try:
            summary = self.summary(meter, item, region, currency, day)
            force = self.in_force(meter, item, region, currency, day)
            other = [one for one in self.taken(meter, item, region, currency) if one not in force]
        except EcsImagesError as error:
            return {"summary": pages.sentence(f"{error}.")}
        rows = [_cells(row, self.prices.otherwise(row)) for row in self.rows(meter, item, currency)]
        return {
            "summary": pages.sentences(summary),
            "prices": _page(f"In force on {day}", [self._cells(one) for one in force]),
            "history": _page(f"Before and after {day}", [self._cells(one) for one in other]),
            "rows": _page("All rows of the price files, in every region", rows),
        }

    def _cells(self, one: Taken) -> dict[str, str]:
        return _cells(one.row, self.prices.otherwise(one.row), one.epoch, one.vcpus)

    def _sizes(self, meter: str, item: str, currency: str) -> list[int]:
        """The instance sizes at which the price may change [vCPU]."""
        bands = [row for row in self.rows(meter, item, currency) if row.quantity_unit == "vCPU"]
        bounds = {bound for row in bands for bound in (row.from_quantity, row.to_quantity) if isfinite(bound)}
        return sorted({0, *map(int, bounds)})


def _page(caption: str, rows: Sequence[Mapping[str, str]]) -> str:
    """A table of prices, without columns that are empty in every row."""
    heads = [head for head in (rows[0] if rows else ()) if any(row[head] for row in rows)]
    return pages.table(caption, heads, [[row[head] for head in heads] for row in rows])


def _cells(row: PriceRow, otherwise: str, epoch: Epoch | None = None, vcpus: int = 0) -> dict[str, str]:
    above, counted = (vcpus, "vCPU") if vcpus else (row.from_quantity, row.quantity_unit)
    return {
        "region or scope": row.region_id,
        "to": row.to_region_id,
        "paid": "" if epoch else row.billing_method.replace("_", " "),
        "from": f"{above:,.10g} {counted}" if counted else "",
        "price": "not published" if row.price is None else f"{row.price:g} {row.currency}",
        "says": f"{stated_by(row)}{otherwise}",
        "unit": row.unit.replace("_", " "),
        "billed": show_epoch(epoch) if epoch else "",
        "first day": f"{row.valid_from}{' (assumed)' if row.valid_from_basis == 'assumed' else ''}",
        "source": row.source,
        "note": row.note,
    }


def price_browser(prices: Prices | None = None, *, day: str | None = None) -> Panel:
    """A browser of the price book, with the source of every price.

    The controls are meter, item (for traffic, the region it goes to), region, currency and day.

    prices: the price book; the published one unless given
    day: the date (UTC+8) that is chosen at first; the first day of the newest row unless given

    Returns a panel with the parts in `PARTS`.
    """
    model = PriceBrowser(prices)
    return _PricePanel(model, day or f"{max(row.valid_from for row in model.prices.rows)}")


class _PricePanel(Panel):
    """The panel, with items that follow the meter."""

    def __init__(self, model: PriceBrowser, day: str) -> None:
        self._model = model
        controls = {
            "meter": dropdown("Meter", model.meters(), STORAGE),
            "item": dropdown("Item or destination", model.items(STORAGE)),
            "region": dropdown("Region", tuple(regions())),
            "currency": dropdown("Currency", CURRENCIES),
            "day": ipw.Text(
                description="Day (UTC+8)", value=day, continuous_update=False, style=LABELS, layout={"width": WIDE}
            ),
        }
        super().__init__("price browser", controls, PARTS, self._pages)

    def _changed(self, change: Any) -> None:
        with self.together():
            if change["owner"] is self.controls["meter"]:
                items = self._model.items(self.controls["meter"].value)
                self.controls["item"].options = items
                self.controls["item"].value = items[0]

    def _pages(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        return self._model.render(values["meter"], values["item"], values["region"], values["currency"], values["day"])
