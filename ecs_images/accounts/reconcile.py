"""A real bill beside a model of the same time: what differs, and every cause of it that can be proved.

The difference of a day is taken apart into exact pieces. With p the price on the line, P that of the book, Q the use
as the line has it before a plan took its part, q the use that is modelled:

    to pay = list cost - discount - coupon (and tax, cut decimals, or what nobody can explain)
    list cost = p × (Q - deducted), rounded to the decimals of the bill
    to pay - P × q = - discount - coupon - p × deducted + (p - P) × Q + P × (Q - q) + roundings

Each piece has a name. Use that differs is named only where counting it in another way gives the bill's figure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd

from ..cards import card
from ..cards import line as line_of
from ..catalog.limits import constant
from ..catalog.meters import INSTANCE, METERS, OS_LICENCE, STORAGE
from ..catalog.prices import Prices
from ..catalog.schemas import TABLES
from ..catalog.sites import sites
from ..errors import InputError, look_up
from ..units import parse_time
from .bill_arithmetic import FINEST, NOT_MODELLED, NOTHING, Line, is_rounded, last_decimal, lines_of, unit_price
from .bill_files import RealBill, read_bill
from .bill_forms import text_of
from .inventory import Inventory
from .modelled import Cell, Model, modelled, rows_of
from .named_use import add_named_use

_CUT = 24 * Decimal(1).scaleb(-int(constant("bill_size_decimals")))
"""What a day of use may lack [GiB-hour], because real bills cut decimals of sizes every hour anew."""
_NOISE = Decimal("1e-9")
"""What the model's own arithmetic may be off, as a part of an amount."""
_LOWEST_TAX, _HIGHEST_TAX, _SAME_RATE = Decimal("1.01"), Decimal("1.3"), Decimal("0.001")
"""What tax on top multiplies amounts by at least and at most, and how far lines with the same rate are apart."""
CAUSES = {
    "discount": "discounts on the lines",
    "coupon": "coupons on the lines",
    "plan deduction": "use that a storage plan, SCU or free quota took, at the price of the line",
    "price": "a unit price that is not the book's",
    "rounding": "of amounts to the bill's decimals, of sizes to six, of a printed price",
    "round-down": "decimals of what is to be paid that are cut off (抹零)",
    "refund": "refunds and adjustments, and what is less than nothing where the bill has no kinds of fees",
    "tax": "tax on top",
    "late line": "lines of a day whose month this bill is not of",
    "provisional month": "days at the end of a month that the bill does not have yet",
    "clock hours": "use counted by the time that passed, not by clock hours (BILL-2)",
    "UTC days": "use counted by days of UTC, not of the billing clock",
    "outside the model": "use that the model does not have, such as snapshots deleted since",
    "not modelled": "lines whose code no source gives a meaning: archive, traffic, prefetch and other products",
}
"""What a difference may come from, each with what it means."""

RECONCILIATION = TABLES["reconciliation"]
CAUSES_TABLE = TABLES["causes of differences"]
_AMOUNTS = ["billed", "modelled", "difference", "unexplained"]


@dataclass(frozen=True, repr=False)
class Reconciliation:
    """A bill beside a model.

    table: a `RECONCILIATION` table
    causes: the causes of its differences, a `CAUSES_TABLE` table; with `unexplained` they add up to `difference`
    remarks: what was not compared, and what the files of the bill lack; a sentence each
    """

    table: pd.DataFrame
    causes: pd.DataFrame
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        lines = [
            f"billed {row.billed} {row.currency}, modelled {row.modelled or 'not known'}, unexplained {row.unexplained}"
            for row in rows_of(self.by("currency"))
        ]
        return line_of("Reconciliation", "; ".join(lines) or "nothing to compare")

    def _repr_html_(self) -> str:
        """In a notebook: by region, month and meter, and what was not compared."""
        table = self.by("region_id", "month", "meter")
        return card(self, {"remarks": "; ".join(self.remarks)}, map(str, table), rows_of(table))

    def by(self, *columns: str) -> pd.DataFrame:
        """Sums, exact to the digit.

        columns: any of account_id, region_id, month, day, meter and currency; currencies stay apart in any case

        Returns a table with those columns, `billed`, `modelled`, `difference`, a column for each cause that
        occurs, `unexplained`, and `not_compared`: what is billed of the rows about which the model knows nothing.
        Raises UnknownName for any other column.
        """
        names = ["account_id", "region_id", "month", "day", "meter", "currency"]
        for name in columns:
            look_up("column", name, dict.fromkeys(names))
        keys = list(dict.fromkeys([*columns, "currency"]))
        table, causes = (frame.assign(month=frame["day"].str[:7]) for frame in (self.table, self.causes))
        sums: dict[tuple[str, ...], dict[str, Decimal]] = {}
        found = [name for name in CAUSES if (causes["cause"] == name).any()]
        for row in table.to_dict("records"):
            cell = sums.setdefault(tuple(row[key] for key in keys), defaultdict(Decimal))
            for name in (name for name in _AMOUNTS if row[name]):
                cell[name] += Decimal(row[name])
            cell["not_compared"] += Decimal(0 if row["modelled"] else row["billed"])
        for row in causes.to_dict("records"):
            sums[tuple(row[key] for key in keys)][row["cause"]] += Decimal(row["amount"])
        amounts = ["billed", "modelled", "difference", *found, "unexplained", "not_compared"]
        may_lack = {"modelled", "difference", "unexplained"}  # of cells of which nothing is known
        rows = [
            (*key, *("" if name in may_lack - cell.keys() else text_of(cell[name]) for name in amounts))
            for key, cell in sorted(sums.items())
        ]
        return pd.DataFrame(rows, columns=[*keys, *amounts], dtype="str")


