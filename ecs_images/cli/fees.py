"""`ecs-images fees`: which fees follow an image of a story, who pays them, and what ends them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..units import in_words
from .output import Format, emit, say

if TYPE_CHECKING:
    import pandas as pd

    from ..catalog.prices import Prices
    from ..stories.run import Run


def show_fees(
    run: Run,
    image: str,
    prices: Prices,
    account: str | None,
    region: str | None,
    instance_type: str | None,
    form: Format,
    output: Path | None,
) -> None:
    """Print the fees of an image, named by its id or its name in the story; `billing.fees` has the columns."""
    from ..billing.fees import fees

    known = run.id_of(image)
    table = fees(run.cloud, known, account=account, region=region, instance_type=instance_type, prices=prices)
    title = f"{run.title}: {image}"
    emit(_for_people(table) if form is Format.table else table, form, title=title, output=output)
    if form is Format.table and output is None:
        for meter, item, because, seller in table[_ORIGIN].drop_duplicates().itertuples(index=False):
            say(f"{in_words(meter)}{f' of {item}' if item else ''}: {because}; sold by: {seller}")


_ORIGIN = ["sku_meter", "x_item", "x_follows_from", "x_sold_by"]


def _for_people(table: pd.DataFrame) -> pd.DataFrame:
    """The table with few and narrow columns: the price as one text, and where a fee comes from left to the foot."""
    columns = [table[name] for name in ("list_unit_price", "billing_currency", "pricing_unit", "x_stated_by")]
    return table.assign(
        fee=[in_words(meter) for meter in table["sku_meter"]],
        price=[
            f"{price:g} {currency} per {unit} ({stated})" if unit else "not published"
            for price, currency, unit, stated in zip(*columns, strict=True)
        ],
    ).rename(
        columns={
            "x_paid": "paid",
            "x_break_even_hours": "cheaper from hours",
            "x_payer": "paid by",
            "x_ends": "ends with",
        }
    )[["fee", "paid", "price", "cheaper from hours", "paid by", "ends with"]]
