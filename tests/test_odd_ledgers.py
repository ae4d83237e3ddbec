"""Ledger files that are legal JSON and yet nothing a cloud would write, and names that break careless files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from helpers import golden_image, machine, unusable
from strategies import toy_prices, traffic
from test_edited_ledgers import Records, busy_cloud, records_of, write

from ecs_images import Account, Cloud, FileProblems, InputError, Ledger, Prices, bill
from ecs_images.ledger import events as ev

HALF = "\ud800"
BREAKING = ["a\u2028b", "a\u0085b", "a\u2029b", "a\x00b", "a\x1cb", "a\rb", "a\nb", 'a"b', "金色", "\U0001f5bc\ufe0f"]


@pytest.fixture(scope="module")
def busy() -> Cloud:
    return busy_cloud()


@pytest.fixture
def records(busy: Cloud, tmp_path: Path) -> Records:
    """The records of a ledger in which something of every kind happened."""
    busy.ledger.save(tmp_path / "whole.jsonl")
    return records_of(tmp_path / "whole.jsonl")


def place(records: Records, kind: str, nth: int = 0) -> int:
    """Where the nth record of a kind stands, from 0."""
    return [k for k, record in enumerate(records) if record["event"] == kind][nth]


def refusal(path: Path) -> tuple[int, str]:
    """The number of the record that is named, and why."""
    with pytest.raises(FileProblems, match="nothing was loaded") as caught:
        Ledger.load(path)
    (problem,) = caught.value.problems
    assert len(problem.message) <= 300
    return problem.line - 1, problem.message


@pytest.mark.parametrize(
    ("kind", "field", "value", "words"),
    [
        ("DiskCreated", "size_gib", -40, "size_gib is -40, which is negative"),
        ("DiskCreated", "size_gib", 1 << 31, "size_gib is 2147483648, more than there can be"),
        ("DiskWritten", "overwritten", 1 << 70, "more than there can be"),
        ("DiskCreated", "written_blocks", 1 << 50, "blocks do not fit 40 GiB"),
        ("SnapshotStored", "encrypted", "false", "'false' is not true or false"),
        ("SnapshotStored", "encrypted", 1, "1 is not true or false"),
        ("SnapshotStored", "content_bytes", "12", "'12' is not a whole number"),
        ("SnapshotStored", "content_bytes", 12.0, "12.0 is not a whole number"),
        ("SnapshotStarted", "finishes_at", "2021-06-01T09:00:00+08:00", "is before 2021-06-01 10:00"),
        ("AccountOpened", "site", "mars", "'mars' is no site"),
        ("AccountOpened", "at", "2199-01-01", "cannot follow one of 2199-01-01"),
        ("InstanceLaunched", "account", "nobody", "'nobody' is not among the accounts"),
        ("InstanceLaunched", "region", "cn-qingdao", "acme in cn-qingdao"),
        ("InstanceLaunched", "vcpus", 200, "vcpus is 200, not 2"),
        ("InstanceLaunched", "instance_type", "ecs.none", "unknown instance type 'ecs.none'"),
        ("InstanceLaunched", "image", "m-99999999", "neither among the images nor published"),
        ("SnapshotStarted", "disk", "d-99999999", "'d-99999999' is not among the disks"),
        ("ImageCreated", "encrypted", True, "encrypted is True, not False"),
        ("ImageCreated", "made_from", "thin air", "'thin air' is not instance or snapshots or import or copy"),
        ("ImageCopyStarted", "copied_bytes", 1, "copied_bytes is 1, not"),
        ("SnapshotCopied", "copied_bytes", 0, "copied_bytes is 0, but"),
        ("InstanceStopped", "licence_suspended", True, "licence_suspended is True, not False"),
        ("ImageExported", "parts", [], "parts is [], not [('system', 40), ('data', 20)]"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_record(
    records: Records, tmp_path: Path, kind: str, field: str, value: object, words: str
) -> None:
    """Design ground rule 13, one sentence each."""
    k = place(records, kind)
    edited = [*records[:k], {**records[k], field: value}, *records[k + 1 :]]
    number, message = refusal(write(tmp_path / "edited.jsonl", edited))
    assert words in message
    assert message.startswith(f"record {number} cannot be used")
    assert number in (k + 1, k + 2)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("InstanceLaunched", "d-00000004 is a disk of 'i-00000002', which was never launched"),
        ("ImageFinished", "m-00000005 was to be done by 2021-06-01"),
        ("InstanceReleased", "d-00000005 is released, but not so for its i-00000002"),
        ("SystemDiskReplaced", "i-00000002 was to be done by 2021-06-01"),
        ("ImageCopyStarted", "s-00000007 is of no disk and of no image"),
    ],
)
def test_a_ledger_does_not_end_before_the_last_record_of_what_belongs_together(
    records: Records, tmp_path: Path, kind: str, words: str
) -> None:
    """A launch is its disks and the instance, a release too; what is due is done."""
    k = place(records, kind, -1)
    number, message = refusal(write(tmp_path / "edited.jsonl", records[:k]))
    assert number == k
    assert message.startswith(f"record {k} cannot be the last: ")
    assert words in message


def test_a_field_that_stands_twice_in_a_record_is_refused(records: Records, tmp_path: Path) -> None:
    """JSON takes the last of the two in silence."""
    path = write(tmp_path / "edited.jsonl", records)
    path.write_text(path.read_text().replace('"site": "china"', '"site": "international", "site": "china"', 1))
    assert refusal(path) == (2, "record 2 cannot be used: a field is given twice")


# Files of other formats and other hands --------------------------------------------------------------


def in_format_2(ledger: Ledger) -> Records:
    """Every field of every record, as format 2 wrote them."""
    found = []
    for event in ledger:
        fields = {name: plain(value) for name, value in asdict(event).items()}
        found.append({"event": type(event).__name__, **fields})
    return found


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


@pytest.mark.slow
def test_a_file_of_format_2_has_every_field_and_no_checksum_and_bills_the_same(busy: Cloud, tmp_path: Path) -> None:
    path = write(tmp_path / "old.jsonl", in_format_2(busy.ledger), format=2)
    assert "checksum" not in path.read_text()
    old = Ledger.load(path)
    assert old == busy.ledger
    prices = Prices([*toy_prices().rows, traffic("cn-beijing", "cn-shanghai", 1)])
    totals = [bill(ledger, until="2021-06-30", prices=prices).total() for ledger in (old, busy.ledger)]
    assert totals[0] == totals[1] > 0


def test_a_file_with_its_checksum_is_trusted_and_the_same_without_it_is_checked(
    records: Records, tmp_path: Path
) -> None:
    """Rule 13: whoever writes a file answers for it; here the launch is missing, so the disks are nobody's."""
    k = place(records, "InstanceLaunched")
    few = records[:k]
    path = write(tmp_path / "ours.jsonl", few)
    assert refusal(path)[1].startswith(f"record {k} cannot be the last: d-00000001 is a disk of 'i-00000001'")
    checksum = hashlib.sha256(path.read_bytes().partition(b"\n")[2]).hexdigest()
    assert len(Ledger.load(write(path, few, checksum=f"sha256:{checksum}"))) == k
    assert refusal(write(path, few, checksum=f"sha256:{checksum[::-1]}"))[0] == k


