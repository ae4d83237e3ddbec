"""What the command line shows of a bill and of the price book."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..billing.dimensions import DIMENSIONS, chosen, split_over
from ..billing.unpriced import in_words, price_not_found
from ..catalog.meters import units
from ..catalog.prices import stated_by, weakness
from ..errors import EcsImagesError, InputError, MixedCurrencies, Problem
from ..saving import save
from .drawing import drawn, visible
from .opening import prices_of, wanted_meters
from .output import PICTURES, Format, Output, records, say

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..billing.bill import Bill
    from ..catalog.price_files import PriceRow
    from ..catalog.prices import Prices
    from ..decisions.in_words import Alike
    from ..stories.run import Run


def billed(
    run: Run, until: str | None, layers: list[Path] | None, stand_ins: str | None, meters: str | None = None
) -> Bill:
    """The bill of a story or a ledger, as the options of these names ask for it.

    Raises InputError where a refusal that the story expects did not come, or for a meter that is always billed.
    """
    book = prices_of(run, layers).supposing(assume_prices=stand_ins)
    run.refusals_met()
    return run.bill(until=until, prices=book, meters=wanted_meters(meters))


def table_by(found: Bill, run: Run, dimensions: list[str]) -> pd.DataFrame:
    """The bill by its own columns, or split over images or snapshots, with their names."""
    table = found.by(*dimensions)
    split = split_over(chosen(dimensions))
    if split not in DIMENSIONS:
        return table
    resources = run.cloud.state.images if split == "image" else run.cloud.state.snapshots
    column = DIMENSIONS[split].column
    nothing = "behind no image" if split == "image" else "of no snapshot"
    names = [resources[name].name if name in resources else "" if name else nothing for name in table[column]]
    places = [resources[name].region if name in resources else "" for name in table[column]]
    table.insert(list(table).index(column) + 1, "name", names)
    if "region_id" not in table:
        table.insert(list(table).index(column) + 2, "of_region", places)
    before = [name for name in table.columns[: list(table).index(column)] if name in ("x_month", "x_day")]
    return largest_first(table, *before)


def largest_first(table: pd.DataFrame, *before: str) -> pd.DataFrame:
    """The rows in order of the columns `before`, then of cost; amounts that only the noise of sums tells apart stay."""
    ascending = [*(True for _ in before), False]
    places = table.assign(list_cost=table["list_cost"].round(9))
    return table.loc[places.sort_values([*before, "list_cost"], ascending=ascending, kind="stable").index].reset_index(
        drop=True
    )


def show_explanation(found: Bill, run: Run, wanted: str, output: Output) -> None:
    """Explain a resource, named by its id or its name: sentences, a JSON object, or its amounts."""
    explanation = found.explain(run.id_of(wanted))
    if output.form is Format.table:
        output.text(str(explanation))
    elif output.form is Format.json:
        output.json(
            {
                "resource_id": explanation.resource_id,
                "about": explanation.about,
                "totals": explanation.totals,
                "left_behind": explanation.left_behind,
                "amounts": records(explanation.amounts),
                "events": records(explanation.events),
                "unpriced": records(explanation.unpriced),
            }
        )
    else:
        output.table(explanation.amounts)


def draw_cost(found: Bill, path: Path, dimensions: list[str]) -> EcsImagesError | None:
    """Draw the cost chart to a file.

    Returns the error when the bill has two currencies, or nothing in it has a price: its table is still shown.
    """
    from ..charts import cost_over_time

    if len(found.charges) == 0 and len(found.unpriced):
        return InputError(f"there is nothing to draw: {price_not_found(found.unpriced)}")
    if len(found.charges) == 0:
        raise InputError("there is nothing to draw: the bill is empty")
    try:
        found.total(priced_only=True)
    except MixedCurrencies as error:
        return error
    columns = [dimension.column for dimension in chosen(dimensions) if dimension.column in found.charges]
    save_chart(path, lambda: cost_over_time(found, by=columns[0] if columns else "sku_meter"))
    return None


def save_chart(path: Path, draw: Callable[[], Axes]) -> None:
    """Draw a chart and write it to a .png, .svg or .pdf file; raises InputError for another ending."""
    import matplotlib as mpl

    if path.suffix.lower() not in PICTURES:
        raise InputError(f"{path}: a chart is written to a {', '.join(PICTURES[:-1])} or {PICTURES[-1]} file")
    mpl.use("agg")
    figure = draw().get_figure(root=True)
    assert figure is not None
    kind = path.suffix.lower().removeprefix(".")
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    save(path, content.getvalue())


def name_chart(path: Path | None, output: Output) -> None:
    """Say where the chart is, if one was drawn."""
    if path is not None and output.for_people:
        say(f"chart: {path}")


def show_foot(found: Bill) -> None:
    """Below a table: the total, and the assumptions behind it, a line each."""
    sums = found.by("currency")
    for currency, cost in zip(sums["billing_currency"], sums["list_cost"], strict=True):
        lacking = (found.unpriced["billing_currency"] == currency).any()
        say(f"total list cost{' of what has a price' if lacking else ''}: {cost:,.4f} {currency}")
    taken = found.assumptions()
    if len(taken):
        say("\nAssumptions of this bill (ecs-images bill --format json says why):")
    for row in taken.to_dict("records"):
        label = "" if row["assumption"] in ("price", "example", "stand-in") else f"{row['assumption']} "
        why = f": {row['why'].split(' [')[0]}" if row["assumption"] in ("price", "stand-in") else ""
        stated = f" ({row['stated_by']})" if row["stated_by"] else ""
        say(f"- {label}{row['subject']}: {row['taken']}{stated}{why}")


_UNPRICED = (
    "Without a price, and so in no amount (give rows of your own with --prices FILE; "
    "ecs-images prices --missing STORY -o FILE writes them to fill in):"
)


def unpriced_lines(found: Bill) -> list[str]:
    """What has no price, a line each under a heading; nothing where all has one."""
    lines = [f"- {sentence}" for sentence in in_words(found.unpriced)]
    return [_UNPRICED, *lines] if lines else []


def note_lines(notes: Iterable[tuple[str, Problem]]) -> list[str]:
    """What the service left undone in stories of these names, a line each under a heading; nothing where nothing."""
    lines = [f"- {story}, {note}" for story, note in notes]
    return ["Left undone by the service without a refusal:", *lines] if lines else []


def notes_of(run: Run) -> list[str]:
    """What the service left undone in a story, as `note_lines` says it."""
    return note_lines((Path(run.path).name, note) for note in run.notes)


def remark(lines: list[str], output: Output) -> None:
    """Lines for people: below a table on the screen; on the error channel where the output is for programs."""
    if lines and output.for_people:
        say("\n".join(["", *lines]))
    elif lines:
        tell("\n".join(lines))


def complain(text: str) -> None:
    """Print an error. An argument longer than any file's name is cut, as other values are where they are named."""
    for argument in sys.argv:
        if len(argument) > 255:
            text = text.replace(argument, f"{argument[:79]}…")
    tell(f"error: {text}")


