"""The price book: the price of a meter in a region on a day, its tiers and bands, and what is missing.

Real figures where the rule book states them, else toy rows with round numbers.
"""

import math
from datetime import date

import pytest

from ecs_images.catalog.files import data_path
from ecs_images.catalog.price_files import PriceRow
from ecs_images.catalog.prices import Prices, show_epoch, weakness
from ecs_images.errors import InputError, PriceNotFound, UnknownName
from ecs_images.units import parse_time

DEFAULTS = {
    "meter": "snapshot_standard",
    "item": "",
    "region_id": "all_regions",
    "to_region_id": "",
    "billing_method": "pay_as_you_go",
    "from_quantity": 0.0,
    "to_quantity": math.inf,
    "quantity_unit": "GiB",
    "unit": "per_gib_hour",
    "currency": "CNY",
    "price": 1.0,
    "valid_from": date(2020, 1, 1),
    "valid_until": None,
    "valid_from_basis": "stated",
    "source": "toy",
    "source_date": "2026-01-01",
    "confidence": "official",
    "status": "current",
    "note": "",
    "layer": 0,
}


def price(amount: float | None, day: str = "2020-01-01", **fields: object) -> PriceRow:
    """A toy price: `amount` CNY per GiB-hour everywhere from `day` on, unless the fields say otherwise."""
    return PriceRow(**{**DEFAULTS, "price": amount, "valid_from": date.fromisoformat(day), **fields})


STORED = "snapshot_standard", "cn-beijing", parse_time("2026-01-01")


def licence(amount: float, low: float, high: float = math.inf, **fields: object) -> PriceRow:
    return price(
        amount,
        meter="os_licence",
        item="Toy OS",
        from_quantity=low,
        to_quantity=high,
        quantity_unit="vCPU",
        unit="per_vcpu_hour",
        **fields,
    )


def prices_at(book: Prices, when: str, region: str = "cn-beijing", **of: object) -> list[float | None]:
    """The prices of the tiers of storage in force at a moment."""
    return [row.price for row in book.book("CNY").at("snapshot_standard", region, parse_time(when), **of)]


def missing_at(book: Prices, when: str, region: str = "cn-beijing", meter: str = "snapshot_standard") -> PriceNotFound:
    with pytest.raises(PriceNotFound) as error:
        book.book("CNY").at(meter, region, parse_time(when))
    return error.value


# Time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "amount"),
    [
        ("2017-03-28", 0.148),
        ("2018-06-01", 0.148),
        ("2018-06-01T23:59:59", 0.148),
        ("2018-06-02", 0.12),
        ("2018-06-01T16:00Z", 0.12),  # the same moment, said in UTC
        ("2018-06-03", 0.12),
        ("2026-01-15", 0.12),
    ],
)
def test_mainland_storage_fell_from_0148_to_012_on_2018_06_02(when, amount):
    """BILL-11: CNY 0.148 (2017), 0.12 (2018 on), at midnight of the billing clock."""
    assert prices_at(Prices.published(), when) == [amount]


def test_storage_was_not_charged_before_2017_03_28_and_no_price_is_invented():
    """BILL-10; ground rule 8: a missing price raises, it is not 0."""
    error = missing_at(Prices.published(), "2017-03-27T23:59:59")
    assert error.missing == (("snapshot_standard", "", "cn-beijing", "2017-03-27", "CNY"),)


def test_a_later_observation_ends_an_earlier_one():
    """Ground rule 8."""
    book = Prices([price(3, "2023-01-01"), price(1, "2020-01-01"), price(2, "2021-01-01")])
    days = ("2020-12-31", "2021-01-01", "2022-12-31", "2023-01-01", "2030-01-01")
    assert [prices_at(book, day) for day in days] == [[1], [2], [2], [3], [3]]


