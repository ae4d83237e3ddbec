"""The other way of `ecs-images account`: a story written as the files of a real account."""

from __future__ import annotations

from pathlib import Path

import typer

from ..errors import InputError
from .opening import listed, open_run, prices_of
from .output import say
from .show import complain, unpriced_lines


def write_story(
    story: Path,
    folder: Path | None,
    *,
    taken: str | None,
    accounts: str | None,
    prices: list[Path] | None,
    meters: list[str] | None,
    sets: list[str] | None,
) -> None:
    """Write the accounts of a story or a ledger to a new folder, up to the story's end.

    taken: days on which answers were saved, by commas
    accounts: names of the accounts that are written, by commas; None: all
    meters: what is billed beside images and their fees; None: what the story says

    Exits with 3 where something has no price, which then is in no file; raises InputError without a folder.
    """
    from ..accounts.written_account import write_account

    if folder is None:
        raise InputError("--from writes to a new folder; name it with -o FOLDER")
    _, run = open_run(story, sets)
    run.refusals_met()
    if run.until is not None and run.until > run.cloud.now:
        run.cloud.at(run.until)
    found = write_account(
        run.cloud,
        folder,
        taken=listed(taken or ""),
        accounts=listed(accounts or ""),
        prices=prices_of(run, prices),
        meters=meters or run.meters or None,
    )
    say(f"wrote {folder}: saved answers in inventory, the bill in bill, FOCUS rows in focus")
    for line in unpriced_lines(found):
        complain(line)
    if len(found.unpriced):
        raise typer.Exit(3)
