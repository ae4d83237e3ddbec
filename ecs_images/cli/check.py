"""`ecs-images check`: stories are run, and what they expect is held against what happens."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from xml.etree import ElementTree

import typer

from ..errors import EcsImagesError, Problem
from .drawing import visible
from .opening import open_run, prices_of, story_of
from .options import File, Layers, Sets
from .output import Format, Output, say
from .show import complain, note_lines, remark

if TYPE_CHECKING:
    from ..stories.run import Outcome


class CheckFormat(StrEnum):
    """The forms of a table, and the report that CI servers read."""

    table = Format.table
    csv = Format.csv
    json = Format.json
    md = Format.md
    html = Format.html
    parquet = Format.parquet
    xlsx = Format.xlsx
    junit = "junit"


_COLUMNS = ["story", "line", "result", "expected", "found", "missed_by"]


def check(
    stories: Annotated[list[Path], typer.Argument(help="story files")],
    form: Annotated[
        CheckFormat | None,
        typer.Option("--format", help="how to print; junit: the report that CI servers read; default: as -o ends"),
    ] = None,
    path: File = None,
    prices: Layers = None,
    sets: Sets = None,
) -> None:
    """Run stories and hold what they expect against what happens.

    Exit 1 when something differs, 2 when a file cannot be used; the others are checked all the same.
    """
    import pandas as pd

    from ..stories import check as expectations

    junit = form == "junit" or (form is None and path is not None and path.suffix.lower() == ".xml")
    output = Output(Format.table, path) if junit else Output.of(Format(form) if form is not None else None, path)
    found: dict[str, list[Outcome]] = {}
    unusable: dict[str, str] = {}
    notes: list[tuple[str, Problem]] = []
    for file in stories:
        name = file.name if output.form is Format.table and not junit else str(file)
        try:
            story, run = open_run(file, sets)
            found[name] = expectations.check(story_of(file, story), run, prices_of(run, prices))
        except EcsImagesError as error:
            unusable[name] = str(error)
            complain(str(error))
            continue
        notes += [(name, note) for note in run.notes]
    if junit:
        output.text(_junit(found, unusable))
    elif found:
        rows = [row for name, outcomes in found.items() for row in _rows(name, outcomes)]
        if output.form is Format.json:
            output.json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
        else:
            texts = [["" if value is None else _short(value) for value in row] for row in rows]
            output.table(pd.DataFrame(texts, columns=_COLUMNS).rename(columns={"missed_by": "missed by"}))
    failed = sum(not outcome.passed for outcomes in found.values() for outcome in outcomes)
    if output.for_people and found and not junit:
        total = sum(max(len(outcomes), 1) for outcomes in found.values())
        word = "story" if len(stories) == 1 else "stories"
        say(f"{total} expectations in {len(stories)} {word}, {failed} failed")
    remark(note_lines(notes), output)
    if unusable or failed:
        raise typer.Exit(2 if unusable else 1)


def _rows(name: str, outcomes: list[Outcome]) -> list[list[object]]:
    """A row for each outcome of a story: figures are numbers, and `missed_by` is None where nothing is missed."""
    if not outcomes:
        return [[name, 0, "ok", "runs; no expectations declared", "", None]]
    return [
        [
            name,
            outcome.line,
            "ok" if outcome.passed else "FAILED",
            outcome.what,
            outcome.instead if outcome.value is None else outcome.value,
            outcome.missed_by or None,
        ]
        for outcome in outcomes
    ]


def _short(value: object) -> object:
    return f"{value:.9g}" if isinstance(value, float) else value


def _junit(found: dict[str, list[Outcome]], unusable: dict[str, str]) -> str:
    """The report that CI servers read: a suite for each story, a case for each outcome."""
    root = ElementTree.Element("testsuites")
    for name, outcomes in found.items():
        failures = sum(not outcome.passed for outcome in outcomes)
        tests = str(len(outcomes))
        suite = ElementTree.SubElement(
            root, "testsuite", name=visible(name), tests=tests, failures=str(failures), errors="0"
        )
        for outcome in outcomes:
            line = f"line {outcome.line}: {visible(outcome.what)}"
            case = ElementTree.SubElement(suite, "testcase", classname=visible(name), name=line)
            if not outcome.passed:
                missed = f", off by {outcome.missed_by:+.9g}" if outcome.missed_by else ""
                message = f"expected {outcome.what}; found {outcome.instead}{missed}"
                ElementTree.SubElement(case, "failure", message=visible(message))
    for name, why in unusable.items():
        suite = ElementTree.SubElement(root, "testsuite", name=visible(name), tests="1", failures="0", errors="1")
        case = ElementTree.SubElement(suite, "testcase", classname=visible(name), name="the story can be used")
        ElementTree.SubElement(case, "error", message=visible(why))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
