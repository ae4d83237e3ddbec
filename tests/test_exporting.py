"""Exports: who may write an image to files, where the files go, what they cost, what becomes of them."""

from __future__ import annotations

import pytest
from helpers import BEIJING, HANGZHOU, golden_image, machine, refused, stored_gib, unusable

from ecs_images import Account, Cloud, Ledger, PriceNotFound, Prices, bill

SHANGHAI = "cn-shanghai"


def costs(cloud: Cloud, until: str, prices: Prices | None = None) -> dict[tuple[str, str], float]:
    """What a cloud costs by region and meter."""
    table = bill(cloud, until=until, prices=prices).by("region", "meter")
    return {(row.region_id, row.sku_meter): row.list_cost for row in table.itertuples()}


def test_an_export_is_free_and_its_files_are_billed_until_they_are_deleted(cloud: Cloud, acme: Account) -> None:
    """EXP-1, EXP-3 (R: Export a custom image 2021-04-26): 12 GiB for 10 days at 0.12 a 30 days."""
    cloud.at("2026-02-01")
    files = acme.export_image(golden_image(acme))
    assert (cloud.files(files).region, cloud.files(files).total_bytes) == (BEIJING, 12 << 30)
    cloud.at("2026-02-11")
    acme.delete_files(files)
    found = costs(cloud, "2026-03-03")
    assert found == {
        (BEIJING, "oss_standard_lrs_storage"): pytest.approx(12 * 0.12 / 30 * 10),
        (BEIJING, "snapshot_standard"): pytest.approx(12 * 0.12),
    }


def test_files_left_in_a_bucket_outlive_the_image(cloud: Cloud, acme: Account) -> None:
    """EXP-3: deleting the image and its snapshot ends neither the files nor their fee, as with DEL-5."""
    cloud.at("2026-02-01")
    image = golden_image(acme)
    files = acme.export_image(image)
    acme.delete_image(image)
    acme.delete_snapshot(cloud.image(image).system_snapshot)
    made = bill(cloud, until="2026-03-03")
    assert made.total() == pytest.approx(12 * 0.12)
    assert made.explain(files).total == pytest.approx(12 * 0.12)
    assert "oss_standard_lrs_storage" in str(made.explain(image))


def test_files_reach_another_region_by_replication_and_become_an_image_there(cloud: Cloud, acme: Account) -> None:
    """IMP-1, IMP-6, EXP-3: 12 GiB sent once at 0.5; the import is billed as its file, 12 GiB."""
    cloud.at("2026-02-01")
    files = acme.export_image(golden_image(acme, data_disks=[{"size": 50, "written": 3}]))
    there = acme.replicate_files(files, to=SHANGHAI)
    image = cloud.image(acme.import_image(region=SHANGHAI, file=there))
    for which in (files, there):
        acme.delete_files(which)
    assert (image.size_gib, image.made_from, image.source, image.region) == (40, "import", there, SHANGHAI)
    assert [(m.kind, m.size_gib) for m in image.mappings] == [("system", 40), ("data", 50)]
    assert stored_gib(cloud) == 2 * (12 + 3)
    # Deleted at once, the files lay nowhere for any time.
    assert costs(cloud, "2026-03-03") == {
        (BEIJING, "oss_cross_region_replication"): pytest.approx(15 * 0.5),
        (BEIJING, "snapshot_standard"): pytest.approx(15 * 0.12),
        (SHANGHAI, "snapshot_standard"): pytest.approx(15 * 0.12),
    }


def test_where_the_files_came_from_is_told(cloud: Cloud, acme: Account) -> None:
    image = golden_image(acme)
    files = acme.export_image(image)
    there = acme.replicate_files(files, to=SHANGHAI)
    imported = acme.import_image(region=SHANGHAI, file=there)
    steps = cloud.lineage(imported)
    found = list(zip(steps["x_source"], steps["x_relation"], steps["x_target"], strict=True))[-3:]
    assert found == [(image, "exported to", files), (files, "copied to", there), (there, "made from", imported)]


