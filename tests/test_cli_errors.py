"""The command line told something wrong: exit code 2, words on the error channel, and no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import ROOT

from ecs_images.cli import main

STORY = """\
start: 2026-01-15
until: 2026-02-14
accounts: [acme, globex]
steps:
  - import_image: {as: golden, account: acme, region: cn-beijing, file: 10}
"""
SHOP = "  - run_instance: {account: acme, region: cn-beijing, image: cmjj028448}\n"


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Gives the command line wrong arguments in a folder with story.yaml; gives what it says of them."""
    (tmp_path / "story.yaml").write_text(STORY, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["ecs-images", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert ended.value.code == 2
        assert printed.out == ""
        assert printed.err.startswith("error: ")
        assert printed.err.endswith("\n")
        assert "Traceback" not in printed.err
        return printed.err.removeprefix("error: ").removesuffix("\n")

    return run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("bill nowhere.yaml", "nowhere.yaml: cannot be read as a story or a ledger (No such file or directory)"),
        ("app nowhere.yaml", "nowhere.yaml: cannot be read as a story (No such file or directory)"),
        ("app story.yaml --image goldn", "'goldn'"),
        ("bill folder", "folder is a folder, and a story or a ledger is a file"),
        ("bill story.yaml --by month,metre", "unknown dimension 'metre'; did you mean meter"),
        (
            "bill story.yaml --by image,item",
            "image goes with month, day, account, region, meter and currency, not with item",
        ),
        ("bill story.yaml --invoice --by month", "each show a table of their own; choose one"),
        ("bill story.yaml --invoice --explain golden", "each show a table of their own; choose one"),
        ("bill story.yaml --until soon", "until 'soon' cannot be read; write it like 2026-01-15"),
        ("bill story.yaml --until 2026-01-15", "until 2026-01-15 must be after 2026-01-15"),
        ("bill story.yaml --explain goldn", "'goldn'"),
        ("bill story.yaml --chart cost.jpg", "cost.jpg: a chart is written to a .png, .svg or .pdf file"),
        ("bill story.yaml --chart cost", "cost: a chart is written to a .png, .svg or .pdf file"),
        ("bill story.yaml --chart none/cost.png", "none/cost.png: cannot be written (No such file or directory)"),
        ("bill story.yaml -o none/bill.csv", "none/bill.csv: cannot be written (No such file or directory)"),
        ("bill story.yaml -o folder --format csv", "folder: cannot be written (Is a directory)"),
        ("bill story.yaml -o folder --format json", "folder: cannot be written (Is a directory)"),
        ("bill story.yaml -o folder --format parquet", "folder: cannot be written (Is a directory)"),
        ("bill story.yaml --prices nowhere.csv", "nowhere.csv: cannot be read"),
        ("prices --meter snapshot_standart", "unknown meter 'snapshot_standart'"),
        ("prices --region cn-bejing", "unknown region 'cn-bejing'; did you mean cn-beijing"),
        ("prices --currency EUR", "unknown currency 'EUR'; known: CNY, USD"),
        ("prices --prices folder", "folder: cannot be read"),
        ("bil story.yaml", "unknown command 'bil'; did you mean bill?"),
        ("rules SHARE-99", "unknown rule 'SHARE-99'; did you mean SHARE-"),
        ("rules -o folder --format csv", "folder: cannot be written (Is a directory)"),
    ],
)
def test_a_wrong_argument_is_told_in_one_line(wrong, arguments: str, message: str):
    said = wrong(*arguments.split())
    assert message in said
    assert "\n" not in said


@pytest.mark.parametrize("command", ["bill", "check"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("steps: [", "line 1: this is not YAML"),
        (STORY.replace("cn-beijing", "cn-bejing"), "line 5: unknown region 'cn-bejing'; did you mean cn-beijing"),
        (STORY.replace("file: 10", "file: 100"), "line 5: import_image is refused. InvalidImageSize"),
        (STORY.replace("file: 10", "file: 10, system_disk: 40.5"), "line 5: import_image is refused"),
        (STORY + "prices: none.csv\n", "line 6: no price file 'none.csv' beside the story"),
    ],
)
def test_a_wrong_story_is_told_with_its_name_and_line(wrong, command: str, text: str, words: str):
    Path("bad.yaml").write_text(text, encoding="utf-8")
    said = wrong(command, "bad.yaml")
    assert said.startswith("bad.yaml: 1 problem; nothing was loaded\n")
    assert words in said
    assert said.count("\n") == 1


