"""The published data: no doubled keys, real dates, tiers without holes.

What one file says of another's regions, images or instance types must exist there (ground rule 8),
and so must every limit and error code that the code asks for. (Columns: `test_dictionary`.)
"""

import ast
import csv
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from ecs_images.billing import dimensions
from ecs_images.catalog import images, instance_types, limits, meters, rule_book, sites
from ecs_images.catalog.changes import changes
from ecs_images.catalog.files import data_dir
from ecs_images.catalog.price_files import PriceRow, read_price_file
from ecs_images.catalog.regions import SCOPES, region, regions
from ecs_images.errors import InputError, UnknownName
from ecs_images.units import parse_time

# What makes a row unique where it is not the first column alone.
KEYS = {
    "answer_fields.csv": "list field",
    "bill_codes.csv": "commodity_code item",
    "columns.csv": "table column",
    "error_codes.csv": "operation code http_status when",
    "image_families.csv": "image_family short_name",
    "image_id_systems.csv": "starts_with word",
    "instance_type_names.csv": "part word",
    "image_short_names.csv": "short_name valid_from",
    "limits.csv": "key site valid_from",
    "scu_coefficients.csv": "product region_id source_date",
}
TABLE_FILES = sorted(path.name for path in data_dir().glob("*.csv"))
PRICE_FILES = sorted(
    path.relative_to(data_dir()) for folder in ("prices", "examples") for path in (data_dir() / folder).rglob("*.csv")
)
PARTIAL_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def rows_of(name: str | Path) -> list[dict[str, str]]:
    with (data_dir() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def header_of(name: str | Path) -> list[str]:
    with (data_dir() / name).open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def all_prices() -> list[PriceRow]:
    return [row for name in PRICE_FILES for row in read_price_file(data_dir() / name)]


# Form ----------------------------------------------------------------------------------------------


def test_no_row_has_more_or_fewer_fields_than_the_header():
    widths = {}
    for name in [*TABLE_FILES, *PRICE_FILES]:
        with (data_dir() / name).open(encoding="utf-8", newline="") as file:
            widths[name] = {len(fields) for fields in csv.reader(file)}
    assert widths == {name: {len(header_of(name))} for name in widths}


def test_no_key_stands_twice():
    found = Counter()
    for name in TABLE_FILES:
        names = KEYS[name].split() if name in KEYS else header_of(name)[:1]
        found.update((name, *(row[column] for column in names)) for row in rows_of(name))
    assert [key for key, times in found.items() if times > 1] == []


def test_dates_are_dates():
    """A source's date may be partial, or `undated` where it prints none; all others are days."""
    for name in [*TABLE_FILES, *PRICE_FILES]:
        for row in rows_of(name):
            stamp = row.get("source_date", "undated")
            assert stamp == "undated" or PARTIAL_DATE.fullmatch(stamp), (name, row)
            for column in ("valid_from", "valid_until", "release_date", "end_of_life_date"):
                if row.get(column):
                    assert date.fromisoformat(row[column]).isoformat() == row[column], (name, row)


# Prices --------------------------------------------------------------------------------------------


def test_every_price_file_loads():
    assert len(all_prices()) > 2000


def test_storage_tiers_have_no_gap_and_no_end():
    """BILL-11: tiers start at 0, meet one another, and the last is open."""
    tables_of: dict[tuple[object, ...], list[PriceRow]] = {}
    for row in all_prices():
        if row.meter == "snapshot_standard":
            tables_of.setdefault((row.region_id, row.currency, row.valid_from), []).append(row)
    for tiers in tables_of.values():
        tiers.sort(key=lambda row: row.from_quantity)
        assert tiers[0].from_quantity == 0
        assert [row.from_quantity for row in tiers[1:]] == [row.to_quantity for row in tiers[:-1]]
        assert tiers[-1].to_quantity == float("inf")


def test_the_licence_bands_of_red_hat_are_1_to_8_and_9_to_127_and_128_on():
    """LIC-4: the tiers are 1–8, 9–127 and 128+ vCPUs."""
    bands = {
        (row.from_quantity, row.to_quantity, row.price)
        for row in all_prices()
        if (row.meter, row.item, row.currency, row.billing_method)
        == ("os_licence", "Red Hat Enterprise Linux", "CNY", "pay_as_you_go")
        and row.status != "example"
    }
    assert bands == {(1, 9, 0.1041), (9, 128, 0.0781), (128, float("inf"), 0.0694)}


def test_every_system_that_is_always_charged_has_a_price():
    """LIC-1: Red Hat and SUSE are paid everywhere."""
    priced = {row.item for row in all_prices() if row.meter == "os_licence"}
    charged = {image.os_family for image in images.public_images().values() if image.fee_kind != "free"}
    assert charged <= priced


def test_an_example_price_says_that_it_is_one():
    for name in PRICE_FILES:
        if name.parts[0] == "examples":
            assert {(row.confidence, row.status) for row in read_price_file(data_dir() / name)} == {("example",) * 2}


# What files say of one another ---------------------------------------------------------------------


def test_named_regions_exist():
    known = {*regions(), *SCOPES}
    for row in all_prices():
        assert row.region_id in known | {"unspecified"}
        assert row.to_region_id in known | {"", "unspecified"}
    assert {row["region_id"] for row in rows_of("scu_coefficients.csv")} <= known
    for product in images.marketplace_images().values():
        assert set(product.regions) <= set(regions())


def test_short_names_stand_for_images_and_not_before_their_release():
    published = images.public_images()
    for pairs in images.short_names().values():
        for first_day, image_id in pairs:
            assert first_day >= published[image_id].release_date


@pytest.mark.slow
def test_a_priced_instance_type_or_product_is_known():
    """Four old types of me-east-1 have a price, but no source gives their vCPUs."""
    priced = {row.item for row in all_prices() if row.meter == "instance"}
    assert {name for name in priced - set(instance_types.instance_types()) if not name.startswith("ecs.sn2.")} == set()
    assert {row.item for row in all_prices() if row.meter == "marketplace_fee"} <= set(images.marketplace_images())


def test_the_default_instance_types_exist():
    """ASSUME-2 names them in its text."""
    named = re.findall(r"ecs\.\w+\.\w+", rule_book.assumptions()["ASSUME-2"].default)
    assert named == ["ecs.g6.large", "ecs.g6r.large"]
    assert [instance_types.instance_type(name).architecture for name in named] == ["x86_64", "arm64"]


def test_an_image_without_a_real_id_is_marked_as_an_example():
    for row in rows_of("example_images.csv"):
        assert row["status"] == "example"
        assert "example" in row["image_id"]


def test_every_named_assumption_of_the_rule_book_is_there():
    """Rule book section 18 has UNK-1 to UNK-11."""
    assert {f"UNK-{n}" for n in range(1, 12)} <= set(rule_book.assumptions())


def test_the_rule_book_loads_and_says_of_every_rule_whether_it_is_built():
    """Ground rule 9: a table says which rules are built."""
    assert rule_book.rule("share-3").rule_id == "SHARE-3"
    assert all(rule.status for rule in rule_book.rules().values())
    with pytest.raises(UnknownName, match="SHARE-3"):
        rule_book.rule("SHARE-33")


# Limits and small tables ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "day", "value"),
    [
        ("automatic_snapshots_per_disk", "2019-07-31", 64),  # SNAP-6, conflict 23
        ("automatic_snapshots_per_disk", "2019-08-01", 256),
        ("automatic_snapshots_per_disk", "2019-09-01", 1000),
        ("image_copy_tasks_per_region", "2021-12-31T23:59:59", 1),  # COPY-4
        ("image_copy_tasks_per_region", "2022-01-01", 5),
        ("economical_stop_suspends_licence", "2025-06-09", 0),  # IBILL-3
        ("economical_stop_suspends_licence", "2025-06-10", 1),
    ],
)
def test_a_limit_is_the_one_of_its_day(key, day, value):
    """Ground rule 8: lookups are as of a date of the billing clock."""
    assert limits.limit(key, parse_time(day)) == value