def test_a_stated_end_leaves_a_gap_until_the_next_price():
    """A price that ended is not carried on (ground rule 8)."""
    book = Prices([price(1, valid_until=date(2021, 1, 1)), price(2, "2022-01-01")])
    assert prices_at(book, "2020-12-31T23:59:59") == [1]
    missing_at(book, "2021-01-01")
    missing_at(book, "2021-12-31")
    assert prices_at(book, "2022-01-01") == [2]


def test_a_schedule_lists_the_spans_in_order_of_time():
    book = Prices([price(1, valid_until=date(2021, 1, 1)), price(2, "2022-01-01")]).book("CNY")
    spans = [show_epoch(epoch) for epoch in book.schedule("snapshot_standard", "cn-beijing")]
    assert spans == ["2020-01-01 to 2021-01-01", "from 2022-01-01"]


# Place, layer --------------------------------------------------------------------------------------


def test_a_regions_own_price_goes_before_that_of_a_scope():
    rows = [price(3), price(2, region_id="mainland_china"), price(1, region_id="cn-beijing")]
    book = Prices(rows)
    found = [prices_at(book, "2026-01-01", region) for region in ("cn-beijing", "cn-qingdao", "us-east-1")]
    assert found == [[1], [2], [3]]


def test_hong_kong_belongs_to_hongkong_and_overseas_but_not_to_overseas():
    """LIC-2: Windows is charged in Hong Kong and outside; so prices name that scope."""
    rows = [price(1, region_id="mainland_china"), price(2, region_id="hongkong_and_overseas")]
    book = Prices([*rows, price(3, region_id="overseas")])
    found = [prices_at(book, "2026-01-01", region) for region in ("cn-beijing", "cn-hongkong", "us-east-1")]
    assert found == [[1], [2], [3]]


def test_the_region_keeps_its_price_even_when_the_scope_has_a_newer_one():
    book = Prices([price(1, region_id="cn-beijing"), price(2, "2025-01-01", region_id="mainland_china")])
    assert prices_at(book, "2026-01-01") == [1]


def test_a_scope_fills_the_time_before_the_regions_own_price():
    book = Prices([price(1, "2025-01-01", region_id="cn-beijing"), price(2, region_id="mainland_china")])
    assert [prices_at(book, day) for day in ("2024-12-31", "2025-01-01")] == [[2], [1]]


def test_a_layer_goes_before_the_book_even_for_a_wider_scope():
    """A person's layer lies over the published book; the last layer lies on top."""
    book = [price(1, region_id="cn-beijing")]
    assert prices_at(Prices([*book, price(5, layer=1)]), "2026-01-01") == [5]
    assert prices_at(Prices([*book, price(5, layer=1), price(7, layer=2)]), "2026-01-01") == [7]
    assert prices_at(Prices([*book, price(5, "2026-01-01", layer=1)]), "2025-12-31") == [1]


def test_the_example_layer_gives_windows_a_price_outside_the_mainland():
    """UNK-4: no Windows fee outside the mainland is published; the example layer has 0.25 CNY."""
    when = parse_time("2026-06-01")
    with pytest.raises(PriceNotFound):
        Prices.published().book("CNY").at("os_licence", "cn-hongkong", when, "Windows Server", 2)
    layered = Prices.published(data_path("examples/example_prices_china.csv"))
    (row,) = layered.book("CNY").at("os_licence", "cn-hongkong", when, "Windows Server", 2)
    assert (row.price, row.layer, row.status) == (0.25, 1, "example")


def test_each_currency_is_a_book_of_its_own():
    """Ground rule 10: CNY and USD lists are separate books."""
    book = Prices([price(1), price(9, currency="USD")])
    assert [book.book(currency).at(*STORED)[0].price for currency in ("CNY", "USD")] == [1, 9]
    with pytest.raises(UnknownName, match="unknown currency 'EUR'"):
        book.book("EUR")


def test_an_unknown_region_is_named():
    with pytest.raises(UnknownName, match="cn-beijing"):
        prices_at(Prices([price(1)]), "2026-01-01", "cn-bejing")


