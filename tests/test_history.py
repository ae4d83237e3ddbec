"""The past of a cloud: what its ledger says up to a moment, whatever was asked or done before (design rule 1)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from helpers import golden_image, machine
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Story, fingerprint, go_on, play, stories, tables

from ecs_images import Account, Cloud, InputError, Ledger
from ecs_images.ledger.events import Event
from ecs_images.ledger.history import History
from ecs_images.ledger.state import State

_SECOND = timedelta(seconds=1)


def replayed(ledger: Ledger, count: int) -> dict[str, object]:
    return tables(ledger[:count].replay())


@pytest.mark.slow
@settings(max_examples=40)
@given(stories(20), st.integers(1, 9), st.lists(st.floats(0, 1), max_size=8))
def test_states_on_the_way_are_those_of_a_replay_in_whatever_order_they_are_asked_for(
    story: Story, apart: int, parts: list[float]
) -> None:
    """What is done to a state that was handed out is seen in no other."""
    ledger = play(story).cloud.ledger
    history = History(list(ledger), apart)
    for part in parts:
        count = round(part * len(ledger))
        state = history.after(count)
        assert tables(state) == replayed(ledger, count)
        for event in ledger[count : count + 7]:
            event.apply(state)


@pytest.mark.slow
@settings(max_examples=40)
@given(stories(20), st.data())
def test_a_cloud_as_of_a_moment_is_the_cloud_of_the_events_up_to_it(story: Story, data: st.DataObject) -> None:
    """At an event's time and a second beside it; the cloud goes on between two questions, its forks too."""
    played = play(story)
    for cloud in (played.cloud, played.cloud.fork()):
        for _ in range(3):
            event = data.draw(st.sampled_from(list(cloud.ledger)))
            moment = event.at + data.draw(st.sampled_from((-_SECOND, 0 * _SECOND, _SECOND)))
            count = sum(other.at <= moment for other in cloud.ledger)
            assert tables(cloud.ledger.state_at(moment)) == replayed(cloud.ledger, count)
            if cloud.ledger[0].at <= moment <= cloud.now:
                past = cloud.as_of(moment)
                assert (past.now, past.ledger) == (moment, cloud.ledger[:count])
                assert tables(past.state) == replayed(cloud.ledger, count)
            before = fingerprint(cloud)
            go_on(played, (("snapshot", 0, 0, 0), ("minutes", 25, 0, 0)))
            assert cloud is played.cloud or fingerprint(cloud) == before


def test_before_the_first_event_there_is_nothing_and_after_the_last_all_that_is(cloud: Cloud, acme: Account) -> None:
    golden_image(acme)
    assert tables(cloud.ledger.state_at("2011-01-01")) == tables(State())
    assert tables(cloud.ledger.state_at("2199-01-01")) == tables(cloud.state)


def test_a_ledger_that_was_handed_out_does_not_say_what_happened_later(cloud: Cloud, acme: Account) -> None:
    image = golden_image(acme)
    early = cloud.ledger
    acme.delete_image(image)
    assert early.state_at(cloud.now).images[image].deleted_at is None
    assert cloud.ledger.state_at(cloud.now).images[image].deleted_at == cloud.now


def test_a_cloud_of_the_past_goes_another_way(cloud: Cloud, acme: Account) -> None:
    """On 20 January the image is still there; it is shared then, which the present does not know."""
    image = golden_image(acme)
    cloud.at("2026-02-14")
    acme.delete_image(image)
    before = fingerprint(cloud)
    past = cloud.as_of("2026-01-20")
    past.account("partner")
    past.account("acme").share_image(image, with_accounts=["partner"])
    assert past.image(image).shared_with == {"partner"}
    assert fingerprint(cloud) == before
    assert cloud.as_of("2026-01-20").image(image).shared_with == set()


@pytest.mark.parametrize("when", ["2025-12-31", "2026-03-01"])
def test_a_cloud_has_no_past_before_its_start_and_no_future(cloud: Cloud, when: str) -> None:
    cloud.at("2026-02-14")
    before = fingerprint(cloud)
    with pytest.raises(InputError, match=f"the cloud was not there on {when}"):
        cloud.as_of(when)
    assert fingerprint(cloud) == before


def test_a_second_question_replays_no_more_than_lies_between_two_kept_states(cloud: Cloud, acme: Account) -> None:
    """Of 64 events, kept every 4: the state after 63 follows from that after 60, whatever was asked before."""

    class Events(list[Event]):
        read = 0

        def __getitem__(self, index):  # type: ignore[no-untyped-def]
            found = super().__getitem__(index)
            self.read += len(found)
            return found

    web = machine(acme)
    while len(cloud.ledger) < 64:
        acme.write(web, overwrite=1)
    events = Events(list(cloud.ledger)[:64])
    history = History(events, apart=4)
    history.after(64)
    assert events.read == 64
    history.after(63)
    assert events.read == 64 + 3


def test_a_growing_ledger_that_is_asked_again_and_again_keeps_few_states(cloud: Cloud, acme: Account) -> None:
    """Asked after each of 400 events: with 2 between kept states there would be 200."""
    web = machine(acme)
    while len(cloud.ledger) < 400:
        acme.write(web, overwrite=1)
    growing: list[Event] = []
    history = History(growing, apart=2)
    for count, event in enumerate(cloud.ledger, 1):
        growing.append(event)
        history.after(count)
        assert len(history._kept) <= 32
    assert tables(history.after(399)) == replayed(cloud.ledger, 399)
