"""The provider's own worked examples, told as stories, and that `check` would notice if one came out differently."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import ROOT

from ecs_images.stories import check as expectations
from ecs_images.stories.lined_yaml import read_yaml
from ecs_images.stories.story import Story

STORIES = ROOT / "data" / "stories"
OFFICIAL = STORIES / "official"
EVERY_STORY = sorted(STORIES.rglob("*.yaml"))
TOLD = {
    "SNAP-EX-3", "SNAP-EX-5", "SNAP-EX-9", "CHAIN-EX-1", "CHAIN-EX-2", "CHAIN-EX-4", "FAM-EX-1", "LIC-EX-2",
    "CREATE-2", "IMP-6", "DEL-5", "COPY-10", "SHARE-9", "STATUS-4", "TYPE-3", "IBILL-4",
}  # fmt: skip
NOT_TOLD = ("SNAP-EX-3b", "ARCV-EX-1", "ARCV-EX-2", "AUTO-EX-1", "SCU-EX-1", "SCU-EX-4", "SCU-EX-5")


def relative(path: Path) -> str:
    return path.relative_to(STORIES).as_posix()


def check(path: Path) -> list[expectations.Outcome]:
    story = Story.load(path)
    return expectations.check(story, story.run())


def run_check(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ecs_images.cli", "check", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize("path", EVERY_STORY, ids=relative)
def test_a_story_comes_out_as_it_expects(path: Path):
    outcomes = check(path)
    assert outcomes, "a story expects something, or foresees a refusal"
    assert [outcome for outcome in outcomes if not outcome.passed] == []


@pytest.mark.parametrize("path", EVERY_STORY, ids=relative)
def test_a_story_has_a_title_an_end_and_if_it_is_official_a_dated_source(path: Path):
    top = read_yaml(path).plain()
    assert str(top["title"]).strip()
    assert "until" in top
    if path.is_relative_to(OFFICIAL):
        assert any(str(year) in top["source"] for year in range(2017, 2027)), top["source"]


@pytest.mark.parametrize("path", sorted(OFFICIAL.glob("*.yaml")), ids=relative)
def test_an_official_amount_is_held_to_a_ten_millionth(path: Path):
    """An amount computed by hand is not asserted with the generous default."""
    for item in read_yaml(path).plain()["expect"]:
        if {"cost", "detail", "paid"} & set(item):
            assert item["within"] <= 0.0000001, item


@pytest.mark.slow
def test_every_official_example_is_told_or_its_absence_explained():
    titles = [Story.load(path).title for path in OFFICIAL.glob("*.yaml")]
    for example in TOLD:
        assert any(title.startswith(f"{example},") for title in titles), example
    readme = (OFFICIAL / "README.md").read_text(encoding="utf-8")
    for example in NOT_TOLD:
        assert example in readme


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "instead"),
    [
        ("cost: 0.6716668", "0.671666667"),
        ("detail: 0.671", "0.672"),
        ("paid: 0.68", "0.67"),
        ("stored_gib: 311", "310"),
    ],
)
def test_a_story_whose_expectation_is_a_little_off_is_told_so(tmp_path: Path, wrong: str, instead: str):
    """SNAP-EX-3 with one figure changed, once for each kind of figure."""
    kind, figure = wrong.split(": ")
    text = (OFFICIAL / "snap_ex_3_mainland_day.yaml").read_text(encoding="utf-8")
    lines = text.splitlines()
    (number,) = [n for n, line in enumerate(lines) if f"{kind}: 0.67" in line or f"{kind}: 310" in line]
    old = lines[number].partition(f"{kind}: ")[2].partition(",")[0].partition("}")[0]
    lines[number] = lines[number].replace(f"{kind}: {old}", wrong)
    path = tmp_path / "wrong.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    (failed,) = [outcome for outcome in check(path) if not outcome.passed]
    assert (failed.line, failed.instead) == (number + 1, instead)
    assert figure in failed.what


@pytest.mark.slow
def test_check_ends_with_1_and_names_the_line_that_failed(tmp_path: Path):
    path = tmp_path / "wrong.yaml"
    path.write_text(
        "start: 2026-01-15\nuntil: 2026-02-14\naccounts: [acme]\nsteps:\n"
        "  - import_image: {account: acme, region: cn-beijing, file: 10}\n"
        "expect:\n"
        "  - {stored_gib: 10}\n"
        "  - {cost: 1.21}\n",
        encoding="utf-8",
    )
    ended = run_check(path)
    assert ended.returncode == 1
    assert ended.stderr == ""
    (failed,) = [line for line in ended.stdout.splitlines() if "FAILED" in line]
    cells = [cell.strip() for cell in failed.split("│")]
    # 10 GiB x 0.12 for 720 hours
    assert cells[2:6] == ["8", "FAILED", "cost 1.21", "1.2"]
    assert "2 expectations in 1 story, 1 failed" in ended.stdout


@pytest.mark.slow
def test_check_ends_with_0_for_an_official_story():
    ended = run_check(OFFICIAL / "snap_ex_3_mainland_day.yaml")
    assert ended.returncode == 0, ended.stderr
    assert "FAILED" not in ended.stdout
    assert "7 expectations in 1 story, 0 failed" in ended.stdout
