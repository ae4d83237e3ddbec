"""Copies that wait for their turn (COPY-4): when each begins and ends, and what its source may not do meanwhile.

In 2021 a region made one copy at a time, and a copy takes half a minute a GiB: 12 GiB are 6 minutes.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from helpers import HANGZHOU, machine, refused

from ecs_images import Account, Cloud

SIX_MINUTES = timedelta(minutes=6)


@pytest.fixture
def slow() -> Cloud:
    """A cloud of 2021 whose work takes its typical time."""
    return Cloud(start="2021-05-31", durations="typical")


def copies_of_new_images(cloud: Cloud, owner: Account, count: int) -> list[str]:
    """Copies to Hangzhou, asked for at the same moment; the first is being made, the others wait."""
    images = []
    for _ in range(count):
        images.append(owner.create_image(machine(owner)))
        cloud.wait(images[-1])
    return [owner.copy_image(image, to=HANGZHOU) for image in images]


@pytest.mark.parametrize("hours", [0.15, 24])
def test_a_waiting_copy_takes_its_time_from_its_own_start_however_far_the_clock_moves(slow: Cloud, hours: float):
    """COPY-4: it begins when the one before it is done, also when the clock goes on for a day in one step."""
    asked = copies_of_new_images(slow, slow.account("acme"), 2)
    begun = slow.now
    slow.advance(hours=hours)
    assert [slow.image(copy).finishes_at for copy in asked] == [begun + SIX_MINUTES, begun + 2 * SIX_MINUTES]
    assert {slow.snapshot(s).started_at for s in slow.image(asked[1]).snapshots} == {begun + SIX_MINUTES}


def test_when_a_copy_is_done_only_the_oldest_that_waits_begins(slow: Cloud):
    """COPY-4, STATUS-1: one at a time, so that the third ends after 18 minutes, not after 12."""
    asked = copies_of_new_images(slow, slow.account("acme"), 3)
    begun = slow.now
    slow.at(begun + SIX_MINUTES)
    assert [slow.image(copy).status for copy in asked] == ["Available", "Creating", "Waiting"]
    slow.wait(asked[2])
    assert slow.now == begun + 3 * SIX_MINUTES


def test_when_a_copy_is_cancelled_only_the_oldest_that_waits_begins(slow: Cloud):
    """COPY-4, COPY-5."""
    acme = slow.account("acme")
    asked = copies_of_new_images(slow, acme, 3)
    acme.cancel_copy_image(asked[0])
    assert [slow.image(copy).status for copy in asked] == ["Deleted", "Creating", "Waiting"]


def test_an_image_whose_copy_waits_is_not_deleted_or_copied_again(slow: Cloud):
    """COPY-5, DEL-4: waiting is under way too."""
    acme = slow.account("acme")
    waiting = slow.image(copies_of_new_images(slow, acme, 2)[1])
    assert waiting.status == "Waiting"
    with refused(slow, "OperationDenied.ImageCopying", operation="DeleteImage"):
        acme.delete_image(waiting.source, force=True)
    with refused(slow, "OperationDenied.ImageCopyConflict", operation="CopyImage"):
        acme.copy_image(waiting.source, to=waiting.region, name="again")
