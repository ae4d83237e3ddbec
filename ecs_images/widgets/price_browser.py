"""The price browser: what a price is in a region on a day, since when, and from which source.

It shows one meter in one region at a time, and looks up the rows in the price book as bills do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import isfinite
from typing import Any, NamedTuple

import ipywidgets as ipw
import pandas as pd

from ..catalog.meters import METERS, STORAGE, goes_to_a_region, item_in_words, units
from ..catalog.price_files import PriceRow
from ..catalog.prices import Epoch, PriceBook, Prices, show_epoch, stands_in, stated_by, weakness
from ..catalog.regions import region, regions
from ..catalog.sites import sites
from ..charts.prices import price_picture
from ..errors import UnknownName
from ..units import day_start_seconds, from_seconds, in_words, parse_time, to_seconds
from . import pages
from .panel import LABELS, WIDE, Panel, dropdown

PARTS = ("summary", "picture", "prices", "history")
_YEAR = 365 * 86_400
_ITEM_NAMES = {"region": "Sent to region", "system": "Operating system", "category": "Disk category"}
_ITEM_NAMES |= {"product": "Product code", "type": "Instance type"}


class Taken(NamedTuple):
    """A row that bills use.

    row: the row
    epoch: the time in which bills use it
    vcpus: the smallest instance it is used for; larger ones too, up to the size of the next row [vCPU]
    term: what is prepaid: week, month or year, or once for good; empty where use is paid by time
    """

    row: PriceRow
    epoch: Epoch
    vcpus: int
    term: str = ""


class PriceBrowser:
    """The prices of a meter's item in a region, on a day and before and after it.

    prices: the price book; the published one unless given
    """

    def __init__(self, prices: Prices | None = None) -> None:
        self.prices = prices or Prices.published()

    def __repr__(self) -> str:
        return f"<PriceBrowser: {pages.counted(len(self.prices.rows), 'row')}>"

    def meters(self) -> list[str]:
        """The meters of bills, and after them others that have prices."""
        return [*METERS, *sorted({row.meter for row in self.prices.rows} - set(METERS))]

    def items(self, meter: str) -> list[str]:
        """The items of a meter, for traffic the regions it may go to; one empty text for a meter without items."""
        if goes_to_a_region(meter):
            return list(regions())
        return sorted({row.item for row in self.prices.rows if row.meter == meter}) or [""]

    def rows(self, meter: str, item: str, currency: str) -> list[PriceRow]:
        """Every row of the price files, of any region and time, whether bills use it or not."""
        wanted = meter, "" if goes_to_a_region(meter) else item, currency
        return [row for row in self.prices.rows if (row.meter, row.item, row.currency) == wanted]

    def taken(self, meter: str, item: str, region_id: str, currency: str) -> list[Taken]:
        """The rows that bills use, by term and size and time; none for what bills do not meter.

        meter: the meter
        item: its item; for traffic, the region it goes to
        region_id: the region
        currency: CNY or USD

        Raises UnknownName for an unknown meter, region or currency.
        """
        if meter not in self.meters():
            raise UnknownName("meter", meter, self.meters())
        return self._taken(self.prices.book(currency), meter, item, region_id)

    def _taken(self, book: PriceBook, meter: str, item: str, region_id: str) -> list[Taken]:
        taken: list[Taken] = []
        if meter not in METERS:
            return taken
        rows = self.rows(meter, item, book.currency)
        for term in sorted({units()[row.unit].term for row in rows if row.price is not None} | {""}):
            smaller: set[tuple[PriceRow, Epoch]] = set()
            for vcpus in _sizes(rows):
                schedule = book.schedule(meter, region_id, item, vcpus, term)
                here = [(row, epoch) for epoch in schedule for row in epoch.tiers]
                taken += [Taken(row, epoch, vcpus, term) for row, epoch in here if (row, epoch) not in smaller]
                smaller = set(here)
        return taken

    def in_force(self, meter: str, item: str, region_id: str, currency: str, day: str) -> list[Taken]:
        """The rows that bills use on a day (UTC+8), as `taken`; raises InputError for a day that is not a date."""
        return _on(self.taken(meter, item, region_id, currency), day)

    def history(self, meter: str, item: str, region_id: str, currency: str, day: str) -> pd.DataFrame:
        """The prices over time that `price_picture` draws: those in the unit that is in force on the day.

        day: a price that still holds is drawn up to this day, or for a year if it began later

        Returns a frame with the columns `x_series` (tier or size), `x_start`, `x_end`, `x_price` and `x_unit`.
        """
        taken, until = self.taken(meter, item, region_id, currency), to_seconds(parse_time(day, "day"))
        unit = (_on(taken, day) or taken)[0].row.unit if taken else ""
        drawn = [one for one in taken if one.row.unit == unit]
        last = max([until, *(one.epoch.start + _YEAR for one in drawn)])
        rows = [
            (
                f"from {_from(one.row, one.vcpus)}",
                from_seconds(one.epoch.start),
                from_seconds(min(one.epoch.end, last)),
                one.row.price,
                f"{currency} {_per(one.row)}",
            )
            for one in drawn
        ]
        return pd.DataFrame(rows, columns=["x_series", "x_start", "x_end", "x_price", "x_unit"])

    def nearest(self, meter: str, item: str, region_id: str, currency: str, day: str) -> str:
        """Where there is no price, the nearest known one in time, else in place, as a sentence; empty without one."""
        second, own = to_seconds(parse_time(day, "day")), self.taken(meter, item, region_id, currency)
        if own:
            near = min(own, key=lambda one: min(abs(one.epoch.start - second), abs(one.epoch.end - second)))
            return f"The nearest known in time: {_price(near.row)}, {show_epoch(near.epoch)} ({stated_by(near.row)})."
        for one in _on(self._taken(self._bridged.book(currency), meter, item, region_id), day):
            if stands_in(one.row, region_id, item):
                to = f" to {_place(one.row.to_region_id)}" if one.row.to_region_id else ""
                where = f"{_place(one.row.region_id)}{to}"
                return f"The nearest known in place: {_price(one.row)} in {where} ({stated_by(one.row)})."
        return ""

    def summary(self, meter: str, item: str, region_id: str, currency: str, day: str) -> list[str]:
        """What bills use on the day and how well it is sourced, or why there is nothing, as sentences."""
        force, book = self.in_force(meter, item, region_id, currency, day), self.prices.book(currency)
        what = item_in_words(meter, item)
        name = f"{in_words(meter)}{f' ({what})' if what else ''} in {region_id}"
        if meter not in METERS:
            return [f"Bills do not meter {in_words(meter)}; below is what the price files say of it in {region_id}."]
        if goes_to_a_region(meter) and item == region_id and not force:
            return [f"No {in_words(meter)} within {item}: choose another region that it is sent to."]
        if book.assumes_free(meter):
            free = "bills treat it as free until you price it (COPY-10, UNK-2)"
            return [f"No fee is charged for {in_words(meter)} for now; {free}."]
        if not force:
            near, hint = self.nearest(meter, item, region_id, currency, day), book.hint(meter, item)
            return [f"No {currency} price for {name} on {day}. {near}".rstrip(), f"{hint[0].upper()}{hint[1:]}."]
        first = force[0]
        alike = [one.row.price or 0.0 for one in force if (one.term, one.row.unit) == (first.term, first.row.unit)]
        others = len({(one.term, one.row.unit) for one in force}) - 1
        if len(set(alike)) == 1:
            price = _price(first.row)
        else:
            by = "size of the instance" if first.row.quantity_unit == "vCPU" else "tier"
            price = f"{min(alike):g} to {max(alike):g} {currency} {_per(first.row)} by {by}"
        more = f" It is also sold in {pages.counted(others, 'other way')}, listed below." if others else ""
        said = f"{name[0].upper()}{name[1:]} costs {price} on {day} ({stated_by(first.row)}).{more}"
        weak = dict.fromkeys(reason for one in force for reason in weakness(one.row).split("; ") if reason)
        sources = pages.listed(list(dict.fromkeys(one.row.source for one in force)))
        return [said, *([f"Caution: {pages.listed(list(weak))}."] if weak else []), f"Source: {sources}."]

    def picture(self, meter: str, item: str, region_id: str, currency: str, day: str) -> str:
        """The price over time with the day marked, as HTML; empty where nothing is known."""
        history = self.history(meter, item, region_id, currency, day)
        if not len(history):
            return ""
        of = f"{in_words(meter)} in {region_id} over time, with {day} marked."
        return price_picture(history, parse_time(day, "day"), of)

    def render(self, meter: str, item: str | None, region_id: str, currency: str, day: str) -> dict[str, str]:
        """Everything that is shown, as HTML by part."""
        asked = meter, item or "", region_id, currency
        force = self.in_force(*asked, day)
        every = [self._cells(one) for one in self.taken(*asked)]
        if meter not in METERS:
            here = [row for row in self.rows(*asked[:2], currency) if row.region_id in region(region_id).scopes]
            every = [_cells(row, self.prices.otherwise(row)) for row in here]
        title = f"All times: {pages.counted(len(every), 'price')} of this meter here, with notes"
        return {
            "summary": pages.sentences(self.summary(*asked, day)),
            "picture": self.picture(*asked, day),
            "prices": _page(f"In force on {day}", [{**self._cells(one), "source": "", "note": ""} for one in force]),
            "history": pages.folded(title, _page("By time", every)),
        }

    def _cells(self, one: Taken) -> dict[str, str]:
        return _cells(one.row, self.prices.otherwise(one.row), one.epoch, one.vcpus)

    @cached_property
    def _bridged(self) -> Prices:
        """The same prices, where a missing one is that of the nearest region."""
        return self.prices.supposing(assume_prices="nearest")


def _on(taken: Sequence[Taken], day: str) -> list[Taken]:
    """What is in force on a day."""
    second = to_seconds(parse_time(day, "day"))
    return [one for one in taken if one.epoch.start <= second < one.epoch.end]


def _sizes(rows: Sequence[PriceRow]) -> list[int]:
    """The instance sizes at which the price may change [vCPU]."""
    bands = [row for row in rows if row.quantity_unit == "vCPU"]
    bounds = {bound for row in bands for bound in (row.from_quantity, row.to_quantity) if isfinite(bound)}
    return sorted({0, *map(int, bounds)})


def _per(row: PriceRow) -> str:
    """What a price is for, such as per GiB-Month."""
    unit = units().get(row.unit)
    return f"per {unit.name}" if unit and unit.basis else row.unit.replace("_", " ")


def _price(row: PriceRow) -> str:
    """A price with its currency and unit."""
    return "not published" if row.price is None else f"{row.price:g} {row.currency} {_per(row)}"


def _place(name: str) -> str:
    """The id of a region, or a wider scope of prices in words."""
    return name if name in regions() else in_words(name)


def _from(row: PriceRow, vcpus: int) -> str:
    """Where a tier or a band of sizes begins."""
    above, counted = (vcpus, "vCPU") if vcpus else (row.from_quantity, row.quantity_unit)
    return f"{above:,.10g} {counted}" if counted else ""


def _page(caption: str, rows: Sequence[Mapping[str, str]]) -> str:
    """A table of prices, without columns that are empty in every row."""
    heads = [head for head in (rows[0] if rows else ()) if any(row[head] for row in rows)]
    return pages.table(caption, heads, [[row[head] for head in heads] for row in rows])


def _cells(row: PriceRow, otherwise: str, epoch: Epoch | None = None, vcpus: int = 0) -> dict[str, str]:
    first_day = f"{row.valid_from}{' (assumed)' if row.valid_from_basis == 'assumed' else ''}"
    return {
        "from": _from(row, vcpus),
        f"price [{row.currency}]": "not published" if row.price is None else f"{row.price:g}",
        "for": _per(row),
        "paid": "" if epoch else row.billing_method.replace("_", " "),
        "in force": show_epoch(epoch) if epoch else "",
        "first day of the row": ""
        if epoch and epoch.start == day_start_seconds(row.valid_from) and row.valid_from_basis != "assumed"
        else first_day,
        "stated by": f"{stated_by(row)}{otherwise}",
        "region or scope": _place(row.region_id),
        "to": _place(row.to_region_id),
        "source": row.source,
        "note": row.note,
    }


def price_browser(prices: Prices | None = None, *, day: str | None = None) -> Panel:
    """A browser of the price book: one meter in one region, with its history and the source of every price.

    The controls are meter, item (for traffic, the region it goes to; not shown for meters without items), region,
    currency and day.

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
        meters = [
            (f"{in_words(name)}{'' if name in METERS else ' (bills do not meter it)'}", name) for name in model.meters()
        ]
        places = [(f"{one.region_id} · {one.name_en}", one.region_id) for one in regions().values()]
        controls = {
            "meter": dropdown("Meter", meters, STORAGE),
            "item": dropdown("Item", model.items(STORAGE)),
            "region": dropdown("Region", places),
            "currency": dropdown(
                "Currency", [(f"{one.currency} ({one.site} site)", one.currency) for one in sites().values()]
            ),
            "day": ipw.Text(
                description="Day (UTC+8)", value=day, continuous_update=False, style=LABELS, layout={"width": WIDE}
            ),
        }
        super().__init__("price browser", controls, PARTS, self._pages)
        self._follow_meter()

    def _changed(self, change: Any) -> None:
        with self.together():
            if change["owner"] is self.controls["meter"]:
                self._follow_meter()

    def _follow_meter(self) -> None:
        """Offer the items of the meter under their name, and no list where it has none."""
        meter, item = self.controls["meter"].value, self.controls["item"]
        items = self._model.items(meter)
        item.options = items
        item.value = next(name for name in items if name != self.controls["region"].value)
        item.description = _ITEM_NAMES.get(METERS[meter].item if meter in METERS else "", "Item")
        item.layout.display = "none" if items == [""] else None

    def _pages(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        return self._model.render(values["meter"], values["item"], values["region"], values["currency"], values["day"])
