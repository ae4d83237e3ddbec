"""The command line's comparisons: two bills, one story over values, reports for CI, and ledgers in place of stories."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from helpers import Ended

pytestmark = pytest.mark.slow

# Each version is an import of 10 GiB for 30 days: 1.2 CNY; with two regions it is copied to, 2.4 CNY more.
STORY = """\
title: Versions
start: 2026-01-15
until: 2026-02-14
accounts: [acme]
parameters: {versions: 1, regions: []}
steps:
  - repeat: {times: "{versions}"}
    steps:
      - import_image: {as: "v{n}", account: acme, region: cn-beijing, file: 10, name: "golden-{n}"}
      - for: {region: "{regions}"}
        copy_image: {as: "{region} {n}", account: acme, image: "v{n}", to: "{region}"}
expect:
  - {where: {account: acme}, cost: {at_most: 2}}
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "versions.yaml"
    path.write_text(STORY, encoding="utf-8")
    return path


def rows(ended: Ended) -> list[dict]:
    assert ended.code == 0, ended.err
    return json.loads(ended.out)["rows"]


def test_a_story_is_compared_with_itself_under_other_parameters(ecs, story: Path):
    ended = ecs("diff", story, "--set", "versions=3", "--format", "json")
    assert rows(ended) == [
        {
            "x_part": "snapshot_standard",
            "x_before": pytest.approx(1.2),
            "x_after": pytest.approx(3.6),
            "x_change": pytest.approx(2.4),
            "billing_currency": "CNY",
        }
    ]
    assert json.loads(ended.out)["change"] == {"CNY": pytest.approx(2.4)}


def test_a_difference_is_told_with_its_sign_and_share_and_what_was_changed(ecs, story: Path):
    said = " ".join(ecs("diff", story, "--set", "regions=cn-shanghai", "--by", "region").out.split())
    assert "Versions → Versions (regions = cn-shanghai)" in said
    assert "total list cost: 1.2000 → 2.4000 CNY: +1.2000 (+100.0%)" in said


def test_the_largest_change_stands_first_whatever_its_sign(ecs, story: Path):
    both = ecs(
        "diff", story, "--by", "image", "--set", "versions=2", "--set", "regions=cn-shanghai", "--format", "json"
    )
    assert [(row["x_part"], round(row["x_change"], 4)) for row in rows(both)] == [("golden-2", 2.4), ("golden-1", 1.2)]


@pytest.mark.parametrize(("limit", "code"), [("2.3", 1), ("2.5", 0)])
def test_a_difference_above_a_limit_ends_with_1(ecs, story: Path, limit: str, code: int):
    assert ecs("diff", story, "--set", "versions=3", "--fail-if-more", limit).code == code


def test_the_same_file_twice_costs_the_same_and_says_so(ecs, story: Path):
    assert "both cost the same, for both are the same file" in ecs("diff", story, story).out


def test_bills_of_different_times_are_told_apart(ecs, story: Path, tmp_path: Path):
    longer = tmp_path / "longer.yaml"
    longer.write_text(STORY.replace("until: 2026-02-14", "until: 2026-02-15"), encoding="utf-8")
    said = " ".join(ecs("diff", story, longer).out.split())
    assert "of different times: 2026-01-15 00:00 to 2026-02-14 00:00, and 2026-01-15 00:00 to 2026-02-15 00:00." in said


def test_stories_of_two_currencies_are_not_compared(ecs, story: Path, tmp_path: Path):
    abroad = tmp_path / "abroad.yaml"
    abroad.write_text(
        STORY.replace("[acme]", "{acme: international}").replace("cn-beijing", "cn-hangzhou"), encoding="utf-8"
    )
    ended = ecs("diff", story, abroad)
    assert (ended.code, ended.out) == (2, "")
    assert f"{story} is billed in CNY and {abroad} in USD; nothing compares them" in ended.err


def test_a_difference_is_drawn(ecs, story: Path, tmp_path: Path):
    picture = tmp_path / "steps.svg"
    assert f"chart: {picture}" in ecs("diff", story, "--set", "versions=3", "--chart", picture).out
    assert "2.4" in picture.read_text(encoding="utf-8")


