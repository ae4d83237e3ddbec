"""Public images by family, short name and id: nothing that the provider lists is refused, and ids are read."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from helpers import BEIJING, HANGZHOU, ROOT, machine, read_csv, refused
from story_texts import problems, steps, told

from ecs_images import Account, Cloud, bill
from ecs_images.catalog import images
from ecs_images.errors import PriceNotFound
from ecs_images.stories.story import Story

IDS = read_csv(ROOT / "data" / "public_images.csv")
FAMILIES = read_csv(ROOT / "data" / "image_families.csv")
SHORT_NAMES = sorted({row["short_name"] for row in read_csv(ROOT / "data" / "image_short_names.csv")})
NOT_READABLE = {"11_64_20G_alibase_20190311.vhd"}
"""Listed, but no system stands in it."""
READABLE = [row for row in IDS if row["image_id"] not in NOT_READABLE]
RELEASED_AFTER_ITS_OWN_DAY = {
    "centos_6_10_x64_20G_alibase_20191223.vhd",
    "debian_10_2_x64_20G_alibase_20191223.vhd",
    "win2008r2_sp1_x64_ent_zh-cn_40G_alibase_20191218.vhd",
    "win2016_1607_x64_dtc_zh-cn_40G_alibase_20191220.vhd",
}


def assumed(cloud: Cloud) -> set[str]:
    """The ids of what a bill of the next ten hours takes for granted."""
    return set(bill(cloud, until=cloud.now + timedelta(hours=10)).assumptions()["assumption"])


def test_the_list_has_255_families_and_each_has_one_name() -> None:
    names = [row["image_family"] or row["short_name"] for row in FAMILIES]
    assert len(set(names)) == len(names) == 255
    assert set(images.public_families()) == set(names)


def test_every_listed_family_launches() -> None:
    cloud = Cloud(start="2026-10-01")
    acme = cloud.account("acme")
    for row in FAMILIES:
        name = row["image_family"] or row["short_name"]
        launched = cloud.instance(acme.run_instance(region=HANGZHOU, image=name))
        assert launched.lineage.architecture == row["architecture"], name
        assert launched.lineage.platform == ("Windows" if row["os_family"] == "Windows Server" else "Linux"), name
        if name == launched.image:
            assert launched.lineage.charged_system == (None if row["fee_kind"] == "free" else row["os_family"])
            size = 40 if row["os_family"] == "Windows Server" else 20
            assert images.find_public_image(name, date(2026, 10, 1)).system_disk_gib == size, name


def test_a_family_without_a_known_image_lends_it_its_name_and_the_bill_says_so(cloud: Cloud, acme: Account) -> None:
    family = "acs:almalinux_9_4_arm64"
    web = machine(acme, image=family)
    golden = cloud.image(acme.create_image(web))
    assert cloud.instance(web).image == family
    assert (golden.lineage.architecture, golden.size_gib) == ("arm64", 40)
    assert "ASSUME-9" in assumed(cloud)


def test_a_listed_family_that_stories_name_is_billed() -> None:
    """The third Alibaba Cloud Linux by its family, a month: nothing is stored, so nothing is paid."""
    run = '  - run_instance: {account: acme, region: cn-hangzhou, image: "acs:alibaba_cloud_linux_3_2104_lts_x64"}'
    story = Story.parse(told("steps:", run))
    assert bill(story.run().cloud, until="2026-02-14").total() == 0


@pytest.mark.parametrize(
    ("family", "newest"),
    [
        ("acs:win_2016_datacenter_x64_zh", "win2016_1607_x64_dtc_zh-cn_40G_alibase_20260513.vhd"),
        ("acs:win_2016_datacenter_x64_en", "win2016_1607_x64_dtc_en-us_40G_alibase_20210618.vhd"),
        ("acs:win_2022_datacenter_x64_zh", "acs:win_2022_datacenter_x64_zh"),
        ("acs:win_2022_container_datacenter_x64_en", "win2022_21H2_x64_dtc_en-us_40G_container_alibase_20240220.vhd"),
        ("sles_15_sp2", "sles_15_sp2_x64_20G_alibase_20201228.vhd"),
    ],
)
def test_a_family_means_its_newest_image_of_its_language_and_kind(family: str, newest: str) -> None:
    """FAM-1. Only an English image of Windows 2022 is known, and a server core is another kind."""
    assert images.find_public_image(family, date(2026, 10, 1)).image_id == newest


def test_every_listed_id_launches_on_its_day() -> None:
    """ID-1."""
    days = sorted({row["release_date"] for row in IDS})
    cloud = Cloud(start=days[0])
    acme = cloud.account("acme")
    for day in days:
        if day > days[0]:
            cloud.at(day)
        for row in IDS:
            if row["release_date"] == day:
                launched = cloud.instance(acme.run_instance(region=HANGZHOU, image=row["image_id"]))
                assert launched.image == row["image_id"]
    assert not any("ASSUME-9" in getattr(event, "assumed", ()) for event in cloud.ledger)


@pytest.mark.parametrize("day", ["2018-01-01", "2026-10-01"])
def test_every_short_name_launches_on_any_day(day: str) -> None:
    cloud = Cloud(start=day)
    acme = cloud.account("acme")
    for name in SHORT_NAMES:
        assert cloud.instance(acme.run_instance(region=HANGZHOU, image=name)).image in images.public_images()


def test_before_its_first_known_image_a_short_name_means_that_one_and_the_bill_says_so() -> None:
    cloud = Cloud(start="2023-05-01")
    web = machine(cloud.account("acme"), image="ubuntu_22_04")
    assert cloud.instance(web).image == "ubuntu_22_04_x64_20G_alibase_20240320.vhd"
    assert "ASSUME-9" in assumed(cloud)
    later = Cloud(start="2024-03-20")
    machine(later.account("acme"), image="ubuntu_22_04")
    assert "ASSUME-9" not in assumed(later)


# Ids that are read ---------------------------------------------------------------------------------


def test_what_is_read_from_a_listed_id_is_what_the_catalogue_says() -> None:
    """ID-1: system, architecture, size and day stand in the id."""
    told_by_id, listed, later = {}, {}, set()
    for row in READABLE:
        read = images.read_public_id(row["image_id"])
        assert read is not None, row["image_id"]
        told_by_id[row["image_id"]] = (
            read.os_family, read.platform, read.architecture, read.system_disk_gib, read.fee_kind
        )  # fmt: skip
        listed[row["image_id"]] = (
            row["os_family"], row["platform"], row["architecture"], int(row["system_disk_gib"]), row["fee_kind"]
        )  # fmt: skip
        if row["release_date"] != str(read.release_date):
            assert row["release_date"] > str(read.release_date), row["image_id"]
            later.add(row["image_id"])
    assert told_by_id == listed
    assert later == set(RELEASED_AFTER_ITS_OWN_DAY)


@pytest.mark.parametrize(
    ("image_id", "system", "version", "architecture", "gib", "fee_kind"),
    [
        ("ubuntu_22_04_x64_20G_alibase_20221130.vhd", "Ubuntu", "22.04", "x86_64", 20, "free"),
        ("rhel_8_7_x64_20G_alibase_20230206.vhd", "Red Hat Enterprise Linux", "8.7", "x86_64", 20, "fee"),
        ("aliyun_3_pro_x64_20G_alibase_20240101.vhd", "Alibaba Cloud Linux Pro", "3", "x86_64", 20, "fee"),
        ("centos_stream_9_arm64_30G_alibase_20230101.vhd", "CentOS Stream", "9", "arm64", 30, "free"),
        (
            "win2022_21H2_x64_dtc_zh-cn_40G_alibase_20220101.vhd",
            "Windows Server",
            "2022.21h2",
            "x86_64",
            40,
            "fee_outside_mainland",
        ),
        ("debian_12_x64_20G_alibase_20230801_beta.qcow2", "Debian", "12", "x86_64", 20, "free"),
    ],
)
def test_an_id_that_the_catalogue_lacks_is_read(image_id, system, version, architecture, gib, fee_kind) -> None:
    """ID-1; what stands behind the day is not understood, kept and ignored."""
    read = images.read_public_id(image_id)
    assert (read.image_id, read.os_family, read.os_version) == (image_id, system, version)
    assert (read.architecture, read.system_disk_gib, read.fee_kind) == (architecture, gib, fee_kind)


def test_a_story_may_start_from_an_id_that_the_catalogue_lacks() -> None:
    """5 GiB written of 40; nothing is stored, and the assumption is named."""
    image_id = "ubuntu_22_04_x64_20G_alibase_20221130.vhd"
    run = f"  - run_instance: {{as: vm, account: acme, region: cn-hangzhou, written: 5, image: {image_id}}}"
    cloud = Story.parse(told("steps:", run)).run().cloud
    (launched,) = cloud.state.instances.values()
    assert (launched.image, launched.lineage.charged_system) == (image_id, None)
    assert "ASSUME-9" in assumed(cloud)


def test_before_the_day_in_its_id_an_image_is_refused(cloud: Cloud, acme: Account) -> None:
    with refused(cloud, "InvalidImageId.NotFound", operation="RunInstances") as caught:
        machine(acme, image="ubuntu_24_04_x64_20G_alibase_20260916.vhd")
    assert "is of 2026-09-16; it is 2026-01-15 now" in caught.value.reason
    with refused(cloud, "InvalidImageId.NotFound"):
        machine(acme, image="ubuntu_24_04_x64_20G_alibase_20260116.vhd")
    machine(acme, image="ubuntu_24_04_x64_20G_alibase_20260115.vhd")


def test_between_the_day_in_its_id_and_its_release_an_image_is_there_by_assumption() -> None:
    cloud = Cloud(start="2019-12-24")
    machine(cloud.account("acme"), image="centos_6_10_x64_20G_alibase_20191223.vhd")
    assert "ASSUME-9" in assumed(cloud)


def test_an_id_of_an_unknown_system_gets_a_sentence(cloud: Cloud, acme: Account) -> None:
    with refused(cloud, "InvalidImageId.NotFound") as caught:
        machine(acme, image="solaris_11_x64_40G_alibase_20200101.vhd")
    assert "of no known system; such ids begin with alinux, aliyun" in caught.value.reason
    line = "  - run_instance: {account: acme, region: cn-beijing, image: solaris_11_x64_40G_alibase_20200101.vhd}"
    (problem,) = problems(steps(line))
    assert (problem.line, "of no known system" in problem.message) == (7, True)


@pytest.mark.parametrize("day", ["20221330", "20230229", "00000000"])
def test_an_id_of_an_impossible_day_gets_a_sentence(cloud: Cloud, acme: Account, day: str) -> None:
    with refused(cloud, "InvalidImageId.NotFound") as caught:
        machine(acme, image=f"ubuntu_22_04_x64_20G_alibase_{day}.vhd")
    assert f"{day} is no day" in caught.value.reason


def test_a_name_in_a_story_cannot_be_that_of_a_public_image() -> None:
    line = "  - create_image: {as: ubuntu_22_04, account: acme, instance: web}"
    (problem,) = problems(steps(line))
    assert "belongs to something of the service" in problem.message


def test_an_image_made_of_a_read_id_keeps_the_fee_of_its_system(cloud: Cloud, acme: Account) -> None:
    """IBILL-5: 2 vCPU of Red Hat, 0.1041 each, for 10 hours from the copy as from the public image: 2.082."""
    web = machine(acme, image="redhat_9_4_x64_20G_alibase_20250101.vhd", instance_type="ecs.g7.large")
    golden = acme.create_image(web)
    acme.release_instance(web, force=True)
    machine(acme, region=BEIJING, image=golden, instance_type="ecs.g7.large")
    charges = bill(cloud, until="2026-01-15T10:00").charges
    assert charges.loc[charges["sku_meter"] == "os_licence", "list_cost"].sum() == pytest.approx(2.082)


def test_alibaba_cloud_linux_pro_is_charged() -> None:
    """LIC-1: 0.5 CNY an hour and instance, known from 2026-05-27 on, and not before."""
    cloud = Cloud(start="2026-06-01")
    machine(cloud.account("acme"), image="acs:alibaba_cloud_linux_3_pro_x64")
    assert bill(cloud, until="2026-06-01T10:00").total() == 5
    before = Cloud(start="2026-05-26")
    machine(before.account("acme"), image="acs:alibaba_cloud_linux_3_pro_x64")
    with pytest.raises(PriceNotFound, match="Alibaba Cloud Linux Pro"):
        bill(before, until="2026-05-26T10:00").total()
