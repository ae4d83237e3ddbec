"""The command line: `ecs-images bill`, `check`, `prices` and `rules`.

Exit code 0: done; 1: something a story expects did not come true; 2: the input is not usable.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import EcsImagesError, InputError
from .output import Format, console, emit, emit_json, print_table, records

if TYPE_CHECKING:
    import pandas as pd

    from ..billing.bill import Bill
    from ..catalog.prices import Prices
    from ..cloud.story import Run, Story

app = typer.Typer(
    help="Alibaba Cloud ECS images: what you may do with them, and what they cost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Layers = Annotated[
    list[Path] | None,
    typer.Option("--prices", help="a price file of your own over the published book; may be repeated"),
]
Form = Annotated[Format, typer.Option("--format", help="how to print")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="write to this file instead of the screen")]


@app.command()
def bill(
    story: Annotated[Path, typer.Argument(help="a story file")],
    by: Annotated[str, typer.Option(help="columns: month, day, account, region, meter, item")] = "month,meter",
    until: Annotated[str | None, typer.Option(help="bill up to this time instead of the story's own")] = None,
    form: Form = Format.table,
    output: Output = None,
    chart: Annotated[Path | None, typer.Option(help="also draw cost per month to this .png, .svg or .pdf file")] = None,
    explain: Annotated[str | None, typer.Option(help="explain one resource: its id, or its name in the story")] = None,
    prices: Layers = None,
) -> None:
    """Bill a story: what its images cost, by month and meter or as asked."""
    from ..billing.expectations import bill_of

    loaded, run = _run(story)
    found = bill_of(loaded, run, until=until, prices=_prices(loaded, prices))
    for outcome in run.outcomes:
        if not outcome.passed:
            raise InputError(f"{story}, line {outcome.line}: expected that {outcome.what}, but {outcome.instead}")
    if chart is not None:
        _draw(found, chart)
    if explain is not None:
        _explain(found, run.ids.get(explain, explain), form, output)
        return
    table = found.by(*(name.strip() for name in by.split(",") if name.strip()))
    if form is Format.json:
        totals = table.groupby("billing_currency", observed=True)["list_cost"].sum()
        emit_json(
            {
                "title": loaded.title,
                "rows": records(table),
                "total": {str(currency): float(cost) for currency, cost in totals.items()},
                "assumptions": records(found.assumptions()),
            },
            output,
        )
        return
    emit(table, form, title=loaded.title, output=output)
    if form is Format.table:
        _foot(found, chart)


@app.command()
def check(
    stories: Annotated[list[Path], typer.Argument(help="story files")],
    form: Form = Format.table,
    prices: Layers = None,
) -> None:
    """Run stories and hold what they expect against what happens; exit 1 when something differs."""
    import pandas as pd

    from ..billing import expectations

    rows = []
    for path in stories:
        story, run = _run(path)
        outcomes = expectations.check(story, run, _prices(story, prices))
        rows += [(str(path), o.line, "ok" if o.passed else "FAILED", o.what, o.instead) for o in outcomes]
        if not outcomes:
            rows.append((str(path), 0, "ok", "it runs; it expects nothing", ""))
    frame = pd.DataFrame(rows, columns=["story", "line", "result", "expected", "found"])
    emit(frame, form)
    failed = int((frame["result"] == "FAILED").sum())
    if form is Format.table:
        console().print(f"{len(frame)} expectations in {len(stories)} stories, {failed} failed")
    if failed:
        raise typer.Exit(1)


@app.command("prices")
def list_prices(
    meter: Annotated[str | None, typer.Option(help="only this meter, such as snapshot_standard")] = None,
    region: Annotated[str | None, typer.Option(help="only this region or scope")] = None,
    item: Annotated[str | None, typer.Option(help="only items whose name contains this")] = None,
    currency: Annotated[str | None, typer.Option(help="only CNY or USD")] = None,
    assumed: Annotated[bool, typer.Option("--assumptions", help="only prices on thin ground, and why")] = False,
    form: Form = Format.table,
    output: Output = None,
    prices: Layers = None,
) -> None:
    """List the price book: every price with its first day, source and confidence."""
    from ..catalog.prices import Prices

    book = Prices.published(*(prices or ()))
    frame = book.assumptions() if assumed else book.to_frame()
    for column, wanted in (("meter", meter), ("region_id", region), ("currency", currency)):
        if wanted is not None:
            known = sorted(set(frame[column]))
            if wanted not in known:
                from ..errors import UnknownName

                raise UnknownName(column.removesuffix("_id"), wanted, known, f"known: {', '.join(known[:12])}")
            frame = frame[frame[column] == wanted]
    if item is not None:
        frame = frame[frame["item"].str.contains(item, case=False, regex=False)]
    if form is Format.table:
        frame = _prices_for_people(frame)
    emit(frame.reset_index(drop=True), form, output=output)


@app.command("rules")
def list_rules(
    rule_id: Annotated[str | None, typer.Argument(help="one rule, such as SHARE-1")] = None,
    form: Form = Format.table,
    output: Output = None,
) -> None:
    """List the rules of the service that the model knows, or tell one in full."""
    import pandas as pd

    from ..catalog.tables import rule, rules

    if rule_id is None:
        frame = pd.DataFrame(
            [(r.rule_id, r.status, r.title) for r in rules().values()], columns=["rule", "status", "title"]
        )
        emit(frame, form, output=output)
        return
    found = rule(rule_id)
    fields = {name: getattr(found, name) for name in found.__slots__}
    if form is Format.json:
        emit_json(fields, output)
    elif form is Format.table and output is None:
        for name, value in fields.items():
            if value:
                console().print(f"{name.replace('_', ' ')}: {value}", soft_wrap=True, markup=False)
    else:
        emit(pd.DataFrame([fields]), form, output=output)


# Parts ---------------------------------------------------------------------------------------------


def _run(path: Path) -> tuple[Story, Run]:
    from ..cloud.story import Story

    story = Story.load(path)
    with _progress(len(story.steps), path.name) as advance:
        return story, story.run(advance)


@contextmanager
def _progress(total: int, name: str) -> Iterator[Callable[[int], None]]:
    """A bar on the screen's error channel while a story runs; nothing when nobody looks."""
    from rich.progress import Progress

    with Progress(console=console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(name, total=total)
        yield lambda done: bar.update(task, completed=done)


def _prices(story: Story, layers: list[Path] | None) -> Prices:
    from ..catalog.prices import Prices

    return Prices.published(*story.price_layers, *(layers or ()))


def _prices_for_people(frame: pd.DataFrame) -> pd.DataFrame:
    """A price list that fits a terminal: the price in one column, the rest short."""
    import pandas as pd

    from ..catalog.price_files import units

    rows = []
    for row in frame.to_dict("records"):
        price = "not published"
        if not pd.isna(row["price"]):
            price = f"{row['price']:g} {row['currency']} per {units()[row['unit']].name}"
        above = f"{row['from_quantity']:,.0f} {row['quantity_unit']}" if row.get("from_quantity") else ""
        rows.append([row["meter"], row["item"], row["region_id"], price, above, str(row["valid_from"])])
    shown = pd.DataFrame(rows, columns=["meter", "item", "region", "price", "above", "from"], dtype="str")
    last = "x_why" if "x_why" in frame else "confidence"
    return shown.assign(**{last.removeprefix("x_"): frame[last].to_numpy()})


def _explain(found: Bill, resource: str, form: Format, output: Path | None) -> None:
    explanation = found.explain(resource)
    if form is Format.table and output is None:
        console().print(str(explanation), markup=False, soft_wrap=True)
    elif form is Format.json:
        emit_json(
            {
                "resource_id": explanation.resource_id,
                "about": explanation.about,
                "totals": explanation.totals,
                "left_behind": explanation.left_behind,
                "amounts": records(explanation.amounts),
                "events": records(explanation.events),
            },
            output,
        )
    else:
        emit(explanation.amounts, form, output=output)


def _draw(found: Bill, path: Path) -> None:
    import matplotlib as mpl

    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError(f"{path}: a chart is written to a .png, .svg or .pdf file")
    mpl.use("agg")
    from ..charts import cost_over_time

    if len(found.charges) == 0:
        raise InputError("there is nothing to draw: the bill is empty")
    found.total()  # one currency, or a clear refusal
    figure = cost_over_time(found.charges).get_figure(root=True)
    assert figure is not None
    try:
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def _foot(found: Bill, chart: Path | None) -> None:
    """Below a table: the total, what it takes for granted, and where the chart went."""
    out = console()
    sums = found.by("currency")
    for currency, cost in zip(sums["billing_currency"], sums["list_cost"], strict=True):
        out.print(f"total list cost: {cost:,.4f} {currency}")
    if chart is not None:
        out.print(f"chart: {chart}", soft_wrap=True, markup=False)
    taken = found.assumptions()
    if len(taken):
        out.print("\nThis bill takes for granted:")
        print_table(taken)


def main() -> None:
    """Run the command line; whatever is wrong with the input is told in words, with exit code 2."""
    try:
        app()
    except EcsImagesError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    except BrokenPipeError:
        # Whoever read our output has stopped; that is no error of ours.
        sys.stderr.close()
        sys.exit(0)