def test_a_limit_may_depend_on_the_site():
    """BILL-7: 5 GiB were free on the international site in 2020, none on the china site."""
    when = parse_time("2020-05-01")
    assert limits.limit("free_snapshot_quota_gib_per_month", when, "international") == 5
    assert limits.limit("free_snapshot_quota_gib_per_month", when, "china") == 0


def test_a_limit_before_its_first_day_is_not_guessed():
    with pytest.raises(InputError, match="free_snapshot_quota"):
        limits.limit("free_snapshot_quota_gib_per_month", parse_time("2018-01-01"), "international")


def test_a_pricing_month_has_720_hours_and_settlement_turned_daily_in_july_2020():
    """BILL-2, BILL-5."""
    assert limits.constant("pricing_month_hours") == 30 * 24
    assert limits.turning_day("daily_settlement_starts") == date(2020, 7, 8)


@pytest.mark.slow
def test_every_limit_the_code_asks_for_is_published():
    asked = set()
    for path in Path(rule_book.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in ("limit", "constant", "setting", "turning_day") and isinstance(first, ast.Constant):
                    asked.add(first.value)
    assert len(asked) > 20
    assert asked - {row["key"] for row in rows_of("limits.csv")} == set()


def test_each_site_has_its_own_currency_and_rounding():
    """BILL-6: CNY 3 and 2 decimals, USD 4 and 3. Ground rule 10."""
    found = {s.currency: (s.name, s.detail_decimals, s.paid_decimals) for s in sites.sites().values()}
    assert found == {"CNY": ("china", 3, 2), "USD": ("international", 4, 3)}
    assert sites.site_of_currency("USD").name == "international"
    with pytest.raises(InputError, match="unknown currency 'EUR'; known: CNY, USD"):
        sites.site_of_currency("EUR")


# Error codes ---------------------------------------------------------------------------------------

# Pairs that `refusals` makes up where the code depends on the operation.
NEVER_TOGETHER = {
    *((name, "InstanceExpired") for name in ("AttachDisk", "CreateImage", "DeleteInstance", "RenewInstance")),
    *((name, "InstanceExpired") for name in ("ReplaceSystemDisk", "StopInstance")),
    *((name, "InstanceExpiredOrInArrears") for name in ("DeleteInstance", "StartInstance")),
    ("CreateImage", "ImageFamilyQuotaFull"),
    ("CreateImage", "ImageQuotaFull.ImageFamily"),
    ("ImportImage", "ImageFamilyQuotaFull"),
    ("ImportImage", "ImageQuotaFull.ImageFamily"),
    ("ModifyImageAttribute", "ImageFamilyQuotaExceed"),
    ("ModifyImageAttribute", "ImageQuotaExceed.ImageFamily"),
    ("RunInstances", "InvalidSystemDiskSize.LessThanMinSize"),
    ("RunInstances", "InvalidSystemDiskSize.MoreThanMaxSize"),
}


@pytest.mark.slow
def test_every_refusal_uses_a_code_of_its_operation():
    """Ground rule 3: every (operation, code) the control plane refuses with stands in error_codes.csv."""
    raised = refusals(Path(rule_book.__file__).parents[1] / "cloud") - NEVER_TOGETHER
    assert len(raised) > 60
    assert {("DeleteImage", "ImageUseShared"), ("CopyImage", "IncorrectDestinationRegion")} <= raised
    listed = set(rule_book.http_statuses())
    assert sorted(pair for pair in raised if pair not in listed and ("any", pair[1]) not in listed) == []


def test_the_rules_behind_codes_are_rules():
    named = {rule for row in rows_of("error_codes.csv") for rule in row["rule_id"].split()}
    assert named <= {*rule_book.rules(), *rule_book.assumptions()}
    assert rule_book.rules_behind("ExportImage", "IncorrectImageStatus") == "EXP-2"
    assert rule_book.rules_behind("CopyImage", "IncorrectImageStatus") == "COPY-1"


def refusals(folder: Path) -> set[tuple[str, str]]:
    """Every (operation, code) that a call of `….refusal(code, …)` can carry.

    From every command, which begins with `_request(operation)`, calls are followed by the names of functions, with
    the texts that their parameters are given. A code may be text, a constant of the module, a local name, or such a
    parameter.
    """
    modules = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.py"))]
    places = [(f, m) for m in modules for f in ast.walk(m) if isinstance(f, ast.FunctionDef)]
    called: dict[str, list[Place]] = {}
    for function, module in places:
        if not any(_name(mark) == "command" for mark in function.decorator_list):
            called.setdefault(function.name, []).append((function, module))

    def texts(node: ast.expr, place: Place, bound: Bound) -> frozenset[str]:
        match node:
            case ast.Constant(value=str(text)):
                return frozenset({text})
            case ast.IfExp(body=body, orelse=orelse):
                return texts(body, place, bound) | texts(orelse, place, bound)
            case ast.Call(func=ast.Attribute(attr="get", value=table), args=[_, default]):
                return texts(table, place, bound) | texts(default, place, bound)
            case ast.Dict(values=parts) | ast.Tuple(elts=parts):
                return frozenset().union(*(texts(part, place, bound) for part in parts))
            case ast.BinOp(left=value) | ast.Subscript(value=value):
                return texts(value, place, bound)
            case ast.Name(id=name):
                return bound[name] if name in bound else named(name, place, bound)
        return frozenset()

    def named(name: str, place: Place, bound: Bound) -> frozenset[str]:
        function, module = place
        for nodes in (ast.walk(function), module.body):
            values = [value for node in nodes if isinstance(node, ast.Assign) for value in _given(name, node)]
            if values:
                return frozenset().union(*(texts(value, place, bound | {name: frozenset()}) for value in values))
        return frozenset()

    found: set[tuple[str, str]] = set()
    followed = set()

    def follow(place: Place, operation: str, bound: Bound) -> None:
        for call in (node for node in ast.walk(place[0]) if isinstance(node, ast.Call)):
            keys = [key for part in ast.walk(call) for key in getattr(part, "keywords", ())]
            other = [key.value for key in keys if key.arg == "operation"]
            (asked,) = texts(other[0], place, bound) if other else {operation}
            name = _name(call.func)
            if name == "refusal" and call.args:
                found.update((asked, code) for code in texts(call.args[0], place, bound))
            elif name == "newer_rule":
                found.update((asked, changes()[key].refused_as) for key in texts(call.args[0], place, bound))
            elif name in called:
                # Of two functions of one name, that of the same module is meant.
                meant = next((to for to in called[name] if to[1] is place[1]), called[name][0])
                function = meant[0]
                names = [a.arg for a in function.args.args if a.arg != "self"]
                defaults = dict(zip(names[::-1], function.args.defaults[::-1], strict=False))
                given = defaults | dict(zip(names, call.args, strict=False))
                read = {key: texts(value, place, bound) for key, value in given.items()}
                then = {key: value for key, value in read.items() if value}
                step = id(function), asked, tuple(sorted(then.items()))
                if step not in followed:
                    followed.add(step)
                    follow(meant, asked, then)

    for place in places:
        for call in (node for node in ast.walk(place[0]) if isinstance(node, ast.Call)):
            if _name(call.func) == "_request":
                (operation,) = texts(call.args[0], place, {})
                follow(place, operation, {})
    return {(operation, code) for operation, code in found if code not in ("Available", "Deprecated")}


Place = tuple[ast.FunctionDef, ast.Module]
Bound = dict[str, frozenset[str]]


def _name(node: ast.expr) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def _given(name: str, node: ast.Assign) -> list[ast.expr]:
    """The values that an assignment gives to a name."""
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return [part for wanted, part in zip(target.elts, value.elts, strict=True) if _name(wanted) == name]
    names = target.elts if isinstance(target, ast.Tuple) else [target]
    return [value] if name in map(_name, names) else []


# What is handed out --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [
        images.public_images,
        images.marketplace_images,
        images.short_names,
        images.public_families,
        instance_types.instance_types,
        meters.units,
        regions,
        rule_book.assumptions,
        rule_book.http_statuses,
        rule_book.rules,
        sites.sites,
        lambda: meters.METERS,
        lambda: dimensions.DIMENSIONS,
    ],
)
def test_nobody_can_change_a_published_table(table):
    """Each is read once for the whole process."""
    found = table()
    name = next(iter(found))
    for change in (
        lambda: found.clear(),
        lambda: found.pop(name),
        lambda: found.__setitem__(name, None),
        lambda: setattr(found[name], "status", "gone"),
    ):
        with pytest.raises((AttributeError, TypeError)):
            change()
    assert name in table()


@pytest.mark.parametrize("name", [5, None, ["cn-beijing"], "cn-bejing", "x" * 5000])
@pytest.mark.parametrize(
    "look_up", [region, sites.site, sites.site_of_currency, instance_types.instance_type, rule_book.rule]
)
def test_a_name_that_no_table_has_gets_one_short_sentence(look_up, name):
    with pytest.raises(UnknownName, match="unknown ") as error:
        look_up(name)
    assert len(str(error.value)) <= 200


@pytest.mark.slow
def test_the_catalogue_and_the_ground_floor_load_no_pandas():
    """Design, ground rule 14: the catalogue reads plain rows; frames are made when asked for."""
    code = """
import importlib, pkgutil, sys
import ecs_images.catalog as catalog
for found in pkgutil.iter_modules(catalog.__path__):
    importlib.import_module(f"ecs_images.catalog.{found.name}")
for name in ("errors", "units", "tables", "saving", "billing.dimensions"):
    importlib.import_module(f"ecs_images.{name}")
from ecs_images.catalog.prices import Prices
Prices.published()
print(sorted({"pandas", "numpy", "pyarrow", "matplotlib"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
