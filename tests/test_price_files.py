"""Price files of one's own: every problem is found at once, with its line, and nothing is loaded."""

import csv
import math
from pathlib import Path

import pytest

from ecs_images.catalog.meters import units
from ecs_images.catalog.price_files import PRICE_TABLE, read_price_file
from ecs_images.catalog.prices import Prices
from ecs_images.errors import FileProblems, InputError

GOOD = {
    "meter": "snapshot_standard",
    "item": "",
    "region_id": "cn-beijing",
    "to_region_id": "",
    "billing_method": "pay_as_you_go",
    "from_quantity": "0",
    "to_quantity": "",
    "quantity_unit": "GiB",
    "unit": "per_gib_month",
    "currency": "CNY",
    "price": "0.12",
    "valid_from": "2026-01-01",
    "valid_until": "",
    "valid_from_basis": "stated",
    "source": "my own quotation",
    "source_date": "2026-01-01",
    "confidence": "official",
    "status": "current",
    "note": "",
}


def write(folder: Path, *rows: dict[str, str], header: list[str] | None = None) -> Path:
    """A price file of rows like GOOD with some fields changed; the first row stands on line 2."""
    path = folder / "own.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header or PRICE_TABLE.names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({**GOOD, **row} for row in rows)
    return path


def problems(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(FileProblems) as error:
        read_price_file(path)
    assert "nothing was loaded" in str(error.value)
    return [(problem.line, problem.message) for problem in error.value.problems]


def only_problem(path: Path) -> str:
    ((line, message),) = problems(path)
    assert line == 2
    return message


# A good file ---------------------------------------------------------------------------------------


def test_a_good_row_is_read_as_it_stands(tmp_path):
    (row,) = read_price_file(write(tmp_path, {}), layer=3)
    assert (row.meter, row.region_id, row.price, row.currency, row.layer) == (
        "snapshot_standard",
        "cn-beijing",
        0.12,
        "CNY",
        3,
    )
    assert (row.from_quantity, row.to_quantity, row.valid_until) == (0, math.inf, None)
    assert str(row.valid_from) == "2026-01-01"


def test_a_file_saved_by_a_spreadsheet_with_a_byte_order_mark_is_read(tmp_path):
    path = write(tmp_path, {})
    path.write_text("\ufeff" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert len(read_price_file(path)) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("apart", [",", ";", "\t"])
def test_a_file_is_read_however_a_spreadsheet_saves_it(tmp_path, apart, encoding):
    path = write(tmp_path, {"note": "合同价"})
    path.write_text(path.read_text(encoding="utf-8").replace(",", apart), encoding=encoding)
    (row,) = read_price_file(path)
    assert (row.price, row.note) == (0.12, "合同价")


def test_an_empty_price_means_that_none_is_published(tmp_path):
    (row,) = read_price_file(write(tmp_path, {"price": "", "unit": ""}))
    assert row.price is None


def test_a_layer_is_read_over_the_published_book(tmp_path):
    path = write(tmp_path, {"price": "1"})
    book = Prices.published(path)
    assert len(book.rows) == len(Prices.published().rows) + 1
    assert (book.rows[-1].price, book.rows[-1].layer) == (1, 1)
    assert {row.layer for row in Prices.published(path, str(path)).rows} == {0, 1, 2}


# One bad field -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [column.name for column in PRICE_TABLE.columns if column.required])
def test_a_required_field_may_not_be_empty(tmp_path, name):
    """Ground rule 8: every price has a unit, currency, date, source and confidence."""
    assert f"{name} is empty" in only_problem(write(tmp_path, {name: ""}))


@pytest.mark.parametrize("name", ["from_quantity", "to_quantity", "price"])
@pytest.mark.parametrize("value", ["many", "NaN", "inf", "-1", "1,5"])
def test_a_number_is_finite_and_not_negative(tmp_path, name, value):
    message = only_problem(write(tmp_path, {name: value}))
    assert message == f"{name} {value!r} is not a number of 0 or more"


@pytest.mark.parametrize("name", ["valid_from", "valid_until"])
@pytest.mark.parametrize("value", ["2026-13-01", "01.01.2026", "soon"])
def test_a_date_is_a_day(tmp_path, name, value):
    assert only_problem(write(tmp_path, {name: value})) == f"{name} {value!r} is not a date like 2026-01-15"


@pytest.mark.parametrize(
    ("name", "value"), [("currency", "EUR"), ("quantity_unit", "GB"), ("valid_from_basis", "guessed")]
)
def test_a_field_with_given_values_takes_no_other(tmp_path, name, value):
    assert only_problem(write(tmp_path, {name: value})).startswith(f"{name} {value!r} is not one of ")


@pytest.mark.parametrize("name", ["region_id", "to_region_id"])
def test_an_unknown_region_comes_with_the_nearest(tmp_path, name):
    message = only_problem(write(tmp_path, {name: "cn-bejing"}))
    assert message.startswith(f"{name} 'cn-bejing' is neither a region nor a scope; did you mean cn-beijing")


def test_an_unknown_unit_comes_with_the_nearest(tmp_path):
    message = only_problem(write(tmp_path, {"unit": "per_gib_moth"}))
    assert message.startswith("unit 'per_gib_moth' is not known; did you mean per_gib_month")


_TERMS = ("per_instance_month", "per_instance_year")
_LICENCE_UNITS = " or ".join(["per_vcpu_hour", "per_instance_hour", "per_vcpu_month", "per_vcpu_year", *_TERMS])
_PRODUCT_UNITS = " or ".join(["per_vcpu_hour", "per_instance_hour", "per_instance_week", *_TERMS, "per_activation"])


@pytest.mark.parametrize(
    ("meter", "unit", "good"),
    [
        ("snapshot_standard", "per_vcpu_hour", "per_gib_month or per_gib_hour"),
        ("snapshot_standard", "per_gib", "per_gib_month or per_gib_hour"),
        ("os_licence", "per_gib_month", _LICENCE_UNITS),
        ("marketplace_fee", "per_hour", _PRODUCT_UNITS),
    ],
)
def test_a_unit_that_cannot_price_the_meter_is_refused(tmp_path, meter, unit, good):
    item = "Toy" if meter in ("os_licence", "marketplace_fee") else ""
    message = only_problem(write(tmp_path, {"meter": meter, "unit": unit, "item": item}))
    assert message == f"unit {unit!r} cannot price {meter}; use {good}"


def test_a_price_needs_a_unit(tmp_path):
    assert only_problem(write(tmp_path, {"unit": ""})) == "unit is empty although there is a price"


def test_a_tier_ends_above_its_beginning(tmp_path):
    message = only_problem(write(tmp_path, {"from_quantity": "5", "to_quantity": "5"}))
    assert message == "to_quantity must be above from_quantity"


def test_a_price_ends_after_its_beginning(tmp_path):
    message = only_problem(write(tmp_path, {"valid_until": "2026-01-01"}))
    assert message == "valid_until must be after valid_from"


# Rows that do not go together ----------------------------------------------------------------------


def test_two_currencies_in_one_file_are_refused(tmp_path):
    """Ground rule 10: CNY and USD lists are separate books."""
    ((line, message),) = problems(write(tmp_path, {}, {"currency": "USD"}))
    assert line == 3
    assert message == "two currencies in one book (CNY, USD); give each its own file"


def test_a_price_may_not_hold_into_the_time_of_the_next(tmp_path):
    path = write(tmp_path, {"valid_until": "2026-06-02"}, {"valid_from": "2026-06-01"})
    ((line, message),) = problems(path)
    assert line == 2
    assert message.startswith("overlapping validity: this row holds until 2026-06-02")


def test_a_price_may_end_on_the_day_the_next_begins(tmp_path):
    path = write(tmp_path, {"valid_until": "2026-06-01"}, {"valid_from": "2026-06-01"})
    assert len(read_price_file(path)) == 2


def test_two_prices_from_one_day_contradict_each_other(tmp_path):
    ((line, message),) = problems(write(tmp_path, {}, {"price": "0.13"}))
    assert (line, message) == (3, "overlapping validity: 0.12 and 0.13 both from 2026-01-01")


def test_the_same_price_may_be_stated_twice(tmp_path):
    """Two sources for one figure are welcome."""
    assert len(read_price_file(write(tmp_path, {}, {"source": "another page"}))) == 2


def test_a_hole_between_tiers_is_named(tmp_path):
    path = write(tmp_path, {"to_quantity": "5"}, {"from_quantity": "6"})
    assert problems(path) == [(3, "no price between 5 and 6")]


def test_tiers_may_not_overlap(tmp_path):
    path = write(tmp_path, {"to_quantity": "5"}, {"from_quantity": "4", "price": "0.1"})
    assert problems(path) == [(3, "tier from 4 overlaps the tier before it")]


def test_tiers_may_stand_in_any_order(tmp_path):
    path = write(tmp_path, {"from_quantity": "5"}, {"to_quantity": "5", "price": "0"})
    assert [row.from_quantity for row in read_price_file(path)] == [5, 0]


def test_prices_of_different_regions_do_not_disturb_one_another(tmp_path):
    assert len(read_price_file(write(tmp_path, {}, {"region_id": "cn-qingdao", "price": "1"}))) == 2


# The file as a whole -------------------------------------------------------------------------------


def test_all_problems_are_found_at_once_and_stand_in_order_of_line(tmp_path):
    """Two problems on line 2, none on line 3, one on line 4, and one between good rows 3 and 5."""
    path = write(
        tmp_path, {"price": "dear", "valid_from": "soon"}, {}, {"region_id": "atlantis", "note": "x"}, {"price": "0.5"}
    )
    assert [line for line, _ in problems(path)] == [2, 2, 4, 5]


def test_missing_columns_are_named_together(tmp_path):
    header = [name for name in PRICE_TABLE.names if name not in ("price", "source")]
    ((line, message),) = problems(write(tmp_path, {}, header=header))
    assert (line, message) == (1, "the header lacks price, source")


def test_an_empty_file_lacks_every_column(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("")
    ((line, message),) = problems(path)
    assert line == 1
    assert all(name in message for name in PRICE_TABLE.names)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\xff\xfe", "价格".encode("gbk"), b"\xff\xfem"])
def test_a_file_that_is_no_text_is_refused(tmp_path, content):
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as a price file"):
        read_price_file(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: cannot be read"):
        Prices.published(tmp_path / "none.csv")


def test_a_bad_layer_loads_nothing(tmp_path):
    """The book stays as it was."""
    before = len(Prices.published().rows)
    with pytest.raises(FileProblems, match="nothing was loaded"):
        Prices.published(write(tmp_path, {}, {"price": "dear"}))
    assert len(Prices.published().rows) == before


def test_a_pricing_month_has_720_hours():
    """BILL-2: one month is 30 × 24 hours."""
    assert units()["per_gib_month"].hours == 720
    assert (units()["per_vcpu_hour"].basis, units()["per_vcpu_hour"].hours) == ("vCPU", 1)


# What would have no effect ---------------------------------------------------------------------------


def layer_problems(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(FileProblems) as error:
        Prices.published(path)
    return [(problem.line, problem.message) for problem in error.value.problems]


def test_an_unknown_column_is_a_problem(tmp_path):
    """Otherwise `valid_untill` would let a price go on for ever."""
    header = [*PRICE_TABLE.names, "valid_untill"]
    found = layer_problems(write(tmp_path, {"valid_untill": "2026-02-01"}, header=header))
    assert found == [(1, "unknown column 'valid_untill'; did you mean valid_until or valid_from or valid_from_basis?")]


def test_a_doubled_column_is_a_problem(tmp_path):
    """Otherwise the last one would win."""
    path = tmp_path / "own.csv"
    path.write_text(
        "meter,region_id,unit,currency,price,valid_from,price\n"
        "snapshot_standard,cn-beijing,per_gib_month,CNY,0.10,2026-01-01,0.20\n"
    )
    assert layer_problems(path) == [(1, "the column price stands twice")]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"item": "Windows"}, "item 'Windows' has no effect on snapshot_standard, which has none"),
        (
            {"meter": "snapshot_copy_traffic", "unit": "per_gib", "price": "0.5", "item": "cn-shanghai"},
            "item 'cn-shanghai' has no effect on snapshot_copy_traffic, which has none; the region it goes to is "
            "to_region_id",
        ),
        ({"to_region_id": "cn-shanghai"}, "to_region_id has no effect on snapshot_standard, which goes nowhere"),
        (
            {"billing_method": "subscription"},
            "a price per_gib_month is not of a subscription, so it has no effect; "
            "nothing of snapshot_standard is prepaid",
        ),
        (
            {"meter": "snapshot_standart"},
            "meter 'snapshot_standart' is not billed, so its price has no effect; did you mean snapshot_standard or "
            "snapshot_copy_traffic?",
        ),
        (
            {"meter": "bandwidth"},
            "meter 'bandwidth' is not billed, so its price has no effect; billed are snapshot_standard, "
            "snapshot_copy_traffic, image_copy_traffic, oss_standard_lrs_storage, oss_cross_region_replication, "
            "os_licence, marketplace_fee, disk, instance",
        ),
    ],
)
def test_a_row_of_ones_own_that_nothing_reads_is_a_problem(tmp_path, fields, message):
    assert layer_problems(write(tmp_path, fields)) == [(2, message)]


# Slips of unit and decimals --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (  # 120 / 0.12
            {"price": "120"},
            "price 120 CNY per GiB-Month is 1,000 times off the book's 0.12 per GiB-Month in cn-beijing; "
            "check unit and decimals, or set the status to own",
        ),
        (  # a month has 720 hours
            {"unit": "per_gib_hour"},
            "price 0.12 CNY per GiB-Hour is 720 times off the book's 0.12 per GiB-Month in cn-beijing; "
            "check unit and decimals, or set the status to own",
        ),
        (
            {"price": "0.004"},  # 0.12 / 0.004
            "price 0.004 CNY per GiB-Month is 30 times off the book's 0.12 per GiB-Month in cn-beijing; "
            "check unit and decimals, or set the status to own",
        ),
    ],
)
def test_a_price_far_off_the_books_own_is_a_problem(tmp_path, fields, message):
    assert layer_problems(write(tmp_path, fields)) == [(2, message)]


