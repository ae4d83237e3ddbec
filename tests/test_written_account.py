"""A whole account written to a folder: by the command, and the sample account that travels with the package."""

from __future__ import annotations

from pathlib import Path

import pytest

import ecs_images as ecs
from ecs_images.accounts.bill_files import read_bill
from ecs_images.accounts.inventory import Inventory
from ecs_images.accounts.reconcile import reconcile
from ecs_images.accounts.written_account import write_account
from ecs_images.catalog.files import data_path
from ecs_images.cli import main
from ecs_images.stories.story import Story

SAMPLE = ecs.sample("shop")
SHOP, LAB = "1000000000000001", "1000000000000002"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def sample() -> Inventory:
    return Inventory.read(SAMPLE / "inventory")


@pytest.mark.slow
def test_the_sample_account_is_what_its_story_writes(tmp_path: Path) -> None:
    run = Story.load(data_path("accounts/shop.yaml")).run()
    found = write_account(run.cloud, tmp_path / "shop", accounts=["shop", "lab"])
    assert found.unpriced.empty
    written, kept = contents(tmp_path / "shop"), contents(SAMPLE)
    assert written.keys() == kept.keys()
    assert [name for name in kept if written[name] != kept[name]] == []


def test_the_sample_has_sixty_images_of_two_accounts_in_four_regions(sample: Inventory) -> None:
    images = sample.images[sample.images["taken_at"] == sample.now]
    own = images[images["owner_alias"] == "self"]
    assert len(own) == 60
    assert set(images["account_id"]) == {SHOP, LAB}
    assert set(own["region_id"]) == {"cn-beijing", "cn-hangzhou", "cn-shanghai", "ap-southeast-1"}
    assert set(sample.coverage["state"]) == {"complete"}


def test_the_sample_is_small() -> None:
    assert sum(map(len, contents(SAMPLE).values())) < 3_000_000


def test_five_deleted_versions_left_their_snapshots_behind(sample: Inventory) -> None:
    """golden-1 to golden-4 and golden-6 were deleted; the builder's chain has a snapshot of each of 26 versions."""
    disks = sample.image_disks[sample.image_disks["taken_at"] == sample.now]
    disks = disks.merge(sample.images, on=["account_id", "image_id"])
    newest = disks.loc[(disks["name"] == "golden-26") & (disks["region_id_x"] == "cn-beijing"), "snapshot_id"].item()
    snapshots = sample.snapshots.set_index("snapshot_id")
    chain = snapshots[snapshots["chain_id"] == snapshots.loc[newest, "chain_id"]]
    assert len(chain) == 26
    assert len(chain.index.difference(disks["snapshot_id"])) == 5


@pytest.mark.slow
def test_older_lists_of_images_show_what_left_them_behind(sample: Inventory) -> None:
    findings = sample.findings()
    left = findings[findings["x_kind"] == "left_behind"]
    assert len(left) == 5


def test_a_partner_whose_answers_nobody_saved_is_seen_only_as_a_receiver(sample: Inventory) -> None:
    assert set(sample.shares["with_account_id"]) == {LAB, "1000000000000003"}


@pytest.mark.slow
def test_the_samples_bill_is_explained_to_the_last_digit(sample: Inventory) -> None:
    """By the hour where the service still has the hours, which is the last thirty days."""
    found = reconcile(sample, read_bill(SAMPLE / "bill"))
    storage = found.table[(found.table["meter"] == "snapshot_standard") & (found.table["day"] >= "2026-10-02")]
    assert len(storage) == 30 * 5
    assert set(storage["unexplained"]) == {"0"}
    assert set(storage["basis"]) == {"hours"}


@pytest.mark.slow
def test_the_samples_story_explains_its_bill_all_year() -> None:
    run = Story.load(data_path("accounts/shop.yaml")).run()
    found = reconcile(run, read_bill(SAMPLE / "bill"))
    assert set(found.table["unexplained"]) == {"0"}
    assert set(found.causes["cause"]) <= {"rounding", "round-down"}


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.yaml"
    path.write_text(
        "start: 2026-01-15\nuntil: 2026-01-20\naccounts: [acme]\nsteps:\n"
        "  - run_instance: {as: web, account: acme, region: cn-beijing, image: aliyun_3, written: 12}\n"
        "  - create_image: {as: v1, account: acme, instance: web, name: golden-v1}\n"
    )
    return path


def command(monkeypatch: pytest.MonkeyPatch, *words: object) -> object:
    """How the command line ends."""
    monkeypatch.setattr("sys.argv", ["ecs-images", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_the_command_writes_a_story(story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(monkeypatch, "account", "--from", story, "-o", tmp_path / "out", "--taken", "2026-01-18") == 0
    assert Inventory.read(tmp_path / "out" / "inventory").images["name"].tolist() == ["golden-v1"]
    assert sorted(set(read_bill(tmp_path / "out" / "bill").lines["day"])) == ["2026-01-15", "2026-01-16", "2026-01-17"]
    assert "1000000000000001" in (tmp_path / "out" / "focus" / "focus.csv").read_text()


@pytest.mark.parametrize(
    ("more", "words"),
    [(["--top", "3"], "leave --top out"), (["somewhere"], "leave places out"), ([], "name it with -o FOLDER")],
)
def test_what_has_no_effect_on_writing_is_refused(
    more: list[str],
    words: str,
    story: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = ["-o", tmp_path / "out"] if more else []
    assert command(monkeypatch, "account", "--from", story, *out, *more) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_with_files_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    cloud = ecs.Cloud(start="2026-01-15")
    cloud.account("acme")
    cloud.at("2026-01-16")
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ecs.InputError, match="is not empty"):
        write_account(cloud, tmp_path)
    assert contents(tmp_path) == {"mine.txt": b"mine"}


def test_an_account_that_is_not_there_is_refused(tmp_path: Path) -> None:
    cloud = ecs.Cloud(start="2026-01-15")
    cloud.account("acme")
    cloud.at("2026-01-16")
    with pytest.raises(ecs.UnknownName, match="acme"):
        write_account(cloud, tmp_path, accounts=["acne"])
    assert contents(tmp_path) == {}
