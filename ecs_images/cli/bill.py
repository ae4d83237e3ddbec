"""`ecs-images bill`: what the images of a story cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..billing.dimensions import DIMENSIONS, chosen, names_of, split_over
from ..billing.unpriced import price_not_found
from ..errors import EcsImagesError, InputError, MixedCurrencies
from .opening import listed, open_run
from .options import ByteOrderMark, File, Form, Layers, Meters, Quiet, Rounded, Sets, StandIns, Until
from .output import FOCUS_FORMS, PICTURES, Format, Output, records, say
from .show import billed, name_chart, notes_of, remark, save_chart, unpriced_lines

if TYPE_CHECKING:
    import pandas as pd

    from ..billing.bill import Bill
    from ..stories.run import Run

_BY = (
    f"columns, month,meter unless asked otherwise: {', '.join(names_of('charges'))}; "
    f"or image, snapshot, or a tag such as tag:team, with {', '.join(names_of('shares')[:-2])}"
)


def bill(
    story: Annotated[Path, typer.Argument(help="a story or a ledger")],
    by: Annotated[str | None, typer.Option(help=_BY)] = None,
    until: Until = None,
    top: Annotated[
        int | None, typer.Option(min=1, help="only so many rows, the largest, and the sum of the rest")
    ] = None,
    subtotals: Annotated[bool, typer.Option("--subtotals", help="a sum below each value of the first column")] = False,
    form: Form = None,
    path: File = None,
    chart: Annotated[Path | None, typer.Option(help="also draw cost per month to this .png, .svg or .pdf file")] = None,
    explain: Annotated[str | None, typer.Option(help="explain one resource: its name or its id")] = None,
    invoice: Annotated[bool, typer.Option("--invoice", help="what is paid, rounded per settlement")] = False,
    prices: Layers = None,
    sets: Sets = None,
    meters: Meters = None,
    stand_ins: StandIns = None,
    strict: Annotated[bool, typer.Option("--strict", help="refuse a bill of which some use has no price")] = False,
    rounded: Rounded = False,
    bom: ByteOrderMark = False,
    quiet: Quiet = False,
) -> None:
    """Bill a story: what its images cost, by month and meter or as asked.

    Use that no price covers is in no amount: it is listed below the table, and the command ends with 3.
    """
    if path is not None and form is None and path.suffix.lower() in PICTURES:
        if chart is not None:
            raise InputError(f"-o {path} and --chart {chart} both name a picture; give one of them")
        path, chart = None, path
    as_focus = form in FOCUS_FORMS and by is None and top is None and not (subtotals or invoice or explain)
    output = Output.of(FOCUS_FORMS[form] if form and as_focus else form, path, rounded=rounded, bom=bom)
    if (invoice and explain is not None) or (by is not None and chart is None and (invoice or explain is not None)):
        raise InputError("--by, --invoice and --explain each show a table of their own; choose one")
    if top is not None and subtotals:
        raise InputError("--top sums the rest of the rows and --subtotals each group of them; choose one")
    if (top is not None or subtotals) and (invoice or explain is not None):
        raise InputError("--top and --subtotals belong to the bill by columns, not to --invoice or --explain")
    _, run = open_run(story, sets)
    found = billed(run, until, prices, stand_ins, meters)
    if strict and len(found.unpriced):
        raise price_not_found(found.unpriced)
    dimensions = listed("month,meter" if by is None else by)
    undrawn = _draw(found, chart, dimensions) if chart is not None else None
    if explain is not None:
        _explain(found, run, explain, output)
    else:
        table = found.invoice() if invoice else found.focus() if as_focus else _table_by(found, run, dimensions)
        table = table if top is None else _largest(table, top)
        table = _with_subtotals(table) if subtotals else table
        if output.form is Format.json:
            output.json(_whole(found, run, table))
        else:
            output.table(table, run.title)
        if output.for_people and not quiet:
            _show_foot(found)
    if undrawn is not None:
        raise undrawn
    name_chart(chart, output)
    if not quiet:
        remark(notes_of(run), output)
    remark(unpriced_lines(found), output)
    if len(found.unpriced):
        raise typer.Exit(3)


def _whole(found: Bill, run: Run, table: pd.DataFrame) -> dict[str, Any]:
    """A bill as one JSON object: `title`, `rows`, `total` by currency, `assumptions`; `unpriced` and `notes` if any."""
    sums = found.by("currency")
    whole = {
        "title": run.title,
        "rows": records(table),
        "total": dict(zip(sums["billing_currency"], map(float, sums["list_cost"]), strict=True)),
        "assumptions": records(found.assumptions()),
    }
    if run.parameters:
        whole["parameters"] = run.parameters
    if len(found.unpriced):
        whole["unpriced"] = records(found.unpriced)
    if run.notes:
        whole["notes"] = [{"line": note.line, "message": note.message} for note in run.notes]
    return whole


def _largest(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """The largest rows of each currency, and a row for the sum of its others."""
    import pandas as pd

    kept: list[pd.DataFrame] = []
    for currency, rows in largest_first(table).groupby("billing_currency", observed=True, sort=True):
        rest = rows.iloc[count:]
        kept.append(rows.iloc[:count])
        if len(rest):
            kept.append(_sum_row(rest, f"{len(rest)} others", str(currency)))
    return pd.concat(kept, ignore_index=True) if kept else table


def _with_subtotals(table: pd.DataFrame) -> pd.DataFrame:
    """Below the rows of each value of the first column, in each currency, their sum."""
    import pandas as pd

    first, kept = table.columns[0], []
    if first == "billing_currency":
        raise InputError("--subtotals sums over the first column of --by, which is the currency itself")
    for (value, currency), rows in table.groupby([first, "billing_currency"], observed=True, sort=False):
        kept += [rows, _sum_row(rows, f"{value}, all", str(currency))]
    return pd.concat(kept, ignore_index=True) if kept else table


def _sum_row(rows: pd.DataFrame, name: str, currency: str) -> pd.DataFrame:
    """A row that sums the amounts of others and has a name in its first column."""
    import pandas as pd

    row = {column: rows[column].sum() if rows[column].dtype.kind == "f" else "" for column in rows}
    return pd.DataFrame([row | {rows.columns[0]: name, "billing_currency": currency}])


def _table_by(found: Bill, run: Run, dimensions: list[str]) -> pd.DataFrame:
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


def _explain(found: Bill, run: Run, wanted: str, output: Output) -> None:
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


def _draw(found: Bill, path: Path, dimensions: list[str]) -> EcsImagesError | None:
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


def _show_foot(found: Bill) -> None:
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
