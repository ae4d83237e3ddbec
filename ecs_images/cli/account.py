"""`ecs-images account`: what the images of a real account cost, what may go, and what that frees."""

from __future__ import annotations

import html as markup
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError, look_up
from .opening import progress, read_inventory, wanted_meters
from .options import File, Form, Layers, Meters, Sets, StandIns
from .output import Format, Output, html_table, records
from .show import remark, save_chart
from .writing import write_story

if TYPE_CHECKING:
    import pandas as pd

    from ..accounts.costs import AccountBill
    from ..accounts.inventory import Inventory

_HEADS = {
    "totals": "The next 30 days at today's rate",
    "month": "Snapshot storage of the month so far; empty where hours of it were not saved",
    "costs": "The dearest, in 30 days; allocated is a share of the bill, freed is what deleting it with its snapshots "
    "saves",
    "findings": "Findings, in 30 days; an amount may stand in several, so they do not add up; --table findings has the "
    "evidence",
    "coverage": "What is missing or doubtful in these files, and the command that would fetch it",
    "not_billed": "In no amount, and why",
    "unpriced": "Without a price",
    "decisions": "What the policy does with each image",
    "steps": "The steps, in order, with what is saved after each; nothing is run",
}
"""What `--table` may name, and the heads of these tables; the last two need `--clean`."""
_ON_REQUEST = ["x_evidence", "x_settle", "x_known_by"]
"""Sentences for which a screen has no room beside the amounts: they are in `--table` and `--html`."""
_NOT_FOR_PEOPLE = {
    "findings": ["billing_account_id", "billing_currency"],
    "costs": ["billing_currency"],
    "coverage": ["account_id", "files", "taken_at"],
}
_OF_WRITING = frozenset({"story", "path", "taken", "account_id", "prices", "meters", "sets"})
"""The parameters that have an effect with --from."""
_STYLE = (
    "body{font:16px/1.4 system-ui,sans-serif;margin:0 auto;max-width:70rem;padding:1rem}"
    "section{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}"
    "caption{font-weight:bold;text-align:left;padding:.5rem 0}"
    "th,td{padding:.25rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid #ccc}"
)


def account(
    context: typer.Context,
    places: Annotated[
        list[Path] | None, typer.Argument(help="folders, archives or files of saved answers of the service")
    ] = None,
    story: Annotated[
        Path | None,
        typer.Option("--from", help="write this story as such files, and its bill, to the new folder -o names"),
    ] = None,
    region: Annotated[str | None, typer.Option(help="the region of answers that do not say one")] = None,
    account_id: Annotated[
        str | None, typer.Option(help="the number of the account, likewise; with --from: the accounts to write, a,b")
    ] = None,
    taken: Annotated[
        str | None, typer.Option(help="when they were saved, likewise; with --from: days, by commas")
    ] = None,
    site: Annotated[str, typer.Option(help="its site, china or international")] = "china",
    by: Annotated[
        str, typer.Option(help="costs of each image, snapshot, chain, family, region, account, or a tag: tag:team")
    ] = "image",
    top: Annotated[int, typer.Option(min=1, help="how many rows of a long list are on the page")] = 10,
    table: Annotated[str | None, typer.Option(help=f"only one table, whole: {', '.join(_HEADS)}")] = None,
    clean: Annotated[str | None, typer.Option(help="a policy of what to keep, for a plan of deletions")] = None,
    commands: Annotated[bool, typer.Option("--commands", help="the plan as lines for the service's tool")] = False,
    explain: Annotated[str | None, typer.Option(help="explain one image or snapshot, by its id or name")] = None,
    chart: Annotated[Path | None, typer.Option(help="also draw the dearest to this .png, .svg or .pdf file")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="also write the whole page to this one file")] = None,
    form: Form = None,
    path: File = None,
    prices: Layers = None,
    meters: Meters = None,
    stand_ins: StandIns = None,
    sets: Sets = None,
) -> None:
    """Say what a real account's images cost, what may go, and what that frees at least and at most.

    It reads saved answers of the service and never connects to it. A policy for --clean is such as "newest 3 per
    family, anything in use, one a quarter". Where some use has no price, the command ends with 3.
    """
    from ..accounts.explained import explain as explained
    from ..catalog.prices import Prices
    from ..saving import save

    wanted = wanted_meters(meters)
    if story is not None:
        if useless := _given(context, context.params.keys() - _OF_WRITING):
            raise InputError(f"--from writes files and reads none; leave {', '.join(useless)} out")
        write_story(story, path, taken=taken, accounts=account_id, prices=prices, meters=wanted, sets=sets)
        return
    if not places or sets:
        raise InputError(
            "--set is for the parameters of a story, which --from names"
            if sets
            else "name a folder of saved answers; or write one from a story: --from STORY -o FOLDER"
        )
    as_text = commands or explain is not None
    output = Output(Format.table, path) if as_text else Output.of(form, path)
    if table is not None:
        look_up("table", table, _HEADS, f"one of {', '.join(_HEADS)}")
    if (table in ("decisions", "steps") or commands) and clean is None:
        raise InputError("a plan needs a policy: add --clean 'newest 3 per family, anything in use'")
    if sum([table is not None, commands, explain is not None]) > 1:
        raise InputError("--table, --commands and --explain each show something of their own; choose one")
    shown = "explain" if explain is not None else "commands" if commands else table or output.form
    if useless := _given(context, _without_effect(shown, page=html is not None, chart=chart is not None)):
        raise InputError(f"leave {' and '.join(useless)} out: nothing that is shown here depends on it")
    inventory = read_inventory(places, region, account_id, taken)
    book = Prices.published(*(prices or ())).supposing(assume_prices=stand_ins)
    bill = inventory.bill(site=site, prices=book, meters=wanted)
    title = f"{inventory!r}".strip("<>")
    if explain is not None:
        output.text(explained(bill, explain))
    elif commands and clean is not None:
        output.text(inventory.clean(clean, bill=bill).script().rstrip("\n"))
    else:
        with progress("costs and findings"):
            tables = _tables(inventory, bill, by, clean)
        if table is not None:
            output.table(tables[table], f"{title}: {_HEADS[table]}")
        elif output.form is Format.table:
            _page(tables, title, top, output)
        elif output.form is Format.json:
            output.json({"title": title} | {name: records(frame) for name, frame in tables.items()})
        else:
            output.table(tables["costs"], title)
        if html is not None:
            save(html, _document(tables, title))
            remark([f"wrote {html}"], output)
        if chart is not None:
            from ..charts import account_costs

            save_chart(chart, lambda: account_costs(tables["costs"].head(top)))
    if len(bill.unpriced):
        raise typer.Exit(3)


