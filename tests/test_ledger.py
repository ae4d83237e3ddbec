"""The ledger file: what is written can be read again, and a damaged file names the record and loads nothing."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from helpers import HANGZHOU, golden_image, machine

from ecs_images import Cloud, FileProblems, InputError, Ledger

Lines = list[str]


def busy_cloud() -> Cloud:
    """A cloud in which something of every floor happened, with work that takes time."""
    cloud = Cloud(start="2026-01-15T10:00", durations="typical")
    acme, partner = cloud.account("acme"), cloud.account("partner")
    web = machine(acme, data_disks=[{"size": 20, "written": 3}])
    image = acme.create_image(web, name="金色-v1", family="gold")
    cloud.wait(image)
    acme.share_image(image, with_accounts=[partner])
    cloud.wait(acme.copy_image(image, to=HANGZHOU))
    acme.stop_instance(web, mode="economical")
    acme.replace_system_disk(web, "ubuntu_22_04")
    cloud.wait(web)
    acme.unshare_image(image, from_accounts=["partner"])
    acme.delete_image(image, force=True)
    return cloud


def damaged(folder: Path, damage: Callable[[Lines], Lines]) -> Path:
    """A saved ledger of six records (a start, an account, a disk, an instance, a snapshot and its end),
    its lines changed by `damage`; the first line is the header."""
    cloud = Cloud(start="2026-01-15T10:00+08:00")
    acme = cloud.account("acme")
    snapshot = acme.create_snapshot(machine(acme))
    acme.delete_snapshot(snapshot)
    path = folder / "ledger.jsonl"
    cloud.ledger.save(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 6
    path.write_text("\n".join(damage(lines)) + "\n", encoding="utf-8")
    return path


def problem(path: Path) -> tuple[int, str]:
    with pytest.raises(FileProblems, match="nothing was loaded") as error:
        Ledger.load(path)
    (found,) = error.value.problems
    return found.line, found.message


def with_field(line: str, **fields: object) -> str:
    return json.dumps({**json.loads(line), **fields})


# Round trip ----------------------------------------------------------------------------------------


def test_a_ledger_survives_its_file(tmp_path):
    ledger = busy_cloud().ledger
    ledger.save(tmp_path / "ledger.jsonl")
    again = Ledger.load(tmp_path / "ledger.jsonl")
    assert again == ledger
    assert again.replay().images == ledger.replay().images


def test_writing_a_ledger_that_was_read_gives_the_same_bytes(tmp_path):
    busy_cloud().ledger.save(tmp_path / "one")
    Ledger.load(tmp_path / "one").save(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_cloud_goes_on_from_a_ledger_of_a_file(tmp_path):
    """Ground rule 1: replaying a ledger rebuilds the state exactly; ids go on counting."""
    before = busy_cloud()
    before.ledger.save(tmp_path / "ledger.jsonl")
    after = Cloud.from_ledger(Ledger.load(tmp_path / "ledger.jsonl"))
    names = [golden_image(cloud.account("acme"), "next") for cloud in (before, after)]
    assert names[0] == names[1]
    assert after.ledger == before.ledger


def test_the_file_counts_its_records_and_keeps_one_event_a_line(tmp_path):
    path = damaged(tmp_path, lambda lines: lines)
    header, *records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    checksum = header.pop("checksum")
    assert header == {"ledger": "ecs_images", "format": 3, "records": 6}
    body = path.read_bytes().partition(b"\n")[2]
    assert checksum == f"sha256:{hashlib.sha256(body).hexdigest()}"
    assert [record["event"] for record in records] == [
        "CloudStarted", "AccountOpened", "DiskCreated", "InstanceLaunched", "SnapshotStarted", "SnapshotDeleted",
    ]  # fmt: skip
    assert {record["at"] for record in records} == {"2026-01-15T10:00:00+08:00"}


def test_an_empty_ledger_survives_too(tmp_path):
    Ledger().save(tmp_path / "ledger.jsonl")
    assert len(Ledger.load(tmp_path / "ledger.jsonl")) == 0


# Damage --------------------------------------------------------------------------------------------


def test_a_file_cut_within_a_record_names_it(tmp_path):
    path = damaged(tmp_path, lambda lines: lines)
    path.write_bytes(path.read_bytes()[:-10])
    line, message = problem(path)
    assert line == 7
    assert message.startswith("record 6 cannot be used")
    assert message.endswith("the file is cut off here")


def test_a_file_cut_between_records_is_noticed_by_its_count(tmp_path):
    assert problem(damaged(tmp_path, lambda lines: lines[:-2])) == (
        5, "the file ends after record 4 of 6: it is cut off",
    )  # fmt: skip


@pytest.mark.parametrize("cut", [1, 40, 200, 700])
def test_a_file_cut_anywhere_loads_nothing(tmp_path, cut):
    path = damaged(tmp_path, lambda lines: lines)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(FileProblems):
        Ledger.load(path)


@pytest.mark.parametrize(
    "header",
    ["", "{}", "[]", "5", "meter,item", '{"ledger": "other", "format": 2, "records": 6}',
     '{"ledger": "ecs_images", "format": 4, "records": 6}', '{"ledger": "ecs_images", "format": 2}'],
)  # fmt: skip
def test_a_file_without_the_header_of_a_ledger_is_refused(tmp_path, header):
    line, message = problem(damaged(tmp_path, lambda lines: [header, *lines[1:]]))
    assert (line, message) == (1, "the first line is not the header of a ledger of format 2 or 3")


def test_an_unknown_event_is_named(tmp_path):
    path = damaged(tmp_path, lambda lines: [*lines[:-1], with_field(lines[-1], event="SnapshotEaten")])
    assert problem(path) == (
        7,
        "record 6 cannot be used: unknown event 'SnapshotEaten'; this toolkit may be older than the file",
    )


def test_events_in_wrong_order_are_refused(tmp_path):
    path = damaged(tmp_path, lambda lines: [*lines[:-1], with_field(lines[-1], at="2026-01-15T09:59:59+08:00")])
    line, message = problem(path)
    assert line == 7
    assert "09:59:59+08:00 cannot follow one of 2026-01-15 10:00:00+08:00" in message


def without_site(line: str) -> str:
    return json.dumps({name: value for name, value in json.loads(line).items() if name != "site"})


@pytest.mark.parametrize(
    ("record", "change"),
    [
        (2, without_site),
        (2, lambda line: with_field(line, colour="red")),
        (2, lambda line: with_field(line, at=5)),
        (2, lambda line: with_field(line, at="soon")),
        (3, lambda line: with_field(line, written_blocks="many")),
        (4, lambda line: with_field(line, lineage=None)),
        (6, lambda line: with_field(line, snapshot="s-99")),
        (2, lambda line: "[1, 2]"),
        (2, lambda line: ""),
        (6, lambda line: line + "\n" + line),
    ],
    ids=["field missing", "field too many", "time a number", "time no time", "number no number", "no lineage",
         "snapshot unknown", "no record", "empty line", "deleted twice"],
)  # fmt: skip
def test_a_record_that_cannot_be_used_is_named_and_nothing_is_loaded(tmp_path, record, change):
    """Every damage ends in FileProblems with the record; a record doubled is the seventh."""
    path = damaged(tmp_path, lambda lines: [*lines[:record], change(lines[record]), *lines[record + 1 :]])
    line, message = problem(path)
    doubled = path.read_text(encoding="utf-8").count("SnapshotDeleted") == 2
    assert line == record + 1 + doubled
    assert message.startswith(f"record {record + doubled} cannot be used")


def test_a_time_without_a_zone_is_on_the_billing_clock(tmp_path):
    """Ground rule 7: a time written without a zone is UTC+8, wherever the computer stands."""
    path = damaged(tmp_path, lambda lines: [line.replace("10:00:00+08:00", "10:00:00") for line in lines])
    assert Ledger.load(path)[0].at.isoformat() == "2026-01-15T10:00:00+08:00"


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read as a ledger"):
        Ledger.load(tmp_path / "none.jsonl")
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    with pytest.raises(InputError, match="cannot be read as a ledger"):
        Ledger.load(tmp_path / "picture")


# In memory -----------------------------------------------------------------------------------------


def test_a_ledger_is_in_order_of_time():
    ledger = list(busy_cloud().ledger)
    with pytest.raises(InputError, match="cannot follow"):
        Ledger([*ledger, replace(ledger[0], at=ledger[0].at - timedelta(seconds=1))])
    assert len(Ledger([*ledger, ledger[-1]])) == len(ledger) + 1  # the same moment again is allowed


def test_a_ledger_that_was_handed_out_stays_as_it_was_while_the_cloud_goes_on():
    cloud = busy_cloud()
    before, count = cloud.ledger, len(cloud.ledger)
    cloud.account("newcomer")
    assert (len(before), len(cloud.ledger)) == (count, count + 1)
    assert before[-1] != cloud.ledger[-1]
    assert list(before) == list(cloud.ledger)[:-1] == list(cloud.ledger[:-1])
    assert not hasattr(before, "append")


def test_a_ledger_that_was_handed_out_has_no_event_that_came_later():
    cloud = Cloud("2026-01-15")
    acme = cloud.account("acme")
    early = cloud.ledger
    machine(acme)
    assert [type(event).__name__ for event in early.take(np.array([1, 0]))] == ["AccountOpened", "CloudStarted"]
    for place in (2, -1):
        with pytest.raises(IndexError, match="places of a ledger of 2 events are 0 to 1"):
            early.take(np.array([0, place]))
    assert list(early[1:9]) == [early[1]]


def test_a_ledger_says_how_much_and_when_it_tells():
    cloud = Cloud(start=datetime(2026, 1, 15))
    cloud.at(cloud.now + timedelta(days=2))
    cloud.account("acme")
    assert repr(cloud.ledger) == "<Ledger: 2 events, 2026-01-15 to 2026-01-17>"
    assert repr(Ledger()) == "<Ledger: empty>"


def test_a_cloud_needs_a_ledger_that_begins_with_a_cloud():
    for ledger in (Ledger(), Ledger(list(busy_cloud().ledger)[1:])):
        with pytest.raises(InputError, match="does not begin with the start of a cloud"):
            Cloud.from_ledger(ledger)