def test_subscription_prices_do_not_rate_pay_as_you_go():
    missing_at(Prices([price(1, billing_method="subscription")]), "2026-01-01")


# Tiers and bands -----------------------------------------------------------------------------------


def test_the_tiers_of_one_day_come_in_order_of_quantity():
    rows = [price(2, from_quantity=10), price(1, to_quantity=10)]
    assert prices_at(Prices(rows), "2026-01-01") == [1, 2]


def test_of_two_rows_for_one_tier_the_current_one_counts():
    rows = [price(1, status="last_known"), price(1, status="current", source="newer")]
    (row,) = Prices(rows).book("CNY").at("snapshot_standard", "cn-beijing", parse_time("2026-01-01"))
    assert row.source == "newer"


def test_hong_kong_had_five_tiers_in_2018_and_lost_the_free_one_in_2021():
    """Worked examples F: 0, 0.168, 0.164, 0.160, 0.154 CNY; a later observation ended them. UNK-12, BILL-7."""
    book = Prices.published()
    assert prices_at(book, "2018-06-07", "cn-hongkong") == [0, 0.168, 0.164, 0.16, 0.154]
    assert prices_at(book, "2021-06-30", "cn-hongkong") == [0, 0.168, 0.164, 0.16, 0.154]
    assert prices_at(book, "2021-07-01", "cn-hongkong") == [0.168, 0.164, 0.16, 0.154]
    assert prices_at(book, "2024-01-01", "cn-hongkong") == [0.136]
    published = book.supposing({"UNK-12": "as_published"})
    assert prices_at(published, "2021-07-01", "cn-hongkong") == [0, 0.168, 0.164, 0.16, 0.154]
    assert prices_at(published, "2024-01-01", "cn-hongkong") == [0, 0.136]


@pytest.mark.parametrize(
    ("vcpus", "rate"), [(1, 0.1041), (8, 0.1041), (9, 0.0781), (127, 0.0781), (128, 0.0694), (512, 0.0694)]
)
def test_red_hat_has_three_bands_of_vcpus(vcpus, rate):
    """LIC-4: 1–8, 9–127 and 128 vCPUs on."""
    rows = (
        Prices.published()
        .book("CNY")
        .at("os_licence", "cn-beijing", parse_time("2026-01-01"), "Red Hat Enterprise Linux", vcpus)
    )
    assert [row.price for row in rows] == [rate]


def test_a_size_outside_all_bands_has_no_price():
    book = Prices([licence(1, 1, 9), licence(2, 16)]).book("CNY")
    when = parse_time("2026-01-01")
    assert [book.at("os_licence", "cn-beijing", when, "Toy OS", n)[0].price for n in (8, 16)] == [1, 2]
    with pytest.raises(PriceNotFound):
        book.at("os_licence", "cn-beijing", when, "Toy OS", 9)


def test_each_band_has_its_own_history():
    """A new price for large machines leaves the small ones as they are."""
    book = Prices([licence(1, 1, 9), licence(2, 9), licence(3, 9, valid_from=date(2024, 1, 1))]).book("CNY")
    found = [book.at("os_licence", "cn-beijing", parse_time("2025-01-01"), "Toy OS", n)[0].price for n in (8, 9)]
    assert found == [1, 3]


# What is missing -----------------------------------------------------------------------------------


def test_a_missing_price_names_meter_item_region_date_and_currency():
    """Ground rule 8."""
    when = parse_time("2026-01-15")
    with pytest.raises(PriceNotFound) as error:
        Prices([licence(1, 1, region_id="cn-beijing")]).book("CNY").at("os_licence", "us-east-1", when, "Toy OS", 2)
    assert error.value.missing == (("os_licence", "Toy OS", "us-east-1", "2026-01-15", "CNY"),)
    assert "known: cn-beijing from 2020-01-01" in str(error.value)


