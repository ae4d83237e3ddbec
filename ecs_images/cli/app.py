"""The command line: `ecs-images bill`, `check`, `routes`, `fees`, `app`, `prices` and `rules`.

Every problem is one sentence on the error channel; `EXIT_CODES` says how a command ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperGroup

from .. import __version__
from ..billing.dimensions import names_of
from ..errors import EcsImagesError, InputError, Problem, UnknownName, did_you_mean, shown
from .catalogue import add_commands, emit_changed_rules
from .fees import show_fees
from .output import Format, console, emit, emit_json, records, say, visible
from .show import (
    draw_cost,
    emit_bill,
    note_lines,
    prices_for_people,
    routes_for_people,
    show_explanation,
    show_foot,
    table_by,
    unpriced_lines,
)

if TYPE_CHECKING:
    from ..catalog.prices import Prices
    from ..stories.story import Run, Story

EXIT_CODES = (
    "Exit codes: 0 done; 1 something a story expects did not come true; "
    "2 the input cannot be used or the output not be written; "
    "3 billed, but some use has no price and is listed instead; 130 stopped by Ctrl+C."
)


class _Commands(TyperGroup):
    """The commands; an unknown one is named with what may have been meant."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            raise UnknownName("command", cmd_name, self.commands)
        return super().get_command(ctx, cmd_name)


app = typer.Typer(cls=_Commands, epilog=EXIT_CODES, add_completion=False, pretty_exceptions_enable=False)

Layers = Annotated[
    list[Path] | None,
    typer.Option("--prices", help="a price file of your own over the published book; may be repeated"),
]
_BY = (
    f"columns, month,meter unless asked otherwise: {', '.join(names_of('charges'))}; "
    f"or image, snapshot, or a tag such as tag:team, with {', '.join(names_of('shares')[:-2])}"
)
Form = Annotated[Format, typer.Option("--format", help="how to print")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="write to this file instead of the screen")]


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"ecs-images {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def every_command(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="print the version and exit")
    ] = False,
) -> None:
    """Alibaba Cloud ECS images: what you may do with them, and what they cost."""
    if context.invoked_subcommand is None:
        say(context.get_help())
        raise typer.Exit(2)


@app.command()
def bill(
    story: Annotated[Path, typer.Argument(help="a story file")],
    by: Annotated[str | None, typer.Option(help=_BY)] = None,
    until: Annotated[str | None, typer.Option(help="bill up to this time, taken to the next full hour")] = None,
    form: Form = Format.table,
    output: Output = None,
    chart: Annotated[Path | None, typer.Option(help="also draw cost per month to this .png, .svg or .pdf file")] = None,
    explain: Annotated[str | None, typer.Option(help="explain one resource: its id, or its name in the story")] = None,
    invoice: Annotated[bool, typer.Option("--invoice", help="what is paid, rounded per settlement")] = False,
    prices: Layers = None,
    meters: Annotated[
        str | None, typer.Option(help="also bill machines: disk, instance or all; default: as the story says")
    ] = None,
    assume_prices: Annotated[
        str | None, typer.Option("--assume-prices", help="nearest: where a price is missing, the nearest region's")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="refuse a bill of which some use has no price")] = False,
) -> None:
    """Bill a story: what its images cost, by month and meter or as asked.

    Use that no price covers is in no amount: it is listed below the table, and the command ends with 3.
    """
    from ..billing.unpriced import price_not_found
    from ..catalog.meters import asked_for
    from ..stories.check import bill_of

    if (invoice and explain is not None) or (by is not None and chart is None and (invoice or explain is not None)):
        raise InputError("--by, --invoice and --explain each show a table of their own; choose one")
    loaded, run = _run(story)
    wanted = None if meters is None else sorted(asked_for(meters if meters == "all" else _listed(meters)))
    book = _prices(loaded, prices).supposing(assume_prices=assume_prices)
    found = bill_of(loaded, run, until=until, prices=book, meters=wanted)
    for outcome in run.outcomes:
        if not outcome.passed:
            raise InputError(f"{story}, line {outcome.line}: expected that {outcome.what}, but {outcome.instead}")
    if strict and len(found.unpriced):
        raise price_not_found(found.unpriced)
    dimensions = _listed("month,meter" if by is None else by)
    undrawn = draw_cost(found, chart, dimensions) if chart is not None else None
    if explain is not None:
        show_explanation(found, run, explain, form, output)
    else:
        table = found.invoice() if invoice else table_by(found, run, dimensions)
        if form is Format.json:
            emit_bill(loaded.title, found, run, table, output)
        else:
            emit(table, form, title=loaded.title, output=output)
            if form is Format.table and output is None:
                show_foot(found, None if undrawn else chart)
    if undrawn is not None:
        raise undrawn
    on_screen = form is Format.table and output is None
    _remark(note_lines((story.name, note) for note in run.notes), on_screen)
    _remark(unpriced_lines(found), on_screen)
    if len(found.unpriced):
        raise typer.Exit(3)


