"""Meters and dimensions: one table each, which all that names one agrees with."""

from __future__ import annotations

import inspect
import re

import pandas as pd
import pytest
from helpers import ROOT, read_csv

from ecs_images import charts
from ecs_images.billing import dimensions, metering
from ecs_images.billing.dimensions import DIMENSIONS, names_of
from ecs_images.billing.invoice import INVOICE
from ecs_images.billing.schema import CHARGES, USAGE
from ecs_images.catalog import meters
from ecs_images.catalog.limits import constant
from ecs_images.catalog.meters import METERS, Meter, goes_to_a_region, item_in_words, units
from ecs_images.catalog.prices import Prices
from ecs_images.catalog.rule_book import rules
from ecs_images.cli import bill
from ecs_images.dictionary import markdown
from ecs_images.stories import expect
from ecs_images.widgets.price_browser import PriceBrowser

EVERY_METER = pytest.mark.parametrize("meter", METERS.values(), ids=list(METERS))


@EVERY_METER
def test_a_meter_is_priced_in_units_of_its_own_basis(meter: Meter) -> None:
    """Bytes by the GiB, instances by the instance or vCPU; either over time or once, never both, but for terms."""
    bases = {units()[name].basis for name in meter.units}
    assert bases <= ({"GiB"} if meter.counts == "byte" else {"vCPU", "Instance"})
    assert len({units()[name].once for name in meter.units if not units()[name].term}) == 1


@EVERY_METER
def test_a_meter_cites_rules_of_the_rule_book_and_words_of_the_glossary(meter: Meter) -> None:
    assert meter.rules
    assert set(meter.rules) <= set(rules())
    words = {word.strip() for row in read_csv(ROOT / "data" / "glossary.csv") for word in row["chinese"].split("/")}
    assert meter.chinese == "" or meter.chinese in words


@EVERY_METER
def test_charts_the_browser_and_the_dictionary_name_a_meter_as_the_table_does(meter: Meter) -> None:
    charged = {"billing_account_id": ["a"], "sku_meter": [meter.name], "list_cost": [1.0], "billing_currency": ["CNY"]}
    (bars,) = charts.who_pays(pd.DataFrame(charged), owner="a").containers
    assert bars.get_label() == meter.label
    assert meter.name in PriceBrowser().meters()
    assert f"| {meter.name} | {meter.counts} |" in markdown()


def test_every_meter_has_use_that_is_metered() -> None:
    """`billing.metering` names each."""
    named = set(re.findall(r"meters\.([A-Z_]+)", inspect.getsource(metering)))
    constants = {name: value for name, value in vars(meters).items() if name.isupper() and isinstance(value, str)}
    assert named == set(constants)
    assert set(constants.values()) == set(METERS)


def test_the_published_rows_of_a_meter_can_be_used_by_it() -> None:
    """Where a price is published, its unit is one of the meter's; what is sent says where to."""
    for row in Prices.published().rows:
        if row.meter in METERS and row.price is not None and row.billing_method == "pay_as_you_go":
            assert row.unit in METERS[row.meter].units
            assert bool(row.to_region_id) == goes_to_a_region(row.meter)


def test_the_item_of_what_is_sent_is_where_it_goes() -> None:
    assert item_in_words("snapshot_copy_traffic", "cn-shanghai") == "to cn-shanghai"
    assert item_in_words("os_licence", "Windows Server") == "Windows Server"


def test_words_keep_the_abbreviations_of_the_field() -> None:
    assert METERS["os_licence"].label == "OS licence"
    assert METERS["oss_standard_lrs_storage"].label == "OSS standard LRS storage"


# Dimensions ----------------------------------------------------------------------------------------


def test_a_dimension_is_a_column_of_the_tables_that_know_it() -> None:
    dated = {"x_month", "x_day"}
    for name in names_of("charges"):
        assert DIMENSIONS[name].column in {*CHARGES.names, *dated}
    for name in names_of("invoice"):
        assert DIMENSIONS[name].column in {*INVOICE.names, *dated}
    assert set(names_of("shares")) - set(names_of("charges")) == {"image", "snapshot"}


def test_expectations_the_command_line_and_the_page_of_stories_name_every_dimension() -> None:
    where = {kind: names for kind, (_, _, names) in expect.KINDS.items()}
    assert set(where["cost"]) == {*DIMENSIONS, dimensions.ANY_TAG}
    assert where["paid"] == where["detail"] == names_of("invoice")
    page = (ROOT / "data" / "STORIES.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| cost |"))
    for name in DIMENSIONS:
        assert re.search(rf"\b{name}\b", bill._BY), name
        assert re.search(rf"\b{name}\b", row), name
    assert all(f"| {name} | {found.column} |" in markdown() for name, found in DIMENSIONS.items())


def test_usage_and_charges_are_told_apart_by_the_same_columns() -> None:
    assert {DIMENSIONS[name].column for name in ("account", "region", "meter", "item", "currency")} <= set(USAGE.names)


def test_a_pricing_month_has_as_many_hours_in_every_place() -> None:
    """BILL-2."""
    assert units()["per_gib_month"].hours == constant("pricing_month_hours") == 720
