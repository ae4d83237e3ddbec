"""Tables drawn for people, as wide as the screen is.

Columns share the screen; longer text folds between its words. Where not even the longest words fit beside
one another, each row is written as a block of lines, so that nothing is cut and no word is broken.
"""

from __future__ import annotations

import io
import os
import re
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

_SHORT = {
    "billing_account_id": "account",
    "billing_currency": "currency",
    "region_id": "region",
    "sku_meter": "meter",
    "x_image_id": "image",
    "x_snapshot_id": "snapshot",
    "x_stand_in_cost": "at stand-in prices",
    "x_allocated_cost": "allocated",
    "x_settlement_start": "settled from",
    "x_detail_cost": "before truncation",
    "billed_cost": "paid",
    "x_resources": "what",
    "x_settle": "what would settle it",
    "x_name": "id",
    "x_called": "name",
    "x_freed_low_cost": "freed at least",
    "x_freed_high_cost": "freed at most",
    "x_at_todays_rate": "at today's rate",
}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Terminal escapes, controls of the reading direction, and lone surrogates."""
_MONEY = ("cost", "x_at_todays_rate", "x_before", "x_after", "x_change", "billed", "modelled")
_TO_COPY = ("fetch", "command")
"""Heads of columns of commands, which fold only where a whole line is too short for them."""
_WIDE = 120
"""Characters of a line where no screen says how wide it is."""
_BETWEEN_WORDS: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
"""A word too long for the page runs over its edge whole, so that it can be copied."""


def visible(text: str) -> str:
    r"""Returns a text with its control characters spelled out, an escape as \x1b; line ends and tabs are kept."""
    return CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


def console(*, stderr: bool = False) -> Console:
    """A console that interprets no markup: as wide as its terminal or COLUMNS says, else 120 characters."""
    from rich.console import Console

    width = None if _width_known(stderr=stderr) else _WIDE
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def _width_known(*, stderr: bool = False) -> bool:
    return os.environ.get("COLUMNS", "").isdecimal() or (sys.stderr if stderr else sys.stdout).isatty()


def filled(text: str) -> str:
    """Lines of sentences, folded between words to the width of the screen where that is known, else as they are."""
    if not _width_known():
        return text
    width = console().width
    return "\n".join(
        textwrap.fill(line, width, subsequent_indent=f"{line[: len(line) - len(line.lstrip())]}  ", **_BETWEEN_WORDS)
        for line in text.split("\n")
    )


def heading(column: object) -> str:
    """What a column is called before people."""
    name = str(column)
    return _SHORT.get(name, name.removeprefix("x_").replace("_", " "))


def cell(value: object, column: str) -> str:
    """A value before people: costs with four decimals, and nothing where there is none."""
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:,.4f}" if column.endswith(_MONEY) else f"{value:,g}"
    return visible(str(value))


def drawn(frame: pd.DataFrame, title: str = "", *, to_file: bool = False) -> str:
    """A table as lines of text, without its empty columns, with bold heads where it goes to a terminal."""
    from pandas.api.types import is_numeric_dtype

    shown = [name for name in frame.columns if len(frame) == 0 or (frame[name].astype(str) != "").any()]
    rows = [
        [cell(value, str(name)) for value, name in zip(row, shown, strict=True)]
        for row in frame[shown].itertuples(index=False)
    ]
    right = [bool(is_numeric_dtype(frame[name].dtype)) for name in shown]
    return drawn_texts([heading(name) for name in shown], rows, right, title, to_file=to_file)


def drawn_texts(
    heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], title: str, *, to_file: bool
) -> str:
    """A table of texts as `drawn`; `right` says of each column whether it is of numbers."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table

    page = Console(file=io.StringIO(), width=_WIDE, markup=False, emoji=False) if to_file else console()
    columns = list(zip(*[heads, *rows], strict=True))
    # What a row is about, numbers and commands stand in one line; what is said of it folds between words, as heads do.
    whole = [
        place == 0 or number or head in _TO_COPY for place, (head, number) in enumerate(zip(heads, right, strict=True))
    ]
    least = [
        max(
            cell_len(part)
            for line, text in enumerate(texts)
            for part in ([text] if one and line else text.split() or [""])
        )
        for texts, one in zip(columns, whole, strict=True)
    ]
    room = page.width - 3 * len(heads) - 1
    if heads and sum(least) > room:
        return _blocks(columns, visible(title), page.width)
    widths = _shared(least, [max(map(cell_len, texts)) for texts in columns], room)
    table = Table(title=visible(title) or None, title_justify="left", header_style="bold")
    for (head, *_), width, number in zip(columns, widths, right, strict=True):
        table.add_column(head, justify="right" if number else "left", overflow="fold", width=width)
    for row in rows:
        table.add_row(*row)
    with page.capture() as lines:
        page.print(table)
    return lines.get()


def _shared(least: list[int], wanted: list[int], room: int) -> list[int]:
    """The width of each column: what its longest word needs, and of the rest of the room what its texts want."""
    widths, spare = list(least), room - sum(least)
    while spare > 0 and (short := [place for place, width in enumerate(widths) if width < wanted[place]]):
        each = max(1, spare // len(short))
        for place in short[:spare]:
            more = min(each, wanted[place] - widths[place])
            widths[place] += more
            spare -= more
    return widths


def _blocks(columns: list[tuple[str, ...]], title: str, width: int) -> str:
    """Each row as a block of lines: its heads at the left, its texts folded beside them or, on a narrow page, below."""
    heads = [head for head, *_ in columns]
    indent = max(map(len, heads)) + 2
    longest = max((len(word) for texts in columns for text in texts[1:] for word in text.split()), default=0)
    indent = indent if indent <= width // 2 and longest <= width - indent else 2
    room = max(width - indent, 8)
    lines = textwrap.wrap(title, width, **_BETWEEN_WORDS) if title else []
    for row in zip(*[texts for _, *texts in columns], strict=True):
        lines.append("")
        for head, text in zip(heads, row, strict=True):
            if not text:
                continue
            # Most texts fit one line, and are not wrapped, which is slow.
            fits = len(text) <= room and text.isprintable() and not text.endswith(" ")
            parts = [text] if fits else textwrap.wrap(text, room, **_BETWEEN_WORDS) or [""]
            if indent == 2:
                lines += [head, *(f"  {part}" for part in parts)]
            else:
                lines += [f"{head:<{indent}}{parts[0]}", *(" " * indent + part for part in parts[1:])]
    return "\n".join([*lines, ""]) + "\n"