@app.command()
def check(
    stories: Annotated[list[Path], typer.Argument(help="story files")], form: Form = Format.table, prices: Layers = None
) -> None:
    """Run stories and hold what they expect against what happens.

    Exit 1 when something differs, 2 when a file cannot be used; the others are checked all the same.
    """
    import pandas as pd

    from ..stories import check as expectations

    rows: list[tuple[str, int, str, str, str]] = []
    notes: list[tuple[str, Problem]] = []
    unusable = 0
    for path in stories:
        shown = path.name if form is Format.table else str(path)
        try:
            story, run = _run(path)
            outcomes = expectations.check(story, run, _prices(story, prices))
        except EcsImagesError as error:
            _complain(str(error))
            unusable += 1
            continue
        notes += [(shown, note) for note in run.notes]
        rows += [(shown, o.line, "ok" if o.passed else "FAILED", o.what, o.instead) for o in outcomes]
        if not outcomes:
            rows.append((shown, 0, "ok", "runs; no expectations declared", ""))
    frame = pd.DataFrame(rows, columns=["story", "line", "result", "expected", "found"])
    if rows:
        emit(frame, form)
    failed = int((frame["result"] == "FAILED").sum())
    if form is Format.table and rows:
        say(f"{len(frame)} expectations in {len(stories)} stories, {failed} failed")
    _remark(note_lines(notes), form is Format.table)
    if unusable or failed:
        raise typer.Exit(2 if unusable else 1)


@app.command("routes")
def list_routes(
    story: Annotated[Path, typer.Argument(help="a story file")],
    image: Annotated[str, typer.Option(help="the image: its name in the story, or its id")],
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
    assume_prices: Annotated[
        str | None, typer.Option("--assume-prices", help="nearest: where a price is missing, the nearest region's")
    ] = None,
    form: Form = Format.table,
    output: Output = None,
    prices: Layers = None,
) -> None:
    """Say how an image of a story can reach accounts in regions, and what each way adds to whose bill.

    "+ ?" beside an amount says that a part of the way, such as its machine, has no price and is not counted.
    """
    from ..decisions.machines import Machines
    from ..decisions.routes import routes
    from ..decisions.updates import Updates
    from ..stories.rhythm import rhythm_of
    from ..stories.story import resolve

    loaded, run = _run(story)
    state = run.cloud.state
    used = [found.region for found in state.images.values()] + [found.region for found in state.instances.values()]
    rhythm = rhythm_of(loaded, run.ids, image)
    given: dict[str, Any] = {"every_days": every_days, "versions_kept": versions_kept}
    if rhythm is not None:
        given = {name: rhythm._asdict()[name] if value is None else value for name, value in given.items()}
    given = {name: value for name, value in given.items() if value is not None}
    machines = Machines(instance_type, cast(Any, category), build_minutes, keep_builder=not release_builder)
    table = routes(
        run.cloud,
        resolve(run.cloud, run.ids, image),
        accounts=_listed(accounts) or list(state.accounts),
        regions=_listed(regions) or sorted(set(used)),
        updates=Updates(
            change_gib=change_gib,
            new_gib=new_gib,
            horizon_days=horizon_days,
            size_gib=size_gib,
            machines=machines,
            **given,
        ),
        prices=_prices(loaded, prices).supposing(assume_prices=assume_prices),
    )
    shown = routes_for_people(table) if form is Format.table else table
    emit(shown, form, title=f"{loaded.title}: {image}", output=output)
    if form is Format.table and output is None:
        for part, value in table.attrs["frame"]:
            say(f"{part}: {value}")