def test_a_story_without_an_end_must_be_told_one(wrong):
    Path("story.yaml").write_text(STORY.replace("until: 2026-02-14\n", ""), encoding="utf-8")
    assert wrong("bill", "story.yaml") == "story.yaml has no end of its bill; add until: to a story, or use --until"


def test_a_missing_price_names_meter_region_and_date(wrong):
    Path("story.yaml").write_text(STORY + SHOP, encoding="utf-8")
    said = wrong("bill", "story.yaml", "--strict")
    for word in ("marketplace_fee", "cmjj028448", "cn-beijing", "2026-01-15", "CNY"):
        assert word in said
    assert "\n" not in said


def test_an_expectation_about_a_missing_price_is_told_with_its_line(wrong):
    Path("story.yaml").write_text(STORY + SHOP + "expect:\n  - {cost: 1}\n", encoding="utf-8")
    said = wrong("check", "story.yaml")
    assert "line 8: no CNY price for marketplace_fee of cmjj028448 in cn-beijing on 2026-01-15" in said


def test_a_bill_is_not_made_of_a_story_whose_refusal_did_not_come(wrong):
    more = "  - {delete_image: {account: acme, image: golden}, refused: ImageUseShared}\n"
    Path("story.yaml").write_text(STORY + more, encoding="utf-8")
    said = wrong("bill", "story.yaml")
    assert said.startswith("story.yaml, line 6: expected that delete_image is refused with ImageUseShared, but it was")


def test_a_bill_in_two_currencies_is_shown_but_not_drawn(monkeypatch, capsys, tmp_path: Path):
    text = STORY.replace("[acme, globex]", "{acme: china, globex: international}")
    more = "  - import_image: {account: globex, region: cn-hangzhou, file: 10}\n"
    monkeypatch.chdir(tmp_path)
    Path("story.yaml").write_text(text + more, encoding="utf-8")
    code, out, err = run(monkeypatch, capsys, "bill", "story.yaml", "--chart", "cost.png")
    assert (code, "USD" in out) == (2, True)
    assert err.startswith("error: a total over CNY and USD has no meaning")
    assert not Path("cost.png").exists()


def test_a_story_that_cannot_be_read_does_not_hide_the_others(monkeypatch, capsys, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    Path("story.yaml").write_text(STORY, encoding="utf-8")
    code, out, err = run(monkeypatch, capsys, "check", "nowhere.yaml", "story.yaml")
    assert (code, "story.yaml" in out) == (2, True)
    assert err == "error: nowhere.yaml: cannot be read as a story or a ledger (No such file or directory)\n"


def run(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    """The exit code, output and errors of a command."""
    monkeypatch.setattr("sys.argv", ["ecs-images", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    said = capsys.readouterr()
    return caught.value.code, said.out, said.err


def test_an_empty_bill_is_not_drawn(wrong):
    text = STORY.partition("steps:")[0] + "steps:\n  - run_instance: "
    Path("story.yaml").write_text(text + "{account: acme, region: cn-beijing, image: aliyun_3}\n", encoding="utf-8")
    assert wrong("bill", "story.yaml", "--chart", "cost.png") == "there is nothing to draw: the bill is empty"


def test_every_problem_of_a_price_layer_is_told(wrong):
    Path("mine.csv").write_text("meter,price\nsnapshot_standard,cheap\n", encoding="utf-8")
    assert "mine.csv" in wrong("bill", "story.yaml", "--prices", "mine.csv")


@pytest.mark.parametrize("arguments", ["bill", "bill story.yaml --format xml", "prices --metre x"])
def test_a_command_that_does_not_exist_is_refused_with_its_usage(monkeypatch, capsys, arguments: str):
    monkeypatch.setattr(sys, "argv", ["ecs-images", *arguments.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert printed.out == ""
    assert "Usage:" in printed.err
    assert "Traceback" not in printed.err


@pytest.mark.slow
def test_as_a_program_it_ends_with_2_and_one_line_of_words(tmp_path: Path):
    """The same from outside, where a traceback would be seen."""
    ended = subprocess.run(
        [sys.executable, "-m", "ecs_images.cli", "bill", str(tmp_path / "none.yaml")],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert (
        ended.stderr
        == f"error: {tmp_path / 'none.yaml'}: cannot be read as a story or a ledger (No such file or directory)\n"
    )
