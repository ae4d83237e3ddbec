"""Two bills side by side: by how much each part of the first must change to give the second."""

from __future__ import annotations

import pandas as pd

from ..tables import Column, Table
from .bill import Bill

WATERFALL = Table(
    "waterfall",
    "one part of two bills in one currency",
    (
        Column("x_part", "text", "", "the meter, account, region, month … that both bills are split by"),
        Column("x_before", "number", "billing_currency", "its list cost in the first bill, 0 where it has none", True),
        Column("x_after", "number", "billing_currency", "its list cost in the second bill", True),
        Column("billing_currency", "text", "", "currency of both amounts", True),
    ),
)


def waterfall(before: Bill | pd.DataFrame, after: Bill | pd.DataFrame, by: str = "meter") -> pd.DataFrame:
    """What two bills have in common and where they differ.

    before: the bill to begin with, or a `CHARGES` table
    after: the bill to compare with it, or a `CHARGES` table
    by: the dimension of `Bill.by` that both are split by

    Returns a `WATERFALL` table. Each column of amounts adds up to the total of its bill, so the
    differences add up to the difference of the totals; currencies stay apart.
    """
    amounts = []
    for given in (before, after):
        bill = given if isinstance(given, Bill) else Bill(given)
        table = bill.by(by)
        part = table.iloc[:, 0].astype("str").rename("x_part")
        amounts.append(table["list_cost"].set_axis([part, table["billing_currency"].astype("str")]))
    joined = pd.concat(amounts, axis=1, keys=["x_before", "x_after"]).fillna(0.0).sort_index().reset_index()
    return WATERFALL.frame(joined)
