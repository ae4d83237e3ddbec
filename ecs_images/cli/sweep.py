"""`ecs-images sweep`: what a story costs for several values of its parameters."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .opening import listed, open_run, parameters
from .options import ByteOrderMark, File, Form, Layers, Quiet, Rounded, StandIns, Until
from .output import Output, say
from .show import billed, name_chart, remark, save_chart, unpriced_lines

if TYPE_CHECKING:
    import pandas as pd


def sweep(
    story: Annotated[Path, typer.Argument(help="a story with parameters")],
    sets: Annotated[
        list[str], typer.Option("--set", help="values to try, such as keep=2,4,8; those of a list are joined by +")
    ],
    by: Annotated[str, typer.Option(help="also split by any of the columns of ecs-images bill --by")] = "",
    until: Until = None,
    form: Form = None,
    path: File = None,
    chart: Annotated[Path | None, typer.Option(help="also draw cost over the first parameter to this picture")] = None,
    prices: Layers = None,
    stand_ins: StandIns = None,
    rounded: Rounded = False,
    bom: ByteOrderMark = False,
    quiet: Quiet = False,
) -> None:
    """Bill a story once for each value of its parameters: one table over values.

    With two parameters every pair is tried. Use that no price covers is in no amount: it is listed below, and the
    command ends with 3.
    """
    import pandas as pd

    from ..stories.story import Story

    output = Output.of(form, path, rounded=rounded, bom=bom)
    tried = {name: value.split(",") for name, value in parameters(sets).items()}
    for name, values in tried.items():
        if not any(value.strip() for value in values):
            raise InputError(f"--set {name}= names no value to try; write them with commas, such as {name}=2,4,8")
    declared = Story.load(story).parameters
    lists = {name for name, value in declared.items() if isinstance(value, list)}
    tables: list[pd.DataFrame] = []
    lacking: list[str] = []
    empty: list[str] = []
    for combination in product(*tried.values()):
        given = dict(zip(tried, (value.strip() for value in combination), strict=True))
        joined = {name: value.replace("+", ",") if name in lists else value for name, value in given.items()}
        _, run = open_run(story, [f"{name}={value}" for name, value in joined.items()])
        found = billed(run, until, prices, stand_ins)
        lacking += [line for line in unpriced_lines(found) if line not in lacking]
        table = found.by(*listed(by), "currency")
        if not len(table):
            words = ", ".join(f"{name} = {value or 'none'}" for name, value in given.items())
            empty.append(f"nothing is billed with {words}")
        for place, (name, value) in enumerate(given.items()):
            if name in table:
                raise InputError(f"the parameter {name} is called like a column of the table; rename it in the story")
            table.insert(place, name, value)
        tables.append(table)
    whole = pd.concat(tables, ignore_index=True)
    if chart is not None:
        from ..charts import cost_by_value

        save_chart(chart, lambda: cost_by_value(whole, next(iter(tried))))
    output.table(whole, run.title)
    if output.for_people and not quiet:
        say(_best(whole, list(tried)))
    name_chart(chart, output)
    remark(empty, output)
    remark(lacking, output)
    if lacking:
        raise typer.Exit(3)


def _best(table: pd.DataFrame, names: list[str]) -> str:
    """Which values cost least, in each currency."""
    lines = []
    for currency, rows in table.groupby("billing_currency", observed=True):
        totals = rows.groupby(names, sort=False)["list_cost"].sum()
        least = totals.idxmin()
        values = least if isinstance(least, tuple) else (least,)
        words = ", ".join(f"{name} = {value or 'none'}" for name, value in zip(names, values, strict=True))
        lines.append(f"lowest list cost: {totals.min():,.4f} {currency} with {words}")
    return "\n".join(lines)
