"""Wrong Python objects as arguments: one sentence that a person can read, and nothing has changed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import BEIJING, HANGZHOU, machine, unchanged
from strategies import fingerprint

from ecs_images import Account, Cloud, CloudError, InputError, Ledger, Prices, Story, UnknownName

COMMANDS = sorted(name for name, _ in inspect.getmembers(Account, inspect.isfunction) if name[0] != "_")


class World:
    """A cloud with one of everything, and for every command arguments that are right."""

    def __init__(self) -> None:
        self.cloud = Cloud(start="2026-01-15")
        acme, partner = self.cloud.account("acme"), self.cloud.account("partner")
        self.web = machine(acme, data_disks=[{"size": 20, "written": 3}])
        self.stopped = machine(acme)
        self.image = acme.create_image(self.web, name="golden", family="gold")
        self.public, self.shared = acme.create_image(self.web), acme.create_image(self.web)
        acme.publish_image(self.public)
        acme.share_image(self.shared, with_accounts=[partner])
        acme.stop_instance(self.stopped)
        self.subscription = machine(acme, billing="subscription")
        self.purchase = acme.buy_product("cmjj028448", region=BEIJING, billing="once", refund_days=5)
        self.files = acme.export_image(self.image)
        self.snapshot = acme.create_snapshot(self.web, retention_days=3)
        self.of_stopped = acme.create_snapshot(self.stopped)
        self.data_disk = self.cloud.instance(self.web).data_disks[0]
        self.of_data = acme.create_snapshot(self.data_disk)
        self.free = acme.create_disk(region=BEIJING, size=20, tags={"team": "web"})
        slots: dict[str, Any] = {"time_points": [3], "repeat_weekdays": [1], "retention_days": 7}
        self.policy = acme.create_auto_snapshot_policy(region=BEIJING, **slots, disks=[self.data_disk])
        self.slots = slots
        slow = Cloud(start="2026-01-15", durations="typical")
        owner = slow.account("acme")
        source = owner.create_image(machine(owner))
        slow.wait(source)
        self.slow, self.copy = slow, owner.copy_image(source, to=HANGZHOU)

    def arguments(self, command: str) -> dict[str, Any]:
        image, instance = {"image": self.image}, {"instance": self.web}
        tags = {"tags": {"team": "ops"}}
        found: dict[str, dict[str, Any]] = {
            "apply_auto_snapshot_policy": {"policy": self.policy, "disks": [self.web]},
            "attach_disk": {"disk": self.free, **instance, "delete_with_instance": True},
            "cancel_auto_snapshot_policy": {"policy": self.policy, "disks": [self.data_disk]},
            "create_auto_snapshot_policy": {
                "region": BEIJING, **self.slots, "disks": [self.web], "name": "", **tags,
            },
            "create_disk": {
                "region": BEIJING, "size": 40, "snapshot": self.of_data, "category": "cloud_ssd", "written": 5, **tags,
            },
            "delete_auto_snapshot_policy": {"policy": self.policy},
            "detach_disk": {"disk": self.data_disk},
            "modify_disk": {"disk": self.data_disk, "delete_with_instance": False, "delete_auto_snapshots": False},
            "modify_snapshot": {"snapshot": self.snapshot, "name": "", "retention_days": 5},
            "release_disk": {"disk": self.free},
            "rollback_disk": {"disk": self.stopped, "snapshot": self.of_stopped},
            "tag_resource": {"resource": self.free, **tags},
            "untag_resource": {"resource": self.free, "keys": ["team"]},
            "buy_product": {"product": "cmjj028448", "region": BEIJING, "billing": "once", "refund_days": 5},
            "refund_product": {"purchase": self.purchase},
            "renew_instance": {"instance": self.subscription, "periods": 2},
            "cancel_copy_image": {"image": self.copy},
            "copy_image": {**image, "to": HANGZHOU, "name": "there", "encrypted": True, "kms_key": "key-1", **tags},
            "copy_snapshot": {"snapshot": self.snapshot, "to": HANGZHOU, "name": "there", **tags},
            "create_image": {
                **instance, "snapshots": None, "snapshot": None, "name": "a1", "family": "", "version": "",
                "image_ignore_data_disks": True, **tags,
            },
            "create_snapshot": {"disk": self.web, "name": "one", "retention_days": 3, **tags},
            "delete_files": {"files": self.files},
            "delete_image": {**image, "force": True, "with_snapshots": True},
            "delete_snapshot": {"snapshot": self.snapshot, "force": True},
            "export_image": {**image, **tags},
            "import_image": {
                "region": BEIJING, "file": 2, "system_disk": 40, "data_files": [{"file": 1, "size": 20}],
                "platform": "Linux", "architecture": "x86_64", "licence_type": "BYOL", "name": "mine", "family": "",
                **tags,
            },
            "modify_image": {
                **image, "status": "Deprecated", "name": "a2", "family": "silver", "licence_type": None,
            },
            "publish_image": image,
            "reinit_disk": {"disk": self.stopped},
            "release_instance": {**instance, "force": True},
            "replace_system_disk": {
                "instance": self.stopped, "image": "ubuntu_22_04", "system_disk": 60, "written": 5,
            },
            "replicate_files": {"files": self.files, "to": HANGZHOU, **tags},
            "run_instance": {
                "region": BEIJING, "image": self.image, "instance_type": "ecs.n1.large", "vcpus": 4, "memory": 8,
                "system_disk": 60, "written": 20, "data_disks": [20, {"size": 30, "written": 1}],
                "system_disk_category": "cloud_ssd", "local_disks": 1, **tags,
                "billing": "subscription", "period": "month", "periods": 2,
            },
            "share_image": {**image, "with_accounts": ["partner"]},
            "start_instance": {"instance": self.stopped},
            "stop_instance": {**instance, "mode": "economical"},
            "unpublish_image": {"image": self.public},
            "unshare_image": {"image": self.shared, "from_accounts": ["partner"]},
            "write": {"disk": self.web, "new": 1, "overwrite": 2, "offset": 1},
        }  # fmt: skip
        return found[command]

    def fork(self, command: str) -> Cloud:
        return (self.slow if command == "cancel_copy_image" else self.cloud).fork()


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_given_all_its_arguments_here_and_obeys(world: World, command: str) -> None:
    """A guard: a new command or argument without an entry above fails here."""
    given = world.arguments(command)
    assert given.keys() == set(list(inspect.signature(getattr(Account, command)).parameters)[1:])
    cloud = world.fork(command)
    events = len(cloud.ledger)
    getattr(cloud.account("acme"), command)(**given)
    assert len(cloud.ledger) > events


WRONG: dict[str, Any] = {
    "None": None, "5": 5, "5.5": 5.5, "a complex number": 5j, "a flag": True, "an empty list": [], "an empty dict": {},
    "bytes": b"x", "an object": object(), "a long text": "x" * 100_000, "half a character": "\ud800",
    "a huge number": 10**5000, "a list in a list": [[]], "a dict of a dict": {"a": {}}, "a type": int,
    "not a number": float("nan"), "no text": "", "a list of a thousand": [None] * 1000,
}  # fmt: skip
SIZES = {"system_disk", "written", "new", "overwrite", "offset", "file", "memory"}
MEANT = {
    *((name, value) for name in SIZES for value in ("5", "5.5")),
    ("vcpus", "5"), ("periods", "5"), ("refund_days", "5"),
    *((name, "None") for name in ("period", "periods", "refund_days")),
    *((name, "an empty list") for name in ("data_disks", "data_files")),
    *((name, "no text") for name in ("name", "family", "version", "kms_key")),
    *((name, "None") for name in ("instance_type", "status", "kms_key", "system_disk", "written", "name", "family",
                                  "licence_type", "snapshots", "snapshot", "vcpus", "memory")),
    *((name, "None") for name in ("tags", "category", "size", "retention_days", "policy", "system_disk_category",
                                  "delete_with_instance", "delete_auto_snapshots", "platform", "architecture")),
    *((name, "a flag") for name in ("force", "encrypted", "with_snapshots", "image_ignore_data_disks",
                                    "delete_with_instance", "delete_auto_snapshots")),
    ("local_disks", "5"), ("retention_days", "5"), ("disks", "an empty list"),
    ("version", "a long text"), ("version", "half a character"), ("kms_key", "a long text"),
    # An instance outranks the other two, so that these are not looked at (CREATE-1).
    ("snapshots", "an empty list"), ("snapshot", "a long text"), ("snapshot", "no text"),
}  # fmt: skip
"""What may be said to one of these arguments, wherever it is; whether it fits the command decides."""
NOTHING = {("delete_image", "image"), ("delete_snapshot", "snapshot"), ("release_disk", "disk")}
"""Deleting an id that never was does nothing (DEL-1, SDEL-1; G: DeleteDisk)."""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_object_is_refused_in_a_sentence_and_changes_nothing(world: World, command: str) -> None:
    """At most 200 characters, of the toolkit's own errors, for every argument of every command."""
    right, refusals = world.arguments(command), {}
    cloud = world.fork(command)
    before = fingerprint(cloud)
    for name in right:
        for what, value in WRONG.items():
            events = len(cloud.ledger)
            try:
                getattr(cloud.account("acme"), command)(**{**right, name: value})
            except (InputError, CloudError) as error:
                refusals[f"{command} {name} {what}"] = str(error)
                assert len(cloud.ledger) == events
            else:
                assert (command, name) in NOTHING or (name, what) in MEANT, f"{command} obeyed to {name} {what}"
                cloud = world.fork(command)
    assert fingerprint(cloud) == before
    assert unfit(refusals) == {}


