"""A plan that deletes images by a policy: what goes and why, in an order that the service allows. Nothing is run.

Each image is unshared, deleted, and then its snapshots that back nothing else are (DEL-3, DEL-5, SDEL-2). An image
is held back where the lists of its region are not whole, or where it is not known whom it is shared with. Every step
is asked of the account's simulated cloud, one after the other; an image of which a step is refused is held back too.
"""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from operator import methodcaller
from typing import TYPE_CHECKING, Any

from ..catalog.schemas import TABLES
from ..cloud.account import Account
from ..cloud.cloud import Cloud
from ..errors import CloudError, InputError, look_up, shown
from ..wording import listed
from .bounds import NOTHING, Freed
from .chains import AccountChain
from .costs import AccountBill
from .findings import IN_USE, Uses, moment, series_of
from .simulated import is_public

if TYPE_CHECKING:
    import pandas as pd

IN_WORDS = "newest 3 per family, newest 3 per name, anything in use, one a quarter (or week, month, year)"
"""The rules of a policy."""
DECISIONS = TABLES["decisions"]
STEPS = TABLES["cleaning steps"]


@dataclass(frozen=True)
class Cleaning:
    """A plan of deletions.

    decisions: what happens to each image, and why: a `DECISIONS` table, deletions first
    steps: the commands in order: a `STEPS` table
    """

    decisions: pd.DataFrame
    steps: pd.DataFrame

    def script(self) -> str:
        """The steps as lines of a shell with comments; a person reads them, and runs them or does not."""
        lines = ["# Nothing here was run. Read every line first: what is deleted does not come back."]
        for lost, command in zip(self.steps["x_takes_away"], self.steps["x_command"], strict=True):
            lines += [f"# {' '.join(lost.split())}", str(command)] if lost else [str(command)]
        return "\n".join(lines) + "\n"


def clean(bill: AccountBill, keep: str) -> Cleaning:
    """A plan that keeps what a policy says and deletes the account's other images with their snapshots.

    bill: the bill of the account
    keep: rules by commas, of which one that holds is enough to keep an image, such as "newest 3 per family, anything
        in use, one a quarter". Images are counted within an account and region; those in no family (or naming
        series, where the policy says per name) are kept by such rules. One a quarter keeps the newest of each quarter
        of UTC+8.

    Returns a `Cleaning`. Raises InputError for a rule that is not known. DEL-2, DEL-3, DEL-5, DEL-6, SDEL-2, REINIT-2.
    """
    uses = Uses(bill)
    rules = _rules(uses, keep)
    decided: list[tuple[Any, str, str]] = []
    for image in sorted(uses.images.values(), key=moment):
        why = next((reason for rule in rules if (reason := rule.get(image.image_id))), "")
        decided.append((image, "keep", why) if why else (image, *_delete_or_hold(uses, image)))
    return _planned(uses, decided)


def clean_chosen(uses: Uses, chosen: Collection[str]) -> Cleaning:
    """A plan that deletes just what a person chose: images, each with its snapshots, and snapshots of their own.

    uses: what uses the images and snapshots of the account
    chosen: ids of images and snapshots

    Returns a `Cleaning`, whose decisions are of what was chosen. A snapshot that is needed by a disk, or by an
    image that stays, is held back. Raises UnknownName for an id that is in no list. DEL-3, DEL-5, SDEL-2.
    """
    for name in chosen:
        if name not in uses.images:
            look_up("image or snapshot of this account", name, uses.snapshots)
    images = [image for name, image in uses.images.items() if name in chosen]
    decided: list[tuple[Any, str, str]] = [
        (image, *_delete_or_hold(uses, image)) for image in sorted(images, key=moment)
    ]
    going = {image.image_id for image, decision, _ in decided if decision == "delete"}
    for name, row in uses.snapshots.items():
        if name in chosen:
            needs = uses.of_snapshot.get(name, [])
            staying = [who for who in needs if who not in going]
            verdict, seen, settle = uses.verdict_of_snapshot(row)
            if staying or "disk" in row.usage or (verdict == IN_USE and not needs):
                needed = f"{listed(staying)} need{'s' if len(staying) == 1 else ''} it"
                decided.append((row, "held back", f"{needed if staying else seen} (SDEL-2)"))
            elif row.region_id in uses.missing and not needs:
                decided.append((row, "held back", f"{seen}: {settle}"))
            else:
                decided.append((row, "delete", "its images go, too" if needs else f"{verdict}: {seen}"))
    return _planned(uses, decided)


