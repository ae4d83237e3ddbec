"""What every command about a story begins with: the file is read, and run with a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, shown
from .drawing import console, visible

if TYPE_CHECKING:
    from ..accounts.inventory import Inventory
    from ..catalog.prices import Prices
    from ..stories.run import Run
    from ..stories.story import Story


def open_run(path: Path, sets: list[str] | None = None) -> tuple[Story | None, Run]:
    """A story or ledger and its run, as `stories.opened` returns them; `sets` are texts such as "keep=8"."""
    from ..stories.opened import opened

    with progress(path.name) as advance:
        return opened(path, parameters(sets), advance)


def open_account(folder: Path, site: str, image: str | None, sets: list[str] | None = None) -> tuple[Run, list[str]]:
    """A folder of saved answers of a real account as a run without a story, and a line for all that is not in it.

    Raises InputError where the image that is asked about is not in it, with the reason.
    """
    from ..accounts.simulated import simulated
    from ..stories.run import Run

    if sets:
        raise InputError(f"{folder} is a folder of saved answers, which has no parameters to --set")
    cloud, left_out = simulated(read_inventory([folder]), site)
    for sentence in left_out:
        if sentence.startswith(f"image {image}: "):
            raise InputError(f"nothing can be asked about {sentence}")
    run = Run(cloud, {}, title=folder.name, path=str(folder))
    return run, [f"left out: {sentence}" for sentence in left_out]


def read_inventory(
    places: list[Path], region: str | None = None, account_id: str | None = None, taken: str | None = None
) -> Inventory:
    """An account's saved answers, as `Inventory.read`, read with a count of files where somebody looks."""
    from ..accounts.inventory import Inventory

    with progress("files") as advance:
        return Inventory.read(
            places, region=region, account_id=account_id, taken=taken, progress=lambda done: advance(done, None)
        )


def story_of(path: Path, story: Story | None) -> Story:
    """The story; raises InputError where the file is a ledger."""
    if story is None:
        raise InputError(f"{path} is a ledger; this needs the story itself")
    return story


def parameters(sets: list[str] | None) -> dict[str, str]:
    """Values by name, from texts such as "keep=8"; raises InputError for one of another form or given twice."""
    found: dict[str, str] = {}
    for text in sets or ():
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--set takes NAME=VALUE, such as keep=8, not {shown(text)}")
        if name.strip() in found:
            raise InputError(f"--set gives {name.strip()} twice; to try several values use ecs-images sweep")
        found[name.strip()] = value.strip()
    return found


def prices_of(run: Run, layers: list[Path] | None) -> Prices:
    """The published prices with the story's price files and those of the command over them."""
    from ..catalog.prices import Prices

    return Prices.published(*run.price_layers, *(layers or ()))


def wanted_meters(meters: str | None) -> list[str] | None:
    """The meters that --meters names; None where it is not given. Raises UnknownName for an unknown one."""
    from ..catalog.meters import asked_for

    return None if meters is None else sorted(asked_for(meters if meters == "all" else listed(meters)))


def listed(text: str) -> list[str]:
    """The parts of a text separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


@contextmanager
def progress(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on the screen's error channel while a story runs or files are read; nothing when nobody looks."""
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(escape(visible(name)), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
