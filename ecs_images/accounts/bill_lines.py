"""The lines of a real bill in one form, whatever the file they were read from. Amounts are decimals, never floats."""

from __future__ import annotations

from ..tables import Column, Table

_AMOUNT = "currency"
BILL_LINES = Table(
    "bill lines",
    "a line of a bill as the provider wrote it; amounts and quantities are exact decimals, held as text",
    (
        Column("row_id", "text", "", "the provider's id of the line; empty where the file has none"),
        Column("payer_id", "text", "", "the account that pays"),
        Column("account_id", "text", "", "the account that uses the resource"),
        Column("account_name", "text", "", "name of the account that uses the resource"),
        Column("month", "text", "", "month of the bill, such as 2026-05"),
        Column("day", "text", "", "day of use on the billing clock (UTC+8), such as 2026-05-03; empty: of the month"),
        Column("charge_period_start", "time", "", "first moment, where told"),
        Column("charge_period_end", "time", "", "first moment after, where told"),
        Column("fee_kind", "text", "", "kind of fee as the file says"),
        Column("product_code", "text", "", "product"),
        Column("commodity_code", "text", "", "commodity"),
        Column("commodity_name", "text", "", "name of the commodity as the file says"),
        Column("item_code", "text", "", "billing item"),
        Column("item_name", "text", "", "name of the billing item as the file says"),
        Column("resource_id", "text", "", "what is billed; for snapshot storage the region"),
        Column("region_id", "text", "", "region; empty: not told"),
        Column("quantity_before", "text", "unit", "use before a plan took its part"),
        Column("quantity_deducted", "text", "unit", "the part that a plan took"),
        Column("quantity", "text", "unit", "use that is billed"),
        Column("unit", "text", "", "unit of the quantities"),
        Column("duration", "text", "duration_unit", "how long the use lasted, where told"),
        Column("duration_unit", "text", "", "unit of the duration as the file says"),
        Column("list_price", "text", _AMOUNT, "list price of a unit"),
        Column("gross", "text", _AMOUNT, "list cost"),
        Column("discount", "text", _AMOUNT, "discount"),
        Column("coupon", "text", _AMOUNT, "coupons that lower what is to be paid; vouchers pay it, and are in extra"),
        Column("payable", "text", _AMOUNT, "what is to be paid"),
        Column("tax_mode", "text", "", "included, excluded, or empty where not told"),
        Column("currency", "text", "", "currency"),
        Column("tags", "text", "", "tags as JSON, values by key"),
        Column("source_file", "text", "", "the file it was read from", True),
        Column("extra", "text", "", "columns without a place of their own, as JSON; empty: none"),
    ),
)
