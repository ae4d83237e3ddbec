"""The inventory explorer: what the images of a real account cost, what may go, and a plan of what is ticked.

Nothing is deleted: the plan is lines for a person to read, to copy, and to run or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import ipywidgets as ipw

from ..accounts.bounds import NOTHING, Freed
from ..accounts.cleaning import Cleaning, clean_chosen
from ..accounts.findings import IN_USE, KINDS, UNKNOWN, UNUSED, Uses
from ..accounts.inventory import Inventory
from ..cards import escaped
from ..catalog.prices import Prices
from ..charts.account import saving_picture
from ..errors import InputError
from . import pages
from .panel import Panel, dropdown, tick_boxes

PARTS = ("summary", "picture", "steps", "commands", "findings")
EVERYTHING = "everything"
"""The choice of all findings; others are a verdict or a kind of findings."""
_MOST = 300
"""How many things have a tick box."""
_SHOWN = ["x_step", "x_operation", "x_resource_id", "x_freed_low_cost", "x_freed_high_cost", "x_takes_away"]
_SHORT = {UNUSED: "proved unused", IN_USE: "in use", UNKNOWN: "use not known"}


class Thing(NamedTuple):
    """Images or snapshots that findings are of: one to tick.

    resources: their ids
    called: its name with its id, and its region
    kinds: the kinds of its findings
    verdict: what is known about their use
    saves: what deleting them alone saves in 30 days, at least and at most [currency]
    """

    resources: tuple[str, ...]
    called: str
    kinds: tuple[str, ...]
    verdict: str
    saves: Freed


class InventoryPlan:
    """An account with its findings, and the plan of deletions that follows from what is chosen of them.

    inventory: the account
    prices: the price lists; the published ones unless given
    site: the site of the account, china or international
    """

    def __init__(self, inventory: Inventory, prices: Prices | None = None, site: str = "china") -> None:
        self.inventory = inventory
        self.bill = inventory.bill(prices=prices, site=site)
        self.findings = inventory.findings(bill=self.bill)
        self._uses = Uses(self.bill)
        self._seen = lru_cache(self._findings_page)

    @cached_property
    def things(self) -> dict[str, Thing]:
        """What can be ticked, by the ids that its findings name; the dearest first."""
        found: dict[str, Thing] = {}
        keys = self.findings["x_resources"].drop_duplicates().head(_MOST)
        for key, rows in self.findings[self.findings["x_resources"].isin(keys)].groupby("x_resources", sort=False):
            first, ids = rows.iloc[0], tuple(str(key).split(","))
            saves = Freed(first["x_freed_low_cost"], first["x_freed_high_cost"])
            place = f"{self._called(ids)} · {first['region_id']}"
            found[str(key)] = Thing(ids, place, tuple(rows["x_kind"]), str(first["x_verdict"]), saves)
        return found

    def _called(self, ids: Sequence[str]) -> str:
        """One image or snapshot by its name and id, several by their ids."""
        if len(ids) > 1:
            return pages.listed(ids, 2)
        row = self._uses.images.get(ids[0]) or self._uses.snapshots[ids[0]]
        return pages.called(row.name, ids[0])

    def labels(self) -> dict[str, str]:
        """For each thing its name, id and region, its verdict, and what deleting it alone saves."""
        return {
            key: f"{thing.called} · {_SHORT[thing.verdict]} · saves {self.money(thing.saves)}"
            for key, thing in self.things.items()
        }

    def choices(self) -> list[tuple[str, str]]:
        """What of the findings may be listed, with how many things that is, each with its name in `shown`."""
        counts = {choice: len(self.shown(choice)) for choice in (EVERYTHING, UNUSED, UNKNOWN, IN_USE, *KINDS)}
        return [(f"{KINDS.get(choice, choice)} ({count})", choice) for choice, count in counts.items() if count]

    def shown(self, choice: str) -> list[str]:
        """The things with this verdict, or with a finding of this kind."""
        return [key for key, thing in self.things.items() if choice in (EVERYTHING, thing.verdict, *thing.kinds)]

    def plan(self, ticked: Sequence[str]) -> Cleaning:
        """The steps that delete all that is ticked."""
        return clean_chosen(self._uses, {name for key in ticked for name in self.things[key].resources})

    def saved(self, plan: Cleaning) -> Freed:
        """What a plan saves in 30 days, at least and at most [currency]."""
        steps = plan.steps[["x_freed_low_cost", "x_freed_high_cost"]]
        return Freed(*steps.iloc[-1]) if len(steps) else NOTHING

    def money(self, saves: Freed) -> str:
        """An amount where it is known, else a range, with its currency."""
        return _range(saves, f" {self.bill.currency}")

    def summary(self, ticked: Sequence[str], plan: Cleaning) -> list[str]:
        """What the images cost and what may go, or what the plan saves, and what is in doubt; as sentences."""
        cost = pages.amount(self.bill.total(priced_only=True), self.bill.currency)
        if ticked:
            steps = pages.counted(len(plan.steps), "step")
            lines = [f"Deleting the {len(ticked)} ticked saves {self.money(self.saved(plan))} of {cost}: {steps}."]
            aside = plan.decisions[plan.decisions["x_decision"] == "held back"]
            lines += [f"Held back: {row.x_image_id}, {row.x_why}." for row in aside.head(3).itertuples()]
            lines += [f"{len(aside) - 3} more are held back."] if len(aside) > 3 else []
        else:
            least = "at least " if self._aside else ""
            lines = [f"The images of this account cost {least}{cost} in 30 days at list price. {self._may_go}"]
            lines.append("Tick what may go: the steps, what each takes away, and the lines to copy follow.")
        return [*lines, *self._doubts]

    @cached_property
    def _aside(self) -> int:
        """How many uses are in no amount."""
        return len(self.bill.unpriced) + len(self.bill.not_billed)

    @cached_property
    def _may_go(self) -> str:
        proved = self.saved(self.plan(self.shown(UNUSED)))
        rest = self.saved(self.plan([*self.shown(UNUSED), *self.shown(UNKNOWN)]))
        return (
            f"Deleting what is proved unused saves {self.money(proved)}; with all whose use cannot be known from here, "
            f"if nobody needs it, {self.money(rest)}."
        )

    @cached_property
    def _doubts(self) -> list[str]:
        """What is in no amount, and which lists are missing."""
        lines = []
        if self._aside:
            lines.append(
                f"{pages.counted(self._aside, 'use')} in no amount; bill.unpriced and bill.not_billed say why."
            )
        lacking = self.inventory.coverage[self.inventory.coverage["state"] != "complete"]
        if len(lacking):
            fetch = next((f"; the first is fetched by: {line}" for line in lacking["fetch"] if line), "")
            lines.append(f"{pages.counted(len(lacking), 'list')} of this account missing or in doubt{fetch}.")
        if (more := self.findings["x_resources"].nunique() - len(self.things)) > 0:
            lines.append(
                f"Only the {_MOST} dearest are listed and counted here; {more} more are in inventory.findings()."
            )
        return lines

    def render(self, ticked: Sequence[str], choice: str) -> dict[str, str]:
        """Everything that is shown, as HTML by part."""
        plan = self.plan(ticked)
        return {
            "summary": pages.sentences(self.summary(ticked, plan)),
            "picture": self._picture(plan),
            "steps": self._steps_page(plan),
            "commands": _script(plan) if len(plan.steps) else "",
            "findings": self._seen(choice),
        }

    def _picture(self, plan: Cleaning) -> str:
        if not len(plan.steps):
            return pages.bars(f"List cost in 30 days [{self.bill.currency}]", self._regions)
        steps, saves = pages.counted(len(plan.steps), "step"), self.money(self.saved(plan))
        text = f"What is saved after each of {steps}: in the end {saves}."
        return saving_picture(plan.steps, text)

    @cached_property
    def _regions(self) -> list[tuple[str, str, float]]:
        """What each region costs, and how that compares with the dearest."""
        costs = self.bill.by("region")
        most = max(costs["list_cost"], default=0.0) or 1.0  # where nothing costs anything, bars have no length
        return [
            (region, pages.number(cost), cost / most)
            for region, cost in costs[["region_id", "list_cost"]].itertuples(index=False)
        ]

    def _steps_page(self, plan: Cleaning) -> str:
        heads = ["step", "operation", "of", f"saved so far [{self.bill.currency}]", "takes away for ever"]
        rows = [
            [str(step), operation, self._called([name]), _range(Freed(low, high)), lost]
            for step, operation, name, low, high, lost in plan.steps[_SHOWN].itertuples(index=False)
        ]
        return pages.table("The steps in order; nothing is run here", heads, rows)

    def _findings_page(self, choice: str) -> str:
        """What was seen of the things in the list, and what would settle it."""
        rows = self.findings[self.findings["x_resources"].isin(self.shown(choice))]
        if choice in KINDS:
            rows = rows[rows["x_kind"] == choice]
        heads = ["finding", "of", "region", "verdict", "seen", "what would settle it"]
        names = ["x_kind", "x_resources", "region_id", "x_verdict", "x_evidence", "x_settle"]
        cells = [[KINDS[kind], *others] for kind, *others in rows[names].itertuples(index=False)]
        caption = "What was seen"
        return pages.folded("What was seen, and what would settle it", pages.table(caption, heads, cells))


def _range(saves: Freed, currency: str = "") -> str:
    low, high = pages.number(saves.low), pages.number(saves.high)
    if saves.high != saves.high:
        return f"{low}{currency} or more"
    return f"{low if low == high else f'{low} to {high}'}{currency}"


def _script(plan: Cleaning) -> str:
    lines = "\n".join(escaped(line) for line in plan.script().splitlines())
    return f'{pages.sentence("The lines to copy:")}<pre tabindex="0">{lines}</pre>'


class InventoryExplorer(Panel):
    """An explorer of an account: tick findings to see the steps that delete them, and what each saves.

    The controls are `show`, which findings are listed, and a tick box for each thing that a finding is of, by its
    ids: an image with its snapshots, or snapshots. What is ticked stays ticked when others are listed.

    inventory: the account
    prices: the price lists; the published ones unless given
    site: the site of the account, china or international, which decides the price list

    Raises InputError where nothing says when the answers were saved.
    """

    def __init__(self, inventory: Inventory, prices: Prices | None = None, *, site: str = "china") -> None:
        self.model = InventoryPlan(inventory, prices, site)
        self._ticks, self._listed = tick_boxes(self.model.labels()), ""
        controls = {"show": dropdown("List", self.model.choices())} if self._ticks else {}
        self._boxes = ipw.VBox(layout={"max_height": "20em", "border": "1px solid #ccc"})
        self._save = ipw.Button(description="save the lines", layout={"width": "auto"})
        super().__init__("inventory explorer", controls | self._ticks, PARTS, self._pages)
        if self._ticks:
            self.controls["show"].style.description_width = "3em"
            self.controls_box.children = (self.controls["show"], self._boxes, self._save)
            self._save.on_click(lambda _: self.save("clean.sh", self.script))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        # What shows no widgets, such as a saved notebook on a web page, shows the answer as it was at first.
        return {**super()._repr_mimebundle_(**options), "text/html": self.parts["summary"].value}

    @property
    def ticked(self) -> list[str]:
        """What is ticked, by its ids."""
        return [key for key, box in self._ticks.items() if box.value]

    def script(self) -> str:
        """The steps as lines of a shell with comments; raises InputError while nothing is ticked."""
        if not self.ticked:
            raise InputError("nothing is ticked, so there are no lines to save")
        return self.model.plan(self.ticked).script()

    def _pages(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        choice = values.get("show", EVERYTHING)
        if choice != self._listed:  # else every tick would lay all boxes out anew
            self._listed, self._boxes.children = choice, [self._ticks[key] for key in self.model.shown(choice)]
        return self.model.render(self.ticked, choice)
