"""The command line about real bills: what it compares, and the columns of FOCUS that it writes."""

from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest
from helpers import read_csv
from test_focus import MANDATORY

from ecs_images import sample

# 12 GiB at 0.12 a month of 720 hours: 0.048 a day.
STORY = """\
title: Two days
start: 2026-06-01
accounts: [acme]
steps:
  - import_image: {as: golden, account: acme, region: cn-beijing, file: 12, name: golden}
until: 2026-06-03
"""
BILL = (
    "资源归属账号ID,账单月份,账单日期,商品Code,资产/资源实例ID,地域,计费项Code,用量,用量单位,目录总价,优惠金额,应付金额,定价币种\n"
    "acme,2026-06,2026-06-01,snapshot,cn-beijing,华北2（北京）,Size,288,GB,0.048,0.008,0.04,CNY\n"
    "acme,2026-06,2026-06-02,snapshot,cn-beijing,华北2（北京）,Size,288,GB,0.048,0,0.058,CNY\n"
)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "story.yaml").write_text(STORY, encoding="utf-8")
    (tmp_path / "bill.csv").write_text(BILL, encoding="utf-8")
    return tmp_path


def test_a_story_is_compared_with_its_bill(ecs, files):
    done = ecs("reconcile", files / "story.yaml", "--bill", files / "bill.csv", "--by", "day", "--format", "json")
    one, two = json.loads(done.out)
    assert (one["modelled"], one["discount"], one["unexplained"]) == ("0.048", "-0.008", "0")
    assert (two["difference"], two["unexplained"]) == ("0.01", "0.01")


def test_people_are_told_what_the_causes_are(ecs, files):
    done = ecs("reconcile", files / "story.yaml", "--bill", files / "bill.csv")
    assert "discount: discounts on the lines" in done.out
    assert done.code == 0


def test_prices_learnt_from_a_bill_are_a_price_layer(ecs, files):
    """0.048 for 288 GiB-hours, with 8.33 % off over both days."""
    layer = files / "layer.csv"
    ecs("reconcile", files / "story.yaml", "--bill", files / "bill.csv", "--learn-prices", layer)
    (row,) = read_csv(layer)
    assert float(row["price"]) == pytest.approx(0.12 / 720)
    assert (row["valid_from"], row["note"]) == ("2026-06-01", "the bill takes 8.33 % off")
    done = ecs("bill", files / "story.yaml", "--prices", layer, "--by", "region", "--format", "csv")
    assert "0.096" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["story.yaml", "--bill", "nothing.csv"], "there is no such file"),
        (["story.yaml", "--bill", "story.yaml"], "has no column of a bill's amounts"),
        (["story.yaml", "--bill", "bill.csv", "--by", "moon"], "unknown column"),
        (["story.yaml", "--bill", "bill.csv", "--region", "cn-beijing"], "not for a story"),
        (["story.yaml"], "--bill"),
    ],
)
def test_what_cannot_be_compared_is_told_in_a_sentence(ecs, files, monkeypatch, arguments, words):
    monkeypatch.chdir(files)
    done = ecs("reconcile", *arguments)
    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err


@pytest.mark.slow
def test_the_command_line_writes_it_as_csv_and_parquet(ecs, tmp_path):
    path = sample("golden_pipeline")
    done = ecs("bill", path, "--format", "focus-csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert set(MANDATORY) <= set(rows[0])
    assert rows[0]["ChargeClass"] == ""
    ecs("bill", path, "--format", "focus-parquet", "-o", tmp_path / "x.parquet")
    assert pd.read_parquet(tmp_path / "x.parquet")["ListCost"].sum() == pytest.approx(
        sum(float(row["ListCost"]) for row in rows)
    )


def test_what_has_no_such_columns_refuses_the_form(ecs):
    path = sample("golden_pipeline")
    for command in (["bill", path, "--by", "day"], ["prices"]):
        done = ecs(*command, "--format", "focus-csv")
        assert done.code == 2
        assert "is for ecs-images bill" in done.err


def test_people_read_the_total_first_and_why_a_bill_is_not_the_model_in_words(ecs, files, monkeypatch):
    """Two days of 0.048: 0.008 off on the first; on the second a cent that nothing explains."""
    monkeypatch.setenv("COLUMNS", "100")
    done = ecs("reconcile", files / "story.yaml", "--bill", files / "bill.csv", "--by", "day", "--quiet")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.out.splitlines() if line[0] == "│"]
    assert rows == [
        ["CNY", "0.0980", "0.0960", "unexplained 0.0100, discount -0.0080"],
        ["2026-06-01", "0.0400", "0.0480", "discount -0.0080"],
        ["2026-06-02", "0.0580", "0.0480", "unexplained 0.0100"],
    ]


def test_an_amount_too_small_for_the_screen_is_not_shown_as_nothing(ecs, files, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    (files / "bill.csv").write_text(BILL.replace("0.058", "0.04801"), encoding="utf-8")
    done = ecs("reconcile", files / "story.yaml", "--bill", files / "bill.csv", "--by", "day", "--quiet")
    assert "unexplained below 0.0001" in done.out


def test_a_table_in_a_file_keeps_its_currency(ecs, files):
    bill = ["--bill", files / "bill.csv", "--by", "day", "--format", "table", "-o", files / "why.txt"]
    ecs("reconcile", files / "story.yaml", *bill)
    assert (files / "why.txt").read_text(encoding="utf-8").count("CNY") == 2
