"""Declared tables: a frame is checked against its columns, and the columns document themselves."""

import pandas as pd
import pytest

from ecs_images.billing.amounts import AMOUNTS
from ecs_images.billing.invoice import INVOICE
from ecs_images.billing.schema import CHARGES, USAGE
from ecs_images.catalog.price_files import PRICE_TABLE
from ecs_images.errors import InputError
from ecs_images.tables import Column, Table

FRUIT = Table(
    "fruit",
    "one basket",
    (Column("kind", "text", "", "what it is", True, ("apple", "pear")), Column("weight", "number", "kg", "how much")),
)
BASKETS = pd.DataFrame({"kind": ["apple"], "weight": [1.5]})
DECLARED = [USAGE, CHARGES, INVOICE, AMOUNTS, PRICE_TABLE]


def test_a_frame_with_the_declared_columns_passes_as_it_is():
    assert FRUIT.check(BASKETS) is BASKETS
    assert FRUIT.check(BASKETS.iloc[:0]).empty


def test_what_is_written_into_an_empty_frame_is_not_in_the_next_one():
    mine = FRUIT.frame()
    mine.loc[0] = ["apple", 1.5]
    FRUIT.frame().attrs["note"] = "mine"
    assert len(FRUIT.frame()) == 0
    assert FRUIT.frame().attrs == {}
    assert FRUIT.check(FRUIT.frame()).dtypes.to_dict() == FRUIT.frame([("pear", 2.0)]).dtypes.to_dict()


def test_a_frame_made_of_a_frame_is_apart_from_it():
    copied = FRUIT.frame(BASKETS)
    copied.loc[0, "weight"] = 3.0
    assert BASKETS["weight"].tolist() == [1.5]


def test_missing_and_unexpected_columns_are_named():
    with pytest.raises(InputError) as error:
        FRUIT.check(BASKETS.rename(columns={"weight": "price"}))
    assert "not a fruit table" in str(error.value)
    assert "it lacks weight; price does not belong to it" in str(error.value)


def test_the_order_of_the_columns_counts():
    with pytest.raises(InputError, match="another order than kind, weight"):
        FRUIT.check(BASKETS[["weight", "kind"]])


def test_a_doubled_column_does_not_pass():
    with pytest.raises(InputError):
        FRUIT.check(pd.concat([BASKETS, BASKETS], axis=1))


@pytest.mark.parametrize("wrong", [None, 5, "fruit", [1.5], BASKETS["kind"]])
def test_what_is_no_frame_is_refused_in_one_short_sentence(wrong):
    with pytest.raises(InputError, match="a fruit table is a DataFrame, not ") as error:
        FRUIT.check(wrong)
    assert len(str(error.value)) <= 200


def test_of_many_wrong_columns_only_the_first_are_named():
    """A charges table has 16 columns; a table without any of them lacks two and 14 more."""
    with pytest.raises(InputError) as error:
        CHARGES.check(BASKETS)
    assert str(error.value) == (
        "not a charges table: it lacks billing_account_id, billing_currency and 14 more; "
        "kind, weight do not belong to it"
    )


def test_a_table_documents_itself():
    assert FRUIT.to_markdown() == (
        "### fruit\n\nOne row: one basket\n\n"
        "| column | kind | unit | meaning |\n|---|---|---|---|\n"
        "| kind | text (required) |  | what it is One of: apple, pear. |\n"
        "| weight | number | kg | how much |\n"
    )


@pytest.mark.parametrize("table", DECLARED, ids=lambda table: table.name)
def test_a_declared_table_names_each_column_once_and_says_what_it_means(table):
    assert len(set(table.names)) == len(table.names)
    for column in table.columns:
        assert column.kind in ("text", "integer", "number", "time", "date")
        assert column.meaning
        assert table.to_markdown().count(f"| {column.name} | {column.kind}") == 1


@pytest.mark.parametrize("table", [USAGE, CHARGES, INVOICE, AMOUNTS], ids=lambda table: table.name)
def test_every_quantity_and_amount_has_a_unit(table):
    """Design, Tables: column, dtype, unit, meaning."""
    for column in table.columns:
        if column.kind == "number":
            assert column.unit


@pytest.mark.parametrize("table", [USAGE, CHARGES, INVOICE, AMOUNTS], ids=lambda table: table.name)
def test_only_columns_of_our_own_begin_with_x(table):
    """Design, Tables: FOCUS names in snake case; ours alone carry x_."""
    focus = {
        "billing_account_id",
        "billing_currency",
        "region_id",
        "sku_meter",
        "resource_id",
        "charge_period_start",
        "charge_period_end",
        "consumed_quantity",
        "consumed_unit",
        "pricing_quantity",
        "pricing_unit",
        "list_unit_price",
        "list_cost",
        "billed_cost",
    }
    assert {name for name in table.names if not name.startswith("x_")} <= focus
