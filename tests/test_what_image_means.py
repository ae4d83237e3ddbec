"""What `image=` means: an id, a family, a short name or a product code, in a region, on a day."""

from __future__ import annotations

import pytest
from helpers import BEIJING, HANGZHOU, golden_image, machine, refused

from ecs_images import Cloud

JANUARY = "ubuntu_22_04_x64_20G_alibase_20260119.vhd"


def image_of(cloud, account, reference, **others) -> str:
    return cloud.instance(machine(account, image=reference, **others)).image


@pytest.mark.parametrize(
    ("day", "meant"),
    [
        ("2026-01-18", "ubuntu_22_04_x64_20G_alibase_20240601.vhd"),
        ("2026-01-19", "ubuntu_22_04_x64_20G_alibase_20260119.vhd"),
        ("2026-02-13", "ubuntu_22_04_x64_20G_alibase_20260213.vhd"),
    ],
)
def test_a_short_name_and_a_public_family_mean_the_newest_image_of_the_day(cloud, acme, day, meant):
    """PUB-1, FAM-2 (public images carry families too): a release counts from its day on."""
    cloud.at(day)
    assert image_of(cloud, acme, "ubuntu_22_04") == meant
    assert image_of(cloud, acme, "acs:ubuntu_22_04_x64") == meant


def test_what_was_started_keeps_its_image_when_a_newer_one_appears(cloud, acme):
    """PUB-1: what was made from a public image runs on."""
    web = machine(acme, image="ubuntu_22_04")
    before = cloud.instance(web).image
    cloud.at("2026-03-01")
    assert cloud.instance(web).image == before
    acme.stop_instance(web)
    acme.reinit_disk(web)
    assert cloud.instance(web).image == before


def test_a_public_image_is_used_from_its_release_day_on(cloud, acme):
    cloud.at("2026-01-18T23:59")
    with refused(cloud, "InvalidImageId.NotFound", operation="RunInstances") as caught:
        machine(acme, image=JANUARY)
    assert "2026-01-19" in caught.value.reason
    cloud.at("2026-01-19")
    assert image_of(cloud, acme, JANUARY) == JANUARY


def test_an_older_public_image_is_still_meant_by_its_id(cloud, acme):
    old = "aliyun_3_x64_20G_alibase_20210425.vhd"
    assert image_of(cloud, acme, old) == old


def test_public_images_are_in_every_region(cloud, acme):
    """TYPE-3 (W: image-overview 2025-04-15)."""
    for region in (BEIJING, HANGZHOU, "us-east-1"):
        assert image_of(cloud, acme, "aliyun_3", region=region) == "aliyun_3_x64_20G_alibase_20251030.vhd"


@pytest.mark.parametrize("reference", ["plan9", "", "m-00000099", "aliyun_33", "acs:nothing"])
def test_what_means_no_image_is_refused(cloud, acme, reference):
    with refused(cloud, "InvalidImageId.NotFound", operation="RunInstances"):
        machine(acme, image=reference)


def test_a_near_miss_is_answered_with_what_may_have_been_meant(cloud, acme):
    with refused(cloud, "InvalidImageId.NotFound") as caught:
        machine(acme, image="ubuntu_2204")
    assert "ubuntu_22_04" in caught.value.reason


def test_a_custom_image_is_used_only_in_its_region(cloud, acme):
    """TYPE-3: an image of cn-beijing does not start an instance in cn-hangzhou."""
    image = golden_image(acme, region=BEIJING)
    with refused(cloud, "InvalidImageId.NotFound", operation="RunInstances") as caught:
        machine(acme, image=image, region=HANGZHOU)
    assert caught.value.http_status == 404
    assert "copy it" in caught.value.reason
    assert image_of(cloud, acme, image, region=BEIJING) == image


# Families of one's own ----------------------------------------------------------------------------


def test_a_family_means_its_newest_available_image():
    """FAM-EX-1, FAM-1 (R: zh image families 2021): newest; deprecate it, the one before; restore it."""
    cloud = Cloud(start="2020-01-01")
    acme = cloud.account("acme")
    web = machine(acme, image="aliyun_2")
    first = acme.create_image(web, family="web")
    cloud.at("2020-01-03")
    second = acme.create_image(web, family="web")
    assert image_of(cloud, acme, "web") == second
    acme.modify_image(second, status="Deprecated")
    assert image_of(cloud, acme, "web") == first
    acme.modify_image(second, status="Available")
    assert image_of(cloud, acme, "web") == second


