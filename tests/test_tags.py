"""Tags: which resources have which, from when on, and what is refused."""

from __future__ import annotations

import pytest
from helpers import BEIJING, HANGZHOU, golden_image, machine, refused, unchanged, unusable

import ecs_images as ecs
from ecs_images import Cloud, Story
from ecs_images.ledger import events as ev

TEAM = {"team": "web"}


def tags(cloud, resource):
    return dict(cloud.state.tags.get(resource, ()))


def every_kind(acme, given):
    """One resource of every kind, each created with these tags."""
    web = machine(acme, tags=given)
    snapshot = acme.create_snapshot(web, tags=given)
    image = acme.create_image(snapshot=snapshot, tags=given)
    files = acme.export_image(image, tags=given)
    days = {"time_points": [1], "repeat_weekdays": [1], "retention_days": 1}
    return {
        "instance": web,
        "disk": acme.create_disk(region=BEIJING, size=20, tags=given),
        "snapshot": snapshot,
        "image": image,
        "imported image": acme.import_image(region=BEIJING, file=2, tags=given),
        "copied image": acme.copy_image(image, to=HANGZHOU, tags=given),
        "copied snapshot": acme.copy_snapshot(snapshot, to=HANGZHOU, tags=given),
        "files": files,
        "replicated files": acme.replicate_files(files, to=HANGZHOU, tags=given),
        "policy": acme.create_auto_snapshot_policy(region=BEIJING, **days, tags=given),
    }


def test_every_resource_can_be_created_with_tags(cloud, acme):
    for kind, resource in every_kind(acme, TEAM).items():
        assert tags(cloud, resource) == TEAM, kind


def test_every_resource_can_be_tagged_and_untagged_later(cloud, acme):
    for kind, resource in every_kind(acme, None).items():
        acme.tag_resource(resource, tags={"team": "web", "stage": ""})
        acme.tag_resource(resource, tags={"team": "ops"})
        acme.untag_resource(resource, keys=["stage"])
        assert tags(cloud, resource) == {"team": "ops"}, kind


def test_the_tags_of_a_launch_are_those_of_the_instance_and_its_disks(cloud, acme):
    """G: RunInstances, Tag.N."""
    web = cloud.instance(machine(acme, tags=TEAM, data_disks=[20]))
    assert [tags(cloud, resource) for resource in (web.id, *web.disks)] == [TEAM] * 3


def test_a_tag_goes_on_no_further_by_itself(cloud, acme):
    """A snapshot of a tagged disk, a copy of a tagged image and what is launched from it have no tags."""
    web = machine(acme, tags=TEAM)
    image = acme.create_image(web, tags=TEAM)
    for resource in (
        acme.create_snapshot(web),
        cloud.image(image).system_snapshot,
        acme.copy_image(image, to=HANGZHOU),
        machine(acme, image=image),
    ):
        assert tags(cloud, resource) == {}


def test_a_tag_holds_from_when_it_is_set(cloud, acme):
    """The ledger up to a day tells the tags of that day."""
    web = machine(acme)
    cloud.at("2026-02-01")
    acme.tag_resource(web, tags=TEAM)
    before = ecs.Ledger(event for event in cloud.ledger if event.at < cloud.now)
    assert (dict(before.replay().tags), cloud.ledger.replay().tags[web]) == ({}, (("team", "web"),))


def test_tags_can_be_said_in_a_story_and_stay_in_its_ledger(tmp_path):
    run = Story.parse("""
        start: 2026-06-01
        accounts: [team]
        steps:
          - run_instance: {as: vm, account: team, region: cn-hangzhou, image: ubuntu_24_04, written: 5,
                           tags: {team: web, stage: live}}
          - tag_resource: {account: team, resource: vm.system_disk, tags: {stage: test}}
          - untag_resource: {account: team, resource: vm, keys: [stage]}
          - tag_resource: {account: team, resource: vm, tags: {"acs:owner": me}}
            refused: InvalidTagKey.Malformed
        """).run()
    assert all(outcome.passed for outcome in run.outcomes)
    run.cloud.ledger.save(tmp_path / "ledger.jsonl")
    again = Cloud.from_ledger(ecs.Ledger.load(tmp_path / "ledger.jsonl"))
    vm = again.instance(run.ids["vm"])
    assert (tags(again, vm.id), tags(again, vm.system_disk)) == ({"team": "web"}, {"stage": "test", "team": "web"})


def test_a_resource_has_at_most_20_tags(cloud, acme):
    twenty = {f"key-{n}": "" for n in range(20)}
    web = machine(acme, tags=twenty)
    acme.tag_resource(web, tags={"key-0": "again"})
    with refused(cloud, "OperationDenied.QuotaExceed", operation="TagResources"):
        acme.tag_resource(web, tags=TEAM)
    with refused(cloud, "QuotaExceed.Tags", operation="RunInstances"):
        machine(acme, tags={**twenty, **TEAM})


