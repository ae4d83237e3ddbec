"""A real account as it was saved: declared tables of what exists, and what of it is missing.

inventory = Inventory.read("saved_answers/")
inventory.snapshots, inventory.coverage
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..cards import counted
from ..catalog.limits import setting
from ..catalog.prices import Prices
from ..catalog.regions import region as region_of
from ..cloud.cloud import Cloud
from ..errors import InputError
from ..units import Time, parse_time
from ..wire.answers import count_of
from ..wording import listed
from .allocation import costs
from .answers import MANIFEST, STATE, Page, fetching, pages_of
from .cleaning import Cleaning, clean
from .costs import AccountBill, bill
from .files import Source, region_named, sources
from .findings import findings
from .held import held
from .reading import Place, Rows, add_page, is_usable, place_of, value_of
from .simulated import simulated
from .tables import BY_NAME, COVERAGE

if TYPE_CHECKING:
    import pandas as pd

_NEEDED = ("DescribeImages", "DescribeSnapshots", "DescribeSnapshotLinks", "DescribeDisks", "DescribeInstances")
"""Without one of these for a region something important about its images is not known."""
_ONE_FETCH = timedelta(days=1)
"""What is fetched at once may lie in folders of two days, where it was midnight in between."""
_KEYS = {
    "images": ["account_id", "region_id", "image_id"],
    "image_disks": ["account_id", "region_id", "image_id", "device"],
    "snapshots": ["snapshot_id"],
    "chains": ["region_id", "chain_id", "taken_at"],
    "disks": ["disk_id"],
    "instances": ["instance_id"],
    "shares": ["image_id", "with_account_id"],
    "policies": ["policy_id"],
    "usage_hours": ["account_id", "region_id", "chain_id", "hour_start", "source"],
    "links": ["parent", "child", "kind"],
}
"""What makes two rows the same; of two the one taken last is kept."""


@dataclass(frozen=True, repr=False)
class Inventory:
    """What an account has, as saved answers of the service say it.

    tables: a DataFrame for each of `accounts.tables.BY_NAME`
    coverage: what was read, and what is missing or doubtful: an `accounts.tables.COVERAGE` table
    """

    tables: Mapping[str, pd.DataFrame]
    coverage: pd.DataFrame

    def __repr__(self) -> str:
        of = {noun: len(self.tables[f"{noun}s"]) for noun in ("image", "snapshot", "chain", "instance")}
        counts = ", ".join(counted(number, noun) for noun, number in of.items())
        taken = f", taken {self.now:%Y-%m-%d %H:%M}" if self.now else ", without a date"
        return f"<Inventory: {counts}{taken}>"

    def __getattr__(self, name: str) -> pd.DataFrame:
        """A table by its name; it is the caller's, and changing it changes nothing here."""
        if name.startswith("_") or name not in BY_NAME:
            raise AttributeError(name)
        return self.tables[name].copy(deep=False)

    @property
    def now(self) -> datetime | None:
        """The newest moment at which an answer was saved; None where no answer says so. Never today's clock."""
        taken = [table["taken_at"].max() for table in self.tables.values() if table["taken_at"].notna().any()]
        return max(taken).to_pydatetime() if taken else None

    def bill(
        self,
        *,
        site: str = "china",
        prices: Prices | None = None,
        meters: str | Iterable[str] | None = None,
        at: Time | None = None,
    ) -> AccountBill:
        """What it costs in the 30 days from now; see `accounts.costs.bill`."""
        return bill(self, site=site, prices=prices, meters=meters, at=at)

    def costs(self, by: str = "image", *, bill: AccountBill | None = None) -> pd.DataFrame:
        """What its images, or other parts, cost: allocated, and freed as a range; see `accounts.allocation.costs`."""
        return costs(bill or self.bill(), by)

    def held(self) -> pd.DataFrame:
        """What each of its images held alone over time, at least and at most; see `accounts.held.held`."""
        return held(self)

    def findings(self, *, bill: AccountBill | None = None) -> pd.DataFrame:
        """What in it may be superfluous; see `accounts.findings.findings`."""
        return findings(bill or self.bill())

    def clean(self, keep: str, *, bill: AccountBill | None = None) -> Cleaning:
        """A plan that keeps what a policy says and deletes other images; see `accounts.cleaning.clean`."""
        return clean(bill or self.bill(), keep)

    def cloud(self, *, site: str = "china") -> Cloud:
        """What it has as a simulated cloud, with its own ids: snapshots, images, disks, instances, policies, tags.

        site: the site of the accounts, china or international, which decides their price list

        Returns a `Cloud` at the moment of the newest answer, or of what is newer in it. The total of each chain is the
        saved one to the byte; what its snapshots share is supposed (ASSUME-14), and so is what is on disks
        (ASSUME-15). Policies act from now on. What was deleted before is not there, so a bill of earlier time is no
        bill of the account. `left_out` says what is not in it.

        Raises InputError where nothing says when the answers were saved.
        """
        return simulated(self, site).cloud

    def left_out(self) -> list[str]:
        """What is not in `cloud()`: a sentence for each image, chain or kind of thing, with the reason."""
        return simulated(self, "china").left_out

    @classmethod
    def read(
        cls,
        places: str | Path | Iterable[str | Path],
        *,
        region: str | None = None,
        account_id: str | None = None,
        taken: Time | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Inventory:
        """Read saved answers of the service, recognised by their content.

        places: a folder, an archive, a file, or several of them
        region: the region of answers that neither say one nor lie in a file or folder named so
        account_id: the number of the account, likewise
        taken: when they were saved, likewise
        progress: called after each file with the number of files read

        Raises InputError where no file at all can be used; a file that cannot be used is a row of `coverage`.
        """
        if region is not None:
            region_of(region)
        given = Place(account_id or "", region or "", parse_time(taken, "taken") if taken is not None else None, "")
        reading = _Reading(given)
        for number, source in enumerate(sources(places), 1):
            reading.add(source)
            if progress is not None:
                progress(number)
        return reading.inventory()


@dataclass
class _Seen:
    """What was seen of one operation in one region of one account."""

    files: set[str] = field(default_factory=set)
    rows: int = 0
    expected: float = float("nan")
    round_page: int = 0
    tokens: bool = False
    open_ends: set[datetime | None] = field(default_factory=set)
    last_pages: set[datetime | None] = field(default_factory=set)
    lacking: set[str] = field(default_factory=set)
    left_out: int = 0
    taken: datetime | None = None


class _Reading:
    """Adds up files, page by page."""

    def __init__(self, given: Place) -> None:
        self.given = given
        self.rows = Rows()
        self.seen: dict[tuple[str, str, str], _Seen] = defaultdict(_Seen)
        self.aside: list[tuple[str, str]] = []

    def add(self, source: Source) -> None:
        try:
            for page in pages_of(source):
                self._add_page(page, source)
        except RecursionError:
            self.aside.append((source.name, "it is nested too deeply"))
        except InputError as error:
            self.aside.append((source.name, str(error).removeprefix(f"{source.name}: ")))

    def _add_page(self, page: Page, source: Source) -> None:
        around, account = page.around.get("RegionId"), page.around.get("AccountId")
        region = (around if isinstance(around, str) else "") or source.region or self.given.region
        day = source.day
        taken = parse_time(day, "day") if day and _is_day(day) else self.given.taken
        account = (account if isinstance(account, str) else "") or source.account or self.given.account
        place = Place(account, region_named(region), taken, source.name)
        shares_of = source.image
        if page.what == "DescribeImageSharePermission" and not (page.around.get("ImageId") or shares_of):
            raise InputError("a list of shares that does not say of which image; name the file after it")
        usable = replace(page, records=[record for record in page.records if is_usable(record, page)])
        left_out = len(page.records) - len(usable.records)
        self._count(usable, place, add_page(self.rows, usable, place, shares_of), left_out)

    def _count(self, page: Page, place: Place, count: int, left_out: int) -> None:
        """Note how much of a list is here, region by region where its records say their own."""
        told = Counter(place_of(record, place) for record in page.records if not isinstance(record, tuple))
        listing = page.listing
        lacking = [name for name in listing.needed if all(name not in row for row in page.records)] if listing else []
        if page.what == "DescribeSnapshotLinks" and any(map(_is_unsized, page.records)):
            lacking = ["TotalSize"]
        for (account, region), rows in (told or {(place.account, place.region): 0}).items():
            seen = self.seen[account, region if page.what not in (STATE, MANIFEST) else "", page.what]
            seen.files.add(place.file)
            seen.rows += rows if told else count
            seen.left_out += left_out
            seen.lacking |= set(lacking) if page.records else set()
            seen.taken = max(filter(None, (seen.taken, place.taken)), default=None)
            total, token = page.around.get("TotalCount"), page.around.get("NextToken")
            seen.tokens |= bool(token)
            (seen.open_ends if token else seen.last_pages).add(place.taken)
            if page.alone:
                seen.round_page = 1
            elif len(told) < 2 and (expected := count_of(total)) is not None:
                seen.expected = max(expected, 0 if seen.expected != seen.expected else seen.expected)
            elif not page.around.get("RequestId") and str(count + left_out) in setting("page_sizes").split():
                seen.round_page = count + left_out

    def inventory(self) -> Inventory:
        import pandas as pd

        tables: dict[str, pd.DataFrame] = {}
        for name, table in BY_NAME.items():
            rows = self.rows.tables.get(name) or self.rows.told.get(name, [])
            if name in ("snapshots", "images", "disks", "instances"):
                for row in rows:
                    self._tag(name, row)
            frame = table.frame(pd.DataFrame(rows, columns=table.names)) if rows else table.frame()
            frame = frame.sort_values("taken_at", kind="stable", na_position="first")
            tables[name] = frame.drop_duplicates(_KEYS[name], keep="last").sort_index().reset_index(drop=True)
        if not self.seen:
            why = "; ".join(f"{name}: {reason}" for name, reason in self.aside[:3])
            raise InputError(f"no file holds a saved answer of the service ({why})")
        return Inventory(MappingProxyType(tables), COVERAGE.frame(self._coverage()))

    def _tag(self, table: str, row: dict[str, Any]) -> None:
        more = self.rows.tags.get(str(row[f"{table.removesuffix('s')}_id"]))
        if more:
            row["tags"] = json.dumps({**json.loads(row["tags"] or "{}"), **more}, ensure_ascii=False, sort_keys=True)

    def _owners(self, account: str) -> set[str]:
        """The accounts that own images which an account lists as its own, itself too where it is a number."""
        rows = (row for row in self.rows.tables.get("images", []) if row["account_id"] == account)
        owners = {str(row["owner_id"]) for row in rows if row["owner_alias"] == "self" and row["owner_id"]}
        told = owners and account.isdecimal() and "owner_id" not in self.rows.rounded
        return owners | {account} if told else owners

    def _coverage(self) -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = []
        regions = {(account, region) for account, region, what in self.seen if region and what in _NEEDED}
        newest: dict[str, datetime] = {}
        for (account, _, what), seen in self.seen.items():
            if what in _NEEDED and seen.taken:
                newest[account] = max(seen.taken, newest.get(account, seen.taken))
        for (account, region, what), seen in sorted(self.seen.items()):
            state, why = _state(seen, region, what)
            last = newest.get(account)
            if state == "complete" and what in _NEEDED and seen.taken and last and last - seen.taken > _ONE_FETCH:
                state = "doubtful"
                why = f"the newest is of {seen.taken:%Y-%m-%d}, and other answers are of {last:%Y-%m-%d}"
            if what == "DescribeImages" and len(owners := self._owners(account)) > 1 and state == "complete":
                state = "doubtful"
                why = (
                    f"own images of several accounts ({listed(sorted(owners))}) stand in one; "
                    "keep the answers of each in a folder named after its number"
                )
            if what == "DescribeImages" and "owner_id" in self.rows.rounded:
                why = "; ".join(
                    filter(None, (why, "account numbers came as rounded numbers; save raw pages for exact ones"))
                )
            fetch = fetching(what, region) if state in ("cut off", "doubtful") else ""
            found.append(
                (account, region, what, len(seen.files), seen.rows, seen.expected, state, why, fetch, seen.taken)
            )
        for account, region in sorted(regions):
            for what in _NEEDED:
                if (account, region, what) not in self.seen:
                    why = "no such answer was found for this region"
                    found.append(
                        (account, region, what, 0, 0, float("nan"), "missing", why, fetching(what, region), None)
                    )
        found += [("", "", name, 1, 0, float("nan"), "kept aside", why, "", None) for name, why in self.aside]
        return found


def _state(seen: _Seen, region: str, what: str) -> tuple[str, str]:
    """How complete a list is, and why that is said."""
    if not region and what not in (STATE, MANIFEST):
        return "unplaced", "nothing says its region; name a folder after it, or give --region, in Python region="
    if seen.open_ends - seen.last_pages:
        return "cut off", "the last answer has a NextToken: more was to come"
    # Where pages were fetched by a token the service says that its total count is not valid.
    if seen.expected == seen.expected and not seen.tokens and seen.rows < seen.expected:
        return "cut off", f"the answers say {seen.expected:g} and {seen.rows} are here"
    if seen.round_page == 1:
        return "doubtful", "one record without the list that it is of: there may be more"
    if seen.round_page:
        return "doubtful", f"exactly {seen.round_page} records, which is a page's size: there may be more"
    if seen.left_out:
        return "doubtful", f"{seen.left_out} records do not say what they are of, or how much, and were left out"
    if seen.lacking:
        return "doubtful", f"the records lack {', '.join(sorted(seen.lacking))}"
    return "complete", ""


def _is_unsized(chain: dict[str, Any]) -> bool:
    return bool(math.isnan(value_of(chain.get("TotalSize"), "size")))


def _is_day(text: str) -> bool:
    try:
        parse_time(text, "day")
    except InputError:
        return False
    return True
