"""Two bills side by side: by how much each part of the first must change to give the second."""

from __future__ import annotations

import pandas as pd

from ..catalog.schemas import TABLES

COMPARISON = TABLES["comparison"]


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
