"""A story that has been run, or a ledger that has been read: a cloud, names for what is in it, and its bill."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..billing.bill import Bill, bill
from ..cards import card
from ..catalog.images import is_published
from ..catalog.prices import Prices
from ..cloud.cloud import Cloud
from ..errors import InputError, Problem, UnknownName, shown
from ..ledger.resources import Image, Snapshot
from ..units import Time, parse_time
from .expect import Bounds
from .parameters import Value
from .steps import part_of

_LOOKS_LIKE_AN_ID = re.compile(r"[a-z]{1,3}-.+")


@dataclass(frozen=True)
class Outcome:
    """The result of one refusal or expectation.

    line: its line in the story
    what: what was expected
    passed: whether it came so
    instead: what came, in words
    value: what came, where it is a figure
    wanted: what the figure may be
    """

    line: int
    what: str
    passed: bool
    instead: str = ""
    value: float | None = None
    wanted: Bounds | None = None

    @property
    def missed_by(self) -> float | None:
        """By how much the figure is above (or, negative, below) what it may be; None where it is no figure."""
        return None if self.value is None or self.wanted is None else self.wanted.miss(self.value)


@dataclass(frozen=True, repr=False)
class Run:
    """A story that has been run, or a ledger that has been read.

    cloud: the cloud, with its clock at the end
    ids: the id behind every name given with `as`
    outcomes: an outcome for each refusal that the story expects
    notes: what the service left undone in a step without refusing it, such as ignored accounts
    title: what the story calls itself, or the name of the file
    path: the file
    until: the end of its bill, if it has one
    price_layers: its price files
    meters: what its bills have beside images and their fees
    parameters: the value of every parameter
    """

    cloud: Cloud
    ids: dict[str, str]
    outcomes: tuple[Outcome, ...] = ()
    notes: tuple[Problem, ...] = ()
    title: str = ""
    path: str = ""
    until: datetime | None = None
    price_layers: tuple[Path, ...] = ()
    meters: tuple[str, ...] = ()
    parameters: Mapping[str, Value] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Run of {self.title!r}: {len(self.cloud.ledger)} events>"

    def _repr_html_(self) -> str:
        """In a notebook: what came of the refusals that were expected, and the ids behind the names."""
        met = f"{sum(outcome.passed for outcome in self.outcomes)} of {len(self.outcomes)}" if self.outcomes else ""
        facts = {"clock": self.cloud.now, "bill until": self.until, "refusals met": met, **self.parameters}
        return card(self, facts, ("name", "id"), self.ids.items())

    def bill(
        self, *, until: Time | None = None, prices: Prices | None = None, meters: Sequence[str] | None = None
    ) -> Bill:
        """The bill of the story.

        until: the end of the bill; the story's own `until` unless given
        prices: the price book; the published one with the story's price files unless given
        meters: what to bill beside images and their fees; what the story says unless given

        Raises InputError where neither says when the bill ends.
        """
        prices = prices or Prices.published(*self.price_layers)
        return bill(self.cloud, until=self.end(until), prices=prices, meters=meters or self.meters)

    def end(self, until: Time | None = None) -> datetime:
        """The end of a bill: `until` if given, else the story's own; raises InputError without either."""
        if until is not None:
            return parse_time(until, "until")
        if self.until is None:
            raise InputError(f"{self.path} has no end of its bill; add until: to a story, or use --until")
        return self.until

    def refusals_met(self) -> None:
        """Raise InputError where a refusal that the story expects did not come: a bill of it would mislead."""
        for outcome in self.outcomes:
            if not outcome.passed:
                raise InputError(
                    f"{self.path}, line {outcome.line}: expected that {outcome.what}, but {outcome.instead}"
                )

    def id_of(self, reference: str) -> str:
        """The id of what a person names.

        reference: a name given with `as`, a part of one such as `web.system_disk`, an id, the own name of an image or
            snapshot, such as golden-52, or what the catalogue knows, such as a product code

        Raises InputError for a name that several things have, with their ids, and UnknownName for one that none has.
        """
        known = resolve(self.cloud, self.ids, reference)
        if known != reference:
            return str(known)
        state = self.cloud.state
        named: list[Image | Snapshot] = [*state.images.values(), *state.snapshots.values()]
        found = [thing for thing in named if thing.name == reference]
        # The copies of an image have its name in their regions: the name alone means the image itself.
        originals = [thing for thing in found if not isinstance(thing, Image) or thing.made_from != "copy"]
        ids = [thing.id for thing in (originals if len(originals) == 1 else found)]
        if len(ids) > 1:
            places = ", ".join(f"{thing.id} in {thing.region}" for thing in found)
            raise InputError(f"{shown(reference)} is the name of {places}; say which by its id")
        if ids or _LOOKS_LIKE_AN_ID.fullmatch(reference) or is_published(reference):
            return ids[0] if ids else reference
        raise UnknownName("name", reference, [*self.ids, *(thing.name for thing in named if thing.name)])


def resolve(cloud: Cloud, ids: dict[str, str], value: Any) -> Any:
    """The id that a story's reference stands for.

    cloud: the cloud the story runs on
    ids: the id behind every name given with `as`
    value: a name, a part of one such as `web.system_disk`, or a list of them; anything else is returned as it is

    Raises InputError for a part that does not exist, such as the third data disk of two.
    """
    if isinstance(value, list):
        return [resolve(cloud, ids, item) for item in value]
    if not isinstance(value, str):
        return value
    if value in ids:
        return ids[value]
    name, part = part_of(value, ids)
    if part is None:
        return value
    kind, _, number = part.rpartition("_")
    if part.endswith("disk") or kind == "data_disk":
        instance = cloud.instance(ids[name])
        parts: tuple[str, ...] = instance.data_disks if number.isdigit() else (instance.system_disk,)
    else:
        image = cloud.image(ids[name])
        parts = image.data_snapshots if number.isdigit() else (image.system_snapshot,)
    place = int(number) - 1 if number.isdigit() else 0
    if not 0 <= place < len(parts):
        raise InputError(f"{value}: {name} has only {len(parts)} of that kind")
    return parts[place]