# What JSON can hold ---------------------------------------------------------------------------------

START = '{"event": "CloudStarted", "at": "2026-01-15", "durations": "instant", "block_bytes": %s}'
ODD = {
    "100,000 brackets": "[" * 100_000,
    "100,000 braces": '{"a":' * 100_000,
    "a number of 5,000 digits": START % ("9" * 5000),
    "a number of 4,000 digits": START % ("9" * 4000),
    "1e999": START % "1e999",
    "NaN": START % "NaN",
    "text of a megabyte": '{"event": "%s"}' % ("x" * 1_000_000),
    "an event that is a list": '{"event": []}',
    "null": "null",
    "a time that is no day": '{"event": "CloudStarted", "at": "2026-02-30", "durations": "instant", "block_bytes": 1}',
}  # fmt: skip


@pytest.mark.parametrize("line", ODD.values(), ids=ODD)
def test_whatever_json_can_hold_ends_in_a_sentence(tmp_path: Path, line: str) -> None:
    """As a record, where it is named, and as the header."""
    path = tmp_path / "odd.jsonl"
    path.write_text('{"ledger": "ecs_images", "format": 3, "records": 1}\n' + line + "\n")
    number, message = refusal(path)
    assert number == 1
    assert message.startswith("record 1 cannot be used: ")
    path.write_text(line + "\n")
    assert refusal(path)[0] == 0


@pytest.mark.parametrize("count", ["true", "1.0", '"1"', "-1", "9" * 4000, "NaN", "null", "[]"])
def test_the_number_of_records_in_a_header_is_a_whole_number_that_is_right(
    records: Records, tmp_path: Path, count: str
) -> None:
    path = write(tmp_path / "odd.jsonl", records[:1])
    path.write_text(path.read_text().replace('"records": 1', f'"records": {count}'))
    refusal(path)


