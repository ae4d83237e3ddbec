"""`ecs-images account`: a story written as the files of a real account."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .opening import open_run, prices_of
from .options import Layers, Sets
from .output import say
from .show import complain, unpriced_lines


def account(
    story: Annotated[Path, typer.Option("--from", help="a story or a ledger to write as the files of an account")],
    folder: Annotated[Path, typer.Option("--output", "-o", help="a new folder to write them to")],
    taken: Annotated[
        list[str] | None,
        typer.Option(help="a day on which answers were saved; may be repeated; default: the first of every month"),
    ] = None,
    accounts: Annotated[
        list[str] | None, typer.Option("--account", help="write this account; may be repeated; default: all")
    ] = None,
    prices: Layers = None,
    sets: Sets = None,
) -> None:
    """Write a story as a real account would come: saved answers of the service, a bill, and FOCUS rows.

    Use that no price covers is in no file: it is listed, and the command ends with 3.
    """
    from ..accounts.written_account import write_account

    _, run = open_run(story, sets)
    run.refusals_met()
    if run.until is not None and run.until > run.cloud.now:
        run.cloud.at(run.until)
    found = write_account(
        run.cloud,
        folder,
        taken=taken or (),
        accounts=accounts or (),
        prices=prices_of(run, prices),
        meters=run.meters or None,
    )
    say(f"wrote {folder}: saved answers in inventory, the bill in bill, FOCUS rows in focus")
    for line in unpriced_lines(found):
        complain(line)
    if len(found.unpriced):
        raise typer.Exit(3)