def test_the_record_of_one_thing_is_no_list(world: World) -> None:
    """A record is a named tuple, whose fields are no ids."""
    cloud = world.fork("")
    acme, image, snapshot = cloud.account("acme"), cloud.image(world.image), cloud.snapshot(world.snapshot)
    for give in (
        lambda: acme.create_image(snapshots=snapshot),
        lambda: acme.share_image(image, with_accounts=image),
        lambda: cloud.freed_gib(snapshot),
    ):
        with pytest.raises(InputError, match=r"is a list.*, not <"):
            give()


def unfit(messages: dict[str, str]) -> dict[str, str]:
    """The messages that nobody would want to read."""
    return {
        what: f"{len(said)}: {said[:300]}"
        for what, said in messages.items()
        if len(said) > 200 or "\n" in said or " object at 0x" in said
    }


def test_a_command_without_an_argument_it_needs_or_with_one_it_lacks_changes_nothing(world: World) -> None:
    cloud = world.fork("")
    acme = cloud.account("acme")
    for give in (
        lambda: acme.run_instance(),
        lambda: acme.write(world.web, 1),
        lambda: acme.export_image(colour="red"),
    ):
        with unchanged(cloud), pytest.raises(TypeError):
            give()  # type: ignore[call-arg, misc]


RECORDS = [
    ("apply_auto_snapshot_policy", "policy"), ("attach_disk", "disk"), ("create_disk", "snapshot"),
    ("detach_disk", "disk"), ("rollback_disk", "snapshot"), ("tag_resource", "resource"),
    ("cancel_copy_image", "image"), ("copy_image", "image"), ("copy_snapshot", "snapshot"),
    ("create_image", "instance"),
    ("create_snapshot", "disk"), ("delete_files", "files"), ("delete_image", "image"), ("delete_snapshot", "snapshot"),
    ("export_image", "image"), ("modify_image", "image"), ("publish_image", "image"), ("reinit_disk", "disk"),
    ("release_instance", "instance"), ("replace_system_disk", "instance"), ("replicate_files", "files"),
    ("run_instance", "image"), ("share_image", "image"), ("start_instance", "instance"), ("stop_instance", "instance"),
    ("unpublish_image", "image"), ("unshare_image", "image"), ("write", "disk"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "name"), RECORDS)