# Names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BREAKING)
def test_a_name_with_odd_characters_is_read_back_exactly(tmp_path: Path, name: str) -> None:
    """Lines end with a line feed and nothing else, checked or trusted."""
    cloud = Cloud(start="2026-01-15")
    account = cloud.account(name)
    account.create_snapshot(machine(account), name=name)
    path = tmp_path / "ledger.jsonl"
    cloud.ledger.save(path)
    assert Ledger.load(path) == cloud.ledger
    assert Ledger.load(write(path, records_of(path))) == cloud.ledger
    assert Cloud.from_ledger(Ledger.load(path)).snapshot("s-00000001").name == name


def test_half_a_character_is_refused_at_the_command(cloud: Cloud, acme: Account) -> None:
    """What no file can keep is no name: a surrogate that stands alone."""
    web, image = machine(acme), golden_image(acme)
    commands: list[Callable[[], object]] = [
        lambda: cloud.account(HALF),
        lambda: acme.create_snapshot(web, name=HALF),
        lambda: acme.create_image(web, name=f"ab{HALF}"),
        lambda: acme.create_image(web, family=HALF),
        lambda: acme.modify_image(image, name=f"ab{HALF}"),
        lambda: acme.copy_image(image, to="cn-hangzhou", encrypted=True, kms_key=HALF),
        lambda: acme.share_image(image, with_accounts=[HALF]),
        lambda: acme.delete_image(HALF),
        lambda: acme.import_image(region="cn-beijing", file=1, name=f"ab{HALF}"),
    ]
    for give in commands:
        with unusable(cloud, "half a character"):
            give()


def test_half_a_character_in_a_file_or_in_an_event_of_one_s_own_is_refused(tmp_path: Path) -> None:
    start = Cloud(start="2026-01-15").ledger[0]
    opened = ev.AccountOpened(at=start.at, account=HALF, site="china")
    path = tmp_path / "ledger.jsonl"
    with pytest.raises(InputError, match="record 2 holds half a character"):
        Ledger([start, opened]).save(path)
    assert not path.exists()
    Ledger([start]).save(path)
    account = {"event": "AccountOpened", "at": start.at.isoformat(), "account": HALF, "site": "china"}
    number, message = refusal(write(path, [*records_of(path), account]))
    assert (number, "half a character" in message) == (2, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lineage": "none"}, "a plain value, a list or a record stands where another of them belongs"),
        ({"event": ["ImageCreated"]}, "is not a record with the name of its event"),
        ({"assumed": "UNK-11"}, "'UNK-11' is not a list"),
        ({"assumed": None}, "None is not a list"),
        ({"mappings": {"device": "/dev/xvda"}}, "is not a list"),
    ],
)
def test_a_field_of_another_shape_is_told_in_words_of_the_file(
    records: Records, tmp_path: Path, change: dict[str, Any], words: str
):
    at = place(records, "ImageCreated")
    records[at] |= change
    number, message = refusal(write(tmp_path / "edited.jsonl", records))
    assert (number, words in message) == (at + 1, True), message


def test_a_record_that_is_no_record_is_told(records: Records, tmp_path: Path):
    records[2] = None
    assert refusal(write(tmp_path / "edited.jsonl", records)) == (
        3,
        "record 3 cannot be used: None is not a record with the name of its event",
    )


def test_a_lineage_that_cannot_be_is_told_by_its_field(records: Records, tmp_path: Path):
    records[place(records, "ImageCreated")]["lineage"] |= {"charged_system": "Windows Server"}
    _, message = refusal(write(tmp_path / "edited.jsonl", records))
    assert message.endswith(": lineage.charged_system is 'Windows Server', not 'Red Hat Enterprise Linux'")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"event": "AccountOpened" "at": 1}', "it is not JSON from its character 27 on (Expecting ',' delimiter)"),
        ("", "it is not JSON from its character 1 on (Expecting value)"),
        (f'{{"event": {"9" * 5000}}}', "a number of 5000 digits is more than there can be"),
    ],
)
def test_a_line_that_no_program_can_read_is_told_without_words_of_python(tmp_path: Path, line: str, words: str):
    path = tmp_path / "edited.jsonl"
    path.write_text('{"ledger": "ecs_images", "format": 3, "records": 1}\n' + line + "\n", encoding="utf-8")
    assert refusal(path) == (1, f"record 1 cannot be used: {words}")
