"""Use that no price covers: a hole in the price book never hides the rest of a bill, and never counts as 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..catalog.meters import METERS, goes_to_a_region, item_in_words, units
from ..catalog.prices import layer_hint
from ..catalog.schemas import TABLES
from ..errors import PriceNotFound
from .schema import WHO_WHERE_WHAT

if TYPE_CHECKING:
    import pandas as pd

UNPRICED = TABLES["unpriced"]


def in_words(unpriced: pd.DataFrame) -> list[str]:
    """Each row of an `UNPRICED` table in words: how much of what, where and when, whose, and what is known nearby."""
    return [_in_words(row) for row in unpriced.itertuples(index=False)]


def _in_words(row: Any) -> str:
    what = " ".join(
        filter(None, (row.sku_meter, item_in_words(row.sku_meter, row.x_item, row.x_term) if row.x_item else ""))
    )
    known = f"; {row.x_known}" if row.x_known else ""
    first, last = f"{row.charge_period_start:%Y-%m-%d}", f"{row.charge_period_end:%Y-%m-%d}"
    days = f"on {first}" if first == last else f"{first} to {last}"
    return (
        f"{row.consumed_quantity:,g} {row.consumed_unit} of {what} in {row.region_id}, {days} "
        f"({row.billing_account_id}, in {row.billing_currency}{known})"
    )


def price_not_found(unpriced: pd.DataFrame) -> PriceNotFound:
    """The error that names all of an `UNPRICED` table, with a hint where its rows have one in common."""
    first = unpriced.drop_duplicates(WHO_WHERE_WHAT)
    missing = dict.fromkeys(_missing(row) for row in first.itertuples(index=False))
    known = set(first["x_known"])
    return PriceNotFound(list(missing), layer_hint(known.pop() if len(known) == 1 else ""))


def _missing(row: Any) -> tuple[str, str, str, str, str]:
    item = item_in_words(row.sku_meter, row.x_item, row.x_term)
    return row.sku_meter, item, row.region_id, f"{row.charge_period_start:%Y-%m-%d}", row.billing_currency


def rows_to_fill_in(unpriced: pd.DataFrame) -> pd.DataFrame:
    """The rows of a price file of one's own that an `UNPRICED` table asks for, with empty prices."""
    import pandas as pd

    first = unpriced.sort_values("charge_period_start").drop_duplicates(["sku_meter", "region_id", "x_item", "x_term"])
    rows = []
    for row in first.to_dict("records"):
        meter, traffic = METERS[row["sku_meter"]], goes_to_a_region(row["sku_meter"])
        unit = next((unit for unit in meter.units if units()[unit].term == row["x_term"]), None)
        if unit is None:
            continue  # A prepaid machine: no row of a file could price it.
        rows.append(
            {
                "meter": meter.name,
                "item": "" if traffic else row["x_item"],
                "region_id": row["region_id"],
                "to_region_id": row["x_item"] if traffic else "",
                "unit": unit,
                "currency": row["billing_currency"],
                "price": "",
                "valid_from": f"{row['charge_period_start']:%Y-%m-%d}",
                "note": row["x_known"],
            }
        )
    return pd.DataFrame(rows, dtype="str")