def test_a_story_is_billed_for_each_value_of_its_parameters(ecs, story: Path, tmp_path: Path):
    path = tmp_path / "sweep.csv"
    said = ecs("sweep", story, "--set", "versions=1,2", "--set", "regions=,cn-shanghai+cn-hangzhou", "-o", path).out
    table = pd.read_csv(path, keep_default_na=False)
    costs = dict(zip(zip(table["versions"], table["regions"], strict=True), table["list_cost"], strict=True))
    pair = "cn-shanghai+cn-hangzhou"
    assert costs == {
        (1, ""): pytest.approx(1.2), (1, pair): pytest.approx(3.6),
        (2, ""): pytest.approx(2.4), (2, pair): pytest.approx(7.2),
    }  # fmt: skip
    assert "lowest list cost: 1.2000 CNY with versions = 1, regions = none" in said


def test_only_lists_are_joined_by_a_plus(ecs, story: Path):
    """An account may be called a+b."""
    named = STORY.replace("regions: []}", "regions: [], owner: acme}").replace(
        "account: acme, region", 'account: "{owner}", region'
    )
    named = named.replace("account: acme, image", 'account: "{owner}", image').replace("[acme]", "[acme, a+b]")
    story.write_text(named.replace("where: {account: acme}", "where: {}"), encoding="utf-8")
    ended = ecs("sweep", story, "--set", "owner=acme,a+b", "--by", "account", "--format", "csv")
    assert [line.split(",")[:2] for line in ended.out.splitlines()[1:]] == [["acme", "acme"], ["a+b", "a+b"]]


SIZES = """\
start: 2026-01-15
until: 2026-02-14
accounts: [acme]
parameters: {PARAMETER: [10]}
steps:
  - run_instance: {account: acme, region: cn-beijing, image: aliyun_3}
  - for: {size: "{PARAMETER}"}
    import_image: {account: acme, region: cn-beijing, file: "{size}", name: "golden-{size}"}
"""


def test_a_value_with_which_nothing_is_billed_is_told(ecs, story: Path):
    story.write_text(SIZES.replace("PARAMETER", "sizes"), encoding="utf-8")
    ended = ecs("sweep", story, "--set", "sizes=,10", "--format", "csv")
    assert (ended.code, ended.err) == (0, "nothing is billed with sizes = none\n")
    assert len(ended.out.splitlines()) == 2


def test_a_parameter_that_is_called_like_a_column_is_refused(ecs, story: Path):
    story.write_text(SIZES.replace("PARAMETER", "list_cost"), encoding="utf-8")
    ended = ecs("sweep", story, "--set", "list_cost=10,20")
    assert ended.code == 2
    assert "the parameter list_cost is called like a column of the table" in ended.err


