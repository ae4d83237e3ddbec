"""`ecs-images account`: the page, one table of it, an explanation, a plan, and one file for a phone."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecs_images.catalog.files import data_path
from ecs_images.cli import main

GIB = 1 << 30
SNAPSHOT = {"SourceDiskId": "d-1", "SnapshotLinkId": "sl-1", "Status": "accomplished", "Usage": "image"}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Two images of a family over a chain of 15 GiB in Beijing, as the service answers; instances are missing."""
    place = tmp_path / "saved" / "cn-beijing" / "2026-06-01"
    place.mkdir(parents=True)
    images = [
        {
            "ImageId": f"m-{k}",
            "ImageName": f"web-v{k}",
            "ImageOwnerAlias": "self",
            "ImageFamily": "web",
            "CreationTime": f"2026-05-0{k}T00:00:00Z",
            "DiskDeviceMappings": {"DiskDeviceMapping": [{"Device": "/dev/xvda", "SnapshotId": f"s-{k}"}]},
        }
        for k in (1, 2)
    ]
    snapshots = [
        SNAPSHOT
        | {"SnapshotId": f"s-{k}", "CreationTime": f"2026-05-0{k}T00:00:00Z", "FullSnapshotSizeInBytes": 12 * GIB}
        for k in (1, 2)
    ]
    links = [{"SnapshotLinkId": "sl-1", "SourceDiskId": "d-1", "TotalSize": 15 * GIB, "TotalCount": 2}]
    answers: dict[str, Any] = {
        "images": {"TotalCount": 2, "Images": {"Image": images}},
        "snapshots": {"TotalCount": 2, "Snapshots": {"Snapshot": snapshots}},
        "links": {"TotalCount": 1, "SnapshotLinks": {"SnapshotLink": links}},
        "disks": {"TotalCount": 0, "Disks": {"Disk": []}},
    }
    for name, answer in answers.items():
        (place / f"{name}.json").write_text(json.dumps(answer | {"RequestId": "r"}))
    return tmp_path / "saved"


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Gives the command `account` some arguments; returns its exit code, its output and its errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ecs-images", "account", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def test_the_page_has_totals_the_dearest_findings_and_what_is_missing(ecs: Any, saved: Path) -> None:
    code, out, err = ecs(saved)
    assert code == 0, err
    heads = ["The next 30 days", "The dearest", "Findings", "What is missing"]
    assert [head for head in heads if head in out] == heads
    assert "aliyun ecs DescribeInstances --RegionId cn-beijing" in out


@pytest.mark.slow
def test_what_is_proved_unused_stands_before_what_is_not_known_and_in_use(ecs: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    _code, out, _err = ecs(data_path("accounts/shop/inventory"))
    places = [out.index(verdict) for verdict in ("proved unused: ", "cannot be known from here: ", "in use: ")]
    assert places == sorted(places)
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.slow
def test_money_stands_as_share_and_as_range_in_json(ecs: Any, saved: Path) -> None:
    """Each image has half of the chain, and deleting it frees 3 of its 15 GiB."""
    _code, out, _err = ecs(saved, "--format", "json")
    page = json.loads(out)
    total = page["totals"][0]["list_cost"]
    for row in page["costs"]:
        assert row["list_cost"] == pytest.approx(total / 2)
        assert row["x_freed_low_cost"] == pytest.approx(total / 5)
        assert row["x_freed_high_cost"] == pytest.approx(total / 5)


def test_an_explanation_says_what_is_known_and_what_would_settle_the_rest(ecs: Any, saved: Path) -> None:
    _code, out, _err = ecs(saved, "--explain", "m-1")
    assert "full size 12.000 GiB, in the chain sl-1 of 15.000 GiB" in out
    assert "its snapshots stay (DEL-5)" in out
    assert "what would settle it: aliyun ecs DescribeInstances" in out


@pytest.mark.slow
def test_an_image_is_explained_by_its_name_too(ecs: Any, saved: Path) -> None:
    assert ecs(saved, "--explain", "web-v1") == ecs(saved, "--explain", "m-1")


def test_the_name_of_several_images_is_refused_with_their_ids(ecs: Any, saved: Path) -> None:
    path = next(saved.rglob("images.json"))
    path.write_text(path.read_text().replace("web-v2", "web-v1"))
    code, out, err = ecs(saved, "--explain", "web-v1")
    assert (code, out) == (2, "")
    assert "is the name of m-1 in cn-beijing, m-2 in cn-beijing; say which by its id" in " ".join(err.split())


@pytest.mark.slow
def test_a_plan_holds_back_what_incomplete_lists_cannot_tell_and_runs_nothing(ecs: Any, saved: Path) -> None:
    _code, out, _err = ecs(saved, "--clean", "newest 1 per family", "--table", "decisions", "--format", "csv")
    assert "m-1,web-v1,cn-beijing,held back" in out
    _, script, _ = ecs(saved, "--clean", "newest 1 per family", "--commands")
    assert script.startswith("# Nothing here was run")


@pytest.mark.slow
def test_the_page_as_html_is_one_file_that_needs_nothing_else(ecs: Any, saved: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    code, _out, err = ecs(saved, "--html", page, "--chart", tmp_path / "dearest.svg")
    assert code == 0, err
    text = page.read_text(encoding="utf-8")
    assert 'name="viewport"' in text
    assert "http" not in text
    assert "<script" not in text
    assert (tmp_path / "dearest.svg").read_text(encoding="utf-8").count("<svg") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--table", "costz"], "did you mean costs"),
        (["--table", "steps"], "a plan needs a policy"),
        (["--explain", "m-1", "--top", "3"], "leave --top out"),
        (["--explain", "m-1", "--format", "json"], "leave --format out"),
        (["--explain", "m-1", "--clean", "anything in use"], "leave --clean out"),
        (["--table", "findings", "--by", "family"], "leave --by out"),
        (["--table", "costs", "--top", "3"], "leave --top out"),
        (["--format", "csv", "--top", "3", "--clean", "anything in use"], "leave --clean and --top out"),
        (["--clean", "all"], "is no rule of what to keep"),
        (["--explain", "m-9"], "unknown image or snapshot of this account 'm-9'"),
        (["--explain", "m-1", "--html", "x.html"], "leave --html out"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(ecs: Any, saved: Path, options: list[str], said: str) -> None:
    code, _out, err = ecs(saved, *options)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_json_stays_json_when_the_page_is_also_written_to_a_file(ecs: Any, saved: Path, tmp_path: Path) -> None:
    code, out, _err = ecs(saved, "--format", "json", "--html", tmp_path / "page.html")
    assert code == 0
    assert "title" in json.loads(out)
    assert (tmp_path / "page.html").exists()


def test_the_lines_of_a_plan_go_to_a_file_of_any_ending(ecs: Any, saved: Path, tmp_path: Path) -> None:
    code, _out, _err = ecs(saved, "--clean", "anything in use", "--commands", "-o", tmp_path / "clean.sh")
    assert code == 0
    assert (tmp_path / "clean.sh").read_text(encoding="utf-8").startswith("# Nothing here was run.")
