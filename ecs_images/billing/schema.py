"""The tables of billing: usage, and charges.

Names are the FOCUS names in snake case; what is ours alone begins with `x_`. Times are
`[start, end)` on the billing clock.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..tables import Column, Table

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


_ACCOUNT = Column("billing_account_id", "text", "", "the account that pays", True)
_CURRENCY = Column("billing_currency", "text", "", "currency of its site's price list", True)
_REGION = Column("region_id", "text", "", "region of the resource", True)
_METER = Column("sku_meter", "text", "", "what is metered, such as snapshot_standard or os_licence", True)
_ITEM = Column(
    "x_item", "text", "", "operating system, product code, or region that traffic goes to; empty for storage"
)
_VCPUS = Column("x_vcpus", "integer", "vCPU", "size of the instance a fee is for; 0 for storage")
_TERM = Column("x_term", "text", "", "what is prepaid: week, month, year, or once for good; empty where it is by time")

KEY_COLUMNS = (_ACCOUNT, _CURRENCY, _REGION, _METER, _ITEM, _VCPUS, _TERM)
"""The columns that say whose use of what is where."""

USAGE = Table(
    "usage",
    "one stored copy of blocks during its life, or one instance during a stretch that a fee runs",
    (
        *KEY_COLUMNS,
        Column("resource_id", "text", "", "the snapshot chain, the instance, the copy made, or the files", True),
        Column(
            "x_image_id",
            "text",
            "",
            "the image an instance runs from, that was copied to, or that files hold; empty for snapshots",
        ),
        Column("x_first_snapshot", "integer", "", "number in its chain of the first snapshot that holds the copy"),
        Column("x_last_snapshot", "integer", "", "number of the last one that holds it"),
        Column("x_skipped_snapshots", "text", "", "numbers between them that do not hold it, as 2,5 (UNK-15)"),
        Column(
            "x_quantity",
            "integer",
            "byte, instance or part of a term",
            "bytes stored or sent, 1 instance, or what is prepaid: 10^12 for each term, less than 0 for a refund",
            True,
        ),
        Column("charge_period_start", "time", "", "first moment; for storage the start of its billing hour", True),
        Column("charge_period_end", "time", "", "first moment after; for storage the end of its billing hour", True),
    ),
)

CHARGES = Table(
    "charges",
    "what one account owes in one region for one meter, settlement and price",
    (
        *KEY_COLUMNS,
        Column("charge_period_start", "time", "", "first moment of use within the settlement", True),
        Column("charge_period_end", "time", "", "first moment after it", True),
        Column("consumed_quantity", "number", "consumed_unit", "quantity × hours used", True),
        Column(
            "consumed_unit", "text", "", "GiB-Hour, GiB, vCPU-Hour, Instance-Hour, or a term such as vCPU-Month", True
        ),
        Column("pricing_quantity", "number", "pricing_unit", "the same in the unit of the price", True),
        Column("pricing_unit", "text", "", "unit of the price; a GiB-Month has 720 hours (BILL-2)", True),
        Column("list_unit_price", "number", "currency per pricing_unit", "list price", True),
        Column("list_cost", "number", "currency", "pricing_quantity × list_unit_price, not rounded", True),
        Column("x_price_row", "integer", "", "position of the price in `Prices.rows`", True),
    ),
)
