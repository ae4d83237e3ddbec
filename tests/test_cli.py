"""The command line: what each command prints in each format, and how it tells of what is wrong."""

from __future__ import annotations

import csv
import io
import json
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from helpers import ROOT

from ecs_images.catalog.prices import Prices

# 10 GiB for 30 days: 1.2 = 0.68 for 408 hours of January + 0.52 for 312 of February.
# 2 vCPU of Red Hat for a day: 2 x 0.1041 x 24 = 4.9968.
STORY = """\
title: An image and a server
start: 2026-01-15
until: 2026-02-14
accounts: [acme, partner]
steps:
  - import_image: {as: golden, account: acme, region: cn-beijing, file: 10, name: golden}
  - run_instance:
      {as: erp, account: partner, region: cn-hangzhou, image: rhel_9, instance_type: ecs.g7.large, system_disk: 40}
  - at: 2026-01-16
    release_instance: {account: partner, instance: erp, force: true}
expect:
  - {where: {account: acme}, cost: 1.2}
  - {where: {account: partner}, cost: 4.9968}
"""
ABROAD = """\
title: One priced region and one unpriced
start: 2026-06-01T00:00+08:00
accounts: [team]
steps:
  - import_image: {as: base, account: team, region: cn-hangzhou, file: 3, system_disk: 20, name: base}
  - copy_image: {as: far, account: team, image: base, to: ap-southeast-5}
until: 2026-07-01T00:00+08:00
"""
LAYER = """\
meter,item,region_id,to_region_id,billing_method,from_quantity,to_quantity,quantity_unit,unit,currency,price,\
valid_from,valid_until,valid_from_basis,source,source_date,confidence,status,note
snapshot_standard,,cn-beijing,,pay_as_you_go,0,,GiB,per_gib_month,CNY,0.24,2026-01-01,,stated,my contract,\
2026-01-01,official,current,
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "golden.yaml"
    path.write_text(STORY, encoding="utf-8")
    return path


def rows(text: str) -> list[dict]:
    """The rows of a CSV text, without the currency."""
    return pd.read_csv(io.StringIO(text)).drop(columns="billing_currency").round(9).to_dict("records")


BY_MONTH_AND_METER = [
    {"x_month": "2026-01", "sku_meter": "os_licence", "list_cost": 4.9968},
    {"x_month": "2026-01", "sku_meter": "snapshot_standard", "list_cost": 0.68},
    {"x_month": "2026-02", "sku_meter": "snapshot_standard", "list_cost": 0.52},
]


# bill -----------------------------------------------------------------------------------------------


def test_a_bill_is_a_table_of_months_and_meters_with_its_total(ecs, story: Path):
    ended = ecs("bill", story)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("An image and a server")
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in ended.out.splitlines() if "│" in line]
    assert cells[:3] == [
        ["2026-01", "os_licence", "CNY", "4.9968"],
        ["2026-01", "snapshot_standard", "CNY", "0.6800"],
        ["2026-02", "snapshot_standard", "CNY", "0.5200"],
    ]
    assert "total list cost: 6.1968 CNY" in ended.out


def test_a_bill_lists_its_assumptions(ecs, story: Path):
    """The image id of Red Hat is an example; no real one is published."""
    ended = ecs("bill", story)
    assert "Assumptions of this bill" in ended.out
    assert "rhel_9_x64_40G_example.vhd" in ended.out.partition("Assumptions of this bill")[2].replace("\n", "")


def test_a_bill_as_csv_is_rows_only(ecs, story: Path):
    ended = ecs("bill", story, "--format", "csv")
    assert ended.out.splitlines()[0] == "x_month,sku_meter,billing_currency,list_cost"
    assert rows(ended.out) == BY_MONTH_AND_METER


def test_a_bill_as_json_has_title_rows_total_and_assumptions(ecs, story: Path):
    found = json.loads(ecs("bill", story, "--format", "json").out)
    assert set(found) == {"title", "rows", "total", "assumptions"}
    assert found["title"] == "An image and a server"
    assert [row["list_cost"] for row in found["rows"]] == pytest.approx([4.9968, 0.68, 0.52], rel=1e-12)
    assert found["total"] == {"CNY": pytest.approx(6.1968, rel=1e-12)}
    assert "UNK-1" in {row["assumption"] for row in found["assumptions"]}


def test_a_bill_as_parquet_is_read_back_with_pandas(ecs, story: Path, tmp_path: Path):
    path = tmp_path / "bill.parquet"
    ended = ecs("bill", story, "--format", "parquet", "--output", path)
    assert (ended.code, ended.err) == (0, "")
    frame = pd.read_parquet(path)
    assert frame["list_cost"].tolist() == pytest.approx([4.9968, 0.68, 0.52], rel=1e-12)
    assert set(frame["billing_currency"]) == {"CNY"}


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_bill_goes_to_a_file_as_it_would_to_the_screen(ecs, story: Path, tmp_path: Path, form: str):
    path = tmp_path / f"bill.{form}"
    shown = ecs("bill", story, "--format", form).out
    told = ecs("bill", story, "-o", path).out
    assert path.read_text(encoding="utf-8") == shown
    assert told.startswith(f"wrote {path} (")
    assert "total list cost: 6.1968 CNY" in told


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("month,meter", BY_MONTH_AND_METER),
        ("account", [{"billing_account_id": "acme", "list_cost": 1.2}, {"billing_account_id": "partner"}]),
        ("region", [{"region_id": "cn-beijing", "list_cost": 1.2}, {"region_id": "cn-hangzhou"}]),
        ("item, account", [{"billing_account_id": "acme", "list_cost": 1.2}, {"x_item": "Red Hat Enterprise Linux"}]),
        ("currency", [{"list_cost": 6.1968}]),
        ("", [{"list_cost": 6.1968}]),
    ],
)
def test_a_bill_is_summed_by_what_is_asked_for(ecs, story: Path, by: str, expected: list[dict]):
    found = rows(ecs("bill", story, "--by", by, "--format", "csv").out)
    assert len(found) == len(expected)
    for row, wanted in zip(found, expected, strict=True):
        assert wanted.items() <= row.items()


def test_a_bill_by_day_has_a_row_for_every_day(ecs, story: Path):
    found = rows(ecs("bill", story, "--by", "day", "--format", "csv").out)
    assert len(found) == 30
    # 10 x 0.12 / 720 x 24 a day, and on the first the licence too
    assert found[0] == {"x_day": "2026-01-15", "list_cost": 5.0368}
    assert found[29] == {"x_day": "2026-02-13", "list_cost": 0.04}


def test_a_bill_ends_when_it_is_told_to(ecs, story: Path):
    assert rows(ecs("bill", story, "--until", "2026-02-01", "--format", "csv").out) == BY_MONTH_AND_METER[:2]
    # Past the story's own end things go on as they are: 28 days of February.
    longer = rows(ecs("bill", story, "--until", "2026-03-01", "--by", "month", "--format", "csv").out)
    assert longer[1] == {"x_month": "2026-02", "list_cost": 1.12}


def test_a_price_layer_goes_before_the_published_book(ecs, story: Path, tmp_path: Path):
    """The storage doubles: 0.24 for 0.12; the licence stays."""
    layer = tmp_path / "mine.csv"
    layer.write_text(LAYER, encoding="utf-8")
    found = rows(ecs("bill", story, "--by", "meter", "--prices", layer, "--format", "csv").out)
    assert [row["list_cost"] for row in found] == [4.9968, 2.4]


def test_the_bill_of_a_story_that_costs_nothing_is_empty(ecs, tmp_path: Path):
    path = tmp_path / "free.yaml"
    path.write_text(STORY.partition("steps:")[0] + "steps:\n  - run_instance: "
                    "{as: web, account: acme, region: cn-beijing, image: aliyun_3}\n", encoding="utf-8")  # fmt: skip
    assert rows(ecs("bill", path, "--format", "csv").out) == []
    assert json.loads(ecs("bill", path, "--format", "json").out)["total"] == {}
    assert ecs("bill", path).code == 0


# Explain and chart ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_image_is_explained_by_its_name_in_the_story_or_by_its_id(ecs, story: Path):
    by_name, by_id = ecs("bill", story, "--explain", "golden"), ecs("bill", story, "--explain", "m-00000001")
    assert by_name == by_id
    assert by_name.out.startswith("m-00000001: image golden of acme in cn-beijing")
    assert "total 1.200000 CNY" in by_name.out
    assert "10 GiB × 720 h × 0.12 / 720 = 1.200000 CNY" in by_name.out
    assert "rules: BILL-2 BILL-3" in by_name.out


def test_an_instance_is_explained_by_its_fee(ecs, story: Path):
    ended = ecs("bill", story, "--explain", "erp")
    assert "2 vCPU × 24 h × 0.1041 = 4.996800 CNY" in ended.out


@pytest.mark.slow
def test_an_explanation_comes_as_json_csv_and_parquet(ecs, story: Path, tmp_path: Path):
    found = json.loads(ecs("bill", story, "--explain", "golden", "--format", "json").out)
    assert found["resource_id"] == "m-00000001"
    assert sum(row["list_cost"] for row in found["amounts"]) == pytest.approx(1.2, rel=1e-12)
    assert {row["billing_currency"] for row in found["amounts"]} == {"CNY"}
    assert [(row["x_amount"], row["x_hours"]) for row in found["amounts"]] == [(10, 720)]
    assert found["events"], "what happened to it is told"
    table = pd.read_csv(io.StringIO(ecs("bill", story, "--explain", "golden", "--format", "csv").out))
    assert table["list_cost"].tolist() == pytest.approx([1.2], rel=1e-12)
    path = tmp_path / "why.parquet"
    ecs("bill", story, "--explain", "golden", "--format", "parquet", "-o", path)
    assert pd.read_parquet(path)["list_cost"].tolist() == pytest.approx([1.2], rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "magic"), [("cost.png", b"\x89PNG\r\n\x1a\n"), ("cost.PDF", b"%PDF-"), ("cost.svg", b"<?xml")]
)
def test_a_chart_is_drawn_to_a_file_of_its_kind(ecs, story: Path, tmp_path: Path, name: str, magic: bytes):
    ended = ecs("bill", story, "--chart", tmp_path / name)
    assert (ended.code, ended.err) == (0, "")
    assert (tmp_path / name).read_bytes().startswith(magic)
    assert f"chart: {tmp_path / name}" in ended.out.replace("\n", "")


# check ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_check_tells_of_every_expectation_of_every_story(ecs, story: Path, tmp_path: Path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(STORY.replace("cost: 1.2}", "cost: 1.3}"), encoding="utf-8")
    right = ecs("check", story)
    assert right.code == 0
    assert "2 expectations in 1 story, 0 failed" in right.out
    both = ecs("check", story, wrong, "--format", "csv")
    assert both.code == 1
    found = pd.read_csv(io.StringIO(both.out))
    assert [Path(path).name for path in found["story"]] == ["golden.yaml"] * 2 + ["wrong.yaml"] * 2
    assert found["result"].tolist() == ["ok", "ok", "FAILED", "ok"]
    assert (found["line"][2], found["expected"][2], found["found"][2]) == (12, "cost 1.3 where account is acme", 1.2)


def test_check_comes_as_json(ecs, story: Path):
    found = json.loads(ecs("check", story, "--format", "json").out)
    assert [row["result"] for row in found] == ["ok", "ok"]
    assert set(found[0]) == {"story", "line", "result", "expected", "found", "missed_by"}
    assert [(row["found"], row["missed_by"]) for row in found] == [
        (pytest.approx(1.2), None),
        (pytest.approx(4.9968), None),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["bill", "check"])
def test_parquet_goes_to_another_program(story: Path, command: str):
    arguments = [sys.executable, "-m", "ecs_images.cli", command, str(story), "--format", "parquet"]
    ended = subprocess.run(arguments, capture_output=True, check=False, cwd=ROOT)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert len(pd.read_parquet(io.BytesIO(ended.stdout))) == {"bill": 3, "check": 2}[command]


def test_a_story_that_expects_nothing_passes_and_says_so(ecs, story: Path):
    story.write_text(STORY.partition("expect:")[0], encoding="utf-8")
    ended = ecs("check", story)
    assert ended.code == 0
    assert "runs; no expectations declared" in ended.out


# prices and rules -------------------------------------------------------------------------------------


def test_the_price_book_is_listed_as_asked_for(ecs):
    ended = ecs("prices", "--meter", "snapshot_standard", "--region", "cn-hongkong", "--format", "csv")
    found = pd.read_csv(io.StringIO(ended.out))
    assert found["price"].tolist()[:5] == [0, 0.168, 0.164, 0.16, 0.154]
    assert {"source", "valid_from", "confidence"} <= set(found.columns)
    usd = json.loads(ecs("prices", "--currency", "USD", "--meter", "snapshot_standard", "--format", "json").out)
    assert {row["currency"] for row in usd} == {"USD"}


def test_prices_are_found_by_a_part_of_the_item_in_any_case(ecs, tmp_path: Path):
    path = tmp_path / "prices.parquet"
    assert ecs("prices", "--item", "RED HAT", "--currency", "CNY", "--format", "parquet", "-o", path).code == 0
    found = pd.read_parquet(path)
    assert found["item"].str.startswith("Red Hat Enterprise Linux").all()
    assert 0.1041 in set(found["price"])


def test_a_price_table_for_people_tells_price_and_first_day(ecs):
    ended = ecs("prices", "--meter", "snapshot_standard", "--region", "cn-hongkong")
    assert ended.code == 0
    assert "0.168 CNY" in ended.out
    assert "2018-06-07" in ended.out


def test_prices_on_thin_ground_are_listed_with_the_reason(ecs, tmp_path: Path):
    layer = tmp_path / "mine.csv"
    layer.write_text(LAYER.replace("0.24", "0.25").replace(",current,", ",example,"), encoding="utf-8")
    thin = ("prices", "--assumptions", "--meter", "snapshot_standard", "--region", "cn-beijing")
    without = pd.read_csv(io.StringIO(ecs(*thin, "--format", "csv").out))
    found = pd.read_csv(io.StringIO(ecs(*thin, "--prices", layer, "--format", "csv").out))
    assert len(found) == len(without) + 1
    assert "an example, not a real price" in found["x_why"].tolist()
    assert ecs(*thin).code == 0


def test_a_bill_by_image_names_the_images_dearest_first(ecs, story: Path):
    found = rows(ecs("bill", story, "--by", "image,meter", "--format", "csv").out)
    assert found[0]["list_cost"] >= found[-1]["list_cost"]
    assert "golden" in {row["name"] for row in found}


def test_an_invoice_is_rounded_as_it_is_paid(ecs, story: Path):
    found = pd.read_csv(io.StringIO(ecs("bill", story, "--invoice", "--format", "csv").out))
    assert (found["billed_cost"] <= found["list_cost"] + 1e-12).all()
    assert (found["billed_cost"] * 100 - (found["billed_cost"] * 100).round()).abs().max() < 1e-9


@pytest.mark.slow
def test_prices_that_were_written_out_can_be_layered_again(ecs, story: Path, tmp_path: Path):
    path = tmp_path / "own.csv"
    ecs("prices", "--meter", "snapshot_standard", "--currency", "CNY", "--format", "csv", "-o", path)
    assert ecs("bill", story, "--prices", path, "--format", "csv").out == ecs("bill", story, "--format", "csv").out


def test_a_layer_of_six_columns_is_enough(ecs, story: Path, tmp_path: Path):
    """Half the price of 0.12: half the storage cost."""
    path = tmp_path / "own.csv"
    path.write_text(
        "meter,region_id,unit,currency,price,valid_from\nsnapshot_standard,all_regions,per_gib_month,CNY,0.06,2026-01-01\n",
        encoding="utf-8",
    )
    halved = rows(ecs("bill", story, "--by", "meter", "--prices", path, "--format", "csv").out)
    whole = rows(ecs("bill", story, "--by", "meter", "--format", "csv").out)
    costs = [{row["sku_meter"]: float(row["list_cost"]) for row in found} for found in (halved, whole)]
    assert costs[0]["snapshot_standard"] == pytest.approx(costs[1]["snapshot_standard"] / 2)
    assert costs[0]["os_licence"] == pytest.approx(costs[1]["os_licence"])


def test_a_family_of_rules_is_listed(ecs):
    assert "SHARE-10" in ecs("rules", "SHARE").out


def test_the_rule_book_is_listed(ecs, tmp_path: Path):
    found = pd.read_csv(io.StringIO(ecs("rules", "--format", "csv").out))
    assert found.columns.tolist()[:4] == ["rule_id", "strength", "section", "title"]
    assert {"SHARE-1", "BILL-2", "CHAIN-1"} <= set(found["rule_id"])
    assert len(json.loads(ecs("rules", "--format", "json").out)) == len(found)
    path = tmp_path / "rules.parquet"
    ecs("rules", "--format", "parquet", "-o", path)
    assert pd.read_parquet(path)["rule_id"].tolist() == found["rule_id"].tolist()
    assert "SHARE-1" in ecs("rules").out


def test_one_rule_is_told_in_full(ecs, tmp_path: Path):
    ended = ecs("rules", "share-1")
    assert ended.out.startswith("rule id: SHARE-1\n")
    assert "title: Only the owner shares" in ended.out
    assert json.loads(ecs("rules", "SHARE-1", "--format", "json").out)["rule_id"] == "SHARE-1"
    path = tmp_path / "rule.csv"
    ecs("rules", "SHARE-1", "--format", "csv", "-o", path)
    assert pd.read_csv(path)["rule_id"].tolist() == ["SHARE-1"]


def test_the_routes_of_an_image_are_listed_with_what_they_add(ecs, story: Path):
    """10 GiB kept 30 days at 0.12 a month; sharing is free; elsewhere it is refused."""
    options = ["--image", "golden", "--regions", "cn-beijing,cn-shanghai", "--horizon-days", "30", "--every-days", "30"]
    found = rows(ecs("routes", story, *options, "--format", "csv").out)
    costs = {(row["route"], row["region_id"]): row["list_cost"] for row in found}
    assert float(costs["copy, then share", "cn-shanghai"]) == pytest.approx(10 * 0.12)
    assert float(costs["share", "cn-beijing"]) == 0
    assert "InvalidImageId.NotFound" in {row["x_code"] for row in found}
    printed = ecs("routes", story, *options).out
    assert "copy, then share" in printed
    assert "if withdrawn" in printed
    assert "updates: a new version every 30 days, 12 kept; each changes 1 GiB and adds 0 GiB" in printed
    assert "not counted: what a row says beside its money" in printed


@pytest.mark.slow
def test_routes_take_the_rhythm_of_the_story_and_the_machine_that_is_asked_for(ecs):
    """The pipeline makes golden1, golden2 … every week, keeps 12; what is said goes before it."""
    asked = ["--image", "golden52", "--accounts", "partner", "--regions", "cn-beijing"]
    pipeline = ROOT / "data" / "stories" / "golden_pipeline.yaml"
    assert "a new version every 7 days, 12 kept" in ecs("routes", pipeline, *asked).out
    machine = ["--instance-type", "ecs.c7.large", "--category", "cloud_essd_pl1", "--build-minutes", "30"]
    said = ecs("routes", pipeline, *asked, "--versions-kept", "3", *machine, "--release-builder").out
    assert "a new version every 7 days, 3 kept" in said
    assert "ecs.c7.large with 40 GiB of cloud_essd_pl1" in " ".join(said.split())
    assert "30 minutes a build, the owner's builder elsewhere released in between" in " ".join(said.split())


# Holes in the price book --------------------------------------------------------------------------


LEFT = "share_image: ignored, since a call names at most 10 accounts (SHARE-2): a11"
LEFT_UNDONE = f"Left undone by the service without a refusal:\n- golden.yaml, line 11: {LEFT}"


@pytest.fixture
def eleven(story: Path) -> Path:
    """The story, with eleven accounts in one call, of which the service ignores the last (SHARE-2)."""
    names = ", ".join(f"a{n}" for n in range(1, 12))
    share = f"  - share_image: {{account: acme, image: golden, with_accounts: [{names}]}}\nexpect:"
    text = STORY.replace("partner]", f"partner, {names}]").replace("expect:", share)
    story.write_text(text, encoding="utf-8")
    return story


@pytest.mark.slow
def test_what_the_service_left_undone_is_said_below_what_a_story_is_asked(ecs, eleven: Path) -> None:
    golden = ("--image", "golden")
    asked = (
        ("bill", eleven),
        ("check", eleven),
        ("fees", eleven, *golden),
        ("routes", eleven, *golden, "--accounts", "a1", "--regions", "cn-beijing"),
    )
    for command in asked:
        ended = ecs(*command)
        assert (ended.code, ended.err) == (0, "")
        assert LEFT_UNDONE in ended.out
        ended = ecs(*command, "--format", "csv")
        assert (LEFT in ended.out, LEFT in ended.err) == (False, True)
    found = json.loads(ecs("bill", eleven, "--format", "json").out)
    assert found["notes"] == [{"line": 11, "message": LEFT}]
    assert ecs("check", eleven, eleven).out.count("Left undone") == 1


def test_what_was_left_undone_stays_out_of_a_price_file_and_is_said_before_the_page(ecs, eleven: Path) -> None:
    ended = ecs("prices", "--missing", eleven)
    assert (LEFT in ended.out, LEFT_UNDONE in ended.err) == (False, True)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:  # so that no page is served, Voilà or not
        ended = ecs("app", eleven, "--port", taken.getsockname()[1])
    assert (ended.code, LEFT_UNDONE in ended.out) == (2, True)


@pytest.fixture
def abroad(tmp_path: Path) -> Path:
    """3 GiB in Hangzhou, 0.36 for June, and in Jakarta, where no price is known."""
    path = tmp_path / "abroad.yaml"
    path.write_text(ABROAD, encoding="utf-8")
    return path


def test_a_bill_without_any_price_is_shown_but_not_drawn(ecs, abroad: Path, tmp_path: Path) -> None:
    """In Jakarta no price is known: the sentence names it, and no file is written."""
    lines = ABROAD.replace("cn-hangzhou", "ap-southeast-5").splitlines(keepends=True)
    abroad.write_text("".join(line for line in lines if "copy_image" not in line), encoding="utf-8")
    ended = ecs("bill", abroad, "--chart", tmp_path / "cost.svg")
    assert ended.code == 2
    assert "month" in ended.out
    assert ended.err.startswith(
        "error: there is nothing to draw: no CNY price for snapshot_standard in ap-southeast-5 on 2026-06-01"
    )
    assert not (tmp_path / "cost.svg").exists()


@pytest.mark.slow
def test_a_chart_says_what_has_no_price(ecs, abroad: Path, tmp_path: Path) -> None:
    assert ecs("bill", abroad, "--chart", tmp_path / "cost.svg").code == 3
    assert "+ ?, not counted: snapshot standard in ap-southeast-5" in (tmp_path / "cost.svg").read_text("utf-8")


@pytest.mark.slow
def test_a_bill_with_a_hole_is_shown_and_ends_with_3_and_strictly_with_2(ecs, abroad: Path) -> None:
    ended = ecs("bill", abroad)
    assert ended.code == 3
    assert "total list cost of what has a price: 0.3600 CNY" in ended.out
    assert "2,160 GiB-Hour of snapshot_standard in ap-southeast-5, 2026-06-01 to 2026-07-01" in ended.out
    ended = ecs("bill", abroad, "--format", "csv")
    assert (ended.code, ended.out.count("\n")) == (3, 2)
    assert "2,160 GiB-Hour" in ended.err
    ended = ecs("bill", abroad, "--format", "json")
    assert [row["consumed_quantity"] for row in json.loads(ended.out)["unpriced"]] == [2160]
    ended = ecs("bill", abroad, "--strict")
    assert (ended.code, ended.out) == (2, "")


@pytest.mark.slow
def test_the_missing_rows_are_written_filled_in_and_billed(ecs, abroad: Path, tmp_path: Path) -> None:
    """3 GiB × 0.5 for 720 h = 1.5, and 0.36 in Hangzhou."""
    mine = tmp_path / "mine.csv"
    assert ecs("prices", "--missing", abroad, "-o", mine).code == 0
    with mine.open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["meter"], row["region_id"], row["price"], row["valid_from"]) == (
        "snapshot_standard",
        "ap-southeast-5",
        "",
        "2026-06-01",
    )
    assert "price is empty" in ecs("bill", abroad, "--prices", mine).err
    mine.write_text(mine.read_text(encoding="utf-8").replace("CNY,,", "CNY,0.5,"), encoding="utf-8")
    ended = ecs("bill", abroad, "--prices", mine)
    assert ended.code == 0
    assert "total list cost: 1.8600 CNY" in ended.out
    assert "everything has a price" in ecs("prices", "--missing", abroad, "--prices", mine).out


def test_an_option_that_has_no_effect_on_missing_rows_is_refused(ecs, abroad: Path) -> None:
    assert "--missing goes with --currency" in ecs("prices", "--missing", abroad, "--meter", "snapshot_standard").err
    assert "lacks no price in 'USD'; lacking: CNY" in ecs("prices", "--missing", abroad, "--currency", "USD").err


def test_a_price_stands_beside_who_says_it_and_what_an_official_figure_says(ecs) -> None:
    listed = ecs("prices", "--meter", "snapshot_standard", "--region", "cn-hongkong").out
    assert "official, 2018-06-07" in listed
    hongkong = [row for row in Prices.published().rows if row.region_id == "cn-hongkong" and row.price == 0.136]
    assert all("0.168" in Prices.published().otherwise(row) for row in hongkong)
