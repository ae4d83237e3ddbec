"""`ecs-images prices`: the price book, or the rows that a bill lacks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..catalog.meters import units
from ..catalog.prices import stated_by, weakness
from ..errors import InputError, UnknownName, shown
from .opening import open_run, prices_of
from .options import File, Form, Layers, Sets
from .output import Format, Output, say
from .show import notes_of, remark

if TYPE_CHECKING:
    from ..catalog.price_files import PriceRow
    from ..catalog.prices import Prices


def prices(
    meter: Annotated[str | None, typer.Option(help="only this meter, such as snapshot_standard")] = None,
    region: Annotated[str | None, typer.Option(help="only this region or scope")] = None,
    item: Annotated[str | None, typer.Option(help="only items whose name contains this")] = None,
    currency: Annotated[str | None, typer.Option(help="only CNY or USD")] = None,
    assumed: Annotated[
        bool, typer.Option("--assumptions", help="only assumed or weakly sourced prices, and why")
    ] = False,
    missing: Annotated[
        Path | None, typer.Option("--missing", help="a story: write the rows that its bill lacks, to fill in")
    ] = None,
    form: Form = None,
    path: File = None,
    layers: Layers = None,
    sets: Sets = None,
) -> None:
    """List the price book: every price with who says it and its first day; csv and json have the source too.

    With --missing: the rows that a story's bill lacks, as a price file of your own to fill in.
    """
    from ..catalog.prices import Prices

    if missing is not None:
        if (
            meter
            or region
            or item
            or assumed
            or form is not None
            or (path is not None and path.suffix.lower() != ".csv")
        ):
            raise InputError("--missing goes with --currency, --prices and --output only; it writes a price file")
        _missing_prices(missing, currency, layers, sets, Output(Format.csv, path))
        return
    if sets:
        raise InputError("--set belongs to --missing, which bills a story")
    output = Output.of(form, path)
    book = Prices.published(*(layers or ()))
    rows = [row for row in book.rows if not assumed or weakness(row)]
    for column, wanted in (("meter", meter), ("region_id", region), ("currency", currency)):
        if wanted is not None:
            known = {getattr(row, column) for row in rows}
            if wanted not in known:
                raise UnknownName(column.removesuffix("_id"), wanted, known)
            rows = [row for row in rows if getattr(row, column) == wanted]
    if item is not None:
        rows = [row for row in rows if item.lower() in row.item.lower()]
        if not rows:
            raise InputError(f"no price of an item whose name contains {shown(item)}")
    if output.form is Format.table:
        output.texts(*_for_people(rows, book, why=assumed))
    else:
        output.table(book.assumptions(rows) if assumed else book.to_frame(rows))


def _missing_prices(
    path: Path, currency: str | None, layers: list[Path] | None, sets: list[str] | None, output: Output
) -> None:
    """Write the rows that a story's bill lacks, in the form of a price file without its prices."""
    from ..billing.unpriced import rows_to_fill_in

    _, run = open_run(path, sets)
    remark(notes_of(run), Output(Format.csv))
    lacking = run.bill(prices=prices_of(run, layers)).unpriced
    currencies = sorted(set(lacking["billing_currency"].astype(str)))
    if currency is not None and currency not in currencies:
        raise InputError(f"{path} lacks no price in {shown(currency)}; lacking: {', '.join(currencies) or 'none'}")
    if currency is None and len(currencies) > 1:
        raise InputError(f"a price file is of one currency; say which with --currency {' or '.join(currencies)}")
    if not currencies:
        say(f"{run.title}: everything has a price")
        return
    chosen = lacking[lacking["billing_currency"] == (currency or currencies[0])]
    output.table(rows_to_fill_in(chosen))
    if output.path is not None:
        say(f"fill in the column price, then bill with --prices {output.path}")


def _for_people(rows: Iterable[PriceRow], book: Prices, *, why: bool = False) -> tuple[list[str], list[list[str]]]:
    """A price list that fits a terminal: the price and who says it side by side, the rest short.

    rows: the prices
    book: where other sources are looked up that say another price
    why: also why each is thin

    Returns the heads, and the texts of each row.
    """
    shown = []
    for row in rows:
        price = "not published"
        if row.price is not None:
            price = f"{row.price:g} {row.currency} per {units()[row.unit].name}"
        above = f"{row.from_quantity:,.0f} {row.quantity_unit}" if row.from_quantity else ""
        said = f"{stated_by(row)}{book.otherwise(row)}"
        place = f"{row.region_id} to {row.to_region_id}" if row.to_region_id else row.region_id
        shown.append([row.meter, row.item, place, price, said, above, str(row.valid_from), weakness(row)])
    heads = ["meter", "item", "region", "price", "says", "above", "from", "why"]
    return (heads, shown) if why else (heads[:-1], [texts[:-1] for texts in shown])
