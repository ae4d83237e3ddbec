"""`ecs-images reconcile`: a real bill beside an inventory or a story, and why they differ."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .opening import listed, open_run, prices_of, progress, read_inventory
from .options import File, Form, Layers, Quiet, Sets
from .output import Format, Output, say

if TYPE_CHECKING:
    import pandas as pd


def reconcile(
    source: Annotated[Path, typer.Argument(help="a folder or .zip of saved answers; or a story or a ledger")],
    bill: Annotated[list[Path], typer.Option(help="the real bill: a file, a .zip or a folder; may be repeated")],
    by: Annotated[
        str, typer.Option(help="rows: any of account_id, region_id, month, day, meter and currency")
    ] = "region_id,month,meter",
    learn: Annotated[
        Path | None, typer.Option("--learn-prices", help="write the bill's list prices to this .csv, a price layer")
    ] = None,
    region: Annotated[str | None, typer.Option(help="region of answers that do not say it")] = None,
    account: Annotated[str | None, typer.Option("--account-id", help="account of answers that do not say it")] = None,
    taken: Annotated[str | None, typer.Option(help="when the answers were saved, if no name says it")] = None,
    form: Form = None,
    path: File = None,
    prices: Layers = None,
    sets: Sets = None,
    quiet: Quiet = False,
) -> None:
    """Compare a real bill with what an inventory or a story says, and name the causes of every difference.

    Amounts are exact. What no cause explains stands in its own column, a cent too.
    """
    from ..accounts.bill_files import read_bill
    from ..accounts.learnt_prices import learnt_prices
    from ..accounts.reconcile import CAUSES
    from ..accounts.reconcile import reconcile as compare
    from ..catalog.prices import Prices

    output = Output.of(form, path)
    if source.is_dir() or source.suffix.lower() in (".zip", ".json", ".gz", ".tgz", ".tar", ".xml", ".csv"):
        if sets:
            raise InputError("--set is for the parameters of a story; an inventory has none")
        model: object = read_inventory([source], region, account, taken)
        book = Prices.published(*(prices or ()))
    else:
        if region or account or taken:
            raise InputError("--region, --account-id and --taken are for saved answers, not for a story")
        _, run = open_run(source, sets)
        run.refusals_met()
        model, book = run, prices_of(run, prices)
    with progress(bill[0].name) as advance:
        real = read_bill(*bill, progress=lambda done: advance(done, None))
    found = compare(model, real, prices=book)
    table = found.by(*listed(by))
    title = f"{source.name} beside its bill"
    if output.form is Format.table:
        total = found.by("currency")
        if output.path is None and len(table) > len(total) == 1:
            output.table(_in_words(total, CAUSES), title)
            table, title = table.drop(columns="currency"), ""
        output.table(_in_words(table, CAUSES), title)
    else:
        output.table(table, title)
    if learn is not None:
        Output.of(None, learn).table(learnt_prices(real))
    if output.for_people and not quiet:
        for name in (name for name in table if name in CAUSES):
            say(f"{name}: {CAUSES[name]}")
        why = found.table.loc[found.table["modelled"] == "", "basis"]
        for reason, count in why.value_counts().items():
            say(f"not compared, {count} row{'s' if count > 1 else ''}: {reason}")
        for remark in found.remarks:
            say(remark)


def _in_words(table: pd.DataFrame, causes: Iterable[str]) -> pd.DataFrame:
    """Sums as a screen has room for them: billed, modelled, and in words what lies between these two."""
    import pandas as pd

    parts = ["unexplained", "not_compared", *(name for name in causes if name in table)]
    why = [
        ", ".join(f"{name.replace('_', ' ')} {_short(row[name])}" for name in parts if Decimal(row[name] or 0))
        for row in table.to_dict("records")
    ]
    shown = table.drop(columns=[*parts, "difference"])
    return shown.assign(**{name: pd.to_numeric(table[name]) for name in ("billed", "modelled")}, why=why)


def _short(amount: str) -> str:
    """An amount to four decimals; one that is smaller is said to be there."""
    return f"{Decimal(amount):,.4f}" if abs(Decimal(amount)) >= Decimal("0.0001") else "below 0.0001"
