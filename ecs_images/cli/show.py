"""What several commands show: charts, what has no price, what the service left undone, and problems."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..billing.unpriced import in_words
from ..errors import InputError, Problem
from ..saving import save
from .drawing import visible
from .opening import prices_of, wanted_meters
from .output import PICTURES, Output, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..billing.bill import Bill
    from ..stories.run import Run


def billed(
    run: Run, until: str | None, layers: list[Path] | None, stand_ins: str | None, meters: str | None = None
) -> Bill:
    """The bill of a story or a ledger, as the options of these names ask for it.

    Raises InputError where a refusal that the story expects did not come, or for a meter that is always billed.
    """
    book = prices_of(run, layers).supposing(assume_prices=stand_ins)
    run.refusals_met()
    return run.bill(until=until, prices=book, meters=wanted_meters(meters))


def save_chart(path: Path, draw: Callable[[], Axes]) -> None:
    """Draw a chart and write it to a .png, .svg or .pdf file; raises InputError for another ending."""
    import matplotlib as mpl

    if path.suffix.lower() not in PICTURES:
        raise InputError(f"{path}: a chart is written to a {', '.join(PICTURES[:-1])} or {PICTURES[-1]} file")
    mpl.use("agg")
    figure = draw().get_figure(root=True)
    assert figure is not None
    kind = path.suffix.lower().removeprefix(".")
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    save(path, content.getvalue())


def name_chart(path: Path | None, output: Output) -> None:
    """Say where the chart is, if one was drawn."""
    if path is not None and output.for_people:
        say(f"chart: {path}")


_UNPRICED = (
    "Without a price, and so in no amount (give rows of your own with --prices FILE; "
    "ecs-images prices --missing STORY -o FILE writes them to fill in):"
)


def unpriced_lines(found: Bill) -> list[str]:
    """What has no price, a line each under a heading; nothing where all has one."""
    lines = [f"- {sentence}" for sentence in in_words(found.unpriced)]
    return [_UNPRICED, *lines] if lines else []


def note_lines(notes: Iterable[tuple[str, Problem]]) -> list[str]:
    """What the service left undone in stories of these names, a line each under a heading; nothing where nothing."""
    lines = [f"- {story}, {note}" for story, note in notes]
    return ["Left undone by the service without a refusal:", *lines] if lines else []


def notes_of(run: Run) -> list[str]:
    """What the service left undone in a story, as `note_lines` says it."""
    return note_lines((Path(run.path).name, note) for note in run.notes)


def remark(lines: list[str], output: Output) -> None:
    """Lines for people: below a table on the screen; on the error channel where the output is for programs."""
    if lines and output.for_people:
        say("\n".join(["", *lines]))
    elif lines:
        tell("\n".join(lines))


def complain(text: str) -> None:
    """Print an error. An argument longer than any file's name is cut, as other values are where they are named."""
    for argument in sys.argv:
        if len(argument) > 255:
            text = text.replace(argument, f"{argument[:79]}…")
    tell(f"error: {text}")


def tell(text: str) -> None:
    """Print lines on the error channel."""
    with suppress(OSError):  # on a full or closed error channel there is nobody to tell
        sys.stderr.write(f"{visible(text)}\n")