def test_with_typical_durations_an_export_takes_its_time_and_the_image_stays(acme: Account) -> None:
    """EXP-3, ASSUME-5: half a minute a GiB; the image is Available meanwhile, and cannot be deleted."""
    cloud = Cloud(start="2026-02-01", durations="typical")
    acme = cloud.account("acme")
    web = machine(acme)
    image = acme.create_image(web)
    cloud.wait(image)
    files = acme.export_image(image)
    assert cloud.image(image).status == "Available"
    with refused(cloud, "ImageIsExporting", operation="DeleteImage"):
        acme.delete_image(image, force=True)
    with refused(cloud, "ImageIsExporting", operation="ExportImage"):
        acme.export_image(image)
    with refused(cloud, "InvalidOSSObject.NotFound", operation="ImportImage"):
        acme.import_image(region=BEIJING, file=files)
    with refused(cloud, "NoSuchKey"):
        acme.replicate_files(files, to=SHANGHAI)
    cloud.wait(files)
    assert f"{cloud.now:%H:%M}" == "00:12"
    there = acme.replicate_files(files, to=SHANGHAI)
    cloud.wait(there)
    assert f"{cloud.now:%H:%M}" == "00:18"
    # Written in the first hour, the files of both regions are billed from it on.
    found = costs(cloud, "2026-02-01T02:00")
    assert found[BEIJING, "oss_standard_lrs_storage"] == pytest.approx(12 * 0.12 / 720 * 2)
    assert found[SHANGHAI, "oss_standard_lrs_storage"] == pytest.approx(12 * 0.12 / 720 * 2)


def test_images_that_are_not_all_one_s_own_are_not_exported(cloud: Cloud, acme: Account, partner: Account) -> None:
    """EXP-2, MKT-7, SHARE-7, COMM-1: marketplace, shared and community images stay where they are."""
    with refused(cloud, "ImageNotSupported") as caught:
        acme.export_image("cmjj027560")
    assert caught.value.http_status == 403
    derived = golden_image(acme, image="cmjj027560")
    with refused(cloud, "ImageNotSupported") as caught:
        acme.export_image(derived)
    assert caught.value.http_status == 400
    image = golden_image(acme, name="golden")
    acme.share_image(image, with_accounts=[partner])
    with refused(cloud, "InvalidImageId.NotFound", operation="ExportImage"):
        partner.export_image(image)
    community = golden_image(acme, name="everyones")
    acme.publish_image(community)
    with refused(cloud, "ImageNotSupported"):
        acme.export_image(community)


def test_encrypted_images_and_those_under_a_licence_are_not_exported(cloud: Cloud, acme: Account) -> None:
    """EXP-2."""
    image = golden_image(acme)
    locked = acme.copy_image(image, to=HANGZHOU, encrypted=True)
    windows = acme.import_image(region=BEIJING, file=20, platform="Windows", licence_type="BYOL")
    red_hat = golden_image(acme, image="rhel_9")
    with refused(cloud, "ImageNotSupported"):
        acme.export_image(locked)
    for licensed in (windows, red_hat):
        with refused(cloud, "InvalidImageLicense.NotSupported"):
            acme.export_image(licensed)


@pytest.mark.parametrize(("disks", "fits"), [([500] * 4, True), ([1] * 5, False), ([501], False)])
def test_an_export_holds_four_data_disks_of_five_hundred_gib_each(
    cloud: Cloud, acme: Account, disks: list[int], fits: bool
) -> None:
    """EXP-2 (R: ExportImage 2021-04-01)."""
    image = golden_image(acme, data_disks=[{"size": max(size, 20), "written": 1} for size in disks])
    if fits:
        assert len(cloud.files(acme.export_image(image)).parts) == 5
    else:
        with refused(cloud, "InvalidImage.DiskAmountOrSize"):
            acme.export_image(image)


def test_only_an_available_image_is_exported(cloud: Cloud, acme: Account) -> None:
    """EXP-2."""
    image = golden_image(acme)
    acme.modify_image(image, status="Deprecated")
    with refused(cloud, "IncorrectImageStatus", operation="ExportImage"):
        acme.export_image(image)