def reconcile(source: object, bill: RealBill | str | Path, *, prices: Prices | None = None) -> Reconciliation:
    """Compare a real bill with what a model says, day by day, and name the causes of every difference.

    source: an inventory, a run of a story, a cloud, or a bill of one
    bill: the real bill: what `read_bill` returned, or its file or folder
    prices: the price books; None: the story's, or the published ones

    Storage is compared by region, since bills name no snapshot. Of an inventory, machines, disks, licences and products
    are compared where a line names the instance, disk or product: the hours are the line's, the price is the book's.
    Compared are the days from the first that the bill has in a month to the month's end, as far as the model goes.
    Raises InputError for a source or a bill that cannot be used.
    """
    if isinstance(bill, str | Path):
        bill = read_bill(bill)
    if not isinstance(bill, RealBill) or bill.lines.empty:
        raise InputError("the bill has no lines; give a file of it, or what read_bill returned")
    lines = lines_of(bill.lines)
    remarks = list(bill.remarks)
    if len(modes := sorted(set(bill.lines["tax_mode"]))) > 1:
        words = {"": "not told", "included": "with tax", "excluded": "without tax"}
        remarks.append(f"lines differ in whether tax is in them: {', '.join(words[mode] for mode in modes)}")
    counts = Counter(account for account, _ in sorted({(line.account, line.currency) for line in lines}))
    mixed = [account or "without a number" for account, count in counts.items() if count > 1]
    remarks += [f"lines of account {account} are in several currencies" for account in mixed]
    months = sorted({line.month for line in lines if line.month})
    if not months:
        raise InputError("no line of the bill names a month or a day; nothing can be compared")
    start = parse_time(f"{months[0]}-01")
    end = parse_time(f"{_month_after(months[-1])}-01")
    model = modelled(source, start, end, {line.account: line.currency for line in lines}, prices)
    lines = _of_accounts(lines, model, remarks)
    if isinstance(source, Inventory):
        lines = add_named_use(model, source, lines, prices or Prices.published())
    found = _Comparison(lines, model, [*remarks, *model.remarks]).result()
    if (found.table["modelled"] == "").all():
        of = " to ".join(sorted({months[0], months[-1]}))
        whose = ", ".join(sorted(model.accounts)[:3]) or "no account"
        told = f"the bill is of {of}; the model is of {whose} and ends before {model.until}"
        return replace(found, remarks=(*found.remarks, f"nothing could be compared: {told}"))
    return found


def _of_accounts(lines: list[Line], model: Model, remarks: list[str]) -> list[Line]:
    """Lines with their accounts as the model has them: by number, else by name, else the only one of a model.

    A real inventory knows numbers; there another number is another account.
    """
    known: dict[tuple[str, str], str] = {}
    billed = {(line.account, line.account_name) for line in lines}
    for number, name in sorted(billed):
        found = number if number in model.accounts or name not in model.accounts else name
        if len(billed) == len(model.accounts) == 1 and (not number or not model.of_cells):
            (found,) = model.accounts
        known[number, name] = found
        if found not in (number, name):
            whose = f"is of account {number}" if number else "names no account"
            remarks.append(f"the bill {whose}; it is compared with {found}, the only one of the model")
    return [line._replace(account=known[line.account, line.account_name]) for line in lines]


def _month_after(month: str) -> str:
    return f"{parse_time(f'{month}-01') + timedelta(days=31):%Y-%m}"