@pytest.mark.parametrize("key", ["", "k" * 129, "aliyun-x", "ACS:x", "see http://x", "https://"])
def test_a_tag_key_follows_the_services_rules(cloud, acme, key):
    """R: TagResources 2021."""
    web = machine(acme, tags={"k" * 128: ""})
    with refused(cloud, "InvalidTagKey.Malformed", operation="TagResources"):
        acme.tag_resource(web, tags={key: "x"})
    with refused(cloud, "InvalidTagKey.Malformed", operation="CreateSnapshot"):
        acme.create_snapshot(web, tags={key: "x"})


@pytest.mark.parametrize("value", ["v" * 129, "acs:x", "http://x"])
def test_a_tag_value_follows_the_services_rules(cloud, acme, value):
    """R: TagResources 2021."""
    web = machine(acme, tags={"x": "v" * 128})
    with refused(cloud, "InvalidTagValue.Malformed", operation="TagResources"):
        acme.tag_resource(web, tags={"x": value})
    for operation, make in (("CreateDisk", acme.create_disk), ("ImportImage", import_with(acme))):
        with refused(cloud, "InvalidTagValue.Malformed", operation=operation):
            make(region=BEIJING, size=20, tags={"x": value})


def import_with(acme):
    return lambda region, size, tags: acme.import_image(region=region, file=size, tags=tags)


@pytest.mark.parametrize("wrong", [["team"], "team", {"team": 3}, {3: "team"}, {"team": None}, {}])
def test_tags_are_texts_by_key(cloud, acme, wrong):
    web = machine(acme)
    with unusable(cloud, "tag"):
        acme.tag_resource(web, tags=wrong)
    with unusable(cloud, "tag"):
        acme.create_image(web, tags=wrong)


def test_only_what_exists_and_is_ones_own_is_tagged(cloud, acme, partner):
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    gone = machine(acme)
    acme.release_instance(gone, force=True)
    for account, resource in ((partner, image), (acme, gone), (acme, "aliyun_3"), (acme, "i-nowhere")):
        with refused(cloud, "InvalidResourceId.NotFound", operation="TagResources"):
            account.tag_resource(resource, tags=TEAM)
        with refused(cloud, "InvalidResourceId.NotFound", operation="UntagResources"):
            account.untag_resource(resource, keys=["team"])


def test_a_change_of_tags_without_effect_is_refused(cloud, acme):
    web = machine(acme, tags=TEAM)
    with unusable(cloud, "already"):
        acme.tag_resource(web, tags=TEAM)
    with unusable(cloud, "did you mean team"):
        acme.untag_resource(web, keys=["teams"])
    with unusable(cloud, "keys"):
        acme.untag_resource(web, keys=[])


def test_tags_of_nothing_and_doubled_keys_are_found_in_an_edited_ledger(cloud, acme):
    web, state = machine(acme), cloud.state
    assert ev.problems(ev.TagsSet(at=cloud.now, resource="i-9", tags=()), state)
    assert ev.problems(ev.TagsSet(at=cloud.now, resource=web, tags=(("a", "1"), ("a", "2"))), state)
    with unchanged(cloud):
        assert ev.problems(ev.TagsSet(at=cloud.now, resource=web, tags=(("a", "1"),)), state) == []


def test_a_bill_by_a_tag_goes_by_the_billed_resource_and_adds_up(cloud, acme):
    """Red Hat is 2 vCPUs × 24 h × 0.1041 = 4.9968 a day, a snapshot of 12 GiB 12 × 24 × 0.12 / 720 = 0.048."""
    web = machine(acme, image="rhel_9", instance_type="ecs.g7.large", tags=TEAM)
    machine(acme, image="rhel_9", instance_type="ecs.g7.large", tags={"team": "ops", "stage": "test"})
    acme.create_snapshot(web)  # Has no tags of its own, those of its instance are no matter.
    acme.create_snapshot(web, tags=TEAM)  # Shares every block with the one before.
    cloud.advance(days=1)
    found = ecs.bill(cloud, until=cloud.now)
    by_team = found.by("tag:team").set_index("tag:team")["list_cost"]
    assert by_team.to_dict() == pytest.approx({"": 0.024, "ops": 4.9968, "web": 4.9968 + 0.024})
    assert by_team.sum() == pytest.approx(found.total())
    both = found.by("meter", "tag:team", "tag:stage")
    assert list(both.columns) == ["sku_meter", "tag:team", "tag:stage", "billing_currency", "list_cost"]
    assert set(both.loc[both["tag:stage"] == "test", "tag:team"]) == {"ops"}


def test_a_bill_by_a_tag_that_no_resource_has_is_refused(cloud, acme):
    machine(acme, image="rhel_9", tags=TEAM)
    cloud.advance(days=1)
    found = ecs.bill(cloud, until=cloud.now)
    with pytest.raises(ecs.UnknownName, match="unknown tag 'teams'; did you mean team"):
        found.by("tag:teams")
    with pytest.raises(ecs.UnknownName, match="or tag: and a tag's key"):
        found.by("tag:")
    with pytest.raises(ecs.InputError, match=r"tag:team goes with .*, not with item"):
        found.by("tag:team", "item")
    with pytest.raises(ecs.InputError, match=r"tag:team goes with .*, not with image"):
        found.by("tag:team", "image")