def test_the_record_of_a_resource_is_as_good_as_its_id(world: World, command: str, name: str) -> None:
    """`acme.copy_image(cloud.image(golden), …)`: what is meant is plain."""
    given = world.arguments(command)
    by_id, by_record = world.fork(command), world.fork(command)
    kinds: dict[str, Callable[[str], object]] = {
        "m": by_record.image, "s": by_record.snapshot, "i": by_record.instance, "d": by_record.disk,
        "f": by_record.files, "sp": by_record.policy,
    }  # fmt: skip
    getattr(by_id.account("acme"), command)(**given)
    record = kinds[given[name].partition("-")[0]](given[name])
    getattr(by_record.account("acme"), command)(**{**given, name: record})
    assert by_record.ledger == by_id.ledger


def test_accounts_and_lists_of_snapshots_are_given_as_what_they_are_too(world: World) -> None:
    cloud = world.fork("")
    acme = cloud.account("acme")
    acme.share_image(cloud.image(world.image), with_accounts=[cloud.account("partner")])
    image = cloud.image(world.image)
    snapshots = [cloud.snapshot(name) for name in image.snapshots]
    again = cloud.image(acme.create_image(snapshots=snapshots))  # type: ignore[arg-type]
    assert again.snapshots == image.snapshots
    assert cloud.freed_gib(snapshots) == cloud.freed_gib(list(image.snapshots))  # type: ignore[arg-type]
    assert cloud.chain(snapshots[0]).id == cloud.chain(image.snapshots[0]).id  # type: ignore[arg-type]


def test_sets_of_snapshots_beside_a_single_one_and_of_unknown_ones_are_refused(world: World) -> None:
    cloud = world.fork("")
    snapshots = list(cloud.image(world.image).snapshots)
    with pytest.raises(InputError, match="not"):
        cloud.freed_gib([snapshots, snapshots[0]])
    with pytest.raises(UnknownName, match="s-none"):
        cloud.freed_gib([snapshots, ["s-none"]])
    with pytest.raises(UnknownName, match="is an image; its snapshots"):
        cloud.freed_gib([[world.image]])


