"""Levels between usage and charges: they add up exactly, in any order, wherever they were added."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import tier
from hypothesis import given, settings
from hypothesis import strategies as st

import ecs_images as ecs
from ecs_images import InputError, Prices
from ecs_images.billing.levels import LEVELS
from ecs_images.billing.schema import USAGE, WHO_WHERE_WHAT
from ecs_images.columns import seconds_of, times_of
from ecs_images.units import BYTES_PER_GIB, day_start_seconds, parse_time

GIB = BYTES_PER_GIB
NEW_YEAR = day_start_seconds(parse_time("2026-01-01").date())
ONE = Prices([tier(1), tier(2, meter="os_licence", unit="per_instance_hour", quantity_unit="vCPU")])
"""1 CNY a GiB-hour of storage, 2 an hour of an instance."""
_Row = tuple[str, str, str, int, float, float]
"""Account, region, meter, quantity, and hours since the new year at which it begins and ends."""


def used(rows: list[_Row]) -> pd.DataFrame:
    """A usage table of these rows."""
    names = ["billing_account_id", "region_id", "sku_meter", "x_quantity", "begins", "ends"]
    frame = pd.DataFrame(rows, columns=names)
    seconds = {name: (frame[name].to_numpy("float64") * 3600).astype("int64") for name in ("begins", "ends")}
    frame["charge_period_start"] = times_of(NEW_YEAR + seconds["begins"])
    frame["charge_period_end"] = times_of(NEW_YEAR + seconds["ends"])
    frame["x_item"] = np.where(frame["sku_meter"] == "os_licence", "red_hat", "")
    frame["x_vcpus"] = np.where(frame["sku_meter"] == "os_licence", 2, 0)
    numbers = dict.fromkeys(("x_first_snapshot", "x_last_snapshot"), 0)
    texts = dict.fromkeys(("x_term", "x_image_id", "x_skipped_snapshots"), "")
    return USAGE.frame(frame.assign(billing_currency="CNY", resource_id="sl-1", **numbers, **texts)[USAGE.names])


def test_a_cloud_that_used_nothing_has_no_levels_and_costs_nothing() -> None:
    usage = ecs.measure(ecs.Cloud("2026-01-15"), until="2026-02-01")
    assert len(ecs.usage_levels(usage)) == 0
    assert len(ecs.rate(usage, ONE)) == 0


def stored(quantity: int, begins: float, ends: float, account: str = "acme", region: str = "cn-beijing") -> _Row:
    return account, region, "snapshot_standard", quantity, begins, ends


def changes(levels: pd.DataFrame) -> list[tuple[str, float, int]]:
    """Region, hours since the new year, and change of each row of a table of levels."""
    hours = (seconds_of(levels["x_moment"]) - NEW_YEAR) / 3600
    return list(zip(levels["region_id"].astype(str), hours.tolist(), levels["x_change"].tolist(), strict=True))


# By hand --------------------------------------------------------------------------------------------


def test_a_level_rises_when_use_begins_and_falls_when_it_ends() -> None:
    levels = ecs.usage_levels(used([stored(5, 0, 3), stored(2, 1, 3), stored(7, 0, 1, region="cn-hangzhou")]))
    beijing = [("cn-beijing", 0, 5), ("cn-beijing", 1, 2), ("cn-beijing", 3, -7)]
    assert changes(levels) == [*beijing, ("cn-hangzhou", 0, 7), ("cn-hangzhou", 1, -7)]
    assert list(levels.columns) == LEVELS.names


def test_a_moment_at_which_as_much_begins_as_ends_stays_with_a_change_of_0() -> None:
    assert changes(ecs.usage_levels(used([stored(5, 0, 1), stored(5, 1, 2)])))[1] == ("cn-beijing", 1, 0)


def test_bytes_add_exactly_where_floats_would_lose_one() -> None:
    levels = ecs.usage_levels(used([stored(1 << 53, 0, 2), stored(1, 0, 2)]))
    assert [change for _, _, change in changes(levels)] == [(1 << 53) + 1, -(1 << 53) - 1]


def test_no_usage_has_no_levels_and_costs_nothing() -> None:
    empty = used([])
    assert len(ecs.usage_levels(empty)) == len(ecs.rate_levels(ecs.usage_levels(empty), ONE)) == 0
    assert list(ecs.rate(empty, ONE).columns) == list(ecs.rate(used([stored(GIB, 0, 1)]), ONE).columns)


def test_levels_cost_what_their_usage_costs() -> None:
    """3 GiB for 2 hours at 1 are 6; an instance for a quarter of an hour at 2 is a half."""
    usage = used([stored(3 * GIB, 0, 2), ("acme", "cn-beijing", "os_licence", 1, 0.5, 0.75)])
    charges = ecs.rate_levels(ecs.usage_levels(usage), ONE)
    assert charges.set_index("sku_meter")["list_cost"].to_dict() == {"os_licence": 0.5, "snapshot_standard": 6}


# Laws -----------------------------------------------------------------------------------------------

_hours = st.integers(0, 40)
_moments = _hours | st.sampled_from([0.5, 7.25, 7.75])
_rows = st.tuples(
    st.sampled_from(["acme", "partner"]),
    st.sampled_from(["cn-hangzhou", "cn-beijing"]),
    st.sampled_from(["snapshot_standard", "os_licence"]),
    st.integers(1, 1 << 54),
    _moments,
    _moments,
).filter(lambda row: row[4] <= row[5])


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(st.lists(_rows, min_size=1, max_size=30), st.sampled_from([1, 60]))
def test_levels_are_what_adding_in_a_dict_says(rows: list[_Row], apart: int) -> None:
    """Close together or hours apart, on the hour or between hours: whole numbers, added exactly."""
    rows = [(*row[:4], row[4] * apart, row[5] * apart) for row in rows]
    expected: dict[tuple[str, str, str, float], int] = {}
    for account, region, meter, quantity, begins, ends in rows:
        for moment, change in ((begins, quantity), (ends, -quantity)):
            where = account, region, meter, float(moment)
            expected[where] = expected.get(where, 0) + change
    levels = ecs.usage_levels(used(rows))
    keys = [levels[name].astype(str) for name in ("billing_account_id", "region_id", "sku_meter")]
    found = zip(zip(*keys, strict=True), changes(levels), strict=True)
    assert [((*key, hour), change) for key, (_, hour, change) in found] == sorted(expected.items())


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(st.lists(_rows, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_levels_of_parts_in_any_order_cost_what_the_whole_costs(rows: list[_Row], random) -> None:
    """One account alone, one row alone, none at all: however usage is cut, charges are equal to the last digit."""
    usage = used(rows)
    cuts = sorted(random.choices(range(len(rows) + 1), k=3))
    order = random.sample(range(len(rows)), len(rows))
    parts = [usage.iloc[order[low:high]] for low, high in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    levels = pd.concat([ecs.usage_levels(part) for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(ecs.rate_levels(levels, ONE), ecs.rate(usage, ONE), check_exact=True)


# What is no usage -----------------------------------------------------------------------------------


def test_use_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InputError, match="in 1 rows charge_period_start is missing, or charge_period_end is or lies"):
        ecs.rate(used([stored(GIB, 0, 2), stored(GIB, 2, 1)]), ONE)


def test_a_missing_value_of_a_key_is_refused_where_it_would_drop_a_row() -> None:
    usage = used([stored(GIB, 0, 2), stored(GIB, 0, 2)])
    usage.loc[1, "x_item"] = None
    with pytest.raises(InputError, match="x_item is missing in 1 rows; where it says nothing, it is empty text"):
        ecs.rate(usage, ONE)


@pytest.mark.parametrize("name", ["charge_period_start", "charge_period_end"])
def test_a_missing_time_is_refused(name: str) -> None:
    usage = used([stored(GIB, 0, 2)])
    usage.loc[0, name] = pd.NaT
    with pytest.raises(InputError, match="in 1 rows charge_period_start is missing"):
        ecs.usage_levels(usage)
    levels = ecs.usage_levels(used([stored(GIB, 0, 2)]))
    levels.loc[0, "x_moment"] = pd.NaT
    with pytest.raises(InputError, match="x_moment is missing in 1 rows"):
        ecs.rate_levels(levels, ONE)


def test_levels_of_which_a_part_is_missing_are_refused_where_they_would_cost_less() -> None:
    levels = ecs.usage_levels(used([stored(5, 0, 3)]))
    with pytest.raises(InputError, match="snapshot_standard in cn-beijing for acme end at 5, not at 0"):
        ecs.rate_levels(levels.iloc[:1], ONE)


@pytest.mark.parametrize("wrong", [None, used([]), "levels.parquet"], ids=["nothing", "usage", "a path"])
def test_what_is_no_table_of_levels_is_refused(wrong: object) -> None:
    with pytest.raises(InputError, match="levels table"):
        ecs.rate_levels(wrong, ONE)  # type: ignore[arg-type]


# Files ----------------------------------------------------------------------------------------------

ESTATE = [
    stored((k % 7 + 1) * GIB, k % 50, k % 50 + k % 13, f"account{k % 3}", ("cn-beijing", "cn-hangzhou")[k % 5 == 0])
    for k in range(300)
] + [("account1", "cn-beijing", "os_licence", 1, k + 0.25, k + 0.5) for k in range(20)]
PARTS = {
    "one account": lambda usage: usage["billing_account_id"] == "account0",
    "one region": lambda usage: usage["region_id"] == "cn-hangzhou",
    "one meter": lambda usage: usage["sku_meter"] == "os_licence",
}


def folder_of(usage: pd.DataFrame, folder: Path) -> Path:
    """Usage in parts: those of `PARTS`, nearly all the rest in one file, a row in another, and an empty one."""
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow (extra parquet)")
    rest = np.ones(len(usage), bool)
    for name, chosen in PARTS.items():
        mine = rest & chosen(usage).to_numpy()
        usage[mine].to_parquet(folder / f"{name}.parquet", index=False)
        rest &= ~mine
    (first, *others) = np.flatnonzero(rest)
    for name, rows in (("first", [first]), ("rest", others), ("nothing", [])):
        usage.iloc[rows].to_parquet(folder / f"{name}.parquet", index=False)
    return folder


@pytest.mark.parametrize("as_codes", [True, False], ids=["codes", "plain text"])
def test_files_of_usage_cost_what_the_usage_costs(as_codes: bool, tmp_path: Path) -> None:
    usage = used(ESTATE)
    folder = folder_of(usage.astype({"region_id": "category"}) if as_codes else usage, tmp_path)
    whole = ecs.rate(usage, ONE)
    with ThreadPoolExecutor(2) as pool:
        for executor in (None, pool):
            levels = ecs.read_usage_levels(folder, executor)
            pd.testing.assert_frame_equal(levels, ecs.usage_levels(usage), check_categorical=False)
            pd.testing.assert_frame_equal(ecs.rate_levels(levels, ONE), whole, check_exact=True)


def test_a_file_of_several_row_groups_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr("ecs_images.billing.scale._ROWS_AT_ONCE", 100)
    usage = used(ESTATE)
    usage.to_parquet(tmp_path / "usage.parquet", row_group_size=30)
    for source in (tmp_path / "usage.parquet", str(tmp_path), [tmp_path / "usage.parquet"]):
        pd.testing.assert_frame_equal(ecs.rate_levels(ecs.read_usage_levels(source), ONE), ecs.rate(usage, ONE))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda usage: usage.drop(columns="x_item"), "it lacks x_item"),
        (lambda usage: usage.assign(x_item=[None, *usage["x_item"][1:]]), "x_item is missing in 1 rows"),
        (lambda usage: usage.assign(x_quantity=0.5), "0.5"),
        (lambda usage: usage.assign(charge_period_end="2026-01-02"), "charge_period_end is .*, not a time with a zone"),
        (
            lambda usage: usage.assign(charge_period_end=usage["charge_period_end"] + timedelta(milliseconds=1)),
            "would lose data",
        ),
    ],
    ids=["no item", "a hole", "half a byte", "text", "a fraction of a second"],
)
def test_a_file_that_is_no_usage_is_named(change, said: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    change(used(ESTATE)).to_parquet(tmp_path / "mine.parquet")
    with pytest.raises(InputError, match=rf"mine\.parquet.*{said}"):
        ecs.read_usage_levels(tmp_path)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(InputError, match=r"no file \*\.parquet is there"):
        ecs.read_usage_levels(tmp_path)
    with pytest.raises(InputError, match=r"gone\.parquet: is not read as Parquet"):
        ecs.read_usage_levels(tmp_path / "gone.parquet")
    with pytest.raises(InputError, match=r"one\.parquet: named twice, so its usage would count twice"):
        ecs.read_usage_levels([tmp_path / "one.parquet", str(tmp_path / "one.parquet")])
    (tmp_path / "usage.parquet").write_text("account,region")
    with pytest.raises(InputError, match=r"usage\.parquet: is not read as Parquet"):
        ecs.read_usage_levels(tmp_path)
    with pytest.raises(InputError, match="an executor is one of"):
        ecs.read_usage_levels(tmp_path, 2)  # type: ignore[arg-type]


# Other engines --------------------------------------------------------------------------------------


def test_duckdb_adds_the_same_levels(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed (extra bench)")
    usage = used(ESTATE)
    folder = folder_of(usage, tmp_path)
    found = duckdb.sql(ecs.levels_sql(f"read_parquet('{folder}/*.parquet')")).df()
    levels = LEVELS.frame(found)
    pd.testing.assert_frame_equal(levels, LEVELS.frame(ecs.usage_levels(usage).astype(dict.fromkeys(_TEXT, "str"))))
    pd.testing.assert_frame_equal(ecs.rate_levels(found, ONE), ecs.rate(usage, ONE), check_exact=True)


def test_levels_may_tell_moments_in_any_zone_but_not_in_none() -> None:
    usage = used(ESTATE)
    levels = ecs.usage_levels(usage)
    in_berlin = levels.assign(x_moment=levels["x_moment"].dt.tz_convert("Europe/Berlin").dt.as_unit("us"))
    pd.testing.assert_frame_equal(ecs.rate_levels(in_berlin, ONE), ecs.rate(usage, ONE), check_exact=True)
    without = levels.assign(x_moment=levels["x_moment"].dt.tz_localize(None))
    with pytest.raises(InputError, match=r"x_moment is datetime64\[s\], not time \(datetime64\[s, UTC\+08:00\]\)"):
        ecs.rate_levels(without, ONE)


_TEXT = [name for name in WHO_WHERE_WHAT if name != "x_vcpus"]


@pytest.mark.slow
def test_a_cluster_returns_the_same_charges_though_a_worker_is_killed(tmp_path: Path) -> None:
    """Two processes of Dask, of which one is killed after the first part, with the parts it has read."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (extra scale)")
    usage = used(ESTATE)
    folder = folder_of(usage, tmp_path)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):

        class KilledAfterOne(Executor):
            """Hands parts to the cluster, and kills a worker once one part is there."""

            def map(self, *work: Any, **how: Any) -> Iterator[Any]:
                results = client.get_executor().map(*work, **how)
                yield next(results)
                os.kill(client.run(os.getpid)[min(client.ncores())], signal.SIGKILL)
                yield from results

        levels = ecs.read_usage_levels(folder, KilledAfterOne())
    pd.testing.assert_frame_equal(ecs.rate_levels(levels, ONE), ecs.rate(usage, ONE), check_exact=True)


