"""Instance types by name: listed ones, ones that are read, and ones whose size must be given."""

from __future__ import annotations

import pytest
from helpers import HANGZHOU, ROOT, machine, read_csv, refused, unusable
from story_texts import problems, steps, told

from ecs_images import Account, Cloud, UnknownName, bill
from ecs_images.catalog.instance_types import instance_type, read_name
from ecs_images.stories.story import Story

LISTED = read_csv(ROOT / "data" / "instance_types.csv")
MEMORY_NOT_IN_THE_NAME = ("ecs.gn6i-c4g1", "ecs.gn7i-c8g1")


def licence(cloud: Cloud) -> float:
    charges = bill(cloud, until="2026-01-15T10:00").charges
    return charges.loc[charges["sku_meter"] == "os_licence", "list_cost"].sum()


def test_the_naming_convention_agrees_with_every_listed_type() -> None:
    read, listed = {}, {}
    for row in LISTED:
        name, vcpus = row["instance_type"], int(row["vcpus"])
        told = row["family"] not in MEMORY_NOT_IN_THE_NAME
        read[name] = read_name(name).vcpus, read_name(name).memory_gib, read_name(name).architecture
        listed[name] = (vcpus, float(row["memory_gib"]), row["architecture"]) if told else (vcpus, None, "")
    assert read == listed


@pytest.mark.parametrize(
    ("name", "vcpus", "memory_gib", "architecture"),
    [
        ("ecs.c9a.large", 2, 4, "x86_64"),
        ("ecs.g9i.3xlarge", 12, 48, "x86_64"),
        ("ecs.r9y.small", 1, 8, "arm64"),
        ("ecs.u1-c1m4.8xlarge", 32, 128, "x86_64"),
        ("ecs.s6-c1m2.small", 1, 2, "x86_64"),
        ("ecs.i2.4xlarge", 16, None, ""),
        ("ecs.ebmg7.32xlarge", 128, None, ""),
        ("ecs.gn6v-c8g1.2xlarge", 8, None, ""),
        ("ecs.n1.medium", None, None, ""),
        ("ecs.sn1.3xlarge", None, None, ""),
        ("ecs.g7.metal", None, None, "x86_64"),
    ],
)
def test_a_type_that_is_not_listed_is_read_from_its_name(name, vcpus, memory_gib, architecture) -> None:
    read = instance_type(name)
    assert (read.vcpus, read.memory_gib, read.architecture, read.listed) == (vcpus, memory_gib, architecture, False)


@pytest.mark.parametrize(
    "name", ["ecs.g6.lrge", "ecs.g6.0xlarge", "ecs.g6.1xlarge", "ecs.g6.2large", "g6.large", "ecs.g6", "ecs..large", ""]
)
def test_what_is_not_written_like_a_type_is_unknown(cloud: Cloud, acme: Account, name: str) -> None:
    with unusable(cloud, "a type is written ecs.<family>.<size>") as caught:
        machine(acme, instance_type=name)
    assert isinstance(caught.value, UnknownName)


def test_no_fee_goes_by_the_type_of_a_free_image() -> None:
    run = "  - run_instance: {account: acme, region: cn-beijing, image: ubuntu_24_04, instance_type: ecs.n1.medium}"
    cloud = Story.parse(told("steps:", run)).run().cloud
    (launched,) = cloud.state.instances.values()
    assert (launched.instance_type, launched.vcpus) == ("ecs.n1.medium", 0)
    assert bill(cloud, until="2026-02-14").total() == 0


def test_a_licence_goes_by_the_size_that_the_name_tells(cloud: Cloud, acme: Account) -> None:
    """LIC-4: 12 vCPU, 0.0781 CNY each from the ninth on, 10 hours: 9.372."""
    machine(acme, image="rhel_9", instance_type="ecs.c9a.3xlarge")
    assert licence(cloud) == pytest.approx(9.372)
    assert "ASSUME-10" in set(bill(cloud, until="2026-01-15T10:00").assumptions()["assumption"])


