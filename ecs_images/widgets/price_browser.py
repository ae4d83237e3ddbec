"""The price browser: what a thing costs in a region on a day, since when, and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets as ipw
import pandas as pd

from ..catalog.price_files import CURRENCIES
from ..catalog.prices import Prices, weakness
from ..catalog.regions import regions
from ..errors import EcsImagesError, UnknownName
from ..units import parse_time
from . import pages
from .panel import LABELS, WIDE, Panel, dropdown

PARTS = ("summary", "prices", "history")
EVERYWHERE = "every region and scope"
COLUMNS = (
    "meter", "item", "region_id", "to_region_id", "billing_method", "from_quantity", "to_quantity", "quantity_unit",
    "unit", "currency", "price", "valid_from", "valid_until", "source", "source_date", "confidence", "status",
    "layer", "x_weakness", "note",
)  # fmt: skip


class PriceBrowser:
    """The rows of a price book, searched by meter, item, region, currency and day."""

    def __init__(self, prices: Prices | None = None) -> None:
        self._prices = prices or Prices.published()
        self.rows = self._prices.to_frame()
        self.rows["x_weakness"] = [weakness(row) for row in self._prices.rows]

    def __repr__(self) -> str:
        return f"<PriceBrowser: {pages.counted(len(self.rows), 'row')}>"

    def meters(self) -> list[str]:
        """What is priced."""
        return sorted(self.rows["meter"].unique())

    def items(self, meter: str) -> list[str]:
        """The items of a meter; one empty text where it has none."""
        return sorted(self.rows.loc[self.rows["meter"] == meter, "item"].unique())

    def table(self, meter: str, item: str, region: str, currency: str) -> pd.DataFrame:
        """Every row, of any time, that speaks of a meter's item in a region: `COLUMNS` of the price files.

        A region's rows are its own and those of the scopes it is in, its own first, the latest
        first within each; layers of one's own go before the published book. Raises UnknownName
        for a region, meter or currency that is not known.
        """
        if meter not in self.meters():
            raise UnknownName("meter", meter, self.meters())
        if currency not in CURRENCIES:
            raise UnknownName("currency", currency, CURRENCIES)
        rows = self.rows
        found = rows[(rows["meter"] == meter) & (rows["item"] == item) & (rows["currency"] == currency)]
        if region == EVERYWHERE:
            order = dict.fromkeys(found["region_id"], 0)
        elif region in regions():
            order = {name: rank for rank, name in enumerate(regions()[region].scopes)}
        else:
            raise UnknownName("region", region, regions())
        found = found[found["region_id"].isin(list(order))]
        ranked = found.assign(x_rank=found["region_id"].map(order), x_newest=pd.to_datetime(found["valid_from"]))
        ranked = ranked.sort_values(
            ["layer", "x_rank", "region_id", "x_newest", "from_quantity"],
            ascending=[False, True, True, False, True],
            kind="stable",
        )
        return ranked[list(COLUMNS)].reset_index(drop=True)

    def in_force(self, meter: str, item: str, region: str, currency: str, day: str) -> pd.DataFrame:
        """The rows of `table` that are in force on a day (UTC+8): begun, and not ended by a later row of their kind.

        Raises InputError for a day that is no date.
        """
        date = f"{parse_time(day, 'day'):%Y-%m-%d}"
        table = self.table(meter, item, region, currency)
        begun = table[table["valid_from"] <= date]
        # Bands by size of the instance are prices of their own; tiers of one day are one price.
        band = begun["from_quantity"].where(begun["quantity_unit"] == "vCPU", 0.0)
        kind = [begun[name] for name in ("layer", "region_id", "to_region_id", "billing_method", "unit")]
        newest = begun.groupby([*kind, band])["valid_from"].transform("max") if len(begun) else begun["valid_from"]
        ended = (begun["valid_until"] != "") & (begun["valid_until"] <= date)
        return begun[(begun["valid_from"] == newest) & ~ended].reset_index(drop=True)

    def summary(self, meter: str, item: str, region: str, currency: str, day: str) -> list[str]:
        """How many prices there are, what the bill would use, and since when, in sentences."""
        what = f"{meter}{f' of {item}' if item else ''} in {region}"
        table = self.table(meter, item, region, currency)
        force = self.in_force(meter, item, region, currency, day)
        if not len(table):
            places = self._places(meter, item, currency)
            return [f"There is no {currency} price of {what}. {places}"]
        if not len(force):
            first, last = table["valid_from"].min(), table["valid_from"].max()
            return [f"There is no {currency} price of {what} on {day}; the rows begin between {first} and {last}."]
        said = [f"{pages.counted(len(force), 'price')} of {what} in force on {day}, in {currency}."]
        if region != EVERYWHERE and force["region_id"].nunique() > 1:
            said.append(
                "Of prices for the same thing the bill takes that of the narrowest region or scope, listed first."
            )
        weak = list(dict.fromkeys(reason for text in force["x_weakness"] if text for reason in text.split("; ")))
        return [*said, *([f"Take care: {pages.listed(weak)}."] if weak else [])]

    def render(self, meter: str, item: str | None, region: str, currency: str, day: str) -> dict[str, str]:
        """All that is shown, as HTML by part; what cannot be answered is a sentence."""
        asked = meter, item or "", region, currency
        try:
            force = self.in_force(*asked, day)
            table = self.table(*asked)
            return {
                "summary": pages.sentences(self.summary(*asked, day)),
                "prices": _page(f"In force on {day}", force),
                "history": _page("All rows, of any time", table),
            }
        except EcsImagesError as error:
            return {"summary": pages.sentence(f"{error}.")}

    def _places(self, meter: str, item: str, currency: str) -> str:
        rows = self.rows[(self.rows["meter"] == meter) & (self.rows["item"] == item)]
        known = [f"{r} ({c})" for r, c in dict.fromkeys(zip(rows["region_id"], rows["currency"], strict=True))]
        return f"Known: {pages.listed(sorted(known), 6)}. Choose one of these, or give rows of your own as a layer."


def _page(caption: str, table: pd.DataFrame) -> str:
    heads = ["region or scope", "to", "paid", "from", "price", "unit", "since", "source", "of", "trust", "note"]
    rows = [
        [
            row["region_id"],
            row["to_region_id"],
            row["billing_method"].replace("_", " "),
            f"{row['from_quantity']:g} {row['quantity_unit']}" if row["quantity_unit"] else "",
            f"{row['price']:g} {row['currency']}" if pd.notna(row["price"]) else "not published",
            row["unit"].replace("_", " "),
            row["valid_from"],
            row["source"],
            row["source_date"],
            row["x_weakness"] or row["confidence"].replace("_", " "),
            row["note"],
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    return pages.table(caption, heads, rows)


def price_browser(prices: Prices | None = None, *, day: str | None = None) -> Panel:
    """A browser of the price book: meter, item, region, currency and day, with sources.

    Controls: meter, item, region, currency and day (a date of the billing clock, UTC+8; at first
    `day`, or the first day of the newest row). `prices` is the published book unless given.
    """
    model = PriceBrowser(prices)
    return _PricePanel(model, day or model.rows["valid_from"].max())


class _PricePanel(Panel):
    """The panel, with items that follow the meter."""

    def __init__(self, model: PriceBrowser, day: str) -> None:
        self._model = model
        meters = model.meters()
        first = "snapshot_standard" if "snapshot_standard" in meters else meters[0]
        controls = {
            "meter": dropdown("Meter", meters, first),
            "item": dropdown("Item", model.items(first)),
            "region": dropdown("Region", (EVERYWHERE, *regions())),
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