def test_quantities_whose_sum_does_not_fit_are_refused() -> None:
    huge = pd.concat([used(ESTATE)] * 4, ignore_index=True)
    with pytest.raises(InputError, match="larger than"):
        ecs.usage_levels(huge.assign(x_quantity=2**62))


def test_nothing_stores_less_than_nothing() -> None:
    usage = used(ESTATE)
    with pytest.raises(InputError, match="falls below 0"):
        ecs.rate(usage.assign(x_quantity=-usage["x_quantity"]), ecs.Prices.published())


@pytest.mark.parametrize("name", ["x_quantity", "charge_period_end", "region_id"])
def test_usage_in_a_file_with_a_hole_is_refused(name: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    usage = used(ESTATE)
    holed = usage.assign(**{name: usage[name].astype(object).where(usage.index > 0, None).convert_dtypes()})
    holed[name] = holed[name].astype("Int64") if name == "x_quantity" else holed[name]
    holed.to_parquet(tmp_path / "mine.parquet")
    with pytest.raises(InputError, match=rf"{name} is missing in 1 rows"):
        ecs.read_usage_levels(tmp_path / "mine.parquet")


@pytest.mark.parametrize("files", [None, 5, [5], []])
def test_what_is_no_file_of_usage_is_refused(files: object) -> None:
    with pytest.raises(InputError, match="file of usage"):
        ecs.read_usage_levels(files)  # type: ignore[arg-type]