def test_files_are_imported_in_their_own_region_by_their_owner(cloud: Cloud, acme: Account, partner: Account) -> None:
    """IMP-1."""
    files = acme.export_image(golden_image(acme))
    with refused(cloud, "InvalidOSSBucket.NotFound") as caught:
        acme.import_image(region=SHANGHAI, file=files)
    assert "replicate it to a bucket in cn-shanghai first" in str(caught.value)
    with refused(cloud, "InvalidOSSObject.NotFound"):
        partner.import_image(region=BEIJING, file=files)
    for told in ({"system_disk": 40}, {"platform": "Windows"}, {"architecture": "arm64"}):
        with unusable(cloud, "the disks and the system of f-00000001 are known"):
            acme.import_image(region=BEIJING, file=files, **told)
    with unusable(cloud, "lies in cn-beijing already"):
        acme.replicate_files(files, to=BEIJING)
    with unusable(cloud, "unknown region 'cn-shanghia'; did you mean cn-shanghai"):
        acme.replicate_files(files, to="cn-shanghia")
    acme.delete_files(files)
    with refused(cloud, "NoSuchKey") as caught:
        acme.delete_files(files)
    assert "is gone since 2026-01-15" in str(caught.value)


@pytest.mark.slow
def test_copying_an_image_sends_it_for_nothing_unless_a_price_is_given(cloud: Cloud, acme: Account, tmp_path) -> None:
    """COPY-10: 134 GiB from Hangzhou to Qingdao; 0 by assumption, and named; 134 × 0.5 with a row of one's own."""
    web = acme.run_instance(
        region=HANGZHOU, image="aliyun_3", system_disk=40, written=12, data_disks=[{"size": 200, "written": 122}]
    )
    copy = acme.copy_image(acme.create_image(web), to="cn-qingdao")
    free = bill(cloud, until="2026-01-16")
    assert set(free.charges["sku_meter"]) == {"snapshot_standard"}
    named = free.assumptions().set_index("assumption")
    assert named.loc["UNK-2", "taken"] == "0"
    assert "image_copy_traffic" not in str(free.explain(copy))
    layer = tmp_path / "mine.csv"
    layer.write_text(
        "meter,region_id,to_region_id,unit,currency,price,valid_from\n"
        "image_copy_traffic,all_regions,all_regions,per_gib,CNY,0.5,2026-01-01\n"
    )
    charged = bill(cloud, until="2026-01-16", prices=Prices.published(layer))
    assert costs(cloud, "2026-01-16", Prices.published(layer))[HANGZHOU, "image_copy_traffic"] == pytest.approx(67)
    assert "image_copy_traffic" in str(charged.explain(copy))


def test_once_image_copies_are_priced_a_pair_of_regions_without_a_price_is_missed(
    cloud: Cloud, acme: Account, tmp_path
) -> None:
    """COPY-10, ground rule 8: switched on by a row, the fee is never 0 for want of another row."""
    layer = tmp_path / "mine.csv"
    layer.write_text(
        "meter,region_id,to_region_id,unit,currency,price,valid_from\n"
        f"image_copy_traffic,{BEIJING},{HANGZHOU},per_gib,CNY,0.5,2026-01-01\n"
    )
    acme.copy_image(golden_image(acme), to=SHANGHAI)
    with pytest.raises(PriceNotFound, match="image_copy_traffic to cn-shanghai in cn-beijing"):
        bill(cloud, until="2026-01-16", prices=Prices.published(layer)).total()


def test_an_encrypted_copy_within_the_region_sends_nothing(cloud: Cloud, acme: Account) -> None:
    """COPY-3, COPY-10."""
    acme.copy_image(golden_image(acme), to=BEIJING, name="locked", encrypted=True)
    assert set(costs(cloud, "2026-01-16")) == {(BEIJING, "snapshot_standard")}


def test_a_ledger_of_exports_is_read_back_as_it_was(cloud: Cloud, acme: Account, tmp_path) -> None:
    files = acme.export_image(golden_image(acme))
    acme.delete_files(acme.replicate_files(files, to=SHANGHAI))
    cloud.ledger.save(tmp_path / "ledger.jsonl")
    assert Ledger.load(tmp_path / "ledger.jsonl") == cloud.ledger
