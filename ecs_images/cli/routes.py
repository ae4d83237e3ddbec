"""`ecs-images routes`: how an image can reach accounts in regions, and what each way adds to whose bill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..errors import InputError
from .drawing import drawn
from .opening import listed, open_account, open_run, prices_of
from .options import File, Form, Layers, Sets, Site, StandIns
from .output import Format, Output, say
from .show import notes_of, remark

if TYPE_CHECKING:
    from ..decisions.in_words import Alike


def routes(
    story: Annotated[Path, typer.Argument(help="a story, a ledger, or a folder of saved answers of an account")],
    image: Annotated[str, typer.Option(help="the image: its name, or its id")],
    accounts: Annotated[str, typer.Option(help="who must be able to launch it, by comma; default: everybody")] = "",
    regions: Annotated[str, typer.Option(help="where, by comma; default: wherever the story has something")] = "",
    every_days: Annotated[
        float | None, typer.Option(help="days between versions; default: as the story repeats, or 7")
    ] = None,
    versions_kept: Annotated[
        int | None, typer.Option(help="how many versions stay; default: as the story keeps, or 12")
    ] = None,
    change_gib: Annotated[float, typer.Option(help="GiB written over in each version")] = 1,
    new_gib: Annotated[float, typer.Option(help="GiB added in each version")] = 0,
    horizon_days: Annotated[float, typer.Option(help="days to look ahead")] = 365,
    size_gib: Annotated[float | None, typer.Option(help="suppose that so much is written on its system disk")] = None,
    instance_type: Annotated[
        str | None, typer.Option(help="the machine that builds images; default: ecs.c6.large")
    ] = None,
    category: Annotated[str | None, typer.Option(help="its system disk; default: cloud_essd_pl0")] = None,
    build_minutes: Annotated[float | None, typer.Option(help="minutes it runs for a version; default: 20")] = None,
    release_builder: Annotated[bool, typer.Option(help="release a builder after each version")] = False,
    site: Site = None,
    stand_ins: StandIns = None,
    form: Form = None,
    path: File = None,
    prices: Layers = None,
    sets: Sets = None,
) -> None:
    """Say how an image of a story can reach accounts in regions, and what each way adds to whose bill.

    "+ ?" beside an amount says that a part of the way, such as its machine, has no price and is not counted.
    """
    from ..decisions.in_words import alike
    from ..decisions.machines import Machines
    from ..decisions.question import Question, Situation
    from ..decisions.routes import ROUTES_TABLE, every_route, frame_of
    from ..decisions.updates import Updates
    from ..stories.rhythm import rhythm_of

    output = Output.of(form, path)
    if story.is_dir():
        loaded = None
        run, notes = open_account(story, site or "china", image, sets)
    elif site is not None:
        raise InputError(f"--site is for a folder of saved answers; the accounts of {story} have theirs")
    else:
        loaded, run = open_run(story, sets)
        notes = notes_of(run)
    state = run.cloud.state
    used = [found.region for found in state.images.values()] + [found.region for found in state.instances.values()]
    rhythm = rhythm_of(loaded, run.ids, image) if loaded is not None else None
    given: dict[str, Any] = {"every_days": every_days, "versions_kept": versions_kept}
    if rhythm is not None:
        given = {name: rhythm._asdict()[name] if value is None else value for name, value in given.items()}
    given = {name: value for name, value in given.items() if value is not None}
    machines = Machines(instance_type, cast(Any, category), build_minutes, keep_builder=not release_builder)
    updates = Updates(
        change_gib=change_gib, new_gib=new_gib, horizon_days=horizon_days, size_gib=size_gib, machines=machines, **given
    )
    situation = Situation(run.cloud, run.id_of(image))
    targets = situation.targets(listed(accounts) or list(state.accounts), listed(regions) or sorted(set(used)))
    question = Question(situation, updates, prices_of(run, prices).supposing(assume_prices=stand_ins))
    found = every_route(question, targets)
    groups = alike(question, found)
    if output.form is Format.table:
        output.text(_for_people(f"{run.title}: {image}", groups, to_file=path is not None))
    else:
        output.table(ROUTES_TABLE.frame(found), f"{run.title}: {image}")
    if output.for_people:
        if output.form is not Format.table:
            say("\n".join(group.answer for group in groups))
        for part, value in frame_of(question):
            say(f"{part}: {value}")
    remark(notes, output)


def _for_people(title: str, groups: Sequence[Alike], *, to_file: bool) -> str:
    """Routes as text: the answers first, then a table for each group of targets, a line a way, and why others fail."""
    import pandas as pd

    from ..decisions.in_words import money, payer

    text = [title, *(group.answer for group in groups)]
    for group in groups:
        allowed = [way for way in group.routes if way.allowed]
        rows = [
            [way.way, money(way.cost, way.currency, way.not_counted), payer(way), f"{way.hours_to_launch:.2f}"]
            for way in allowed
        ]
        table = pd.DataFrame(rows, columns=["way", "adds", "paid by", "hours"], dtype="str")
        text += ["", f"To {group.place}:", drawn(table, to_file=to_file).rstrip("\n"), ""]
        remarks = [(way.way, "; ".join(filter(None, (way.not_counted, way.note)))) for way in allowed]
        refused = [(f"{way.way}: {way.code or 'refused'}", way.note) for way in group.routes if not way.allowed]
        text += [f"- {head}: {why}" for head, why in (*remarks, *refused) if why]
    breaks = {way.way: way.if_withdrawn for group in groups for way in group.routes if way.allowed}
    heading = "\nWhat breaks if withdrawn, when the owner later deletes or unshares:" if breaks else ""
    return "\n".join([*text, heading, *(f"- {name}: {what}" for name, what in breaks.items()), ""])