QUESTIONS: dict[str, Callable[[Cloud, Any], object]] = {
    "account": lambda cloud, value: cloud.account(value),
    "account's site": lambda cloud, value: cloud.account("acme", site=value),
    "advance": lambda cloud, value: cloud.advance(days=value),
    "at": lambda cloud, value: cloud.at(value),
    "block_map": lambda cloud, value: cloud.block_map(value),
    "block size": lambda cloud, value: Cloud(start="2026-01-15", block_size_mib=value),
    "assume": lambda cloud, value: Cloud(start="2026-01-15", assume=value),
    "chain": lambda cloud, value: cloud.chain(value),
    "disk": lambda cloud, value: cloud.disk(value),
    "durations": lambda cloud, value: Cloud(start="2026-01-15", durations=value),
    "files": lambda cloud, value: cloud.files(value),
    "freed_gib": lambda cloud, value: cloud.freed_gib(value),
    "from_ledger": lambda cloud, value: Cloud.from_ledger(value),
    "image": lambda cloud, value: cloud.image(value),
    "instance": lambda cloud, value: cloud.instance(value),
    "lineage": lambda cloud, value: cloud.lineage(value),
    "snapshot": lambda cloud, value: cloud.snapshot(value),
    "start": lambda cloud, value: Cloud(start=value),
    "wait": lambda cloud, value: cloud.wait(value),
}
USEFUL = {
    ("account's site", "None"), ("advance", "5"), ("advance", "5.5"), ("assume", "None"), ("assume", "an empty dict"),
    ("block size", "None"), ("block size", "5"), ("block size", "5.5"), ("freed_gib", "an empty list"),
    ("freed_gib", "a list in a list"),
    ("lineage", "None"), ("account", "a long text"),
}  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_wrong_object_in_a_question_to_a_cloud_is_refused_in_a_sentence(world: World, question: str) -> None:
    refusals = {}
    for what, value in WRONG.items():
        cloud = world.fork("")
        if (question, what) in USEFUL:
            QUESTIONS[question](cloud, value)
            continue
        with unchanged(cloud), pytest.raises(InputError) as caught:
            QUESTIONS[question](cloud, value)
        refusals[f"{question} {what}"] = str(caught.value)
    assert unfit(refusals) == {}


FILES: dict[str, Callable[[Any], object]] = {
    "a story": Story.load,
    "a ledger": Ledger.load,
    "a ledger to write": Cloud(start="2026-01-15").ledger.save,
    "a price file": Prices.published,
}


@pytest.mark.parametrize("what", FILES)
def test_what_is_no_path_is_refused_in_a_sentence(what: str) -> None:
    for path in (None, 5, b"x", [], Story, object(), "a\0b", "\ud800", "x" * 100_000):
        with pytest.raises(InputError) as caught:
            FILES[what](path)
        assert len(str(caught.value)) <= 200


@pytest.mark.parametrize("text", [None, 5, b"start: 2026-01-15", Path("story.yaml")])
def test_a_story_is_parsed_from_text_only(text: Any) -> None:
    with pytest.raises(InputError, match="a story is text, not "):
        Story.parse(text)


ARRAYS = [np.array([1, 2]), pd.Series([1, 2]), pd.DataFrame({"a": [1]}), pd.NA]
"""What no question can be asked of by `in`, `or` and `==` without an error of its own."""


@pytest.mark.parametrize("value", ARRAYS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "use",
    [
        lambda value: Cloud(start="2026-01-15", durations=value),
        lambda value: Cloud(start="2026-01-15", assume={"UNK-5": value}),
        lambda value: Cloud(start="2026-01-15").account("acme", value),
        lambda value: Cloud(start="2026-01-15").account("acme", quotas=value),
        lambda value: World().cloud.account("acme").stop_instance("i-00000001", mode=value),
    ],
)
def test_an_array_where_a_word_or_a_mapping_belongs_is_refused_in_a_sentence(use: Callable[[Any], object], value: Any):
    with pytest.raises(InputError):
        use(value)


def test_a_whole_number_of_numpy_is_as_good_as_one_of_python() -> None:
    cloud = Cloud(start="2026-01-15", block_size_mib=np.int64(4))
    image = cloud.account("acme").import_image(region=BEIJING, file=np.int64(5), system_disk=np.int64(40))
    assert cloud.image(image).size_gib == 40


@pytest.mark.parametrize("site", ["", [], {}, 0])
def test_an_account_has_no_site_that_is_none(site: Any) -> None:
    cloud = Cloud(start="2026-01-15")
    with unchanged(cloud), pytest.raises(InputError, match="unknown site"):
        cloud.account("acme", site)


def test_a_price_cannot_be_changed_by_a_number_beyond_all_prices() -> None:
    with pytest.raises(InputError, match="a number of"):
        Prices.published().changed("snapshot_standard", factor=10**5000)


def test_a_class_is_named_in_a_message_as_one() -> None:
    with pytest.raises(InputError, match="start the class World is not a time"):
        Cloud(start=World)