def _planned(uses: Uses, decided: list[tuple[Any, str, str]]) -> Cleaning:
    """The plan that follows from what is decided of images and snapshots, after its steps were asked of the cloud."""
    held: dict[str, str] = {}
    refused: dict[str, str] | None = None
    while refused != {}:
        gone = [row for row, decision, _ in decided if decision == "delete" and _id(row) not in held]
        steps, refused = played(uses.cloud.fork(), list(steps_for(uses, gone)))
        held |= refused
    decided = [(row, "held back", held[_id(row)]) if _id(row) in held else (row, *why) for row, *why in decided]
    decided.sort(key=lambda decision: ("delete", "held back", "keep").index(decision[1]))
    rows = [(_id(row), row.name, row.region_id, decision, why) for row, decision, why in decided]
    return Cleaning(DECISIONS.frame(rows), STEPS.frame(_with_money(uses.bill, steps)))


def _id(row: Any) -> str:
    """The id of an image or a snapshot."""
    return str(getattr(row, "image_id", "") or row.snapshot_id)


def _delete_or_hold(uses: Uses, image: Any) -> tuple[str, str]:
    """Whether an image can go by what is known, and why."""
    verdict, seen, settle = uses.verdict_of_image(image)
    if image.region_id in uses.missing:
        return "held back", f"{seen}: {settle}"
    if uses.shared(image) and image.image_id not in uses.shares:
        return "held back", f"with whom it is shared is not told: {uses.shares_line(image)}"
    return "delete", f"{verdict}: {seen}"


_Rule = dict[str, str]
"""Why a rule keeps an image, by the image's id."""


def _rules(uses: Uses, keep: str) -> list[_Rule]:
    if not isinstance(keep, str):
        raise InputError(f"keep is a text such as {IN_WORDS}, not {shown(keep)}")
    parts = [" ".join(part.lower().split()) for part in keep.split(",")]
    by_name = any(part.endswith("per name") for part in parts)
    return [_rule(uses, part, by_name) for part in parts]