def test_where_a_fee_goes_by_the_size_an_unknown_one_must_be_given(cloud: Cloud, acme: Account) -> None:
    """LIC-4: with 2 vCPU, 0.1041 CNY each, 10 hours: 2.082."""
    with unusable(cloud, r"goes by the size of ecs\.n1\.medium; say its size with vcpus="):
        machine(acme, image="rhel_9", instance_type="ecs.n1.medium")
    machine(acme, image="rhel_9", instance_type="ecs.n1.medium", vcpus=2)
    assert licence(cloud) == pytest.approx(2.082)
    assert "ASSUME-10" not in set(bill(cloud, until="2026-01-15T10:00").assumptions()["assumption"])


def test_a_marketplace_fee_may_go_by_the_size_too(cloud: Cloud, acme: Account) -> None:
    with unusable(cloud, "say its size with vcpus="):
        machine(acme, image="cmjj028448", instance_type="ecs.n1.medium")


def test_changing_to_a_charged_system_needs_the_size_of_the_machine(cloud: Cloud, acme: Account) -> None:
    web = machine(acme, instance_type="ecs.n1.medium")
    acme.stop_instance(web)
    with unusable(cloud, "say its size with vcpus="):
        acme.replace_system_disk(web, "rhel_9")
    sized = machine(acme, instance_type="ecs.n1.medium", vcpus=2)
    acme.stop_instance(sized)
    acme.replace_system_disk(sized, "rhel_9")
    assert licence(cloud) == pytest.approx(2.082)


@pytest.mark.parametrize("given", [{"vcpus": 4}, {"memory": 16}])
def test_a_size_that_a_listed_type_contradicts_is_refused(cloud: Cloud, acme: Account, given: dict) -> None:
    with unusable(cloud, r"ecs\.g7\.large has (2 vCPU, not 4|8 GiB of memory, not 16)"):
        machine(acme, instance_type="ecs.g7.large", **given)


@pytest.mark.parametrize("given", [{"vcpus": 2}, {"memory": 4}])
def test_a_size_without_a_type_is_refused(cloud: Cloud, acme: Account, given: dict) -> None:
    with unusable(cloud, "say which with instance_type"):
        machine(acme, **given)


@pytest.mark.parametrize("vcpus", [0, -2, 1.5, "2", True, float("nan")])
def test_processors_are_a_whole_number_above_0(cloud: Cloud, acme: Account, vcpus: object) -> None:
    with unusable(cloud, "vcpus is a whole number from 1 to 65536"):
        machine(acme, instance_type="ecs.n1.medium", vcpus=vcpus)


def test_a_32_bit_image_needs_the_memory_of_the_machine(cloud: Cloud, acme: Account) -> None:
    """ARCH-1: less than 4 GiB."""
    with unusable(cloud, r"say that of ecs\.n1\.medium with memory="):
        machine(acme, image="acs:centos_6_8_x86", instance_type="ecs.n1.medium")
    with refused(cloud, "ImageNotSupportInstanceType"):
        machine(acme, image="acs:centos_6_8_x86", instance_type="ecs.n1.medium", memory=4)
    machine(acme, image="acs:centos_6_8_x86", instance_type="ecs.n1.medium", memory=3.5)


def test_the_architecture_that_a_name_tells_must_fit(cloud: Cloud, acme: Account) -> None:
    """ARCH-1: `y` marks arm64."""
    with refused(cloud, "ImageNotSupportInstanceType"):
        machine(acme, image="aliyun_3", instance_type="ecs.c9y.large")
    machine(acme, image="aliyun_3_arm64", instance_type="ecs.c9y.large")


def test_a_story_gives_the_size_and_a_wrong_one_is_told_with_its_line() -> None:
    run = (
        "  - run_instance: "
        "{as: b, account: acme, region: cn-beijing, image: rhel_9, instance_type: ecs.n1.medium, vcpus: %s}"
    )
    story = Story.parse(steps(run % 2))
    assert sorted(instance.vcpus for instance in story.run().cloud.state.instances.values()) == [2, 2]
    (problem,) = problems(steps(run % "two"))
    assert (problem.line, "whole number from 1" in problem.message) == (7, True)


def test_the_size_of_a_machine_outlives_its_ledger(cloud: Cloud, acme: Account) -> None:
    acme.run_instance(region=HANGZHOU, image="ubuntu_24_04", instance_type="ecs.n1.medium", vcpus=2, memory=4)
    (again,) = Cloud.from_ledger(cloud.ledger).state.instances.values()
    assert (again.vcpus, again.memory_gib) == (2, 4)