class _Comparison:
    """Lines of a bill and a model, cell by cell."""

    def __init__(self, lines: list[Line], model: Model, remarks: list[str]) -> None:
        self.model, self.remarks, self.taxed = model, remarks, _taxed(lines)
        self.months: dict[str, set[str]] = defaultdict(set)
        self.days: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.cells: dict[Cell, list[Line]] = defaultdict(list)
        for line in lines:
            self.months[line.account].add(line.month)
            if line.day[:7] == line.month:
                self.days[line.account, line.month].add(line.day)
            self.cells[Cell(line.account, line.currency, line.region, line.meter, line.day or line.month)].append(line)
        self.meters = {line.meter for line in lines}
        self._join_licences()
        self._add_what_only_the_model_has()

    def _join_licences(self) -> None:
        """Bills without lines of licences have them in the price of the machine (a formula of the provider)."""
        if INSTANCE in self.meters and OS_LICENCE not in self.meters:
            for cell in [cell for cell in self.model.cost if cell.meter == OS_LICENCE]:
                self.model.cost[cell._replace(meter=INSTANCE)] += self.model.cost.pop(cell)

    def _add_what_only_the_model_has(self) -> None:
        """Cells in which the bill should have lines and has none, and sums of months where lines name no day."""
        monthly = {
            cell
            for cell, lines in self.cells.items()
            if len(cell.day) == 7 and any(self._is_use(line) for line in lines)
        }
        unbilled: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        early: set[str] = set()
        for cell, cost in list(self.model.cost.items()):
            month = cell.day[:7]
            if cell in self.cells and cell.day == month:
                continue  # a line without a day, whose cost is that of its month already
            if cell.account not in self.months:
                unbilled[f"account {cell.account}", cell.currency] += cost
            elif cell.meter not in self.meters:
                # Machines and disks are no cost of images: they are compared where the bill has them.
                unbilled[cell.meter, cell.currency] += 0 if METERS[cell.meter].on_request else cost
            elif cell._replace(day=month) in monthly and cell not in self.cells:
                whole = cell._replace(day=month)
                self.model.cost[whole] += cost
                self.model.quantity[whole] += self.model.quantity[cell]
                self.model.basis[whole] = self.model.basis.get(cell, "")
            elif month in self.months[cell.account] and cost:
                if cell.day < min(self.days[cell.account, month], default=""):
                    early.add(month)
                elif cell.day < self.model.whole_until:
                    self.cells.setdefault(cell, [])
        self.remarks += [
            f"{what} of the model ({text_of(round(cost, 2))} {currency}) is not compared: "
            "no line of the bill is known to be of it"
            for (what, currency), cost in sorted(unbilled.items())
            if cost
        ]
        self.remarks += [f"days of {month} before the bill's first are not compared" for month in sorted(early)]

    def result(self) -> Reconciliation:
        rows: list[tuple[object, ...]] = []
        causes: list[tuple[object, ...]] = []
        for cell in sorted(
            self.cells, key=lambda cell: (cell.account, cell.region, cell.day, cell.meter, cell.currency)
        ):
            lines = self.cells[cell]
            billed = sum((line.payable for line in lines), NOTHING)
            where = cell.account, cell.region, cell.day, cell.meter, cell.currency
            if why := self._not_known(cell, lines):
                rows.append((*where, len(lines), text_of(billed), "", "", "", why))
                continue
            cost = self.model.cost.get(cell, NOTHING).quantize(FINEST, ROUND_HALF_UP)
            basis = self.model.basis.get(cell, "")
            if cell.meter == NOT_MODELLED:
                found, basis = {NOT_MODELLED: billed}, ", ".join(sorted({line.label for line in lines}))
            else:
                found = self._causes(cell, lines, billed - cost)
            found = {cause: amount.quantize(FINEST, ROUND_HALF_UP) for cause, amount in found.items()}
            left = billed - cost - sum(found.values(), NOTHING)
            if abs(left) <= (len(lines) + 1) * FINEST + abs(cost) * _NOISE:
                found["rounding"] = found.get("rounding", NOTHING) + left
                left = NOTHING
            rows.append((*where, len(lines), *map(text_of, (billed, cost, billed - cost, left)), basis))
            causes += [(*where, cause, text_of(found[cause])) for cause in CAUSES if found.get(cause)]
        return Reconciliation(RECONCILIATION.frame(rows), CAUSES_TABLE.frame(causes), tuple(self.remarks))

    def _late(self, line: Line) -> bool:
        """Whether a line is of a day whose month the bill is not of."""
        return bool(line.day) and line.day[:7] not in self.months[line.account]

    def _is_use(self, line: Line) -> bool:
        """Whether a line bills use that the model should have."""
        return line.kind in ("usage", "purchase") and not self._late(line)

    def _not_known(self, cell: Cell, lines: list[Line]) -> str:
        """Why the model says nothing about a cell; empty where it does."""
        model = self.model
        if cell.meter == NOT_MODELLED or (lines and not any(self._is_use(line) for line in lines)):
            return ""
        if cell.account not in model.accounts:
            return f"the model does not have the account {cell.account or 'that the lines do not name'}"
        if not cell.currency:
            return "the bill does not say its currency"
        if model.of_cells and cell.currency not in {site.currency for site in sites().values()}:
            return f"no price list is in {cell.currency}"
        if cell[:4] in model.unknown:
            return model.unknown[cell[:4]]
        if cell.day >= model.until:
            return f"the model ends before {model.until}"
        if cell in model.why:
            return model.why[cell]
        if model.of_cells and cell not in model.basis:
            sizes = "the inventory has no sizes of this region up to that day"
            return sizes if cell.meter == STORAGE else "an inventory does not say what of this was used"
        currencies = {known.currency for known in model.cost if known.account == cell.account}
        if currencies and cell.currency not in currencies:
            return f"the model has this account in {', '.join(sorted(currencies))}"
        return ""

    def _causes(self, cell: Cell, lines: list[Line], difference: Decimal) -> dict[str, Decimal]:
        """The causes of the difference of a cell that the lines, or another way to count, prove."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        cost = self.model.cost.get(cell, NOTHING)
        used = [line for line in lines if self._is_use(line)]
        others = [line for line in lines if not self._is_use(line)]
        own = [line for line in lines if self._is_use(line) or line.kind == "refund"]
        if (
            len(own) > len(used)
            and abs(sum((line.net for line in own), NOTHING) - cost) <= FINEST * len(own) + abs(cost) * _NOISE
        ):
            # What is given back, such as the rest of a term, is in the model too.
            used, others = own, [line for line in others if line.kind != "refund"]
        for line in others:
            kind = "late line" if self._late(line) else line.kind.replace("_", "-")
            if kind in CAUSES:
                found[kind] += line.payable
        for line in used:
            found["discount"] -= line.discount
            found["coupon"] -= line.coupon
            rest = line.payable - line.net
            if line.currency in self.taxed:
                found["tax"] += rest
            elif rest and line.payable == line.net.quantize(last_decimal(line.currency, paid=True), ROUND_DOWN):
                found["round-down"] += rest
        days = self.days[cell.account, cell.day[:7]]
        if not lines and cell.day > max(days, default=""):
            found["provisional month"] = difference
        elif used:
            self._causes_of_use(cell, used, found)
        return found

    def _causes_of_use(self, cell: Cell, lines: list[Line], found: dict[str, Decimal]) -> None:
        """Take the list cost of lines apart: plans, prices, roundings, and use that differs from the model's."""
        cost, quantity = self.model.cost.get(cell, NOTHING), self.model.quantity.get(cell, NOTHING)
        book = cost / quantity if quantity else None
        used = sum((line.before for line in lines if line.before is not None), NOTHING)
        same = abs(used - quantity) <= _CUT * len(lines) + quantity * _NOISE
        if any(line.before is None or line.quantity is None for line in lines) or not (cell.meter == STORAGE or same):
            gross = sum((line.gross for line in lines), NOTHING)
            if all(is_rounded(line.gross, line.gross, line.currency) for line in lines):
                bound = len(lines) * last_decimal(cell.currency) / 2
                found["rounding"] += gross - cost if abs(gross - cost) <= bound else 0
            return
        own = NOTHING
        for line in lines:
            price = unit_price(line, book)
            exact, before = price * (line.quantity or 0), line.before or NOTHING
            found["rounding"] += line.gross - exact if is_rounded(line.gross, exact, line.currency) else 0
            found["plan deduction"] -= price * line.deducted
            own += price * before
            if book is not None and abs(price - book) > book * _NOISE:
                found["price"] += (price - book) * before
        more = used - quantity
        worth = more * book if book is not None else own
        if same:
            found["rounding"] += worth
            return
        for name, counted_so in self.model.others.items():
            if abs(used - counted_so().get(cell, 0)) <= _CUT * len(lines) + quantity * _NOISE:
                found[name] += worth
                return
        if more > 0:
            found["outside the model"] += worth


def _taxed(lines: Iterable[Line]) -> set[str]:
    """The currencies in which tax comes on top: every line is above its own figures by one and the same rate."""
    by_currency: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.kind == "usage" and line.net > 0:
            by_currency[line.currency].append(line)
    found = set()
    for currency, group in by_currency.items():
        rate = sum((line.payable for line in group), NOTHING) / sum((line.net for line in group), NOTHING)
        if len(group) > 1 and _LOWEST_TAX < rate < _HIGHEST_TAX:
            found |= {currency} if all(abs(line.payable / line.net - rate) < _SAME_RATE for line in group) else set()
    return found