def tell(text: str) -> None:
    """Print lines on the error channel."""
    with suppress(OSError):  # on a full or closed error channel there is nobody to tell
        sys.stderr.write(f"{visible(text)}\n")


def prices_for_people(
    rows: Iterable[PriceRow], book: Prices, *, why: bool = False
) -> tuple[list[str], list[list[str]]]:
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


def routes_for_people(title: str, groups: Sequence[Alike], *, to_file: bool) -> str:
    """Routes as text: the answers first, then a table for each group of targets, a line a way, and why others fail."""
    import pandas as pd

    from ..decisions.in_words import money, payer

    text = [title, *(group.answer for group in groups)]
    for group in groups:
        allowed = [way for way in group.routes if way.allowed]
        rows = [
            [way.way, money(way.cost, way.currency, way.not_counted), payer(way), f"{way.hours_to_launch:.2f}"]
            for way in allowed
        ]
        table = pd.DataFrame(rows, columns=["way", "adds", "paid by", "hours"], dtype="str")
        text += ["", f"To {group.place}:", drawn(table, to_file=to_file).rstrip("\n"), ""]
        remarks = [(way.way, "; ".join(filter(None, (way.not_counted, way.note)))) for way in allowed]
        refused = [(f"{way.way}: {way.code or 'refused'}", way.note) for way in group.routes if not way.allowed]
        text += [f"- {head}: {why}" for head, why in (*remarks, *refused) if why]
    breaks = {way.way: way.if_withdrawn for group in groups for way in group.routes if way.allowed}
    heading = "\nWhat breaks if withdrawn, when the owner later deletes or unshares:" if breaks else ""
    return "\n".join([*text, heading, *(f"- {name}: {what}" for name, what in breaks.items()), ""])
