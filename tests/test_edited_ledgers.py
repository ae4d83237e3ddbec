"""Ledger files that somebody edited: what cannot have happened loads nothing, and the record is named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from helpers import BEIJING, machine
from strategies import STARTS, VERBS, Story, play, tables

import ecs_images as ecs
from ecs_images import FileProblems, Ledger

Records = list[dict[str, Any]]
HONG_KONG = "cn-hongkong"
UNKNOWN, OTHER_REGION, OTHER_ACCOUNT = "nowhere-1", "cn-qingdao", "globex"


def records_of(path: Path) -> Records:
    """The records of a ledger's file, without the header."""
    lines = path.read_text(encoding="utf-8").split("\n")[1:-1]
    return [json.loads(line) for line in lines]


def write(path: Path, records: Records, **header: object) -> Path:
    """A file of these records, without a checksum."""
    head = {"ledger": "ecs_images", "format": 3, "records": len(records), **header}
    path.write_text("".join(json.dumps(line) + "\n" for line in [head, *records]), encoding="utf-8")
    return path


def changes(records: Records, k: int) -> Iterator[tuple[str, Records]]:
    """Every way to damage record k: what was done, and the records then."""
    before, record, after = records[:k], records[k], records[k + 1 :]
    yield "dropped", [*before, *after]
    yield "doubled", [*before, record, record, *after]
    if after and after[0] != record:
        yield f"swapped with {after[0]['event']}", [*before, after[0], record, *after[1:]]
    for place, value in values(record):
        for what, other in others(place, value):
            if other != value:
                yield f"{place} {what}", [*before, replaced(record, place.split("."), other), *after]