@app.command("fees")
def list_fees(
    story: Annotated[Path, typer.Argument(help="a story file")],
    image: Annotated[str, typer.Option(help="the image: its name in the story, or its id")],
    account: Annotated[str | None, typer.Option(help="who launches it; default: the image's owner")] = None,
    region: Annotated[str | None, typer.Option(help="where; default: where the image is")] = None,
    instance_type: Annotated[str | None, typer.Option("--type", help="for fees by size: on what instance type")] = None,
    form: Form = Format.table,
    output: Output = None,
    prices: Layers = None,
) -> None:
    """Say which fees follow an image through its lineage, who pays them, what they cost and what ends them."""
    loaded, run = _run(story)
    show_fees(loaded, run, image, _prices(loaded, prices), account, region, instance_type, form, output)


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


@app.command("app")
def serve(
    story: Annotated[Path | None, typer.Argument(help="a story file; default: the golden-image pipeline")] = None,
    image: Annotated[str | None, typer.Option(help="the image to begin with: its name in the story, or its id")] = None,
    port: Annotated[int, typer.Option(min=1024, max=65535, help="port on this machine")] = 8866,
) -> None:
    """Open the share-or-copy workbench and the other explorers as a web page on this machine only."""
    from .page import serve_page

    serve_page(story, image, port)


@app.command("prices")
def list_prices(
    meter: Annotated[str | None, typer.Option(help="only this meter, such as snapshot_standard")] = None,
    region: Annotated[str | None, typer.Option(help="only this region or scope")] = None,
    item: Annotated[str | None, typer.Option(help="only items whose name contains this")] = None,
    currency: Annotated[str | None, typer.Option(help="only CNY or USD")] = None,
    assumed: Annotated[
        bool, typer.Option("--assumptions", help="only assumed or weakly sourced prices, and why")
    ] = False,
    missing: Annotated[
        Path | None, typer.Option("--missing", help="a story: write the rows that its bill lacks, to fill in")
    ] = None,
    form: Form = Format.table,
    output: Output = None,
    prices: Layers = None,
) -> None:
    """List the price book: every price with who says it and its first day; csv and json have the source too.

    With --missing: the rows that a story's bill lacks, as a price file of your own to fill in.
    """
    from ..catalog.prices import Prices, weakness

    if missing is not None:
        if meter or region or item or assumed or form is not Format.table:
            raise InputError("--missing goes with --currency, --prices and --output only; it writes a price file")
        _missing_prices(missing, currency, prices, output)
        return
    book = Prices.published(*(prices or ()))
    rows = [row for row in book.rows if not assumed or weakness(row)]
    for column, wanted in (("meter", meter), ("region_id", region), ("currency", currency)):
        if wanted is not None:
            known = {getattr(row, column) for row in rows}
            if wanted not in known:
                raise UnknownName(column.removesuffix("_id"), wanted, known)
            rows = [row for row in rows if getattr(row, column) == wanted]
    if item is not None:
        rows = [row for row in rows if item.lower() in row.item.lower()]
        if not rows:
            raise InputError(f"no price of an item whose name contains {shown(item)}")
    if form is Format.table:
        frame = prices_for_people(rows, book, why=assumed)
    else:
        frame = book.assumptions(rows) if assumed else book.to_frame(rows)
    emit(frame, form, output=output)


def _missing_prices(path: Path, currency: str | None, layers: list[Path] | None, output: Path | None) -> None:
    """Write the rows that a story's bill lacks, in the form of a price file without its prices."""
    from ..billing.unpriced import rows_to_fill_in
    from ..stories.check import bill_of

    loaded, run = _run(path)
    lacking = bill_of(loaded, run, prices=_prices(loaded, layers)).unpriced
    currencies = sorted(set(lacking["billing_currency"].astype(str)))
    if currency is not None and currency not in currencies:
        raise InputError(f"{path} lacks no price in {shown(currency)}; lacking: {', '.join(currencies) or 'none'}")
    if currency is None and len(currencies) > 1:
        raise InputError(f"a price file is of one currency; say which with --currency {' or '.join(currencies)}")
    if not currencies:
        say(f"{loaded.title}: everything has a price")
        return
    chosen = lacking[lacking["billing_currency"] == (currency or currencies[0])]
    emit(rows_to_fill_in(chosen), Format.csv, output=output)
    if output is not None:
        say(f"{output}: fill in the column price, then bill with --prices {output}")