def _rule(uses: Uses, part: str, by_name: bool) -> _Rule:
    images = list(uses.images.values())
    if part == "anything in use":
        verdicts = {image.image_id: uses.verdict_of_image(image) for image in images}
        return {name: f"in use: {seen}" for name, (verdict, seen, _) in verdicts.items() if verdict == IN_USE}
    if match := re.fullmatch(r"newest (\d{1,4}) per (family|name)", part):
        named = match[2] == "name"
        return _newest(images, int(match[1]), lambda image: "", named, f"one of the {part.replace('per', 'of its')}")
    if match := re.fullmatch(r"one an? (week|month|quarter|year)", part):
        period = {"week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}.get(match[1])

        def label(image: Any) -> str:
            at = image.created_at
            if at != at:
                return "no date"
            return str(at.strftime(period)) if period else f"{at.year}-Q{at.quarter}"

        return _newest(images, 1, label, by_name, f"the newest of its {match[1]}")
    raise InputError(f"{shown(part)} is no rule of what to keep; there are: {IN_WORDS}")


def _newest(images: Iterable[Any], count: int, label: Callable[[Any], str], by_name: bool, why: str) -> _Rule:
    """The newest images of each group and label, and those in no group."""
    groups: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    kept: _Rule = {}
    for image in images:
        group = series_of(image.name) if by_name else image.family
        if group:
            groups[image.account_id, image.region_id, group, label(image)].append(image)
        else:
            kept[image.image_id] = f"in no {'naming series' if by_name else 'family'}"
    for members in groups.values():
        newest = sorted(members, key=moment)[len(members) - min(count, len(members)) :]
        kept |= {image.image_id: why for image in newest}
    return kept


@dataclass(frozen=True)
class _Step:
    operation: str
    region_id: str
    resource_id: str
    takes_away: str
    options: list[str]
    part_of: str
    ask: Callable[[Account], object]
    deletes: str = ""


def steps_for(uses: Uses, gone: Iterable[Any]) -> Iterator[_Step]:
    """The commands for some images, one image after the other, then for snapshots that were chosen by themselves.

    A snapshot goes with the last image that it backs.
    """
    deleted: set[str] = set()
    done: set[str] = set()
    for image in (row for row in gone if _id(row) in uses.images):
        place = image.region_id, image.image_id
        for account in uses.shares.get(image.image_id, []):
            lost = (
                f"{account} cannot launch {image.image_id} any more, and its instances cannot be re-initialised to it"
            )
            options = ["--ImageId", image.image_id, "--RemoveAccount.1", account]
            ask = methodcaller("unshare_image", image.image_id, from_accounts=[account])
            yield _Step("ModifyImageSharePermission", *place, lost, options, image.image_id, ask)
        if is_public(image):
            lost = f"nobody else can launch {image.image_id} any more"
            options = ["--ImageId", image.image_id, "--IsPublic", "false"]
            ask = methodcaller("unpublish_image", image.image_id)
            yield _Step("ModifyImageSharePermission", *place, lost, options, image.image_id, ask)
        by = uses.of_image.get(image.image_id, [])
        force = bool(by) or image.usage == "instance"
        lost = f"{listed(by)} can never be re-initialised to {image.image_id}" if by else ""
        options = ["--ImageId", image.image_id, *(["--Force", "true"] if force else [])]
        ask = methodcaller("delete_image", image.image_id, force=force)
        yield _Step("DeleteImage", *place, lost, options, image.image_id, ask)
        deleted.add(image.image_id)
        for snapshot in sorted(uses.backing.snapshots.get(image.image_id, ())):
            others = set(uses.of_snapshot[snapshot]) - deleted
            row = uses.snapshots.get(snapshot)
            if others or row is None or "disk" in row.usage or snapshot in done:
                continue
            done.add(snapshot)
            yield _snapshot_step(row, image.image_id)
    for row in gone:
        if _id(row) not in uses.images and _id(row) not in done:
            yield _snapshot_step(row, _id(row))


def _snapshot_step(row: Any, part_of: str) -> _Step:
    name, ask = row.snapshot_id, methodcaller("delete_snapshot", row.snapshot_id)
    lost = f"{name} can never be restored"
    return _Step("DeleteSnapshot", row.region_id, name, lost, ["--SnapshotId", name], part_of, ask, name)


def played(cloud: Cloud, steps: list[_Step]) -> tuple[list[tuple[_Step, str]], dict[str, str]]:
    """Each step with the answer of a cloud in which those before it were done, and why images cannot go."""
    answers: list[tuple[_Step, str]] = []
    refused: dict[str, str] = {}
    there = cloud.state.resources
    for step in steps:
        thing = there.get(step.resource_id)
        if thing is None:
            answers.append((step, f"not judged: {step.resource_id} is not in the account's simulated cloud"))
            continue
        try:
            step.ask(cloud.account(thing.account))
            answers.append((step, "allowed"))
        except CloudError as error:
            refused.setdefault(
                step.part_of, f"the service would refuse {step.operation} ({error.code}): {error.reason}"
            )
    return answers, refused


def _with_money(bill: AccountBill, steps: Iterable[tuple[_Step, str]]) -> Iterator[tuple[object, ...]]:
    """The rows of steps, with what is saved after each; only a chain that a step touches is bounded anew."""
    deleted: dict[tuple[str, str], set[str]] = defaultdict(set)
    freed: dict[tuple[str, str], Freed] = defaultdict(lambda: NOTHING)
    # The chains of a region that are billed alike are summed up as one, for there may be thousands.
    alike: dict[tuple[object, ...], tuple[AccountChain, Freed]] = {}
    saved = NOTHING
    for number, (step, answer) in enumerate(steps, 1):
        chain = bill.chain_of.get(step.deletes)
        if chain is not None:
            deleted[chain.key].add(step.deletes)
            before, freed[chain.key] = freed[chain.key], chain.known.freed(deleted[chain.key])
            kind = chain.account_id, chain.region_id, chain.category, chain.known.total is None
            _, others = alike.get(kind, (chain, NOTHING))
            alike[kind] = chain, others + freed[chain.key] - before
            saved = bill.money(alike.values())
        # Ids come from files, and a person may run this: whatever a shell would read in them is quoted.
        command = shlex.join(["aliyun", "ecs", step.operation, "--RegionId", step.region_id, *step.options])
        where = number, step.operation, step.region_id, step.resource_id, step.takes_away
        yield *where, bill.currency, saved.low, saved.high, answer, command
