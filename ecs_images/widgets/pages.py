"""Text and tables as HTML: what a widget shows, as plain strings that need no browser."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..cards import counted as counted
from ..cards import escaped
from ..wording import amount as amount
from ..wording import listed as listed
from ..wording import number as number

# The line spacing of a page of widgets is meant for controls and too wide for text.
_LINES = "line-height:1.4"
_CELL = "padding:0 .8em 0 0;vertical-align:top"
_SHORT = 24
"""Cells of up to so many characters stay on one line; others, such as codes, break after an underscore too."""


def sentence(text: str) -> str:
    """A paragraph of plain text."""
    return f'<p style="{_LINES};margin:.2em 0">{escaped(text)}</p>'


def sentences(texts: Iterable[str]) -> str:
    """A paragraph for each text."""
    return "".join(map(sentence, texts))


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a caption and a heading for each column; an empty text if it has no rows.

    A column whose heading ends with a unit in brackets, such as `frees [GiB]`, is of numbers and right-aligned.
    """
    if not rows:
        return ""
    sides = ["right" if name.endswith("]") else "left" for name in heads]
    pairs = zip(heads, sides, strict=True)
    head = "".join(f'<th scope="col" style="text-align:{side};{_CELL}">{escaped(name)}</th>' for name, side in pairs)
    body = "".join(f"<tr>{''.join(map(_cell, row, sides))}</tr>" for row in rows)
    title = f'<caption style="text-align:left;white-space:nowrap;padding-top:.5em"><b>{escaped(caption)}</b></caption>'
    whole = f'<table style="{_LINES}">{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div style="overflow-x:auto">{whole}</div>'


def folded(title: str, page: str) -> str:
    """HTML that is shown when its title is opened; an empty text if there is none."""
    return f"<details><summary>{escaped(title)}</summary>{page}</details>" if page else ""


def bars(caption: str, rows: Sequence[tuple[str, str, float]]) -> str:
    """A table of names, amounts and bars.

    rows: for each its name, its amount in words, and how long its bar is, from 0 to 1
    """
    body = "".join(
        f'<tr><th scope="row" style="text-align:left;font-weight:normal;{_CELL}">{escaped(name)}</th>'
        f'<td style="text-align:right;white-space:nowrap;{_CELL}">{escaped(words)}</td>'
        f'<td style="width:50%"><div style="width:{100 * length:.1f}%;border-top:10px solid"></div></td></tr>'
        for name, words, length in rows
    )
    title = f'<caption style="text-align:left"><b>{escaped(caption)}</b></caption>'
    return f'<table style="{_LINES};width:100%">{title}<tbody>{body}</tbody></table>' if rows else ""


def called(name: str, ident: str) -> str:
    """A resource's name with its id, or the id alone if it has no other name."""
    return ident if name in ("", ident) else f"{name} ({ident})"


def _cell(text: str, side: str) -> str:
    look = f"text-align:{side};{_CELL}"
    if len(text) <= _SHORT:
        return f'<td style="{look};white-space:nowrap">{escaped(text)}</td>'
    return f'<td style="{look};min-width:10em">{escaped(text).replace("_", "_<wbr>")}</td>'