def test_a_misspelt_item_brings_the_nearest_known_ones():
    with pytest.raises(PriceNotFound, match="did you mean Toy OS"):
        Prices([licence(1, 1)]).book("CNY").at("os_licence", "cn-beijing", parse_time("2026-01-15"), "Toy O", 2)


def test_a_price_may_be_asked_for_by_the_date_as_it_is_written():
    assert Prices([price(1)]).book("CNY").at("snapshot_standard", "cn-beijing", "2026-01-01")[0].price == 1
    with pytest.raises(InputError, match="when 5 is not a time"):
        Prices([price(1)]).book("CNY").at("snapshot_standard", "cn-beijing", 5)


def test_a_row_without_a_published_price_is_no_price():
    """Ground rule 8: an unpublished price is not 0."""
    missing_at(Prices([price(None)]), "2026-01-01")


# Thin ground, scaling, table -----------------------------------------------------------------------


def test_assumptions_list_the_prices_that_rest_on_thin_ground():
    """Ground rule 8: assumed and thin prices are marked."""
    rows = [
        price(1),
        price(2, valid_from_basis="assumed"),
        price(3, confidence="third_party"),
        price(4, status="example", confidence="example", valid_from_basis="assumed"),
        price(5, status="last_known"),
        price(None),
    ]
    found = Prices(rows).assumptions()
    assert list(found["x_why"]) == [
        "first day assumed",
        "source is third party",
        "an example, not a real price",
        "nothing newer known than 2026-01-01",
        "no price is published",
    ]
    assert list(found["price"].dropna()) == [2, 3, 4, 5]
    assert weakness(rows[0]) == ""


# What if -------------------------------------------------------------------------------------------


def test_a_factor_multiplies_every_price_and_the_book_stays_as_it_was():
    book = Prices([price(1, to_quantity=5), price(4, from_quantity=5), price(None)])
    half = book.changed(factor=0.5)
    assert [row.price for row in half.rows] == [0.5, 2, None]
    assert [row.price for row in book.rows] == [1, 4, None]
    assert prices_at(half, "2026-01-01") == [0.5, 2]


def test_a_factor_for_one_meter_leaves_the_others():
    book = Prices([price(1), licence(4, 1)])
    assert [row.price for row in book.changed("os_licence", factor=2).rows] == [1, 8]
    assert [row.price for row in book.changed("snapshot_standard", factor=0).rows] == [0, 4]


def test_one_price_for_a_meter_goes_over_all_its_tiers_regions_and_days():
    rows = [price(1, to_quantity=5), price(4, from_quantity=5), price(7, "2025-01-01", region_id="cn-beijing", layer=3)]
    flat = Prices(rows).changed("snapshot_standard", price=2, unit="per_gib_hour")
    assert [prices_at(flat, day) for day in ("2017-01-01", "2021-01-01", "2026-01-01")] == [[2]] * 3
    assert prices_at(flat, "2026-01-01", "us-east-1") == [2]
    assert flat.book("USD").at(*STORED)[0].price == 2


def test_one_price_for_licences_is_that_of_every_system_and_size():
    """Their prices name a system; one without is for any."""
    flat = Prices([licence(1, 1, 9), licence(2, 9)]).changed("os_licence", price=5, unit="per_instance_hour")
    for item, vcpus in (("Toy OS", 2), ("Toy OS", 64), ("Another OS", 2)):
        (row,) = flat.book("CNY").at("os_licence", "cn-beijing", parse_time("2026-01-01"), item, vcpus)
        assert (row.price, row.unit) == (5, "per_instance_hour")


def test_within_a_layer_the_price_of_a_system_goes_before_that_of_any():
    any_system = price(9, meter="os_licence", unit="per_instance_hour", quantity_unit="", region_id="cn-beijing")
    book = Prices([licence(1, 1), any_system]).book("CNY")
    when = parse_time("2026-01-01")
    assert [book.at("os_licence", "cn-beijing", when, item, 2)[0].price for item in ("Toy OS", "Another OS")] == [1, 9]


