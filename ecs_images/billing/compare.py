"""Two bills side by side: by how much each part of the first must change to give the second."""

from __future__ import annotations

import pandas as pd

from ..tables import Column, Table

COMPARISON = Table(
    "comparison",
    "one part of two bills in one currency",
    (
        Column("x_part", "text", "", "the meter, account, region, month … that both bills are split by, by commas"),
        Column("x_before", "number", "billing_currency", "its list cost in the first bill, 0 where it has none", True),
        Column("x_after", "number", "billing_currency", "its list cost in the second bill", True),
        Column("x_change", "number", "billing_currency", "the second less the first", True),
        Column("billing_currency", "text", "", "currency of the amounts", True),
    ),
)


def comparison(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """A `COMPARISON` table of two tables of amounts.

    before, after: columns of parts, which are texts, then `billing_currency` and `list_cost`
    """
    amounts = []
    for table in (before, after):
        currency = list(table).index("billing_currency")
        parts = [table.iloc[:, number].astype("str") for number in range(currency)]
        part = parts[0] if parts else pd.Series("all", index=table.index, dtype="str")
        for more in parts[1:]:
            part = part + ", " + more
        keys = [part.rename("x_part"), table["billing_currency"].astype("str")]
        amounts.append(table["list_cost"].groupby(keys).sum())
    joined = pd.concat(amounts, axis=1, keys=["x_before", "x_after"]).fillna(0.0).sort_index().reset_index()
    return COMPARISON.frame(joined.assign(x_change=joined["x_after"] - joined["x_before"]))
