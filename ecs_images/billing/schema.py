"""The tables of billing: usage, and charges.

Names are the FOCUS names in snake case; what is ours alone begins with `x_`. Times are
`[start, end)` on the billing clock.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..catalog.schemas import TABLES

WHO_WHERE_WHAT = ["billing_account_id", "billing_currency", "region_id", "sku_meter", "x_item", "x_vcpus", "x_term"]


class Key(NamedTuple):
    """Whose use of what, where: one curve. `vcpus` is 0 for storage, `term` empty but for what is prepaid."""

    account: str
    currency: str
    region: str
    meter: str
    item: str
    vcpus: int
    term: str = ""

    def columns(self) -> dict[str, Any]:
        """The key as columns of a table."""
        return dict(zip(WHO_WHERE_WHAT, self, strict=True))


USAGE, CHARGES = TABLES["usage"], TABLES["charges"]
KEY_COLUMNS = USAGE.columns[: len(WHO_WHERE_WHAT)]
"""The columns that say whose use of what is where."""