def test_what_is_sent_gets_one_price_from_everywhere_to_everywhere():
    flat = Prices([]).changed("image_copy_traffic", price=3)
    (row,) = flat.book("CNY").at("image_copy_traffic", "us-east-1", parse_time("2026-01-01"), "cn-beijing")
    assert (row.price, row.unit) == (3, "per_gib")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"meter": "snapshot_standart", "factor": 2}, "unknown meter 'snapshot_standart'; did you mean snapshot_st"),
        ({"meter": "snapshot_archive", "factor": 2}, "unknown meter 'snapshot_archive'"),
        ({"meter": 5, "factor": 2}, "unknown meter '5'"),
        (
            {"meter": "os_licence", "factor": 2},
            "there is no price of os_licence to multiply; give one first: prices.changed",
        ),
        ({"factor": -1}, "prices can be multiplied by 0 or more, not by -1"),
        ({"factor": math.nan}, "prices can be multiplied by 0 or more, not by nan"),
        ({"factor": "2"}, "prices can be multiplied by 0 or more, not by '2'"),
        ({"factor": 1e309}, "prices can be multiplied by 0 or more, not by inf"),
        ({"factor": 1e308}, r"price inf is not a finite number of 0 or more"),
        ({"meter": "snapshot_standard", "price": math.inf, "unit": "per_gib_month"}, "finite number of 0 or more"),
        ({"meter": "snapshot_standard", "price": 1, "unit": "per_vcpu_hour"}, "unit 'per_vcpu_hour' cannot price snap"),
        (
            {"meter": "snapshot_standard", "price": 1, "unit": "per_gib"},
            "unit 'per_gib' cannot price snapshot_standard",
        ),
        ({"meter": "snapshot_standard", "price": 1, "unit": "per_gib_moth"}, "unit 'per_gib_moth' is not known"),
        ({"meter": "snapshot_standard", "price": 1}, "say what the price of snapshot_standard is for: unit="),
        ({"price": 1, "unit": "per_gib"}, "one price is for one meter; say which"),
        ({"meter": "snapshot_standard"}, "give either factor=…, or price=… with its unit=…"),
        ({"factor": 2, "price": 1}, "give either factor=…, or price=… with its unit=…"),
        ({"factor": 2, "unit": "per_gib"}, "give either factor=…, or price=… with its unit=…"),
    ],
)
def test_a_change_of_prices_that_has_no_meaning_or_no_effect_is_refused(change, message):
    book = Prices([price(1), price(3)])
    if change.get("factor") == 1e308:
        book = Prices([price(1e10)])
    with pytest.raises(InputError, match=message) as error:
        book.changed(**change)
    assert len(str(error.value)) <= 200


