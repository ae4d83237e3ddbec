"""The catalogue as tables and on the command line: what there is, what an hour costs, and how firm that is."""

from __future__ import annotations

import json

import pytest
from helpers import ROOT, read_csv

import ecs_images as ecs
from ecs_images.catalog import listing
from ecs_images.cli import main


def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """What a command prints; it must succeed."""
    monkeypatch.setattr("sys.argv", ["ecs-images", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    return capsys.readouterr().out


def fee(table, **where: str) -> tuple[float, str, str]:
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    row = table.iloc[0]
    return row["fee_per_hour"], row["fee_basis"], row["fee_source_date"]


@pytest.mark.parametrize(
    ("table", "declared", "rows"),
    [
        (ecs.images, listing.IMAGES, 561 + 4 + 197),
        (ecs.instance_types, listing.INSTANCE_TYPES, 173),
        (ecs.products, listing.PRODUCTS, 27),
        (ecs.regions, listing.REGIONS, 35),
        (ecs.rules, listing.RULES, 189),
    ],
)
def test_every_table_is_whole_and_as_declared(table, declared, rows) -> None:
    found = table()
    assert declared.check(found) is found
    assert len(found) == rows
    assert table()[found.columns[0]].is_unique


def test_what_contains_a_word_is_shown() -> None:
    assert set(ecs.images("UBUNTU_24_04")["os_version"]) == {"24.04"}
    assert list(ecs.regions("frankfurt")["region_id"]) == ["eu-central-1"]
    assert set(ecs.regions("mainland")["country"]) == {"CN"}
    assert set(ecs.products("wordpress")["os_family"]) <= {"Linux", "CentOS", "Ubuntu", "Alibaba Cloud Linux"}


@pytest.mark.parametrize("table", [ecs.images, ecs.instance_types, ecs.products, ecs.regions, ecs.rules])
def test_a_word_that_nothing_contains_is_told(table) -> None:
    with pytest.raises(ecs.InputError, match=r"none of the .* contains 'xyzzy'"):
        table("xyzzy")
    with pytest.raises(ecs.InputError, match="word is text"):
        table(5)


def test_a_licence_fee_stands_with_how_firm_it_is_and_its_date() -> None:
    """LIC-4: Red Hat 0.1041 a vCPU up to 8, 0.0781 from 9 on; SUSE 0.99 from 5 vCPU on; 16 × 0.0781 = 1.2496."""
    assert fee(ecs.images("rhel_9_4"), image_id="rhel_9_4") == (pytest.approx(0.2082), "official", "2026-05-27")
    large = ecs.images("rhel_9_4", instance_type="ecs.g7.4xlarge")
    assert fee(large, image_id="rhel_9_4")[0] == pytest.approx(1.2496)
    suse = ecs.images("sles_15_sp6", instance_type="ecs.c9a.3xlarge")
    assert fee(suse, image_id="sles_15_sp6") == (0.99, "official", "2026-05-27")


def test_a_fee_that_is_not_published_is_not_0() -> None:
    """LIC-2, LIC-3: Windows is free in the mainland; the fee elsewhere is published nowhere."""
    image = "win2022_21H2_x64_dtc_en-us_40G_alibase_20250817.vhd"
    assert fee(ecs.images(image), image_id=image)[:2] == (0, "official")
    amount, basis, _ = fee(ecs.images(image, region="cn-hongkong"), image_id=image)
    assert (amount != amount, basis) == (True, "not published")


def test_a_fee_may_be_asked_for_on_a_day() -> None:
    """LIC-1: SUSE was free until 2024-09-04, nobody knows until 2026-05-26, and 0.41 since with 2 vCPU."""
    name = "sles_15_sp6"
    assert fee(ecs.images(name, at="2019-08-27"), image_id=name)[:2] == (0, "official")
    assert fee(ecs.images(name, at="2024-09-04"), image_id=name)[:2] == (0, "official")
    assert fee(ecs.images(name, at="2024-09-05"), image_id=name)[1] == "not published"
    assert fee(ecs.images(name, at="2026-05-26"), image_id=name)[1] == "not published"
    assert fee(ecs.images(name, at="2026-05-27"), image_id=name)[0] == 0.41


def test_a_price_of_a_third_party_says_so() -> None:
    found = ecs.instance_types("ecs.c6.large", region="cn-beijing")
    assert fee(found, instance_type="ecs.c6.large") == (0.39, "third party", "2024-10-09")


def test_a_type_or_id_that_is_not_listed_is_read() -> None:
    (row,) = ecs.instance_types("ecs.c9a.3xlarge").to_dict("records")
    assert (row["vcpus"], row["memory_gib"], row["status"]) == (12, 24, "read from its name")
    (row,) = ecs.images("ubuntu_22_04_x64_20G_alibase_20221130.vhd").to_dict("records")
    assert (row["system_disk_gib"], row["known_since"], row["status"]) == (20, "2022-11-30", "read")


def test_fees_need_a_type_of_known_size() -> None:
    with pytest.raises(ecs.InputError, match=r"ecs\.n1\.medium does not tell its vCPUs"):
        ecs.images("rhel", instance_type="ecs.n1.medium")
    with pytest.raises(ecs.UnknownName, match="unknown region"):
        ecs.images("rhel", region="cn-hangzou")


def test_the_rules_of_a_day_that_are_not_those_of_today() -> None:
    """UNK-18: of nine rules that changed, four were the older on 2021-06-01, and five are in doubt."""
    found = ecs.changed_rules("2021-06-01").set_index("key")["that_day"]
    dated = {row["key"]: row for row in read_csv(ROOT / "data" / "dated_rules.csv")}
    assert found.to_dict() == {
        key: "older" if row["older_last_seen"] >= "2021-06-01" else "in doubt" for key, row in dated.items()
    }
    assert len(ecs.changed_rules("2026-07-16")) == 0


@pytest.mark.parametrize(
    ("words", "row"),
    [
        (("images", "rhel_9_4", "--type", "ecs.g7.4xlarge"), "1.2496 CNY, official 2026-05-27"),
        (("images", "win2022_21H2", "--region", "cn-hongkong"), "not published"),
        (("types", "ecs.c6.large", "--region", "cn-beijing"), "0.39 CNY, third party 2024-10-09"),
        (("types", "ecs.c9a.large"), "read from its name"),
        (("products", "lamp"), "not published"),
        (("regions", "mumbai"), "2024-07-15"),
        (("rules", "--at", "2021-06-01"), "in doubt"),
        (("rules", "--at", "2026-10-01"), "all rules were on 2026-10-01 what they are today"),
    ],
)
def test_the_command_line_shows_the_catalogue(capsys, monkeypatch, words, row) -> None:
    assert row in printed(capsys, monkeypatch, *words)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["images", "types", "products", "regions"])
def test_every_listing_has_every_column_as_csv_and_json(capsys, monkeypatch, tmp_path, command) -> None:
    table = {"images": ecs.images, "types": ecs.instance_types, "products": ecs.products, "regions": ecs.regions}
    columns = list(table[command]().columns)
    assert printed(capsys, monkeypatch, command, "--format", "csv").splitlines()[0].split(",") == columns
    assert list(json.loads(printed(capsys, monkeypatch, command, "--format", "json"))[0]) == columns
    path = tmp_path / "out.parquet"
    printed(capsys, monkeypatch, command, "--format", "parquet", "-o", str(path))
    assert path.stat().st_size > 0


@pytest.mark.parametrize(
    "words",
    [
        ("images", "xyzzy"),
        ("images", "--type", "ecs.g6.lrge"),
        ("images", "--currency", "EUR"),
        ("images", "--at", "yesterday"),
        ("types", "ecs.g6.lrge"),
        ("rules", "SHARE-1", "--at", "2021-06-01"),
        ("rules", "--at", "never"),
    ],
)
def test_a_wrong_question_is_one_sentence_and_exit_code_2(capsys, monkeypatch, words) -> None:
    monkeypatch.setattr("sys.argv", ["ecs-images", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")
