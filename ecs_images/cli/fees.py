"""`ecs-images fees`: which fees follow an image of a story, who pays them, and what ends them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..units import in_words
from .opening import open_run, prices_of
from .options import File, Form, Layers, Sets
from .output import Output, say
from .show import notes_of, remark

if TYPE_CHECKING:
    import pandas as pd


def fees(
    story: Annotated[Path, typer.Argument(help="a story or a ledger")],
    image: Annotated[str, typer.Option(help="the image: its name, or its id")],
    account: Annotated[str | None, typer.Option(help="who launches it; default: the image's owner")] = None,
    region: Annotated[str | None, typer.Option(help="where; default: where the image is")] = None,
    instance_type: Annotated[str | None, typer.Option("--type", help="for fees by size: on what instance type")] = None,
    form: Form = None,
    path: File = None,
    prices: Layers = None,
    sets: Sets = None,
) -> None:
    """Say which fees follow an image through its lineage, who pays them, what they cost and what ends them."""
    from ..billing import fees as billing

    output = Output.of(form, path)
    _, run = open_run(story, sets)
    book = prices_of(run, prices)
    table = billing.fees(
        run.cloud, run.id_of(image), account=account, region=region, instance_type=instance_type, prices=book
    )
    output.table(table, f"{run.title}: {image}", drawn_as=_for_people(table))
    if output.for_people:
        for meter, item, because, seller in table[_ORIGIN].drop_duplicates().itertuples(index=False):
            say(f"{in_words(meter)}{f' of {item}' if item else ''}: {because}; sold by: {seller}")
    remark(notes_of(run), output)


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