# Rows made in Python -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"unit": "per_vcpu_hour"}, "unit 'per_vcpu_hour' cannot price snapshot_standard; use per_gib_month or per_gi"),
        ({"unit": "per_gib"}, "unit 'per_gib' cannot price snapshot_standard"),
        ({"unit": "per_month"}, "unit 'per_month' cannot price snapshot_standard"),
        (
            {"meter": "os_licence"},
            "unit 'per_gib_hour' cannot price os_licence; use per_vcpu_hour or per_instance_hour",
        ),
        ({"meter": "snapshot_copy_traffic"}, "unit 'per_gib_hour' cannot price snapshot_copy_traffic; use per_gib"),
        ({"unit": "per_lightyear"}, "unit 'per_lightyear' is not known"),
        ({"unit": ""}, "unit is empty although there is a price"),
        ({"price": -1.0}, "price -1.0 is not a finite number of 0 or more"),
        ({"price": math.nan}, "price nan is not a finite number"),
        ({"currency": "EUR"}, "currency 'EUR' is not one of CNY, USD"),
        ({"price": "1"}, "price '1' is not a number"),
        ({"valid_from": "2026-01-01"}, "valid_from '2026-01-01' is not a date"),
        ({"valid_from": None}, "valid_from None is not a date"),
        ({"region_id": ["cn-beijing"]}, "is not a text"),
        ({"billing_method": "monthly"}, "billing_method 'monthly' is not one of pay_as_you_go, subscription"),
        ({"region_id": "cn-bejing"}, "region_id 'cn-bejing' is neither a region nor a scope; did you mean cn-beijing"),
        ({"item": "Toy OS"}, "item 'Toy OS' has no effect on snapshot_standard, which has none"),
        ({"to_region_id": "cn-beijing"}, "to_region_id has no effect on snapshot_standard, which goes nowhere"),
        (
            {"quantity_unit": "vCPU", "to_quantity": 5.0},
            "bounds of snapshot_standard count GiB; quantity_unit is 'vCPU'",
        ),
        ({"to_quantity": 0.0}, "to_quantity must be above from_quantity"),
        ({"valid_until": date(2020, 1, 1)}, "valid_until must be after valid_from"),
    ],
)
def test_a_row_that_no_bill_could_use_as_it_is_meant_cannot_be_made(fields, message):
    """A price of another basis than the meter's would bill instances as bytes, 0.0000."""
    with pytest.raises(InputError, match=message):
        Prices([price(1.0, **fields)])


def test_bounds_of_a_licence_count_vcpus():
    with pytest.raises(InputError, match="bounds of os_licence count vCPU; quantity_unit is ''"):
        price(1, meter="os_licence", unit="per_vcpu_hour", quantity_unit="", from_quantity=9)


@pytest.mark.parametrize("wrong", [1, "snapshot_standard", None])
def test_prices_are_made_of_rows_only(wrong):
    with pytest.raises(InputError, match="prices are made of PriceRow objects, not of "):
        Prices([wrong])


@pytest.mark.parametrize("wrong", [5, None, ["mine.csv"]])
def test_a_layer_is_a_path(wrong):
    with pytest.raises(InputError, match="a price file is the path of a file, not "):
        Prices.published(wrong)


# Read-only -----------------------------------------------------------------------------------------


def test_nobody_can_change_the_published_book():
    """It is one object for the whole process."""
    book = Prices.published()
    for change in (
        lambda: book.books.pop("CNY"),
        lambda: book.rows.append(price(1)),
        lambda: setattr(book, "rows", ()),
        lambda: setattr(book.rows[0], "price", 0.0),
        lambda: setattr(book.book("CNY"), "currency", "USD"),
    ):
        with pytest.raises((AttributeError, TypeError)):
            change()
    frame = book.to_frame()
    frame["price"] = 0.0
    assert Prices.published().rows[0].price == book.rows[0].price != 0


def test_the_book_as_a_table_has_a_row_for_every_price():
    frame = Prices([price(1), price(2, layer=1)]).to_frame()
    assert list(frame["price"]) == [1, 2]
    assert list(frame["layer"]) == [0, 1]


def test_a_region_seen_last_in_2018_keeps_that_price_and_one_never_seen_has_none():
    """UNK-3, UNK-12: us-west-1 was last read on 2018-06-07 at 0.165 CNY; Jakarta never was."""
    book, now = Prices.published().book("CNY"), parse_time("2026-11-23")
    assert [(tier.price, tier.status) for tier in book.at("snapshot_standard", "us-west-1", now)][:2] == [
        (0.165, "last_known"),
        (0.162, "last_known"),
    ]
    with pytest.raises(PriceNotFound):
        book.at("snapshot_standard", "ap-southeast-5", now)


def test_a_missing_price_of_traffic_says_where_it_was_to_go():
    with pytest.raises(PriceNotFound, match="snapshot_copy_traffic to cn-beijing in cn-shanghai on 2026-06-01"):
        Prices.published().book("CNY").at(
            "snapshot_copy_traffic", "cn-shanghai", parse_time("2026-06-01"), "cn-beijing"
        )