def values(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a record and where it stands: `mappings.0.size_gib`."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for name, part in inner:
            if name != "event":
                yield from values(part, f"{place}.{name}".lstrip("."))
    if place:
        yield place, value


def others(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What a value may be changed to."""
    last = place.rpartition(".")[2]
    if isinstance(value, bool):
        yield from (("turned round", not value), ("as text", str(value).lower()), ("as a number", int(value)))
    elif isinstance(value, int):
        yield from (("negative", -value - 1), ("as text", str(value)), ("one more", value + 1), ("doubled", 2 * value))
        yield from (("as a fraction", value + 0.5), ("true", True))
    elif isinstance(value, list):
        yield from (("shortened", value[:-1]), ("doubled", value * 2))
    elif last in ("at", "finishes_at") and value is not None:
        yield from (("years before", "2016-01-01T00:00:00+08:00"), ("years later", "2030-01-01T00:00:00+08:00"))
    elif isinstance(value, str):
        yield from (("unknown", UNKNOWN), ("another region", OTHER_REGION), ("another account", OTHER_ACCOUNT))
    yield "empty", None


def replaced(value: Any, place: list[str], other: Any) -> Any:
    """A copy of a value in which what stands at a place is another."""
    if not place:
        return other
    copied = dict(value) if isinstance(value, dict) else list(value)
    key: Any = place[0] if isinstance(value, dict) else int(place[0])
    copied[key] = replaced(value[key], place[1:], other)
    return copied


HARMLESS = {
    "free text, which nothing is looked up by": """
        *.name *.family *.kms_key *.assumed ImageCreated.mappings.device TagsSet.tags TagsSet-doubled
        DiskCreated.category DiskCreated.category_supposed""",
    "what may be called or sized otherwise, as long as nothing else speaks of it": """
        AccountOpened.account DiskCreated.size_gib FilesReplicated.to ImageCreated.image
        ImageExported.files ImageExported.parts.file_bytes SnapshotCopied.snapshot
        SnapshotCopied.to SnapshotStarted.snapshot SnapshotStored.content_bytes SystemDiskReplacementStarted.disk""",
    "more or less was written, and it fits": """
        DiskCreated.written_blocks DiskReinitialised-doubled DiskWritten.appended DiskWritten.overwritten
        DiskWritten.start DiskWritten-doubled SystemDiskReplacementStarted.size_gib
        SystemDiskReplacementStarted.written_blocks""",
    "it goes with something or not, is kept for longer, or could act at other times, and so far nothing did": """
        DiskAttached.delete_with_instance DiskModified.delete_with_instance DiskModified.delete_auto_snapshots
        PolicyCreated.retention_days PolicyCreated.time_points PolicyCreated.weekdays QuotaSet.account QuotaSet.value
        QuotaSet-doubled DiskModified-doubled SnapshotModified-doubled SnapshotModified.retention_days
        SnapshotStarted.retention_days""",
    "it is still under way when the ledger ends, and may end when it likes": """
        ImageCopyStarted.finishes_at ImageCreated.finishes_at ImageExported.finishes_at
        SnapshotCopied.finishes_at SnapshotStarted.finishes_at SnapshotStored.finishes_at
        SystemDiskReplacementStarted.finishes_at""",
    "it began before, or the clock went on before the last thing happened": "CloudStarted.at the-last.at",
    "the size of all blocks, where nothing else depends on it": "CloudStarted.block_bytes",
    "an image made of fewer snapshots, which stay": "ImageCreated.mappings",
    "it did not happen, and nothing that did needs it": """
        AccountOpened-dropped DiskReinitialised-dropped DiskWritten-dropped FilesDeleted-dropped
        ImageCreated-dropped ImageDeleted-dropped ImageExported-dropped
        DiskAttached-dropped DiskDetached-dropped DiskModified-dropped DiskRolledBack-dropped DiskRolledBack-doubled
        ImageModified-dropped ImageShared-dropped InstanceStarted-dropped PolicyApplied-dropped PolicyCancelled-dropped
        PolicyCreated-dropped PolicyDeleted-dropped QuotaSet-dropped SnapshotModified-dropped TagsSet-dropped
        InstanceStopped-dropped SnapshotCopied-dropped SnapshotDeleted-dropped SnapshotStarted-dropped
        SystemDiskReplacementStarted-dropped ImageUnshared-dropped DiskCreated-dropped ProductBought-dropped""",
    "a disk or a purchase of its own, which nothing uses": """
        DiskCreated.disk DiskCreated.region ProductBought.purchase ProductBought.region ProductBought.refund_until""",
    "a subscription may be for longer": """
        InstanceLaunched.periods InstanceRenewed.periods InstanceRenewed-dropped InstanceRenewed-doubled""",
    "in the other order it is another history, as possible as this": """
        DiskWritten-swapped-with-SnapshotStarted
        SnapshotDeleted-swapped-with-SnapshotStarted
        SnapshotStarted-swapped-with-SnapshotStarted""",
}
"""What an editor may change without anything being impossible, by why."""


def is_harmless(kind: str, what: str, last: bool) -> bool:
    place = re.sub(r"\.\d+", "", what.split(" ")[0])
    names = {f"{kind}-{what.replace(' ', '-')}", f"{kind}.{place}", f"*.{place.partition('.')[0]}"}
    if last:
        names.add(f"the-last.{place}")
    return any(names & {*words.split()} for words in HARMLESS.values())


def assert_edits_are_noticed(ledger: Ledger, path: Path) -> None:
    """Every change of every record is refused, with a record at or after it, or is harmless by name."""
    ledger.save(path)
    records = records_of(path)
    assert Ledger.load(write(path, records)) == ledger
    state = tables(ledger.replay())
    slipped: list[str] = []
    for k, record in enumerate(records):
        for what, edited in changes(records, k):
            name = f"{record['event']} {what}, record {k + 1}"
            try:
                loaded = Ledger.load(write(path, edited))
            except FileProblems as error:
                (problem,) = error.problems
                if problem.line < min(k + 2, len(edited) + 1) or "record" not in problem.message:
                    slipped.append(f"{name}: {problem}")
            else:
                alike = what.startswith("swapped") and tables(loaded.replay()) == state
                if not alike and not is_harmless(record["event"], what, record is records[-1]):
                    slipped.append(name)
    assert slipped == []


def busy_cloud() -> ecs.Cloud:
    """Two accounts, a copy that another waits for, an export, a change of system, things deleted."""
    cloud = ecs.Cloud(start="2021-06-01T10:00", durations="typical")
    acme, partner = cloud.account("acme"), cloud.account("partner")
    web = machine(acme, image="rhel_8", data_disks=[{"size": 20, "written": 3}])
    images = []
    for name in ("one", "two"):
        images.append(acme.create_image(web, name=name))
        cloud.wait(images[-1])
        acme.write(web, overwrite=2, offset=1)
    acme.share_image(images[0], with_accounts=[partner])
    other = machine(partner, image=images[0])
    copies = [acme.copy_image(image, to=HONG_KONG, encrypted=True, kms_key="key-1") for image in images]
    cloud.wait(copies[1])
    acme.copy_snapshot(cloud.image(images[1]).system_snapshot, to="cn-shanghai")
    partner.stop_instance(other)
    partner.replace_system_disk(other, "centos_7_9")
    cloud.wait(other)
    imported = done(cloud, acme.import_image(region=BEIJING, file=2, data_files=[{"file": 1, "size": 20}]))
    files = done(cloud, acme.export_image(imported))
    acme.delete_files(done(cloud, acme.replicate_files(files, to=HONG_KONG)))
    partner.release_instance(other, force=True)
    acme.unshare_image(images[0], from_accounts=[partner])
    acme.delete_image(images[0], force=True)
    acme.delete_snapshot(cloud.image(images[0]).system_snapshot, force=True)
    return cloud


def done(cloud: ecs.Cloud, resource: str) -> str:
    cloud.wait(resource)
    return resource


@pytest.mark.slow
def test_whatever_is_edited_in_a_ledger_is_noticed_or_could_have_happened(tmp_path: Path) -> None:
    """Design ground rule 13: an edited file is checked record by record."""
    assert_edits_are_noticed(busy_cloud().ledger, tmp_path / "ledger.jsonl")


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3, 7, 8])
def test_whatever_is_edited_in_the_ledger_of_a_story_is_noticed_or_could_have_happened(
    tmp_path: Path, number: int
) -> None:
    """The same of stories that nobody thought up."""
    random = Random(number)
    commands = tuple((random.choice(VERBS), *random.choices(range(60), k=3)) for _ in range(25))
    played = play(Story(STARTS[number % 3], ("instant", "typical")[number % 2], commands))
    assert_edits_are_noticed(played.cloud.ledger, tmp_path / "ledger.jsonl")
