"""`ecs-images ledger`: everything that happens in a story, as a ledger file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .opening import open_run
from .options import Sets
from .output import say


def ledger(
    story: Annotated[Path, typer.Argument(help="a story, or a ledger to check and write anew")],
    path: Annotated[Path, typer.Option("--output", "-o", help="such as year.jsonl, or year.parquet for columns")],
    sets: Sets = None,
) -> None:
    """Write what happens in a story to a ledger file, which every command takes in place of the story."""
    _, run = open_run(story, sets)
    run.cloud.ledger.save(path)
    say(f"wrote {path} ({len(run.cloud.ledger)} events)")