@pytest.mark.parametrize("status", ["own", "example"])
def test_a_price_far_off_the_books_own_that_is_meant_says_so(tmp_path, status):
    path = write(tmp_path, {"price": "120", "status": status})
    assert Prices.published(path).rows[-1].price == 120


@pytest.mark.parametrize(
    "fields",
    [
        {"price": "2.4"},  # twenty times
        {"price": "0.006"},  # a twentieth
        {"price": "0"},  # free is a price
        {"price": "120", "region_id": "ap-southeast-5"},  # the book has no price there
        {"price": "120", "currency": "USD"},  # nor in this currency
        {"price": "0.00018", "unit": "per_gib_hour"},  # 0.1296 a month
    ],
)
def test_a_price_that_may_be_meant_is_taken(tmp_path, fields):
    assert len(Prices.published(write(tmp_path, fields)).rows) == len(Prices.published().rows) + 1


def test_a_price_for_a_scope_is_compared_in_every_region_it_covers(tmp_path):
    ((_, message),) = layer_problems(write(tmp_path, {"price": "120", "region_id": "mainland_china"}))
    assert "1,000 times off the book's 0.12 per GiB-Month in cn-beijing" in message


def test_the_price_of_what_is_sent_is_compared_where_it_goes(tmp_path):
    """From Beijing the book has 0.5 to the mainland and 1.2 to Hong Kong, and nothing to Singapore."""
    sent = {"meter": "snapshot_copy_traffic", "unit": "per_gib", "price": "100"}
    ((_, message),) = layer_problems(write(tmp_path, {**sent, "to_region_id": "cn-shanghai"}))
    assert message.startswith("price 100 CNY per GiB is 200 times off the book's 0.5 per GiB in cn-beijing")
    assert Prices.published(write(tmp_path, {**sent, "to_region_id": "ap-southeast-1"})).rows[-1].price == 100


def test_the_example_layers_load():
    for path in sorted((Path(__file__).parent.parent / "data" / "examples").glob("*.csv")):
        assert len(Prices.published(path).rows) > len(Prices.published().rows)


def test_a_licence_of_a_system_that_is_none_is_a_problem_and_not_without_effect(tmp_path):
    path = tmp_path / "own.csv"
    head = "meter,item,region_id,unit,currency,price,valid_from\n"
    path.write_text(head + "os_licence,Red Hat Enterprise Linu,all_regions,per_vcpu_hour,CNY,0.1,2026-01-01\n")
    with pytest.raises(FileProblems) as caught:
        Prices.published(path)
    (problem,) = caught.value.problems
    words = "item 'Red Hat Enterprise Linu' is no operating system, so its price has no effect"
    assert (problem.line, problem.message.startswith(f"{words}; did you mean Red Hat Enterprise Linux or")) == (2, True)
