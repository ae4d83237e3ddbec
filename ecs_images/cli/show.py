"""What the command line shows of a bill and of the price book."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ..billing.dimensions import DIMENSIONS, chosen, split_over
from ..billing.unpriced import in_words, price_not_found
from ..catalog.meters import units
from ..catalog.prices import stated_by, weakness
from ..errors import EcsImagesError, InputError, MixedCurrencies, Problem
from ..saving import save
from .output import Format, emit, emit_json, records, say

if TYPE_CHECKING:
    import pandas as pd

    from ..billing.bill import Bill
    from ..catalog.price_files import PriceRow
    from ..catalog.prices import Prices
    from ..stories.story import Run


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
    table.insert(list(table).index(column) + 1, "name", names)
    return table.sort_values("list_cost", ascending=False, kind="stable", ignore_index=True)


def emit_bill(title: str, found: Bill, run: Run, table: pd.DataFrame, output: Path | None) -> None:
    """A bill as one JSON object: `title`, `rows`, `total` by currency, `assumptions`; `unpriced` and `notes` if any."""
    sums = found.by("currency")
    emit_json(
        {
            "title": title,
            "rows": records(table),
            "total": dict(zip(sums["billing_currency"], map(float, sums["list_cost"]), strict=True)),
            "assumptions": records(found.assumptions()),
        }
        | ({"unpriced": records(found.unpriced)} if len(found.unpriced) else {})
        | ({"notes": [asdict(note) for note in run.notes]} if run.notes else {}),
        output,
    )


def show_explanation(found: Bill, run: Run, wanted: str, form: Format, output: Path | None) -> None:
    """Explain a resource, named by its id or its name in the story: sentences, a JSON object, or its amounts."""
    from ..stories.story import resolve

    explanation = found.explain(resolve(run.cloud, run.ids, wanted))
    if form is Format.table and output is None:
        say(str(explanation))
    elif form is Format.json:
        emit_json(
            {
                "resource_id": explanation.resource_id,
                "about": explanation.about,
                "totals": explanation.totals,
                "left_behind": explanation.left_behind,
                "amounts": records(explanation.amounts),
                "events": records(explanation.events),
                "unpriced": records(explanation.unpriced),
            },
            output,
        )
    else:
        emit(explanation.amounts, form, output=output)


def draw_cost(found: Bill, path: Path, dimensions: list[str]) -> EcsImagesError | None:
    """Draw the cost chart to a file.

    Returns the error when the bill has two currencies, or nothing in it has a price: its table is still shown.
    """
    import matplotlib as mpl

    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError(f"{path}: a chart is written to a .png, .svg or .pdf file")
    mpl.use("agg")
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
    figure = cost_over_time(found, by=columns[0] if columns else "sku_meter").get_figure(root=True)
    assert figure is not None
    kind = path.suffix.lower().removeprefix(".")
    drawn = io.BytesIO()
    figure.savefig(drawn, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    save(path, drawn.getvalue())
    return None


def show_foot(found: Bill, chart: Path | None) -> None:
    """Below a table: the total, and the assumptions behind it, a line each."""
    sums = found.by("currency")
    for currency, cost in zip(sums["billing_currency"], sums["list_cost"], strict=True):
        lacking = (found.unpriced["billing_currency"] == currency).any()
        say(f"total list cost{' of what has a price' if lacking else ''}: {cost:,.4f} {currency}")
    if chart is not None:
        say(f"chart: {chart}")
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


def prices_for_people(rows: Iterable[PriceRow], book: Prices, *, why: bool = False) -> pd.DataFrame:
    """A price list that fits a terminal: the price and who says it side by side, the rest short.

    rows: the prices
    book: where other sources are looked up that say another price
    why: also why each is thin
    """
    import pandas as pd

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
    return pd.DataFrame(shown, columns=heads, dtype="str").drop(columns=[] if why else "why")


def routes_for_people(frame: pd.DataFrame) -> pd.DataFrame:
    """Routes that fit a terminal: the cost with its currency, or why there is none."""
    shown = frame[["route", "billing_account_id", "region_id"]].copy()
    shown["adds"] = [
        f"{cost:,.2f} {currency}{' + ?' if lacks else ''}"
        if cost == cost
        else (code or ("refused" if not allowed else "no price"))
        for cost, currency, code, allowed, lacks in zip(
            *(frame[name] for name in ("list_cost", "billing_currency", "x_code", "x_allowed", "x_not_counted")),
            strict=True,
        )
    ]
    shown["paid by"] = frame["x_payer"].where(frame["x_allowed"], "")
    shown["hours"] = [f"{hours:.2f}" if hours == hours else "" for hours in frame["x_hours_to_launch"]]
    shown["if withdrawn"] = frame["x_if_withdrawn"]
    shown["remark"] = frame["x_note"].where(frame["x_note"] != "", frame["x_not_counted"])
    return shown