def test_a_sweep_is_drawn_in_the_order_of_its_values(ecs, story: Path, tmp_path: Path):
    picture = tmp_path / "sweep.svg"
    assert ecs("sweep", story, "--set", "versions=3,1", "--chart", picture).code == 0
    assert "lowest with versions = 1" in picture.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("diff", "STORY"), "would be compared with itself"),
        (("diff", "STORY", "--set", "versions"), "--set takes NAME=VALUE, such as keep=8, not 'versions'"),
        (("diff", "STORY", "--set", "version=2"), "unknown parameter 'version'; did you mean versions or"),
        (("bill", "STORY", "--set", "versions=2", "--set", "versions=3"), "--set gives versions twice"),
        (("sweep", "STORY", "--set", "versions="), "names no value to try"),
        (("sweep", "STORY"), "missing option '--set'"),
        (("bill", "STORY", "-o", "bill.txt"), "unknown ending of an output file '.txt'"),
        (("bill", "STORY", "-o", "bill.png", "--chart", "b.svg"), "both name a picture"),
        (("diff", "STORY", "--set", "versions=2", "--fail-if-more", "nan"), "is an amount such as 50, not nan"),
        (("bill", "STORY", "--top", "3", "--subtotals"), "--top sums the rest of the rows"),
        (("bill", "STORY", "--bom"), "--bom is the beginning of a CSV"),
        (("bill", "STORY", "--invoice", "--top", "3"), "--top and --subtotals belong to the bill by columns"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(ecs, story: Path, arguments: tuple, said: str, monkeypatch):
    monkeypatch.chdir(story.parent)
    ended = ecs(*(story if argument == "STORY" else argument for argument in arguments))
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert sorted(path.name for path in story.parent.iterdir()) == ["versions.yaml"]


def test_a_report_for_ci_servers_names_what_was_expected_found_and_missed(ecs, story: Path, tmp_path: Path):
    path = tmp_path / "report.xml"
    assert ecs("check", story, "--set", "versions=2", "-o", path).code == 1
    suite = ElementTree.parse(path).getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert suite[0].get("name") == "line 13: cost at most 2 where account is acme"
    assert suite[0][0].get("message") == "expected cost at most 2 where account is acme; found 2.4, off by +0.4"


def test_a_check_shows_by_how_much_a_budget_is_missed(ecs, story: Path):
    ended = ecs("check", story, "--set", "versions=2", "--format", "json")
    (row,) = json.loads(ended.out)
    assert (ended.code, row["result"], row["line"]) == (1, "FAILED", 13)
    assert (row["found"], row["missed_by"]) == (pytest.approx(2.4), pytest.approx(0.4))


def test_a_ledger_is_billed_as_its_story_is(ecs, story: Path, tmp_path: Path):
    path = tmp_path / "year.jsonl"
    assert ecs("ledger", story, "-o", path, "--set", "versions=2").out == f"wrote {path} (6 events)\n"
    by_image = rows(ecs("bill", path, "--until", "2026-02-14", "--by", "image", "--format", "json"))
    assert [(row["name"], round(row["list_cost"], 4)) for row in by_image] == [("golden-1", 1.2), ("golden-2", 1.2)]
    assert "has no end of its bill" in ecs("bill", path).err
    assert "is a ledger, which has no parameters" in ecs("bill", path, "--set", "versions=2").err


def test_any_name_that_is_shown_is_accepted(ecs, story: Path):
    by_name, by_id = (ecs("bill", story, "--explain", name).out for name in ("golden-1", "m-00000001"))
    assert by_name == by_id
    assert "did you mean golden-1" in ecs("bill", story, "--explain", "goldne-1").err


def test_only_the_largest_rows_are_shown_and_the_rest_is_summed(ecs, story: Path):
    found = rows(ecs("bill", story, "--by", "image", "--top", "1", "--set", "versions=3", "--format", "json"))
    assert [(row["x_image_id"], round(row["list_cost"], 4)) for row in found] == [
        ("m-00000001", 1.2),
        ("2 others", 2.4),
    ]


def test_subtotals_stand_below_each_value_of_the_first_column(ecs, story: Path):
    options = ("--by", "region,month", "--subtotals", "--set", "regions=cn-shanghai", "--format", "json")
    found = rows(ecs("bill", story, *options))
    assert [(row["region_id"], round(row["list_cost"], 4)) for row in found] == [
        ("cn-beijing", 0.68), ("cn-beijing", 0.52), ("cn-beijing, all", 1.2),
        ("cn-shanghai", 0.68), ("cn-shanghai", 0.52), ("cn-shanghai, all", 1.2),
    ]  # fmt: skip


@pytest.mark.parametrize("ending", [".md", ".html", ".csv", ".json"])
def test_the_ending_of_a_file_says_its_form(ecs, story: Path, tmp_path: Path, ending: str):
    path = tmp_path / f"bill{ending}"
    assert ecs("bill", story, "-o", path).code == 0
    begins = {".md": "**Versions**\n\n| month |", ".html": "<table", ".csv": "x_month,", ".json": "{"}[ending]
    assert path.read_text(encoding="utf-8").startswith(begins)


def test_a_workbook_keeps_numbers_and_evaluates_no_text(ecs, story: Path, tmp_path: Path):
    """Spreadsheets evaluate text that begins like a formula; an account may be called so."""
    named = STORY.replace("[acme]", '["=1+1"]').replace("account: acme", 'account: "=1+1"')
    story.write_text(named, encoding="utf-8")
    path = tmp_path / "bill.xlsx"
    assert ecs("bill", story, "--by", "account", "-o", path).code == 0
    (row,) = pd.read_excel(path).to_dict("records")
    assert row["billing_account_id"] == "'=1+1"
    assert row["list_cost"] == pytest.approx(1.2)


def test_a_picture_is_drawn_where_its_ending_is_asked_for(ecs, story: Path, tmp_path: Path):
    picture = tmp_path / "bill.png"
    said = ecs("bill", story, "-o", picture).out
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "snapshot_standard" in said
    assert f"chart: {picture}" in said


def test_money_in_a_file_can_be_rounded_and_begin_as_a_spreadsheet_wants(ecs, story: Path, tmp_path: Path):
    path = tmp_path / "bill.csv"
    ecs("bill", story, "-o", path, "--round", "--bom", "--until", "2026-01-22")
    # 10 GiB × 0.12 × 168 / 720 h = 0.28
    assert path.read_bytes().startswith(b"\xef\xbb\xbfx_month")
    assert path.read_text(encoding="utf-8-sig").splitlines()[1].endswith(",CNY,0.28")


def test_a_quiet_bill_is_its_table_alone(ecs, story: Path):
    assert "Assumptions" not in ecs("bill", story, "-q").out
    assert "total" not in ecs("bill", story, "-q").out
