"""`ecs-images diff`: what changes from one story's bill to another's."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .opening import listed, open_run
from .options import ByteOrderMark, File, Form, Layers, Meters, Quiet, Rounded, Sets, StandIns, Until
from .output import Format, Output, records, say
from .show import billed, name_chart, notes_of, remark, save_chart, unpriced_lines

if TYPE_CHECKING:
    from ..billing.bill import Bill
    from ..stories.run import Run


def diff(
    before: Annotated[Path, typer.Argument(help="a story or a ledger")],
    after: Annotated[Path | None, typer.Argument(help="another; default: the same story, with --set")] = None,
    by: Annotated[
        str, typer.Option(help="what both are split by: any of the columns of ecs-images bill --by")
    ] = "meter",
    until: Until = None,
    form: Form = None,
    path: File = None,
    chart: Annotated[Path | None, typer.Option(help="also draw the steps between them to this picture")] = None,
    fail_if_more: Annotated[
        float | None,
        typer.Option("--fail-if-more", help="end with 1 if the second costs so much more, in its currency"),
    ] = None,
    prices: Layers = None,
    sets: Sets = None,
    meters: Meters = None,
    stand_ins: StandIns = None,
    rounded: Rounded = False,
    bom: ByteOrderMark = False,
    quiet: Quiet = False,
) -> None:
    """Compare two bills: what changes from the first to the second, with its sign, by meter or as asked.

    --set changes parameters of the second. With one file, the second is the same story with those values. Use that no
    price covers is in neither amount: it is listed below, and the command ends with 3.
    """
    if after is None and not sets:
        raise InputError(
            f"{before} would be compared with itself; name a second file, or change a parameter with --set"
        )
    if fail_if_more is not None and not isfinite(fail_if_more):
        raise InputError(f"--fail-if-more is an amount such as 50, not {fail_if_more}")
    output = Output.of(form, path, rounded=rounded, bom=bom)
    runs = [open_run(before)[1], open_run(after or before, sets)[1]]
    bills = [billed(run, until, prices, stand_ins, meters) for run in runs]
    currencies = [set(bill.charges["billing_currency"].astype(str)) for bill in bills]
    if all(currencies) and not currencies[0] & currencies[1]:
        first, second = (" and ".join(sorted(found)) for found in currencies)
        raise InputError(f"{before} is billed in {first} and {after or before} in {second}; nothing compares them")
    table = bills[0].compare(bills[1], *listed(by))
    table = table.iloc[table["x_change"].abs().argsort(kind="stable")[::-1]].reset_index(drop=True)
    changes = table.groupby("billing_currency")["x_change"].sum()
    if chart is not None:
        from ..charts import bill_waterfall

        save_chart(chart, lambda: bill_waterfall(table))
    if output.form is Format.json:
        whole = {"before": runs[0].title, "after": runs[1].title, "rows": records(table), "change": changes.to_dict()}
        output.json(whole | {"unpriced": [records(bill.unpriced) for bill in bills]})
    else:
        output.table(table, f"{runs[0].title} → {runs[1].title}{_changed(runs[0], runs[1])}")
    if output.for_people and not quiet:
        say("\n".join(_totals(bills, runs)))
    name_chart(chart, output)
    for run, bill in zip(runs, bills, strict=True):
        remark([*notes_of(run), *([f"{run.title}:"] if len(bill.unpriced) else []), *unpriced_lines(bill)], output)
    if fail_if_more is not None and (changes > fail_if_more).any():
        raise typer.Exit(1)
    if any(len(bill.unpriced) for bill in bills):
        raise typer.Exit(3)


def _changed(before: Run, after: Run) -> str:
    """The parameters of the second that differ from the first, or that the first lacks."""
    changed = [(name, value) for name, value in after.parameters.items() if before.parameters.get(name) != value]
    words = [f"{name} = {', '.join(value) or 'none' if isinstance(value, list) else value}" for name, value in changed]
    return f" ({'; '.join(words)})" if words else ""


def _totals(bills: list[Bill], runs: list[Run]) -> list[str]:
    """The totals and how they differ, and whether the two bills are of the same time and of the same story."""
    sums = [bill.by("currency").set_index("billing_currency")["list_cost"] for bill in bills]
    lines = []
    for currency in sorted({*sums[0].index, *sums[1].index}):
        before, after = (float(found.get(currency, 0.0)) for found in sums)
        share = f" ({(after - before) / before:+.1%})" if before else ""
        lines.append(f"total list cost: {before:,.4f} → {after:,.4f} {currency}: {after - before:+,.4f}{share}")
    if not lines or all(line.split(": ")[2].startswith(("+0.0000", "-0.0000")) for line in lines):
        lines.append("both cost the same" + (", for both are the same file" if runs[0].path == runs[1].path else ""))
    ends = [f"{bill.period[0]:%Y-%m-%d %H:%M} to {bill.period[1]:%Y-%m-%d %H:%M}" for bill in bills]
    if ends[0] != ends[1]:
        lines.append(f"The two are of different times: {ends[0]}, and {ends[1]}.")
    return lines
