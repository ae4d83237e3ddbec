"""`ecs-images bill`: what the images of a story cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..billing.dimensions import names_of
from ..errors import InputError
from .opening import listed, open_run
from .options import ByteOrderMark, File, Form, Layers, Meters, Quiet, Rounded, Sets, StandIns, Until
from .output import FOCUS_FORMS, PICTURES, Format, Output, records
from .show import (
    billed,
    draw_cost,
    largest_first,
    name_chart,
    notes_of,
    remark,
    show_explanation,
    show_foot,
    table_by,
    unpriced_lines,
)

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
    from ..billing.unpriced import price_not_found

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
    undrawn = draw_cost(found, chart, dimensions) if chart is not None else None
    if explain is not None:
        show_explanation(found, run, explain, output)
    else:
        table = found.invoice() if invoice else found.focus() if as_focus else table_by(found, run, dimensions)
        table = table if top is None else _largest(table, top)
        table = _with_subtotals(table) if subtotals else table
        if output.form is Format.json:
            output.json(_whole(found, run, table))
        else:
            output.table(table, run.title)
        if output.for_people and not quiet:
            show_foot(found)
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