@app.command("rules")
def list_rules(
    rule_id: Annotated[str | None, typer.Argument(help="one rule, such as SHARE-1, or a family, such as SHARE")] = None,
    at: Annotated[str | None, typer.Option(help="only rules that differed on this day, such as 2021-06-01")] = None,
    form: Form = Format.table,
    output: Output = None,
) -> None:
    """List the rules of the service and whether each is built; or one rule, or one family, in full."""
    import pandas as pd

    from ..catalog.rule_book import rule, rules

    if at is not None:
        emit_changed_rules(at, rule_id, form, output)
        return
    family = [r for r in rules().values() if rule_id is None or r.rule_id.startswith(rule_id.upper() + "-")]
    listed = family or [rule(str(rule_id))]
    frame = pd.DataFrame([[getattr(r, name) for name in r.__slots__] for r in listed], columns=listed[0].__slots__)
    if family:
        emit(frame[["rule_id", "status", "title", "reason"]] if form is Format.table else frame, form, output=output)
    elif form is Format.json:
        emit_json(records(frame)[0], output)
    elif form is Format.table and output is None:
        for name, value in frame.iloc[0].items():
            if value:
                say(f"{str(name).replace('_', ' ')}: {value}")
    else:
        emit(frame, form, output=output)


add_commands(app)

# Parts ---------------------------------------------------------------------------------------------


def _run(path: Path) -> tuple[Story, Run]:
    from ..stories.story import Story

    story = Story.load(path)
    with _progress(len(story.steps), path.name) as advance:
        return story, story.run(advance)


@contextmanager
def _progress(total: int, name: str) -> Iterator[Callable[[int], None]]:
    """A bar on the screen's error channel while a story runs; nothing when nobody looks."""
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(escape(visible(name)), total=total)
        yield lambda done: bar.update(task, completed=done)


def _prices(story: Story, layers: list[Path] | None) -> Prices:
    from ..catalog.prices import Prices

    return Prices.published(*story.price_layers, *(layers or ()))


# Typer brings a click of its own or shares one, by its version; what it exports leads to the root of usage errors.
_UsageError = cast(type[Exception], typer.BadParameter.__base__)


def main() -> None:
    """Run the command line and exit. Every problem is printed as a sentence; `EXIT_CODES` says what is what."""
    # A shell may have closed them (`>&-`): what is written then fails like a full disk, and says so.
    sys.stdout = sys.stdout or open(os.devnull)  # noqa: SIM115 - for reading only: every write is refused
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        # What a terminal of Latin-1 or ASCII lacks is written out as \u4e2d.
        sys.stdout.reconfigure(errors="backslashreplace")
    code = _outcome()
    try:
        sys.stdout.flush()
    except OSError as error:
        code = _unwritten(error)
    sys.exit(code)


def _outcome() -> int:
    try:
        return app(standalone_mode=False) or 0
    except EcsImagesError as error:
        _complain(str(error))
    except _UsageError as error:
        _complain(_usage(error))
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except SystemExit:
        return 0  # Typer and rich leave so where whoever read our output has stopped; that is no error of ours.
    except OSError as error:
        return _unwritten(error)
    return 2


def _usage(error: Any) -> str:
    """What is wrong with the arguments, at most 200 characters of it, and how the command is used."""
    message = error.format_message().removesuffix(".")
    known = [name for option in error.ctx.command.params for name in option.opts] if error.ctx else []
    if hasattr(error, "possibilities"):
        message = f"no such option {shown(error.option_name)}{did_you_mean(error.option_name, known)}"
    elif len(message) > 200:
        message = f"{message[:100]} … {message[-80:]}"
    message = message[:1].lower() + message[1:]
    return f"{message}\n{error.ctx.get_usage()}" if error.ctx else message


def _complain(text: str) -> None:
    """Print an error. An argument longer than any file's name is cut, as other values are where they are named."""
    for argument in sys.argv:
        if len(argument) > 255:
            text = text.replace(argument, f"{argument[:79]}…")
    _tell(f"error: {text}")


def _remark(lines: list[str], on_screen: bool) -> None:
    """Lines for people: below a table on the screen; on the error channel where the output is for programs."""
    if lines and on_screen:
        say("\n".join(["", *lines]))
    elif lines:
        _tell("\n".join(lines))


def _tell(text: str) -> None:
    with suppress(OSError):  # on a full or closed error channel there is nobody to tell
        sys.stderr.write(f"{visible(text)}\n")


def _unwritten(error: OSError) -> int:
    """The exit code where the standard output takes no more; what is still held back for it is dropped."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 0  # Whoever read our output has stopped, as `head` does.
    _complain(f"the output cannot be written ({error.strerror or error})")
    return 2
