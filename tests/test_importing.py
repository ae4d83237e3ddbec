"""Imports: files that become images, and what decides whether Windows pays."""

from __future__ import annotations

import pytest
from helpers import BEIJING, NOT_A_SIZE, golden_image, machine, refused, stored_gib, unusable

from ecs_images import Cloud


def test_an_import_stores_the_size_of_its_file_not_of_its_disk(cloud, acme):
    """IMP-6, IMP-1 (R: Import custom images 2020-12-07): 6.4 GiB for a disk of 40 GiB."""
    image = cloud.image(acme.import_image(region=BEIJING, file=6.4, system_disk=40, name="old-shop"))
    # 6.4 GiB is 6871947673.6 bytes; whole bytes are stored.
    assert stored_gib(cloud) == pytest.approx(6.4, abs=1e-9)
    assert (image.size_gib, image.region, image.made_from, image.status) == (40, BEIJING, "import", "Available")
    assert (image.account, image.name) == ("acme", "old-shop")


def test_an_import_with_data_files_holds_a_snapshot_for_each(cloud, acme):
    """IMP-3."""
    image = cloud.image(acme.import_image(region=BEIJING, file=6, data_files=[{"file": 3, "size": 20}]))
    assert [(m.device, m.kind, m.size_gib) for m in image.mappings] == [
        ("/dev/xvda", "system", 40),
        ("/dev/xvdb", "data", 20),
    ]
    assert stored_gib(cloud) == 6 + 3


def test_files_beyond_the_seventeenth_disk_are_ignored(cloud, acme):
    """IMP-3 (G: ImportImage): one system disk and sixteen data disks."""
    files = [{"file": 1, "size": 1}] * 17
    assert len(cloud.image(acme.import_image(region=BEIJING, file=1, data_files=files)).snapshots) == 17


@pytest.mark.parametrize(("start", "low", "high"), [("2021-07-19", 5, 500), ("2026-01-15", 1, 2048)])
def test_an_imported_system_disk_stays_within_the_sizes_of_its_year(start, low, high):
    """IMP-3, conflict 30 (R: ImportImage 2021-07-19; G: ImportImage)."""
    cloud = Cloud(start=start)
    acme = cloud.account("acme")
    for size in (low, high):
        acme.import_image(region=BEIJING, file=0.5, system_disk=size)
    for size in (low - 0.5, high + 1):
        with refused(cloud, "InvalidImageSize", operation="ImportImage"):
            acme.import_image(region=BEIJING, file=0.5, system_disk=size)


def test_a_disk_holds_its_file(cloud, acme):
    """IMP-3: never smaller than the file."""
    with refused(cloud, "InvalidImageSize", operation="ImportImage"):
        acme.import_image(region=BEIJING, file=41, system_disk=40)
    with refused(cloud, "InvalidDataDiskSize", operation="ImportImage"):
        acme.import_image(region=BEIJING, file=5, data_files=[{"file": 21, "size": 20}])
    with refused(cloud, "InvalidDataDiskSize", operation="ImportImage"):
        acme.import_image(region=BEIJING, file=5, data_files=[{"file": 21, "size": 2049}])


@pytest.mark.parametrize("size", NOT_A_SIZE)
def test_sizes_of_an_import_are_above_zero(cloud, acme, size):
    if not isinstance(size, str):  # text names the files of an export
        with unusable(cloud, "file"):
            acme.import_image(region=BEIJING, file=size)
    if size is not None:
        with unusable(cloud, "size|system_disk"):
            acme.import_image(region=BEIJING, file=5, system_disk=size)
    with unusable(cloud, "file"):
        acme.import_image(region=BEIJING, file=5, data_files=[{"file": size, "size": 20}])


@pytest.mark.parametrize("data", [{"file": 1}, {"file": 1, "size": 20, "name": "x"}, 20, "20"])
def test_a_data_file_has_a_file_and_a_size(cloud, acme, data):
    with unusable(cloud, "file and size"):
        acme.import_image(region=BEIJING, file=5, data_files=[data])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"region": "cn-nowhere"}, "InvalidRegionId.NotFound"),
        ({"platform": "Plan9"}, "InvalidPlatform.Malformed"),
        ({"architecture": "sparc"}, "InvalidArchitecture.Malformed"),
        ({"licence_type": "Auto"}, "InvalidLicenseType.NotSupported"),  # conflict 29: only two remain
    ],
)
def test_an_import_needs_a_known_region_platform_architecture_and_licence_type(cloud, acme, wrong, code):
    with refused(cloud, code, operation="ImportImage"):
        acme.import_image(**{"region": BEIJING, "file": 5, **wrong})


@pytest.mark.parametrize(
    ("platform", "licence_type", "charged"),
    [
        ("Windows", "Aliyun", "Windows Server"),
        ("Windows", "BYOL", None),
        ("Linux", "Aliyun", None),
        ("Linux", "BYOL", None),
    ],
)
def test_only_imported_windows_without_its_own_licence_is_charged(cloud, acme, platform, licence_type, charged):
    """IMP-5, LIC-5 (W: ecs/images 2026-05-27; G: ImportImage.LicenseType)."""
    image = acme.import_image(region=BEIJING, file=20, platform=platform, licence_type=licence_type)
    assert cloud.image(image).lineage.charged_system == charged
    assert cloud.instance(machine(acme, image=image, written=20)).lineage.charged_system == charged


def test_a_windows_image_can_be_switched_to_an_own_licence_for_good(cloud, acme):
    """IMP-5 (G: ModifyImageAttribute.LicenseType): to BYOL only; what runs already is not touched."""
    image = acme.import_image(region=BEIJING, file=20, platform="Windows")
    before = machine(acme, image=image, written=20)
    acme.modify_image(image, licence_type="BYOL")
    assert cloud.image(image).lineage.charged_system is None
    assert cloud.instance(before).lineage.charged_system == "Windows Server"
    with refused(cloud, "InvalidLicenseType.NotSupported", operation="ModifyImageAttribute"):
        acme.modify_image(image, licence_type="Aliyun")


def test_a_linux_image_has_no_licence_type_to_switch(cloud, acme):
    """IMP-5: it matters for Windows only."""
    image = golden_image(acme)
    with refused(cloud, "InvalidLicenseType.NotSupported", operation="ModifyImageAttribute"):
        acme.modify_image(image, licence_type="BYOL")


def test_an_instance_of_an_imported_image_has_what_the_file_held(cloud, acme):
    """IMP-6: 6 GiB written, so that its first snapshot has 6."""
    web = acme.run_instance(region=BEIJING, image=acme.import_image(region=BEIJING, file=6))
    acme.create_snapshot(web)
    assert cloud.chain(web).total_gib == 6