def test_a_family_rolls_back_when_images_are_deleted_and_ends_with_the_last(cloud, acme):
    """FAM-1, FAM-2: deprecate the newest, delete the one before, and nothing answers."""
    web = machine(acme)
    first, second = (acme.create_image(web, family="web") for _ in range(2))
    acme.modify_image(second, status="Deprecated")
    assert image_of(cloud, acme, "web") == first
    acme.delete_image(first, force=True)
    with refused(cloud, "InvalidImageId.NotFound", operation="RunInstances"):
        machine(acme, image="web")


def test_an_image_joins_a_family_later_and_counts_by_its_own_age(cloud, acme):
    """FAM-1, FAM-2: most recently created, not most recently joined."""
    web = machine(acme)
    old = acme.create_image(web)
    new = acme.create_image(web, family="web")
    acme.modify_image(old, family="web")
    assert image_of(cloud, acme, "web") == new


def test_an_image_being_made_does_not_count_in_its_family_yet():
    """FAM-1, STATUS-3."""
    cloud = Cloud(start="2026-01-15", durations="typical")
    acme = cloud.account("acme")
    web = machine(acme)
    first = acme.create_image(web, family="web")
    cloud.wait(first)
    acme.write(web, overwrite=1)
    second = acme.create_image(web, family="web")
    assert image_of(cloud, acme, "web") == first
    cloud.wait(second)
    assert image_of(cloud, acme, "web") == second


def test_a_family_is_of_one_account_in_one_region(cloud, acme, partner):
    """FAM-1, FAM-2: sharing an image does not share its family."""
    image = acme.create_image(machine(acme), family="web")
    acme.share_image(image, with_accounts=[partner])
    for account, region in ((partner, BEIJING), (acme, HANGZHOU)):
        with refused(cloud, "InvalidImageId.NotFound"):
            machine(account, image="web", region=region)
    away = acme.create_image(machine(acme, region=HANGZHOU), family="web")
    assert image_of(cloud, acme, "web", region=HANGZHOU) == away
    assert image_of(cloud, acme, "web", region=BEIJING) == image


def test_a_family_can_be_replaced_to(cloud, acme):
    """OS-1: a replacement understands the same references."""
    image = acme.create_image(machine(acme), family="web")
    other = machine(acme)
    acme.stop_instance(other)
    acme.replace_system_disk(other, "web")
    assert cloud.instance(other).image == image


# The marketplace ----------------------------------------------------------------------------------


def test_a_product_code_means_the_marketplace_image_on_its_own_site_only(cloud, acme):
    """MKT-1, TYPE-1: launching buys it (ASSUME-4); where no regions are published, anywhere (ASSUME-3)."""
    abroad = cloud.account("abroad", site="international")
    web = cloud.instance(machine(acme, image="cmjj022644"))
    assert (web.image, web.lineage.product_code) == ("m-cmjj022644", "cmjj022644")
    machine(abroad, image="sgcmjj00024779")
    for account, code in ((abroad, "cmjj022644"), (acme, "sgcmjj00024779")):
        with refused(cloud, "InvalidImageId.NotFound", operation="RunInstances"):
            machine(account, image=code)


def test_an_image_of_a_marketplace_instance_carries_the_product_code_and_no_version(cloud, acme):
    """ID-4, VER-1, MKT-4 (G: CreateImage.ImageVersion)."""
    web = machine(acme, image="cmjj022644")
    with refused(cloud, "InvalidImageVersion.Malformed", operation="CreateImage"):
        acme.create_image(web, version="2.0")
    image = acme.create_image(web)
    assert cloud.image(image).lineage.product_code == "cmjj022644"
    acme.create_image(machine(acme), version="2.0")  # a label without meaning elsewhere


@pytest.mark.parametrize(
    ("reference", "charged"),
    [
        ("rhel_9", "Red Hat Enterprise Linux"),
        ("sles_15", "SUSE Linux Enterprise Server"),
        ("windows_2022", "Windows Server"),
        ("aliyun_3", None),
        ("ubuntu_22_04", None),
        ("centos_7_9", None),
    ],
)
def test_red_hat_suse_and_windows_carry_a_charged_system_and_hand_it_down(cloud, acme, reference, charged):
    """LIC-1, IBILL-5 (W: ecs/images 2026-05-27)."""
    image = golden_image(acme, image=reference)
    copy = acme.copy_image(image, to=HANGZHOU)
    web = cloud.instance(machine(acme, image=copy, region=HANGZHOU))
    assert cloud.image(image).lineage.charged_system == web.lineage.charged_system == charged
