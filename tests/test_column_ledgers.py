"""A ledger in columns: the same events, trusted while they are as written, else checked record by record (rule 13)."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet
import pytest
from test_edited_ledgers import busy_cloud

import ecs_images as ecs
from ecs_images import Cloud, FileProblems, InputError, Ledger
from ecs_images.ledger import events as ev
from ecs_images.ledger.event_columns import hints, plain_kind
from ecs_images.stories.opened import opened


@pytest.fixture(scope="module")
def busy() -> Cloud:
    return busy_cloud()


@pytest.fixture
def path(busy: Cloud, tmp_path: Path) -> Path:
    """The ledger of a cloud in which something of every kind happened, in columns."""
    busy.ledger.save(tmp_path / "busy.parquet")
    return tmp_path / "busy.parquet"


def edited(path: Path, place: int, name: str, value: Any) -> Path:
    """The file with one value changed, as other tools would: what stands in its metadata stays."""
    table = pyarrow.parquet.read_table(path)
    values = table[name].to_pylist()
    values[place] = value
    column = table.column_names.index(name)
    pyarrow.parquet.write_table(table.set_column(column, name, pa.array(values, table.schema.types[column])), path)
    return path


def place_of(ledger: Ledger, kind: type[ev.Event]) -> int:
    return next(place for place, event in enumerate(ledger) if isinstance(event, kind))


def refusal(path: Path) -> str:
    with pytest.raises(FileProblems, match="nothing was loaded") as caught:
        Ledger.load(path)
    (problem,) = caught.value.problems
    assert problem.line == 0
    return problem.message


# Round trip ----------------------------------------------------------------------------------------


def test_a_ledger_survives_its_file_of_columns(busy: Cloud, path: Path) -> None:
    loaded = Ledger.load(path)
    assert loaded == busy.ledger
    assert [type(event) for event in loaded] == [type(event) for event in busy.ledger]
    assert loaded.replay().images == busy.ledger.replay().images
    assert Cloud.from_ledger(loaded).now == busy.now


def test_events_of_columns_are_asked_for_as_those_of_a_list(busy: Cloud, path: Path) -> None:
    loaded, events = Ledger.load(path), list(busy.ledger)
    assert len(loaded) == len(events)
    assert (loaded[0], loaded[7], loaded[-1]) == (events[0], events[7], events[-1])
    assert list(loaded[3:9:2]) == events[3:9:2]
    assert list(loaded.of(ev.ImageCreated)) == [event for event in events if isinstance(event, ev.ImageCreated)]
    with pytest.raises(IndexError):
        loaded[len(events)]


def test_lines_columns_and_lines_again_are_the_same_bytes(busy: Cloud, path: Path, tmp_path: Path) -> None:
    busy.ledger.save(tmp_path / "one.jsonl")
    Ledger.load(path).save(tmp_path / "two.jsonl")
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


def test_a_file_of_columns_is_known_by_its_content_and_stands_in_place_of_a_story(
    busy: Cloud, path: Path, tmp_path: Path
) -> None:
    other = path.rename(tmp_path / "year")
    story, run = opened(other)
    assert story is None
    assert run.cloud.ledger == busy.ledger


def test_a_bill_is_the_same_from_columns(busy: Cloud, path: Path) -> None:
    until = "2021-07-31"
    assert ecs.measure(Ledger.load(path), until=until).equals(ecs.measure(busy.ledger, until=until))


def test_an_empty_ledger_has_a_file_of_columns_too(tmp_path: Path) -> None:
    Ledger().save(tmp_path / "none.parquet")
    assert len(Ledger.load(tmp_path / "none.parquet")) == 0


def test_a_name_with_odd_characters_is_read_back_exactly(tmp_path: Path) -> None:
    cloud = Cloud(start="2026-01-15")
    cloud.account('a\u2028b\n"金色')
    cloud.ledger.save(tmp_path / "odd.parquet")
    assert Ledger.load(tmp_path / "odd.parquet") == cloud.ledger


# Edited and foreign files -------------------------------------------------------------------------


def test_an_edited_value_that_cannot_be_is_named_with_its_record(busy: Cloud, path: Path) -> None:
    place = place_of(busy.ledger, ev.SnapshotStarted)
    message = refusal(edited(path, place, "disk", "d-99999999"))
    assert message == f"record {place + 1} cannot be used: disk 'd-99999999' is not among the disks"


def test_an_edited_value_that_can_be_is_loaded(busy: Cloud, path: Path) -> None:
    """The quantity of a write is free, and the checksum no longer right: the ledger is checked and taken."""
    place = place_of(busy.ledger, ev.DiskWritten)
    loaded = Ledger.load(edited(path, place, "overwritten", 1))
    assert [k for k, event in enumerate(loaded) if event != busy.ledger[k]] == [place]


def test_a_record_that_lacks_a_field_or_has_one_of_another_kind_is_refused(busy: Cloud, path: Path) -> None:
    place = place_of(busy.ledger, ev.AccountOpened)
    assert "record 2 cannot be used: None is not text" in refusal(edited(path, place, "site", None))


def test_a_list_that_is_no_json_is_refused(busy: Cloud, path: Path) -> None:
    place = place_of(busy.ledger, ev.ImageCreated)
    assert refusal(edited(path, place, "mappings", "[")).startswith(
        f"record {place + 1} cannot be used: it is not JSON"
    )


def test_an_event_that_nobody_knows_is_refused(path: Path) -> None:
    assert "unknown event 'Miracle'" in refusal(edited(path, 3, "event", "Miracle"))


def test_a_time_beyond_all_clocks_is_refused(path: Path) -> None:
    table = pyarrow.parquet.read_table(path)
    times = pa.array([1 << 60] * table.num_rows, "int64").cast(table.schema.field("at").type)
    pyarrow.parquet.write_table(table.set_column(table.column_names.index("at"), "at", times), path)
    assert refusal(path).startswith("record 1 cannot be used: ")


def test_a_table_that_is_cut_off_is_refused(busy: Cloud, path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.parquet.read_table(path)[:5], path)
    assert refusal(path).startswith(f"the file ends after record 5 of {len(busy.ledger)}")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"at": ["2026"], "event": ["CloudStarted"]}, "has these columns: at"),
        ({"event": ["CloudStarted"]}, "a column event and a column at"),
        ({"price": [1]}, "has these columns: price"),
    ],
)
def test_a_table_of_other_columns_is_refused(path: Path, columns: dict[str, list[Any]], words: str) -> None:
    header = pyarrow.parquet.read_table(path).schema.metadata
    pyarrow.parquet.write_table(pa.table(columns).replace_schema_metadata(header), path)
    assert words in refusal(path)
    pyarrow.parquet.write_table(pa.table(columns), path)
    assert refusal(path) == "its metadata do not contain the header of a ledger of format 3"


def test_a_damaged_file_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])
    assert refusal(path).startswith("it cannot be read (")


def test_a_number_that_no_column_can_hold_is_refused_and_nothing_is_written(busy: Cloud, tmp_path: Path) -> None:
    written = ev.DiskWritten(at=busy.now, disk="d-1", appended=1 << 70, start=0, overwritten=0)
    with pytest.raises(InputError, match="cannot be kept in columns"):
        Ledger([written]).save(tmp_path / "large.parquet")
    assert list(tmp_path.iterdir()) == []


def test_without_pyarrow_a_sentence_says_what_to_install(
    path: Path, busy: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    for work in (lambda: Ledger.load(path), lambda: busy.ledger.save(path)):
        with pytest.raises(InputError, match=r"pip install 'ecs-images\[parquet\]'"):
            work()


# What columns must be able to say -----------------------------------------------------------------


def test_null_can_stand_for_the_default_of_every_field() -> None:
    """Where a field may be None, None is its default or it has none."""
    for kind in ev.KINDS.values():
        for part in fields(kind):
            if part.default not in (MISSING, None):
                assert type(None) not in get_args(hints(kind)[part.name])


def test_all_fields_of_a_name_are_of_one_type() -> None:
    """They share a column."""
    found: dict[str, set[object]] = {}
    for kind in ev.KINDS.values():
        for name, hint in hints(kind).items():
            found.setdefault(name, set()).add(plain_kind(hint))
    assert [name for name, kinds in found.items() if len(kinds) > 1] == []


@pytest.mark.slow
def test_any_damaged_byte_is_said_or_does_no_harm(path: Path, busy: Cloud) -> None:
    whole, events = path.read_bytes(), list(busy.ledger)
    for place in range(0, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x94]) + whole[place + 1 :])
        with suppress(InputError):
            assert list(Ledger.load(path)) == events