def _without_effect(shown: str, *, page: bool, chart: bool) -> set[str]:
    """The parameters that change nothing of what is asked for.

    shown: explain, commands, the name of a table, or the form in which all of them are printed
    page, chart: whether the page, or the chart of the dearest, is written to a file too
    """
    if shown in ("explain", "commands"):
        return {"by", "top", "html", "chart", "form"} | ({"clean"} if shown == "explain" else set())
    effect = {
        "by": page or chart or shown not in _HEADS or shown == "costs",
        "top": chart or shown == Format.table,
        "clean": page or shown in ("decisions", "steps", Format.table, Format.json),
    }
    return {name for name, has_effect in effect.items() if not has_effect}


def _given(context: typer.Context, names: Iterable[str]) -> list[str]:
    """Those of some parameters that were written on the command line, as they are written there."""
    # Where no place is written, older libraries say so of the empty list of places too.
    written = {name for name in names if context.params[name] not in (None, (), [])}
    sources = {name: context.get_parameter_source(name) for name in written}
    written = {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}
    return sorted(param.opts[0] for param in context.command.params if param.name in written)


def _tables(inventory: Inventory, bill: AccountBill, by: str, clean: str | None) -> dict[str, pd.DataFrame]:
    """Every table of the page by its name; what a policy would delete comes before all."""
    plan = None if clean is None else inventory.clean(clean, bill=bill)
    planned = {} if plan is None else {"decisions": plan.decisions, "steps": plan.steps}
    coverage = inventory.coverage
    return planned | {
        "totals": bill.by("region", "meter"),
        "month": bill.month_so_far,
        "costs": inventory.costs(by, bill=bill),
        "findings": inventory.findings(bill=bill),
        "unpriced": bill.unpriced,
        "not_billed": bill.not_billed,
        "coverage": coverage[coverage["state"] != "complete"].reset_index(drop=True),
    }


def _page(tables: dict[str, pd.DataFrame], title: str, top: int, output: Output) -> None:
    """The page for people: each table that has rows, long lists cut to their first rows."""
    from .drawing import drawn

    parts = [title]
    for name, frame in tables.items():
        shown = _shown(name, frame).drop(columns=_ON_REQUEST, errors="ignore")
        groups = {_HEADS[name]: shown}
        if name == "findings" and len(frame):
            parts.append(_HEADS[name])
            groups = {f"{verdict}: {len(group)}": group for verdict, group in shown.groupby("x_verdict", sort=False)}
        for head, group in groups.items():
            cut = group.head(top) if name in ("costs", "findings", "coverage") else group
            more = f" ({len(group) - len(cut)} more: --table {name})" if len(group) > len(cut) else ""
            if len(group):
                parts.append(
                    drawn(
                        cut.drop(columns="x_verdict", errors="ignore"), f"{head}{more}", to_file=output.path is not None
                    )
                )
    output.text("\n\n".join(parts))


def _shown(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A table as people read it: what may go first, names in words, and no column that says nothing to them."""
    from ..accounts.findings import VERDICTS

    if name == "findings":
        frame = frame.sort_values("x_verdict", key=lambda names: names.map(VERDICTS.index), kind="stable")
    lists = {column: frame[column].str.replace(",", ", ") for column in ("region_id", "x_resources") if column in frame}
    kinds = {"x_kind": frame["x_kind"].str.replace("_", " ")} if "x_kind" in frame else {}
    shown = frame.assign(**lists, **kinds).drop(columns=_NOT_FOR_PEOPLE.get(name, []))
    return shown.rename(columns={"list_cost": "x_allocated_cost"}) if name in ("costs", "findings") else shown


def _document(tables: dict[str, pd.DataFrame], title: str) -> str:
    """One file of HTML without anything from elsewhere; wide tables scroll by themselves, so it is read on a phone."""
    sections = [
        f"<section>{html_table(_shown(name, frame), _HEADS[name])}</section>"
        for name, frame in tables.items()
        if len(frame)
    ]
    safe: Any = markup.escape(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{safe}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{safe}</h1>{''.join(sections)}</body></html>\n"
    )
